"""What pages that follow something as it happens are shown: the state as it is now, in few figures that cost little to ask for."""

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel
from sqlmodel import Session

from prelabel import review, runs
from prelabel.events import alarms
from prelabel.events.alarms import Raised
from prelabel.money import ledger
from prelabel.routing import checks, place


class RunNow(BaseModel):
    """A run now: how far it is, what it has spent, what a lead has to look at (`alarms`, empty for others)."""

    run_id: int
    state: str
    stage: str
    note: str
    accepting: bool
    accepting_since: datetime
    places: dict[str, int]
    spent: Decimal
    cap: Decimal | None
    workers: int
    alarms: list[Raised]


class QueueNow(BaseModel):
    """The queue now, for one person: whether a claim would bring `work`, or, for seniors, `cases` that reviewers disagree on.

    `feedback` is the id of the newest piece of feedback, 0 where there is none.
    """

    work: bool
    cases: bool
    feedback: int


def of_run(session: Session, run_id: int, for_lead: bool) -> RunNow:
    """A run as a lead sees it, or as those do who are not to know checks and audits. Raises NotFound."""
    run = runs.get(session, run_id)
    places = place.counts(session, run.id or 0)
    if not for_lead:
        places = checks.seen_by_reviewers(session, run, places)
    return RunNow(
        run_id=run_id,
        state=run.state,
        stage=runs.stage(run, places),
        note=run.note,
        accepting=run.accepting,
        accepting_since=run.accepting_since,
        places=places,
        spent=ledger.spent(session, run_id),
        cap=run.cap,
        workers=runs.workers_alive(session),
        alarms=[*alarms.of_run(session, run, only_open=True)] if for_lead else [],
    )


def of_queue(session: Session, user_id: int, is_senior: bool) -> QueueNow:
    """What the queue has for a person."""
    return QueueNow(
        work=review.has_work(session, user_id),
        cases=is_senior and review.has_work(session, user_id, for_senior=True),
        feedback=review.newest_feedback(session, user_id),
    )
