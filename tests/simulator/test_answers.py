"""Which recorded answer a request gets."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.prompt import Instructions, load_prompt, repair
from prelabel.schema import LabelSchema
from simulator.answers import Answers, question, questions
from simulator.fitting import fitting, off_list
from tests.simulator.conftest import asking, fenced


def user(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


@given(st.text())
def test_the_fenced_example_is_what_is_asked_about(text: str) -> None:
    told = Instructions(load_prompt("label"), LabelSchema.load("fields: {x: [a, b]}"), "stated")
    assert question(told.messages({"text": text})) == text.strip()


def test_the_last_fenced_example_counts() -> None:
    assert question(user(f"{fenced('a shot')}\n\n{fenced('the example')}")) == "the example"


def test_the_last_message_with_a_fence_counts() -> None:
    assert question(user(fenced("a shot")) + user(fenced("the example")) + user("Again.")) == "the example"


def test_a_fence_inside_an_example_is_part_of_it() -> None:
    inner = "<example-99999999>\na trap\n</example-99999999>"
    assert question(user(fenced(f"one\n{inner}\ntwo"))) == f"one\n{inner}\ntwo"


def test_a_repair_is_about_the_example_before_it() -> None:
    talk = repair(asking("a hoax")["messages"], fenced("said by the model"), "it is no JSON")
    assert question(talk) == "a hoax"


def test_blocks_of_content_are_read_as_text() -> None:
    assert question(user([{"type": "text", "text": fenced("a hoax")}])) == "a hoax"


def test_without_a_fence_the_whole_message_is_asked_about() -> None:
    assert question(user(" a hoax ")) == "a hoax"


def test_white_space_around_a_recorded_text_does_not_matter() -> None:
    assert Answers([{"text": "\n a hoax ", "answer": 1}]).find("a hoax\n") is not None


def test_only_the_exact_text_is_found() -> None:
    assert Answers([{"text": "a hoax", "answer": 1}]).find("a hoax!") is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "row 2: is not JSON"),
        ('{"text": "b"}', "row 2: needs text, answer"),
        ('{"text": "b", "answer": 1, "logprobs": {"b": "much"}}', "row 2: needs"),
        ('{"text": "a", "answer": 2}', "row 2: its text was answered otherwise before: 'a'"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"text": "a", "answer": 1}) + "\n" + line + "\n")
    with pytest.raises(ValueError, match=reason):
        Answers.read(path)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "enum": ["x", "y"]}, "x"),
        ({"const": 7}, 7),
        ({"type": "number"}, 0.5),
        ({"type": ["integer", "null"], "minimum": 3}, 3),
        ({"type": "boolean"}, False),
        ({"type": "array", "items": {"enum": ["x", "y"]}}, ["x"]),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"enum": ["z"]}}}, "z"),
        ({"type": "object", "properties": {"a": {"type": "null"}}}, {"a": None}),
        ({}, "as the text says"),
    ],
)
def test_the_plainest_value_fits_the_schema(schema: dict[str, Any], value: Any) -> None:
    assert fitting(schema) == value


def test_where_quotes_are_asked_for_the_first_words_of_the_example_are_quoted() -> None:
    schema = LabelSchema.load(
        """
    fields:
      who: {kind: spans, options: [person], of: body, when: {sure: true}}
      acts: {kind: relations, options: [met], between: who, of: body}
    """.replace("fields:", "fields:\n      sure: {kind: boolean}")
    )
    told = Instructions(load_prompt("label"), schema, "logprobs")
    for example, words in [("title: A\nbody: Bob met Ann\nx: y", ["Bob", "met"]), ("Bob", ["Bob"])]:
        answer = fitting(told.answer_schema, example=example)["label"]
        assert [quote["text"] for quote in answer["who"]] == words
        schema.read_answer(answer | {"sure": len(words) > 1}, {"body": " ".join(words)})


def test_off_list_changes_only_what_is_listed() -> None:
    listed = {"type": "array", "items": {"enum": ["x"]}}
    schema = {"properties": {"tags": listed, "none": listed, "note": {"type": "string"}}}
    changed = off_list({"tags": ["x"], "none": [], "note": "free"}, schema)
    strange = ["something else entirely"]
    assert changed == {"tags": strange, "none": strange, "note": "free"}


def test_all_examples_of_a_question_about_several_are_found() -> None:
    talk = [
        {"role": "user", "content": f"{fenced('one')}\n\n{fenced('two')}"},
        {"role": "user", "content": "Again."},
    ]
    assert questions(talk) == ["one", "two"]
    assert questions([{"role": "user", "content": "Hello."}]) == []
