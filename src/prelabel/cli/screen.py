"""What the command line shows, made from the API's answers; of runs and of money, see the two modules beside this one."""

import json
import re
from itertools import groupby
from pathlib import Path
from textwrap import shorten

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from prelabel.client import Document
from prelabel.examples.content import as_text
from prelabel.figures import money, share
from prelabel.settings import Settings


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
    out.print(f"people review at {settings.server}: sign in with the token in {settings.home / 'token'}")
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
    parts += [f"{report['drafts']:,} drafts"] if report["drafts"] else []
    parts += [f"[red]{report['bad_drafts']:,} bad drafts[/]"] if report["bad_drafts"] else []
    out.print(", ".join(parts))
    if report["models"]:
        names = ", ".join(f"given/{plain(name)} ({count:,})" for name, count in report["models"].items())
        out.print(f"  drafts of the dataset, for --model: {names}", soft_wrap=True)
    for bad in report["bad_rows"][:10]:
        where = f"row {bad['row']}" + (f", {bad['field']}" if bad["field"] else "")
        out.print(f"  [red]{plain(where)}[/]: {plain(bad['reason'])}")
    for said, times in report["lost"].items():
        out.print(f"  [yellow]not carried over[/]: {plain(said)} ({times:,} times)")
    if report["bad"] + report["bad_drafts"] > 10:
        out.print(f"  … all of them at /v1/imports/{report['import_id']}/bad-rows")


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
        table.add_row(str(run["id"]), where, run["model"], run["stage"], settled, queued, money(run["spent"]))
    out.print(table)


def list_examples(out: Console, examples: list[Document], is_more: bool) -> None:
    """Some examples in a table."""
    if not examples:
        out.print("no example of the run is as asked for")
        return
    table = Table("id", "content", Column("place", no_wrap=True), "draft", "sure", "label", "by")
    for one in examples:
        place = one["status"] + (f"\n{one['reason']}" if one["reason"] else "")
        sure = "" if one["confidence"] is None else f"{one['confidence']:.2f}"
        cells = [
            one["id"],
            _short(as_text(one["content"])),
            place,
            shown_label(one["draft"]),
            sure,
            shown_label(one["label"]),
        ]
        table.add_row(*map(plain, cells), plain(one["reviewer"] or one["source"] or ""))
    out.print(table)
    if is_more:
        out.print(f"… more than these {len(examples)}: --limit shows more, the other options fewer")


def shown_label(label: Document | None) -> str:
    """A label in a line, as short as a table needs it."""
    if label is None:
        return ""
    said = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in label.items()
    }
    return _short(
        next(iter(said.values()))
        if len(said) == 1
        else ", ".join(f"{name}: {one}" for name, one in said.items())
    )


def _short(text: str) -> str:
    return shorten(text, 80, placeholder=" …")


def list_users(out: Console, users: list[Document]) -> None:
    """All users in a table."""
    table = Table("name", "role", "since")
    for user in users:
        table.add_row(plain(user["name"]), user["role"], user["created_at"][:10])
    out.print(table)


def list_journal(out: Console, lines: list[Document]) -> None:
    """Lines of the journal in a table; images that one person uploaded one after the other are one row."""
    table = Table("when (UTC)", "who", "what", "project", "on what", "details")
    for _, same in groupby(lines, key=_upload_or_id):
        first, *rest = same
        details = f"{1 + len(rest):,} images" if rest else _in_words(first["details"])
        who, project = first["user"] or "the server", first["project"] or ""
        when = first["at"][:19].replace("T", " ")
        table.add_row(when, plain(who), first["act"], plain(project), plain(first["subject"]), plain(details))
    out.print(table)


def _upload_or_id(line: Document) -> tuple[str, ...]:
    if line["act"] != "image.upload":
        return (str(line["id"]),)
    return str(line["user"]), str(line["project"]), str(line["subject"])


def _in_words(details: Document) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in details.items() if value is not None
    )


def exported(out: Console, run: Document, output: Path, everything: bool, report: Document) -> None:
    """How much of a run a written file holds, and what not."""
    total, settled = sum(run["places"].values()), run["places"]["settled"]
    taken = report["records"]
    if everything:
        out.print(f"{output}: {taken:,} of {total:,} examples, {settled:,} of all have a label")
    else:
        rest = f"; {total - settled:,} have no label yet (--all takes them too)" if total > settled else ""
        out.print(f"{output}: {taken:,} labels of {total:,} examples{rest}")
    not_held(out, report)


def not_held(out: Console, report: Document) -> None:
    """What an exported file does not hold, and which part of a split holds how much."""
    for said, times in report["left_out"].items():
        out.print(f"  left out: {plain(said)} ({times:,})")
    for said, times in report["lost"].items():
        out.print(f"  [yellow]{report['format']} cannot hold[/]: {plain(said)} ({times:,} times)")
    if report["splits"]:
        parts = ", ".join(f"{name} {count:,}" for name, count in sorted(report["splits"].items()))
        apart = f"; {report['parted']:,} have a near-duplicate in another part" if report["parted"] else ""
        out.print(f"  split: {parts}{apart}")
    if report["conflicts"]:
        out.print(
            f"  [yellow]{report['conflicts']:,} labels in it may be wrong[/]: others contradict them (`prelabel conflicts`)"
        )


def list_formats(out: Console, formats: list[Document]) -> None:
    """All file formats in a table."""
    table = Table("format", "read", "written", "holds", "for")
    for one in formats:
        kinds = "all kinds" if one["kinds"] is None else ", ".join(one["kinds"])
        table.add_row(one["name"], "yes" * one["reads"], "yes" * one["writes"], kinds, plain(one["purpose"]))
    out.print(table)


def measured(out: Console, outlook: Document, quality: Document) -> None:
    """How good the drafts were."""
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


def _show_field(out: Console, field: Document) -> None:
    if not field["accuracy"]["n"]:
        return
    out.print(f"[bold]{plain(field['name'])}[/]: drafts right {share(field['accuracy'])}")
    if parts := field["parts"]:
        overlap = parts["mean_overlap"]
        out.print(
            f"  part by part: precision {share(parts['precision'])}, recall {share(parts['recall'])}"
            + (f", mean overlap {overlap:.2f}" if overlap is not None else "")
        )
    corrections = Table("drafted", "settled", "times", title="most frequent corrections")
    for row in field["corrections"][:10]:
        corrections.add_row(plain(row["drafted"]), plain(row["settled"]), f"{row['count']:,}")
    if field["corrections"]:
        out.print(corrections)
