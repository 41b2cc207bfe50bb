"""The Celery application: how messages travel and how a worker behaves."""

from pathlib import Path
from typing import Any

from celery import Celery

from prelabel.settings import Settings, settings


def transport(used: Settings) -> dict[str, Any]:
    """Broker settings: Redis where a URL is given, else files in the home folder."""
    if used.broker_url:
        # Longer than any chunk takes: a message that comes twice is harmless, the database's leases decide.
        return {"broker_url": used.broker_url, "broker_transport_options": {"visibility_timeout": 3600}}
    messages, control = used.home / "broker" / "messages", used.home / "broker" / "control"
    for folder in (messages, control):
        Path(folder).mkdir(parents=True, exist_ok=True)
    return {
        "broker_url": "filesystem://",
        "broker_transport": "prelabel_worker.files:Transport",
        "broker_transport_options": {
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "control_folder": str(control),
            "store_processed": False,
            "polling_interval": 0.05,
        },
        "worker_enable_remote_control": False,
    }


app = Celery("prelabel", include=["prelabel_worker.tasks"])
app.conf.update(
    **transport(settings()),
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=20,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=2,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1},
    task_default_queue="prelabel",
)
