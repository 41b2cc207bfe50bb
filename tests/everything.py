"""A database with rows in every table, whatever tables there are."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Integer,
    LargeBinary,
    Table,
    insert,
    text,
)
from sqlmodel import SQLModel

from prelabel.models.columns import BigId, Dollars, Moment, NullableJson
from prelabel.store import Store

ROWS = 3
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
VALUES: tuple[tuple[Any, Callable[[int], Any]], ...] = (
    (Moment, lambda number: AT + timedelta(days=number)),
    (Dollars, lambda number: Decimal("0.123456789") * number),
    (Boolean, lambda number: bool(number % 2)),
    (Float, lambda number: number / 3),
    ((Integer, BigId), lambda number: number),
    (LargeBinary, lambda number: bytes(range(number, 200))),
    ((JSON, NullableJson), lambda number: {"b": [number, 0.1, None, "é\u2028"], "a": {"large": 2**60}}),
)


def fill(store: Store, rows: int = ROWS) -> None:
    """Put so many rows into each table, with values that are hard to carry: beyond ASCII, exact money, floats, bytes, NULL."""
    with store.engine.begin() as connection:
        for table in SQLModel.metadata.sorted_tables:
            connection.execute(insert(table), [_row(table, number) for number in range(1, rows + 1)])
        if not store.is_sqlite:  # as if the database had given the numbers itself
            for table in SQLModel.metadata.sorted_tables:
                if (key := table.autoincrement_column) is not None:
                    named = f"""pg_get_serial_sequence('"{table.name}"', '{key.name}')"""
                    connection.execute(text(f"SELECT setval({named}, {rows}) WHERE {named} IS NOT NULL"))


def _row(table: Table, number: int) -> dict[str, Any]:
    return {column.name: _value(table, column, number) for column in table.columns}


def _value(table: Table, column: Column[Any], number: int) -> Any:
    if column.nullable and number == 1:
        return None
    if known := _known(table, column.name):
        return known[number % len(known)]
    for kind, make in VALUES:
        if isinstance(column.type, kind):
            return make(number)
    named = next((key.column.name for key in column.foreign_keys), column.name)
    return f"{named}-{number} ünï\n"


def _known(table: Table, column: str) -> list[str]:
    """What a check allows a column to hold."""
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint) and str(constraint.sqltext).startswith(f"{column} IN"):
            return re.findall(r"'([^']*)'", str(constraint.sqltext))
    return []
