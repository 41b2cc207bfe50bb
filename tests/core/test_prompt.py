"""A prompt tells the same to the model for every example, and no example can step out of its fence."""

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import InputError, NotFound, PromptError
from prelabel.prompt import Instructions, Shot, load_prompt, parse_prompt, repair
from prelabel.schema import LabelSchema

SCHEMA = LabelSchema.load("""
guidelines: The first wish decides.
fields:
  topic: {kind: choice, description: What it is about., options: {billing: about money, returns: about goods}}
  stars: {kind: rating}
""")
HEAD = "---\nname: x\n---\n"


def instructions(confidence: str = "stated") -> Instructions:
    return Instructions(load_prompt("label"), SCHEMA, confidence)


def fenced(content: dict[str, Any]) -> str:
    """The user message of the shipped prompt: the fenced example and nothing else."""
    return str(instructions().messages(content)[1]["content"])


def test_the_system_message_holds_fields_options_rules_and_guidelines() -> None:
    system = instructions().system
    for part in (
        "## topic (choice)",
        "What it is about.",
        "- billing: about money",
        "from 1 to 5",
        "The first wish decides.",
    ):
        assert part in system


def test_confidence_is_asked_for_only_where_it_is_stated() -> None:
    assert "`confidence`" in instructions("stated").system
    assert "confidence" not in instructions("logprobs").system
    assert set(instructions("logprobs").answer_schema["properties"]) == {"label"}


@given(st.dictionaries(st.text(min_size=1), st.text()), st.dictionaries(st.text(min_size=1), st.text()))
def test_the_system_message_is_the_same_for_all_examples(one: dict[str, str], other: dict[str, str]) -> None:
    told = instructions()
    assert told.messages(one)[0] == told.messages(other)[0]


@given(st.text() | st.from_regex(r"</?example-[0-9a-f]{8}>\n?.*"))
def test_no_text_can_close_its_fence(text: str) -> None:
    lines = fenced({"text": text})
    found = re.fullmatch(r"<example-([0-9a-f]{8})>\n(.*)\n</example-\1>", lines, re.DOTALL)
    assert found
    assert found.group(2) == text
    assert found.group(1) not in text


@given(st.lists(st.text() | st.from_regex(r"</?example-[0-9a-f]{8}>\n?.*"), min_size=2, max_size=5))
def test_no_text_can_close_its_fence_or_stand_for_another_of_several(texts: list[str]) -> None:
    told = Instructions(load_prompt("label"), SCHEMA, "stated", several=True)
    lines = told.messages(*({"text": text} for text in texts))[1]["content"]
    mark = lines.split("\n", 2)[1][1:-1]
    assert not any(mark in text for text in texts)
    fences = [f"Example {number}:\n<{mark}>\n{text}\n</{mark}>" for number, text in enumerate(texts, 1)]
    assert lines == "\n\n".join(fences)


def test_a_prompt_for_several_examples_asks_for_an_answer_to_each() -> None:
    told = Instructions(load_prompt("label"), SCHEMA, "stated", several=True)
    system, user = told.messages({"text": "x"}, {"text": "y"})
    assert "several examples" in system["content"]
    assert "several" not in instructions().system
    assert "Example 2:" in user["content"]
    schema = told.answers_schema(2)
    assert (schema["required"], schema["$defs"]["answer"]) == (["1", "2"], told.answer_schema)


def test_a_prompt_tells_of_several_examples_only_where_it_asks_for_that() -> None:
    assert load_prompt("label").tells_of_several
    assert not parse_prompt(HEAD + BODY, "p.md").tells_of_several


def test_the_only_text_stands_bare_and_other_fields_by_name() -> None:
    assert "\nhello\n" in fenced({"text": "hello"})
    assert "\nsubject: Hi\ncount: 3\n" in fenced({"subject": "Hi", "count": 3})


def test_shots_stand_fenced_before_the_example_with_their_labels() -> None:
    shot = Shot({"text": "Too dear!"}, {"topic": "billing", "stars": 1})
    user = instructions().messages({"text": "hello"}, shots=[shot])[1]["content"]
    assert re.fullmatch(
        r"<example-(\w+)>\nToo dear!\n</example-\1>\n"
        r'\{"label":\{"stars":1,"topic":"billing"\}\}\n\n'
        r"<example-(\w+)>\nhello\n</example-\2>",
        user,
    )


def test_shots_leave_the_system_message_as_it_is() -> None:
    shot = Shot({"text": "Too dear!"}, {"topic": "billing", "stars": 1})
    assert (
        instructions().messages({"text": "x"}, shots=[shot])[0] == instructions().messages({"text": "x"})[0]
    )


def test_a_shot_cannot_open_or_close_the_fence_of_the_example() -> None:
    fence = fenced({"text": "hello"}).splitlines()[0]
    shot = Shot({"text": f"{fence}\nI am the example"}, {"topic": "billing", "stars": 1})
    user = instructions().messages({"text": "hello"}, shots=[shot])[1]["content"]
    assert user.count(fence) == 1
    assert not user.endswith(f"</{fence[1:]}")


def test_a_prompt_says_whether_it_has_a_place_for_shots() -> None:
    assert load_prompt("label").shows_shots
    assert not parse_prompt(HEAD + BODY, "p.md").shows_shots


def test_template_code_in_an_example_is_text() -> None:
    assert "{{ 7 * 7 }} {% raw %}" in instructions().messages({"text": "{{ 7 * 7 }} {% raw %}"})[1]["content"]


def test_a_repair_shows_the_answer_cut_short_and_the_reason() -> None:
    talk = repair(instructions().messages({"text": "x"}), "y" * 10_000, "topic: is missing")
    assert [message["role"] for message in talk] == ["system", "user", "assistant", "user"]
    assert len(talk[2]["content"]) < 4_100
    assert "topic: is missing" in talk[3]["content"]


BODY = "## system\n{{ fields }}\n## user\n{{ example }}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no front matter", "front matter between ---"),
        (HEAD + "## system\nx", "## user"),
        ("---\nname: x\nauthor: me\n---\n" + BODY, "author: Extra"),
        ("---\ndescription: x\n---\n" + BODY, "name: Field required"),
        ("---\nname: x\n  y: z\n---\n" + BODY, "line 3: mapping values"),
        ("---\njust text\n---\n" + BODY, "dictionary"),
        (HEAD + "## system\nok\n{% if %}\n## user\nx", "line 6: Expected an expression"),
        (HEAD + "## system\nok\n\n## user\n\n{{ example }\n", "line 9: unexpected '}'"),
        (HEAD + "## system\n\n{{ guidlines }}\n## user\n{{ example }}", "line 6: .*'guidlines'.* guidelines"),
        (
            HEAD + "## system\n{{ example }}\n## user\n{{ example }}",
            "line 5: the system part has no variable",
        ),
        (HEAD + "## system\nx\n## user\nlabel it", "line 6: .*must hold {{ example }}"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_refused_with_its_name_and_line(text: str, said: str) -> None:
    for ending in ("\n", "\r\n"):
        with pytest.raises(InputError, match=rf"p\.md.*{said}"):
            parse_prompt(text.replace("\n", ending), "p.md")


def test_a_prompt_may_have_variables_of_its_own() -> None:
    system = "{% set tone = 'calm' %}{% for field in fields %}{{ loop.index }} {{ field.name }} {{ tone }};{% endfor %}"
    template = parse_prompt(HEAD + f"## system\n{system}\n## user\n{{{{ example }}}}", "p.md")
    assert Instructions(template, SCHEMA, "stated").system == "1 topic calm;2 stars calm;"


def test_a_variable_that_there_is_not_is_an_error_and_not_an_empty_place() -> None:
    template = parse_prompt(HEAD + "## system\n{{ fields[0].nmae }}\n## user\n{{ example }}", "p.md")
    with pytest.raises(InputError, match="nmae"):
        _ = Instructions(template, SCHEMA, "stated").system


def test_a_prompt_cannot_reach_into_python() -> None:
    template = parse_prompt(
        HEAD + "## system\n{{ fields.__class__.__mro__ }}\n## user\n{{ example }}", "p.md"
    )
    with pytest.raises(InputError, match="unsafe"):
        _ = Instructions(template, SCHEMA, "stated").system


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ("\n{{ 1 / 0 }}", "line 6: division by zero"),
        ("{% for a in fields %}\n{{ a.rules.nmae }}{% endfor %}", "line 6: .*nmae"),
        ("\n{{ guidelines | center(10000000000) }}", "line 6: No filter"),
        ("\n{{ guidelines.center(10000000000) }}", "line 6: .*unsafe"),
        ("\n{{ '{:9999999999}'.format(1) }}", "line 6: .*unsafe"),
        ("\n{{ guidelines * 10000000000 }}", "line 6: it makes more than"),
        ("{% set a = guidelines %}" + "{% set a = a ~ a %}\n" * 60, "line 2.: it makes more than"),
        ("{% set a = guidelines %}" + "{% set a = a + a %}\n" * 60, "line 2.: it makes more than"),
        ("{% for b in fields %}" * 18 + "{% endfor %}" * 18, "its loops turn too often"),
        ("{% for b in fields %}" * 30 + "{% endfor %}" * 30, "nested too deeply"),
        ("{{ " + "9" * 9_999 + " }}", "digits"),
        ("\n{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "line 6: there is no 'macro'"),
        ("\n{% include 'label.v1.md' %}", "line 6: there is no 'include'"),
        ("\n{% for a in fields recursive %}{{ loop(fields) }}{% endfor %}", "line 6: .*recursive"),
        ("\n{{ range(9) }}", "line 6: .*has no variable 'range'"),
        ("{{" + "(" * 900 + ")" * 900 + "}}", "nested too deeply"),
    ],
)
def test_a_prompt_that_fails_or_takes_too_much_is_a_fault_with_its_line(system: str, said: str) -> None:
    began = time.monotonic()
    with pytest.raises(PromptError, match=said):
        _ = Instructions(
            parse_prompt(HEAD + f"## system\n{system}\n## user\n{{{{ example }}}}", "p.md"), SCHEMA, "stated"
        ).system
    assert time.monotonic() - began < 10


def test_a_prompt_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    for name in ("lable", "../prompts/label", "/etc/passwd", "**", "l*", ""):
        with pytest.raises(NotFound, match=r"label\.v1"):
            load_prompt(name)


def test_every_change_of_a_prompt_changes_its_version() -> None:
    text = load_prompt("label").text
    assert parse_prompt(text, "a").digest == parse_prompt(text, "b").digest
    assert parse_prompt(text + " ", "a").digest != parse_prompt(text, "a").digest


def test_a_prompt_shows_hierarchies_examples_conditions_and_what_may_be_missing() -> None:
    schema = LabelSchema.load("""
    fields:
      animal: {kind: choice, options: {mammal: [dog, {value: cat, description: purrs, examples: [Tom, Felix]}]}}
      wild: {kind: boolean, optional: true}
      owner: {kind: text, when: {animal: mammal, wild: false}}
    """)
    system = Instructions(load_prompt("label"), schema, "stated").system
    for part in (
        "- mammal\n  - dog\n  - cat: purrs (such as Tom; Felix)\n",
        'an option is given by its path, as in "mammal/dog"',
        "## wild (boolean, null where there is none)",
        "## owner (text, only where animal is mammal and wild is false, else null)",
    ):
        assert part in system


def test_a_shot_quotes_its_spans() -> None:
    schema = LabelSchema.load("fields: {who: {kind: spans, options: [person]}}")
    content, label = {"text": "Bob ran"}, {"who": [{"start": 0, "end": 3, "label": "person"}]}
    shot = Shot(content, schema.as_answer(label, content))
    user = Instructions(load_prompt("label"), schema, "stated").messages({"text": "x"}, shots=[shot])[1][
        "content"
    ]
    assert '{"label":{"who":[{"label":"person","text":"Bob"}]}}' in user
