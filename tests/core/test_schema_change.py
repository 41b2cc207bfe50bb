"""What a change of the schema means for labels: every one of them maps to a valid one, or is said not to fit."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prelabel.errors import LabelError, SchemaError
from prelabel.kinds.options import Options
from prelabel.schema import LabelSchema
from prelabel.schemas.change import Move, SchemaMapping

OLD = LabelSchema.load("""
fields:
  topic: [billing, invoices, returns]
  tags: {kind: choices, options: [a, b]}
  urgency: {kind: rating, min: 1, max: 5}
""")
LABEL = {"topic": "billing", "tags": ["a", "b"], "urgency": 4}


def move(new: str, old: LabelSchema = OLD, **mapping: Any) -> Move:
    made = Move(old, LabelSchema.load(new), SchemaMapping(**mapping))
    made.check()
    return made


def said(made: Move) -> list[str]:
    return [change.said for change in made.changes()]


def unfit(made: Move, label: dict[str, Any]) -> str:
    with pytest.raises(LabelError) as caught:
        made.label(label, {})
    return str(caught.value)


REST = "\n  tags: {kind: choices, options: [a, b]}\n  urgency: {kind: rating, min: 1, max: 5}"


def test_classes_that_are_renamed_and_merged_are_mapped() -> None:
    made = move(
        f"fields:\n  topic: [money, returns]{REST}",
        options={"topic": {"billing": "money", "invoices": "money"}},
    )
    assert said(made) == ["topic: options 'billing' and 'invoices' are all 'money'"]
    assert made.label(LABEL, {}) == LABEL | {"topic": "money"}


def test_a_class_that_is_removed_leaves_its_labels_unfit() -> None:
    made = move(f"fields:\n  topic: [billing, returns]{REST}")
    assert said(made) == ["topic: option 'invoices' is removed"]
    assert unfit(made, LABEL | {"topic": "invoices"}) == 'topic: "invoices" is not one of the 2 options'
    assert made.label(LABEL, {}) == LABEL


def test_an_option_may_be_left_out_of_lists() -> None:
    new = "fields:\n  topic: [billing, invoices, returns]\n  tags: {kind: choices, options: [b, c]}\n  urgency: {kind: rating}"
    made = move(new, options={"tags": {"a": None}})
    assert said(made) == ["tags: option 'a' is left out of lists", "tags: option 'c' is new"]
    assert made.label(LABEL, {})["tags"] == ["b"]


def test_a_renamed_field_keeps_its_values_and_a_removed_one_is_left_out() -> None:
    made = move("fields:\n  subject: [billing, invoices, returns]", fields={"topic": "subject"})
    assert made.label(LABEL, {}) == {"subject": "billing"}
    assert [change.what for change in made.changes()] == ["field_renamed", "field_removed", "field_removed"]


def test_a_new_field_needs_a_default_to_keep_labels() -> None:
    new = "fields:\n  topic: [billing, invoices, returns]\n  angry: {kind: boolean}" + REST
    assert unfit(move(new), LABEL) == "angry: has no value"
    made = move(new, defaults={"angry": False})
    assert made.label(LABEL, {}) == LABEL | {"angry": False}
    assert said(made) == ["angry: is new; labels that there are get false"]


def test_wider_bounds_change_nothing_and_narrower_ones_only_what_no_longer_fits() -> None:
    fields = "fields:\n  topic: [billing, invoices, returns]\n  tags: {kind: choices, options: [a, b]}\n"
    wider, narrower = (move(f"{fields}  urgency: {{kind: rating, max: {most}}}") for most in (7, 3))
    assert wider.label(LABEL, {}) == LABEL
    assert said(wider) == ["urgency: max is 7, no longer 5"]
    assert unfit(narrower, LABEL).startswith("urgency: must be a whole number from 1 to 3")
    assert narrower.label(LABEL | {"urgency": 2}, {})["urgency"] == 2


def test_another_kind_keeps_values_that_are_valid_in_it() -> None:
    old = LabelSchema.load("fields: {score: {kind: rating}}")
    made = move("fields: {score: {kind: number, max: 3}}", old)
    assert said(made) == ["score: is of kind number, no longer rating"]
    assert made.label({"score": 3}, {}) == {"score": 3}
    assert unfit(made, {"score": 4}) == "score: must be at most 3, not 4"


def test_labels_of_spans_relations_and_boxes_are_renamed_where_they_stand() -> None:
    """Their values are lists of objects with a `label`; the kinds themselves play no part in it."""
    made = Move(OLD, OLD, SchemaMapping(options={"tags": {"a": "b", "c": None}}))
    spans = [{"start": 0, "end": 1, "label": "a"}, {"start": 2, "end": 3, "label": "c"}]
    assert made.moved(LABEL | {"tags": spans})["tags"] == [{"start": 0, "end": 1, "label": "b"}]


def test_confidences_and_probabilities_go_along() -> None:
    made = move(
        "fields:\n  subject: [money, returns]",
        fields={"topic": "subject"},
        options={"topic": {"billing": "money", "invoices": "money"}},
    )
    assert made.confidences({"topic": 0.5, "urgency": 0.9}) == {"subject": 0.5}
    probabilities = {"topic": {"billing": 0.5, "invoices": 0.25, "returns": 0.25}}
    assert made.alternatives(probabilities) == {"subject": {"money": 0.75, "returns": 0.25}}


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"fields": {"topix": "topic"}}, "fields.topix: the old schema has no such field"),
        ({"fields": {"topic": "subject"}}, "fields.topic: the new schema has no field 'subject'"),
        ({"fields": {"urgency": "topic"}}, "2 fields would become 'topic'"),
        ({"options": {"topix": {}}}, "options.topix: the old schema has no such field"),
        ({"options": {"topic": {"bill": "returns"}}}, '"bill" is not an option of the old schema'),
        ({"options": {"topic": {"billing": "money"}}}, '"money" is not an option of the new schema'),
        ({"options": {"urgency": {"1": "2"}}}, '"1" is not an option of the old schema'),
        ({"defaults": {"angry": True}}, "defaults.angry: the new schema has no such field"),
        ({"defaults": {"topic": "x"}}, '"x" is not one of the 3 options'),
    ],
)
def test_a_mapping_that_speaks_of_other_schemas_is_refused(mapping: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        Move(OLD, OLD, SchemaMapping(**mapping)).check()


NAMES = ("red", "green", "blue", "grey", "pink")
OPTIONS = st.lists(st.sampled_from(NAMES), min_size=2, unique=True)
KINDS = st.one_of(
    OPTIONS.map(lambda options: {"kind": "choice", "options": options}),
    OPTIONS.map(lambda options: {"kind": "choices", "options": options}),
    st.tuples(st.integers(0, 2), st.integers(3, 6)).map(
        lambda ends: {"kind": "rating", "min": ends[0], "max": ends[1]}
    ),
    st.just({"kind": "boolean"}),
)
SCHEMAS = st.dictionaries(st.sampled_from(["f", "g", "h"]), KINDS, min_size=1).map(
    lambda fields: LabelSchema.model_validate({"fields": fields})
)


def values(kind: Any) -> st.SearchStrategy[Any]:
    if kind.kind == "choice":
        return st.sampled_from(kind.values)
    if kind.kind == "choices":
        return st.lists(st.sampled_from(kind.values), unique=True).map(kind.normalize)
    return st.integers(kind.min, kind.max) if kind.kind == "rating" else st.booleans()


def label_of(schema: LabelSchema) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: values(kind) for name, kind in schema.fields.items()})


@settings(max_examples=40)
@given(st.data(), SCHEMAS)
def test_the_same_schema_changes_nothing(data: st.DataObject, schema: LabelSchema) -> None:
    made = Move(schema, schema)
    made.check()
    label = data.draw(label_of(schema))
    assert made.changes() == []
    assert made.label(label, {}) == label


@settings(max_examples=40)
@given(st.data(), SCHEMAS, SCHEMAS)
def test_every_label_maps_to_a_valid_one_or_is_said_not_to_fit(
    data: st.DataObject, old: LabelSchema, new: LabelSchema
) -> None:
    made = Move(old, new, data.draw(mappings(old, new)))
    try:
        made.check()
    except SchemaError:
        return
    label = data.draw(label_of(old))
    try:
        mapped = made.label(label, {})
    except LabelError:
        return
    new.validate_label(mapped, {})
    assert new.normalize(mapped) == mapped


def mappings(old: LabelSchema, new: LabelSchema) -> st.SearchStrategy[SchemaMapping]:
    """Some that speak of these schemas, and some that do not quite."""
    option = st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), st.sampled_from(NAMES)), max_size=3)
    return st.builds(
        SchemaMapping,
        fields=st.dictionaries(
            st.sampled_from(list(old.fields)), st.sampled_from(list(new.fields)), max_size=2
        ),
        options=st.dictionaries(st.sampled_from(list(old.fields)), option, max_size=1),
    )


@settings(max_examples=40)
@given(st.data(), SCHEMAS, st.permutations(NAMES))
def test_renaming_everything_and_back_again_is_identity(
    data: st.DataObject, old: LabelSchema, shuffled: list[str]
) -> None:
    fields = {name: f"new_{name}" for name in old.fields}
    options = dict(zip(NAMES, shuffled, strict=True))  # old names are used again, for others
    chosen = {name: kind.values for name, kind in old.fields.items() if isinstance(kind, Options)}
    documents = {name: kind.model_dump() for name, kind in old.fields.items()}
    for name, values_there in chosen.items():
        documents[name]["options"] = [options[one] for one in values_there]
    renamed = LabelSchema.model_validate({"fields": {fields[name]: one for name, one in documents.items()}})
    there = SchemaMapping(
        fields=fields,
        options={name: {one: options[one] for one in there_are} for name, there_are in chosen.items()},
    )
    back = SchemaMapping(
        fields={new: name for name, new in fields.items()},
        options={
            fields[name]: {options[one]: one for one in there_are} for name, there_are in chosen.items()
        },
    )
    first, second = Move(old, renamed, there), Move(renamed, old, back)
    first.check()
    second.check()
    label = data.draw(label_of(old))
    assert second.label(first.label(label, {}), {}) == label
