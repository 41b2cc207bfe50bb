"""Removes what has been kept for long enough, in a thread of its own: of a large project it takes minutes.

Every worker process does it; a project is one's at a time.
"""

from prelabel.operations import retention
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_worker.rounds import Rounds

LOOK_SECONDS = 600
"""How often it is looked whether a project's hour is over."""


class Remover(Rounds):
    """Removes what projects' ages and the server's settings say."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__("remover", LOOK_SECONDS)
        self._store = store
        self._settings = settings

    def round(self) -> None:
        """Look at each project whose hour is over; what the end of the process cuts off goes on where it was."""
        retention.carry_on(self._store, self._settings)
