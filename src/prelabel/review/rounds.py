"""What the answers to one example amount to: whoever changes them holds the example's placement under lock meanwhile.

Claims take slots without that lock, so a slot is only ever taken or answered by a statement that checks who has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam
from sqlalchemy import select as wide_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.canonical import Json
from prelabel.consensus import Disagreement, Settled, Unlabelable, Vote, conclude
from prelabel.errors import NotFound
from prelabel.models import (
    CHECK,
    ROLES,
    Draft,
    Example,
    Label,
    Placement,
    Review,
    Run,
    SchemaVersion,
    Slot,
    User,
    now,
)
from prelabel.routing import place, slots
from prelabel.routing.policy import Policy
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator

ANSWERS = ("confirmed", "corrected", "flagged")
"""Verdicts that answer a slot; a skip leaves it to someone else."""


@dataclass
class Round:
    """A slot with all that an act on it needs; its placement is locked. `draft` is the one that the slot shows."""

    session: Session
    slot: Slot
    placement: Placement
    version: SchemaVersion
    policy: Policy
    content: dict[str, Json]
    draft: dict[str, Json] | None

    @property
    def schema(self) -> LabelSchema:
        """The label schema that the run has now."""
        return runs.schema_at(self.version.document)

    @property
    def is_check(self) -> bool:
        """Whether the slot measures a person: what is answered to it changes nothing of the example."""
        return self.slot.reason == CHECK

    @property
    def shows_a_fault(self) -> bool:
        """Whether what the slot shows was made wrong, and is no model's draft."""
        return bool(self.slot.shown_draft and self.slot.shown_draft["wrong"])

    @property
    def wanted(self) -> int:
        """How many different people are to answer at the slot's level: as many as the example was queued for.

        Not what the policy says now: it may have been replaced while people had the example in hand.
        """
        return self.slot.wanted

    def settle(self, label: dict[str, Json], source: str, review_id: int | None = None) -> None:
        """Give the example its label."""
        place.settle(self.session, self.placement, Label(
            run_id=self.slot.run_id, example_id=self.slot.example_id, value=label, source=source,
            draft_id=self.placement.draft_id, review_id=review_id, schema_version_id=self.version.id or 0,
        ))  # fmt: skip

    def answered(self, review: Review) -> None:
        """Go on after an answer: settle the example, set it aside, send it to the senior, or wait for further answers."""
        if self.is_check:
            return
        if self.slot.for_senior or self.wanted == 1:
            if review.label is None:
                place.fail(self.placement, f"flagged: {review.comment}")
            else:
                self.settle(review.label, "adjudication" if self.slot.for_senior else "review", review.id)
        else:
            self.finish()

    def finish(self) -> None:
        """Once nobody is still to answer: what the answers amount to."""
        if self.is_check or any(slot.state == "open" for slot in self.slots()):
            return
        reviews = [row for row in self.standing() if row.verdict in ANSWERS]
        if len(reviews) < self.wanted:
            self._too_few(reviews)
            return
        votes = [Vote(as_of(self.session, self.version, row, self.content), row.user_id) for row in reviews]
        if any(
            vote.label is None and row.label is not None for vote, row in zip(votes, reviews, strict=True)
        ):
            slots.ask_senior(
                self.session, self.slot, 1
            )  # the schema has changed, and the answer fits it no longer
            return
        if self.policy.draft_votes and self.draft is not None and self.slot.reason != "audit":
            votes.append(Vote(self.draft))
        match conclude(self.schema, self.policy, votes):
            case Settled(label):
                self.settle(label, "consensus")
            case Unlabelable():
                said = "; ".join(row.comment for row in reviews if row.comment)
                place.fail(self.placement, f"flagged: {said}")
            case Disagreement() as disagreement:
                slots.ask_senior(self.session, self.slot, disagreement.worst)

    def _too_few(self, reviews: Sequence[Review]) -> None:
        """As many as are asked for will not answer."""
        if reviews and not self.slot.for_senior:
            slots.ask_senior(self.session, self.slot, 1)
        else:
            place.fail(self.placement, f"skipped by {len(self.skippers())} reviewers")

    def slots(self, for_senior: bool | None = None) -> Sequence[Slot]:
        """Those of the example that have not been withdrawn: at the slot's own level, or at the one named; checks apart."""
        level = self.slot.for_senior if for_senior is None else for_senior
        return self.session.exec(
            select(Slot).where(
                Slot.placement_id == self.slot.placement_id,
                Slot.for_senior == level,
                _of_same_use(self.slot),
                Slot.state != "withdrawn",
            )
        ).all()

    def standing(self) -> Sequence[Review]:
        """Reviews of the example at the slot's level that nobody has taken back, oldest first."""
        return standing(self.session, self.slot, self.slot.for_senior)

    def skippers(self) -> set[int]:
        """Whose skips of the example stand, at the slot's level."""
        return {row.user_id for row in self.standing() if row.verdict == "skipped"}

    def is_someone_left(self) -> bool:
        """Whether there is anyone of the slot's level who has not had the example."""
        roles = ROLES[ROLES.index("senior") :] if self.slot.for_senior else ROLES
        had = select(Slot.id).where(Slot.placement_id == self.slot.placement_id, Slot.claimed_by == User.id)
        left = select(User.id).where(
            col(User.role).in_(roles), col(User.disabled_at).is_(None), ~had.exists()
        )
        return self.session.exec(left.limit(1)).first() is not None

    def fit(self) -> bool:
        """Have as many slots as people are still to answer; False where too many have been taken up already."""
        skipped = {row.slot_id for row in self.standing() if row.verdict == "skipped"}
        missing = self.wanted - sum(slot.id not in skipped for slot in self.slots())
        if missing > 0:
            slots.ask_again(self.session, self.slot, missing)
        return missing >= 0 or withdraw(self.session, self.slot, self.slot.for_senior, -missing) == -missing


def enter(session: Session, slot_id: int) -> Round:
    """Lock the slot's example and read what an act needs, in one statement. Raises NotFound."""
    row = session.execute(_all_of_a_slot(), {"slot_id": slot_id}).first()
    if row is None:
        raise NotFound(f"there is no slot {slot_id}")
    slot, placement, policy, version, content, draft, drafted_under = row
    if slot.shown_draft:
        draft, drafted_under = slot.shown_draft["label"], slot.shown_draft["schema_version_id"]
    if draft is not None and drafted_under != version.id:
        draft = Translator(session, version).fitting(draft, drafted_under, content)
    return Round(session, slot, placement, version, Policy.model_validate(policy), content, draft)


@cache
def _all_of_a_slot() -> Select[Any]:
    return (
        wide_select(
            Slot, Placement, col(Run.policy), SchemaVersion, col(Example.content),
            col(Draft.label), col(Draft.schema_version_id),
        )
        .join(Placement, col(Placement.id) == Slot.placement_id)
        .join(Example, col(Example.id) == Slot.example_id)
        .join(Run, col(Run.id) == Slot.run_id)
        .join(SchemaVersion, col(SchemaVersion.id) == Run.schema_version_id)
        .join(Draft, col(Draft.id) == Placement.draft_id, isouter=True)
        .where(col(Slot.id) == bindparam("slot_id"))
        .with_for_update(of=Placement)
    )  # fmt: skip


def as_of(
    session: Session, version: SchemaVersion, review: Review, content: dict[str, Json]
) -> dict[str, Json] | None:
    """A review's label as this version of the schema has it; None where it has none, or it does not fit."""
    if review.label is None or review.schema_version_id == version.id:
        return review.label
    return Translator(session, version).fitting(review.label, review.schema_version_id, content)


def standing(session: Session, slot: Slot, for_senior: bool) -> Sequence[Review]:
    """Reviews of the slot's example, by reviewers or by seniors, that nobody has taken back, oldest first; of checks apart."""
    return session.exec(
        select(Review)
        .join(Slot, col(Slot.id) == Review.slot_id)
        .where(
            Review.run_id == slot.run_id,
            Review.example_id == slot.example_id,
            Review.verdict != "undone",
            Slot.for_senior == for_senior,
            Slot.state == "answered",
            _of_same_use(slot),
            ~taken_back(),
        )
        .order_by(col(Review.id))
    ).all()


def taken_back() -> ColumnElement[bool]:
    """Whether a review was undone."""
    undone = aliased(Review)
    return select(undone.id).where(undone.undoes == Review.id).exists()


def withdraw(session: Session, like: Slot, for_senior: bool, most: int | None = None) -> int:
    """Take back open slots of an example that nobody holds now, up to so many; returns how many went.

    One that somebody is just claiming counts as held; one never held goes before one whose holder has gone.
    """
    free = select(Slot).where(
        Slot.placement_id == like.placement_id,
        Slot.for_senior == for_senior,
        Slot.state == "open",
        Slot.id != like.id,
        _of_same_use(like),
    )
    found = [slot for slot in session.exec(free.with_for_update(skip_locked=True)) if not is_live(slot)]
    found.sort(key=lambda slot: (slot.claimed_by is not None, -(slot.id or 0)))
    for slot in found[:most]:
        slot.state, slot.claimed_by, slot.version = "withdrawn", None, slot.version + 1
    session.flush()
    return len(found[:most])


def _of_same_use(slot: Slot) -> ColumnElement[bool]:
    """Slots that measure people as this one does, or those that label the example as this one does."""
    return col(Slot.reason) == CHECK if slot.reason == CHECK else col(Slot.reason) != CHECK


def is_live(slot: Slot) -> bool:
    """Whether somebody holds the slot under a lease that has not run out."""
    return slot.state == "open" and slot.lease_until is not None and slot.lease_until >= now()


def differs(schema: LabelSchema, draft: Any, label: dict[str, Json]) -> bool:
    """Whether a label corrects the draft."""
    return draft is None or schema.distance(draft, label) != 0
