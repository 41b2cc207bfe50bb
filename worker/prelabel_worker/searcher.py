"""Does the searches for conflicting labels that leads have asked for, in a thread of its own: one takes minutes.

Every worker process does it; a search is done by one at a time.
"""

from prelabel import conflicts
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_worker.rounds import Rounds


class Searcher(Rounds):
    """Does the searches that there are to do."""

    def __init__(self, store: Store, settings: Settings, owner: str) -> None:
        super().__init__("searcher", settings.sweep_seconds)
        self._store = store
        self._owner = owner

    def round(self) -> None:
        """Search until no search is asked for."""
        while not self._stopped.is_set() and conflicts.carry_on(self._store, self._owner):
            pass
