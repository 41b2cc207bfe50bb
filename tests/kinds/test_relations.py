"""Relations join two places of a text; a model quotes both, and they are found."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prelabel.errors import LabelError, SchemaError
from prelabel.kinds.relations import Relations
from prelabel.schema import LabelSchema
from tests.kinds.test_spans import text_and_spans

TEXT = "Bob met Ann in Paris. Ann saw Bob."
CONTENT = {"text": TEXT}
SCHEMA = LabelSchema.load("""
fields:
  who: {kind: spans, options: [person, place]}
  acts: {kind: relations, options: [met, saw], between: who}
""")
BOTH = LabelSchema.load("""
fields:
  who: {kind: spans, options: [person, place], overlapping: true}
  joined: {kind: relations, options: [met, saw], between: who}
  free: {kind: relations, options: [met, saw]}
""")
PEOPLE = [{"start": at, "end": at + 3, "label": "person"} for at in (0, 8, 22, 30)]


def free(**settings: Any) -> Relations:
    return Relations.model_validate({"options": ["met", "saw"]} | settings)


def relation(head: int, tail: int, label: str = "met") -> dict[str, Any]:
    """Between two of the names, by where they begin."""
    ends = {"head": {"start": head, "end": head + 3}, "tail": {"start": tail, "end": tail + 3}}
    return {"label": label} | ends


def quoted(head: str, tail: str, label: str = "met") -> dict[str, str]:
    return {"head": head, "tail": tail, "label": label}


@settings(max_examples=50)
@given(text_and_spans(), st.data())
def test_what_a_model_would_answer_is_read_as_the_same_relations(
    case: tuple[str, list[Any]], data: st.DataObject
) -> None:
    text, [spans] = case
    ends = [{"start": span["start"], "end": span["end"]} for span in spans]
    pairs = [(one, other) for one in ends for other in ends if one != other]
    build = st.builds(
        lambda pair, label: {"head": pair[0], "tail": pair[1], "label": label},
        st.sampled_from(pairs or [({}, {})]),
        st.sampled_from(["met", "saw"]),
    )
    relations = data.draw(st.lists(build, max_size=3 if pairs else 0))
    label = {"who": spans, "joined": relations, "free": relations}
    BOTH.validate_label(label, {"text": text})
    answer = BOTH.as_answer(label, {"text": text})
    assert BOTH.read_answer(answer, {"text": text}) == BOTH.normalize(label)


def test_of_several_places_the_nearest_two_are_joined() -> None:
    assert free().read_answer([quoted("Ann", "Bob", "saw")], CONTENT, "x") == [relation(8, 0, "saw")]
    assert free().read_answer([quoted("Paris", "Ann")], CONTENT, "x")[0]["tail"] == {"start": 8, "end": 11}
    assert free().read_answer([quoted("Paris. ⟦Ann⟧", "Bob")], CONTENT, "x") == [relation(22, 30)]


def test_a_repeat_joins_the_next_two() -> None:
    assert free().read_answer([quoted("Ann", "Bob")] * 2, CONTENT, "x") == [relation(8, 0), relation(22, 30)]


def test_ends_are_taken_from_the_spans_that_are_joined() -> None:
    answer = {"who": [{"text": "bob", "label": "person"}, {"text": "⟦Ann⟧ saw", "label": "person"}]}
    label = SCHEMA.read_answer(answer | {"acts": [quoted("Ann", "bob", "saw")]}, CONTENT)
    assert label["who"] == [PEOPLE[0], PEOPLE[2]]
    assert label["acts"] == [relation(22, 0, "saw")]


@pytest.mark.parametrize(
    ("acts", "path", "reason"),
    [
        ([quoted("Ann", "Paris")], "acts.0.tail", "\"Paris\" is no span of 'who'"),
        ([quoted("Ann", "Ann")], "acts.0", "to itself"),
        ([quoted("Ann", "Bob", "hit")], "acts.0.label", "not one of the 2"),
        ([{"head": "Ann", "label": "met"}], "acts.0.tail", "is missing"),
        (None, "acts", "must be a list"),
    ],
)
def test_an_answer_that_joins_nothing_is_refused(acts: Any, path: str, reason: str) -> None:
    who = [{"text": "Bob", "label": "person"}, {"text": "Ann", "label": "person"}]
    with pytest.raises(LabelError, match=reason) as refused:
        SCHEMA.read_answer({"who": who, "acts": acts}, CONTENT)
    assert refused.value.path == path


def test_a_persons_relation_must_join_spans_of_the_same_label() -> None:
    SCHEMA.validate_label({"who": PEOPLE[:2], "acts": [relation(0, 8)]}, CONTENT)
    with pytest.raises(LabelError, match=r"acts\.0\.tail: from 22 to 25 there is no span of 'who'"):
        SCHEMA.validate_label({"who": PEOPLE[:2], "acts": [relation(0, 22)]}, CONTENT)


def test_free_ends_must_lie_within_the_text() -> None:
    with pytest.raises(LabelError, match=r"tail\.end: is 103"):
        free().check([relation(0, 100)], CONTENT, "acts")


def test_relations_are_kept_in_order_and_each_once() -> None:
    given_twice = [relation(8, 0), relation(0, 8, "saw"), relation(8, 0)]
    assert free().normalize(given_twice) == [relation(0, 8, "saw"), relation(8, 0)]


def test_people_who_agree_on_a_relation_but_not_on_its_spans_leave_it_to_the_senior() -> None:
    first = {"who": PEOPLE[:2], "acts": [relation(0, 8)]}
    assert SCHEMA.combine([first, first, {"who": [], "acts": []}]) == first
    second = {"who": [PEOPLE[0], PEOPLE[1]], "acts": [relation(0, 8)]}
    third = {"who": PEOPLE[2:], "acts": [relation(22, 30)]}
    assert SCHEMA.combine([first, second, third]) == first
    moved = {"who": [PEOPLE[0], PEOPLE[2]], "acts": [relation(0, 22)]}
    assert SCHEMA.combine([first, moved]) is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("a: {kind: relations, options: [x], between: b}", "line 2, fields.a.between: 'b' is not an earlier"),
        (
            "a: {kind: spans, options: [x], of: title}\n  b: {kind: relations, options: [x], between: a}",
            "line 3, fields.b.between: 'a' marks 'title', but this field marks 'text'",
        ),
        (
            "a: [x, y]\n  b: {kind: spans, options: [x]}\n  c: {kind: relations, options: [x], between: a}",
            "there are b",
        ),
    ],
)
def test_what_a_relation_is_between_is_checked_when_the_schema_is_loaded(fields: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        LabelSchema.load(f"fields:\n  {fields}")
