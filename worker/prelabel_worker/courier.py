"""Takes what is to be sent to webhooks there, in threads of its own: an address that does not answer holds up nobody else.

Every worker process does it; a delivery is tried by one at a time.
"""

import logging
from concurrent.futures import ThreadPoolExecutor

from prelabel.events import webhook_sending, webhooks
from prelabel.models import Webhook
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_worker.rounds import Rounds

log = logging.getLogger(__name__)
AT_ONCE = 4


class Courier(Rounds):
    """Sends what is due."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__("courier", settings.sweep_seconds)
        self._store = store
        self._settings = settings

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
