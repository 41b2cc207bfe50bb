"""The migrations make the tables that the models describe, on both databases."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

from prelabel import models
from prelabel.errors import Unavailable
from prelabel.store import MIGRATIONS, Store, upgrade

MIGRATE = "import sys; from prelabel.store import Store; Store(sys.argv[1]).migrate()"
SOURCES = str(MIGRATIONS.parents[1])


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store without any table, once on each database."""
    is_sqlite = request.param == "sqlite"
    store = Store(
        f"sqlite:///{tmp_path / 'empty.db'}" if is_sqlite else request.getfixturevalue("postgres_url")
    )
    yield store
    store.close()


def test_an_empty_database_gets_every_table_and_takes_rows(empty: Store) -> None:
    empty.migrate()
    with empty.writing() as session:
        session.add(models.User(name="Ada", role="admin"))
    with empty.reading() as session:
        assert session.get_one(models.User, 1).created_at.tzinfo is not None


def test_migrating_again_changes_nothing(empty: Store) -> None:
    empty.migrate()
    with empty.writing() as session:
        session.add(models.Project(name="kept"))
    empty.migrate()
    with empty.reading() as session:
        assert session.get_one(models.Project, 1).name == "kept"


def test_migrations_and_models_do_not_drift_apart(empty: Store) -> None:
    empty.migrate()
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrations_write_the_same_checks_as_the_models(empty: Store) -> None:
    with empty.engine.connect() as connection:  # never committed: the tables of the models go again
        SQLModel.metadata.create_all(connection)
        described = _checks(connection)
    empty.migrate()
    with empty.engine.connect() as connection:
        assert _checks(connection) == described
    assert described["run"]


def test_every_migration_can_be_taken_back(empty: Store) -> None:
    empty.migrate()
    with empty.engine.begin() as connection:
        command.downgrade(_config(connection), "base")
    with empty.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}


def test_a_migration_that_is_interrupted_leaves_the_database_as_it_was(empty: Store) -> None:
    with empty.engine.connect() as connection, connection.begin() as transaction:
        upgrade(connection)
        assert inspect(connection).get_table_names()
        transaction.rollback()
    with empty.engine.connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_processes_that_migrate_at_the_same_time_all_succeed(empty: Store) -> None:
    command_line, environment = (
        [sys.executable, "-c", MIGRATE, empty.url],
        os.environ | {"PYTHONPATH": SOURCES},
    )
    starting = [
        subprocess.Popen(command_line, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [(process.communicate()[1], process.returncode) for process in starting] == [("", 0)] * 3


def test_migrations_are_one_line_of_numbers() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == [f"{number:04d}" for number in range(len(revisions), 0, -1)]


def test_a_database_that_does_not_answer_is_said_to_be_unavailable() -> None:
    with pytest.raises(Unavailable, match="the database does not answer"):
        Store("postgresql+psycopg://nobody@127.0.0.1:1/nothing").migrate()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _checks(connection: Connection) -> dict[str, list[tuple[str | None, str]]]:
    """Names and conditions of each table's CHECK constraints."""
    found = inspect(connection)
    return {
        table: sorted((str(check["name"]), check["sqltext"]) for check in found.get_check_constraints(table))
        for table in SQLModel.metadata.tables
    }
