"""Wrong values that are shown to people in place of a draft: they fit, and they are wrong."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kinds import Kind
from prelabel.schema import LabelSchema
from tests.kinds.test_kinds import CASES, FIELDS, field_and_values

CONTENT = {"text": "Ada Lovelace met Babbage.", "response_a": "yes", "response_b": "no", "image": {}}
PLAIN: dict[str, Any] = {
    "choice": "a",
    "choices": ["a", "b"],
    "rating": 3,
    "number": 12.5,
    "boolean": True,
    "text": "It is so. It is not.",
    "spans": [{"start": 0, "end": 12, "label": "a"}],
    "relations": [{"label": "a", "head": {"start": 0, "end": 3}, "tail": {"start": 17, "end": 24}}],
    "preference": "A",
    "boxes": [{"x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2, "label": "dot"}],
}


def mistaken(kind: Kind, value: Any, seed: int, rivals: list[str] | None = None) -> Any:
    schema = LabelSchema(fields={"field": kind})
    wrong = schema.mistaken({"field": value}, CONTENT, Random(seed), {"field": rivals or []})
    return None if wrong is None else wrong["field"]


@given(field_and_values(), st.integers(0, 1000))
def test_a_mistake_is_valid_and_not_the_same(case: tuple[Kind, list[Any]], seed: int) -> None:
    kind, [value] = case
    value = kind.normalize(value)
    schema = LabelSchema(fields={"field": kind})
    if schema.fitting({"field": value}, CONTENT) is None:
        return
    wrong = schema.mistaken({"field": value}, CONTENT, Random(seed))
    if wrong is not None:
        schema.validate_label(wrong, CONTENT)
        assert wrong == schema.normalize(wrong)
        assert schema.distance(wrong, {"field": value}) > 0


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_kind_has_a_mistake_for_an_ordinary_value_whatever_is_drawn(name: str) -> None:
    found = [mistaken(FIELDS[name][0], PLAIN[name], seed) for seed in range(20)]
    assert None not in found


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("rating", 3, {2, 4}),
        ("boolean", True, {False}),
        ("preference", "A", {"B"}),
        ("preference", "tie", {"A", "B"}),
        ("choice in a tree", "animal/dog", {"animal"}),
        ("text", "It is so. It is not.", {"It is so.", "It is not."}),
        ("number", 100, {80, 90, 110, 120}),
    ],
)
def test_a_mistake_is_near_to_what_is_right(name: str, value: Any, wrong: set[Any]) -> None:
    assert {mistaken(CASES[name][0], value, seed) for seed in range(40)} <= wrong


def test_what_the_drafter_thought_of_as_well_is_the_mistake_where_it_is_known() -> None:
    kind = FIELDS["choice"][0]
    assert {mistaken(kind, "a", seed, ["a", "d e", "b"]) for seed in range(10)} == {"d e"}


def test_a_text_of_one_word_has_no_mistake() -> None:
    assert mistaken(FIELDS["text"][0], "yes", 1) is None


def test_what_no_longer_applies_beside_the_mistake_is_dropped() -> None:
    schema = LabelSchema.load(
        "fields:\n  spam: {kind: boolean}\n  why: {kind: text, when: {spam: true}, optional: true}"
    )
    found = [schema.mistaken({"spam": True, "why": "ad"}, {}, Random(seed)) for seed in range(5)]
    assert found == [{"spam": False, "why": None}] * 5
