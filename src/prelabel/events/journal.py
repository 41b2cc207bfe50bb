"""The journal: who did what that others rely on, one line an act, oldest first in the table and never changed.

A line is written in the transaction of its act, so that neither is there without the other. What changes nothing has no line.
Single answers of reviewers are not in it: `Review` is their history. It has nothing to do with the audit sample of a guarantee.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import select as wide_select
from sqlmodel import Session, col

from prelabel.canonical import Json
from prelabel.models import Dataset, JournalEntry, Project, Run, User

Act = Literal[
    "user.add", "user.change", "user.forget", "user.invite", "user.uninvite", "token.issue", "token.revoke", "password.set",
    "project.define", "project.delete", "member.add", "member.remove", "schema.change", "cap.set",
    "retention.set", "content.remove", "replies.remove",
    "dataset.open", "dataset.import", "dataset.imported", "image.upload",
    "run.start", "run.pause", "run.resume", "run.cancel", "run.policy", "run.reroute", "accepting.pause", "accepting.resume",
    "run.certify", "trial.start", "trial.cancel",
    "examples.requeue", "examples.assign", "examples.unassign", "examples.prioritize", "examples.close",
    "reviewer.pause", "reviewer.resume",
    "answers.import", "consensus.renew",
    "export.take",
    "conflict.search", "conflict.queue", "conflict.resolve", "conflict.dismiss", "conflict.undo",
    "webhook.add", "webhook.remove", "webhook.resend", "webhook.test",
    "alarm.acknowledge",
]  # fmt: skip
"""What is noted. `dataset.import` is an import that began, `dataset.imported` its end with how many rows it brought."""


@dataclass(frozen=True)
class Line:
    """A line with names in place of ids: `subject` is what it was done to, as in "run 3"; `user` None: the server itself."""

    id: int
    at: datetime
    user: str | None
    act: str
    project: str | None
    subject: str
    details: dict[str, Json]


def note(
    session: Session, by: User | None, act: Act, on: User | Project | Dataset | Run, **details: Json
) -> int:
    """Write a line in the session's transaction; returns its id. `details` must hold no secret: they are shown as they are."""
    project_id, subject = _named(session, on)
    user_id = by.id if by else None
    entry = JournalEntry(user_id=user_id, act=act, project_id=project_id, subject=subject, details=details)
    session.add(entry)
    session.flush()
    return entry.id or 0


def dollars(amount: Decimal | None) -> str | None:
    """Money as details hold it: exact, without the zeros at its end."""
    return None if amount is None else f"{amount.normalize():f}"


def lines(
    session: Session,
    after: int,
    limit: int,
    user: User | None = None,
    act: str = "",
    project: Project | None = None,
) -> Sequence[Line]:
    """Lines that stand after the one with id `after`, newest first, from the newest where that is 0: of one user, of acts that
    begin with `act`, and of one project, where these are given."""
    statement = (
        wide_select(JournalEntry, col(User.name), col(Project.name))
        .join(User, col(User.id) == JournalEntry.user_id, isouter=True)
        .join(Project, col(Project.id) == JournalEntry.project_id, isouter=True)
        .where(col(JournalEntry.act).startswith(act, autoescape=True))
        .order_by(col(JournalEntry.id).desc())
        .limit(limit)
    )
    if after:
        statement = statement.where(col(JournalEntry.id) < after)
    if user:
        statement = statement.where(col(JournalEntry.user_id) == user.id)
    if project:
        statement = statement.where(col(JournalEntry.project_id) == project.id)
    return [
        Line(one.id or 0, one.created_at, who, one.act, where, one.subject, one.details)
        for one, who, where in session.execute(statement)
    ]


def _named(session: Session, on: User | Project | Dataset | Run) -> tuple[int | None, str]:
    """The project that something belongs to, and what it is called."""
    match on:
        case User():
            return None, f"user {on.name}"
        case Project():
            return on.id, f"project {on.name}"
        case Dataset():
            return on.project_id, f"dataset {on.name}"
        case Run():
            what = "trial" if on.trial else "run"
            return session.get_one(Dataset, on.dataset_id).project_id, f"{what} {on.id}"
