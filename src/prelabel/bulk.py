"""Many rows in one statement, the way each database does it fastest.

SQLite takes a prepared statement over and over; PostgreSQL takes all rows as one parameter, which its planner sees once.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, any_, literal, text
from sqlalchemy.dialects import sqlite
from sqlmodel import Session, col

from prelabel.models import Example

_INSERT = text("""
    INSERT INTO example (dataset_id, external_id, content_hash, content, gold, meta)
    SELECT dataset_id, external_id, content_hash, content, gold, meta
    FROM json_to_recordset(CAST(:rows AS json)) AS row(
        dataset_id int, external_id text, content_hash text, content json, gold json, meta json)
    ON CONFLICT (dataset_id, external_id) DO NOTHING
""")


def insert_new_examples(session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the examples whose id the dataset does not hold yet; returns how many."""
    if not rows:
        return 0
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return connection.execute(_INSERT, {"rows": json.dumps(rows)}).rowcount
    unless_there = sqlite.insert(Example).on_conflict_do_nothing(index_elements=["dataset_id", "external_id"])
    return connection.execute(unless_there, rows).rowcount


def among(session: Session, column: str, values: Collection[str]) -> ColumnElement[bool]:
    """The condition that a text column holds one of many values."""
    if session.connection().dialect.name == "postgresql":
        return col(column) == any_(literal(list(values), ARRAY(Text)))
    return col(column).in_(values)
