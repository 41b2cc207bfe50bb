"""One event loop for a worker process, in a thread of its own, for as long as the process lives.

A loop per task would leave LiteLLM's connections behind with each loop; in a thread, Celery's own ways to stop a task still
reach the coroutine.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

from prelabel.settings import settings

Result = TypeVar("Result")


class Loop:
    """A running event loop, and the slots for model calls that all chunks of this process share."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.slots = asyncio.Semaphore(settings().concurrency)
        threading.Thread(target=self._loop.run_forever, name="model-calls", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run to the end; an exception in the calling thread cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


def loop() -> Loop:
    """The loop of this process, made at first use, so after Celery has forked."""
    return _of_process(os.getpid())


@cache
def _of_process(_pid: int) -> Loop:
    return Loop()
