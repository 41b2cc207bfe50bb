"""Webhooks: who is told of a project's events, what is to be sent, and what became of it.

A delivery is written in the transaction of its event, so none is lost; it may arrive twice, with the same id. Labels are gathered:
those that were settled between two rounds of a worker are one delivery, up to `MOST_LABELS` of them.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select, update

from prelabel import runs
from prelabel.errors import Conflict, NotFound
from prelabel.events import alarms, outbox
from prelabel.events.outbox import ALARM, FINISHED, SETTLED, TEST
from prelabel.models import (
    Dataset,
    Delivery,
    Example,
    Label,
    Placement,
    Project,
    Run,
    SchemaVersion,
    UnsentLabel,
    Webhook,
    now,
)
from prelabel.routing import place
from prelabel.store import Store

MOST_LABELS = 1_000
WAITS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800)
"""Seconds before each further attempt: a delivery is given up after eleven, about a day after its event."""
LEASE_SECONDS = 60
"""How long an attempt may take before another worker makes the next."""
GIVEN_UP = "webhook"
"""The kind of alarm that is raised where a delivery is given up."""


def find(session: Session, project: Project, webhook_id: int) -> Webhook:
    """The webhook of this number, of those that were not removed. Raises NotFound."""
    hook = session.get(Webhook, webhook_id)
    if hook is None or hook.project_id != project.id or hook.removed_at is not None:
        raise NotFound(f"project {project.name!r} has no webhook {webhook_id}")
    return hook


def of_project(session: Session, project: Project) -> Sequence[Webhook]:
    """Those that were not removed, oldest first."""
    mine = select(Webhook).where(Webhook.project_id == project.id, col(Webhook.removed_at).is_(None))
    return session.exec(mine.order_by(col(Webhook.id))).all()


def remove(session: Session, hook: Webhook) -> None:
    """Send nothing more there; what was sent stays on record."""
    hook.removed_at = now()
    session.add(hook)
    session.exec(delete(UnsentLabel).where(col(UnsentLabel.webhook_id) == hook.id))
    pending = update(Delivery).where(col(Delivery.webhook_id) == hook.id, col(Delivery.due_at).is_not(None))
    session.exec(pending.values(due_at=None, note="the webhook was removed"))


def deliveries(session: Session, hook: Webhook, after: int, limit: int) -> Sequence[Delivery]:
    """What was and is to be sent there, newest first, from after the delivery with this id on."""
    mine = select(Delivery).where(Delivery.webhook_id == hook.id)
    if after:
        mine = mine.where(col(Delivery.id) < after)
    return session.exec(mine.order_by(col(Delivery.id).desc()).limit(limit)).all()


def resend(session: Session, hook: Webhook, delivery_id: int) -> Delivery:
    """Have a delivery sent again now, with the id and the body that it had; its attempts begin anew.

    Raises NotFound, and Conflict where its body was removed.
    """
    found = session.get(Delivery, delivery_id)
    if found is None or found.webhook_id != hook.id:
        raise NotFound(f"webhook {hook.id} has no delivery {delivery_id}")
    if not found.body:
        raise Conflict(f"delivery {delivery_id} cannot be sent again: what it said was removed")
    found.due_at, found.attempts, found.delivered_at = now(), 0, None
    session.add(found)
    return found


def test(session: Session, project: Project, hook: Webhook) -> Delivery:
    """Have a webhook sent an event that says only that it works."""
    return outbox.deliver(session, hook.id or 0, TEST, {"project": project.name, "webhook_id": hook.id})


def write_down(store: Store) -> None:
    """One round: make deliveries of runs whose drafting is over since the last one, and of labels that were settled."""
    with store.reading() as session:
        over, again = _changed_runs(session)
        hooks = session.exec(select(UnsentLabel.webhook_id).distinct()).all()
    for run_id in (*over, *again):
        with store.writing() as session:
            _mark(session, run_id)
    for hook_id in hooks:
        while _gather(store, hook_id):
            pass


def is_due(store: Store) -> bool:
    """Whether there is anything to take."""
    with store.reading() as session:
        return (
            session.exec(select(Delivery.id).where(col(Delivery.due_at) <= now()).limit(1)).first()
            is not None
        )


def take(store: Store) -> Delivery | None:
    """A delivery that is due, kept from other workers for `LEASE_SECONDS`; those that were tried least come first."""
    with store.writing() as session:
        due = select(Delivery).where(col(Delivery.due_at) <= now())
        found = session.exec(
            due.order_by(col(Delivery.attempts), col(Delivery.id)).limit(1).with_for_update(skip_locked=True)
        ).first()
        if found:
            found.due_at = now() + timedelta(seconds=LEASE_SECONDS)
            session.add(found)
        return found


def record(store: Store, delivery: Delivery, status: int | None, note: str) -> None:
    """Write down how an attempt ended. It arrived if the status is of the 200s; else it is tried later, or given up."""
    with store.writing() as session:
        held = session.exec(select(Delivery).where(Delivery.id == delivery.id).with_for_update()).one()
        if held.due_at != delivery.due_at:  # removed, sent again, or taken by another worker meanwhile
            return
        held.attempts, held.status, held.note, held.due_at = held.attempts + 1, status, note, None
        if status is not None and 200 <= status < 300:
            held.delivered_at = now()
        elif held.attempts <= len(WAITS):
            held.due_at = now() + timedelta(seconds=WAITS[held.attempts - 1])
        else:
            _give_up(session, held)
        session.add(held)


def _give_up(session: Session, delivery: Delivery) -> None:
    """Raise the alarm in the run that the message is about: once for a webhook, until somebody acknowledges it."""
    said = json.loads(delivery.body)
    if delivery.event == TEST or (delivery.event == ALARM and said["data"]["kind"] == GIVEN_UP):
        return  # a webhook that is away must not make alarms of alarms for ever
    about = said["data"]["labels"][0] if delivery.event == SETTLED else said["data"]
    run = session.get_one(Run, about["run_id"])
    hook = session.get_one(Webhook, delivery.webhook_id)
    still = alarms.of_run(session, run, only_open=True)
    if any(one.kind == GIVEN_UP and one.details["webhook"] == hook.id for one in still):
        return
    text = f"webhook {hook.id} ({hook.host}) could not be told of {delivery.event}: {delivery.note}"
    alarms.raise_(session, run, GIVEN_UP, text, webhook=hook.id, delivery=delivery.id)


def _changed_runs(session: Session) -> tuple[list[int], list[int]]:
    """Runs that nothing waits to be drafted in any more, and those in which something does again."""
    is_waiting = exists().where(col(Placement.run_id) == Run.id, runs.unfinished())
    over = session.exec(select(Run.id).where(col(Run.drafted_at).is_(None), ~is_waiting)).all()
    again = session.exec(select(Run.id).where(col(Run.drafted_at).is_not(None), is_waiting)).all()
    return [one or 0 for one in over], [one or 0 for one in again]


def _mark(session: Session, run_id: int) -> None:
    """Note on the run what is so now, with a delivery where its drafting has ended; one worker does it."""
    run = session.exec(select(Run).where(Run.id == run_id).with_for_update(key_share=True)).one()
    session.refresh(run)
    places = place.counts(session, run_id)
    is_over = not runs.left(run, places)
    if is_over == (run.drafted_at is not None):
        return
    run.drafted_at = now() if is_over else None
    session.add(run)
    if not is_over or run.trial:
        return
    dataset = session.get_one(Dataset, run.dataset_id)
    project = session.get_one(Project, dataset.project_id)
    data = {"project": project.name, "dataset": dataset.name, "run_id": run_id, "places": places}
    for hook in outbox.wanting(session, run_id, FINISHED):
        outbox.deliver(session, hook.id or 0, FINISHED, data)


def _gather(store: Store, hook_id: int) -> bool:
    """Make one delivery of labels that a webhook was not told of; False once there are none."""
    with store.writing() as session:
        unsent = session.exec(
            select(UnsentLabel)
            .where(UnsentLabel.webhook_id == hook_id)
            .order_by(col(UnsentLabel.id))
            .limit(MOST_LABELS)
            .with_for_update(skip_locked=True)
        ).all()
        hook = session.get_one(Webhook, hook_id)
        labels = _labels(session, [one.label_id for one in unsent]) if hook.removed_at is None else []
        if labels:
            project = session.get_one(Project, hook.project_id)
            outbox.deliver(session, hook_id, SETTLED, {"project": project.name, "labels": labels})
        session.exec(delete(UnsentLabel).where(col(UnsentLabel.id).in_([one.id for one in unsent])))
    return bool(unsent)


def _labels(session: Session, label_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those of the labels that hold; what was taken back meanwhile is not told."""
    found = session.execute(
        wide_select(Label, col(Example.external_id), col(SchemaVersion.version))
        .join(Placement, col(Placement.label_id) == Label.id)
        .join(Example, col(Example.id) == Label.example_id)
        .join(SchemaVersion, col(SchemaVersion.id) == Label.schema_version_id)
        .where(col(Label.id).in_(label_ids))
        .order_by(col(Label.id))
    )
    return [
        {
            "run_id": label.run_id,
            "example_id": example,
            "label": label.value,
            "source": label.source,
            "schema_version": version,
            "settled_at": label.created_at.isoformat(),
        }
        for label, example, version in found
    ]
