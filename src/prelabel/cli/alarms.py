"""The commands about the alarms of a run."""

from typing import Annotated

import typer
from rich.table import Table

from prelabel.cli.answering import App, answers, said
from prelabel.cli.console import out
from prelabel.cli.exporting import newest
from prelabel.cli.naming import RunId, RunOption
from prelabel.cli.screen import plain
from prelabel.client import Client, Document
from prelabel.settings import settings

app = App(help="What somebody has to look at in a run: list it, acknowledge it.", no_args_is_help=True)


@app.command("list")
def list_alarms(
    run: RunId = 0,
) -> None:
    """Show the alarms of a run, newest first, and who has acknowledged them."""
    with Client.from_settings(settings()) as client:
        answers(client.items(f"/runs/{newest(client, run)}/alarms"), _show)


def _show(found: list[Document]) -> None:
    table = Table("alarm", "raised (UTC)", "kind", "what happened", "acknowledged by")
    for one in found:
        raised = one["raised_at"][:16].replace("T", " ")
        by = plain(one["acknowledged_by"] or "")
        table.add_row(
            str(one["id"]), raised, one["kind"], plain(one["text"]), by or "[bold red]nobody yet[/]"
        )
    out.print(table)


@app.command()
def acknowledge(
    alarm: Annotated[int, typer.Argument(help="Number of the alarm, as `prelabel alarms list` shows it.")],
    run: RunOption = 0,
) -> None:
    """Say that you have seen an alarm: `prelabel status` shows it no longer."""
    with Client.from_settings(settings()) as client:
        client.post(f"/runs/{newest(client, run)}/alarms/{alarm}/acknowledge")
    said(f"alarm {alarm} is acknowledged", alarm=alarm, acknowledged=True)
