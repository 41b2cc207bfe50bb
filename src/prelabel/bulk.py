"""Many rows in one statement, the way each database does it fastest.

SQLite takes a prepared statement over and over; PostgreSQL takes all rows as one JSON parameter, so that its planner, and the
driver, see the same statement whatever the number of rows.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Dialect, Table, Text, TextClause, any_, bindparam, literal, text
from sqlalchemy import insert as core_insert
from sqlalchemy import update as core_update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col

from prelabel.models import Example
from prelabel.models.columns import Dollars

Rows = Sequence[Mapping[str, Any]]
_POSTGRES: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's own


def insert_rows(session: Session, model: type[SQLModel], rows: Rows) -> None:
    """Insert rows that all have the same columns."""
    if not rows:
        return
    table = _table(model)
    if is_postgres(session):
        session.connection().execute(_insertion(table, tuple(rows[0])), {"rows": _as_json(table, rows)})
    else:
        session.connection().execute(core_insert(table), rows)


def insert_for_ids(session: Session, model: type[SQLModel], rows: Rows) -> dict[tuple[int, int], int]:
    """Insert rows of different examples in runs; returns the new id of each by its `run_id` and `example_id`."""
    if not rows:
        return {}
    table = _table(model)
    if is_postgres(session):
        returning = _insertion(table, tuple(rows[0]), " RETURNING run_id, example_id, id")
        found = session.connection().execute(returning, {"rows": _as_json(table, rows)})
    else:
        found = session.connection().execute(
            core_insert(table).returning(*(table.c[name] for name in ("run_id", "example_id", "id"))), rows
        )
    return {(run_id, example_id): new for run_id, example_id, new in found}


def update_rows(session: Session, model: type[SQLModel], rows: Rows) -> None:
    """Set the columns given of the rows with these `id`s; all rows give the same columns."""
    if not rows:
        return
    table = _table(model)
    if is_postgres(session):
        session.connection().execute(_change(table, tuple(rows[0])), {"rows": _as_json(table, rows)})
        return
    names = [name for name in rows[0] if name != "id"]
    by_id = core_update(table).where(table.c.id == bindparam("this"))
    changes = by_id.values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names})
    session.connection().execute(
        changes, [{"this": row["id"], **{f"new_{name}": row[name] for name in names}} for row in rows]
    )


def insert_new_examples(session: Session, rows: Rows) -> int:
    """Insert the examples whose id the dataset does not hold yet; returns how many."""
    if not rows:
        return 0
    connection, key = session.connection(), ["dataset_id", "external_id"]
    if is_postgres(session):
        table = _table(Example)
        unless_there = _insertion(table, tuple(rows[0]), f" ON CONFLICT ({', '.join(key)}) DO NOTHING")
        return connection.execute(unless_there, {"rows": _as_json(table, rows)}).rowcount
    return connection.execute(
        sqlite.insert(Example).on_conflict_do_nothing(index_elements=key), rows
    ).rowcount


def among(session: Session, column: str, values: Collection[str]) -> ColumnElement[bool]:
    """The condition that a text column holds one of many values."""
    if is_postgres(session):
        return col(column) == any_(literal(list(values), ARRAY(Text)))
    return col(column).in_(values)


def is_postgres(session: Session) -> bool:
    """Whether the session is one of PostgreSQL."""
    return session.connection().dialect.name == "postgresql"


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined] # SQLModel does not declare it
    return table


@cache
def _insertion(table: Table, names: tuple[str, ...], ending: str = "") -> TextClause:
    columns = ", ".join(f'"{name}"' for name in names)
    into = f'INSERT INTO "{table.name}" ({columns})'
    return text(f"{into} SELECT {columns} FROM {_rows(table, names)}{ending}")  # noqa: S608 # names of our own


@cache
def _change(table: Table, names: tuple[str, ...]) -> TextClause:
    changes = ", ".join(f'"{name}" = new."{name}"' for name in names if name != "id")
    source = _rows(table, names)
    return text(f'UPDATE "{table.name}" old SET {changes} FROM {source} WHERE old.id = new.id')  # noqa: S608 # as above


def _rows(table: Table, names: Sequence[str]) -> str:
    types = (f'"{name}" {table.c[name].type.compile(_POSTGRES)}' for name in names)
    return f"json_to_recordset(CAST(:rows AS json)) AS new ({', '.join(types)})"


def _as_json(table: Table, rows: Rows) -> str:
    money = {name for name in rows[0] if isinstance(table.c[name].type, Dollars)}
    if money:
        rows = [row | {name: _nano(row[name]) for name in money} for row in (dict(row) for row in rows)]
    return json.dumps(rows, default=_moment)


def _nano(dollars: Any) -> int | None:
    return None if dollars is None else int((dollars / Dollars.NANO).to_integral_value())


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is no JSON")
