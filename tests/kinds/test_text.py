"""Edited answers and conversations."""

import random
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prelabel.errors import LabelError
from prelabel.kinds import text
from prelabel.kinds.text import Text, kept
from tests.kinds.test_kinds import TEXTS

TURNS = Text(turns=True)
WORDS = st.lists(st.sampled_from("abcd"), max_size=30)


def said(*turns: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in turns]


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, str]]:
    opening = draw(st.sampled_from([[], ["system"]]))
    roles = [*opening, *(["user", "assistant"] * 3)[: draw(st.integers(1, 6))]]
    return said(*((role, draw(TEXTS)) for role in roles))


def longest_common(a: list[str], b: list[str]) -> int:
    """By the table of the textbook."""
    row = [0] * (len(b) + 1)
    for one in a:
        above = row
        row = [0]
        for index, other in enumerate(b):
            row.append(above[index] + 1 if one == other else max(above[index + 1], row[-1]))
    return row[-1]


@given(WORDS, WORDS)
def test_words_kept_are_those_of_the_longest_common_subsequence(a: list[str], b: list[str]) -> None:
    assert kept(a, b) == longest_common(a, b)


@given(conversations(), conversations())
def test_conversations_keep_the_promises_of_every_kind(a: Any, b: Any) -> None:
    TURNS.validate_value(a, "f")
    assert TURNS.parse(TURNS.write(a)) == TURNS.normalize(a)
    assert 0 <= TURNS.distance(a, b) == TURNS.distance(b, a) <= 1
    assert (TURNS.distance(a, b) == 0) == (TURNS.normalize(a) == TURNS.normalize(b))
    assert TURNS.combine([a, a]) == TURNS.normalize(a)


def test_the_distance_of_an_edit_is_the_share_of_words_that_changed() -> None:
    kind = Text()
    assert kind.distance("the cat sat", "the cat sat\r\n") == 0
    assert kind.distance("the cat sat", "the dog sat") == pytest.approx(1 / 3)
    assert kind.distance("you may not pay", "not may you pay") == pytest.approx(0.5)
    assert kind.distance("a  b", "a b") == text.LEAST
    assert kind.distance("yes", "no") == 1


def test_long_texts_are_compared_in_a_moment() -> None:
    dice = random.Random(1)
    words = [str(dice.randrange(50)) for _ in range(300_000)]
    edited = [*words[:1000], "new", *words[1001:]]
    shuffled = dice.sample(words, len(words))
    began = time.perf_counter()
    assert Text().distance(" ".join(words), " ".join(edited)) < text.LEAST + 1e-9
    assert Text().distance(" ".join(words), " ".join(shuffled)) == text.LEAST
    assert time.perf_counter() - began < 20


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("hello", "f: must be a list of turns"),
        ([], "f: must be a list of turns"),
        (["hi"], "f.0: must be an object with role and content"),
        (said(("user", "hi"), ("user", "hi")), "f.1.role: must be 'assistant' here, not \"user\""),
        (said(("assistant", "hi")), "f.0.role: must be 'user' here"),
        (said(("system", "be kind")), "f: must go on after the system's turn"),
        (said(("user", "hi"), ("system", "be kind")), "f.1.role: must be 'assistant' here"),
        (said(("user", " ")), "f.0.content: must not be blank"),
        ([{"role": "user", "content": 3}], "f.0.content: must be text"),
        ([{"role": ["user"], "content": "hi"}], "f.0.role: must be 'user' here"),
        ([{"role": "user", "content": "hi", "name": "x"}], "f.0: must be an object"),
        (said(("user", "x" * 15_000), ("assistant", "x" * 15_000)), "f: must have at most 20000 characters"),
    ],
)
def test_what_is_no_conversation_is_refused_with_its_path(value: Any, reason: str) -> None:
    with pytest.raises(LabelError) as refusal:
        TURNS.validate_value(value, "f")
    assert reason in str(refusal.value)


def test_turns_and_one_line_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="turns may have several lines"):
        Text(turns=True, multiline=False)


def test_different_texts_are_for_the_senior() -> None:
    assert Text().combine(["good work", "good  work"]) is None
    assert Text().combine(["good work", "good work\n", "well done"]) == "good work"
