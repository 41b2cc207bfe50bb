"""`prelabel backup`, `restore`, `migrate-store`, which open the database themselves, and `delete-project`, which asks the server."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from prelabel.cli.answering import confirm, said
from prelabel.cli.console import err
from prelabel.cli.screen import plain
from prelabel.client import Client
from prelabel.errors import InputError
from prelabel.settings import settings

if TYPE_CHECKING:
    from prelabel.store import Store

Url = Annotated[
    str,
    typer.Argument(help="SQLAlchemy URL: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME."),
]


def backup(
    file: Annotated[Path, typer.Argument(help="A new file; its owner alone can read it.")],
) -> None:
    """Write all that the database holds into one SQLite file, while work goes on."""
    from prelabel.operations import moving
    from prelabel.store import Store

    with closing(Store(settings().database)) as store:
        _show(moving.back_up(store, file, _tell), f"backed up to {file}")


def restore(
    file: Annotated[
        Path, typer.Argument(help="A file of `prelabel backup`, of this version or an earlier one.")
    ],
) -> None:
    """Bring a backup into an empty database, SQLite or PostgreSQL, whichever it was made of."""
    from prelabel.operations import moving
    from prelabel.store import Store

    with closing(Store(settings().database)) as store:
        _show(moving.restore(file, store, _tell), "restored")


def migrate_store(source: Url, target: Url) -> None:
    """Move everything to another, empty database, as from SQLite to PostgreSQL; all of it, verified row by row, or nothing."""
    from prelabel.operations import moving

    with closing(_opened(source)) as old, closing(_opened(target)) as new:
        _show(moving.move(old, new, _tell), "moved; set PRELABEL_DATABASE_URL to the new one")


def delete_project(
    name: Annotated[str, typer.Argument(help="Which project.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a project for good: datasets, runs, drafts, reviews, labels. Its lines in the journal stay."""
    confirm(f"delete {name} with all its labels", yes)
    with Client.from_settings(settings()) as client:
        client.delete(f"/projects/{quote(name, safe='')}")
    said(f"{plain(name)} is deleted", deleted=name)


def _opened(url: str) -> "Store":
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    from prelabel.store import Store

    try:
        return Store(url)
    except (ArgumentError, NoSuchModuleError) as error:
        raise InputError(f"{url}: is no URL of a database: {error}") from error


def _tell(table: str, rows: int) -> None:
    if rows:
        err.print(f"{table:<18} {rows:>12,}", highlight=False)


def _show(found: dict[str, int], done: str) -> None:
    said(f"{done}: {sum(found.values()):,} rows of {len(found)} tables, verified", rows=found)


STORE: dict[str, Callable[..., None]] = {
    "backup": backup, "restore": restore, "migrate-store": migrate_store, "delete-project": delete_project,
}  # fmt: skip
