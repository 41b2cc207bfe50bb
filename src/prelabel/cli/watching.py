"""Follow a run as it goes."""

from collections.abc import Iterator

import typer
from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.progress_bar import ProgressBar

from prelabel.cli.answering import as_json, is_json
from prelabel.cli.console import out
from prelabel.cli.exporting import newest
from prelabel.cli.naming import RunId
from prelabel.client import Client, Document
from prelabel.figures import money
from prelabel.settings import settings


def watch(
    run: RunId = 0,
) -> None:
    """Follow a run as it goes, people's part too, until all of it is done; Ctrl-C only stops the showing."""
    with Client.from_settings(settings()) as client:
        states = _until_over(client, newest(client, run))
        try:
            if is_json():
                for state in states:
                    typer.echo(as_json(state))
            else:
                _show(states)
        except KeyboardInterrupt:
            pass


def _until_over(client: Client, run_id: int) -> Iterator[Document]:
    for state in client.events(f"/runs/{run_id}/events"):
        yield state
        if state["stage"] in ("done", "cancelled"):
            return


def _show(states: Iterator[Document]) -> None:
    with Live(console=out, refresh_per_second=4) as shown:
        for state in states:
            shown.update(_screen(state))


def _screen(state: Document) -> Group:
    places, note = state["places"], f" ({escape(state['note'])})" if state["note"] else ""
    total = sum(places.values())
    cap = f" of {money(state['cap'])}" if state["cap"] else ""
    paused = "" if state["accepting"] else "; [bold red]nothing is accepted without review[/]"
    return Group(
        f"run {state['run_id']}: [bold]{state['stage']}[/]{note}{paused}",
        Padding(ProgressBar(total=total, completed=places["settled"], width=60), (0, 0, 0, 2)),
        "  " + ", ".join(f"{count:,} {place}" for place, count in places.items() if count),
        f"  spent {money(state['spent'])}{cap}; {state['workers']} worker{'' if state['workers'] == 1 else 's'}",
        *(f"  [bold red]alarm {one['id']}[/]: {escape(one['text'])}" for one in state["alarms"]),
    )
