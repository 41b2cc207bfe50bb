"""The production queue: messages that carry ids."""

import logging

from kombu.exceptions import OperationalError

from prelabel.operations import broker
from prelabel.settings import settings

log = logging.getLogger(__name__)
WAKE_UPS = 4
"""Messages a run: a few worker processes begin at once, the others find the run within seconds."""


class CeleryQueue:
    """Answers `prelabel.queue.Queue` with Celery."""

    def draft(self, run_id: int) -> None:
        """Send messages; with a dead broker the workers' sweepers find the work later."""
        from prelabel_worker.tasks import draft

        try:
            for _ in range(WAKE_UPS):
                draft.delay(run_id)
        except (OperationalError, OSError) as error:
            log.warning(
                "the broker does not answer (%s): run %s waits for the workers' sweepers", error, run_id
            )

    def fault(self) -> str:
        """Why the broker takes no messages; empty: it does."""
        return broker.fault(settings())
