"""What the docs speak of: files in a folder, and a project of tickets with three runs on one server."""

import json
from pathlib import Path

from prelabel.client import Client
from tests.images.making import picture

SCHEMA = "fields:\n  topic: [invoice, returns]\n  rating: {kind: rating, min: 1, max: 5}\n"
RENAMED = SCHEMA.replace("invoice", "billing")
TEXTS = [("My invoice {} is wrong", "invoice"), ("I want to send parcel {} back", "returns")]


def tickets(count: int, drafts: bool = False) -> list[dict[str, object]]:
    """Tickets with gold, and perhaps with drafts by another model."""
    made: list[dict[str, object]] = []
    for number in range(count):
        text, topic = TEXTS[number % 2]
        label = {"topic": topic, "rating": 2 + number % 2}
        row: dict[str, object] = {"id": f"t{number}", "text": text.format(number), "gold": label}
        made.append(
            row | ({"drafts": [{"model": "bert-crf", "label": label, "confidence": 0.9}]} if drafts else {})
        )
    return made


def furnish(folder: Path) -> None:
    """The files that the pages name."""
    (folder / "schema.yaml").write_text(SCHEMA)
    (folder / "new.yaml").write_text(RENAMED)
    write(folder / "tickets.jsonl", tickets(60, drafts=True))
    write(folder / "more.jsonl", tickets(10))
    (folder / "photos").mkdir()
    (folder / "photos" / "1.png").write_bytes(picture())
    write(folder / "cells.jsonl", [{"id": "c1", "image": "1.png"}])
    (folder / "cells.yaml").write_text("fields: {cells: {kind: boxes, options: [RBC, WBC]}}")


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """Rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def populate(client: Client, folder: Path) -> None:
    """Three runs of the tickets, and a person who has answered in the last of them."""
    client.submit(folder / "tickets.jsonl", "tickets", schema=SCHEMA)
    for policy in ({}, {}, {"gold_target": 0.99}):
        client.start_run("tickets", "tickets", policy=policy).wait(seconds=60, every=0.2)
    client.add_user("ada", "lead")
    with Client(client.url, client.add_user("rita")) as rita:
        for work in rita.queue(3):
            work.submit({"topic": "returns", "rating": 3}, seconds=4)
