"""Token probabilities become the confidence of each value, however the tokens are cut."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.draft import Reply, Token
from prelabel.llm.confidence import confide
from prelabel.schema import LabelSchema

SCHEMA = LabelSchema.load(
    "fields: {topic: [agrees, disagrees, neutral], angry: {kind: boolean}, note: {kind: text}}"
)


def reply(*pieces: str | tuple[str, float] | tuple[str, float, dict[str, float]]) -> Reply:
    """A reply of these tokens; a plain text is sure, a tuple has its probability and those of its runners-up."""
    tokens = []
    for piece in pieces:
        text, chance, top = (*piece, {}, {})[:3] if isinstance(piece, tuple) else (piece, 1.0, {})
        tokens.append(Token(text, math.log(chance), {name: math.log(value) for name, value in top.items()}))
    return Reply("".join(token.text for token in tokens), tuple(tokens))


REST = ', "angry": false, "note": "x"}}'


def test_a_value_has_the_probability_of_all_its_tokens() -> None:
    confidences, _ = confide(
        SCHEMA, reply('{"label": {"topic":', ' "', ("disagr", 0.8), ("ees", 0.5), '"' + REST)
    )
    assert confidences["topic"] == pytest.approx(0.4)


@pytest.mark.parametrize("cut", [[' "', "", "disagr"], ["", ' "', "disagr"]])
def test_runners_up_are_found_wherever_the_quote_is_cut(cut: list[str]) -> None:
    before, quote, word = cut
    tops = {f"{quote}agr": 0.2, f"{quote}neutral": 0.1, f"{quote}{word}": 0.7, "}": 0.01}
    _, alternatives = confide(
        SCHEMA, reply('{"label": {"topic":', before, (quote + word, 0.7, tops), 'ees"' + REST)
    )
    assert alternatives["topic"] == pytest.approx({"disagrees": 0.7, "agrees": 0.2, "neutral": 0.1})


def test_text_has_the_mean_probability_of_its_tokens() -> None:
    head = '{"label": {"topic": "agrees", "angry": false, "note": "'
    confidences, _ = confide(SCHEMA, reply(head, ("one ", 0.5), ("two", 0.5), '"}}'))
    assert 0.5 < confidences["note"] < 0.8


def test_a_boolean_has_its_other_value_as_alternative() -> None:
    head = '{"label": {"topic": "agrees", "angry": '
    _, alternatives = confide(
        SCHEMA, reply(head, ("true", 0.9, {"true": 0.9, "false": 0.1}), ', "note": "x"}}')
    )
    assert alternatives["angry"] == pytest.approx({"true": 0.9, "false": 0.1})


def test_tokens_that_do_not_spell_the_answer_give_no_confidence() -> None:
    assert confide(SCHEMA, Reply('{"label": {}}', (Token("{", 0.0),))) == ({}, {})
    assert confide(SCHEMA, Reply('{"label": {}}')) == ({}, {})


@given(
    st.sampled_from(["agrees", "disagrees", "neutral"]), st.booleans(), st.text(min_size=1).filter(str.strip),
    st.lists(st.integers(1, 9), min_size=80, max_size=80), st.floats(-5, 0), st.booleans(),
)  # fmt: skip
def test_any_cut_of_any_answer_gives_a_confidence_within_bounds(
    topic: str, angry: bool, note: str, sizes: list[int], logprob: float, escaped: bool
) -> None:
    text = json.dumps(
        {"x": ['"label"'], "label": {"topic": topic, "note": note, "angry": angry}}, ensure_ascii=escaped
    )
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        size = sizes[len(tokens) % len(sizes)]
        tokens.append(Token(text[at : at + size], logprob, {"n": -1.0, '"a': -2.0}))
        at += size
    confidences, alternatives = confide(SCHEMA, Reply(text, tuple(tokens)))
    assert set(confidences) == {"topic", "angry", "note"}
    assert all(0 <= value <= 1 for value in confidences.values())
    assert topic in alternatives["topic"]
