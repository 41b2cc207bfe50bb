"""How a command is told which run or project is meant; a shell completes their names where a server answers."""

from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from prelabel.client import Client
from prelabel.errors import PrelabelError
from prelabel.settings import settings

Completions = list[tuple[str, str]]


def run_ids(incomplete: str) -> Completions:
    """Numbers of runs that begin so, newest first, each with what it drafts."""
    return _known(
        lambda client: ((str(run.id), f"{run.project}/{run.dataset}") for run in client.runs()), incomplete
    )[::-1]


def project_names(incomplete: str) -> Completions:
    """Names of projects that begin so."""
    return _known(lambda client: ((project.name, "") for project in client.projects()), incomplete)


def _known(ask: Callable[[Client], Iterator[tuple[str, str]]], incomplete: str) -> Completions:
    """Nothing where no server answers: somebody is typing, and wants no error."""
    try:
        with Client.from_settings(settings()) as client:
            return [(name, about) for name, about in ask(client) if name.startswith(incomplete)]
    except PrelabelError:
        return []


_RUN = "Number of the run; without it, the newest one."
RunId = Annotated[int, typer.Argument(help=_RUN, show_default=False, autocompletion=run_ids)]
RunOption = Annotated[int, typer.Option("--run", help=_RUN, show_default=False, autocompletion=run_ids)]
ProjectOption = Annotated[str, typer.Option(
    "--project", help="Project; without it, the only one there is.", autocompletion=project_names,
)]  # fmt: skip
