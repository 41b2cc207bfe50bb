"""The command that shows the journal."""

from itertools import islice
from typing import Annotated

import typer

from prelabel.cli import screen
from prelabel.cli.answering import answers
from prelabel.cli.console import out
from prelabel.client import Client
from prelabel.settings import settings


def journal(
    user: Annotated[str, typer.Option(help="Only what this user did.")] = "",
    act: Annotated[str, typer.Option(help="Only acts that begin so, as `run.` or `token.issue`.")] = "",
    project: Annotated[str, typer.Option(help="Only what was done in this project.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many lines, from the newest on.")] = 50,
) -> None:
    """Show who did what that others rely on: tokens, schemas, caps, imports, runs, exports. For admins."""
    with Client.from_settings(settings()) as client:
        found = client.items("/journal", user=user, act=act, project=project, limit=min(limit, 1_000))
        answers(islice(found, limit), lambda lines: screen.list_journal(out, lines))
