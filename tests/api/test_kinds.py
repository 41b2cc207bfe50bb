"""Fields of every kind come in, are drafted, reviewed and measured, go out, and come in again."""

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from prelabel.client import Client
from prelabel.drafters.cascade import Step
from prelabel.errors import InputError
from prelabel.llm.drafters import Drafters
from prelabel.schema import LabelSchema
from prelabel.settings import Settings
from prelabel.store import Store
from simulator.process import Provider, running
from tests.factories import QUICK, get_run, make_run, places, work_off_by

MIXED = """
fields:
  topic: {kind: choice, options: {science: [physics, biology], society: [law, sports]}}
  toxic: {kind: boolean}
  insults: {kind: spans, options: [slur], when: {toxic: true}}
  entities: {kind: spans, options: [person, place]}
  acts: {kind: relations, options: [met, saw], between: entities}
  correction: {kind: text, optional: true}
"""
ENTITIES = """
fields:
  entities: {kind: spans, options: [person, location, group, product, corporation, creative-work]}
"""
SYSTEM, EXAMPLES = "uh_ritual", 40


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """One that makes up its answers."""
    with running() as started:
        yield started


def draft(store: Store, provider: Provider, run_id: int) -> None:
    prices = '{"openai/one": [0, 0]}'
    used = Settings(**QUICK.model_dump() | {"api_base": f"{provider.url}/v1", "prices": prices})
    work_off_by(store, run_id, Drafters(store, used), used)


def bring_in(lead: Client, project: str, schema: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    lead.define_project(project, schema)
    return lead.bring_in(project, "d", io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode()))


def claimed(reviewer: Client) -> Iterator[dict[str, Any]]:
    while page := reviewer.post("/queue/claim", {"limit": 20}):
        yield from page


def submit(reviewer: Client, work: dict[str, Any], label: Any) -> str:
    body = {"label": label, "client_token": f"token-{work['slot_id']:08}", "seconds": 2}
    return str(reviewer.post(f"/queue/{work['slot_id']}/submit", body)["verdict"])


def exported(lead: Client, run_id: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(lead.export(run_id)).splitlines()]


def brought_in_again(lead: Client, project: str, schema: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What an import says of exported labels as gold."""
    again = [{"id": row["id"], "content": row["content"], "gold": row["label"]} for row in rows]
    return bring_in(lead, project, schema, again)


def test_a_schema_of_many_kinds_goes_the_whole_way(
    store: Store, lead: Client, reviewer: Client, provider: Provider
) -> None:
    texts = ["Bob met Ann.", "İbrahim 👩‍👧 saw Ann.", "Bob"]
    bring_in(lead, "mixed", MIXED, [{"text": text} for text in texts])
    run_id = lead.start_run("mixed", "d", model="openai/one", policy={"threshold": 0.9})["id"]
    draft(store, provider, run_id)
    schema, verdicts = LabelSchema.load(MIXED), []
    for work in claimed(reviewer):
        schema.validate_label(work["draft"], work["content"])
        assert "insults" not in work["confidences"]
        calm = {name: value for name, value in work["draft"].items() if value is not None}
        toxic = calm | {"toxic": True, "insults": [{"start": 0, "end": 3, "label": "slur"}]}
        with pytest.raises(InputError, match="insults: must be left out"):
            submit(reviewer, work, toxic | {"toxic": False})
        verdicts.append(submit(reviewer, work, calm if work["content"]["text"] == "Bob" else toxic))
    assert sorted(verdicts) == ["confirmed", "corrected", "corrected"]
    rows = exported(lead, run_id)
    assert all(row["label"] == schema.normalize(row["label"]) for row in rows)
    assert [row["label"]["insults"] is None for row in rows] == [False, False, True]
    report = brought_in_again(lead, "again", MIXED, rows)
    assert (report["added"], report["bad"]) == (3, 0)


def test_answers_of_many_kinds_that_agree_are_accepted(sqlite_store: Store, provider: Provider) -> None:
    step = Step(model="openai/one", confidence="samples", samples=3)
    rows = [{"text": "Bob met Ann."}]
    run_id = make_run(sqlite_store, rows, steps=[step], schema=LabelSchema.load(MIXED), threshold=1.0)
    draft(sqlite_store, provider, run_id)
    assert places(sqlite_store, run_id) == {"settled": 1}


def test_a_run_that_leaves_spans_to_the_student_pauses_and_says_why(
    sqlite_store: Store, provider: Provider
) -> None:
    run_id = make_run(sqlite_store, 1, model="student", schema=LabelSchema.load(ENTITIES))
    draft(sqlite_store, provider, run_id)
    run = get_run(sqlite_store, run_id)
    assert (run.state, "cannot learn 'entities' (spans): it needs a model" in run.note) == ("paused", True)


def test_recorded_entities_are_drafted_from_quotes_reviewed_and_measured(
    store: Store, lead: Client, reviewer: Client, shared_data: Path, tmp_path: Path
) -> None:
    """A system's spans as a model quotes them; people settle the gold of the data."""
    with gzip.open(shared_data / "spans" / "wnut17_test_systems.jsonl.gz", "rt") as lines:
        found = {row["text"]: row for row in map(json.loads, lines)}
    rows = list(found.values())[:EXAMPLES]
    bring_in(lead, "wnut", ENTITIES, [{"id": row["id"], "text": row["text"]} for row in rows])
    run_id = lead.start_run("wnut", "d", model="openai/one", policy={"threshold": 0.99})["id"]
    with running(answers=recorded(rows, tmp_path / "answers.jsonl")) as provider:
        draft(store, provider, run_id)
    for work in claimed(reviewer):
        submit(reviewer, work, {"entities": found[work["content"]["text"]]["gold"]})
    [field] = lead.get(f"/runs/{run_id}/quality")["fields"]
    pairs = [(marked(row["gold"]), marked(drafted(row))) for row in rows]
    same, total = sum(len(a & b) for a, b in pairs), sum(len(a) + len(b) for a, b in pairs)
    assert field["parts"]["f1"] == pytest.approx(2 * same / total)
    assert {row["id"]: marked(row["label"]["entities"]) for row in exported(lead, run_id)} == {
        row["id"]: marked(row["gold"]) for row in rows
    }
    assert brought_in_again(lead, "again", ENTITIES, exported(lead, run_id))["bad"] == 0


def recorded(rows: list[dict[str, Any]], path: Path) -> Path:
    schema = LabelSchema.load(ENTITIES)
    with path.open("w") as file:
        for row in rows:
            label = schema.as_answer({"entities": drafted(row)}, {"text": row["text"]})
            answer = {"label": label, "confidence": {"entities": 0.5}}
            file.write(json.dumps({"text": row["text"], "answer": answer}) + "\n")
    return path


def drafted(row: dict[str, Any]) -> list[dict[str, Any]]:
    """What the system made of a row."""
    return next(system["label"] for system in row["llms"] if system["model"] == SYSTEM)


def marked(spans: list[dict[str, Any]]) -> set[tuple[int, int, str]]:
    return {(span["start"], span["end"], span["label"]) for span in spans}
