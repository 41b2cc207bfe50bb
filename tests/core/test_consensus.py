"""Several answers become one label by the kind's own measure, or go to the senior; never by accident of order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.consensus import Disagreement, Redundancy, Settled, Unlabelable, Vote, conclude
from prelabel.errors import InputError
from prelabel.routing.policy import Policy
from prelabel.schema import LabelSchema

SCHEMA = LabelSchema.load("fields: {topic: [a, b, c], stars: {kind: rating, min: 1, max: 5}}")
FLAG = None


def votes(*labels: tuple[str, int] | None) -> list[Vote]:
    return [
        Vote(None if label is None else {"topic": label[0], "stars": label[1]}, user)
        for user, label in enumerate(labels, 1)
    ]


def found(*labels: tuple[str, int] | None, **policy: Any) -> Settled | Unlabelable | Disagreement:
    return conclude(SCHEMA, Redundancy.model_validate(policy), votes(*labels))


def settled(topic: str, stars: int) -> Settled:
    return Settled({"topic": topic, "stars": stars})


def test_more_than_half_settle_each_field_for_itself() -> None:
    assert found(("a", 3), ("a", 3), ("b", 3)) == settled("a", 3)
    assert found(("a", 3), ("b", 4), ("a", 4)) == settled("a", 4)


def test_a_field_without_a_majority_goes_to_the_senior_with_how_far_it_is_apart() -> None:
    assert found(("a", 3), ("b", 3)) == Disagreement({"topic": 1.0})
    assert found(("a", 1), ("a", 5)) == Disagreement({"stars": 1.0})
    assert found(("a", 1), ("b", 3)) == Disagreement({"topic": 1.0, "stars": 0.5})


def test_answers_within_the_tolerance_of_their_field_count_as_the_same() -> None:
    assert found(("a", 2), ("a", 4), tolerance={"stars": 0.5}) == settled("a", 2)
    assert found(("a", 1), ("a", 4), tolerance={"stars": 0.5}) == Disagreement({"stars": 0.75})
    assert found(("a", 2), ("b", 4), tolerance={"stars": 0.5}) == Disagreement({"topic": 1.0})


def test_within_the_tolerance_the_answer_nearest_to_all_is_taken() -> None:
    assert found(("a", 1), ("a", 3), ("a", 5), ("a", 3), tolerance=1) == settled("a", 3)


def test_a_majority_does_not_settle_where_all_must_agree() -> None:
    three = (("a", 3), ("a", 3), ("b", 3))
    assert found(*three, consensus="unanimous") == Disagreement({"topic": 1.0})
    assert found(("a", 3), ("a", 3), consensus="unanimous") == settled("a", 3)


def test_most_saying_it_cannot_be_labeled_sets_it_aside_and_some_saying_so_is_a_disagreement() -> None:
    assert found(FLAG, FLAG, ("a", 1)) == Unlabelable()
    assert found(FLAG, ("a", 1)) == Disagreement({"topic": 1.0, "stars": 1.0})


def test_the_draft_is_one_more_answer_but_cannot_set_an_example_aside() -> None:
    people = votes(("a", 3), ("b", 3))
    assert conclude(SCHEMA, Redundancy(), [*people, Vote({"topic": "b", "stars": 3})]) == settled("b", 3)
    assert isinstance(
        conclude(SCHEMA, Redundancy(), [Vote(None, 1), Vote({"topic": "b", "stars": 3})]), Unlabelable
    )


def test_a_field_left_empty_is_a_value_like_any_other() -> None:
    schema = LabelSchema.load(
        "fields: {topic: {kind: choice, options: [a, b, c], optional: true}, stars: {kind: rating}}"
    )

    def topic(*values: str | None) -> Any:
        said = [Vote({"topic": value, "stars": 1}, user) for user, value in enumerate(values, 1)]
        return conclude(schema, Redundancy(), said)

    assert topic(None, None) == Settled({"topic": None, "stars": 1})
    assert topic(None, None, "a") == Settled({"topic": None, "stars": 1})
    assert topic(None, "a", "a") == Settled({"topic": "a", "stars": 1})
    assert topic(None, "a") == Disagreement({"topic": 1.0})
    assert topic(None, "a", "b") == Disagreement({"topic": 1.0})


LABELS = st.tuples(st.sampled_from("abc"), st.integers(1, 5))


@given(
    st.lists(LABELS | st.none(), min_size=1, max_size=5),
    st.randoms(),
    st.sampled_from(["majority", "unanimous"]),
)
def test_who_answers_first_does_not_decide_what_is_settled(
    labels: list[tuple[str, int] | None], chance: Any, rule: str
) -> None:
    shuffled = chance.sample(labels, len(labels))
    assert found(*labels, consensus=rule) == found(*shuffled, consensus=rule)


@given(LABELS, st.integers(1, 9), st.sampled_from(["majority", "unanimous"]), st.floats(0, 1))
def test_equal_answers_always_settle(
    label: tuple[str, int], people: int, rule: str, tolerance: float
) -> None:
    assert found(*[label] * people, consensus=rule, tolerance=tolerance) == settled(*label)


def test_how_many_are_asked_may_depend_on_the_reason() -> None:
    policy = Policy(reviewers={"audit": 2, "draft_failed": 3})
    asked = [policy.reviewers_for(reason) for reason in ("audit", "draft_failed", "low_confidence")]
    assert (asked, Policy(reviewers=2).reviewers_for("audit")) == ([2, 3, 1], 2)


@pytest.mark.parametrize(
    "wrong", [{"reviewers": 0}, {"reviewers": 51}, {"reviewers": {"adit": 2}}, {"tolerance": 2}]
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"reviewers|tolerance"):
        Policy.model_validate(wrong)


def test_a_tolerance_names_a_field_of_the_schema() -> None:
    Policy(tolerance={"stars": 0.5}).check_fields(SCHEMA)
    with pytest.raises(InputError, match="'tpic' is not a field"):
        Policy(tolerance={"tpic": 0.5}).check_fields(SCHEMA)
