"""Looks after batches: prepares, sends and collects them, in a thread of its own, since each step may take minutes.

Every worker process does it; a batch is advanced by one at a time.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from prelabel.lanes.batch import Batches
from prelabel.settings import Settings
from prelabel_worker.rounds import Rounds, in_spite_of_faults


class Batcher(Rounds):
    """Advances batches."""

    def __init__(self, batches: Batches, settings: Settings) -> None:
        super().__init__("batcher", min(settings.sweep_seconds, settings.batch_poll_seconds))
        self._batches = batches
        self._settings = settings
        self._rests: dict[int, float] = {}

    def round(self) -> None:
        """Prepare what waits and advance what is due, until there is neither."""
        is_at_work = True
        while is_at_work and not self._stopped.is_set():
            is_at_work = False
            for run_id in self._batches.runs_to_prepare():
                is_at_work |= self._prepare(run_id)
            while not self._stopped.is_set() and (batch_id := self._batches.take()):
                is_at_work = True
                with self._keeping(batch_id), in_spite_of_faults(f"batch {batch_id}"):
                    self._batches.advance(batch_id)

    def _prepare(self, run_id: int) -> bool:
        """A run for which nothing can be done, as when others hold the last of its money, is left alone until the next poll."""
        if self._rests.get(run_id, 0) > time.monotonic():
            return False
        with in_spite_of_faults(f"run {run_id}"):
            if self._batches.prepare(run_id):
                return True
        self._rests[run_id] = time.monotonic() + self._settings.batch_poll_seconds
        return False

    @contextmanager
    def _keeping(self, batch_id: int) -> Iterator[None]:
        """Keep the batch from other workers for as long as the block takes."""
        over = threading.Event()

        def keep() -> None:
            while not over.wait(self._settings.lease_seconds / 3):
                with suppress(SQLAlchemyError):
                    self._batches.keep(batch_id)

        keeper = threading.Thread(target=keep, name="batch-keeper", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
