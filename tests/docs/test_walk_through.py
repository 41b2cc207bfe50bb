"""docs/walk-through.md is run as it stands, with all its 10,000 tickets, and its figures are those of the run."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import ROOT, WALK, blocks
from tests.running import TOKEN, running

TEXT = (ROOT / WALK).read_text(encoding="utf-8")
LEEWAY = {"count": 0.15, "share": 0.015}
"""People answer side by side, so no two runs have quite the same figures: counts may differ by so much of them, shares by so much."""


def told(name: str) -> float:
    """The figure in the row of a table of the page that begins so, the last one of it."""
    [row] = re.findall(rf"^\| {re.escape(name)} \|.*", TEXT, re.MULTILINE)
    number = re.findall(r"[\d,.]+", row)[-1].replace(",", "")
    return float(number) / 100 if f"{number} %" in row else float(number)


def test_its_blocks_are_python() -> None:
    for block in blocks():
        if block.page == WALK:
            compile(block.text, str(block), "exec")


@pytest.fixture
def walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the blocks leave behind."""
    names: dict[str, Any] = {"__name__": "walk"}
    with running(tmp_path / "home", workers=1, sweep_seconds=0.5) as service:
        monkeypatch.setenv("PRELABEL_URL", service.client.url)
        monkeypatch.setenv("PRELABEL_TOKEN", TOKEN)
        monkeypatch.chdir(tmp_path)
        for block in blocks():
            if block.page == WALK:
                exec(compile(block.text, str(block), "exec"), names)
    return names


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_its_figures_are_those_of_the_run(walked: dict[str, Any]) -> None:
    counts = {
        "accepted without review": len(walked["accepted"]),
        "answered by three people": len({review.example_id for review in walked["reviews"]}),
        "settled by the senior": walked["settled"],
    }
    shares = {name: right for name, (_, right) in walked["found"].items()} | {
        "wrong, of all labels": walked["wrong"](walked["exported"]),
        "wrong, of those accepted": walked["wrong"](walked["accepted"]),
        "agreement (alpha)": walked["agreement"]["value"],
    }
    assert len(walked["exported"]) == 10_000
    assert counts == {name: pytest.approx(told(name), rel=LEEWAY["count"]) for name in counts}
    assert shares == {name: pytest.approx(told(name), abs=LEEWAY["share"]) for name in shares}
    found = walked["found"]
    assert found["zero-shot"][1] < found["drafts"][1]
    assert found["drafts"][1] < found["export"][1]
