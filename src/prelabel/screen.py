"""What the command line shows: tables and progress, made from the API's answers."""

import re
import time
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from prelabel.client import Client, Document
from prelabel.settings import Settings

REFRESH_SECONDS = 1.0


def plain(text: str) -> str:
    """Text that is shown as it is, brackets and all."""
    return escape(text)


def slug(file: Path) -> str:
    """A project or dataset name made of a file's name."""
    name = re.sub(r"[^a-z0-9._-]+", "-", file.name.lower().split(".")[0]).strip("-._")
    return name[:64] or "data"


def welcome(out: Console, settings: Settings) -> None:
    """What to do with a server that has just started."""
    out.print(f"[bold]Prelabel is up[/] at {settings.server} (API reference: {settings.server}/docs)")
    out.print(f"data, logs and the admin's token: {settings.home}")
    out.print("next, in another terminal (Ctrl-C here stops the server):")
    for variable, value, usual in _shared(settings):
        if value != usual:
            out.print(f"  export {variable}={value}")
    out.print("  prelabel submit FILE --schema SCHEMA")


def _shared(settings: Settings) -> list[tuple[str, str, str]]:
    """Settings that other terminals have to share: variable, value here, value without the variable."""
    fields = Settings.model_fields
    return [
        ("PRELABEL_HOME", str(settings.home), str(fields["home"].default)),
        ("PRELABEL_PORT", str(settings.port), str(fields["port"].default)),
    ]


def imported(out: Console, report: Document) -> None:
    """What an import did, with the first bad rows."""
    parts = [f"{report['rows']:,} rows: {report['added']:,} added"]
    parts += [f"{report['already_there']:,} were there already"] if report["already_there"] else []
    parts += [f"{report['repeated']:,} repeat a content"] if report["repeated"] else []
    parts += [f"[red]{report['bad']:,} bad[/]"] if report["bad"] else []
    out.print(", ".join(parts))
    for bad in report["bad_rows"][:10]:
        where = f"row {bad['row']}" + (f", {bad['field']}" if bad["field"] else "")
        out.print(f"  [red]{plain(where)}[/]: {plain(bad['reason'])}")
    if report["bad"] > 10:
        out.print(f"  … all of them at /v1/imports/{report['import_id']}/bad-rows")


def follow(out: Console, client: Client, run_id: int) -> None:
    """Show a run's progress until its drafting ends; Ctrl-C only stops the showing."""
    seen: list[tuple[float, int]] = []
    with Live(console=out, refresh_per_second=4, transient=True) as live:
        try:
            while (run := client.run(run_id))["stage"] == "drafting":
                seen.append((time.monotonic(), _drafted(run)))
                live.update(_progress(run, seen[-30:]))
                time.sleep(REFRESH_SECONDS)
        except KeyboardInterrupt:
            pass
    show_run(out, run)


def show_run(out: Console, run: Document) -> None:
    """A run in a few lines, and what to do next."""
    places = run["places"]
    out.print(
        f"run {run['id']} of {run['project']}/{run['dataset']} with {plain(run['model'])}: [bold]{run['stage']}[/]"
        + (f" ({plain(run['note'])})" if run["note"] else "")
    )
    out.print("  " + ", ".join(f"{count:,} {place}" for place, count in places.items() if count))
    cap = f" of {_money(run['cap'])}" if run["cap"] else ""
    out.print(f"  spent {_money(run['spent'])}{cap}")
    if not run["workers"] and run["stage"] == "drafting":
        out.print("  [bold red]no worker is running: nothing is drafted until one is started[/]")
    hints = {
        "paused": f"prelabel resume {run['id']}",
        "reviewing": f"people review over the API ({places['queued']:,} to go); then prelabel export {run['id']} -o labels.jsonl",
        "done": f"prelabel export {run['id']} -o labels.jsonl",
    }
    if run["stage"] in hints:
        out.print(f"  next: {hints[run['stage']]}")


def list_runs(out: Console, runs: list[Document]) -> None:
    """All runs in a table."""
    if not runs:
        out.print("no run yet: prelabel submit FILE --schema SCHEMA")
        return
    table = Table("run", "project / dataset", "model", "stage", "settled", "queued", "spent")
    for run in runs:
        places = run["places"]
        settled, queued = f"{places['settled']:,} / {sum(places.values()):,}", f"{places['queued']:,}"
        where = f"{run['project']} / {run['dataset']}"
        table.add_row(
            str(run["id"]), where, run["model"], run["stage"], settled, queued, _money(run["spent"])
        )
    out.print(table)


def list_users(out: Console, users: list[Document]) -> None:
    """All users in a table."""
    table = Table("name", "role", "since")
    for user in users:
        table.add_row(plain(user["name"]), user["role"], user["created_at"][:10])
    out.print(table)


def exported(out: Console, run: Document, output: Path, everything: bool) -> None:
    """How much of a run a written file holds."""
    total, settled = sum(run["places"].values()), run["places"]["settled"]
    if everything:
        out.print(f"{output}: all {total:,} examples, {settled:,} of them with a label")
    else:
        rest = f"; {total - settled:,} have no label yet (--all takes them too)" if total > settled else ""
        out.print(f"{output}: {settled:,} labels of {total:,} examples{rest}")


def share(figure: dict[str, Any]) -> str:
    """A share with its 95 % interval and what it rests on."""
    if not figure["n"]:
        return "none yet"
    return f"{figure['right'] / figure['n']:.1%} ({figure['low']:.1%} to {figure['high']:.1%}, n = {figure['n']:,})"


def measured(out: Console, outlook: Document, quality: Document, cost: Document) -> None:
    """How good the drafts were and what the labels cost."""
    table = Table(title="drafts", show_header=False)
    table.add_row("examples", f"{outlook['examples']:,}")
    table.add_row("accepted without review", share(outlook["accepted"]))
    table.add_row("accepted and wrong, by gold", share(outlook["accepted_wrong"]))
    table.add_row("drafts right on gold", share(outlook["gold"]))
    table.add_row("reviewed", f"{outlook['reviewed']:,}")
    table.add_row("corrected, of those reviewed", share(outlook["corrected"]))
    table.add_row("drafts that failed", f"{outlook['draft_failed']:,}")
    table.add_row(
        "waiting in the queue for",
        ", ".join(f"{name} {count:,}" for name, count in outlook["queued_for"].items()),
    )
    out.print(table)
    for field in quality["fields"]:
        _show_field(out, field)
    out.print(f"[dim]judged: {quality['basis']}[/]")
    _show_cost(out, cost)


def _show_field(out: Console, field: Document) -> None:
    if not field["accuracy"]["n"]:
        return
    out.print(f"[bold]{plain(field['name'])}[/]: drafts right {share(field['accuracy'])}")
    corrections = Table("drafted", "settled", "times", title="most frequent corrections")
    for row in field["corrections"][:10]:
        corrections.add_row(plain(row["drafted"]), plain(row["settled"]), f"{row['count']:,}")
    if field["corrections"]:
        out.print(corrections)


def _show_cost(out: Console, cost: Document) -> None:
    table = Table(
        title="cost" + ("" if cost["complete"] else " (a lower bound: some calls have no known price)"),
        show_header=False,
    )
    table.add_row("model", f"{_money(cost['model_dollars'])} for {cost['calls']:,} calls")
    table.add_row(
        "people",
        f"{_money(cost['people_dollars'])} for {cost['review_seconds'] / 3600:.1f} h, {cost['reviews']:,} reviews",
    )
    table.add_row(
        "per example", _money(cost["per_example"]) if cost["per_example"] else "nothing is settled yet"
    )
    if cost["by_hand_per_example"]:
        table.add_row("per example by hand", _money(cost["by_hand_per_example"]))
        table.add_row("saved", f"{cost['saved']:.0%}")
    out.print(table)


def _progress(run: Document, seen: list[tuple[float, int]]) -> RenderableType:
    places, total = run["places"], sum(run["places"].values())
    done = _drafted(run)
    seconds, more = seen[-1][0] - seen[0][0], done - seen[0][1]
    rate = more / seconds if seconds and more > 0 else 0.0
    left = f", {_duration((total - done) / rate)} left" if rate else ""
    lines: list[RenderableType] = [
        f"run {run['id']}: {done:,} of {total:,} drafted, {rate:,.0f} a second{left}",
        ProgressBar(total=total, completed=done, width=60),
        f"{places['settled']:,} settled, {places['queued']:,} queued for people, spent {_money(run['spent'])}",
    ]
    if not run["workers"]:
        lines.append(
            "[bold red]no worker is running: nothing is drafted until one is started (prelabel-worker)[/]"
        )
    return Group(*lines)


def _drafted(run: Document) -> int:
    return sum(count for place, count in run["places"].items() if place != "waiting")


def _money(dollars: Any) -> str:
    amount = float(dollars or 0)
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
