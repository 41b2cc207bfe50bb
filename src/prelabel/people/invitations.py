"""Links by which people become users, or get a new password: for one use, and for some days."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select, update

from prelabel.errors import NotAllowed, NotFound
from prelabel.events import journal
from prelabel.models import Invitation, Member, Project, User, now
from prelabel.people import passwords, users

LASTS = timedelta(days=7)


def invite(session: Session, by: User, role: str, projects: Sequence[Project]) -> tuple[Invitation, str]:
    """An invitation and its secret, which is shown this once. Raises NotAllowed where it is for more than `by` may do."""
    if by.role != "admin" and role != "reviewer":
        raise NotAllowed(f"role: a {by.role} invites reviewers only; ask an admin for one who is {role}")
    secret = secrets.token_urlsafe(24)
    found = Invitation(
        digest=_digest(secret), role=role, project_ids=[project.id or 0 for project in projects], by_id=by.id or 0,
        expires_at=now() + LASTS,
    )  # fmt: skip
    session.add(found)
    session.flush()
    return found, secret


def reset(session: Session, by: User, user: User) -> tuple[Invitation, str]:
    """The same, for a user to set a new password."""
    found, secret = invite(session, by, user.role, [])
    found.user_id = user.id
    return found, secret


def alive(session: Session) -> Sequence[Invitation]:
    """Those that can still be accepted, oldest first."""
    return session.exec(select(Invitation).where(*_alive()).order_by(col(Invitation.id))).all()


def end(session: Session, invitation_id: int) -> Invitation:
    """It can be accepted no longer. Raises NotFound where it cannot anyhow."""
    found = session.exec(select(Invitation).where(Invitation.id == invitation_id, *_alive())).first()
    if found is None:
        raise NotFound(f"there is no invitation {invitation_id} that could still be accepted")
    found.ended_at = now()
    return found


def accept(session: Session, secret: str, name: str, password: str) -> User:
    """The new user, or the one whose password is set now. Two at once: one of them is too late.

    Raises NotFound where the link is no good any more, Conflict where the name is taken, InputError for a bad password.
    """
    hashed = passwords.hashed(password)
    taken = session.exec(
        update(Invitation)
        .where(col(Invitation.digest) == _digest(secret), *_alive())
        .values(ended_at=now())
        .returning(col(Invitation.id))
    ).first()
    if taken is None:
        raise NotFound("this link has been used, was withdrawn, or is too old: ask for a new one")
    found = session.get_one(Invitation, taken[0])
    if found.user_id is not None:
        user = session.get_one(User, found.user_id)
        journal.note(session, user, "password.set", user)
    else:
        user = users.create(session, name, found.role)
        journal.note(session, user, "user.add", user, role=user.role)
        session.add_all(Member(project_id=key, user_id=user.id or 0) for key in found.project_ids)
    user.password = hashed
    session.flush()
    return user


def _alive() -> tuple[ColumnElement[bool], ...]:
    return (col(Invitation.ended_at).is_(None), col(Invitation.expires_at) > now())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
