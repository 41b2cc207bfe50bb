"""A schema is read from YAML or JSON, and says exactly what is wrong with one that cannot be used."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import LabelError, SchemaError
from prelabel.schema import LabelSchema

DOCS = Path(__file__).parents[2] / "docs"
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


ALL_WAYS = """
fields:
  topic: {kind: choice, options: ["yes", "1", {value: other, options: [deep, {value: told, description: "it: is", examples: [a]}]}]}
  parts: {kind: spans, of: text, options: [né, "#x"], when: {topic: other}}
  good: {kind: rating, max: 3, meanings: {1: bad}}
"""


def test_a_schema_is_read_back_from_its_text() -> None:
    schema = LabelSchema.load(ALL_WAYS)
    assert LabelSchema.load(schema.text()).digest() == schema.digest()


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
        ("", "s.yaml: is empty"),
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


TOXIC = """
fields:
  toxic: {kind: boolean}
  harm: {kind: choices, options: {hate: [race, creed], threat: ""}, min: 1, when: {toxic: true}}
  creed: {kind: text, when: {harm: hate/creed}, optional: true}
  degree: {kind: rating, when: {harm: [hate, threat]}}
"""
HARMLESS = {"toxic": False, "harm": None, "creed": None, "degree": None}
HATE = {"toxic": True, "harm": ["hate/creed"], "creed": "druids", "degree": 4}


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ({"toxic": False}, HARMLESS),
        (HARMLESS, HARMLESS),
        (HATE, HATE),
        ({"toxic": True, "harm": ["hate/creed"], "degree": 4}, HATE | {"creed": None}),
        (
            {"toxic": True, "harm": ["threat"], "degree": 1},
            {"toxic": True, "harm": ["threat"], "creed": None, "degree": 1},
        ),
    ],
)
def test_a_field_that_does_not_apply_or_is_optional_may_be_left_out(
    label: dict[str, object], meant: dict[str, object]
) -> None:
    schema = LabelSchema.load(TOXIC)
    schema.validate_label(label, {})
    assert schema.normalize(label) == meant
    assert schema.read_gold(label, {}) == meant
    assert schema.read_answer(label, {}) == meant
    assert schema.read_answer(schema.as_answer(meant, {}), {}) == meant


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ({"toxic": True}, "harm: is missing"),
        ({"toxic": True, "harm": None}, "harm: must be a list of options, not null"),
        (
            {"toxic": False, "degree": 3},
            "degree: must be left out: it applies only where harm is hate or threat",
        ),
        (HATE | {"harm": ["hate/race"]}, "creed: must be left out: it applies only where harm is hate/creed"),
    ],
)
def test_a_person_is_told_which_fields_apply(label: dict[str, object], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        LabelSchema.load(TOXIC).validate_label(label, {})


def test_what_a_model_says_of_a_field_that_does_not_apply_is_dropped() -> None:
    schema = LabelSchema.load(TOXIC)
    assert schema.read_answer(HATE | {"toxic": False, "degree": 99}, {}) == HARMLESS
    assert schema.read_answer(HATE | {"harm": ["hate/race"]}, {})["creed"] is None


def test_cells_of_fields_that_do_not_apply_are_empty() -> None:
    cells = {"toxic": "no", "harm": "", "creed": " ", "degree": ""}
    assert LabelSchema.load(TOXIC).read_gold(cells, {}) == HARMLESS


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("a: {kind: rating, when: {b: 1}}\n  b: {kind: rating}", "line 2, fields.a.when.b: comes after 'a'"),
        ("a: {kind: rating, when: {x: 1}}", "fields.a.when.x: is not a field .*here there is none"),
        (
            "a: {kind: text}\n  b: {kind: rating, when: {a: x}}",
            "line 3, fields.b.when.a: is of kind text: a condition",
        ),
        ("a: [x, y]\n  b: {kind: rating, when: {a: z}}", 'line 3, fields.b.when.a: "z" is not one of the 2'),
        ("a: [x, y]\n  b: {kind: rating, when: {a: yes}}", "fields.b.when.a: must be text, not true"),
        ("a: {kind: boolean}\n  b: {kind: rating, when: {a: 1}}", "fields.b.when.a: must be true or false"),
        (
            "a: {kind: rating}\n  b: {kind: rating, when: {a: [5, 6]}}",
            "fields.b.when.a: must be a whole number",
        ),
        ("a: [x, y]\n  b: {kind: rating, when: {a: []}}", "fields.b.when.a: needs a value"),
        ("a: [x, y]\n  b: {kind: rating, when: a}", "fields.b.when: is a mapping"),
    ],
)
def test_a_condition_that_cannot_come_true_is_refused_with_its_line(fields: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        LabelSchema.load(f"fields:\n  {fields}")


def test_all_conditions_are_checked_at_once() -> None:
    with pytest.raises(SchemaError) as error:
        LabelSchema.load("fields:\n  a: {kind: rating, when: {x: 1}}\n  b: {kind: rating, when: {y: 1}}\n")
    assert len(str(error.value).splitlines()) == 2


def test_a_schema_with_conditions_survives_the_way_through_its_document() -> None:
    schema = LabelSchema.load(TOXIC)
    again = LabelSchema.model_validate(schema.document())
    assert again == schema
    assert again.digest() == schema.digest() != LabelSchema.load(TOXIC.replace("true", "false")).digest()


def test_null_is_in_the_json_schema_where_a_field_may_have_no_value() -> None:
    properties = LabelSchema.load(TOXIC).json_schema()["properties"]
    assert properties["toxic"]["type"] == "boolean"
    assert properties["degree"]["anyOf"][1] == {"type": "null"}
    assert properties["degree"]["description"].endswith("only where harm is hate or threat")
    assert LabelSchema.load(TOXIC).json_schema()["required"] == ["toxic", "harm", "creed", "degree"]


def test_no_value_is_as_far_from_a_value_as_can_be() -> None:
    schema = LabelSchema.load(TOXIC)
    assert schema.distances(HARMLESS, HATE) == {"toxic": 1, "harm": 1, "creed": 1, "degree": 1}
    assert schema.distance(HARMLESS, {"toxic": False}) == 0


@pytest.mark.parametrize(
    ("labels", "settled"),
    [
        ([HATE, HATE, HARMLESS], HATE),
        ([HARMLESS, HARMLESS, HATE], HARMLESS),
        ([HATE, HARMLESS], None),
        ([HATE, HATE | {"creed": None}, HATE | {"creed": None}], HATE | {"creed": None}),
        ([HATE, HATE | {"creed": None}], None),
        ([HATE, HATE | {"degree": 1}, HARMLESS], None),
        ([], None),
    ],
)
def test_people_settle_a_label_field_by_field(
    labels: list[dict[str, object]], settled: dict[str, object] | None
) -> None:
    assert LabelSchema.load(TOXIC).combine(labels) == settled


EXAMPLES = re.findall(r"```yaml\n(.*?)```", (DOCS / "schema.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_schema_in_the_documentation_can_be_loaded(text: str) -> None:
    LabelSchema.load(text)


def test_one_schema_holds_fields_of_all_kinds() -> None:
    schema = LabelSchema.load(next(text for text in EXAMPLES if "toxicity" in text))
    content = {"text": "The sun is cold, you twit."}
    answer = {
        "topic": "science/physics",
        "difficulty": 1,
        "toxicity": True,
        "insults": [{"text": "Twit", "label": "slur"}],
        "factual": "wrong",
        "correction": "It is hot.",
    }
    label = schema.read_answer(answer, content)
    assert label == answer | {"insults": [{"start": 21, "end": 25, "label": "slur"}]}
    schema.validate_label(label, content)
    assert schema.read_answer(schema.as_answer(label, content), content) == label
    calm = {"topic": "society/law", "difficulty": 3, "toxicity": False, "factual": "right"}
    assert schema.distances(label, calm) == {
        "topic": 1,
        "difficulty": pytest.approx(2 / 3),
        "toxicity": 1,
        "insults": 1,
        "factual": 1,
        "correction": 1,
    }
