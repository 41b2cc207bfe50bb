"""Work that never ends: round after round of it, in a thread of its own, whatever goes wrong in one of them."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from prelabel.errors import PrelabelError

log = logging.getLogger(__name__)


class Rounds(threading.Thread):
    """Makes a round as it starts, and one every so many seconds until it is stopped; one that fails is not the last."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(name=name, daemon=True)
        self._seconds = seconds
        self._stopped = threading.Event()

    def run(self) -> None:
        """Until it is stopped."""
        while True:
            with in_spite_of_faults(self.name):
                self.round()
            if self._stopped.wait(self._seconds):
                return

    def stop(self) -> None:
        """Begin no further round; what the end of the process cuts off in this one is done again, by whichever worker."""
        self._stopped.set()

    def round(self) -> None:
        """What there is to do now."""
        raise NotImplementedError


@contextmanager
def in_spite_of_faults(what: str) -> Iterator[None]:
    """Go on after the block, whatever happened in it: it is told, and the block is to be tried again later."""
    try:
        yield
    except (SQLAlchemyError, PrelabelError) as error:  # as from a database that does not answer
        log.warning("%s: trying again: %s", what, error)
    except Exception:
        log.exception("%s: a fault, trying again", what)
