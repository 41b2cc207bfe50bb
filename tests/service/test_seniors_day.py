"""A senior's day over HTTP: ten people's recorded answers to each of 800 questions come in, what they disagree on is settled by a
senior, and then all of it anew by how good each person is; as right as these ways are known to be on these answers."""

import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from prelabel.client import Client
from prelabel.people import users
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_api.app import create_app
from tests.api.recording import RecordingQueue
from tests.factories import FakeDrafter, work_off

PEOPLE, RULINGS = 10, 15


@pytest.fixture
def questions(shared_data: Path) -> list[dict[str, Any]]:
    with gzip.open(shared_data / "multi_annotator" / "snow_rte.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture
def lead(sqlite_store: Store) -> Client:
    web = TestClient(create_app(sqlite_store, Settings(), RecordingQueue()), raise_server_exceptions=False)
    with sqlite_store.writing() as session:
        token = users.issue_token(session, users.create(session, "lena", "lead"), "t")
    return Client("http://testserver", token, web)


def signed_in(store: Store, lead: Client, name: str, role: str) -> Client:
    with store.writing() as session:
        token = users.issue_token(session, users.create(session, name, role), "t")
    return Client("http://testserver", token, TestClient(lead._http.app))  # type: ignore[attr-defined]


def lines(rows: list[dict[str, Any]]) -> io.BytesIO:
    return io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode())


def start(store: Store, lead: Client, questions: list[dict[str, Any]]) -> int:
    """A run on all questions whose drafts nobody trusts, for ten people each."""
    lead.define_project(
        "rte", {"fields": {"topic": {"kind": "choice", "options": ["entailed", "not_entailed"]}}}
    )
    lead.bring_in("rte", "snow", lines([{"id": one["id"], "text": one["text"]} for one in questions]))
    run = lead.start_run("rte", "snow", model="fake", policy={"threshold": 1.0, "reviewers": PEOPLE})
    work_off(store, run["id"], FakeDrafter(lambda _: ("entailed", 0.5)))
    return int(run["id"])


def answers_of(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"example": row["id"], "reviewer": one["annotator"], "label": one["label"], "seconds": 3}
        for row in questions
        for one in row["annotations"]
    ]


def labels_of(lead: Client, run_id: int, **search: Any) -> dict[str, str]:
    found = lead.items(f"/runs/{run_id}/examples", limit=1000, **search)
    return {one["id"]: one["label"]["topic"] for one in found if one["label"]}


def settle(senior: Client, gold: dict[str, str]) -> str:
    """Settle the next disagreement: all answers are seen, and the right one is given. The example's id."""
    (work,) = senior.post("/queue/adjudications/claim", {"limit": 1})
    case = senior.get(f"/queue/{work['slot_id']}/case")
    said = Counter(answer["label"]["topic"] for answer in case["answers"])
    assert said == {"entailed": 5, "not_entailed": 5}
    body = {"label": {"topic": gold[work["example_id"]]}, "client_token": f"senior-{work['slot_id']}"}
    senior.post(f"/queue/{work['slot_id']}/submit", body)
    return str(work["example_id"])


def test_a_day_of_disagreements_ends_as_right_as_is_known(
    sqlite_store: Store, lead: Client, questions: list[dict[str, Any]]
) -> None:
    gold = {row["id"]: row["gold"] for row in questions}
    run_id, given = start(sqlite_store, lead, questions), answers_of(questions)
    with sqlite_store.writing() as session:
        for name in sorted({one["reviewer"] for one in given}):
            users.create(session, name, "reviewer")

    report = lead.send_file(f"/runs/{run_id}/reviews", lines(given))
    assert (report["taken"], report["bad"]) == (8_000, 0), report["bad_rows"][:3]
    again = lead.send_file(f"/runs/{run_id}/reviews", lines(given[:50]))
    assert (again["taken"], again["already_there"]) == (0, 50)

    tied = {one["id"] for one in lead.items(f"/runs/{run_id}/examples", place="queued")}
    majority = sum(gold[name] == label for name, label in labels_of(lead, run_id).items())
    assert round((majority + len(tied) / 2) / len(gold), 4) == 0.8969  # ties are shared

    senior = signed_in(sqlite_store, lead, "sonja", "senior")
    ruled = {settle(senior, gold) for _ in range(RULINGS)}
    assert ruled <= tied
    assert labels_of(lead, run_id, where="source == 'adjudication'") == {name: gold[name] for name in ruled}
    for number in range(RULINGS):
        senior.post("/queue/undo", {"client_token": f"undo-{number:04}"})
    senior.post("/queue/release", {})

    planned = lead.post(f"/runs/{run_id}/consensus", {"dry_run": True})
    assert (planned["examples"], planned["settled"]) == (800, len(tied))
    done = lead.post(f"/runs/{run_id}/consensus", {})
    assert {**done, "act": None} == planned
    by_skill = labels_of(lead, run_id)
    assert round(sum(gold[name] == label for name, label in by_skill.items()) / 800, 4) == 0.9275

    agreement = lead.get(f"/runs/{run_id}/agreement")
    (field,) = agreement["fields"]
    assert (field["statistic"], round(field["people"]["value"], 4)) == ("alpha, nominal", 0.2415)
    assert agreement["may_replace"]["passed"] is False
