"""Money on the command line: a quote before, a question where it matters, caps, and what a run costs on its way."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from prelabel.cli.options import run_body
from prelabel.errors import InputError
from prelabel.figures import money, money_range, round_up
from tests.cli.conftest import Cli
from tests.running import Running

MINI = "openai/gpt-4o-mini"
SCHEMA = "fields:\n  topic: [billing, returns]\n"


@pytest.fixture(scope="module")
def workers() -> int:
    """None: nothing is drafted, so no model is asked."""
    return 0


@pytest.fixture
def tickets(tmp_path: Path) -> None:
    rows = [{"id": str(number), "text": f"my invoice {number} is wrong"} for number in range(50)]
    (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "schema.yaml").write_text(SCHEMA)


def submit(run_cli: Cli, *words: str) -> str:
    told = run_cli("submit", "tickets.jsonl", "--schema", "schema.yaml", "--no-follow", *words)
    assert told.exit_code == 0, told.output
    return told.output


def on_a_terminal(service: Running, folder: Path, answer: str, *words: str) -> tuple[int, str]:
    """Exit code and output of a command that someone answers at a terminal."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TERM": "dumb"}
    process = subprocess.Popen(
        [sys.executable, "-m", "prelabel.cli", *words],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environment,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, answer.encode())
    said = b""
    try:
        while part := os.read(ours, 4096):
            said += part
    except OSError:
        pass  # how Linux tells that the other end is closed
    os.close(ours)
    return process.wait(), said.decode()


def test_submit_says_what_it_will_cost_and_asks_nobody_where_nobody_sits(run_cli: Cli, tickets: None) -> None:
    said = submit(run_cli, "--model", "student", "--model", MINI, "--take-from", "0.8", "--cap", "0.0001")
    assert "quote for 50 examples, from 50 drawn at random" in said
    assert "at most" in said
    assert "the cap of $0.0001 may stop the run" in said
    assert f"drafting with student > {MINI}" in said


def test_quote_starts_nothing(run_cli: Cli, service: Running, tickets: None) -> None:
    submit(run_cli)
    before = len(list(service.client.items("/runs")))
    said = run_cli("quote", "--model", MINI, "--samples", "3", "--lane", "batch").output
    assert f"{MINI} × 3" in said
    assert "tokens out of openai/gpt-4o-mini: from the schema" in said
    assert len(list(service.client.items("/runs"))) == before


def test_at_a_terminal_money_is_asked_for_and_no_is_no(
    run_cli: Cli, service: Running, tickets: None, tmp_path: Path
) -> None:
    words = ("submit", "tickets.jsonl", "--schema", "schema.yaml", "--no-follow", "--model", MINI)
    before = len(list(service.client.items("/runs")))
    code, said = on_a_terminal(service, tmp_path, "n\n", *words)
    assert (code, "start drafting?" in said, "nothing is started" in said) == (1, True, True)
    assert len(list(service.client.items("/runs"))) == before
    code, said = on_a_terminal(service, tmp_path, "y\n", *words)
    assert (code, len(list(service.client.items("/runs")))) == (0, before + 1)


@pytest.mark.parametrize("words", [("--model", MINI, "--yes"), ("--model", "student")])
def test_who_has_said_yes_or_spends_nothing_is_not_asked(
    run_cli: Cli, service: Running, tickets: None, tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, said = on_a_terminal(
        service, tmp_path, "", "submit", "tickets.jsonl", "--schema", "schema.yaml", "--no-follow", *words
    )
    assert (code, "start drafting?" in said) == (0, False)


def test_a_model_without_a_price_is_told_before_anything_is_spent(run_cli: Cli, tickets: None) -> None:
    said = submit(run_cli, "--model", "house/model")
    assert "what it will cost is not known: no price is known for house/model" in said
    assert isinstance(run_cli("quote", "--model", "house/model").exception, InputError)


def test_without_a_worker_a_run_says_so_loudly(run_cli: Cli, tickets: None) -> None:
    submit(run_cli)
    said = run_cli("status", "--no-follow").output
    assert "NO WORKER IS RUNNING" in said
    assert "0 of 50 drafted, 0.0 a second over the last minute, nothing moves" in said


def test_a_cap_of_the_project_is_set_shown_and_taken_away(run_cli: Cli, tickets: None) -> None:
    submit(run_cli)
    assert "there is no cap" in run_cli("cap").output
    assert "all runs together may spend $2.50; spent so far $0" in run_cli("cap", "2.5").output
    assert "(cap: $2.50 for the project" in run_cli("status", "--no-follow").output
    assert "there is no cap" in run_cli("cap", "--none", "--project", "tickets").output


def test_where_there_are_several_datasets_one_has_to_be_named(run_cli: Cli, tickets: None) -> None:
    submit(run_cli, "--dataset", "other")
    submit(run_cli)
    assert "say which dataset with --dataset: other, tickets" in str(run_cli("quote").exception)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--take-from", "0.8"], "--take-from is for a cascade"),
        (["--samples", "3", "--confidence", "stated"], "--samples goes with --confidence samples"),
        (["--panel", "x", "--confidence", "stated"], "--panel goes with --confidence panel"),
        (["--panel", "x", "--samples", "3"], "choose one"),
        (["--confidence", "panel"], "needs --panel MODEL"),
    ],
)
def test_options_that_do_not_go_together_are_told_in_a_sentence(
    run_cli: Cli, words: list[str], sentence: str
) -> None:
    assert sentence in str(run_cli("quote", "--model", MINI, *words).exception)


def test_what_the_server_refuses_is_told_by_its_field(run_cli: Cli, tickets: None) -> None:
    submit(run_cli, "--project", "lone")
    refused = run_cli("quote", "--project", "lone", "--model", MINI, "--per-call", "5", "--samples", "3")
    assert (
        str(refused.exception)
        == "steps.0: per_call: several examples a call go with confidence 'stated' only"
    )


def body(**given: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "models": ["student", "a", "b"], "take_from": None, "confidence": None, "samples": None, "panel": None,
        "shots": 0, "per_call": 1, "lane": "live", "prompt": "label", "threshold": 0.9, "calibrated": False,
        "gold_target": None, "cap": None,
    }  # fmt: skip
    return run_body(**(usual | given))  # type: ignore[arg-type] # one dictionary for all of them


def test_the_models_named_are_a_cascade_in_their_order() -> None:
    steps = body(take_from=0.7)["steps"]
    assert isinstance(steps, list)
    assert [(step["model"], step.get("take_from")) for step in steps] == [
        ("student", 0.7), ("a", 0.7), ("b", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "how"), [({"samples": 4}, "samples"), ({"panel": ["c"]}, "panel"), ({}, "stated")]
)
def test_the_way_to_have_confidence_follows_from_its_options(given: dict[str, object], how: str) -> None:
    steps = body(models=["a"], **given)["steps"]
    assert isinstance(steps, list)
    assert steps[0]["confidence"] == how


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        ("0", "$0"),
        ("1234.5", "$1,234.50"),
        ("0.2", "$0.20"),
        ("0.0995", "$0.10"),
        ("0.06", "$0.06"),
        ("0.0000123", "$0.000012"),
    ],
)
def test_money_is_shown_to_the_digits_that_mean_something(dollars: str, shown: str) -> None:
    assert money(dollars) == shown


def test_an_interval_that_shows_no_width_is_not_shown() -> None:
    assert money_range({"low": "0.221", "mean": "0.222", "high": "0.223"}) == "$0.22"
    assert money_range({"low": "0.1", "mean": "0.2", "high": "0.3"}) == "$0.20 ($0.10 to $0.30)"


def test_a_cap_that_is_proposed_is_never_too_low() -> None:
    assert round_up("0.2211") == "0.23"
    assert round_up("12.01") == "13"
    assert round_up("1234") == "1300"
