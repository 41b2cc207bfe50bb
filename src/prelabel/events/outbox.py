"""What webhooks are to be told, written in the transaction in which it happens."""

import json
import secrets
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Literal

from sqlalchemy import bindparam
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from prelabel.bulk import insert_rows
from prelabel.models import Dataset, Delivery, Run, UnsentLabel, Webhook, now

Event = Literal["label.settled", "run.finished", "alarm"]
SETTLED: Event = "label.settled"
FINISHED: Event = "run.finished"
ALARM: Event = "alarm"
TEST = "webhook.test"
"""Sent to a webhook when a lead asks for it, whatever its events are."""


def settled(session: Session, run_id: int, label_ids: Collection[int]) -> None:
    """Have the webhooks of a run's project told of new labels, if any wants to be."""
    if not label_ids:
        return
    rows = [
        {"webhook_id": hook.id, "label_id": label_id}
        for hook in wanting(session, run_id, SETTLED)
        for label_id in label_ids
    ]
    insert_rows(session, UnsentLabel, rows)


def wanting(session: Session, run_id: int, event: Event) -> Sequence[Webhook]:
    """The webhooks of a run's project that are to be told of an event."""
    return [hook for hook in session.exec(_of_run(), params={"run_id": run_id}) if event in hook.events]


@cache
def _of_run() -> SelectOfScalar[Webhook]:
    """Made once: every label that is settled asks it."""
    return (
        select(Webhook)
        .join(Dataset, col(Dataset.project_id) == Webhook.project_id)
        .join(Run, col(Run.dataset_id) == Dataset.id)
        .where(Run.id == bindparam("run_id"), col(Webhook.removed_at).is_(None))
    )


def deliver(session: Session, hook_id: int, event: str, data: dict[str, Any]) -> Delivery:
    """Have a webhook sent an event, within seconds of the commit."""
    body = {"type": event, "timestamp": now().isoformat(), "data": data}
    message_id = f"msg_{secrets.token_urlsafe(18)}"
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    delivery = Delivery(webhook_id=hook_id, message_id=message_id, event=event, body=text)
    session.add(delivery)
    session.flush()
    return delivery
