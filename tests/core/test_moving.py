"""Backup, restore and moves between databases: everything, verified, or nothing."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select
from sqlmodel import SQLModel
from typer.testing import CliRunner

from prelabel import runs
from prelabel.cli import storing
from prelabel.cli.commands import app
from prelabel.errors import Conflict, InputError, Unavailable
from prelabel.models import User
from prelabel.operations import moving
from prelabel.people import users
from prelabel.routing import place
from prelabel.settings import Settings
from prelabel.store import Store
from tests.everything import ROWS, fill
from tests.factories import queued_run

TABLES = SQLModel.metadata.sorted_tables
EVERYTHING = {table.name: ROWS for table in TABLES}


def silent(_table: str, _rows: int) -> None:
    pass


def rows_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in TABLES
        }


def count(store: Store) -> int:
    with store.engine.connect() as connection:
        return sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    """A SQLite database that has no tables yet."""
    made = Store(f"sqlite:///{tmp_path / 'empty.db'}")
    yield made
    made.close()


@pytest.fixture
def pair(
    request: pytest.FixtureRequest, sqlite_store: Store, postgres_store: Store, empty: Store
) -> tuple[Store, Store]:
    """A full source and an empty target."""
    source, target = {
        "to postgres": (sqlite_store, postgres_store),
        "to sqlite": (postgres_store, sqlite_store),
        "among sqlite": (sqlite_store, empty),
    }[request.param]
    fill(source)
    return source, target


@pytest.mark.parametrize("pair", ["to postgres", "to sqlite", "among sqlite"], indirect=True)
def test_a_move_brings_every_row_of_every_table_as_it_was(pair: tuple[Store, Store]) -> None:
    source, target = pair
    assert moving.move(source, target, silent) == EVERYTHING
    assert rows_of(target) == rows_of(source)
    assert len(EVERYTHING) > 35


@pytest.mark.parametrize("pair", ["to postgres", "to sqlite"], indirect=True)
def test_the_target_numbers_on_from_where_the_rows_end(pair: tuple[Store, Store]) -> None:
    moving.move(*pair, silent)
    with pair[1].writing() as session:
        made = users.create(session, "after the move", "reviewer")
        session.flush()
        assert made.id == ROWS + 1


def test_work_goes_on_after_a_move(sqlite_store: Store, postgres_store: Store) -> None:
    run_id = queued_run(sqlite_store, 5)
    moving.move(sqlite_store, postgres_store, silent)
    with postgres_store.reading() as session:
        assert place.counts(session, run_id)["queued"] == 5


def test_a_target_with_a_single_row_is_refused(sqlite_store: Store, postgres_store: Store) -> None:
    with postgres_store.writing() as session:
        users.create(session, "ada", "admin")
    with pytest.raises(Conflict, match="in users"):
        moving.move(sqlite_store, postgres_store, silent)


def test_what_cannot_be_carried_leaves_the_target_empty(sqlite_store: Store, postgres_store: Store) -> None:
    fill(sqlite_store)
    with sqlite_store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE scratch SET comment = 'a' || char(0) || 'b'")
    with pytest.raises(Unavailable, match="scratch"):
        moving.move(sqlite_store, postgres_store, silent)
    assert count(postgres_store) == 0


def test_a_row_that_arrives_otherwise_than_it_was_sent_is_noticed(sqlite_store: Store, empty: Store) -> None:
    fill(sqlite_store)

    def spoil(connection: Connection, *about: object) -> None:
        if str(about[1]).startswith("INSERT INTO label"):
            connection.exec_driver_sql("UPDATE draft SET confidence = 0.5 WHERE id = 2")
            connection.exec_driver_sql("UPDATE label SET source = 'gold' WHERE id = 2")

    event.listen(empty.engine, "after_cursor_execute", lambda *about: spoil(about[0], *about[1:]))
    with pytest.raises(Unavailable, match="what arrived in label"):
        moving.move(sqlite_store, empty, silent)
    assert count(empty) == 0


def test_nothing_is_moved_while_a_worker_lives_or_onto_itself(sqlite_store: Store, empty: Store) -> None:
    with pytest.raises(InputError, match="the same"):
        moving.move(sqlite_store, sqlite_store, silent)
    with sqlite_store.writing() as session:
        runs.beat(session, "a-worker")
    with pytest.raises(Conflict, match="workers live"):
        moving.move(sqlite_store, empty, silent)


def test_a_backup_restores_all_of_it_and_is_its_owners_alone(
    store: Store, empty: Store, tmp_path: Path
) -> None:
    fill(store)
    file = tmp_path / "kept" / "backup.db"
    moving.back_up(store, file, silent)
    before = file.read_bytes()
    moving.restore(file, empty, silent)
    assert rows_of(empty) == rows_of(store)
    assert file.read_bytes() == before
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["backup.db"]
    with pytest.raises(InputError, match="exists"):
        moving.back_up(store, file, silent)


def test_a_backup_is_of_one_moment_while_others_write(store: Store, empty: Store, tmp_path: Path) -> None:
    fill(store)

    def meanwhile(table: str, _rows: int) -> None:
        if table == "project":  # users and labels come later
            with store.writing() as session:
                session.add(User(name=f"late {table}", role="reviewer"))

    assert moving.back_up(store, tmp_path / "backup.db", meanwhile)["users"] == ROWS
    assert count(store) == ROWS * len(TABLES) + 1


def test_a_file_that_is_no_backup_is_told(empty: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database, but long enough to be looked at" * 100)
    with pytest.raises(InputError, match="no backup"):
        moving.restore(tmp_path / "file", empty, silent)


def test_an_interrupted_backup_leaves_no_file(sqlite_store: Store, tmp_path: Path) -> None:
    def interrupt(table: str, _rows: int) -> None:
        if table == "label":
            raise KeyboardInterrupt

    fill(sqlite_store)
    folder = tmp_path / "kept"
    with pytest.raises(KeyboardInterrupt):
        moving.back_up(sqlite_store, folder / "backup.db", interrupt)
    assert list(folder.iterdir()) == []


def test_the_commands_move_back_up_and_restore(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite_store)
    command, file = CliRunner(), str(tmp_path / "backup.db")
    moved, restored = (f"sqlite:///{tmp_path / name}.db" for name in ("moved", "restored"))
    for url, arguments in (
        ("", ["migrate-store", sqlite_store.url, moved]),
        (moved, ["backup", file]),
        (restored, ["restore", file]),
    ):
        monkeypatch.setattr(storing, "settings", lambda url=url: Settings(database_url=url))
        assert f"{ROWS * len(TABLES)} rows" in command.invoke(app, arguments).output
    with sqlite3.connect(tmp_path / "restored.db") as found:
        assert found.execute("SELECT count(*) FROM label").fetchone() == (ROWS,)
