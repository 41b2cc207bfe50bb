"""A child process that does not outlive its parent, however that ends."""

import os
import signal
import threading
import time

VARIABLE = "PRELABEL_PARENT"


def end_with_parent() -> None:
    """Where the parent asked for it (by its id in PRELABEL_PARENT): end as by SIGTERM once the parent is gone."""
    if parent := os.environ.get(VARIABLE):
        threading.Thread(target=_watch, args=(int(parent),), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
