"""People and programs that sign in: roles, and tokens of which only the hash is kept."""

import hashlib
import secrets
from datetime import timedelta

from sqlmodel import Session, col, select

from prelabel import journal
from prelabel.errors import Conflict, InputError, NotFound, NotSignedIn
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


def issue_token(session: Session, user: User, name: str, secret: str = "") -> str:
    """A new token, shown this once; `secret` sets it instead of a random one."""
    assert user.id is not None
    secret = secret or PREFIX + secrets.token_urlsafe(32)
    session.add(Token(user_id=user.id, name=name, digest=_digest(secret)))
    return secret


def revoke_tokens(session: Session, user: User) -> int:
    """End all tokens of a user; returns how many were alive."""
    alive = session.exec(select(Token).where(Token.user_id == user.id, col(Token.revoked_at).is_(None))).all()
    for token in alive:
        token.revoked_at = now()
    return len(alive)


def signed_in(session: Session, secret: str) -> tuple[User, bool]:
    """The user that a token stands for, and whether it is marked as used lately. Raises NotSignedIn."""
    found = session.exec(
        select(User, Token)
        .join(Token, col(Token.user_id) == User.id)
        .where(
            Token.digest == _digest(secret), col(Token.revoked_at).is_(None), col(User.disabled_at).is_(None)
        )
    ).first()
    if found is None:
        raise NotSignedIn("the token is unknown or revoked")
    user, token = found
    return user, token.last_used_at is not None and now() - token.last_used_at < USED_EVERY


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


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
