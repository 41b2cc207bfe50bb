"""Removes what has been kept for long enough, in a thread of its own: of a large project it takes minutes.

Every worker process does it; a project is one's at a time.
"""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from prelabel.errors import PrelabelError
from prelabel.operations import retention
from prelabel.settings import Settings
from prelabel.store import Store

log = logging.getLogger(__name__)
LOOK_SECONDS = 600
"""How often it is looked whether a project's hour is over."""


class Remover(threading.Thread):
    """Removes until it is stopped; a database that does not answer is tried again."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__(name="remover", daemon=True)
        self._store = store
        self._settings = settings
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look now, and every ten minutes."""
        while True:
            try:
                retention.carry_on(self._store, self._settings)
            except (SQLAlchemyError, PrelabelError) as error:
                log.warning("removing what is old failed, trying again: %s", error)
            except Exception:  # a fault in one round must not end all removing
                log.exception("removing what is old: a fault, trying again")
            if self._stopped.wait(LOOK_SECONDS):
                return

    def stop(self) -> None:
        """Begin no further round; one in progress ends with the process, and goes on where it was."""
        self._stopped.set()
