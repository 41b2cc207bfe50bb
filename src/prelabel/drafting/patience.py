"""How often, and after how long, a call that may pass is tried again (tenacity does the trying)."""

import random
from collections.abc import Callable

from tenacity import RetryCallState

from prelabel.errors import LimitedError, TransientError

LONGEST_WAIT = 60.0
"""Seconds that a single wait before another attempt never exceeds."""
LIMITED_FOR_ONE = 10
"""Times that a call may meet a limit for each time that it may fail otherwise."""


def pause(state: RetryCallState) -> float:
    """What the provider asked for, or an exponential backoff; with jitter, so that many callers do not return at once."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, TransientError) else None
    if asked is not None:
        return min(LONGEST_WAIT, asked + random.random() * 0.25)
    backoff: float = min(LONGEST_WAIT, 0.5 * 2 ** (state.attempt_number - 1))
    return backoff * (0.5 + random.random())


def after(failures: int) -> Callable[[RetryCallState], bool]:
    """Stop after so many failures. To be told to slow down is hardly one: a low limit is no reason to bother people."""
    left = failures * LIMITED_FOR_ONE

    def is_enough(state: RetryCallState) -> bool:
        nonlocal left
        error = state.outcome.exception() if state.outcome else None
        left -= 1 if isinstance(error, LimitedError) else LIMITED_FOR_ONE
        return left <= 0

    return is_enough
