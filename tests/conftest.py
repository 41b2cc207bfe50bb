"""What tests share: databases, the recorded data, and a guard that no test reaches a real provider."""

import os
import re
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from sqlalchemy import make_url
from sqlmodel import SQLModel

from prelabel.lanes import writer
from prelabel.store import Store

hypothesis.settings.register_profile("ours", deadline=None)  # a busy machine is not a fault
hypothesis.settings.load_profile("ours")

POSTGRES = os.environ.get("PRELABEL_TEST_DATABASE", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Which of the processes that share the tests this is, from 0."""
REDIS = re.sub(
    r"(?<=/)\d+$",
    lambda found: str(int(found[0]) + PROCESS),
    os.environ.get("PRELABEL_TEST_REDIS", "redis://127.0.0.1:6379/9"),
)
"""Each process has a Redis database of its own: a worker would take another's messages for its own."""
SHARED = Path(os.environ.get("PRELABEL_SHARED", Path(__file__).parents[2] / "shared"))


def skip_at_home(reason: str) -> None:
    """Skip on a developer's machine; in CI something that is missing is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(autouse=True, scope="session")
def no_keys() -> None:
    """Keys of the person who runs the tests are out of reach, and so are settings."""
    for name in list(os.environ):
        if name.endswith("_API_KEY") or (
            name.startswith("PRELABEL_") and not name.startswith(("PRELABEL_TEST", "PRELABEL_SHARED"))
        ):
            del os.environ[name]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this machine can be reached."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    def guarded_look_up(host: Any, *args: Any, **options: Any) -> Any:
        if host not in (None, "", "127.0.0.1", "::1", "localhost", socket.gethostname()):
            raise AssertionError(f"a test tried to look up {host}")
        return look_up(host, *args, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


@pytest.fixture(autouse=True)
def eager_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What few examples bring is written at once: nobody comes to share a commit."""
    monkeypatch.setattr(writer, "GATHER_SECONDS", 0.005)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data with recorded answers of models."""
    folder = SHARED / "data"
    if not folder.is_dir():
        skip_at_home(f"no recorded data at {folder}: set PRELABEL_SHARED to its parent folder")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """URL of a PostgreSQL server on which databases can be made."""
    try:
        psycopg.connect(_plain(POSTGRES), connect_timeout=3).close()
    except psycopg.OperationalError as error:
        skip_at_home(f"PostgreSQL does not answer at {POSTGRES} ({error}): set PRELABEL_TEST_DATABASE")
    return POSTGRES


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of a fresh, empty database, dropped after the test."""
    with new_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> str:
    """URL of a Redis database that tests may empty."""
    import redis

    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=3).flushdb()
    except redis.ConnectionError as error:
        skip_at_home(f"Redis does not answer at {REDIS} ({error}): set PRELABEL_TEST_REDIS")
    return REDIS


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database to copy from."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Iterator[str]:
    """URL of a migrated database that tests share, one after the other: emptying one is quicker than making one."""
    with new_database(postgres_server) as url:
        store = Store(url)
        store.migrate()
        store.close()
        yield url


@pytest.fixture(scope="session")
def shared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """What all tests on SQLite have in turn: a statement that one of them had compiled need not be compiled for the next."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('shared') / 'prelabel.db'}")
    yield store
    store.close()


@pytest.fixture
def sqlite_store(shared_sqlite: Store, sqlite_template: Path) -> Iterator[Store]:
    """A store on a fresh SQLite file."""
    path = Path(shared_sqlite.url.removeprefix("sqlite:///"))
    path.write_bytes(sqlite_template.read_bytes())
    yield shared_sqlite
    shared_sqlite.close()
    for left in path.parent.iterdir():
        left.unlink()


@pytest.fixture(scope="session")
def shared_postgres(postgres_database: str) -> Iterator[Store]:
    """As `shared_sqlite`."""
    store = Store(postgres_database)
    yield store
    store.close()


@pytest.fixture(scope="session")
def cleaner(postgres_database: str) -> Iterator[psycopg.Connection]:
    """It stays connected, as a new connection would have to learn and plan all that EMPTY does each time."""
    with psycopg.connect(_plain(postgres_database), autocommit=True) as connection:
        yield connection


@pytest.fixture
def postgres_store(shared_postgres: Store, cleaner: psycopg.Connection) -> Iterator[Store]:
    """An empty PostgreSQL store."""
    yield shared_postgres
    cleaner.execute(END_OTHERS)
    cleaner.execute(EMPTY)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """A fresh store, once on each database."""
    fresh: Store = request.getfixturevalue(f"{request.param}_store")
    return fresh


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """URL of an empty database, dropped at the end. No test takes the power away, so none has to wait for the disk."""
    name = f"prelabel_test_{uuid.uuid4().hex[:12]}"
    _run_sql(server, f'CREATE DATABASE "{name}"', f'ALTER DATABASE "{name}" SET synchronous_commit TO off')
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    _run_sql(server, f'DROP DATABASE "{name}" WITH (FORCE)')


EMPTY = "; ".join([
    "BEGIN",
    *(f'DELETE FROM "{table.name}"' for table in reversed(SQLModel.metadata.sorted_tables)),
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL",
    "COMMIT",
])  # fmt: skip
"""Quicker than TRUNCATE, which makes a new file for each table and index."""
END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
)
"""A transaction that a test has left open would have the next one wait."""


def _run_sql(url: str, *statements: str) -> None:
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
