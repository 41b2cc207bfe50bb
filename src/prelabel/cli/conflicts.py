"""The command that finds labels of a run which contradict each other, lists them, and sends them to people."""

import time
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from prelabel.cli.answering import answers, said
from prelabel.cli.console import err, out
from prelabel.cli.exporting import newest
from prelabel.cli.naming import RunId
from prelabel.cli.screen import plain
from prelabel.client import Client, Document
from prelabel.errors import InputError, NotFound
from prelabel.settings import settings

LOOK_SECONDS = 0.5
MOST_AT_ONCE = 1_000
"""As many go to people in one request."""


def conflicts(
    run: RunId = 0,
    again: Annotated[bool, typer.Option("--again", help="Search anew, as labels have changed.")] = False,
    queue: Annotated[int, typer.Option("--queue", min=0, max=MOST_AT_ONCE, help="Send up to so many of the likeliest wrong to people.")] = 0,
    above: Annotated[float, typer.Option("--above", min=0, max=1, help="List, or send, only those with this score or more.")] = 0,
    people: Annotated[bool, typer.Option("--people", help="Send also what people have labeled, not only what was accepted.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="List as many as that.")] = 20,
) -> None:  # fmt: skip
    """Find labels of a run that contradict each other, the likeliest wrong first, and perhaps send them to people.

    The first call searches; later ones list what is still open.
    """
    with Client.from_settings(settings()) as client:
        path = f"/runs/{newest(client, run)}/conflicts"
        _searched(client, path, again)
        if queue:
            body = {"most": queue, "above": above, "people": people}
            sent = client.post(f"{path}/queue", body)["queued"]
            said(f"{len(sent):,} examples are in the queue again, with the reason conflict", queued=sent)
            return
        found = list(islice(client.items(path, above=above, limit=min(limit + 1, 1_000)), limit + 1))
    answers(found[:limit], lambda shown: list_conflicts(out, shown, is_more=len(found) > limit))


def list_conflicts(console: Console, found: list[Document], is_more: bool) -> None:
    """Some conflicts in a table."""
    if not found:
        console.print("no open conflict")
        return
    table = Table(Column("id", justify="right"), "score", "example", "against", "field", "why")
    for one in found:
        cells = [one["example"], one["counterpart"] or "", one["field"], one["why"]]
        table.add_row(str(one["id"]), f"{one['score']:.2f}", *map(plain, cells))
    console.print(table)
    if is_more:
        console.print(f"… more than these {len(found)}: --limit shows more, --above fewer")


def _searched(client: Client, path: str, again: bool) -> None:
    """Wait for a search to end; one is begun where there was none, or `again` is asked for."""
    try:
        search = client.get(f"{path}/search")
    except NotFound:
        again = True
    if again:
        search = client.post(path)
    shown = -1.0
    while search["finished_at"] is None:
        if search["share"] != shown:
            shown = search["share"]
            err.print(f"searching: {shown:.0%}")
        time.sleep(LOOK_SECONDS)
        search = client.get(f"{path}/search")
    if search["failure"]:
        raise InputError(f"the search failed: {search['failure']}")
