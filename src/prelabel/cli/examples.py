"""The command that looks through the examples of a run."""

from itertools import islice
from typing import Annotated

import typer

from prelabel.cli import screen
from prelabel.cli.answering import answers
from prelabel.cli.console import out
from prelabel.cli.exporting import newest
from prelabel.cli.naming import RunId
from prelabel.client import Client
from prelabel.settings import settings


def list_examples(
    run: RunId = 0,
    place: Annotated[str, typer.Option(help="Where they are: waiting, drafted, queued, settled or failed.")] = "",
    reason: Annotated[str, typer.Option(help="Why they are in the queue, as in low_confidence.")] = "",
    text: Annotated[str, typer.Option("--text", "-t", help="What stands in their content, in any case of letters.")] = "",
    where: Annotated[str, typer.Option(help="What holds for them: \"confidence < 0.5 and topic == 'spam'\".")] = "",
    corrected: Annotated[bool, typer.Option("--corrected", help="Only those whose label is not what was drafted.")] = False,
    disagreed: Annotated[bool, typer.Option("--disagreed", help="Only those to which people gave answers that differ.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="As many as that.")] = 20,
) -> None:  # fmt: skip
    """Look through the examples of a run: what they say, what was drafted, what they are labeled."""
    asked = {
        "place": place,
        "reason": reason,
        "text": text,
        "where": where,
        "corrected": corrected,
        "disagreed": disagreed,
    }
    with Client.from_settings(settings()) as client:
        search = {name: value for name, value in asked.items() if value}
        found = client.items(f"/runs/{newest(client, run)}/examples", limit=min(limit + 1, 1_000), **search)
        examples = list(islice(found, limit + 1))
    answers(examples[:limit], lambda shown: screen.list_examples(out, shown, is_more=len(examples) > limit))
