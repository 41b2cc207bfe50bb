"""Takes what is to be sent to webhooks there, in threads of its own: an address that does not answer holds up nobody else.

Every worker process does it; a delivery is tried by one at a time.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.exc import SQLAlchemyError

from prelabel.errors import PrelabelError
from prelabel.events import webhook_sending, webhooks
from prelabel.models import Webhook
from prelabel.settings import Settings
from prelabel.store import Store

log = logging.getLogger(__name__)
AT_ONCE = 4


class Courier(threading.Thread):
    """Sends until it is stopped; a database that does not answer is tried again."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__(name="courier", daemon=True)
        self._store = store
        self._settings = settings
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look now, and every few seconds."""
        while True:
            try:
                self.round()
            except (SQLAlchemyError, PrelabelError) as error:
                log.warning("sending to webhooks failed, trying again: %s", error)
            except Exception:  # a fault in one round must not end all sending
                log.exception("sending to webhooks: a fault, trying again")
            if self._stopped.wait(self._settings.sweep_seconds):
                return

    def stop(self) -> None:
        """End after the attempts in progress, or with the process: what was cut off is sent again."""
        self._stopped.set()

    def round(self) -> None:
        """Write down what is to be sent, and send what is due."""
        webhooks.write_down(self._store)
        if not webhooks.is_due(self._store):
            return
        with ThreadPoolExecutor(AT_ONCE, "courier") as pool:
            for ended in [pool.submit(self._send_all) for _ in range(AT_ONCE)]:
                ended.result()

    def _send_all(self) -> None:
        while not self._stopped.is_set() and (delivery := webhooks.take(self._store)):
            with self._store.reading() as session:
                hook = session.get_one(Webhook, delivery.webhook_id)
            status, note = webhook_sending.send(hook, delivery, self._settings)
            if note:
                log.warning("delivery %s to webhook %s: %s", delivery.id, hook.id, note)
            webhooks.record(self._store, delivery, status, note)
