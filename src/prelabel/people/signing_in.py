"""Signing in at the page: a session of a browser, which a cookie stands for; and how often it may be tried."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session, col, delete, func, select, update

from prelabel.bulk import is_postgres
from prelabel.errors import NotSignedIn, TooManyAttempts
from prelabel.models import Attempt, SignIn, User, now
from prelabel.people import passwords, users

IDLE, LONGEST = timedelta(hours=12), timedelta(days=14)
"""A session ends after so long without a request, and at last after so long."""
SEEN_EVERY = timedelta(minutes=1)
"""`seen_at` is kept to this precision, to not write on every request."""
WINDOW = timedelta(minutes=15)
MOST = {"name": 10, "address": 100}
"""Attempts that may fail within the window, for one name and from one address."""
IN_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
"""Whoever has counted the attempts of a key is waited for: many at once are not all counted as the first."""


@dataclass(frozen=True)
class SignedIn:
    """Who a session stands for, its id, and whether it is marked as seen lately."""

    user: User
    id: int
    is_seen: bool


def by_password(session: Session, name: str, password: str, address: str) -> User:
    """Who this is. Raises NotSignedIn, with the same words and after as long for an unknown name as for a wrong password;
    TooManyAttempts where there were too many that failed."""
    keys = _keys(name.strip(), address)
    _check_attempts(session, keys)
    user = session.exec(
        select(User).where(User.name == name.strip(), col(User.disabled_at).is_(None))
    ).first()
    if not passwords.is_right(password, user.password if user else "") or user is None:
        raise NotSignedIn("the name or the password is not right")
    session.exec(delete(Attempt).where(col(Attempt.key) == keys[0]))
    return user


def by_token(session: Session, token: str, address: str) -> User:
    """Whose token it is. Raises NotSignedIn, TooManyAttempts."""
    check_address(session, address)
    return users.signed_in(session, token)[0]


def check_address(session: Session, address: str) -> None:
    """Raise TooManyAttempts where too many attempts from this address have failed lately."""
    _check_attempts(session, [f"address {address}"])


def note_failure(session: Session, name: str, address: str) -> None:
    """Count an attempt that failed; what lies behind the window is forgotten."""
    session.exec(delete(Attempt).where(col(Attempt.at) < now() - WINDOW))
    session.add_all([Attempt(key=key) for key in _keys(name.strip(), address)])


def begin(session: Session, user: User) -> str:
    """A session for the user; returns the secret that goes into the cookie, of which only the hash is kept."""
    secret = secrets.token_urlsafe(32)
    kept = session.get_one(User, user.id)
    role = (
        user.role if user.role != kept.role else None
    )  # a token that may do less begins a session that may do less
    session.add(SignIn(user_id=user.id or 0, digest=_digest(secret), role=role))
    return secret


def of(session: Session, secret: str) -> SignedIn:
    """Who a session's secret stands for. Raises NotSignedIn."""
    found = session.exec(
        select(User, SignIn)
        .join(SignIn, col(SignIn.user_id) == User.id)
        .where(
            *(SignIn.digest == _digest(secret), col(SignIn.ended_at).is_(None)),
            *(col(SignIn.seen_at) > now() - IDLE, col(SignIn.created_at) > now() - LONGEST),
            col(User.disabled_at).is_(None),
        )
    ).first()
    if found is None:
        raise NotSignedIn("you are signed out: sign in again")
    user, signed_in = found
    return SignedIn(
        users.limited(session, user, signed_in.role),
        signed_in.id or 0,
        now() - signed_in.seen_at < SEEN_EVERY,
    )


def mark_seen(session: Session, session_id: int) -> None:
    """Note that a session is in use."""
    session.exec(update(SignIn).where(col(SignIn.id) == session_id).values(seen_at=now()))


def end(session: Session, user: User, but: Iterable[str] = (), only: str = "") -> int:
    """End the user's sessions: the one with the secret `only`, or all `but` those with these; returns how many were alive."""
    which = update(SignIn).where(col(SignIn.user_id) == user.id, col(SignIn.ended_at).is_(None))
    if only:
        which = which.where(col(SignIn.digest) == _digest(only))
    kept = [_digest(secret) for secret in but]
    return session.exec(which.where(col(SignIn.digest).not_in(kept)).values(ended_at=now())).rowcount


def csrf_token(secret: str) -> str:
    """What a request that changes something has to bring besides the cookie: another site's page cannot know it."""
    return _digest(f"csrf {secret}")[:40]


def _check_attempts(session: Session, keys: Iterable[str]) -> None:
    for key in keys:
        if is_postgres(session):
            session.execute(IN_TURN, {"key": key})
        since = now() - WINDOW
        count, first = session.exec(
            select(func.count(), func.min(Attempt.at)).where(Attempt.key == key, col(Attempt.at) > since)
        ).one()
        if count >= MOST[key.partition(" ")[0]]:
            wait = max(1, int((first + WINDOW - now()).total_seconds()))
            raise TooManyAttempts(
                f"too many attempts to sign in have failed: try again in {-(-wait // 60)} minutes", wait
            )


def _keys(name: str, address: str) -> list[str]:
    """Names are counted by their hash: what was typed there may be a password."""
    return [f"name {_digest(name)}", f"address {address}"]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
