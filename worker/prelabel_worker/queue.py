"""The production queue: messages that carry ids."""

import logging

from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


class CeleryQueue:
    """Answers `prelabel.queue.Queue` with Celery."""

    def draft(self, run_id: int, chunks: int = 1) -> None:
        """Send a message for each chunk; with a dead broker the sweeper finds the work later."""
        from prelabel_worker.tasks import draft

        try:
            for _ in range(chunks):
                draft.delay(run_id)
        except (OperationalError, OSError) as error:
            log.warning("the broker does not answer (%s): run %s waits for the sweeper", error, run_id)
