"""A lead before the page: what they do there, step by step."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.web.person import Person

SCHEMA = "fields:\n  category:\n    kind: choice\n    options:\n      billing: Anything about money\n      delivery: Where a parcel is\n"


def tickets(count: int, gold: int) -> Iterable[dict[str, Any]]:
    """Texts about money and parcels; of the first ones the right label is known."""
    for number in range(count):
        text, label = (
            (f"Where is my parcel {number}?", "delivery"),
            (f"I was charged twice for order {number}", "billing"),
        )[number % 2]
        yield {"id": f"t-{number}", "text": text} | ({"gold": label} if number < gold else {})


def file_of(folder: Path, rows: Iterable[Any], name: str = "tickets.jsonl") -> Path:
    """A file of these rows, objects or lines as they are, one a line."""
    path = folder / name
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def make_project(lead: Person, name: str, schema: str = SCHEMA) -> None:
    """From any page to the project's first run."""
    lead.page.goto(f"{lead.base}/new")
    lead.page.get_by_label("Name").fill(name)
    lead.page.get_by_label("Schema", exact=True).fill(schema)
    lead.page.get_by_role("button", name="Create project").click()
    expect(lead.page.get_by_text("Bring examples in first.")).to_be_visible()


def upload(lead: Person, file: Path) -> None:
    """Give the page a file, and wait for its report."""
    lead.page.get_by_label("File of examples").set_input_files(file)
    expect(lead.page.locator(".upload .report")).to_be_visible()


def start(lead: Person) -> int:
    """Start the run once its quote is there; its number."""
    expect(lead.page.get_by_test_id("quote")).to_be_visible()
    lead.page.get_by_role("button", name="Start the run").click()
    expect(lead.page.get_by_test_id("pace")).to_be_visible()
    return int(lead.page.url.rpartition("/")[2])
