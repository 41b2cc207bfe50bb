"""The commands with which a lead moves many examples at once, and looks for single answers."""

from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any

import typer

from prelabel.cli import screen_lead
from prelabel.cli.answering import answer, answers, is_json
from prelabel.cli.console import out
from prelabel.cli.exporting import newest
from prelabel.cli.naming import RunId
from prelabel.client import Client, Document
from prelabel.routing.order import Stand
from prelabel.settings import settings

FINDING = "Which examples"
Place = Annotated[
    str, typer.Option(rich_help_panel=FINDING, help="Where they are: queued, settled or failed.")
]
Reason = Annotated[
    str, typer.Option(rich_help_panel=FINDING, help="Why they are in the queue, as in low_confidence.")
]
Text = Annotated[
    str, typer.Option("--text", "-t", rich_help_panel=FINDING, help="What stands in their content.")
]
Where = Annotated[
    str,
    typer.Option(
        rich_help_panel=FINDING, help="What holds for them: \"confidence < 0.5 and topic == 'spam'\"."
    ),
]
Corrected = Annotated[
    bool,
    typer.Option(
        "--corrected", rich_help_panel=FINDING, help="Only those whose label is not what was drafted."
    ),
]
Disagreed = Annotated[
    bool,
    typer.Option(
        "--disagreed", rich_help_panel=FINDING, help="Only those to which people gave answers that differ."
    ),
]
Note = Annotated[str, typer.Option(help="Why; who sees the examples reads it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say how many it would be, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; --json does not either.")]


def requeue(
    note: Note, run: RunId = 0, place: Place = "settled", reason: Reason = "", text: Text = "", where: Where = "",
    corrected: Corrected = False, disagreed: Disagreed = False, dry_run: DryRun = False, yes: Yes = False,
) -> None:  # fmt: skip
    """Have people look at settled or failed examples again; their label stays as history."""
    search = _search(place, reason, text, where, corrected, disagreed)
    _do("requeue", run, search, {"note": note}, dry_run, yes)


def close(
    note: Note, run: RunId = 0, reason: Reason = "", text: Text = "", where: Where = "", disagreed: Disagreed = False,
    dry_run: DryRun = False, yes: Yes = False,
) -> None:  # fmt: skip
    """Ask nobody about queued examples any more: set them aside. `prelabel requeue --place failed` takes it back."""
    _do(
        "close",
        run,
        _search("queued", reason, text, where, False, disagreed),
        {"note": note},
        dry_run,
        yes,
    )


def assign(
    user: Annotated[str, typer.Argument(help="Name of the person.")],
    run: RunId = 0, reason: Reason = "", text: Text = "", where: Where = "", disagreed: Disagreed = False,
    days: Annotated[float, typer.Option(min=0.01, help="For so long nobody else is asked.")] = 3,
    take_back: Annotated[bool, typer.Option("--take-back", help="Give what they have not opened back to everyone.")] = False,
    dry_run: DryRun = False, yes: Yes = False,
) -> None:  # fmt: skip
    """Give queued examples to one person, who gets them before all others."""
    search = _search("queued", reason, text, where, False, disagreed)
    if take_back:
        _do("unassign", run, search, {"user": user}, dry_run, yes)
    else:
        _do("assign", run, search, {"user": user, "days": days}, dry_run, yes)


def prioritize(
    to: Annotated[Stand, typer.Argument(help="first, last, or own: where the queue's own order has them.")],
    run: RunId = 0, reason: Reason = "", text: Text = "", where: Where = "", disagreed: Disagreed = False,
    dry_run: DryRun = False, yes: Yes = False,
) -> None:  # fmt: skip
    """Have queued examples stand first or last in the queue, or in its own order again."""
    _do(
        "prioritize",
        run,
        _search("queued", reason, text, where, False, disagreed),
        {"to": to},
        dry_run,
        yes,
    )


def reroute(
    run: RunId = 0,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Another confidence from which drafts are accepted.")] = None,
    calibrated: Annotated[bool | None, typer.Option("--calibrated/--raw", help="Whether confidence is first mapped by gold.")] = None,
    gold_target: Annotated[float | None, typer.Option(min=0, max=1, help="Another share of gold that drafts must surely reach.")] = None,
    reviewers: Annotated[int | None, typer.Option(min=1, help="How many people answer an example.")] = None,
    dry_run: DryRun = False, yes: Yes = False,
) -> None:  # fmt: skip
    """Put a run under another policy: route again what nobody has answered, by the drafts that there are. Costs nothing."""
    given: dict[str, Any] = {"threshold": threshold, "gold_target": gold_target, "reviewers": reviewers}
    if calibrated is not None:
        given["confidence"] = "calibrated" if calibrated else "raw"
    changes = {name: value for name, value in given.items() if value is not None}
    with Client.from_settings(settings()) as client:
        run_id = newest(client, run)
        body = {"policy": client.run(run_id)["policy"] | changes}
        path = f"/runs/{run_id}/policy"
        _agreed(
            lambda dry: dict(client.put(path, body | {"dry_run": dry})),
            screen_lead.show_rerouted,
            dry_run,
            yes,
        )


def list_reviews(
    run: RunId = 0,
    reviewer: Annotated[str, typer.Option(help="Name of who answered.")] = "",
    verdict: Annotated[str, typer.Option(help="confirmed, corrected, skipped or flagged.")] = "",
    reason: Annotated[str, typer.Option(help="Why the example was in the queue.")] = "",
    text: Annotated[str, typer.Option("--text", "-t", help="What stands in the content or the comment.")] = "",
    where: Annotated[str, typer.Option(help="What holds for the answer: \"topic == 'spam'\".")] = "",
    against: Annotated[str, typer.Option(help="settled: labeled otherwise now; others: another reviewer answered otherwise.")] = "",
    undone: Annotated[bool, typer.Option("--undone", help="Also answers that were taken back.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="As many as that.")] = 20,
) -> None:  # fmt: skip
    """Look through single answers of people, newest first."""
    asked = {
        "reviewer": reviewer, "verdict": verdict, "reason": reason, "text": text, "where": where, "against": against,
        "undone": undone,
    }  # fmt: skip
    with Client.from_settings(settings()) as client:
        search = {name: value for name, value in asked.items() if value}
        found = list(
            islice(
                client.items(f"/runs/{newest(client, run)}/reviews", limit=min(limit, 1_000), **search), limit
            )
        )
    answers(found, lambda shown: screen_lead.list_reviews(out, shown))


def _search(place: str, reason: str, text: str, where: str, corrected: bool, disagreed: bool) -> Document:
    return {
        "place": place, "reason": reason, "text": text, "where": where, "corrected": corrected, "disagreed": disagreed,
    }  # fmt: skip


def _do(act: str, run: int, search: Document, body: Document, dry_run: bool, yes: bool) -> None:
    with Client.from_settings(settings()) as client:
        path = f"/runs/{newest(client, run)}/examples/{act}"
        asked = {"examples": search} | body
        _agreed(
            lambda dry: dict(client.post(path, asked | {"dry_run": dry})),
            screen_lead.show_done,
            dry_run,
            yes,
        )


def _agreed(do: Callable[[bool], Document], show: Callable[..., None], dry_run: bool, yes: bool) -> None:
    """Say what it would do and ask, unless that is not wanted; then do it and say what came of it."""
    if dry_run or not (yes or is_json()):
        answer(do(True), lambda planned: show(out, planned))
        if dry_run or not typer.confirm("Do it?"):
            return
    answer(do(False), lambda done: show(out, done))
