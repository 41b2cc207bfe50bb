"""Expressions weigh and filter; nothing but what is listed can stand in one, and a fault is named with its position."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import InputError
from prelabel.examples.expression import compile_expression, weight_of
from prelabel.schema import LabelSchema

SCHEMA = LabelSchema.load(
    "fields: {topic: [a, b], rating: {kind: rating}, sure: {kind: boolean}, tags: {kind: choices, options: [x, y]}}"
)
RECORD: dict[str, Any] = {
    "id": "e1", "label": {"topic": "a", "rating": 4, "sure": True, "tags": ["x"]}, "confidence": 0.5, "source": "auto",
    "status": "settled", "reason": None, "model": "m", "reviewer": None,
}  # fmt: skip


def value(text: str, **parts: Any) -> float:
    return compile_expression(text, SCHEMA, "weight").value(RECORD | parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5 + 0.5 * confidence * (rating / 5)", 0.7),
        ("1", 1),
        ("-rating + 5", 1),
        ("min(confidence, 0.3) + max(1, 2, 3)", 3.3),
        ("topic == 'a' and rating >= 4", 1),
        ("topic == 'b' or not sure", 0),
        ("0.2 < confidence <= 0.5", 1),
        ("sure * 2", 2),
        ("max(confidence, source == 'review')", 0.5),
        ('topic != "ä"\n and 1', 1),
    ],
)
def test_an_expression_means_what_it_says(text: str, expected: float) -> None:
    assert value(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("confidnce * 2", "character 1: confidnce is not known; did you mean confidence?"),
        ("1 + 'ä' * __import__('os')", "character 5: a number is needed here, not a text"),
        ("1 + __import__('os').system('x')", "character 5: the functions are min"),
        ("confidence.real", "character 1: only names"),
        ("[1][0]", "character 1: only names"),
        ("2 ** 9", "character 1: of arithmetic only"),
        ("1 if sure else 2", "character 1: only names"),
        ("(lambda: 1)()", "character 1: the functions are"),
        ("confidence in ('a', 'b')", "character 15: only names"),
        ("1 + (2", "weight, character 5"),
        ("topic", "a number or a comparison is needed"),
        ("topic < 3", "character 9: a text is compared with a number"),
        ("'é' == tags", "character 8: tags is a field of choices"),
        ("1 + None", "character 5: None is neither"),
        ("min(1)", "needs at least two"),
        ("", "from 1 to 1,000 characters"),
        ("1 + " * 300 + "1", "from 1 to 1,000 characters"),
        ("(" * 400 + "1" + ")" * 400, "weight"),
        ("9" * 400, "too large"),
        ("1 \0", "weight"),
        ("a" * 999, "is not known"),
    ],
)
def test_what_cannot_stand_in_an_expression_is_named_with_its_position(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        compile_expression(text, SCHEMA, "weight")
    assert said in str(caught.value)


@given(
    st.text(st.characters(codec="utf-8"), max_size=40)
    | st.text("confidence+-*/()<>=.'012 minax,", max_size=40)
)
def test_any_text_is_an_expression_or_a_clear_error(text: str) -> None:
    try:
        made = compile_expression(text, SCHEMA, "where")
    except InputError as error:
        said = str(error)
    else:
        weight, why = weight_of(made, RECORD)
        said = "where" if (weight is None) == bool(why) else ""
    assert said.startswith("where")


@pytest.mark.parametrize(
    "text", ["1 / (confidence - 0.5)", "confidence - 1", "1e308 * 10", "1e308 * 10 - 1e308 * 10"]
)
def test_a_weight_is_a_finite_number_from_0_or_there_is_none(text: str) -> None:
    assert weight_of(compile_expression(text, SCHEMA, "weight"), RECORD) == (
        None,
        "no weight: it is not a finite number from 0",
    )


def test_a_value_that_an_example_lacks_leaves_it_without_a_weight() -> None:
    made = compile_expression("confidence", SCHEMA, "weight")
    assert weight_of(made, RECORD | {"confidence": None}) == (None, "no weight: confidence is missing")
    assert not math.isnan(value("rating", confidence=None))
