"""Deletion at once and for good: a project with all that hangs on it, or all that tells who a person was.

A project goes in one transaction, everything or nothing; others who want to write wait meanwhile. What a person did stays, because
figures rest on it, under a name that tells nothing.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    cast,
    delete,
    false,
    update,
)
from sqlalchemy import select as wide_select
from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from prelabel.canonical import Json
from prelabel.errors import Conflict as Refused
from prelabel.events import journal
from prelabel.images import keeping
from prelabel.models import (
    Batch,
    Conflict,
    Dataset,
    Invitation,
    IssuedCertificate,
    JournalEntry,
    Placement,
    Project,
    Review,
    Run,
    Scratch,
    SignIn,
    Slot,
    Token,
    User,
    now,
)
from prelabel.money import ledger
from prelabel.people import users
from prelabel.reports import kept
from prelabel.review import leases

KEPT = {"journal"}
"""Tables whose rows outlive their project: they say what was done, and by whom."""
OVER = ("collected", "cancelled", "failed")


def forget_project(session: Session, project: Project, by: User) -> dict[str, int]:
    """Delete a project with its datasets, runs, drafts, calls, reviews and labels; how many rows of each table went.

    Its lines in the journal stay. Raises Conflict while anything of it is being drafted.
    """
    _refuse_while_at_work(session, project)
    spent: Decimal = ledger.spent_in_project(session, project.id or 0)
    images = keeping.of_project(session, project)
    found: dict[str, int] = {}
    with _indexed(session):
        entry = journal.note(session, by, "project.delete", project, spent=journal.dollars(spent))
        mine = update(JournalEntry).where(col(JournalEntry.project_id) == project.id)
        session.execute(mine.values(project_id=None))
        for table in reversed(SQLModel.metadata.sorted_tables):
            if table.name not in KEPT and (table.name == "project" or _owner(table) is not None):
                gone = session.connection().execute(delete(table).where(_belongs(table, project.id or 0)))
                found[table.name] = gone.rowcount
    keeping.remove_unused(session, images)
    _uninvite(session, project.id or 0)
    session.expunge(project)
    line = session.get_one(JournalEntry, entry)
    line.details = line.details | {"rows": {name: rows for name, rows in found.items() if rows}}
    return found


def _uninvite(session: Session, project_id: int) -> None:
    """Who is invited still may come in, but not into the project: SQLite may give its number to the next one."""
    for invitation in session.exec(select(Invitation).where(col(Invitation.ended_at).is_(None))):
        if project_id in invitation.project_ids:
            invitation.project_ids = [one for one in invitation.project_ids if one != project_id]


def forget_person(session: Session, user: User, by: User) -> str:
    """Close a person's account and take out what tells who they were; the name under which their work stays.

    Raises Conflict where no admin would be left.
    """
    users.change(session, user, None, is_disabled=True)
    name, known_as = user.name, f"person {user.id}"
    kept.forget(session)  # what is kept of agreement names people
    for model in (Token, SignIn, Scratch):
        session.execute(delete(model).where(col(model.user_id) == user.id))
    session.execute(
        update(Slot)
        .where(col(Slot.claimed_by) == user.id, col(Slot.state) == "open")
        .values(assigned_until=None)
    )
    leases.release(session, user.id or 0)
    open_links = update(Invitation).where(
        col(Invitation.user_id) == user.id, col(Invitation.ended_at).is_(None)
    )
    session.execute(open_links.values(ended_at=now()))
    session.execute(update(Review).where(col(Review.user_id) == user.id).values(comment=""))
    session.execute(update(Conflict).where(col(Conflict.dismissed_by) == user.id).values(comment=""))
    user.name, user.password = known_as, ""
    session.add(user)
    _rename(session, JournalEntry, "details", name, known_as)
    _rename(session, IssuedCertificate, "document", name, known_as)
    lines = update(JournalEntry).where(col(JournalEntry.subject) == f"user {name}")
    session.execute(lines.values(subject=f"user {known_as}"))
    session.flush()
    journal.note(session, by, "user.forget", user)
    return known_as


def leased(run_ids: Collection[int] | SelectOfScalar[Any]) -> SelectOfScalar[Any]:
    """Placements in these runs that are being drafted this moment."""
    held = select(Placement.id).where(col(Placement.lease_owner) > "", col(Placement.lease_until) >= now())
    return held.where(col(Placement.run_id).in_(run_ids))


def in_batches(run_ids: Collection[int] | SelectOfScalar[Any]) -> SelectOfScalar[Any]:
    """Batches of these runs that a provider still works at."""
    return select(Batch.id).where(col(Batch.run_id).in_(run_ids), col(Batch.state).not_in(OVER))


def _refuse_while_at_work(session: Session, project: Project) -> None:
    mine = (
        select(Run.id)
        .join(Dataset, col(Dataset.id) == Run.dataset_id)
        .where(Dataset.project_id == project.id)
    )
    running = session.exec(mine.where(Run.state == "running", col(Run.drafted_at).is_(None))).all()
    if running:
        raise Refused(f"run {running[0]} of project {project.name!r} is being drafted: cancel it first")
    if session.exec(leased(mine).limit(1)).first():
        raise Refused("its last calls are still on their way: try again in a minute")
    if session.exec(in_batches(mine).limit(1)).first():
        raise Refused(
            "a provider still works at a batch of it: try again once that is collected or cancelled"
        )


def _belongs(table: Table, project_id: int) -> ColumnElement[bool]:
    """Which rows of a table hang on a project, by the shortest way there."""
    if table.name == "project":
        return table.c.id == project_id
    if (column := _owner(table)) is None:
        return false()
    [key] = column.foreign_keys
    above = key.column.table
    return column.in_(wide_select(key.column).where(_belongs(above, project_id)))


def _owner(table: Table) -> Column[Any] | None:
    """The column by which a table hangs on a project, directly or by a table that does; None: it does not."""
    order = [one.name for one in SQLModel.metadata.sorted_tables]
    ways = [
        (order.index(key.column.table.name), column.name, column)
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "project"
        or (key.column.table is not table and _owner(key.column.table) is not None)
    ]
    return min(ways)[2] if ways else None


@contextmanager
def _indexed(session: Session) -> Iterator[None]:
    """For as long as the block takes: indices of all that points elsewhere. Without them, whatever points at a row that goes is
    looked for in whole tables, row by row."""
    connection, made = session.connection(), list[str]()
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            if column.foreign_keys and not _is_led(table, column):
                made.append(f"ix_forgetting_{len(made)}")
                connection.exec_driver_sql(f'CREATE INDEX {made[-1]} ON "{table.name}" ("{column.name}")')
    yield
    for name in made:
        connection.exec_driver_sql(f"DROP INDEX {name}")


def _is_led(table: Table, column: Column[Any]) -> bool:
    """Whether an index of all rows begins with this column."""
    whole = [index for index in table.indexes if index.dialect_options["postgresql"]["where"] is None]
    keys = [one for one in table.constraints if isinstance(one, PrimaryKeyConstraint | UniqueConstraint)]
    return any(next(iter(one.columns), None) is column for one in (*whole, *keys))


def _rename(session: Session, model: type[SQLModel], column: str, name: str, known_as: str) -> None:
    """Say another name wherever a document says this one."""
    held = getattr(model, column)
    for row in session.execute(
        select(model).where(cast(held, Text).contains(_escaped(name), autoescape=True))
    ).scalars():
        setattr(row, column, _with(getattr(row, column), name, known_as))
        session.add(row)


def _with(document: Json, name: str, known_as: str) -> Json:
    match document:
        case dict():
            return {key: _with(value, name, known_as) for key, value in document.items()}
        case list():
            return [_with(value, name, known_as) for value in document]
    return known_as if document == name else document


def _escaped(name: str) -> str:
    """As it stands in a JSON document."""
    return json.dumps(name)[1:-1]


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined] # SQLModel does not declare it
    return table
