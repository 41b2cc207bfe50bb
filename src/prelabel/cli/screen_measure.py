"""What the command line shows of drafts against settled labels, made from the API's answers."""

import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prelabel.client import Document
from prelabel.figures import money, share


def show_audits(out: Console, run: Document, accepted: Document, drift: Document) -> None:
    """What audits say of the accepted drafts, and whether accepting is paused."""
    table = Table(title="accepted without review, by audits", show_header=False)
    table.add_row("accepted", f"{accepted['accepted']:,}")
    table.add_row("audits", f"{accepted['audited']:,}, {accepted['set_aside']:,} set aside")
    table.add_row("drafts right", share(accepted["accuracy"]))
    estimate = "" if accepted["wrong_left"] is None else f"about {accepted['wrong_left']:,.0f}, "
    table.add_row("wrong labels left", f"{estimate}surely at most {accepted['wrong_left_at_most']:,}")
    against = "its own beginning" if drift["target"] is None else f"the target of {drift['target']:.1%}"
    state = "ALARM" if drift["alarm_at"] else "no alarm"
    table.add_row(
        f"drift, against {against}", f"{state} ({drift['audits']:,} audits, {drift['wrong']:,} wrong)"
    )
    if not run["accepting"]:
        table.add_row("accepting", f"[bold red]paused[/]: {escape(run['accepting_note'])}")
    out.print(table)


def show_calibration(out: Console, report: Document) -> None:
    """Expected calibration errors, raw and calibrated, where any are known."""
    table = Table("on", "n", "calibration error", "calibrated, held out", "calibrator", title="confidence")
    for name in ("gold", "audits", "sent"):
        one = report[name]
        if one["n"]:
            table.add_row(name, f"{one['n']:,}", _error(one["raw"]), _error(one["calibrated"]), one["method"])
    if table.row_count:
        out.print(table)
        out.print(f"[dim]the run is routed by its {report['uses']} confidence[/]")


def _error(reliability: Document) -> str:
    return f"{reliability['error']:.3f} ({reliability['low']:.3f} to {reliability['high']:.3f})"


def show_scores(out: Console, scores: Document) -> None:
    """The parts in a table, confusions and corrections below it."""
    table = Table(
        scores["by"],
        "drafted",
        "accepted",
        "right",
        "corrected",
        "right in audits",
        "distance",
        "per example",
    )
    for one in [*scores["parts"], scores["total"] | {"name": "all"}]:
        table.add_row(
            escape(one["name"]),
            f"{one['drafted']:,}",
            f"{one['accepted']['right']:,}",
            share(one["accuracy"]),
            share(one["corrected"]),
            share(one["audited"]),
            "" if one["mean_distance"] is None else f"{one['mean_distance']:.3f}",
            "" if one["per_example"] is None else money(one["per_example"]),
        )
    out.print(table)
    for confusion in scores["confusions"]:
        _show_confusion(out, confusion)
    changes = Table("field", "drafted", "settled", "times", title="most frequent corrections")
    for row in scores["corrections"][:15]:
        changes.add_row(*(escape(row[name]) for name in ("field", "drafted", "settled")), f"{row['count']:,}")
    if changes.row_count:
        out.print(changes)
    out.print(f"[dim]{scores['basis']}[/]")


def _show_confusion(out: Console, confusion: Document) -> None:
    title = f"{escape(confusion['field'])}: drafted (rows), settled (columns, by the number of their row)"
    table = Table("", *(str(number) for number, _ in enumerate(confusion["classes"], 1)), title=title)
    for number, (name, counts) in enumerate(zip(confusion["classes"], confusion["counts"], strict=True), 1):
        table.add_row(f"{number} {escape(name)}", *(f"{count:,}" if count else "" for count in counts))
    out.print(table)


def show_cost_parts(out: Console, found: Document) -> None:
    """What the labels of each part cost."""
    table = Table(
        found["by"], "labels", "accepted", "calls", "models", "people", "per example", "models, per accepted"
    )
    for one in found["parts"]:
        table.add_row(
            escape(one["name"]),
            f"{one['settled']:,}",
            f"{one['accepted']:,}",
            f"{one['calls']:,}",
            money(one["model_dollars"]) + (" or more" if one["unpriced_calls"] else ""),
            money(one["people_dollars"]),
            "" if one["per_example"] is None else money(one["per_example"]),
            "" if one["per_accepted"] is None else money(one["per_accepted"]),
        )
    out.print(table)


def show_comparison(out: Console, found: Document) -> None:
    """Which of two is better, by how much, and where."""
    difference = found["difference"]
    first, second = escape(found["first"]), escape(found["second"])
    table = Table(title=f"{first} and {second} on the same {difference['n']:,} examples", show_header=False)
    table.add_row(f"{first} right", share(difference["first"]))
    table.add_row(f"{second} right", share(difference["second"]))
    if difference["difference"] is not None:
        low, high = f"{difference['low']:+.1%}", f"{difference['high']:+.1%}"
        table.add_row("difference", f"{difference['difference']:+.1%} ({low} to {high})")
        table.add_row(
            "only one right", f"{first} {difference['only_first']:,}, {second} {difference['only_second']:,}"
        )
        table.add_row("chance of this if equal", f"{difference['chance']:.2g}")
    out.print(table)
    examples = Table("id", first, second, "settled", title="only one is right")
    for one in found["discordant"]["items"]:
        cells = [json.dumps(one[name], ensure_ascii=False) for name in ("first", "second", "settled")]
        examples.add_row(escape(one["example_id"]), *map(escape, cells))
    if examples.row_count:
        out.print(examples)
    out.print(f"[dim]{found['basis']}[/]")
