"""Where an example is in a run: the only module that moves a placement from one place to another.

waiting -> drafted -> settled, or drafted -> queued -> settled | failed; in a trial waiting -> drafted. Every move is one statement or one row under lock in
the caller's transaction, so an example is at every moment in exactly one place.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, insert, literal, or_
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select, update

from prelabel.bulk import insert_for_ids, insert_rows, update_rows
from prelabel.canonical import Json
from prelabel.draft import Outcome
from prelabel.events import outbox
from prelabel.models import CHECK, PLACES, Dataset, Draft, Example, Label, Placement, Run, Slot, now
from prelabel.operations import metrics
from prelabel.routing import drawn, order, slots
from prelabel.routing.policy import Decision, Policy
from prelabel.routing.slots import ToCheck, ToRoute
from prelabel.store import after_commit

MOST_ATTEMPTS = 5
"""Claims of one example that end without an answer before people get it."""
BATCH = 1_000
"""Examples called back from the queue in one statement."""


@dataclass(frozen=True)
class Written:
    """What goes with outcomes that are written down: each run's prompt digest, and the pause before a further attempt."""

    prompts: Mapping[int, str]
    retry_seconds: float


@dataclass(frozen=True)
class Relabeled:
    """A settled example, its label of an earlier version of the schema, and the value that it has under the new one."""

    placement: Placement
    label: Label
    value: dict[str, Json]


def lock(session: Session, ids: Collection[int]) -> None:
    """Lock these placements, in the order that all who lock several keep; whoever moves one of them is waited for."""
    locked = select(Placement.id).where(col(Placement.id).in_(ids)).order_by(col(Placement.id))
    session.exec(locked.with_for_update()).all()


def removed(session: Session, placements: Collection[Placement]) -> set[int]:
    """The ids of those, of these that are locked, whose example has lost its content: nobody is to be asked about them."""
    ids = [placement.id for placement in placements]
    found = select(Placement.id).join(Example, col(Example.id) == Placement.example_id)
    gone = found.where(col(Placement.id).in_(ids), col(Example.removed_at).is_not(None))
    return {one or 0 for one in session.exec(gone)}


def fill(session: Session, run: Run, example_ids: Collection[int] | None = None) -> int:
    """Put every example of the run's dataset, or these of them, that is not in the run yet into "waiting"; returns how many.

    Those whose content was removed are passed over. None loses it meanwhile: the dataset is locked.
    """
    session.exec(select(Dataset.id).where(Dataset.id == run.dataset_id).with_for_update(key_share=True)).one()
    there = select(Placement.id).where(Placement.run_id == run.id, Placement.example_id == Example.id)
    examples = (
        wide_select(
            literal(run.id),
            col(Example.id),
            col(Example.gold).is_not(None),
            literal("waiting"),
            literal(run.lane),
            literal(""),
            literal(""),
            literal(0),
        )
        .where(col(Example.dataset_id) == run.dataset_id, ~there.exists(), col(Example.removed_at).is_(None))
        .where(*(() if example_ids is None else (col(Example.id).in_(example_ids),)))
        .order_by(col(Example.id))
    )
    columns = ["run_id", "example_id", "is_gold", "place", "lane", "reason", "note", "attempts"]
    statement = insert(Placement).from_select(columns, examples).execution_options(preserve_rowcount=True)
    return session.exec(statement).rowcount


def note(session: Session, run_id: int, outcomes: Sequence[Outcome], prompt_digest: str) -> None:
    """Write down drafts of examples that stay where they are: later steps are to draft them again."""
    if drafts := [_draft(run_id, outcome, prompt_digest) for outcome in outcomes]:
        session.execute(insert(Draft), drafts)


def keep(session: Session, owner: str, outcomes: Mapping[int, Sequence[Outcome]], written: Written) -> int:
    """Write down what became of leased examples, by run: "drafted" with its drafts, or "waiting" for a later attempt.

    An example whose lease went to another worker meanwhile is left alone. Returns how many are drafted.
    """
    by_example = {
        (run_id, outcome.subject.example_id): outcome for run_id, some in outcomes.items() for outcome in some
    }
    held = session.execute(
        wide_select(
            col(Placement.id), col(Placement.run_id), col(Placement.example_id), col(Placement.attempts)
        )
        .where(
            col(Placement.run_id).in_(outcomes),
            col(Placement.lease_owner) == owner,
            col(Placement.place) == "waiting",
            col(Placement.example_id).in_({example_id for _, example_id in by_example}),
        )
        .with_for_update()
    ).all()
    earlier, newest, drafted, waiting = [], [], [], []
    ended: Counter[tuple[str, str]] = Counter()
    for placement_id, run_id, example_id, attempts in held:
        if (outcome := by_example.get((run_id, example_id))) is None:
            continue
        ended[outcome.model, outcome.ending] += 1
        if outcome.ending == "stopped":
            waiting.append(_free(placement_id) | {"attempts": attempts - 1})
        elif outcome.ending == "postponed" and attempts < MOST_ATTEMPTS:
            later = now() + timedelta(seconds=written.retry_seconds * 2**attempts)
            waiting.append(_free(placement_id) | {"attempts": attempts, "lease_until": later})
        else:
            prompt = written.prompts[run_id]
            earlier += [_draft(run_id, one, prompt) for one in outcome.earlier]
            newest.append(_draft(run_id, outcome, prompt))
            drafted.append(_free(placement_id) | {"place": "drafted", "draft_id": (run_id, example_id)})
    insert_rows(session, Draft, earlier)
    ids = insert_for_ids(session, Draft, newest)
    update_rows(session, Placement, [move | {"draft_id": ids[move["draft_id"]]} for move in drafted])
    update_rows(session, Placement, waiting)
    after_commit(session, lambda: metrics.count_drafts(ended))
    return len(drafted)


def follow(
    session: Session,
    run: Run,
    routed: Sequence[tuple[ToRoute, Decision]],
    policy: Policy,
    checks: Sequence[ToCheck] = (),
) -> None:
    """Do what routing decided: settle examples, or queue each for as many people as the policy asks for.

    `checks` come into the queue with them, and stay where they are.
    """
    run_id, version_id = run.id or 0, run.schema_version_id
    settled = [
        _label(run_id, one, decision.source, version_id) for one, decision in routed if decision.source
    ]
    ids = insert_for_ids(session, Label, settled)
    outbox.settled(session, run_id, ids.values())
    slots.ask(
        session, run_id, [(one, decision) for one, decision in routed if decision.reason], policy, checks
    )
    moves = [
        {
            "id": one.placement_id,
            "place": "settled" if decision.source else "queued",
            "confidence": decision.confidence,
            "reason": decision.reason,
            "note": one.note,
            "label_id": ids.get((run_id, one.example_id)),
        }
        for one, decision in routed
    ]
    update_rows(session, Placement, moves)


def ask(session: Session, placement: Placement, reason: str, policy: Policy) -> None:
    """Queue an example by itself, for as many people as the policy asks for; one that is audited stays blind."""
    asked = _asked(session, placement, reason, policy)
    session.flush()
    insert_rows(session, Slot, asked)


def settle(session: Session, placement: Placement, label: Label) -> None:
    """Give an example its label."""
    session.add(label)
    session.flush()
    outbox.settled(session, label.run_id, [label.id or 0])
    placement.place, placement.label_id = "settled", label.id


def fail(placement: Placement, reason: str) -> None:
    """Nobody could label it: kept with its reason."""
    placement.place, placement.reason, placement.label_id = "failed", reason, None


def reopen(placement: Placement, reason: str) -> None:
    """Put an example back into the queue, for the reason that it was there; its slot is open again."""
    placement.place, placement.label_id, placement.reason = "queued", None, reason


def hold_again(session: Session, placement: Placement, label: Label, reason: str) -> None:
    """Settle an example by a label that it had before, under the reason that it had then."""
    placement.place, placement.label_id, placement.reason, placement.note = "settled", label.id, reason, ""
    outbox.settled(session, label.run_id, [label.id or 0])


def relabel(session: Session, relabeled: Sequence[Relabeled], schema_version_id: int) -> None:
    """Give settled examples the label that their old one is under another version of the schema; the old one stays as history."""
    rows = [
        {
            "run_id": one.label.run_id,
            "example_id": one.label.example_id,
            "value": one.value,
            "source": one.label.source,
            "draft_id": one.label.draft_id,
            "review_id": one.label.review_id,
            "schema_version_id": schema_version_id,
            "mapped_from": one.label.id,
            "created_at": now(),
        }
        for one in relabeled
    ]
    ids = insert_for_ids(session, Label, rows)
    for run_id in {run_id for run_id, _ in ids}:
        outbox.settled(session, run_id, [new for (of_run, _), new in ids.items() if of_run == run_id])
    for one in relabeled:
        one.placement.label_id = ids[one.label.run_id, one.label.example_id]


def call_back(
    session: Session, placements: Sequence[tuple[Placement, str]], policy: Policy, reason: str = "requested"
) -> None:
    """Queue settled examples anew, each with a note why. Who has answered one before may answer it again.

    What was a check that nobody has taken up is one no longer. Examples without content stay as they are.
    """
    gone = removed(session, [placement for placement, _ in placements])
    placements = [(placement, note) for placement, note in placements if placement.id not in gone]
    ids = [placement.id for placement, _ in placements]
    unseen = and_(col(Slot.reason) == CHECK, col(Slot.state) == "open", col(Slot.claimed_by).is_(None))
    over = update(Slot).where(col(Slot.placement_id).in_(ids), or_(col(Slot.state) == "answered", unseen))
    session.exec(over.values(state="withdrawn", claimed_by=None, version=Slot.version + 1))
    asked: list[dict[str, Any]] = []
    for placement, note in placements:
        asked += _asked(session, placement, reason, policy)
        placement.note = note
    session.flush()
    insert_rows(session, Slot, asked)


def draft_again(session: Session, run: Run) -> int:
    """Call queued examples that nobody holds or has answered back to "waiting", for a drafter that has learned more.

    The slots go first: a reviewer who claims one at this moment keeps it. Returns how many examples moved.
    """
    moved, after = 0, 0
    while ids := _unsure(session, run, after):
        session.exec(
            update(Slot)
            .where(
                col(Slot.placement_id).in_(ids),
                col(Slot.state) == "open",
                or_(col(Slot.lease_until).is_(None), col(Slot.lease_until) < now()),
            )
            .values(state="withdrawn", claimed_by=None, version=Slot.version + 1)
        )
        still_open = select(Slot.id).where(Slot.placement_id == Placement.id, Slot.state == "open")
        moved += session.exec(
            update(Placement)
            .where(col(Placement.id).in_(ids), ~still_open.exists())
            .values(place="waiting", attempts=0, lease_owner=None, lease_until=None)
        ).rowcount
        after = ids[-1]
    return moved


def _unsure(session: Session, run: Run, after: int) -> Sequence[int]:
    """The next queued examples that nobody is sure of, holds or has answered, locked; others' are passed over."""
    is_live = and_(col(Slot.state) == "open", col(Slot.lease_until) >= now())
    taken = select(Slot.id).where(
        Slot.placement_id == Placement.id, or_(col(Slot.state) == "answered", is_live)
    )
    found = session.exec(
        select(Placement.id)
        .where(
            *(Placement.run_id == run.id, Placement.place == "queued", Placement.reason == "low_confidence"),
            col(Placement.id) > after,
            ~taken.exists(),
        )
        .order_by(col(Placement.id))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    return [placement_id for placement_id in found if placement_id is not None]


def counts(session: Session, run_id: int) -> dict[str, int]:
    """How many examples of a run are in each place."""
    return counts_by_run(session, [run_id])[run_id]


def counts_by_run(session: Session, run_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """How many examples of each of these runs are in each place."""
    rows = session.exec(
        select(Placement.run_id, Placement.place, func.count())
        .where(col(Placement.run_id).in_(run_ids))
        .group_by(col(Placement.run_id), Placement.place)
    )
    found = {run_id: dict.fromkeys(PLACES, 0) for run_id in run_ids}
    for run_id, where, examples in rows:
        found[run_id][where] = examples
    return found


def _asked(session: Session, placement: Placement, reason: str, policy: Policy) -> list[dict[str, Any]]:
    """Queue an example; returns the slots that it is to have."""
    placement.place, placement.reason, placement.label_id = "queued", reason, None
    run_id, example_id = placement.run_id, placement.example_id
    value = order.value(reason, placement.confidence, placement.is_gold, run_id, example_id)
    priority, wanted = order.LAST if value is None else value, policy.reviewers_for(reason)
    slot = slots.row(run_id, placement.id or 0, example_id, reason, priority, wanted)
    slot["blind"] = policy.rule == "guarantee" and drawn.is_audited(session, run_id, example_id)
    return [slot] * wanted


def _free(placement_id: int) -> dict[str, Any]:
    return {"id": placement_id, "lease_owner": None, "lease_until": None}


def _draft(run_id: int, outcome: Outcome, prompt_digest: str) -> dict[str, Any]:
    failure = outcome.failure
    if outcome.ending == "postponed":
        failure = f"no answer in {MOST_ATTEMPTS} attempts, the last: {failure}"
    return {
        "run_id": run_id,
        "example_id": outcome.subject.example_id,
        "step": outcome.step,
        "schema_version_id": outcome.schema_version_id,
        "model": outcome.model,
        "prompt_digest": prompt_digest,
        "label": outcome.label,
        "confidence": outcome.confidence,
        "confidences": outcome.confidences,
        "alternatives": outcome.alternatives,
        "failure": failure,
        "created_at": now(),
    }


def _label(run_id: int, example: ToRoute, source: str, schema_version_id: int) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "example_id": example.example_id,
        "value": example.drafted.gold if source == "gold" else example.drafted.label,
        "source": source,
        "draft_id": example.draft_id,
        "schema_version_id": schema_version_id,
        "created_at": now(),
    }
