"""Looks after lost work: says that this worker lives, and wakes runs whose messages or workers are gone.

Every worker process does it; it is harmless to do twice.
"""

import logging
import os
import socket
import threading

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from prelabel import ledger, runs
from prelabel.errors import PrelabelError
from prelabel.models import Run
from prelabel.queue import Queue
from prelabel.settings import Settings
from prelabel.store import Store

log = logging.getLogger(__name__)
WAKE_UPS = 16
"""Chunks asked for at once when a run is woken: enough for every process of a small fleet, each then asks for its next."""


def worker_name() -> str:
    """This machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Sweeper(threading.Thread):
    """Sweeps until it is stopped; a database that does not answer is tried again."""

    def __init__(self, store: Store, settings: Settings, queue: Queue) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._store = store
        self._settings = settings
        self._queue = queue
        self._stopped = threading.Event()

    def run(self) -> None:
        """Sweep now, and every few seconds."""
        while True:
            try:
                self.sweep()
            except (SQLAlchemyError, PrelabelError) as error:
                log.warning("sweeping failed, trying again: %s", error)
            if self._stopped.wait(self._settings.sweep_seconds):
                return

    def stop(self) -> None:
        """End after the sweep in progress."""
        self._stopped.set()

    def sweep(self) -> None:
        """One round."""
        with self._store.writing() as session:
            runs.beat(session, worker_name())
            ledger.forget_expired(session)
            for run in session.exec(select(Run).where(Run.state == "running", Run.model == runs.STUDENT)):
                if moved := runs.learn_anew(session, run):
                    log.info("run %s: the student learns anew, %s examples are drafted again", run.id, moved)
        with self._store.reading() as session:
            lost = {
                run_id: runs.chunks_waiting(session, run_id, self._settings.chunk_size, WAKE_UPS)
                for run_id in runs.lost_work(session)
            }
        for run_id, chunks in lost.items():
            self._queue.draft(run_id, max(1, chunks))
