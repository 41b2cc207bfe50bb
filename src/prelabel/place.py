"""Where an example is in a run: the only module that moves a placement from one place to another.

waiting -> drafted -> settled, or drafted -> queued -> settled | failed. Every move is one statement or one row under lock in
the caller's transaction, so an example is at every moment in exactly one place.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from hashlib import blake2b

from sqlalchemy import func, insert, literal, or_
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select, update

from prelabel.canonical import Json
from prelabel.draft import Outcome
from prelabel.models import PLACES, Draft, Example, Label, Placement, Run, Slot, now
from prelabel.policy import Decision

MOST_ATTEMPTS = 5
"""Claims of one example that end without an answer before people get it."""


def fill(session: Session, run: Run) -> int:
    """Put every example of the run's dataset that is not in the run yet into "waiting"; returns how many."""
    there = select(Placement.id).where(Placement.run_id == run.id, Placement.example_id == Example.id)
    examples = (
        wide_select(
            literal(run.id),
            col(Example.id),
            col(Example.gold).is_not(None),
            literal("waiting"),
            literal(""),
            literal(0),
        )
        .where(col(Example.dataset_id) == run.dataset_id, ~there.exists())
        .order_by(col(Example.id))
    )
    columns = ["run_id", "example_id", "is_gold", "place", "reason", "attempts"]
    statement = insert(Placement).from_select(columns, examples).execution_options(preserve_rowcount=True)
    return session.exec(statement).rowcount


def claim(session: Session, run_id: int, owner: str, size: int, seconds: float) -> list[Placement]:
    """Lease up to `size` waiting examples to a worker, gold first; those leased to others are passed over."""
    free = (
        select(Placement.id)
        .where(
            Placement.run_id == run_id,
            Placement.place == "waiting",
            or_(col(Placement.lease_until).is_(None), col(Placement.lease_until) < now()),
        )
        .order_by(col(Placement.is_gold).desc(), col(Placement.id))
        .limit(size)
        .with_for_update(skip_locked=True)
    )
    claimed = session.exec(
        update(Placement)
        .where(col(Placement.id).in_(free))
        .values(
            lease_owner=owner,
            lease_until=now() + timedelta(seconds=seconds),
            attempts=Placement.attempts + 1,
        )
        .returning(Placement)
    )
    return sorted(claimed.scalars(), key=lambda placement: placement.id or 0)


def renew(session: Session, owner: str, seconds: float) -> set[int]:
    """Keep a worker's leases alive; returns the examples that it still holds."""
    held = session.exec(
        update(Placement)
        .where(col(Placement.lease_owner) == owner)
        .values(lease_until=now() + timedelta(seconds=seconds))
        .returning(col(Placement.example_id))
    )
    return set(held.scalars())


def release(session: Session, owner: str) -> None:
    """Give back what a worker has leased and not drafted."""
    session.exec(
        update(Placement)
        .where(col(Placement.lease_owner) == owner)
        .values(lease_owner=None, lease_until=None, attempts=Placement.attempts - 1)
    )


def keep(
    session: Session,
    run: Run,
    owner: str,
    outcomes: Sequence[Outcome],
    prompt_digest: str,
    retry_seconds: float,
) -> None:
    """Write down what became of leased examples: "drafted" with its draft, or back to "waiting" for a later attempt.

    An example whose lease went to another worker meanwhile is left alone.
    """
    by_example = {outcome.subject.example_id: outcome for outcome in outcomes}
    held = session.exec(
        select(Placement)
        .where(Placement.run_id == run.id, Placement.lease_owner == owner, Placement.place == "waiting")
        .where(col(Placement.example_id).in_(by_example))
        .with_for_update()
    ).all()
    drafts: list[tuple[Placement, Draft]] = []
    for placement in held:
        outcome = by_example[placement.example_id]
        if outcome.ending == "stopped":
            _wait(placement, 0)
        elif outcome.ending == "postponed" and placement.attempts < MOST_ATTEMPTS:
            _wait(placement, retry_seconds * 2**placement.attempts)
        else:
            drafts.append((placement, _draft(run, outcome, prompt_digest)))
    session.add_all(draft for _, draft in drafts)
    session.flush()
    for placement, draft in drafts:
        placement.place, placement.draft_id = "drafted", draft.id
        placement.lease_owner = placement.lease_until = None


def to_route(session: Session, run: Run, size: int) -> Sequence[tuple[Placement, Draft, Json]]:
    """Up to `size` drafted examples with their draft and gold, locked; others' are passed over."""
    return session.exec(
        select(Placement, Draft, Example.gold)
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .join(Example, col(Example.id) == Placement.example_id)
        .where(Placement.run_id == run.id, Placement.place == "drafted")
        .order_by(col(Placement.is_gold).desc(), col(Placement.id))
        .limit(size)
        .with_for_update(skip_locked=True, of=Placement)
    ).all()


def follow(session: Session, placement: Placement, draft: Draft, gold: Json, decision: Decision) -> None:
    """Do what routing decided: settle the example, or queue it for people."""
    placement.confidence = decision.confidence
    if decision.source:
        value: dict[str, Json] = gold if decision.source == "gold" else draft.label or {}
        settle(session, placement, Label(
            run_id=placement.run_id, example_id=placement.example_id, value=value, source=decision.source, draft_id=draft.id
        ))  # fmt: skip
    else:
        queue(session, placement, decision.reason)


def queue(session: Session, placement: Placement, reason: str) -> Slot:
    """Send an example to people: one open slot, the least sure first."""
    placement.place, placement.reason, placement.label_id = "queued", reason, None
    slot = Slot(
        placement_id=placement.id or 0,
        run_id=placement.run_id,
        example_id=placement.example_id,
        priority=_priority(placement),
    )
    session.add(slot)
    return slot


def settle(session: Session, placement: Placement, label: Label) -> None:
    """Give an example its label."""
    session.add(label)
    session.flush()
    placement.place, placement.label_id = "settled", label.id


def fail(placement: Placement, reason: str) -> None:
    """Nobody could label it: kept with its reason."""
    placement.place, placement.reason, placement.label_id = "failed", reason, None


def reopen(placement: Placement) -> None:
    """Put an example back into the queue whose answer was taken back; its slot is open again."""
    placement.place, placement.label_id = "queued", None


def draft_again(session: Session, run: Run) -> int:
    """Call queued examples that nobody holds or has answered back to "waiting", for a drafter that has learned more.

    The slots go first: a reviewer who claims one at this moment keeps it. Returns how many examples moved.
    """
    unsure = (
        col(Placement.run_id) == run.id,
        col(Placement.place) == "queued",
        col(Placement.reason) == "low_confidence",
    )
    session.exec(
        update(Slot)
        .where(
            col(Slot.run_id) == run.id,
            col(Slot.state) == "open",
            or_(col(Slot.lease_until).is_(None), col(Slot.lease_until) < now()),
            col(Slot.placement_id).in_(select(Placement.id).where(*unsure)),
        )
        .values(state="withdrawn")
    )
    still_open = select(Slot.id).where(Slot.placement_id == Placement.id, Slot.state == "open")
    moved = session.exec(
        update(Placement)
        .where(*unsure, ~still_open.exists())
        .values(place="waiting", attempts=0, lease_owner=None, lease_until=None)
    )
    return moved.rowcount


def counts(session: Session, run_id: int) -> dict[str, int]:
    """How many examples are in each place."""
    found = Counter(
        dict(
            session.exec(
                select(Placement.place, func.count())
                .where(Placement.run_id == run_id)
                .group_by(Placement.place)
            ).all()
        )
    )
    return {place: found[place] for place in PLACES}


def _wait(placement: Placement, seconds: float) -> None:
    placement.lease_owner = None
    placement.lease_until = now() + timedelta(seconds=seconds) if seconds else None
    if not seconds:
        placement.attempts -= 1


def _draft(run: Run, outcome: Outcome, prompt_digest: str) -> Draft:
    assert run.id is not None
    failure = outcome.failure
    if outcome.ending == "postponed":
        failure = f"no answer in {MOST_ATTEMPTS} attempts, the last: {failure}"
    return Draft(
        run_id=run.id,
        example_id=outcome.subject.example_id,
        model=outcome.model,
        prompt_digest=prompt_digest,
        label=outcome.label,
        confidence=outcome.confidence,
        confidences=outcome.confidences,
        alternatives=outcome.alternatives,
        failure=failure,
    )


def _priority(placement: Placement) -> int:
    """Thousandths of confidence; gold lies anywhere among them, so that its place in the queue does not give it away."""
    if placement.is_gold or placement.confidence is None:
        seed = blake2b(f"{placement.run_id}/{placement.example_id}".encode(), digest_size=4).digest()
        return int.from_bytes(seed) % 1000
    return int(placement.confidence * 1000)
