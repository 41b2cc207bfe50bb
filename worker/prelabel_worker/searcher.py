"""Does the searches for conflicting labels that leads have asked for, in a thread of its own: one takes minutes.

Every worker process does it; a search is done by one at a time.
"""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from prelabel import conflicts
from prelabel.errors import PrelabelError
from prelabel.settings import Settings
from prelabel.store import Store

log = logging.getLogger(__name__)


class Searcher(threading.Thread):
    """Searches until it is stopped; a database that does not answer is tried again."""

    def __init__(self, store: Store, settings: Settings, owner: str) -> None:
        super().__init__(name="searcher", daemon=True)
        self._store = store
        self._settings = settings
        self._owner = owner
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look now, and every few seconds."""
        while True:
            try:
                while not self._stopped.is_set() and conflicts.carry_on(self._store, self._owner):
                    pass
            except (SQLAlchemyError, PrelabelError) as error:
                log.warning("searching for conflicts failed, trying again: %s", error)
            except Exception:  # a fault in one round must not end all searching
                log.exception("searching for conflicts: a fault, trying again")
            if self._stopped.wait(self._settings.sweep_seconds):
                return

    def stop(self) -> None:
        """Begin no further search; one in progress ends with the process, and is done anew by another."""
        self._stopped.set()
