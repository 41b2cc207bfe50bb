"""Measuring from the command line, against a real embedded service."""

import csv
import io
import json
from pathlib import Path

import pytest

from prelabel.errors import Conflict, InputError
from tests.cli.conftest import Cli
from tests.cli.test_cli import SCHEMA
from tests.running import Running


def submit(run_cli: Cli, folder: Path, name: str, *options: str, confidence: float = 0.95) -> None:
    """Twenty examples with drafts of two models: "first" says billing, "second" is right (by gold) in every other one more."""
    rows = [
        {"id": f"e{number}", "text": f"{name} {number}", "gold": "billing" if number % 4 else "returns"}
        | {
            "drafts": [
                {"model": "first", "label": "billing", "confidence": confidence},
                {"model": "second", "label": "returns" if number % 4 == 0 else "billing", "confidence": 0.4},
            ]
        }
        for number in range(20)
    ]
    (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (folder / "schema.yaml").write_text(SCHEMA)
    done = run_cli("submit", f"{name}.jsonl", "--schema", "schema.yaml", *options)
    assert done.exit_code == 0, done.output


def test_measure_divides_the_drafts_and_their_cost(run_cli: Cli, tmp_path: Path) -> None:
    submit(run_cli, tmp_path, "divided", "--model", "given/first")
    by_class = run_cli("measure", "--by", "class")
    assert "topic: billing" in by_class.output
    table = list(csv.DictReader(io.StringIO(run_cli("measure", "--by", "model", "--csv").output)))
    assert [(row["name"], row["drafted"]) for row in table] == [("given/first", "20")]
    found = json.loads(run_cli("measure", "--project", "divided", "--cost-by", "run", "--json").output)
    assert len(found["parts"]) == 1
    assert set(json.loads(run_cli("measure", "--json").output)) == {
        "outlook", "quality", "drift", "calibration", "cost", "reviewers",
    }  # fmt: skip


def test_compare_says_which_run_is_better_on_the_same_examples(
    service: Running, run_cli: Cli, tmp_path: Path
) -> None:
    submit(run_cli, tmp_path, "compared", "--model", "given/first")
    run_cli("submit", "compared.jsonl", "--model", "given/second")
    first, second = [run["id"] for run in service.client.items("/runs")][-2:]
    shown = run_cli("compare", str(first), str(second))
    assert "-25.0%" in shown.output, shown.output
    assert "e0" in shown.output
    models = json.loads(
        run_cli(
            "compare", "given/first", "given/second", "--models", "--project", "compared", "--json"
        ).output
    )
    assert models["difference"]["difference"] == -0.25


def test_audits_are_asked_for_and_accepting_is_paused_and_resumed(
    service: Running, run_cli: Cli, tmp_path: Path
) -> None:
    submit(
        run_cli,
        tmp_path,
        "audited",
        "--model",
        "given/first",
        "--audit-share",
        "0.5",
        "--accepted-target",
        "0.9",
    )
    newest = list(service.client.items("/runs"))[-1]
    assert newest["policy"]["audit_share"] == 0.5
    assert "accepted without review, by audits" in run_cli("measure").output
    paused = run_cli("accepting", "--pause", "--why", "we look into it")
    assert "nothing is accepted without review: we look into it" in paused.output
    assert "to go on: prelabel accepting" in run_cli("status", "--no-follow").output
    assert "nothing is accepted" not in run_cli("accepting", "--resume").output
    again = run_cli("accepting", "--resume")
    assert isinstance(again.exception, Conflict)


@pytest.mark.parametrize(
    "words",
    [
        ("measure", "--by", "class", "--cost-by", "class"),
        ("measure", "--csv"),
        ("compare", "a", "b", "--models", "--prompts"),
        ("accepting", "--pause", "--resume"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run_cli: Cli, words: tuple[str, ...]) -> None:
    assert isinstance(run_cli(*words).exception, InputError)
