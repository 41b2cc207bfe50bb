"""The commands about the people of a run."""

from typing import Annotated

import typer

from prelabel.cli import screen_people
from prelabel.cli.answering import App, answers, said
from prelabel.cli.console import out
from prelabel.cli.exporting import newest
from prelabel.cli.naming import RunId, RunOption
from prelabel.client import Client
from prelabel.settings import settings

app = App(
    help="How right, careful and fast people are in a run, and who is paused there.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="Name of the person, as `prelabel user list` shows it.")]
Why = Annotated[str, typer.Option(help="Why; leads see it, the person does not.")]


@app.command("list")
def list_reviewers(
    run: RunId = 0,
) -> None:
    """Show everyone who has answered in a run, with what they got right and whether they are paused."""
    with Client.from_settings(settings()) as client:
        found = client.items(f"/runs/{newest(client, run)}/reviewers")
        answers(found, lambda people: screen_people.list_reviewers(out, people))


@app.command()
def pause(name: Name, run: RunOption = 0, why: Why = "") -> None:
    """Give a person nothing more of a run, and ask others about what they alone have answered there."""
    _change("pause", name, run, why)


@app.command()
def resume(name: Name, run: RunOption = 0, why: Why = "") -> None:
    """Let a person who is paused go on; they are judged by what they answer from now on."""
    _change("resume", name, run, why)


def _change(act: str, name: str, run: int, why: str) -> None:
    with Client.from_settings(settings()) as client:
        run_id = newest(client, run)
        client.post(f"/runs/{run_id}/reviewers/{name}/{act}", {"why": why})
    done = f"is paused in run {run_id}" if act == "pause" else f"may go on with run {run_id}"
    said(f"{screen_people.plain(name)} {done}", reviewer=name, run=run_id, is_paused=act == "pause")
