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
from prelabel.models import Draft, Example, Placement, Review, Run, SchemaVersion, Scratch, Slot, now
from prelabel.review.scratch import Unsent
from prelabel.schemas.versions import Translator


@dataclass(frozen=True)
class Work:
    """An example to answer, with its draft unless the answer is to be given without one.

    `note` says why an example is asked about that had a label, or whose draft cannot be shown. `version` is what the slot was at; sent back with the answer, it is refused where the slot has changed since. `scratch`
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
    note: str
    lease_until: datetime


def shown_verdict(review: Review, slot: Slot) -> str:
    """A review's verdict, as those may know it who are not to know whether there is a draft, and what it says."""
    return "corrected" if slot.blind and review.verdict == "confirmed" else review.verdict


def works(session: Session, slot_ids: Sequence[int]) -> list[Work]:
    """These slots, in this order, as those who hold them see them."""
    if not slot_ids:
        return []
    rows = session.execute(_wanted(), {"slot_ids": slot_ids}).all()
    found = {row.slot_id: _work(session, row) for row in rows}
    return [found[slot_id] for slot_id in slot_ids]


@cache
def _wanted() -> Select[Any]:
    entered = and_(col(Scratch.user_id) == Slot.claimed_by, col(Scratch.placement_id) == Slot.placement_id)
    return (
        wide_select(
            *(col(Slot.id).label("slot_id"), col(Slot.version), col(Slot.run_id), col(Slot.for_senior)),
            col(Slot.shown_draft),
            *(col(Slot.lease_until), col(Placement.note), col(Run.schema_version_id)),
            *(col(Example.external_id), col(Example.content)),
            *(col(Draft.label), col(Draft.confidences), col(Draft.alternatives)),
            col(Draft.schema_version_id).label("drafted_under"),
            *(col(Scratch.user_id), col(Scratch.label).label("entered"), col(Scratch.comment)),
        )
        .join(Example, col(Example.id) == Slot.example_id)
        .join(Run, col(Run.id) == Slot.run_id)
        .join(Placement, col(Placement.id) == Slot.placement_id)
        .join(Draft, and_(col(Draft.id) == Placement.draft_id, ~col(Slot.blind)), isouter=True)
        .join(Scratch, entered, isouter=True)
        .where(col(Slot.id).in_(bindparam("slot_ids", expanding=True)))
    )


def _work(session: Session, row: Any) -> Work:
    draft, confidences, alternatives = _as_of_now(session, row)
    return Work(
        slot_id=row.slot_id,
        version=row.version,
        run_id=row.run_id,
        example_id=row.external_id,
        content=row.content,
        draft=draft,
        confidences=confidences,
        alternatives=alternatives,
        scratch=Unsent(row.entered, row.comment or "") if row.user_id is not None else None,
        for_senior=row.for_senior,
        note=row.note,
        lease_until=row.lease_until or now(),
    )


def _as_of_now(
    session: Session, row: Any
) -> tuple[dict[str, Json] | None, dict[str, float], dict[str, dict[str, float]]]:
    """The draft with its confidences and alternatives as the run's schema has them; nothing where it does not fit."""
    label, confidences, alternatives = row.label, row.confidences, row.alternatives
    under = row.drafted_under
    if shown := row.shown_draft:
        label, confidences, alternatives = shown["label"], shown["confidences"], shown["alternatives"]
        under = shown["schema_version_id"]
    if label is None:
        return None, {}, {}
    if under == row.schema_version_id:
        return label, confidences, alternatives
    into = Translator(session, session.get_one(SchemaVersion, row.schema_version_id))
    if (fitting := into.fitting(label, under, row.content)) is None:
        return None, {}, {}
    return fitting, into.confidences(confidences, under), into.alternatives(alternatives, under)
