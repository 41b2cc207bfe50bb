"""People and programs that sign in: roles, and tokens of which only the hash is kept."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from prelabel.errors import Conflict, InputError, NotFound, NotSignedIn
from prelabel.events import journal
from prelabel.models import ROLES, Token, User, now

PREFIX = "pl_"
"""Every token begins so, which lets secret scanners find one that leaked."""
USED_EVERY = timedelta(minutes=1)
"""`last_used_at` is kept to this precision, to not write on every request."""


def create(session: Session, name: str, role: str) -> User:
    """A new user. Raises InputError for an unknown role or an empty name, Conflict where the name is taken."""
    if role not in ROLES:
        raise InputError(f"role: {role!r} is not one of {', '.join(ROLES)}")
    if not name.strip():
        raise InputError("name: must not be empty")
    if session.exec(select(User).where(User.name == name.strip())).first():
        raise Conflict(f"there is a user {name.strip()!r} already")
    user = User(name=name.strip(), role=role)
    session.add(user)
    session.flush()
    return user


def find(session: Session, name: str) -> User:
    """The user of this name, or NotFound."""
    user = session.exec(select(User).where(User.name == name)).first()
    if user is None:
        raise NotFound(f"there is no user {name!r}")
    return user


def issue_token(
    session: Session,
    user: User,
    name: str,
    secret: str = "",
    role: str | None = None,
    days: float | None = None,
) -> str:
    """A new token, shown this once; `secret` sets it instead of a random one. It ends after so many `days`, if that is given.

    With a `role` it may do no more than that. Raises InputError where its user may not do as much.
    """
    assert user.id is not None
    if role is not None and not may(user, role):
        raise InputError(f"role: {user.name} is {user.role}, and a token may not do more: not {role!r}")
    secret = secret or PREFIX + secrets.token_urlsafe(32)
    expires_at = None if days is None else now() + timedelta(days=days)
    session.add(Token(user_id=user.id, name=name, digest=_digest(secret), role=role, expires_at=expires_at))
    return secret


def tokens(session: Session, user: User) -> Sequence[Token]:
    """The user's tokens that are alive, oldest first."""
    alive = select(Token).where(Token.user_id == user.id, *_alive(now()))
    return session.exec(alive.order_by(col(Token.id))).all()


def revoke_token(session: Session, token_id: int, by: User) -> User:
    """End one token; whose it was. Raises NotFound where it is not one of theirs, and they are no admin."""
    token = session.get(Token, token_id)
    if token is None or token.revoked_at or (token.user_id != by.id and by.role != "admin"):
        raise NotFound(f"there is no token {token_id}")
    token.revoked_at = now()
    return session.get_one(User, token.user_id)


def change(session: Session, user: User, role: str | None, is_disabled: bool | None) -> list[str]:
    """Give a user another role, or close or open their account; what has changed. Raises Conflict where no admin would be left."""
    if role is not None and role not in ROLES:
        raise InputError(f"role: {role!r} is not one of {', '.join(ROLES)}")
    admins = session.exec(
        select(User).where(User.role == "admin", col(User.disabled_at).is_(None)).with_for_update()
    ).all()
    goes = user.role == "admin" and (role not in (None, "admin") or is_disabled is True)
    if goes and [one.id for one in admins] == [user.id]:
        raise Conflict(f"{user.name} is the only admin: make somebody else one first")
    changed = []
    if role is not None and role != user.role:
        user.role = role
        changed.append("role")
    if is_disabled is not None and is_disabled != (user.disabled_at is not None):
        user.disabled_at = now() if is_disabled else None
        changed.append("disabled")
    session.add(user)
    session.flush()
    return changed


def revoke_tokens(session: Session, user: User) -> int:
    """End all tokens of a user; returns how many were alive."""
    alive = tokens(session, user)
    for token in alive:
        token.revoked_at = now()
    return len(alive)


def signed_in(session: Session, secret: str) -> tuple[User, bool]:
    """The user that a token stands for, and whether it is marked as used lately. Raises NotSignedIn."""
    found = session.exec(_signed_in(), params={"digest": _digest(secret), "moment": now()}).first()
    if found is None:
        raise NotSignedIn("the token is unknown, revoked or expired")
    user, token = found
    return limited(
        session, user, token.role
    ), token.last_used_at is not None and now() - token.last_used_at < USED_EVERY


@cache
def _signed_in() -> Select[User, Token]:
    """Made once: every request asks it."""
    return (
        select(User, Token)
        .join(Token, col(Token.user_id) == User.id)
        .where(
            Token.digest == bindparam("digest"), *_alive(bindparam("moment")), col(User.disabled_at).is_(None)
        )
    )


def limited(session: Session, user: User, role: str | None) -> User:
    """The user, who may do no more than `role` for now; what is said of them in the database stays as it is."""
    if role is not None and may(user, role):
        session.expunge(user)
        user.role = role
    return user


def mark_used(session: Session, secret: str) -> None:
    """Note that a token is in use."""
    token = session.exec(select(Token).where(Token.digest == _digest(secret))).first()
    if token:
        token.last_used_at = now()


def ensure_admin(session: Session, secret: str) -> str | None:
    """Where the database has no user yet: make the first admin and return its token; None otherwise."""
    if session.exec(select(User.id).limit(1)).first() is not None:
        return None
    admin = create(session, "admin", "admin")
    journal.note(session, None, "user.add", admin, role=admin.role)
    return issue_token(session, admin, "first", secret)


def may(user: User, role: str) -> bool:
    """Whether the user's role reaches `role`."""
    return ROLES.index(user.role) >= ROLES.index(role)


def _alive(moment: Any) -> tuple[ColumnElement[bool], ...]:
    not_over = col(Token.expires_at).is_(None) | (col(Token.expires_at) > moment)
    return (col(Token.revoked_at).is_(None), not_over)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
