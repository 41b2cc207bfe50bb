"""Audits of what a threshold accepts: a random share of the drafts that would be accepted goes to people all the same.

Their answers are an honest sample of what is accepted, which neither gold nor what the policy is unsure of can be.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b

from sqlalchemy import func, text
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.drafting.lessons import PEOPLE
from prelabel.models import AUDITED, Draft, Label, Placement, Run, Slot
from prelabel.routing.policy import Decision, Policy
from prelabel.routing.slots import ToRoute
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator

NOT_ACCEPTING = (
    "accepting is paused: a draft as sure as this one would else have been accepted without review"
)
BATCH = 1_000


@dataclass(frozen=True)
class Audit:
    """An audit that people have settled: whether the draft was right, and how sure its model was."""

    right: bool
    confidence: float | None


@dataclass(frozen=True)
class Drawn:
    """How many examples were drawn for an audit, and how many of these people set aside as not to be labeled."""

    count: int
    set_aside: int


def divert(run: Run, policy: Policy, one: ToRoute, decision: Decision) -> tuple[ToRoute, Decision]:
    """What comes of a decision: an accepted draft goes to people where it is drawn for an audit, or accepting is paused.

    While it is paused nothing is drawn: people get all of it, with a note that says so, and there is nothing to sample.
    """
    if decision.source != "auto":
        return one, decision
    if not run.accepting:
        return replace(one, note=NOT_ACCEPTING), Decision(decision.confidence, reason="low_confidence")
    if is_drawn(run.seed, one.example_id, policy.audit_share):
        return one, Decision(decision.confidence, reason="audit")
    return one, decision


def is_drawn(seed: int, example_id: int, share: float) -> bool:
    """Whether an example is audited if its draft is accepted: always the same, and not to be foreseen without the seed."""
    drawn = blake2b(f"{example_id}".encode(), digest_size=8, key=seed.to_bytes(8)).digest()
    return int.from_bytes(drawn) < share * 2**64


def answered(session: Session, run: Run, after_slot: int = 0) -> Iterator[Audit]:
    """Settled audits in the order in which they were answered; of those only that came into the queue after a slot.

    That order, not the one of drafting: a later answer then comes last, and what was seen before stays as it was.
    """
    into = Translator.of(session, run)
    earlier = select(Slot.id).where(
        Slot.placement_id == Placement.id, Slot.state != "withdrawn", col(Slot.id) <= after_slot
    )
    rows = session.execute(
        wide_select(
            col(Placement.example_id), col(Draft.label), col(Draft.schema_version_id), col(Draft.confidence),
            col(Label.value), col(Label.schema_version_id),
        )
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .join(Label, col(Label.id) == Placement.label_id)
        .where(
            *(col(Placement.run_id) == run.id, text(f"placement.{AUDITED}")),
            *(col(Label.source).in_(PEOPLE), ~earlier.exists()),
        )
        .order_by(col(Placement.label_id))
    )  # fmt: skip
    for part in rows.partitions(BATCH):
        strange = [row[0] for row in part if {row[2], row[5]} != {into.version_id}]
        contents = versions.contents(session, strange)
        for example_id, draft, drafted_under, confidence, value, settled_under in part:
            content = contents.get(example_id, {})
            drafted = into.fitting(draft, drafted_under, content)
            settled = into.fitting(value, settled_under, content)
            if drafted is not None and settled is not None:
                yield Audit(into.schema.distance(drafted, settled) == 0, confidence)


def drawn(session: Session, run: Run) -> Drawn:
    """How many examples of the run are or were audits."""
    audits = select(func.count()).select_from(Placement).where(Placement.run_id == run.id)
    was_one = select(Slot.id).where(
        Slot.placement_id == Placement.id, Slot.reason == "audit", Slot.state != "withdrawn"
    )
    failed = session.exec(audits.where(Placement.place == "failed", was_one.exists())).one()
    return Drawn(session.exec(audits.where(text(f"placement.{AUDITED}"))).one() + failed, failed)


def newest_answers(session: Session) -> dict[int, int]:
    """Of each run, the newest label that an audit was given: it grows with each answer."""
    newest = (
        select(Placement.run_id, func.max(col(Placement.label_id)))
        .where(text(f"placement.{AUDITED}"), col(Placement.label_id).is_not(None))
        .group_by(col(Placement.run_id))
    )
    return {run_id: label_id or 0 for run_id, label_id in session.exec(newest)}
