"""A slot as its reviewer sees it: nothing in it tells why the example is in the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_
from sqlalchemy import select as wide_select
from sqlmodel import Session, col

from prelabel.canonical import Json
from prelabel.models import Draft, Example, Placement, Review, Scratch, Slot, now
from prelabel.review.scratch import Unsent


@dataclass(frozen=True)
class Work:
    """An example to answer, with its draft unless the answer is to be given without one.

    `version` is what the slot was at; sent back with the answer, it is refused where the slot has changed since. `scratch`
    is what this reviewer has entered for the example and not sent.
    """

    slot_id: int
    version: int
    run_id: int
    example_id: str
    content: dict[str, Json]
    draft: dict[str, Json] | None
    confidences: dict[str, float]
    alternatives: dict[str, dict[str, float]]
    scratch: Unsent | None
    for_senior: bool
    lease_until: datetime


def shown_verdict(review: Review, slot: Slot) -> str:
    """A review's verdict, as those may know it who are not to know whether there is a draft, and what it says."""
    return "corrected" if slot.blind and review.verdict == "confirmed" else review.verdict


def works(session: Session, slots: Sequence[Slot]) -> list[Work]:
    """The slots, in their order, as those who hold them see them."""
    if not slots:
        return []
    entered = and_(col(Scratch.user_id) == Slot.claimed_by, col(Scratch.placement_id) == Slot.placement_id)
    rows = session.execute(
        wide_select(
            col(Slot.id), col(Example.external_id), col(Example.content), col(Draft.label),
            col(Draft.confidences), col(Draft.alternatives), Scratch,
        )
        .join(Example, col(Example.id) == Slot.example_id)
        .join(Placement, col(Placement.id) == Slot.placement_id)
        .join(Draft, and_(col(Draft.id) == Placement.draft_id, ~col(Slot.blind)), isouter=True)
        .join(Scratch, entered, isouter=True)
        .where(col(Slot.id).in_([slot.id for slot in slots]))
    )  # fmt: skip
    found = {slot_id: rest for slot_id, *rest in rows}
    return [_work(slot, *found[slot.id]) for slot in slots]


def _work(
    slot: Slot,
    example_id: str,
    content: dict[str, Json],
    draft: dict[str, Json] | None,
    confidences: dict[str, float] | None,
    alternatives: dict[str, dict[str, float]] | None,
    scratch: Scratch | None,
) -> Work:
    return Work(
        slot_id=slot.id or 0,
        version=slot.version,
        run_id=slot.run_id,
        example_id=example_id,
        content=content,
        draft=draft,
        confidences=confidences or {},
        alternatives=alternatives or {},
        scratch=Unsent(scratch.label, scratch.comment) if scratch else None,
        for_senior=slot.for_senior,
        lease_until=slot.lease_until or now(),
    )
