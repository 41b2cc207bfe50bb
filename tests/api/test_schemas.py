"""A schema is read while it is being written, and nothing of it is kept."""

import pytest

from prelabel.client import Client
from prelabel.errors import NotAllowed


def test_every_fault_comes_with_its_line_and_path(lead: Client) -> None:
    text = "fields:\n  a: [x, y]\n  b: {kind: choise}\n  c: {kind: rating, mn: 1}\n"
    found = lead.post("/schemas/check", {"text": text})
    assert [(fault["line"], fault["path"]) for fault in found["faults"]] == [
        (3, "fields.b"),
        (4, "fields.c.mn"),
    ]
    assert found["faults"][1]["reason"] == "is not known here; did you mean 'min'?"
    assert found["fields"] == []


@pytest.mark.parametrize(
    ("text", "line"), [("", None), ("fields: [", 1), ("fields:\n  a: [x]\n  a: [y]", 3), ("&a [*a]", None)]
)
def test_a_text_that_is_no_document_has_one_fault(lead: Client, text: str, line: int | None) -> None:
    assert [fault["line"] for fault in lead.post("/schemas/check", {"text": text})["faults"]] == [line]


def test_a_schema_without_faults_makes_the_form_that_reviewers_get(lead: Client) -> None:
    found = lead.post("/schemas/check", {"text": "guidelines: Be kind.\nfields: {topic: [a, b]}"})
    assert (found["faults"], found["guidelines"]) == ([], "Be kind.")
    [field] = found["fields"]
    assert (field["kind"], [option["value"] for option in field["options"]]) == ("choice", ["a", "b"])
    assert list(lead.items("/projects")) == []


def test_a_reviewer_checks_no_schema(reviewer: Client) -> None:
    with pytest.raises(NotAllowed):
        reviewer.post("/schemas/check", {"text": "fields: {a: [b]}"})
