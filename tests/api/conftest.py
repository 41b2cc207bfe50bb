"""The application over a fresh store, with a signed-in client for each role."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from prelabel.client import Client
from prelabel.people import users
from prelabel.settings import Settings
from prelabel.store import Store
from tests.api.hooks import Site
from tests.api.recording import RecordingQueue
from tests.api.serving import served
from tests.api.studio import Studio
from tests.factories import queued_run
from tests.receiver import Receiver

SignIn = Callable[..., Client]


@pytest.fixture
def wake() -> RecordingQueue:
    return RecordingQueue()


@pytest.fixture
def web(store: Store, wake: RecordingQueue) -> Iterator[TestClient]:
    app = served("web", store, Settings(), wake)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def sign_in(store: Store, web: TestClient) -> SignIn:
    """A client for a user of this role, made at its first use."""

    def sign_in(role: str, name: str = "") -> Client:
        with store.writing() as session:
            user = users.create(session, name or f"a-{role}", role)
            token = users.issue_token(session, user, "test")
        return Client("http://testserver", token, TestClient(web.app, raise_server_exceptions=False))

    return sign_in


@pytest.fixture
def lead(sign_in: SignIn) -> Client:
    return sign_in("lead")


@pytest.fixture
def reviewer(sign_in: SignIn) -> Client:
    return sign_in("reviewer")


@pytest.fixture
def studio(web: TestClient, store: Store) -> Studio:
    return Studio(web, store)


@pytest.fixture
def light_wake() -> RecordingQueue:
    return RecordingQueue()


@pytest.fixture
def light(sqlite_store: Store, light_wake: RecordingQueue) -> Studio:
    """On SQLite alone, for what no database does in another way."""
    app = served("light", sqlite_store, Settings(), light_wake)
    return Studio(TestClient(app, raise_server_exceptions=False), sqlite_store)


@pytest.fixture
def queued(sqlite_store: Store) -> int:
    """A run in the light database whose one example waits for people."""
    return queued_run(sqlite_store, 1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.close()


@pytest.fixture
def site(store: Store) -> Site:
    return Site(store)


@pytest.fixture
def light_site(sqlite_store: Store) -> Site:
    return Site(sqlite_store)
