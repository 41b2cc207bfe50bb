"""Which of two responses is better, with and without strength."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prelabel.errors import LabelError
from prelabel.kinds.preference import Preference
from prelabel.schema import LabelSchema

PLAIN, GRADED, STRICT = Preference(), Preference(strength=3), Preference(tie=False)
CONTENT = {"prompt": "2 + 2?", "response_a": "4", "response_b": "5"}


def leaning(side: str, strength: int) -> dict[str, Any]:
    return {"preferred": side, "strength": strength}


GRADES = st.one_of(st.builds(leaning, st.sampled_from("AB"), st.integers(1, 3)), st.just(leaning("tie", 0)))


@given(GRADES, GRADES, GRADES)
def test_distance_is_a_metric_on_the_signed_scale(a: Any, b: Any, c: Any) -> None:
    assert GRADED.distance(a, b) == GRADED.distance(b, a) <= 1
    assert GRADED.distance(a, c) <= GRADED.distance(a, b) + GRADED.distance(b, c) + 1e-12
    assert (GRADED.distance(a, b) == 0) == (a == b)


@given(GRADES)
def test_an_answer_a_csv_cell_and_a_class_all_mean_the_value(value: Any) -> None:
    GRADED.validate_value(value, "f")
    assert GRADED.read_answer(GRADED.as_answer(value, CONTENT), CONTENT, "f") == value
    assert GRADED.parse(GRADED.write(value)) == value
    assert GRADED.class_of(value) in GRADED.classes()


def test_a_tie_lies_half_way_between_a_and_b() -> None:
    assert PLAIN.distance("A", "B") == 1
    assert PLAIN.distance("A", "tie") == PLAIN.distance("tie", "B") == 0.5
    assert GRADED.distance(leaning("A", 3), leaning("B", 3)) == 1
    assert GRADED.distance(leaning("A", 1), leaning("A", 3)) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("kind", "votes", "settled"),
    [
        (PLAIN, ["A", "A", "B"], "A"),
        (PLAIN, ["A", "B"], None),
        (PLAIN, ["A", "tie", "B"], None),
        (GRADED, [leaning("A", 3), leaning("A", 1), leaning("B", 1)], leaning("A", 1)),
        (GRADED, [leaning("A", 1), leaning("B", 1)], None),
        (GRADED, [leaning("tie", 0)] * 2, leaning("tie", 0)),
        (GRADED, [], None),
    ],
)
def test_what_more_than_half_prefer_is_settled(kind: Preference, votes: list[Any], settled: Any) -> None:
    assert kind.combine(votes) == settled


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (PLAIN, "C", "f: must be one of A, B, tie"),
        (PLAIN, leaning("A", 1), "f: must be one of A, B, tie"),
        (STRICT, "tie", "f: must be one of A, B, not"),
        (GRADED, "A", "f: must be an object with preferred and strength"),
        (GRADED, leaning("A", 4), "f.strength: must be a whole number from 1 to 3"),
        (GRADED, leaning("A", 0), "f.strength: must be a whole number from 1 to 3"),
        (GRADED, leaning("B", True), "f.strength"),
        (GRADED, leaning("tie", 1), "f.strength: must be 0 for a tie"),
        (GRADED, {"preferred": ["A"], "strength": 1}, "f.preferred"),
    ],
)
def test_what_is_no_preference_is_refused_with_its_path(kind: Preference, value: Any, said: str) -> None:
    with pytest.raises(LabelError) as refusal:
        kind.validate_value(value, "f")
    assert said in str(refusal.value)


@pytest.mark.parametrize("content", [{"response_a": "4"}, CONTENT | {"response_b": ""}])
def test_an_example_without_both_responses_cannot_be_compared(content: dict[str, Any]) -> None:
    with pytest.raises(LabelError, match="no 'response_b' to compare"):
        LabelSchema.load("fields: {better: {kind: preference}}").validate_label({"better": "A"}, content)


@pytest.mark.parametrize("answer", ["A 4", "a", "", None, ["A"], {"preferred": "A", "strength": 1}])
def test_an_answer_beside_the_list_is_refused(answer: Any) -> None:
    with pytest.raises(LabelError, match="must be one of A 3, A 2, A 1, tie, B 1, B 2, B 3"):
        GRADED.read_answer(answer, CONTENT, "f")


def test_models_are_told_which_field_is_which() -> None:
    rules = Preference(a="chosen", b="rejected", strength=2, tie=False).rules()
    assert "`chosen`" in rules
    assert "`rejected`" in rules
    assert "no tie" in rules
    with pytest.raises(ValidationError, match="must be another field than a"):
        Preference(a="x", b="x")
