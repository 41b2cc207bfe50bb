"""A schema is changed and drafts are brought in over HTTP."""

from typing import Any

import pytest

from prelabel.client import Client
from prelabel.errors import InputError, NotAllowed, SchemaError
from prelabel.store import Store
from tests.api.test_api import bring_in
from tests.factories import FakeDrafter, labels, places, sure, work_off

MERGED = {"fields": {"topic": ["b", "c"]}}
MAPPING = {"options": {"topic": {"a": "b"}}}


def settled_run(store: Store, lead: Client) -> int:
    bring_in(lead, {"id": "1", "text": "x"}, {"id": "2", "text": "y"})
    run_id = int(lead.start_run("p", "d", model="fake")["id"])
    work_off(store, run_id, FakeDrafter(sure))
    return run_id


def change(lead: Client, **body: Any) -> dict[str, Any]:
    return dict(lead.put("/projects/p/schema", {"schema": MERGED, **body}))


def test_a_change_is_said_before_it_is_done(store: Store, lead: Client) -> None:
    run_id = settled_run(store, lead)
    planned = change(lead, dry_run=True)
    assert planned["labels"] == {
        "same": 0, "mapped": 0, "unfit": 2, "reasons": {'topic: "a" is not one of the 2 options': 2},
    }  # fmt: skip
    assert (planned["runs"], planned["to_version"]) == ([run_id], 2)
    assert places(store, run_id) == {"settled": 2}
    done = change(lead, mapping=MAPPING)
    assert (done["labels"]["mapped"], done["left"]) == (2, 0)
    assert labels(store, run_id) == {"1": ("b", "auto"), "2": ("b", "auto")}


def test_versions_are_listed_with_their_runs(store: Store, lead: Client) -> None:
    run_id = settled_run(store, lead)
    change(lead)
    listed = list(lead.items("/projects/p/schema"))
    assert [(one["version"], one["runs"], one["left"]) for one in listed] == [(2, [run_id], 0), (1, [], 0)]
    assert listed[0]["schema"]["fields"]["topic"]["options"][0]["value"] == "b"


def test_versions_tell_what_they_changed_and_how_they_would_be_written(store: Store, lead: Client) -> None:
    settled_run(store, lead)
    change(lead, mapping=MAPPING)
    newest, first = lead.items("/projects/p/schema")
    assert [one["said"] for one in newest["changes"]] == ["topic: options 'a' and 'b' are all 'b'"]
    assert first["changes"] == []
    assert first["text"] == "fields:\n  topic:\n    kind: choice\n    options:\n    - a\n    - b\n    - c\n"


def test_a_mapping_that_does_not_fit_the_schemas_says_so(store: Store, lead: Client) -> None:
    settled_run(store, lead)
    with pytest.raises(SchemaError, match='"z" is not an option of the old schema'):
        change(lead, mapping={"options": {"topic": {"z": "b"}}})


def test_only_a_lead_changes_a_schema(lead: Client, reviewer: Client) -> None:
    bring_in(lead, {"text": "x"})
    with pytest.raises(NotAllowed):
        change(reviewer)


def test_drafts_made_elsewhere_are_reported_and_drafted_with(store: Store, lead: Client) -> None:
    drafts = [{"model": "crf", "label": "a"}, {"model": "bert", "label": "z"}]
    report = bring_in(lead, {"id": "1", "text": "x", "drafts": drafts})
    assert (report["added"], report["bad"], report["drafts"], report["bad_drafts"]) == (1, 0, 1, 1)
    assert (report["models"], report["bad_rows"][0]["field"]) == ({"crf": 1}, "drafts.1.label.topic")
    assert lead.start_run("p", "d", model="given")["model"] == "given/crf"
    assert float(lead.quote("p", "d", model="given/crf")["most"]) == 0
    with pytest.raises(InputError, match="there are given/crf"):
        lead.start_run("p", "d", model="given/bert")
