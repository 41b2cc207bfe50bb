"""Looks after lost work: says that this worker lives, and finds what no message has brought here.

Every worker process does it: messages are quicker, but each process finds all runs with work by itself.
"""

import logging
import os
import socket
import threading
from typing import Protocol

from prelabel import runs
from prelabel.money import ledger
from prelabel.reports import certificates
from prelabel.review import pausing
from prelabel.routing.accepting import Watch
from prelabel.schemas import move
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_worker.rounds import Rounds, in_spite_of_faults

log = logging.getLogger(__name__)


class Wakes(Protocol):
    """What drafts, once it is told which run has work."""

    def wake(self, run_id: int) -> None:
        """Draft what waits in a run; returns at once."""


def worker_name() -> str:
    """This machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Sweeper(Rounds):
    """Looks after all runs."""

    def __init__(self, store: Store, settings: Settings, drafting: Wakes) -> None:
        super().__init__("sweeper", settings.sweep_seconds)
        self._store = store
        self._drafting = drafting
        self._watch = Watch(store)
        self._promises = threading.Thread()

    def settle(self) -> None:
        """Wait for what the last sweep left at work beside it: it holds a connection of the store."""
        if self._promises.is_alive():
            self._promises.join()

    def round(self) -> None:
        """Say that this worker lives, carry on what was begun, and wake what has work."""
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
        with in_spite_of_faults("guarantees"):
            certificates.carry_on(self._store)
