"""What a review over HTTP really stored comes out in every format, and what a format cannot hold is said."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from prelabel import errors, formats
from prelabel.canonical import Json
from prelabel.client import Client
from prelabel.errors import FormatError
from prelabel.schema import LabelSchema
from prelabel.store import Store
from tests.conftest import skip_at_home
from tests.factories import FakeDrafter, unsure, work_off

TEXT = {"text": "Acme sued Bob in 1998."}
PAIR = {"prompt": "Which?", "response_a": "this", "response_b": "that"}
SPANS = [{"start": 0, "end": 4, "label": "ORG"}, {"start": 10, "end": 13, "label": "PER"}]
LINK = {"label": "sued", "head": {"start": 0, "end": 4}, "tail": {"start": 10, "end": 13}}
SEVERAL = {
    "topic": ["legal", "sport"], "tags": {"kind": "choices", "options": ["x", "y"]}, "stars": {"kind": "rating"},
    "toxic": {"kind": "boolean"}, "share": {"kind": "number"}, "why": {"kind": "text"},
}  # fmt: skip
CASES: dict[str, tuple[dict[str, Any], dict[str, Json], dict[str, Json]]] = {
    "several": (
        SEVERAL, TEXT,
        {"topic": "legal", "tags": ["x", "y"], "stars": 4, "toxic": False, "share": 0.25, "why": "it says “sued”"},
    ),
    "choice": ({"topic": ["legal", "sport"]}, TEXT, {"topic": "legal"}),
    "spans": ({"entities": {"kind": "spans", "options": ["ORG", "PER"]}}, TEXT, {"entities": SPANS}),
    "relations": (
        {
            "entities": {"kind": "spans", "options": ["ORG", "PER"]},
            "links": {"kind": "relations", "options": ["sued", "owns"], "between": "entities"},
        },
        TEXT, {"entities": SPANS, "links": [LINK]},
    ),
    "preference": ({"better": {"kind": "preference"}}, PAIR, {"better": "B"}),
}  # fmt: skip
"""Schema, content and label."""


def holders(schema: LabelSchema) -> Iterator[str]:
    """The formats that can hold something of a schema and are installed."""
    for form in formats.known():
        held = formats.about(form).kinds
        if held is None or {kind.kind for kind in schema.fields.values()} & set(held):
            try:
                formats.reader(form)
            except FormatError as error:
                skip_at_home(str(error))
            yield form


def reviewed(store: Store, lead: Client, reviewer: Client, case: str) -> tuple[int, LabelSchema]:
    """A run with one example, whose label a reviewer has submitted over HTTP."""
    fields, content, label = CASES[case]
    lead.define_project("p", {"guidelines": "Look twice.", "fields": fields})
    lead.bring_in("p", "d", io.BytesIO(json.dumps({"id": "e1", **content}).encode()))
    run = lead.start_run("p", "d", model="fake")
    work_off(store, run["id"], FakeDrafter(lambda _: errors.RefusedError("no")))
    [work] = reviewer.post("/queue/claim", {"limit": 1})
    reviewer.post(
        f"/queue/{work['slot_id']}/submit", {"label": label, "client_token": "token-01", "seconds": 3}
    )
    return run["id"], LabelSchema.model_validate({"guidelines": "Look twice.", "fields": fields})


@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_a_reviewer_submitted_comes_out_in_every_format_or_is_said_to_be_lost(
    store: Store, lead: Client, reviewer: Client, case: str
) -> None:
    run_id, schema = reviewed(store, lead, reviewer, case)
    _, content, label = CASES[case]
    for form in holders(schema):
        data = b"".join(lead.export(run_id, form))
        report = lead.export_report(run_id, form)
        assert (report["records"], report["bytes"] > 0) == (1, True)
        lost = {name for name in schema.fields if any(f"field '{name}'" in said for said in report["lost"])}
        [row] = list(formats.reader(form)(io.BytesIO(data), schema))
        assert row.value is not None, row.fault
        found: Any = row.value.get("label" if form in ("jsonl", "csv", "parquet") else "gold")
        if form.startswith("preference"):
            assert row.value["content"][f"response_{found['better'].lower()}"] == "that"
        elif (
            found is None
        ):  # the content's fields are one text there: no two responses to prefer, no place to point at
            assert row.lost, form
        elif lost:
            assert lost < set(schema.fields)
            assert row.lost or all((found[name] is None) == (name in lost) for name in schema.fields)
        else:
            assert schema.read_gold(found, content) == schema.normalize(label), form


def test_an_import_says_what_it_could_not_carry(lead: Client) -> None:
    lead.define_project("p", {"fields": {"topic": ["legal", "sport"]}})
    lines = [
        {"text": "a", "label": ["legal"]},
        {"text": "b", "label": ["legal", "sport"]},
        {"text": "c", "label": ["sport", "legal"]},
    ]
    body = io.BytesIO("".join(json.dumps(line) + "\n" for line in lines).encode())
    report = lead.bring_in("p", "d", body, "doccano")
    assert (report["added"], report["bad"]) == (3, 0)
    assert report["lost"] == {"several labels in one example, where the schema has room for one": 2}


def queued(store: Store, lead: Client, reviewer: Client, count: int = 12) -> int:
    """A run whose examples were all reviewed: every third is sport."""
    lead.define_project("p", {"fields": {"topic": ["a", "sport"]}})
    rows = [{"id": f"e{number}", "text": f"text {number} {number * 7919 % 1009}"} for number in range(count)]
    lead.bring_in("p", "d", io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode()))
    run = lead.start_run("p", "d", model="fake")
    work_off(store, run["id"], FakeDrafter(unsure))
    for work in reviewer.post("/queue/claim", {"limit": count}):
        topic = "a" if int(str(work["content"]["text"]).split()[1]) % 3 else "sport"
        body = {"label": {"topic": topic}, "client_token": f"token-{work['slot_id']:02}", "seconds": 3}
        reviewer.post(f"/queue/{work['slot_id']}/submit", body)
    return int(run["id"])


def exported(lead: Client, run_id: int, **selection: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(lead.export(run_id, **selection)).splitlines()]


def test_labels_are_weighed_filtered_balanced_and_split_over_http(
    store: Store, lead: Client, reviewer: Client
) -> None:
    run_id = queued(store, lead, reviewer)
    selection = {
        "balance": "topic",
        "weight": "0.5 + confidence / 2",
        "split": "0.5/0.5",
        "where": "confidence < 1",
    }
    rows = exported(lead, run_id, **selection)
    assert sorted(row["label"]["topic"] for row in rows) == ["a"] * 4 + ["sport"] * 4
    assert {row["weight"] for row in rows} == {0.7}
    assert {row["split"] for row in rows} <= {"train", "validation"}
    report = lead.export_report(run_id, **selection)
    assert report["left_out"] == {"balance: more of 'a' than of the rarest class": 4}
    assert sum(report["splits"].values()) == report["records"] == 8
    train = exported(lead, run_id, **selection, part="train")
    assert train == [row for row in rows if row["split"] == "train"]


def test_a_training_file_takes_settled_labels_only(store: Store, lead: Client, reviewer: Client) -> None:
    run_id = queued(store, lead, reviewer)
    lead.bring_in("p", "d2", io.BytesIO(b'{"id": "new", "text": "not reviewed"}\n'))
    open_run = lead.start_run("p", "d2", model="fake")["id"]
    assert len(exported(lead, run_id, file_format="messages", include="all")) == 12
    assert exported(lead, open_run, file_format="messages", include="all") == []
    assert [row["label"] for row in exported(lead, open_run, include="all")] == [None]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_selection_that_does_not_fit_is_refused_before_the_file_begins(
    store: Store, lead: Client, reviewer: Client
) -> None:
    run_id = queued(store, lead, reviewer, 1)
    for selection, said in {
        "where=topci == 'a'": "where, character 1: topci is not known; did you mean topic",
        "weight=confidence *": "weight, character",
        "balance=nothing": "balance: 'nothing' is not a field",
        "split=80/20": "split: two or three shares",
        "part=train": "part: there is no split",
        "format=coco": "holds boxes, but the schema has only choice",
        "format=docx": "cannot be written",
    }.items():
        name, _, value = selection.partition("=")
        for path in ("export", "export/report"):
            with pytest.raises(errors.InputError, match=said):
                lead.get(f"/runs/{run_id}/{path}", **{name: value})


def test_the_formats_are_listed_with_what_they_hold(lead: Client) -> None:
    listed = {one["name"]: one for one in lead.get("/formats")["items"]}
    assert set(listed) == set(formats.known())
    assert listed["coco"]["kinds"] == ["boxes"]
    assert listed["jsonl"]["kinds"] is None
    assert all(one["purpose"].endswith(".") for one in listed.values())
