"""Every kind keeps the same promises; each has its own rules besides."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.errors import LabelError
from prelabel.kinds import Kind, known
from prelabel.kinds.boolean import Boolean
from prelabel.kinds.boxes import Boxes
from prelabel.kinds.choice import Choice
from prelabel.kinds.choices import Choices
from prelabel.kinds.number import Number
from prelabel.kinds.preference import Preference
from prelabel.kinds.rating import Rating
from prelabel.kinds.relations import Relations
from prelabel.kinds.spans import Spans
from prelabel.kinds.text import Text
from prelabel.operations.removal import Words

LETTERS = ["a", "b", "c", "d e", "ü;|"]
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
    lambda text: text.strip()
)
TREE = {"animal": ["dog", "cat"], "plant": {"options": {"tree": ["oak", "elm"]}}}
PATHS = ["animal", "animal/dog", "animal/cat", "plant", "plant/tree", "plant/tree/oak", "plant/tree/elm"]
PLACES = st.tuples(st.integers(0, 9), st.integers(1, 9)).map(lambda at: {"start": at[0], "end": sum(at)})
SPANS = st.builds(lambda place, label: place | {"label": label}, PLACES, st.sampled_from(LETTERS))
RELATIONS = st.builds(
    lambda ends, label: {"head": ends[0], "tail": ends[1], "label": label},
    st.lists(PLACES, min_size=2, max_size=2, unique_by=lambda place: (place["start"], place["end"])),
    st.sampled_from(LETTERS),
)


@st.composite
def some_boxes(draw: st.DrawFn, labels: list[str] | None = None) -> list[dict[str, Any]]:
    """Boxes of any size within the image; some overlap, some repeat."""

    def side(start: float) -> st.SearchStrategy[float]:
        return st.floats(1e-6, max(1e-6, 1 - start))

    boxes = []
    for _ in range(draw(st.integers(0, 5))):
        x, y = draw(st.floats(0, 0.999999)), draw(st.floats(0, 0.999999))
        box = {"x": x, "y": y, "width": draw(side(x)), "height": draw(side(y))}
        boxes += [box | {"label": draw(st.sampled_from(labels or ["cell", "dot"]))}] * draw(st.integers(1, 2))
    return boxes


FIELDS: dict[str, tuple[Kind, st.SearchStrategy[Any]]] = {
    "choice": (Choice.model_validate({"options": LETTERS}), st.sampled_from(LETTERS)),
    "choices": (Choices.model_validate({"options": LETTERS}), st.lists(st.sampled_from(LETTERS), max_size=5)),
    "rating": (Rating(min=-2, max=7), st.integers(-2, 7)),
    "number": (Number(min=-1e6, max=1e6), st.floats(-1e6, 1e6) | st.integers(-(10**6), 10**6)),
    "boolean": (Boolean(), st.booleans()),
    "text": (Text(), TEXTS),
    "spans": (Spans.model_validate({"options": LETTERS, "overlapping": True}), st.lists(SPANS, max_size=4)),
    "relations": (Relations.model_validate({"options": LETTERS}), st.lists(RELATIONS, max_size=4)),
    "preference": (Preference(), st.sampled_from(["A", "B", "tie"])),
    "boxes": (Boxes.model_validate({"options": ["cell", "dot"]}), some_boxes()),
}
TREES: dict[str, tuple[Kind, st.SearchStrategy[Any]]] = {
    "choice in a tree": (
        Choice.model_validate({"options": TREE, "inner": True}),
        st.sampled_from(PATHS),
    ),
    "choices in a tree": (
        Choices.model_validate({"options": TREE, "inner": True}),
        st.lists(st.sampled_from(PATHS), max_size=5),
    ),
}
CASES = FIELDS | TREES


@st.composite
def field_and_values(draw: st.DrawFn, count: int = 1) -> tuple[Kind, list[Any]]:
    kind, values = CASES[draw(st.sampled_from(sorted(CASES)))]
    return kind, [draw(values) for _ in range(count)]


def test_every_kind_that_there_is_is_tested_here() -> None:
    assert set(FIELDS) == set(known())


@given(field_and_values())
def test_a_valid_value_survives_the_way_through_a_csv_cell(case: tuple[Kind, list[Any]]) -> None:
    kind, [value] = case
    kind.validate_value(value, "field")
    assert kind.parse(kind.write(kind.normalize(value))) == kind.normalize(value)


@given(field_and_values())
def test_normalizing_twice_is_normalizing_once(case: tuple[Kind, list[Any]]) -> None:
    kind, [value] = case
    assert kind.normalize(kind.normalize(value)) == kind.normalize(value)


@given(field_and_values(2))
def test_distance_is_symmetric_within_bounds_and_zero_of_the_same(case: tuple[Kind, list[Any]]) -> None:
    kind, [a, b] = case
    assert 0 <= kind.distance(a, b) <= 1
    assert kind.distance(a, b) == kind.distance(b, a)
    assert (kind.distance(a, b) == 0) == is_same(kind, a, b)


@given(field_and_values(2))
def test_values_without_words_are_as_far_apart_as_they_were(case: tuple[Kind, list[Any]]) -> None:
    kind, [a, b] = case
    numbered = Words().numbered
    without = [kind.without_words(value, numbered) for value in (a, b)]
    assert kind.distance(*without) == kind.distance(a, b)
    assert isinstance(kind, Text) or without == [kind.normalize(a), kind.normalize(b)]


def test_of_a_text_only_numbers_lines_and_roles_are_left() -> None:
    numbered = Words().numbered
    talk = [{"role": "user", "content": "Ada?\nAda Lovelace?"}, {"role": "assistant", "content": "Ada? No."}]
    assert Text().without_words("Ada  met\nAda", numbered) == "1  2\n1"
    assert Text(turns=True).without_words(talk, numbered) == [
        {"role": "user", "content": "3\n1 4"},
        {"role": "assistant", "content": "3 5"},
    ]


def is_same(kind: Kind, a: Any, b: Any) -> bool:
    """Equal in normal form; boxes are the same as well where each has one that it matches."""
    if isinstance(kind, Boxes):
        return len(kind.matches(a, b)) == len(kind.parts(a)) == len(kind.parts(b))
    return bool(kind.normalize(a) == kind.normalize(b))


@given(field_and_values(), st.integers(1, 5))
@example((Number(), [0.95]), 3)
@example((Number(), [1.7e308]), 2)
@example((Boxes.model_validate({"options": ["dot"]}), [[]]), 2)
def test_reviewers_who_all_say_the_same_agree_on_it(case: tuple[Kind, list[Any]], reviewers: int) -> None:
    kind, [value] = case
    combined = kind.combine([value] * reviewers)
    assert combined is not None
    assert kind.distance(combined, value) == 0


@given(field_and_values())
def test_the_class_of_a_value_is_one_of_the_classes_and_parses_back(case: tuple[Kind, list[Any]]) -> None:
    kind, [value] = case
    name = kind.class_of(value)
    if name is not None:
        assert name in (kind.classes() or [])
        assert kind.parse(name) == kind.normalize(value)


MORE: Callable[[st.SearchStrategy[Any]], st.SearchStrategy[Any]] = lambda inner: (
    st.lists(inner) | st.dictionaries(st.sampled_from(["start", "end", "label", "head", "tail"]), inner)
)


@given(
    st.sampled_from(sorted(CASES)),
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), MORE, max_leaves=5),
)
def test_any_other_json_is_refused_with_its_path_and_nothing_else_is_raised(name: str, value: Any) -> None:
    kind, _ = CASES[name]
    try:
        kind.validate_value(value, "field")
    except LabelError as error:
        assert error.path.startswith("field")  # noqa: PT017 # only some values are refused
    else:
        kind.normalize(value)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (Choice.model_validate({"options": ["billing", "returns"]}), "biling", "did you mean 'billing'?"),
        (Choices.model_validate({"options": LETTERS, "max": 1}), ["a", "b"], "from 0 to 1 options"),
        (Rating(), 6, "whole number from 1 to 5"),
        (Rating(), True, "whole number from 1 to 5"),
        (Rating(), 2.5, "whole number from 1 to 5"),
        (Number(max=10), 11, "at most 10"),
        (Number(), float("nan"), "must be a number"),
        (Number(), 10**400, "must be a number"),
        (Boolean(), 1, "true or false"),
        (Text(max_length=3), "four", "at most 3 characters"),
        (Text(multiline=False), "two\nlines", "on one line"),
        (Text(), " \n", "blank"),
        (Text(), "a\0b", "NUL"),
        (Text(), "\ud800", "surrogate"),
    ],
)
def test_a_refusal_says_what_would_be_right(kind: Kind, value: Any, reason: str) -> None:
    with pytest.raises(LabelError, match=reason.replace("?", r"\?")):
        kind.validate_value(value, "field")


@pytest.mark.parametrize(
    ("kind", "votes", "settled"),
    [
        (Choice.model_validate({"options": LETTERS}), ["a", "a", "b"], "a"),
        (Choice.model_validate({"options": LETTERS}), ["a", "b"], None),
        (Choices.model_validate({"options": LETTERS}), [["a", "b"], ["b"], ["b", "c"]], ["b"]),
        (Choices.model_validate({"options": LETTERS}), [["a"], []], None),
        (Rating(), [3, 4, 4], 4),
        (Rating(), [2, 4, 4], None),
        (Number(tolerance=0.5), [1, 1.2, 1.4], 1.2),
        (Number(), [1, 2], None),
        (Boolean(), [True, True, False], True),
        (Text(), ["yes ", "yes", "no"], "yes"),
        (Choice.model_validate({"options": LETTERS}), ["a", "a", None], "a"),
        (Choice.model_validate({"options": LETTERS}), ["a", "a", "b", None], None),
        (Choices.model_validate({"options": LETTERS}), [["a"], ["a", "b"], None], None),
        (Rating(), [4, 4, None], 4),
        (Rating(), [4, None], None),
    ],
)
def test_votes_settle_a_value_or_call_for_the_senior(kind: Kind, votes: list[Any], settled: Any) -> None:
    combined = kind.combine(votes)
    assert combined == (pytest.approx(settled) if isinstance(settled, float) else settled)


def test_what_providers_are_sent_uses_no_keyword_that_strict_output_refuses() -> None:
    allowed = {"type", "enum", "items", "properties", "required", "additionalProperties", "description"}
    for kind, _ in FIELDS.values():
        schema = kind.json_schema()
        items = schema.get("items", {})
        assert {
            *schema,
            *items,
            *(key for part in items.get("properties", {}).values() for key in part),
        } <= allowed
        json.dumps(schema)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_none_is_a_value_of_every_kind_where_it_is_optional(name: str) -> None:
    kind = FIELDS[name][0].model_copy(update={"optional": True})
    kind.validate_value(None, "field")
    kind.check(None, {}, "field")
    assert kind.read_answer(None, {}, "field") is None
    assert kind.as_answer(None, {}) is None
    assert kind.normalize(None) is None
    assert kind.class_of(None) is None
    assert kind.parts(None) is None
    assert kind.parse(kind.write(None)) is None
    assert kind.distance(None, None) == 0
    assert kind.combine([None, None, None]) is None


@given(field_and_values())
def test_a_value_and_none_are_as_different_as_can_be(case: tuple[Kind, list[Any]]) -> None:
    kind, [value] = case
    assert kind.distance(value, None) == kind.distance(None, value) == 1


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_none_is_refused_where_a_value_has_to_be(name: str) -> None:
    with pytest.raises(LabelError, match="null"):
        FIELDS[name][0].validate_value(None, "field")
