"""How long answers get is told from the JSON schema that they fit."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prelabel.drafting import answers
from prelabel.prompt import Instructions, load_prompt
from prelabel.schema import LabelSchema

SCHEMA = LabelSchema.load("""
fields:
  toxic: {kind: boolean}
  harm: {kind: choice, options: {hate: [race, creed], threat: ""}, when: {toxic: true}}
  degree: {kind: rating, optional: true}
""")
FORM = Instructions(load_prompt("label"), SCHEMA, "logprobs").answer_schema
VALUES: list[list[Any]] = [[True, False], ["hate/creed", "threat", None], [1, 5, None]]


@given(st.tuples(*(st.sampled_from(values) for values in VALUES)))
def test_no_answer_is_longer_than_the_longest(values: tuple[Any, ...]) -> None:
    label = dict(zip(SCHEMA.fields, values, strict=True))
    assert len(json.dumps({"label": label})) <= answers.longest(FORM)


def test_the_ends_of_a_form_are_answers_in_that_form() -> None:
    found = {end: json.loads(text)["label"] for end, text in answers.ends(FORM).items()}
    assert all(list(label) == list(SCHEMA.fields) for label in found.values())
    assert [found[end]["harm"] for end in answers.ENDS] == ["threat", "hate/race", "hate/creed"]


def test_what_is_quoted_is_shorter_than_what_is_written() -> None:
    schema = LabelSchema.load("fields: {who: {kind: spans, options: [person]}, note: {kind: text}}")
    form = Instructions(load_prompt("label"), schema, "logprobs").answer_schema
    usual = json.loads(answers.ends(form)["mean"])["label"]
    assert [set(quote) for quote in usual["who"]] == [{"text", "label"}] * 2
    assert len(json.dumps(usual["who"])) < 2 * len(usual["note"])
