"""The demo, smaller: a real server, the student, simulated reviewers over HTTP, an export against the truth."""

import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from prelabel import settings
from prelabel.demo.run import play


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    settings.settings.cache_clear()
    console = Console(record=True, width=150, force_terminal=False)
    play(console, "student", 2_000, tmp_path)
    return console.export_text()


def test_the_demo_labels_every_ticket_and_ends_in_its_table(shown: str, tmp_path: Path) -> None:
    records = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert len(records) == 2_000
    assert {record["source"] for record in records} == {"auto", "gold", "review"}
    assert {record["reviewer"] for record in records if record["source"] == "review"} <= {
        "simulated-ada", "simulated-ben", "simulated-cleo",
    }  # fmt: skip
    for row in (
        "drafted",
        "accepted without review",
        "draft accuracy on gold",
        "accepted and wrong",
        "cost per example",
        "time",
    ):
        assert re.search(rf"{row}.*\d", shown), shown
