"""A schema is read from YAML or JSON, and says exactly what is wrong with one that cannot be used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import LabelError, SchemaError
from prelabel.schema import LabelSchema

FULL = """
guidelines: The first wish decides.
fields:
  topic: {kind: choice, options: {billing: about money, returns: about goods}}
  tags: {kind: choices, options: [a, b], min: 1}
  urgency: {kind: rating, min: 1, max: 3}
  amount: {kind: number, min: 0, unit: EUR}
  angry: {kind: boolean, description: "Is the customer angry?"}
  answer: {kind: text}
"""
LABEL = {
    "topic": "billing",
    "tags": ["b", "a"],
    "urgency": 2,
    "amount": 1.0,
    "angry": False,
    "answer": " Hi. ",
}


def test_a_schema_survives_the_way_through_its_document() -> None:
    schema = LabelSchema.load(FULL)
    again = LabelSchema.model_validate(schema.document())
    assert again == schema
    assert again.digest() == schema.digest()


def test_a_plain_list_of_options_is_short_for_a_choice() -> None:
    short, long = (
        LabelSchema.load("fields: {a: [x, y]}"),
        LabelSchema.load("fields: {a: {kind: choice, options: [x, y]}}"),
    )
    assert short == long


def test_json_with_tabs_is_a_schema_too() -> None:
    assert LabelSchema.load('{\n\t"fields": {"a": ["x", "y"]}\n}').only == "a"


def test_the_order_of_fields_counts_in_the_digest() -> None:
    first, second = (
        LabelSchema.load("fields: {a: [x, y], b: [x, y]}"),
        LabelSchema.load("fields: {b: [x, y], a: [x, y]}"),
    )
    assert first.digest() != second.digest()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.yaml is empty"),
        (
            "fields:\n  a: [x, y]\n  b: {kind: choise}",
            "s.yaml, line 3, fields.b: kind 'choise' is unknown; did you mean 'choice'?",
        ),
        (
            "fields:\n  a:\n    kind: choice\n    optoins: [x]",
            "line 4, fields.a.optoins: is not known here; did you mean 'options'?",
        ),
        (
            "fields:\n  a: [yes, no]",
            "line 2, fields.a.options.0: an option is text, but true is not: write it in quotes",
        ),
        ("fields:\n  a: [x, y]\n  a: [y, z]", "line 3: 'a' stands twice"),
        ("fields:\n  a: [x, x]", "line 2, fields.a.*'x' stands twice"),
        ("feilds: {a: [x, y]}", "line 1, feilds: is not known here; did you mean 'fields'?"),
        ("fields:\n  r: {kind: rating, min: 5, max: 1}", "line 2, fields.r: max: must lie"),
        ("a: &x 1\nb: *x", "aliases"),
        ("fields: [", "line 1"),
        ("fields: {1a: [x, y]}", "fields.1a"),
        ("x" * 1_000_001, "at most 1,000,000"),
    ],
)
def test_a_fault_is_named_with_its_line_its_path_and_what_to_do(text: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message.replace("?", r"\?")):
        LabelSchema.load(text, "s.yaml")


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(SchemaError) as error:
        LabelSchema.load("fields:\n  a: {kind: nope}\n  b: {kind: rating, max: 0}\n")
    assert len(str(error.value).splitlines()) == 2


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_no_text_raises_anything_but_a_schema_error(text: str) -> None:
    try:
        LabelSchema.load(text)
    except SchemaError:
        return


def test_a_label_is_normalized_field_by_field() -> None:
    schema = LabelSchema.load(FULL)
    schema.validate_label(LABEL, {})
    assert schema.normalize(LABEL) == LABEL | {"tags": ["a", "b"], "amount": 1, "answer": "Hi."}


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("billing", "a label is an object with topic"),
        ({}, "topic: is missing"),
        (LABEL | {"topix": 1}, "topix: is not a field of the schema; did you mean 'topic'"),
        (LABEL | {"tags": ["a", "z"]}, 'tags.1: "z" is not one of the 2 options'),
    ],
)
def test_a_label_that_does_not_fit_is_refused_with_its_path(label: object, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        LabelSchema.load(FULL).validate_label(label, {})


def test_the_distance_of_labels_is_that_of_their_farthest_field() -> None:
    schema = LabelSchema.load(FULL)
    assert schema.distance(LABEL, LABEL | {"urgency": 3}) == 0.5
    assert schema.distance(LABEL, LABEL | {"urgency": 3, "angry": True}) == 1


def test_gold_may_be_the_bare_value_of_the_only_field() -> None:
    assert LabelSchema.load("fields: {stars: {kind: rating}}").read_gold("4", {}) == {"stars": 4}


def test_gold_cells_of_several_fields_are_parsed_by_their_kinds() -> None:
    cells = {
        "topic": "billing",
        "tags": "b|a",
        "urgency": "2",
        "amount": "1.0",
        "angry": "no",
        "answer": "Hi.",
    }
    assert LabelSchema.load(FULL).read_gold(cells, {}) == LABEL | {"tags": ["a", "b"], "answer": "Hi."}


def test_gold_that_does_not_fit_is_refused_with_its_field() -> None:
    with pytest.raises(LabelError, match="urgency: must be a whole number"):
        LabelSchema.load(FULL).read_gold(LABEL | {"urgency": "soon"}, {})


def test_descriptions_and_rules_reach_the_json_schema() -> None:
    properties = LabelSchema.load(FULL).json_schema()["properties"]
    assert properties["angry"]["description"] == "Is the customer angry?; true or false"
    assert properties["amount"]["description"] == "a number, at least 0, in EUR"
