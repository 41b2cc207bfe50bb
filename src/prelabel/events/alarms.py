"""Alarms: what a lead has to look at. They are for leads alone: their words may speak of audits."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.canonical import Json
from prelabel.errors import Conflict, NotFound
from prelabel.events import journal, outbox
from prelabel.models import Acknowledgement, Alarm, Dataset, Project, Run, User

log = logging.getLogger(__name__)
MOST_OPEN = 100
"""Open alarms that are shown with a run's progress."""


class Raised(BaseModel):
    """An alarm, and who acknowledged it when; both null while it is open."""

    id: int
    kind: str
    text: str
    details: dict[str, Any]
    raised_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None


def raise_(session: Session, run: Run, kind: str, text: str, **details: Json) -> Alarm:
    """Tell of something that has happened in a run: in its list, in the log, and to the webhooks that want alarms."""
    log.warning("run %s: %s: %s", run.id, kind, text)
    alarm = Alarm(run_id=run.id or 0, kind=kind, text=text, details=details)
    session.add(alarm)
    session.flush()
    dataset = session.get_one(Dataset, run.dataset_id)
    data = {
        "project": session.get_one(Project, dataset.project_id).name,
        "dataset": dataset.name,
        "run_id": run.id,
        "alarm_id": alarm.id,
        "kind": kind,
        "text": text,
        "details": details,
    }
    for hook in outbox.wanting(session, run.id or 0, outbox.ALARM):
        outbox.deliver(session, hook.id or 0, outbox.ALARM, data)
    return alarm


def acknowledge(session: Session, run: Run, alarm_id: int, by: User) -> Raised:
    """Note that a lead has seen it. Raises NotFound, and Conflict where somebody has acknowledged it before."""
    mine = select(Alarm).where(Alarm.id == alarm_id, Alarm.run_id == run.id)
    if session.exec(mine.with_for_update()).first() is None:
        raise NotFound(f"run {run.id} has no alarm {alarm_id}")
    [found] = of_run(session, run, alarm_id + 1, 1)
    if found.acknowledged_at is not None:
        raise Conflict(f"alarm {alarm_id} was acknowledged by {found.acknowledged_by} already")
    session.add(Acknowledgement(alarm_id=alarm_id, user_id=by.id or 0))
    journal.note(session, by, "alarm.acknowledge", run, alarm=alarm_id, kind=found.kind)
    [found] = of_run(session, run, alarm_id + 1, 1)
    return found


def of_run(
    session: Session, run: Run, after: int = 0, limit: int = MOST_OPEN, *, only_open: bool = False
) -> Sequence[Raised]:
    """Alarms of a run, newest first, from after the one with this id on."""
    statement = (
        wide_select(Alarm, col(User.name), col(Acknowledgement.created_at))
        .join(Acknowledgement, col(Acknowledgement.alarm_id) == Alarm.id, isouter=True)
        .join(User, col(User.id) == Acknowledgement.user_id, isouter=True)
        .where(col(Alarm.run_id) == run.id)
        .order_by(col(Alarm.id).desc())
        .limit(limit)
    )
    if after:
        statement = statement.where(col(Alarm.id) < after)
    if only_open:
        statement = statement.where(col(Acknowledgement.id).is_(None))
    return [
        Raised(**one.model_dump(exclude={"run_id"}), acknowledged_by=name, acknowledged_at=at)
        for one, name, at in session.execute(statement)
    ]
