"""Passwords of people: argon2id, by the library's defaults (RFC 9106's second choice)."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from prelabel.errors import InputError

SHORTEST, LONGEST = 10, 1_000
"""Characters; a long one costs no more to check, but has to end somewhere."""


def hashed(password: str) -> str:
    """What is kept of it. Raises InputError where it is too short."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(
            f"password: must have from {SHORTEST} to {LONGEST:,} characters, not {len(password)}"
        )
    return _hasher().hash(password)


def is_right(password: str, kept: str) -> bool:
    """Whether it is the password that was kept. Without any kept it takes as long, and is not."""
    try:
        _hasher().verify(kept or _nobodys(), password[:LONGEST])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return bool(kept)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    """What an unknown name is checked against, so that it takes as long as a known one."""
    return _hasher().hash("nobody's password")
