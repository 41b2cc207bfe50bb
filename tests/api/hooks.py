"""A project with webhooks: an API and a worker's courier over one store."""

from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlmodel import col, update

from prelabel import projects, runs
from prelabel.client import Client
from prelabel.models import Delivery, now
from prelabel.people import users
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_worker.courier import Courier
from tests.api.recording import RecordingQueue
from tests.api.serving import served
from tests.factories import FakeDrafter, make_run, sure, work_off

SETTINGS = Settings(webhook_key=SecretStr("a key"), webhook_private=True)
BOTH = ["label.settled", "run.finished"]


class Site:
    """An API and a worker's courier over one store."""

    def __init__(self, store: Store, settings: Settings = SETTINGS) -> None:
        self.store = store
        app = served("site", store, settings, RecordingQueue())
        self.lead, self.reviewer = (self._client(TestClient(app), role) for role in ("lead", "reviewer"))
        self.courier = Courier(store, settings)
        with store.writing() as session:
            projects.define(
                session,
                "p",
                runs.schema_at({"fields": {"topic": {"kind": "choice", "options": ["a", "b", "c"]}}}),
            )

    def _client(self, http: TestClient, role: str) -> Client:
        with self.store.writing() as session:
            token = users.issue_token(session, users.create(session, f"a-{role}", role), "test")
        return Client("http://testserver", token, TestClient(http.app, raise_server_exceptions=False))

    def hook(self, url: str, events: list[str] | None = None) -> dict[str, Any]:
        return dict(self.lead.post("/projects/p/webhooks", {"url": url, "events": events or BOTH}))

    def deliveries(self, hook: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self.lead.items(f"/projects/p/webhooks/{hook['id']}/deliveries"))

    def pass_time(self) -> None:
        """As if all that is put off were due."""
        with self.store.writing() as session:
            later = update(Delivery).where(col(Delivery.due_at).is_not(None))
            session.exec(later.values(due_at=now() - timedelta(seconds=1)))


def drafted(store: Store, examples: int) -> int:
    """A run all of whose examples are accepted."""
    run_id = make_run(store, examples)
    work_off(store, run_id, FakeDrafter(sure))
    return run_id


def answer(site: Site, topic: str = "b") -> dict[str, Any]:
    [work] = site.reviewer.post("/queue/claim", {"limit": 1})
    token = f"token-of-slot-{work['slot_id']}"
    site.reviewer.post(f"/queue/{work['slot_id']}/submit", {"label": {"topic": topic}, "client_token": token})
    return dict(work)
