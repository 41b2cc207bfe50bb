"""To wait for what comes by itself."""

import time
from collections.abc import Callable

SECONDS = 90
"""Far longer than anything takes on a busy machine: only what never comes costs as much."""


def wait_until(
    holds: Callable[[], object],
    told: Callable[[], str] = str,
    every: float = 0.05,
    seconds: float = SECONDS,
) -> None:
    """Return once it holds. An AssertionError with what is `told` then, such as logs, where it does not in so many seconds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, told()
        time.sleep(every)
