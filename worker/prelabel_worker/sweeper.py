"""Looks after lost work: says that this worker lives, and finds what no message has brought here.

Every worker process does it: messages are quicker, but each process finds all runs with work by itself.
"""

import logging
import os
import socket
import threading
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from prelabel import runs
from prelabel.errors import PrelabelError
from prelabel.money import ledger
from prelabel.reports import certificates
from prelabel.review import pausing
from prelabel.routing.accepting import Watch
from prelabel.schemas import move
from prelabel.settings import Settings
from prelabel.store import Store

log = logging.getLogger(__name__)


class Wakes(Protocol):
    """What drafts, once it is told which run has work."""

    def wake(self, run_id: int) -> None:
        """Draft what waits in a run; returns at once."""


def worker_name() -> str:
    """This machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Sweeper(threading.Thread):
    """Sweeps until it is stopped; a database that does not answer is tried again."""

    def __init__(self, store: Store, settings: Settings, drafting: Wakes) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._store = store
        self._settings = settings
        self._drafting = drafting
        self._watch = Watch(store)
        self._stopped = threading.Event()
        self._promises = threading.Thread()

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

    def settle(self) -> None:
        """Wait for what the last sweep left at work beside it: it holds a connection of the store."""
        if self._promises.is_alive():
            self._promises.join()

    def sweep(self) -> None:
        """One round."""
        with self._store.writing() as session:
            runs.beat(session, worker_name())
            ledger.forget_expired(session)
            for run in runs.that_learn(session):
                if moved := runs.learn_anew(session, run):
                    log.info("run %s: the student learns anew, %s examples are drafted again", run.id, moved)
        move.carry_on(self._store)
        pausing.carry_on(self._store)
        self._watch.look()
        self._keep_promises()
        with self._store.reading() as session:
            waiting = runs.with_work(session)
        for run_id in waiting:
            self._drafting.wake(run_id)

    def _keep_promises(self) -> None:
        """What guarantees ask for, in a thread of its own: of a large run it takes longer than a worker may be silent."""
        if not self._promises.is_alive():
            self._promises = threading.Thread(target=self._carry_on, name="guarantees", daemon=True)
            self._promises.start()

    def _carry_on(self) -> None:
        try:
            certificates.carry_on(self._store)
        except SQLAlchemyError as error:
            log.warning("a guarantee waits, trying again: %s", error)
