"""What answers look like in a notebook: HTML that takes the notebook's own colours, without any script."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from prelabel.figures import money

MOST_ROWS = 20
PLACES = {
    "settled": "#2f9e44", "queued": "#f08c00", "drafted": "#1c7ed6", "waiting": "#adb5bd", "failed": "#e03131",
}  # fmt: skip
"""Where examples are, in the order of a bar, each with a colour that is seen on light and dark ground."""


def facts(title: str, document: Mapping[str, Any], fields: Iterable[str]) -> str:
    """Some fields of a document, one a line."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name.replace('_', ' '))}</th><td>{text(document.get(name))}</td></tr>"
        for name in fields
    )
    return f"<b>{escape(title)}</b><table>{rows}</table>"


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """The first rows of a list, and how many more there are."""
    head = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in columns)
    lines = "".join(
        f"<tr>{''.join(f'<td>{text(row.get(name))}</td>' for name in columns)}</tr>"
        for row in rows[:MOST_ROWS]
    )
    more = f"<p>… {len(rows) - MOST_ROWS:,} more</p>" if len(rows) > MOST_ROWS else ""
    return f"<table><tr>{head}</tr>{lines}</table>{more}"


def quote(quoted: Mapping[str, Any]) -> str:
    """What a run would cost, and what was assumed."""
    dollars = quoted["dollars"]
    lines = {
        "expected": f"{money(dollars['mean'])} ({money(dollars['low'])} to {money(dollars['high'])})",
        "an example": money(quoted["per_example"]),
        "at most": money(quoted["most"]),
    }
    notes = "".join(f"<li>{escape(note)}</li>" for note in quoted["notes"])
    return facts(f"quote for {quoted['examples']:,} examples", lines, lines) + f"<ul>{notes}</ul>"


def run(document: Mapping[str, Any]) -> str:
    """How far a run is: a bar of where its examples are, and what it has spent."""
    title = f"run {document['id']} of {document['project']}/{document['dataset']} with {document['model']}"
    note = f" ({escape(document['note'])})" if document["note"] else ""
    cap = f" of {money(document['cap'])}" if document["cap"] else ""
    places = ", ".join(
        f"<span style='color:{colour}'>■</span> {document['places'].get(name, 0):,} {name}"
        for name, colour in PLACES.items()
        if document["places"].get(name)
    )
    return (
        f"<b>{escape(title)}</b>: {escape(document['stage'])}{note}{_bar(document['places'])}"
        f"<div>{places}</div><div>spent {money(document['spent'])}{cap}</div>"
    )


def text(value: Any) -> str:
    """A value as a cell shows it."""
    if value is None:
        return ""
    return escape(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value))


def _bar(places: Mapping[str, int]) -> str:
    total = sum(places.values()) or 1
    parts = "".join(
        f"<div style='background:{colour};width:{100 * places.get(name, 0) / total:.2f}%'></div>"
        for name, colour in PLACES.items()
    )
    return f"<div style='display:flex;width:24em;height:.8em;margin:.3em 0;border-radius:.2em;overflow:hidden'>{parts}</div>"
