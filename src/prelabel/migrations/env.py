"""How Alembic reaches the database: in the transaction that `prelabel.store.upgrade` has opened, or by the settings."""

from collections.abc import Iterable
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from sqlalchemy import Connection
from sqlmodel import AutoString

from prelabel import models
from prelabel.models import columns
from prelabel.settings import settings
from prelabel.store import Store


def migrate(connection: Connection) -> None:
    """Run the migrations inside the connection's transaction."""
    context.configure(
        connection=connection,
        target_metadata=models.Run.metadata,
        render_as_batch=True,  # SQLite changes a table by copying it
        render_item=column_type,
        process_revision_directives=unwrap_indexes,
    )
    with context.begin_transaction():
        context.run_migrations()


def column_type(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write our own column types by name and import them; False leaves the rest to Alembic."""
    if kind != "type":
        return False
    if isinstance(item, AutoString):
        return "sa.String()"
    if type(item).__module__ != columns.__name__:
        return False
    name = type(item).__name__
    autogenerate.imports.add(f"from prelabel.models.columns import {name}")
    return f"{name}()"


def unwrap_indexes(_context: Any, _revision: Any, scripts: Iterable[ops.MigrationScript]) -> None:
    """Take indexes out of their batches: they need no copy of the table."""
    for script in scripts:
        for half in (script.upgrade_ops, script.downgrade_ops):
            if half is not None:
                half.ops = [step for group in half.ops for step in _unwrapped(group)]


def _unwrapped(group: ops.MigrateOperation) -> list[ops.MigrateOperation]:
    if not isinstance(group, ops.ModifyTableOps):
        return [group]
    only_indexes = all(isinstance(step, ops.CreateIndexOp | ops.DropIndexOp) for step in group.ops)
    return group.ops if only_indexes else [group]


if (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    with Store(settings().database).engine.begin() as opened:
        migrate(opened)
