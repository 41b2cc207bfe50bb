"""Label configs: written for a schema, read back to one, and nothing in the XML reaches further than the XML."""

from typing import Any

import pytest

from prelabel.errors import FormatError, SchemaError
from prelabel.formats.label_studio.config import draft_schema, read_config, write_config
from tests.formats.samples import schema_of

DRAFTED: list[dict[str, Any]] = [
    {"kind": "choice", "options": ["legal", "a/c", 'x, "y" & <z>', "ä\n"]},
    {
        "kind": "choice",
        "options": [{"value": "animal", "options": ["dog", {"value": "cat", "description": "purrs"}]}, "oak"],
    },
    {"kind": "choices", "options": ["a", "b"]},
    {"kind": "choice", "inner": True, "options": [{"value": "animal", "options": ["dog", "cat"]}, "oak"]},
    {"kind": "rating", "max": 7},
    {"kind": "number", "min": 0, "max": 2.5},
    {"kind": "boolean"},
    {"kind": "text"},
    {"kind": "spans", "of": "text", "options": ["ORG", "PER"]},
    {"kind": "boxes", "of": "picture", "options": ["Car", "Bus"]},
    {"kind": "preference", "a": "left", "b": "right", "tie": False},
    {"kind": "preference", "a": "left", "b": "right", "tie": True, "strength": 3},
]


@pytest.mark.parametrize("field", DRAFTED, ids=lambda field: field["kind"])
def test_a_schema_comes_back_from_its_config(field: dict[str, Any]) -> None:
    schema = schema_of(mine=field)
    draft = draft_schema(write_config(schema, {"text": "x", "left": "x", "right": "x", "picture": "x.png"}))
    assert draft.lost == ()
    [(name, read)] = draft.document["fields"].items()
    assert name == "mine"
    assert schema_of(mine=read) == schema
    assert {key: value for key, value in read.items() if key != "options"} == {
        key: value for key, value in field.items() if key != "options"
    }


def test_a_condition_on_one_choice_is_carried_both_ways() -> None:
    config = """<View><Text name="t" value="$t"/>
      <Choices name="toxic" toName="t"><Choice value="Yes"/><Choice value="No"/></Choices>
      <TextArea name="why" toName="t" visibleWhen="choice-selected" whenTagName="toxic" whenChoiceValue="Yes"/>
      <TextArea name="how" toName="t" visibleWhen="region-selected"/></View>"""
    draft = draft_schema(config)
    assert draft.document["fields"]["why"] == {"kind": "text", "when": {"toxic": [True]}}
    assert draft.lost == ("'how': the condition under which it is shown",)


def test_relations_join_the_spans_of_the_config() -> None:
    schema = schema_of(
        ner={"kind": "spans", "options": ["ORG", "PER"]},
        links={"kind": "relations", "options": ["sued", "knows"], "between": "ner"},
    )
    fields = draft_schema(write_config(schema, {"text": "x"})).document["fields"]
    assert fields["relations"] == {
        "kind": "relations", "of": "text", "between": "ner", "options": ["sued", "knows"],
    }  # fmt: skip


def test_a_content_field_that_is_called_as_a_label_field_gets_another_name() -> None:
    _, controls = read_config(write_config(schema_of(text={"kind": "boolean"}), {"text": "x"}))
    assert controls["text"].to == ("text-data",)


def test_nested_content_and_names_that_are_no_variables_are_not_shown() -> None:
    config = write_config(schema_of(ok={"kind": "boolean"}), {"a": "x", "b": {"c": 1}, "d e": "x"})
    assert '$a"' in config
    assert "$b" not in config
    assert "d e" not in config


def test_turns_are_shown_as_a_dialogue() -> None:
    content = {"talk": [{"role": "user", "content": "Hi"}]}
    assert '<Paragraphs name="talk"' in write_config(schema_of(ok={"kind": "boolean"}), content)


def test_what_has_no_kind_is_told() -> None:
    config = """<View><Image name="i" value="$i"/><Text name="t" value="$t"/>
      <BrushLabels name="mask" toName="i"><Label value="Sky"/></BrushLabels>
      <Choices name="my topic" toName="t"><Choice value="A" alias="a"/><Choice value="B" hint="the second"/></Choices>
      <Choices name="each" toName="i" perRegion="true"><Choice value="A"/><Choice value="B"/></Choices></View>"""
    draft = draft_schema(config)
    assert draft.document == {
        "fields": {
            "my_topic": {
                "kind": "choice",
                "options": [{"value": "a"}, {"value": "B", "description": "the second"}],
            }
        }
    }
    assert [what.split(":")[0] for what in draft.lost] == ["'mask'", "the name 'my topic'", "'each'"]


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><View><Text name="t" value="&b;"/></View>'
)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (BOMB, "document type or entities"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><View/>', "document type or entities"),
        ("<View>&outside;</View>", "not XML"),
        ("<View>", "not XML"),
        ("", "not XML"),
        ("\x00", "not XML"),
        ("\ud800", "not XML"),
        ('<?xml version="1.0" encoding="no-such"?><View/>', "not XML"),
        ("<View>" * 500 + "</View>" * 500, "nested more than 100"),
        ("<View>" + " " * 1_000_001, "at most 1,000,000 characters"),
    ],
    ids=lambda value: value[:20],
)
def test_a_config_that_is_not_plain_xml_is_refused(config: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        draft_schema(config)


def test_a_config_without_a_control_is_no_schema() -> None:
    with pytest.raises(SchemaError, match="no control"):
        draft_schema('<View><Text name="t" value="$t"/></View>')
