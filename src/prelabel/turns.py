"""A lock that threads get in the order in which they ask for it.

SQLite lets one write at a time and has the others sleep and try again: who has no luck waits until it gives up, while others
write again and again.
"""

import threading
from collections import deque


class Turns:
    """At any time it is at most one thread's turn. Any thread may end it, as where a request's end runs in another one."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False

    def wait(self, seconds: float) -> bool:
        """Wait for one's turn; False: it did not come in that time."""
        mine = threading.Event()
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            self._waiting.append(mine)
        if mine.wait(seconds):
            return True
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # it came at the last moment

    def end(self) -> None:
        """Let the next one have it."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
