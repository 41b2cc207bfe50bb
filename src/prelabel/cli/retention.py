"""`prelabel retention`, how long contents are kept, and `prelabel forget`, which removes what is older now."""

import re
from typing import Annotated
from urllib.parse import quote

import typer
from rich.table import Table

from prelabel.cli import options
from prelabel.cli.answering import answer, answers, confirm
from prelabel.cli.console import err, out
from prelabel.cli.naming import ProjectOption, project_names
from prelabel.cli.screen import plain
from prelabel.client import Client, Document
from prelabel.errors import InputError
from prelabel.settings import settings

AGE = re.compile(r"([1-9]\d{0,4})d?")
Days = Annotated[
    str, typer.Argument(help="How long contents are kept, as in 90d; without it, what holds is shown.")
]


def retention(
    days: Days = "",
    replies: Annotated[str, typer.Option(help="How long raw replies of models are kept, where that is shorter.")] = "",
    project: ProjectOption = "",
    none: Annotated[bool, typer.Option("--none", help="Keep everything for ever.")] = False,
) -> None:  # fmt: skip
    """Have a project's contents removed by themselves, so many days after all runs over them were closed.

    An age that is not given stays as it is.
    """
    if none and (days or replies):
        raise InputError("give ages or --none, not both")
    with Client.from_settings(settings()) as client:
        name = options.project(client, project)
        path = f"/projects/{quote(name, safe='')}/retention"
        ages = client.get(path)
        if none or days or replies:
            given = {"days": _days(days), "replies_days": _days(replies)}
            kept = {which: age for which, age in given.items() if none or age is not None}
            ages = client.put(path, ages | kept)
        answer(ages, lambda shown: _show(name, shown))


def forget(
    older_than: Annotated[str, typer.Option("--older-than", help="The age from which contents go, as in 90d.")],
    project: Annotated[str, typer.Option(help="Only of this project; without it, of all.", autocompletion=project_names)] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and leave it there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:  # fmt: skip
    """Remove contents that nobody has worked with for so long, for good; figures, money and certificates stay."""
    days = _days(older_than)
    with Client.from_settings(settings()) as client:
        names = [project] if project else [one.name for one in client.projects()]
        would = [_ask(client, name, days, dry_run=True) for name in names]
        if dry_run or not any(one["examples"] for one in would):
            answers(would, lambda found: _show_removed(found, "to go"))
            return
        if not yes:
            _show_removed(would, "to go")
        confirm(f"remove the contents of {sum(one['examples'] for one in would):,} examples", yes)
        done = [_remove(client, one["project"], days) for one in would]
        answers(done, lambda found: _show_removed(found, "removed"))


def _remove(client: Client, project: str, days: int | None) -> Document:
    """Ask until nothing is left."""
    examples = images = 0
    while True:
        found = _ask(client, project, days, dry_run=False)
        examples, images = examples + found["examples"], images + found["images"]
        if not found["left"] or not found["examples"]:
            return found | {"examples": examples, "images": images}
        err.print(f"{plain(project)}: {found['left']:,} examples are left", highlight=False)


def _ask(client: Client, project: str, days: int | None, *, dry_run: bool) -> Document:
    body = {"older_than_days": days, "dry_run": dry_run}
    found: Document = client.post(f"/projects/{quote(project, safe='')}/removals", body)
    return {"project": project} | found


def _days(age: str) -> int | None:
    """An age as so many days. Raises InputError."""
    if not age:
        return None
    if not (found := AGE.fullmatch(age)):
        raise InputError(f"{age!r} is no age: give whole days, as in 90d")
    return int(found[1])


def _show(project: str, ages: Document) -> None:
    kept = (
        "for ever"
        if ages["days"] is None
        else f"for {ages['days']} days after all runs over them were closed"
    )
    out.print(f"project {plain(project)}: contents are kept {kept}", highlight=False)
    if ages["replies_days"] is not None:
        out.print(f"  raw replies of models for {ages['replies_days']} days", highlight=False)


def _show_removed(found: list[Document], what: str) -> None:
    table = Table("project", f"examples {what}", "as old, still in use", box=None, pad_edge=False)
    for one in found:
        table.add_row(plain(one["project"]), f"{one['examples']:,}", f"{one['kept']:,}")
    out.print(table)
