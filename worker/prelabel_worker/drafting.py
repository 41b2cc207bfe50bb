"""The engine of this process, on an event loop in a thread of its own for as long as the process lives."""

import asyncio
import threading
from functools import cache

from prelabel.lanes.engine import Engine
from prelabel.llm.drafters import Drafters
from prelabel.settings import settings
from prelabel.store import store

STOP_SECONDS = 20.0
"""How long calls in flight may still take once the worker is told to end."""


class Drafting:
    """An engine that can be woken and stopped from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._engine = Engine(store(), settings(), Drafters(store(), settings()))
        threading.Thread(target=self._loop.run_forever, name="drafting", daemon=True).start()

    def wake(self, run_id: int) -> None:
        """Draft what waits in a run; returns at once."""
        self._loop.call_soon_threadsafe(self._engine.wake, run_id)

    def stop(self) -> None:
        """Start no further calls; return once those in flight are kept, or have taken too long."""
        stopping = asyncio.run_coroutine_threadsafe(self._engine.stop(STOP_SECONDS), self._loop)
        stopping.result(STOP_SECONDS + 10)


_making = threading.Lock()


def drafting() -> Drafting:
    """The one of this process, made at first use."""
    with _making:
        return _drafting()


@cache
def _drafting() -> Drafting:
    return Drafting()
