"""Spans point at code points; a model quotes them, and they are found."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import LabelError
from prelabel.kinds.spans import Spans
from prelabel.schema import LabelSchema

TEXT = "Bob met Ann in Paris. Paris is large."
CONTENT = {"text": TEXT}
LETTERS = st.text(st.sampled_from("ab A.ßİıe\u0301👩\u200d　ｂ한\n"), min_size=1, max_size=14)


def spans(**settings: Any) -> Spans:
    return Spans.model_validate({"options": ["person", "place"]} | settings)


def span(start: int, end: int, label: str = "person", **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label} | more


def quote(text: str, label: str = "place") -> dict[str, str]:
    return {"text": text, "label": label}


@st.composite
def text_and_spans(draw: st.DrawFn, count: int = 1) -> tuple[str, list[list[dict[str, Any]]]]:
    """A text, and values of a field that allows everything."""
    text = draw(LETTERS)
    filled = [
        (start, end)
        for start in range(len(text))
        for end in range(start + 1, len(text) + 1)
        if text[start:end].strip()
    ]
    label = st.sampled_from(["person", "place"])
    one = st.builds(lambda at, of: span(at[0], at[1], of), st.sampled_from(filled or [(0, 1)]), label)
    return text, [draw(st.lists(one, max_size=4 if filled else 0)) for _ in range(count)]


@given(text_and_spans())
def test_what_a_model_would_answer_is_read_as_the_same_spans(case: tuple[str, list[Any]]) -> None:
    text, [value] = case
    kind = spans(overlapping=True)
    kind.check(value, {"text": text}, "x")
    answer = kind.as_answer(value, {"text": text})
    assert kind.read_answer(answer, {"text": text}, "x") == kind.normalize(value)


@given(text_and_spans(2))
def test_the_distance_is_what_the_share_of_the_same_spans_is_not(case: tuple[str, list[Any]]) -> None:
    _, [a, b] = case
    kind = spans(overlapping=True)
    first, second = ({tuple(sorted(one.items())) for one in value} for value in (a, b))
    precision = len(first & second) / len(second) if second else 0
    recall = len(first & second) / len(first) if first else 0
    f1 = (
        2 * precision * recall / (precision + recall)
        if precision + recall
        else float(not first and not second)
    )
    assert kind.distance(a, b) == pytest.approx(1 - f1)


def test_quotes_in_order_of_appearance_become_spans() -> None:
    answer = [quote("Bob", "person"), quote("ann", "person"), quote("Paris"), quote("Paris")]
    assert spans().read_answer(answer, CONTENT, "who") == [
        span(0, 3),
        span(8, 11),
        span(15, 20, "place"),
        span(22, 27, "place"),
    ]


def test_a_quote_names_the_words_around_it_only_where_it_would_be_found_elsewhere() -> None:
    kind = spans()
    assert kind.as_answer([span(15, 20, "place")], CONTENT) == [quote("Paris")]
    assert kind.as_answer([span(22, 27, "place")], CONTENT) == [quote("Paris. ⟦Paris⟧ is")]
    assert kind.as_answer([span(0, 3), span(22, 27, "place")], CONTENT)[1] == quote("Paris. ⟦Paris⟧ is")


@pytest.mark.parametrize(
    ("answer", "path", "reason"),
    [
        ("Bob", "who", "must be a list"),
        ([quote("Bob"), quote("Eve")], "who.1.text", '"Eve" does not stand in the text'),
        ([quote(" ")], "who.0.text", "does not stand"),
        ([quote("Bob", "dog")], "who.0.label", "not one of the 2 options"),
        ([{"text": "Bob"}], "who.0.label", "is missing"),
        ([quote("Bob") | {"start": 0}], "who.0.start", "is not known here"),
        ([quote("Bob met"), quote("met Ann")], "who", "crosses"),
        ([quote("Bob"), quote("Bob", "person")], "who", "lies within"),
        ([{"text": 1, "label": "place"}], "who.0.text", "must be text"),
    ],
)
def test_an_answer_that_cannot_be_placed_is_refused_with_path_and_reason(
    answer: Any, path: str, reason: str
) -> None:
    with pytest.raises(LabelError, match=reason) as refused:
        spans().read_answer(answer, CONTENT, "who")
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        ([span(30, 38)], "who.0.end", "the text has 37 characters"),
        ([span(3, 4)], "who.0", "blank"),
        ([span(0, 3, text="Rob")], "who.0.text", "code points"),
        ([span(3, 3)], "who.0.end", "after start"),
        ([span(-1, 3)], "who.0.start", "from 0 on"),
        ([span(0, 3), {"start": 0, "end": True, "label": "place"}], "who.1.end", "whole number"),
        ([span(0, 3) | {"id": 7}], "who.0.id", "not known here"),
    ],
)
def test_spans_that_do_not_fit_the_text_are_refused(value: Any, path: str, reason: str) -> None:
    schema = LabelSchema(fields={"who": spans()})
    with pytest.raises(LabelError, match=reason) as refused:
        schema.validate_label({"who": value}, CONTENT)
    assert refused.value.path == path


def test_a_span_may_come_with_its_text_which_is_not_kept() -> None:
    value = [span(8, 11, text="Ann"), span(0, 3, text="Bob"), span(0, 3)]
    spans().validate_value(value, "who")
    spans().check(value, CONTENT, "who")
    assert spans().normalize(value) == [span(0, 3), span(8, 11)]


INSIDE, SAME, CROSSING = (
    [span(0, 11), span(8, 11)],
    [span(0, 3), span(0, 3, "place")],
    [span(0, 7), span(4, 11)],
)


@pytest.mark.parametrize(
    ("settings", "allowed", "refused"),
    [
        ({}, [[span(0, 3), span(3, 7)]], [INSIDE, SAME, CROSSING]),
        ({"nested": True}, [INSIDE, SAME], [CROSSING]),
        ({"overlapping": True}, [INSIDE, SAME, CROSSING], []),
    ],
)
def test_spans_share_characters_only_where_that_is_allowed(
    settings: dict[str, bool], allowed: list[Any], refused: list[Any]
) -> None:
    for value in allowed:
        spans(**settings).validate_value(value, "who")
    for value in refused:
        with pytest.raises(LabelError, match="does not allow"):
            spans(**settings).validate_value(value, "who")


def test_another_content_field_can_be_marked() -> None:
    kind = spans(of="body")
    assert kind.read_answer([quote("Ann")], {"title": "Bob", "body": "Ann"}, "who") == [span(0, 3, "place")]
    with pytest.raises(LabelError, match="no text in its field 'body'"):
        kind.read_answer([quote("Ann")], CONTENT, "who")
    assert kind.read_answer([], CONTENT, "who") == []


def test_one_label_is_enough() -> None:
    assert spans(options=["name"]).values == ["name"]


@pytest.mark.parametrize(
    ("votes", "settled"),
    [
        ([[span(0, 3), span(8, 11)], [span(0, 3)], [span(0, 3, "place")]], [span(0, 3)]),
        ([[span(0, 3)], [span(8, 11)], []], []),
        ([[span(0, 3)], []], None),
        ([[], []], []),
        ([], None),
    ],
)
def test_people_settle_each_span_by_itself(votes: list[Any], settled: Any) -> None:
    assert spans().combine(votes) == settled


def test_spans_that_overlap_without_leave_are_left_to_the_senior() -> None:
    votes = [[span(0, 3), span(2, 5)], [span(0, 3), span(2, 5)], []]
    assert spans(overlapping=True).combine(votes) == [span(0, 3), span(2, 5)]
    assert spans().combine(votes) is None
