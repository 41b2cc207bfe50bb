"""A slot as its reviewer sees it: nothing in it tells why the example is in the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam
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


def works(session: Session, slot_ids: Sequence[int]) -> list[Work]:
    """These slots, in this order, as those who hold them see them."""
    if not slot_ids:
        return []
    found = {row[0]: _work(*row) for row in session.execute(_wanted(), {"slot_ids": slot_ids})}
    return [found[slot_id] for slot_id in slot_ids]


@cache
def _wanted() -> Select[Any]:
    entered = and_(col(Scratch.user_id) == Slot.claimed_by, col(Scratch.placement_id) == Slot.placement_id)
    return (
        wide_select(
            *(col(Slot.id), col(Slot.version), col(Slot.run_id), col(Slot.for_senior), col(Slot.lease_until)),
            *(col(Example.external_id), col(Example.content)),
            *(col(Draft.label), col(Draft.confidences), col(Draft.alternatives)),
            *(col(Scratch.user_id), col(Scratch.label), col(Scratch.comment)),
        )
        .join(Example, col(Example.id) == Slot.example_id)
        .join(Placement, col(Placement.id) == Slot.placement_id)
        .join(Draft, and_(col(Draft.id) == Placement.draft_id, ~col(Slot.blind)), isouter=True)
        .join(Scratch, entered, isouter=True)
        .where(col(Slot.id).in_(bindparam("slot_ids", expanding=True)))
    )


def _work(
    slot_id: int,
    version: int,
    run_id: int,
    for_senior: bool,
    lease_until: datetime | None,
    example_id: str,
    content: dict[str, Json],
    draft: dict[str, Json] | None,
    confidences: dict[str, float] | None,
    alternatives: dict[str, dict[str, float]] | None,
    entered_by: int | None,
    entered: Json,
    comment: str | None,
) -> Work:
    return Work(
        slot_id=slot_id,
        version=version,
        run_id=run_id,
        example_id=example_id,
        content=content,
        draft=draft,
        confidences=confidences or {},
        alternatives=alternatives or {},
        scratch=Unsent(entered, comment or "") if entered_by is not None else None,
        for_senior=for_senior,
        lease_until=lease_until or now(),
    )
