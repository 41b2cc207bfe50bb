"""How long people take for an example, as far as it is known."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from prelabel.models import Review, Slot

ENOUGH = 10
"""Reviews from which a time is taken."""
BY_HAND_SECONDS = 20.0
"""Taken for one example where people have not reviewed enough of the project yet."""


def usual_seconds(session: Session, runs: Sequence[int]) -> tuple[float, str]:
    """How long a person takes for an example of these runs, and how that is known."""
    seconds = session.exec(
        select(Review.seconds)
        .where(col(Review.run_id).in_(runs), col(Review.verdict).in_(("confirmed", "corrected")))
        .limit(1_000)
    ).all()
    if len(seconds) < ENOUGH:
        return BY_HAND_SECONDS, f"{BY_HAND_SECONDS:.0f} s an example are assumed"
    return statistics.median(seconds), f"median of {len(seconds):,} reviews of this project"


def seconds_by_example(session: Session, run_id: int, first: int, last: int) -> dict[int, float]:
    """What people took in a run for all their answers to each example with an id from one to another."""
    rows = session.exec(
        select(Review.example_id, func.sum(Review.seconds))
        .where(
            *(Review.run_id == run_id, col(Review.example_id).between(first, last)),
            Review.verdict != "undone",
        )
        .group_by(col(Review.example_id))
    )
    return {example_id: float(seconds) for example_id, seconds in rows}


@dataclass(frozen=True)
class Seconds:
    """How long people take for an audit, which shows no draft, and for any other review; `known` says how that is known."""

    audit: float
    review: float
    known: str

    @property
    def audit_cost(self) -> float:
        """What an audit costs, in other reviews."""
        return self.audit / self.review if self.audit > 0 and self.review > 0 else 1.0


def seconds_by_kind(session: Session, runs: Sequence[int]) -> Seconds:
    """The two apart where enough of both are known, or else as if they were the same."""
    blind, open_ = (
        _answered_in(session, runs, col(Slot.reason) == "audit", wanted) for wanted in (True, False)
    )
    if min(len(blind), len(open_)) < ENOUGH:
        usual, known = usual_seconds(session, runs)
        return Seconds(usual, usual, known)
    said = f"medians of {len(blind):,} audits and {len(open_):,} other reviews of this project"
    return Seconds(statistics.median(blind), statistics.median(open_), said)


def _answered_in(
    session: Session, runs: Sequence[int], kind: ColumnElement[bool], wanted: bool
) -> Sequence[float]:
    return session.exec(
        select(Review.seconds)
        .join(Slot, col(Slot.id) == Review.slot_id)
        .where(
            *(col(Review.run_id).in_(runs), col(Review.verdict).in_(("confirmed", "corrected"))),
            *(kind if wanted else ~kind, Review.seconds > 0),
        )
        .order_by(col(Review.id).desc())
        .limit(1_000)
    ).all()
