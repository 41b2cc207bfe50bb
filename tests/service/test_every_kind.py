"""Every kind of label on real data, from a file to a file, through real processes: import, draft, two reviews, consensus, export.

The drafts are those of the simulated provider, made up but valid; both reviewers answer with what the data says is right.
"""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from prelabel.client import Client
from simulator.process import running as provider_running
from tests.running import Running, running

MODEL = "openai/simulated"
ROWS = 12


@dataclass(frozen=True)
class Case:
    """A schema, and rows whose `gold` is kept from the import: it is what the reviewers answer."""

    schema: dict[str, Any]
    rows: Callable[[Path], list[dict[str, Any]]]
    images: str = ""


def recorded(data: Path, name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def entities(data: Path) -> list[dict[str, Any]]:
    rows = [row for row in recorded(data, "spans/wnut17_test_systems") if row["gold"]]
    return [{"id": row["id"], "text": row["text"], "gold": {"entities": row["gold"]}} for row in rows]


def preferences(data: Path) -> list[dict[str, Any]]:
    rows = list(recorded(data, "preference/pandalm"))[:ROWS] + list(recorded(data, "preference/hhh"))[:ROWS]
    return [
        {
            "id": row["id"],
            "prompt": row["text"],
            "response_a": row["responses"][0],
            "response_b": row["responses"][1],
            "gold": {"better": row["gold"]},
        }
        for row in rows
        if row["gold"]
    ]


def stars(data: Path) -> list[dict[str, Any]]:
    rows = recorded(data, "multi_llm/alttest_cebab_stars")
    return [
        {"id": row["id"], "text": row["text"], "gold": {"stars": row["annotations"][0]["label"]}}
        for row in rows
    ]


def recipes(data: Path) -> list[dict[str, Any]]:
    rows = recorded(data, "multi_annotator/recipe_quality")
    return [
        {"id": row["id"], "text": row["text"], "gold": {"quality": row["ratings"][0], "mean": row["gold"]}}
        for row in rows
    ]


def cells(data: Path) -> list[dict[str, Any]]:
    def box(pixels: dict[str, Any]) -> dict[str, Any]:
        x, y, width, height = pixels["bbox"]
        return {
            "x": x / 640, "y": y / 480, "width": width / 640, "height": height / 480, "label": pixels["label"]
        }  # fmt: skip

    lines = (data / "boxes" / "bccd.jsonl").read_text().splitlines()
    return [
        {"id": row["id"], "image": row["image"], "gold": {"cells": [box(pixels) for pixels in row["gold"]]}}
        for row in map(json.loads, lines)
    ]


def instructions(_data: Path) -> list[dict[str, Any]]:
    asked = [
        ("Name three uses of vinegar.", "Cleaning glass, pickling vegetables, and descaling kettles."),
        ("Why is the sky blue?", "Air scatters short wavelengths of sunlight more than long ones."),
        ("Write a haiku about rain.", "Rain on the tin roof,\nold stories told by the drops –\nthe cat does not care."),
        ("Convert 5 miles to kilometres.", "About 8.05 kilometres."),
    ]  # fmt: skip
    return [
        {
            "id": f"i{number}",
            "instruction": instruction,
            "gold": {
                "response": response,
                "talk": [
                    {"role": "user", "content": instruction},
                    {"role": "assistant", "content": response},
                ],
                "toxic": False,
                "topic": "science/physics" if "sky" in instruction else "everyday",
                "difficulty": None if "haiku" in instruction else 2,
            },
        }
        for number, (instruction, response) in enumerate(asked)
    ]


def sentences(_data: Path) -> list[dict[str, Any]]:
    text = "Acme sued Bob in Bern."
    spans = [(0, 4, "who"), (10, 13, "who"), (17, 21, "where")]
    named = [{"start": start, "end": end, "label": label} for start, end, label in spans]
    ends = [{"start": start, "end": end} for start, end, _ in spans]
    relations = [{"label": "sued", "head": ends[0], "tail": ends[1]}]
    return [{"id": "s1", "text": text, "gold": {"names": named, "deeds": relations}}]


CASES = {
    "spans": Case(
        {
            "entities": {
                "kind": "spans",
                "options": ["person", "location", "group", "product", "corporation", "creative-work"],
            }
        },
        entities,
    ),
    "relations": Case(
        {
            "names": {"kind": "spans", "options": ["who", "where"]},
            "deeds": {"kind": "relations", "options": ["sued", "met"], "between": "names"},
        },
        sentences,
    ),
    "preference": Case({"better": {"kind": "preference"}}, preferences),
    "boxes": Case({"cells": {"kind": "boxes", "options": ["RBC", "WBC", "Platelets"]}}, cells, "boxes"),
    "rating": Case({"stars": {"kind": "rating", "min": 1, "max": 5}}, stars),
    "rating and number": Case(
        {
            "quality": {"kind": "rating", "min": 1, "max": 6},
            "mean": {"kind": "number", "min": 1, "max": 6, "tolerance": 0.01},
        },
        recipes,
    ),
    "instruction and response": Case(
        {
            "response": {"kind": "text"},
            "talk": {"kind": "text", "turns": True},
            "toxic": {"kind": "boolean"},
            "topic": {
                "kind": "choice",
                "options": ["everyday", {"value": "science", "options": ["physics", "chemistry"]}],
            },
            "difficulty": {"kind": "rating", "min": 1, "max": 3, "optional": True},
        },
        instructions,
    ),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with one worker, whose models are the simulated provider's."""
    prices = json.dumps({MODEL: [1, 2]})
    with (
        provider_running() as provider,
        running(
            tmp_path_factory.mktemp("home"), 1, api_base=f"{provider.url}/v1", prices=prices, sweep_seconds=1
        ) as service,
    ):
        yield service


@pytest.fixture(scope="module")
def reviewers(service: Running) -> Iterator[list[Client]]:
    with ExitStack() as stack:
        tokens = [
            service.client.post("/users", {"name": name, "role": "reviewer"})["token"]
            for name in ("ada", "bo")
        ]
        yield [stack.enter_context(Client(service.client.url, token)) for token in tokens]


@pytest.mark.parametrize("name", CASES)
def test_examples_go_in_are_drafted_reviewed_by_two_and_come_out_as_they_were_answered(
    name: str, service: Running, reviewers: list[Client], shared_data: Path
) -> None:
    case, lead, project = CASES[name], service.client, name.replace(" ", "-")
    rows = case.rows(shared_data)[:ROWS]
    right = {row["id"]: row.pop("gold") for row in rows}
    lead.define_project(project, {"fields": case.schema})
    if case.images:
        lead.put(f"/projects/{project}/datasets/new")
        for row in rows:
            image = shared_data / case.images / row["image"]
            lead.upload_image(project, "new", row["image"], image.read_bytes())
    assert bring_in(lead, project, "new", rows)["added"] == len(rows)
    run = lead.start_run(project, "new", model=MODEL, policy={"threshold": 1, "reviewers": 2})
    drafted = lead.wait(run["id"], ("reviewing", "paused"), seconds=60, every=0.1)
    assert drafted["places"]["queued"] == len(rows), f"{drafted}\n{service.logs()}"

    for reviewer in reviewers:
        assert answer_all(reviewer, run["id"], right) == len(rows)

    assert lead.run(run["id"])["stage"] == "done"
    exported = [json.loads(line) for line in b"".join(lead.export(run["id"])).splitlines()]
    assert {(row["source"], row["reviewer"]) for row in exported} == {("consensus", "ada, bo")}
    labels = {row["id"]: row["label"] for row in exported}
    assert labels.keys() == right.keys()
    report = bring_in(lead, project, "again", exported, gold_field="label")
    assert (report["added"], report["bad"]) == (len(rows), 0)
    again = lead.start_run(project, "again", model=MODEL, policy={"gold": "measure"})
    lead.wait(again["id"], ("reviewing", "done"), seconds=60, every=0.1)
    back = [json.loads(line) for line in b"".join(lead.export(again["id"], include="all")).splitlines()]
    assert {row["id"]: row["gold"] for row in back} == labels


def test_drafts_of_a_recorded_system_have_the_f1_that_is_known_of_it(
    service: Running, reviewers: list[Client], shared_data: Path
) -> None:
    lead, schema = service.client, CASES["spans"].schema
    rows = list(recorded(shared_data, "spans/wnut17_test_systems"))
    right = {row["id"]: {"entities": row["gold"]} for row in rows}
    wanted = [{"id": row["id"], "text": row["text"], "llms": row["llms"]} for row in rows]
    lead.define_project("systems", {"fields": schema})
    report = bring_in(lead, "systems", "all", wanted, drafts_field="llms")
    assert (report["added"], report["drafts"], report["bad_drafts"]) == (680, 680 * 7, 0)
    run = lead.start_run("systems", "all", model="given/uh_ritual")
    lead.wait(run["id"], ("reviewing", "paused"), seconds=60, every=0.1)
    assert answer_all(reviewers[0], run["id"], right) == 680
    [field] = lead.get(f"/runs/{run['id']}/quality")["fields"]
    assert field["parts"]["f1"] == pytest.approx(0.4379, abs=5e-5)
    assert lead.get(f"/runs/{run['id']}/cost")["model_dollars"] == "0"


def bring_in(
    lead: Client, project: str, dataset: str, rows: list[dict[str, Any]], **fields: str
) -> dict[str, Any]:
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    return lead.bring_in(project, dataset, io.BytesIO(lines.encode()), "jsonl", None, **fields)


def answer_all(reviewer: Client, run_id: int, right: dict[str, Any]) -> int:
    """Claim page after page and answer with what is right; how many were answered."""
    answered = 0
    while works := reviewer.post("/queue/claim", {"limit": 5, "run_id": run_id}):
        for work in works:
            reviewer.post(
                f"/queue/{work['slot_id']}/submit",
                {
                    "label": right[work["example_id"]],
                    "client_token": f"slot-token-{work['slot_id']}",
                    "seconds": 3,
                },
            )
            answered += 1
    return answered
