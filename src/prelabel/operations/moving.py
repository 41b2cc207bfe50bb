"""All rows from one database to another: to move between SQLite and PostgreSQL, to back up, to restore.

The source is read in one transaction, as it was at one moment, and the target is written in another: it has everything, verified by
counts and a digest of every row, or nothing.
"""

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from prelabel import runs
from prelabel.errors import Conflict, InputError, Unavailable
from prelabel.store import Store

AT_ONCE, LARGE_AT_ONCE = 2_000, 10
"""Rows in memory at once; of those that hold images, much fewer."""
MODULUS = 1 << 64
Tell = Callable[[str, int], None]
"""Is told the name of a table that is across, and how many rows it has."""


class Content:
    """What a table holds: how many rows, and a digest of them that does not depend on their order."""

    def __init__(self) -> None:
        self.rows = 0
        self.digest = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Content) and (self.rows, self.digest) == (other.rows, other.digest)

    __hash__ = None  # type: ignore[assignment] # it changes

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take some more rows in."""
        self.rows += len(rows)
        for row in rows:
            hashed = hashlib.blake2b(_canonical(row), digest_size=8).digest()
            self.digest = (self.digest + int.from_bytes(hashed, "big")) % MODULUS


def move(source: Store, target: Store, tell: Tell) -> dict[str, int]:
    """Have the target hold what the source does; returns the rows of each table.

    Raises Conflict where somebody works in the source or the target holds anything, Unavailable where what arrived differs.
    """
    with source.reading() as session:
        if alive := runs.workers_alive(session):
            raise Conflict(f"workers live ({alive}): stop API and workers first, and wait half a minute")
    return copy(source, target, tell)


def back_up(source: Store, file: Path, tell: Tell) -> dict[str, int]:
    """Write all that the database holds at this moment into a new SQLite file, while work goes on; returns the rows of each table.

    Raises InputError where the file exists.
    """
    if file.exists():
        raise InputError(f"{file} exists: name a new file")
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    try:
        with closing(Store(f"sqlite:///{unfinished}")) as target:
            found = copy(source, target, tell)
            _in_one_file(target)
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return found


def restore(file: Path, target: Store, tell: Tell) -> dict[str, int]:
    """Bring a backup, also of an earlier version, into an empty database; returns the rows of each table. The file stays as it is."""
    if not file.is_file():
        raise InputError(f"there is no file {file}")
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        mine = Path(folder) / "backup.db"
        mine.touch(mode=0o600)
        _copy_file(file, mine)
        with closing(Store(f"sqlite:///{mine}")) as source:
            source.migrate()
            return copy(source, target, tell)


def copy(source: Store, target: Store, tell: Tell) -> dict[str, int]:
    """As `move`, of a source in which others may work meanwhile: what they write later does not come along."""
    if source.url == target.url:
        raise InputError("source and target are the same database")
    if behind := source.behind():
        raise Conflict(f"the source: {behind}; start this version on it once")
    target.migrate()
    with _snapshot(source) as reading, target.engine.connect() as writing:
        _refuse_rows(writing)
        found = {}
        for table in SQLModel.metadata.sorted_tables:
            found[table.name] = _copy_table(reading, writing, table)
            tell(table.name, found[table.name])
        _set_sequences(writing)
        writing.commit()
    return found


@contextmanager
def _snapshot(store: Store) -> Iterator[Connection]:
    """One transaction that sees the database as it was at its beginning, and holds up nobody."""
    with store.engine.execution_options(readonly=True).connect() as connection:
        if not store.is_sqlite:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield connection


def _refuse_rows(connection: Connection) -> None:
    for table in SQLModel.metadata.sorted_tables:
        if connection.execute(select(1).select_from(table).limit(1)).first():
            raise Conflict(f"the target holds rows already (in {table.name}): name an empty database")


def _copy_table(reading: Connection, writing: Connection, table: Table) -> int:
    """Copy a table in the order of its keys, and compare what arrived with what was sent."""
    sent, names = Content(), [column.name for column in table.columns]
    for rows in _rows(reading, table):
        sent.add(rows)
        try:
            writing.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        except (SQLAlchemyError, ValueError) as error:
            said = str(getattr(error, "orig", error)).splitlines()[0]
            raise Unavailable(
                f"the target does not take rows of {table.name}: {said}; it was left empty"
            ) from error
    arrived = Content()
    for rows in _rows(writing, table):
        arrived.add(rows)
    if arrived != sent:
        raise Unavailable(f"what arrived in {table.name} is not what was sent; the target was left empty")
    return sent.rows


def _rows(connection: Connection, table: Table) -> Iterator[Sequence[Sequence[Any]]]:
    is_large = any(isinstance(column.type, LargeBinary) for column in table.columns)
    size = LARGE_AT_ONCE if is_large else AT_ONCE
    statement = select(table).order_by(*table.primary_key.columns)
    with connection.execute(statement, execution_options={"yield_per": size}) as result:
        yield from result.partitions()


def _set_sequences(connection: Connection) -> None:
    """Have PostgreSQL number on from where the rows end; SQLite does by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in SQLModel.metadata.sorted_tables:
        key = table.autoincrement_column
        sequence = key is not None and connection.scalar(
            select(func.pg_get_serial_sequence(f'"{table.name}"', key.name))
        )
        if sequence and key is not None:
            newest = connection.scalar(select(func.max(key)))
            connection.execute(select(func.setval(sequence, newest or 1, newest is not None)))


def _in_one_file(store: Store) -> None:
    """Leave nothing of a SQLite database in files beside it."""
    with store.engine.connect() as connection:
        connection.rollback()
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA journal_mode=DELETE")


def _copy_file(file: Path, to: Path) -> None:
    """Opened read-only: a store would change the file's mode."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as given:
            given.execute("VACUUM INTO ?", (str(to),))
    except sqlite3.DatabaseError as error:
        raise InputError(f"{file} is no backup that can be read: {error}") from error


def _canonical(row: Sequence[Any]) -> bytes:
    """The same bytes for the same row of any database."""
    return json.dumps(list(row), default=_plain, sort_keys=True, ensure_ascii=True).encode()


def _plain(value: Any) -> str:
    match value:
        case datetime():
            return value.isoformat()
        case Decimal():
            return f"{value.normalize():f}"
        case bytes():
            return hashlib.sha256(value).hexdigest()
        case Mapping():
            return json.dumps(dict(value), sort_keys=True)
    raise TypeError(f"no canonical form of {type(value)}")
