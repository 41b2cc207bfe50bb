"""The guarantee from the command line: asked for as people say it, waited for, taken home and checked."""

import json
from pathlib import Path

import pytest

from prelabel.cli import options
from prelabel.client import Client
from prelabel.errors import InputError
from tests.cli.conftest import Cli
from tests.running import Running
from tests.service.test_every_kind import answer_all

SCHEMA = "fields:\n  topic:\n    kind: choice\n    options: [billing, returns]\n"


@pytest.mark.parametrize(
    ("said", "means"), [("5%", 0.05), ("0.05", 0.05), (" 2.5 % ", 0.025), ("0.1%", 0.001)]
)
def test_a_share_is_said_as_people_say_it(said: str, means: float) -> None:
    assert options.share("--at-most-wrong", said) == means


@pytest.mark.parametrize("said", ["5", "0", "100%", "five", "-1%"])
def test_what_is_no_share_is_refused(said: str) -> None:
    with pytest.raises(
        InputError, match=r"--at-most-wrong: .* is no share between 0 and 1: write it as 5% or 0\.05"
    ):
        options.share("--at-most-wrong", said)


def test_options_of_the_guarantee_are_a_policy() -> None:
    assert options.promise("5%", "99%", "10%", 300, learned=True) == {
        "rule": "guarantee", "epsilon": 0.05, "alpha": 0.01, "delta": 0.1, "audits": 300, "uncertainty": "learned",
    }  # fmt: skip
    assert options.promise("5%", "", "", None, learned=False)["audits"] == "auto"
    with pytest.raises(InputError, match="go with --at-most-wrong"):
        options.promise("", "", "", 300, learned=False)


def test_options_of_the_further_forms_are_a_policy_too() -> None:
    promised = options.promise("", "", "", None, learned=False, at_most_distance="0.05", each="meta.language")
    assert (promised["epsilon"], promised["loss"], promised["slices"]) == (0.05, "distance", "meta.language")
    assert options.promise("5%", "", "", None, learned=False, looks="every")["looks"] == "every"
    assert options.promise("5%", "", "", None, learned=False, looks="4")["looks"] == 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"at_most_wrong": "5%", "at_most_distance": "5%"}, "two promises"),
        ({"at_most_distance": "5%", "accepted_wrong": "5%"}, "counts wrong labels"),
        ({"at_most_wrong": "5%", "looks": "often"}, "neither a number from 1 to 50 nor `every`"),
        ({"each": "topic"}, "go with --at-most-wrong SHARE or"),
    ],
)
def test_options_that_do_not_go_together_are_refused(given: dict[str, str], said: str) -> None:
    empty = {"at_most_wrong": "", "surely": "", "accepted_wrong": ""}
    with pytest.raises(InputError, match=said):
        options.promise(**(empty | given), audits=None, learned=False)


def submitted(run_cli: Cli, service: Running, tmp_path: Path, *words: str) -> int:
    """A run of 120 sure drafts, under the promise that the words ask for, once its audits wait for people."""
    rows = [
        {
            "id": f"t{at}", "text": f"ticket {at}", "meta": {"language": "de" if at % 2 else "en"},
            "drafts": [{"model": "before", "label": {"topic": "billing"}, "confidence": 0.9}],
        }
        for at in range(120)
    ]  # fmt: skip
    (tmp_path / f"{words[-1]}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "schema.yaml").write_text(SCHEMA)
    found = run_cli(
        "submit", f"{words[-1]}.jsonl", "--schema", "schema.yaml", "--model", "given", "--no-follow",
        "--at-most-wrong", "30%", "--audits", "60", *words[:-1],
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    run = max(int(one["id"]) for one in service.client.items("/runs"))
    service.client.wait(run, ("reviewing",), seconds=30, every=0.1)
    return run


def answer(service: Running, run: int, name: str) -> None:
    token = service.client.post("/users", {"name": name, "role": "reviewer"})["token"]
    with Client(service.client.url, token) as reviewer:
        answer_all(reviewer, run, {f"t{at}": {"topic": "billing"} for at in range(120)})


def test_audits_of_several_looks_are_ended_early_from_the_command_line(
    run_cli: Cli, service: Running, tmp_path: Path
) -> None:
    run = submitted(run_cli, service, tmp_path, "--looks", "2", "twice")
    early = run_cli("certificate", str(run))
    assert "look 1 of 2, up to 60 audits: nothing could be certified yet" in early.output
    assert "no look is answered" in str(run_cli("certificate", str(run), "--now").exception)
    answer(service, run, "bea")
    assert "right now 90 labels (75.0%) could be accepted" in run_cli("certificate", str(run)).output
    assert run_cli("certificate", str(run), "--now").exit_code == 0
    for _ in range(100):
        answer(service, run, f"bea-{_}")
        if service.client.certificate(run)["certificate"]:
            break
    assert "after an audit of 30 that found 0 wrong drafts" in run_cli("certificate", str(run)).output


def test_each_slice_is_shown_with_its_audits(run_cli: Cli, service: Running, tmp_path: Path) -> None:
    run = submitted(run_cli, service, tmp_path, "--each", "meta.language", "sliced")
    shown = run_cli("certificate", str(run)).output
    assert "slice by meta.language" in shown
    assert [line.split()[1:8:2] for line in shown.splitlines() if "│ de" in line or "│ en" in line] == [
        ["de", "60", "30", "0"], ["en", "60", "30", "0"],
    ]  # fmt: skip
    asked = run_cli("plan", str(run), "--at-most-distance", "0.2", "--at-most-distance", "0.05").output
    assert "at most apart" in asked


def test_a_guarantee_is_asked_for_waited_for_taken_home_and_checked(
    run_cli: Cli, service: Running, tmp_path: Path
) -> None:
    rows = [
        {
            "id": f"t{at}", "text": f"ticket {at}",
            "drafts": [{"model": "before", "label": {"topic": "billing"}, "confidence": 1 - at / 300}],
        }
        for at in range(150)
    ]  # fmt: skip
    (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "schema.yaml").write_text(SCHEMA)
    submitted = run_cli(
        "submit", "tickets.jsonl", "--schema", "schema.yaml", "--model", "given", "--at-most-wrong", "20%",
        "--surely", "99.9%", "--audits", "60",
    )  # fmt: skip
    assert submitted.exit_code == 0, submitted.output
    lead, run = service.client, max(int(one["id"]) for one in service.client.items("/runs"))
    lead.wait(run, ("reviewing",), seconds=30, every=0.1)
    assert "waits for 60 of 60 audits to be answered" in run_cli("status", "--no-follow").output
    shown = run_cli("certificate")
    assert f"run {run} is auditing" in shown.output
    assert "audits: 0 of 60 answered" in shown.output
    assert "no certificate yet" in run_cli("export", "-o", "early.jsonl").output

    right = {f"t{at}": {"topic": "billing" if at % 10 else "returns"} for at in range(150)}
    token = lead.post("/users", {"name": "ada", "role": "reviewer"})["token"]
    with Client(lead.url, token) as reviewer:
        answer_all(reviewer, run, right)
        lead.wait(run, ("reviewing", "done"), seconds=30, every=0.1)
        for _ in range(100):
            answer_all(reviewer, run, right)
            if lead.certificate(run)["certificate"]:
                break
    assert "At most 30 of 150 labels" in run_cli("certificate").output
    exported = run_cli("export", "-o", "labels.jsonl")
    assert "labels.certificate.json: its certificate (prelabel verify labels.jsonl)" in exported.output
    verified = run_cli("verify", "labels.jsonl")
    assert (verified.exit_code, "checked in 150 records" in verified.output) == (0, True)
    run_cli("export", "-o", "one.jsonl", "--certificate", "inline")
    assert run_cli("verify", "one.jsonl").exit_code == 0
    changed = (
        (tmp_path / "labels.jsonl").read_text().replace('{"topic": "billing"}', '{"topic": "returns"}', 1)
    )
    (tmp_path / "labels.jsonl").write_text(changed)
    assert run_cli("verify", "labels.jsonl").exit_code == 1

    planned = run_cli("plan", "--at-most-wrong", "20%", "--at-most-wrong", "5%")
    assert planned.exit_code == 0, planned.output
    assert "20%" in planned.output
    assert "drafts of its pool that people answered" in planned.output
    assert json.loads(run_cli("plan", "tickets/tickets", "--json").output)["examples"] == 150
