"""Labels that webhooks are to be told of, written in the transaction that settles them."""

from collections.abc import Collection, Sequence
from typing import Literal

from sqlmodel import Session, col, select

from prelabel.bulk import insert_rows
from prelabel.models import Dataset, Run, UnsentLabel, Webhook

Event = Literal["label.settled", "run.finished"]
SETTLED: Event = "label.settled"
FINISHED: Event = "run.finished"


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
    found = session.exec(
        select(Webhook)
        .join(Dataset, col(Dataset.project_id) == Webhook.project_id)
        .join(Run, col(Run.dataset_id) == Dataset.id)
        .where(Run.id == run_id, col(Webhook.removed_at).is_(None))
    )
    return [hook for hook in found if event in hook.events]
