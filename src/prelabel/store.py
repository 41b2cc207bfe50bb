"""The database: the only module that opens one.

SQLite runs in WAL mode and every writing transaction begins IMMEDIATE: a deferred one that upgrades to writing fails at
once with "database is locked" when two meet. Reading sessions begin deferred, so they never wait for a writer. Writers of one
process take turns; between processes SQLite's own waiting decides.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, create_engine

from prelabel.errors import Unavailable
from prelabel.settings import settings
from prelabel.turns import Turns

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 727_001
"""Key of the PostgreSQL advisory lock that lets one process migrate at a time."""
KEPT, CONNECTIONS = 5, 40
"""Connections that a process keeps open, and those that it can have at once: as many as the web framework has threads (anyio's
default). Fewer are not handed out in turn: who has no luck waits for half a minute and fails. PostgreSQL allows 100 in all."""

BUSY_SECONDS = 15
"""How long a writer waits for the others on SQLite before it fails."""
TURN = "prelabel: whether it is this connection's turn to write"


class Store:
    """One database, as sessions: `writing` commits at its end, `reading` cannot write."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._turns = Turns()
        if (database := make_url(url).database) and self.is_sqlite:
            Path(database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = create_engine(
            url, pool_pre_ping=not self.is_sqlite, pool_size=KEPT, max_overflow=CONNECTIONS - KEPT
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", self._begin)
            event.listen(self.engine, "commit", self._end)
            event.listen(self.engine, "rollback", self._end)
        self._reading_engine = self.engine.execution_options(readonly=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.url.startswith("sqlite")

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session in one transaction: committed when the block ends, rolled back when it raises."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads."""
        with Session(self._reading_engine, expire_on_commit=False) as session:
            yield session

    def migrate(self) -> None:
        """Bring the tables to this version; safe to call from several processes at once. Raises Unavailable."""
        try:
            with self.engine.connect() as connection:
                if self.is_sqlite:
                    _migrate_sqlite(connection)
                else:
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
                    upgrade(connection)
                connection.commit()
        except OperationalError as error:
            raise Unavailable(f"the database does not answer: {error.orig}") from error

    def behind(self) -> str:
        """In what its tables differ from those of this version, as a sentence; empty: in nothing."""
        with self._reading_engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
        if found is None:
            return "the database has no tables yet"
        newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
        return "" if found == newest else f"the database is at revision {found}, this version needs {newest}"

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _begin(self, connection: Connection) -> None:
        if connection.get_execution_options().get("readonly"):
            connection.exec_driver_sql("BEGIN")
            return
        connection.info[TURN] = self._turns.wait(BUSY_SECONDS)
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            self._end(connection)
            raise

    def _end(self, connection: Connection) -> None:
        if connection.info.pop(TURN, False):
            self._turns.end()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to `revision` inside the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Do something once the session's transaction is committed; never, if it is rolled back."""
    event.listen(session, "after_commit", lambda _session: action(), once=True)


@cache
def store() -> Store:
    """The store of this process, from its settings."""
    return Store(settings().database)


def _migrate_sqlite(connection: Connection) -> None:
    """SQLite changes a table by copying and dropping it, which its foreign keys would forbid; they are checked at the end."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        upgrade(connection)
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
            raise Unavailable(f"the migration would leave rows without what they point at: {broken[:3]}")
        connection.commit()
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would be deferred
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={1000 * BUSY_SECONDS}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
