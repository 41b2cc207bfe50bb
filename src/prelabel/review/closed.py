"""Runs whose queue is closed to a person."""

from collections.abc import Collection

from sqlalchemy import text
from sqlmodel import Session

from prelabel.errors import NotAllowed

PAUSES = text("SELECT run_id, is_paused FROM reviewer_pause WHERE user_id = :user_id ORDER BY id")
"""By hand: it is asked before each claim."""


def closed_runs(session: Session, user_id: int) -> list[int]:
    """The runs in which this person is paused now, by id."""
    rows = session.execute(PAUSES, {"user_id": user_id})
    closed: set[int] = set()
    for run_id, is_paused in rows:
        (closed.add if is_paused else closed.discard)(run_id)
    return sorted(closed)


def refusal(run_ids: Collection[int]) -> NotAllowed:
    """What a person is told who asks for work of runs that are closed to them; it says nothing of how that came to be."""
    which = " and ".join(f"run {run_id}" for run_id in run_ids)
    return NotAllowed(
        f"a lead would like to talk with you before you go on with {which}: please get in touch with them; "
        "your work is kept"
    )
