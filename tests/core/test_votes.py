"""Votes become one label, whose confidence is how far they agree."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.drafters.votes import elect, settle
from prelabel.kinds import Kind
from prelabel.kinds.choice import Choice
from prelabel.kinds.number import Number
from prelabel.kinds.rating import Rating
from prelabel.schema import Label, LabelSchema
from tests.kinds.test_kinds import FIELDS


@st.composite
def field_and_votes(draw: st.DrawFn) -> tuple[Kind, list[Any]]:
    kind, values = FIELDS[draw(st.sampled_from(sorted(FIELDS)))]
    return kind, draw(st.lists(values, min_size=1, max_size=6))


def settled(kind: Kind, votes: list[Any], asked: int) -> tuple[Any, float, dict[str, float]]:
    found = settle(LabelSchema(fields={"x": kind}), [{"x": vote} for vote in votes], asked, {})
    return found.label["x"], found.confidences["x"], found.alternatives.get("x", {})


@given(field_and_votes(), st.integers(0, 3))
def test_the_winner_is_one_of_the_answers_with_a_confidence_above_0(
    case: tuple[Kind, list[Any]], silent: int
) -> None:
    kind, votes = case
    winner, confidence, alternatives = settled(kind, votes, len(votes) + silent)
    assert winner in [kind.normalize(vote) for vote in votes]
    assert 1 / (len(votes) + silent) <= confidence <= len(votes) / (len(votes) + silent)
    assert sum(alternatives.values()) <= 1 + 1e-9
    kind.validate_value(winner, "x")


@given(field_and_votes(), st.randoms())
def test_the_order_of_votes_matters_only_at_a_tie(case: tuple[Kind, list[Any]], random: Any) -> None:
    kind, votes = case
    votes = [kind.normalize(vote) for vote in votes]
    shuffled = random.sample(votes, len(votes))
    first, second = elect(kind, votes), elect(kind, shuffled)
    assert farness(kind, first, votes) == pytest.approx(farness(kind, second, votes))
    winners = [vote for vote in votes if farness(kind, vote, votes) <= farness(kind, first, votes) + 1e-9]
    if all(vote == first for vote in winners):
        assert second == first


def farness(kind: Kind, value: Any, votes: list[Any]) -> float:
    return sum(kind.distance(value, vote) for vote in votes)


@given(field_and_votes())
def test_votes_that_are_all_the_same_are_sure(case: tuple[Kind, list[Any]]) -> None:
    kind, votes = case
    assert settled(kind, [votes[0]] * 3, 3)[:2] == (kind.normalize(votes[0]), 1.0)


@given(st.lists(st.sampled_from("abc"), min_size=1))
def test_of_options_the_most_frequent_wins_and_each_class_has_its_share(votes: list[str]) -> None:
    winner, confidence, alternatives = settled(
        Choice.model_validate({"options": ["a", "b", "c"]}), votes, len(votes)
    )
    assert votes.count(winner) == max(votes.count(vote) for vote in votes)
    assert confidence == votes.count(winner) / len(votes)
    assert alternatives == {vote: votes.count(vote) / len(votes) for vote in votes}


@pytest.mark.parametrize(
    ("kind", "votes", "winner", "confidence"),
    [
        (Rating(), [1, 4, 5, 5, 4], 4, 2 / 5),
        (Number(tolerance=1), [10, 10.5, 11, 90], 11, 3 / 4),
        (Choice.model_validate({"options": ["a", "b"]}), ["b", "a", "a", "b"], "b", 1 / 2),
    ],
)
def test_of_numbers_one_from_the_middle_wins_and_at_a_tie_the_first(
    kind: Kind, votes: list[Any], winner: Any, confidence: float
) -> None:
    assert settled(kind, votes, len(votes))[:2] == (winner, confidence)


CONDITIONAL = LabelSchema.load("""
fields:
  toxic: {kind: boolean}
  harm: {kind: choice, options: [hate, threat], when: {toxic: true}}
""")


def test_a_field_that_does_not_apply_has_no_confidence() -> None:
    votes: Sequence[Label] = [{"toxic": False, "harm": None}] * 2 + [{"toxic": True, "harm": "hate"}]
    found = settle(CONDITIONAL, votes, 3, {})
    assert found.label == {"toxic": False, "harm": None}
    assert found.confidences == {"toxic": pytest.approx(2 / 3)}


def test_alternatives_of_a_field_are_of_those_who_gave_it_a_value() -> None:
    votes: Sequence[Label] = [{"toxic": True, "harm": "hate"}] * 2 + [{"toxic": False, "harm": None}]
    found = settle(CONDITIONAL, votes, 3, {})
    assert found.label == {"toxic": True, "harm": "hate"}
    assert found.confidences["harm"] == pytest.approx(2 / 3)
    assert found.alternatives["harm"] == {"hate": pytest.approx(2 / 3)}


def test_fields_that_fit_no_label_together_give_way_to_the_vote_nearest_to_all() -> None:
    """By themselves, toxic would come to true and harm to nothing."""
    votes: list[Label] = [
        {"toxic": False, "harm": None},
        {"toxic": True, "harm": "hate"},
        {"toxic": True, "harm": "threat"},
    ]
    assert settle(CONDITIONAL, votes, 3, {}).label == votes[1]


@given(st.lists(st.sampled_from([(False, None), (True, "hate"), (True, "threat")]), min_size=1, max_size=6))
def test_what_is_settled_is_a_label_that_fits(given_votes: list[tuple[bool, str | None]]) -> None:
    votes = [{"toxic": toxic, "harm": harm} for toxic, harm in given_votes]
    CONDITIONAL.validate_label(settle(CONDITIONAL, votes, len(votes), {}).label, {})
