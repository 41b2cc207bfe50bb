"""Token probabilities become the confidence of each value, however the tokens are cut."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.draft import Reply, Token
from prelabel.llm.confidence import confide
from prelabel.schema import LabelSchema
from simulator.tokens import cut, logprobs

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


def simulated(text: str, chances: dict[str, float]) -> Reply:
    """An answer whose tokens are cut and weighed by the simulated provider."""
    return Reply(
        text,
        tuple(
            Token(
                token["token"],
                token["logprob"],
                {other["token"]: other["logprob"] for other in token["top_logprobs"]},
            )
            for token in logprobs(text, chances, top=20)
        ),
    )


ALPHABETS = ('ab "\\:,', "ab é🙂:,")
"""Not mixed: an é may be written as an escape, which begins as a backslash does, so a token of one can be one of the other."""


@st.composite
def weighed(draw: st.DrawFn) -> dict[str, float]:
    """Labels, many of which begin alike, with their chances; the chances sum to at most 1."""
    letters = st.sampled_from(draw(st.sampled_from(ALPHABETS)))
    endings = st.text(letters, min_size=1, max_size=12).filter(lambda text: text == text.strip())
    stem = draw(st.sampled_from(["", "agree", "agrees strongly"]))
    labels = [stem + label for label in draw(st.lists(endings, min_size=2, max_size=5, unique=True))]
    weights = draw(st.lists(st.integers(1, 50), min_size=len(labels), max_size=len(labels)))
    whole = sum(weights) + draw(st.integers(0, 20))
    return {label: weight / whole for label, weight in zip(labels, weights, strict=True)}


@given(weighed(), st.booleans())
def test_the_recorded_chances_are_recovered_wherever_labels_part(
    chances: dict[str, float], spaced: bool
) -> None:
    schema = LabelSchema.model_validate({"fields": {"x": {"kind": "choice", "options": list(chances)}}})
    chosen = max(chances, key=lambda label: chances[label])
    separators = (", ", ": ") if spaced else (",", ":")

    def written(label: str) -> str:
        return json.dumps({"label": {"x": label}}, ensure_ascii=False, separators=separators)

    confidences, alternatives = confide(schema, simulated(written(chosen), chances))
    assert confidences["x"] == pytest.approx(chances[chosen], abs=1e-6)
    assert sum(alternatives["x"].values()) <= 1 + 1e-6
    for label, chance in alternatives["x"].items():
        assert chance == pytest.approx(chances[label], abs=1e-6)
    parting = {label: parts_at(cut(written(label)), cut(written(chosen))) for label in chances}
    places = list(parting.values())
    alone = {label for label, (_, piece) in parting.items() if piece and piece not in QUOTES}
    assert {label for label in alone if places.count(parting[label]) == 1} <= alternatives["x"].keys()


QUOTES = ('"', ' "', '":"')
"""Tokens that end with the opening quote, and so could lead to any label."""


def parts_at(pieces: list[str], others: list[str]) -> tuple[int, str]:
    """The first token in which one spelling is not the other, and what it is there; empty where they are the same."""
    pairs = enumerate(zip(pieces, others, strict=False))
    return next(((at, one) for at, (one, other) in pairs if one != other), (0, ""))


@pytest.mark.parametrize(
    ("field", "answer", "chances"),
    [
        ("{kind: boolean}", "true", {"true": 0.7, "false": 0.3}),
        ("{kind: rating, min: 1, max: 10}", "1", {"1": 0.6, "10": 0.3, "7": 0.1}),
        ("{kind: rating, min: 1, max: 10}", "10", {"1": 0.2, "10": 0.5, "9": 0.3}),
        ("{kind: rating, min: -5, max: 5}", "-2", {"-2": 0.8, "2": 0.1, "-3": 0.1}),
    ],
)
def test_the_chances_of_what_is_no_text_are_recovered(
    field: str, answer: str, chances: dict[str, float]
) -> None:
    schema = LabelSchema.load(f"fields: {{x: {field}, y: {{kind: boolean}}}}")
    text = f'{{"label": {{"x": {answer}, "y": false}}}}'
    confidences, alternatives = confide(schema, simulated(text, chances))
    assert confidences["x"] == pytest.approx(chances[answer], abs=1e-6)
    assert alternatives["x"] == pytest.approx(chances, abs=1e-6)


def test_a_number_is_less_sure_where_it_might_have_gone_on() -> None:
    schema = LabelSchema.load("fields: {x: {kind: number}, y: {kind: rating, min: 1, max: 10}}")
    after = ("}}", 0.5, {"}}": 0.5, "}": 0.2, "0": 0.2, "0}}": 0.1})
    confidences, _ = confide(schema, reply('{"label": {"y": 2, "x": ', ("1", 0.9), after))
    assert confidences["x"] == pytest.approx(0.9 * 0.7)
    confidences, alternatives = confide(schema, reply('{"label": {"x": 2, "y": ', ("1", 0.9), after))
    assert alternatives["y"] == pytest.approx({"1": 0.9 * 0.7, "10": 0.9 * 0.3})


def test_other_ways_to_write_the_same_class_count_for_it() -> None:
    tops = {'agrees"': 0.6, 'agrees",': 0.1, "agr": 0.1, "neutral": 0.2}
    head = '{"label": {"note": "x", "angry": false, "topic": "'
    confidences, alternatives = confide(SCHEMA, reply(head, ('agrees"', 0.6, tops), "}}"))
    assert confidences["topic"] == pytest.approx(0.8)
    assert alternatives["topic"] == pytest.approx({"agrees": 0.8, "neutral": 0.2})


def test_a_list_has_the_probability_of_all_its_tokens() -> None:
    schema = LabelSchema.load("fields: {x: {kind: choices, options: [a, b]}}")
    confidences, alternatives = confide(
        schema, reply('{"label": {"x": ["', ("a", 0.5), '", "', ("b", 0.5), '"]}}')
    )
    assert confidences["x"] == pytest.approx(0.25)
    assert alternatives == {}


def test_a_preference_with_strength_has_its_other_steps_as_alternatives() -> None:
    schema = LabelSchema.load("fields: {better: {kind: preference, strength: 2}}")
    answer = reply(
        '{"label": {"better": "', ("A", 0.8, {"A": 0.8, "tie": 0.2}), (" 2", 0.75, {" 1": 0.25}), '"}}'
    )
    confidences, alternatives = confide(schema, answer)
    assert confidences["better"] == pytest.approx(0.6)
    assert alternatives["better"] == pytest.approx({"A 2": 0.6, "A 1": 0.2, "tie": 0.2})
