"""The commands about webhooks of a project."""

from itertools import islice
from typing import Annotated

import typer
from rich.table import Table

from prelabel.cli import options
from prelabel.cli.answering import App, answer, answers, said
from prelabel.cli.console import err, out
from prelabel.cli.naming import ProjectOption
from prelabel.cli.screen import plain
from prelabel.client import Client, Document
from prelabel.settings import settings

app = App(
    help="Who is called when something happens in a project: add, list, remove, log, resend, test.",
    no_args_is_help=True,
)
EVENTS = ("run.finished", "label.settled", "alarm")
Hook = Annotated[int, typer.Argument(help="Number of the webhook, as `prelabel webhook list` shows it.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where events are sent, https:// or http://.")],
    event: Annotated[
        list[str] | None,
        typer.Option(help=f"An event: {', '.join(EVENTS)}; may be given several times. Without it, all."),
    ] = None,
    project: ProjectOption = "",
) -> None:
    """Have events of a project sent to a URL, and print the secret that they are signed with, which is shown this once."""
    with Client.from_settings(settings()) as client:
        body = {"url": url, "events": event or [*EVENTS]}
        answer(client.post(_path(client, project), body), _show_secret)


def _show_secret(made: Document) -> None:
    err.print(f"webhook {made['id']} is added; its secret, shown this once:")
    typer.echo(made["secret"])  # alone on standard output, so that a script can take it


@app.command("list")
def list_webhooks(project: ProjectOption = "") -> None:
    """List the webhooks of a project."""
    with Client.from_settings(settings()) as client:
        answers(client.items(_path(client, project)), _show_webhooks)


def _show_webhooks(found: list[Document]) -> None:
    table = Table("webhook", "URL", "events", "added (UTC)")
    for hook in found:
        table.add_row(
            str(hook["id"]), plain(hook["url"]), ", ".join(hook["events"]), _moment(hook["created_at"])
        )
    out.print(table)


@app.command()
def remove(webhook: Hook, project: ProjectOption = "") -> None:
    """Send nothing more there; what was sent stays on record."""
    with Client.from_settings(settings()) as client:
        client.delete(f"{_path(client, project)}/{webhook}")
    said(f"webhook {webhook} is removed", webhook=webhook, removed=True)


@app.command()
def log(
    webhook: Hook,
    project: ProjectOption = "",
    limit: Annotated[int, typer.Option(min=1, help="How many, from the newest on.")] = 20,
) -> None:
    """Show what was and is to be sent to a webhook, newest first, and how the last attempt ended."""
    with Client.from_settings(settings()) as client:
        path = f"{_path(client, project)}/{webhook}/deliveries"
        answers(islice(client.items(path, limit=min(limit, 1_000)), limit), _show_deliveries)


def _show_deliveries(found: list[Document]) -> None:
    table = Table("delivery", "event", "written (UTC)", "attempts", "became of it")
    for one in found:
        table.add_row(
            str(one["id"]), one["event"], _moment(one["created_at"]), str(one["attempts"]), _became(one)
        )
    out.print(table)


@app.command()
def resend(
    webhook: Hook,
    delivery: Annotated[int, typer.Argument(help="Number of the delivery, as `prelabel webhook log` shows it.")],
    project: ProjectOption = "",
) -> None:  # fmt: skip
    """Send a delivery again, whether it arrived or not, with the id and body that it had."""
    with Client.from_settings(settings()) as client:
        _say(client.post(f"{_path(client, project)}/{webhook}/deliveries/{delivery}/resend"), webhook)


@app.command("test")
def try_out(webhook: Hook, project: ProjectOption = "") -> None:
    """Send the event webhook.test there, whichever events it is registered for."""
    with Client.from_settings(settings()) as client:
        _say(client.post(f"{_path(client, project)}/{webhook}/test"), webhook)


def _path(client: Client, project: str) -> str:
    return f"/projects/{options.project(client, project)}/webhooks"


def _say(delivery: Document, webhook: int) -> None:
    sentence = (
        f"delivery {delivery['id']} is on its way: prelabel webhook log {webhook} says what becomes of it"
    )
    said(sentence, **delivery)


def _became(delivery: Document) -> str:
    if delivery["delivered_at"]:
        return f"[green]arrived[/] {_moment(delivery['delivered_at'])}"
    why = plain(delivery["note"])
    if delivery["due_at"] is None:
        return f"[bold red]given up[/]: {why}"
    return f"to be tried {_moment(delivery['due_at'])}" + (f": {why}" if why else "")


def _moment(at: str) -> str:
    return at[:19].replace("T", " ")
