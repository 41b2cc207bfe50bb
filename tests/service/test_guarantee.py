"""The guarantee from a file to a file, through real processes: recorded drafts, people who answer with gold, a verified certificate."""

import copy
import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prelabel.client import Client
from prelabel.measure.guarantee.certificate import Certificate, certify
from prelabel.measure.guarantee.terms import Record
from tests.running import Running, running
from tests.service.test_every_kind import answer_all, bring_in
from tests.waiting import wait_until

ROWS, EPSILON = 500, 0.2
PROMISE = {"rule": "guarantee", "epsilon": EPSILON, "alpha": 0.001, "audits": 120}
"""So sure a bound does not fail in a test: once in a thousand times."""
Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("home"), 2, sweep_seconds=0.5) as service:
        yield service


@pytest.fixture(scope="module")
def gold(shared_data: Path) -> dict[str, str]:
    return {row["id"]: row["gold"] for row in stance(shared_data)}


def stance(data: Path) -> list[dict[str, Any]]:
    with gzip.open(data / "llm/stance_gpt4o.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for _, line in zip(range(ROWS), lines, strict=False)]


@pytest.fixture(scope="module")
def exported(service: Running, gold: dict[str, str], shared_data: Path) -> Lines:
    """The lines of a run's export, the certificate last."""
    lead, classes = service.client, sorted(set(gold.values()))
    lead.define_project("stance", {"fields": {"stance": classes}})
    rows = [
        {
            "id": row["id"], "text": row["text"],
            "drafts": [{"model": "gpt-4o", "label": {"stance": row["llm"]["label"]}, "confidence": row["llm"]["confidence"]}],
        }
        for row in stance(shared_data)
        if row["llm"]["label"] in classes
    ]  # fmt: skip
    report = bring_in(lead, "stance", "all", rows)
    assert (report["added"], report["drafts"]) == (len(rows), len(rows))
    run = lead.start_run("stance", "all", model="given", policy=PROMISE)["id"]
    token = lead.post("/users", {"name": "ada", "role": "reviewer"})["token"]
    right = {id_: {"stance": label} for id_, label in gold.items()}
    with Client(lead.url, token) as reviewer:
        lead.wait(run, ("reviewing",), seconds=60, every=0.1)
        assert lead.certificate(run)["status"] == "auditing"
        assert answer_all(reviewer, run, right) == PROMISE["audits"]
        wait_until(lambda: lead.certificate(run)["status"] == "reviewing", service.logs)
        answer_all(reviewer, run, right)
    wait_until(lambda: lead.certificate(run)["certificate"] is not None, service.logs)
    file = b"".join(lead.export(run, certificate="inline"))
    return [json.loads(line) for line in file.splitlines()]


def test_the_labels_keep_what_the_certificate_says(exported: Lines, gold: dict[str, str]) -> None:
    *lines, last = exported
    accepted = [line for line in lines if line["source"] == "auto"]
    wrong = sum(line["label"]["stance"] != gold[line["id"]] for line in accepted)
    certificate = Certificate.model_validate(last["certificate"])
    assert len(accepted) == certificate.unreviewed > 50
    assert wrong <= certificate.budget <= EPSILON * len(lines)
    assert all(line["label"]["stance"] == gold[line["id"]] for line in lines if line["source"] != "auto")
    assert certificate.reviewers == ("ada",)


def test_the_certificate_is_the_one_that_the_file_gives(exported: Lines) -> None:
    *lines, last = exported
    certificate = Certificate.model_validate(last["certificate"])
    records = [Record.model_validate(line) for line in lines]
    assert certify(records, certificate.terms, certificate.reviewers) == certificate


def tampered_label(lines: Lines) -> None:
    line = next(line for line in lines if line.get("source") == "auto")
    line["label"]["stance"] = next(one for one in classes_of(lines) if one != line["label"]["stance"])


def tampered_seed(lines: Lines) -> None:
    lines[-1]["certificate"]["terms"]["seed"] = "0" * 32


def tampered_cut(lines: Lines) -> None:
    lines[-1]["certificate"]["cut"] += 1


def one_less(lines: Lines) -> None:
    del lines[0]


def audit_hidden(lines: Lines) -> None:
    next(line for line in lines if line.get("audited"))["audited"] = False


def classes_of(lines: Lines) -> set[str]:
    return {line["label"]["stance"] for line in lines[:-1]}


@pytest.mark.parametrize("tamper", [tampered_label, tampered_seed, tampered_cut, one_less, audit_hidden])
def test_verify_finds_what_was_changed(
    tamper: Callable[[Lines], None], exported: Lines, tmp_path: Path
) -> None:
    changed = copy.deepcopy(exported)
    tamper(changed)
    code, said = verified(write(tmp_path / "labels.jsonl", changed))
    assert code == 1
    assert "does not keep its certificate" in said


def test_verify_says_what_holds_of_one_file_and_of_two(exported: Lines, tmp_path: Path) -> None:
    code, said = verified(write(tmp_path / "one.jsonl", exported))
    assert code == 0
    assert "differ from what the reviewers would give" in said
    assert f"checked in {len(exported) - 1} records" in said
    two = write(tmp_path / "two.jsonl", exported[:-1])
    (tmp_path / "two.certificate.json").write_text(json.dumps(exported[-1]["certificate"]))
    assert verified(two)[0] == 0
    assert "name one with --certificate" in verified(write(tmp_path / "none.jsonl", exported[:-1]))[1]


def test_the_file_comes_in_again_without_its_certificate(exported: Lines, service: Running) -> None:
    report = bring_in(service.client, "stance", "again", exported, gold_field="label")
    assert (report["rows"], report["bad"]) == (len(exported) - 1, 0)


def write(path: Path, lines: Lines) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def verified(path: Path) -> tuple[int, str]:
    """What `prelabel verify` ends with and says; no server is needed for it."""
    done = subprocess.run(
        [sys.executable, "-m", "prelabel.cli", "verify", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
