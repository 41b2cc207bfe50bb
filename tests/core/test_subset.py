"""Subsets are balanced by a seed, splits are stable, and near-duplicates stay together."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prelabel.errors import InputError
from prelabel.examples.splits import Splits, read_shares
from prelabel.examples.subset import Selection, Selector
from prelabel.schema import LabelSchema

SCHEMA = LabelSchema.load("fields: {topic: [a, b, c], why: {kind: text}}")
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
WORDS = [
    "parcel",
    "invoice",
    "refund",
    "late",
    "broken",
    "colour",
    "size",
    "order",
    "number",
    "please",
    "wrong",
    "cable",
]


def records(*topics: str | None) -> list[dict[str, Any]]:
    return [
        {"id": f"e{number}", "label": topic and {"topic": topic, "why": "x"}, "confidence": number / 100}
        for number, topic in enumerate(topics)
    ]


def taken(selection: Selection, *topics: str | None) -> tuple[list[str], Counter[str]]:
    selector = Selector(SCHEMA, selection)
    found = [record["id"] for record in selector.take(lambda: records(*topics))]
    return found, selector.left_out


def test_a_balance_takes_as_many_of_each_class_as_there_are_of_the_rarest() -> None:
    topics = ["a"] * 50 + ["b"] * 7 + ["c"] * 20 + [None]
    found, left_out = taken(Selection(balance="topic"), *topics)
    assert Counter(topics[int(name[1:])] for name in found) == {"a": 7, "b": 7, "c": 7}
    assert left_out == {
        "balance: more of 'a' than of the rarest class": 43,
        "balance: more of 'c' than of the rarest class": 13,
        "balance: without a class of 'topic'": 1,
    }
    assert found == taken(Selection(balance="topic"), *topics)[0]
    assert found != taken(Selection(balance="topic", seed=1), *topics)[0]


def test_a_filter_comes_before_the_balance() -> None:
    found, _ = taken(Selection(where="confidence >= 0.5", balance="topic"), *["a"] * 51 + ["b"] * 5)
    assert set(found) <= {f"e{number}" for number in range(50, 56)}
    assert len(found) == 2


def test_what_a_filter_leaves_out_is_counted() -> None:
    assert taken(Selection(where="topic == 'a'"), "a", "b", None) == (
        ["e0"],
        {"where: it does not hold": 1, "where: topic is missing": 1},
    )


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (
            Selection(balance="why"),
            "'why' is a field of text, which has no classes .fields with classes: topic",
        ),
        (Selection(balance="topci"), "'topci' is not a field"),
        (Selection(split="0.8/0.1"), "sum to 1"),
        (Selection(split="a/b"), "sum to 1"),
        (Selection(split="1/0"), "sum to 1"),
        (Selection(split="0.25/0.25/0.25/0.25"), "two or three"),
        (Selection(split="nan/0.5"), "sum to 1"),
        (Selection(part="train"), "none without `split`"),
        (Selection(split="0.8/0.2", part="test"), "there are train, validation"),
        (Selection(where="nothing"), "where, character 1"),
    ],
)
def test_a_selection_that_does_not_fit_is_refused_with_a_sentence(selection: Selection, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Selector(SCHEMA, selection)


def texts(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """Texts that have nothing to do with each other."""
    drawn = random.Random(seed)
    return [
        (f"t{seed}-{number}", " ".join(drawn.choices(WORDS, k=20)) + f" {drawn.random()}")
        for number in range(count)
    ]


def parts(examples: list[tuple[str, str]], seed: int = 0) -> dict[str, str]:
    splits = Splits(examples, SHARES, seed)
    return {name: splits.of(name) for name, _ in examples}


def test_a_split_has_about_the_shares_asked_for_and_another_seed_another_split() -> None:
    examples = texts(3_000)
    counts = Counter(parts(examples).values())
    assert 2_300 < counts["train"] < 2_500
    assert 230 < counts["validation"] < 370
    assert parts(examples) != parts(examples, seed=1)


def test_examples_that_come_later_move_none_that_were_there() -> None:
    early, late = (
        texts(500),
        [(f"l{number}", text[:-3] + "xyz") for number, (_, text) in enumerate(texts(200))],
    )
    before, after = parts(early), parts(early + late + texts(300, seed=2))
    assert {name: after[name] for name in before} == before


def test_near_duplicates_and_equal_texts_are_in_one_part() -> None:
    drawn = random.Random(3)
    originals = texts(300)
    near = [(f"near-{name}", text.upper() + " !") for name, text in originals]
    equal = [(f"equal-{name}", text) for name, text in originals]
    copies = near + equal
    drawn.shuffle(copies)
    found = parts(originals + copies)
    together = sum(found[name] == found[f"near-{name}"] for name, _ in originals)
    assert together == 300
    assert all(found[name] == found[f"equal-{name}"] for name, _ in originals)


def test_near_duplicates_that_had_to_part_are_counted() -> None:
    assert Splits(texts(300), SHARES, 0).parted == 0
    words = [f"{number * 7919 % 99_991:05d}" for number in range(200)]
    left, right, both = " ".join(words[30:]), " ".join(words[:-30]), " ".join(words)
    apart = [Splits([("l", left), ("r", right), ("both", both)], SHARES, seed) for seed in range(20)]
    assert {splits.of("l") != splits.of("r") for splits in apart} == {True, False}
    for splits in apart:
        assert splits.of("both") == splits.of("l")
        assert splits.parted == (splits.of("l") != splits.of("r"))


@settings(max_examples=30)
@given(st.lists(st.text(max_size=40), max_size=12), st.integers(0, 3))
def test_any_texts_can_be_split_and_equal_ones_never_part(drawn: list[str], seed: int) -> None:
    examples = [(str(number), text) for number, text in enumerate(drawn)]
    found = parts(examples, seed)
    by_text: dict[str, set[str]] = {}
    for name, text in examples:
        by_text.setdefault(text, set()).add(found[name])
    assert all(len(where) == 1 for where in by_text.values())


def test_shares_are_named_in_their_order() -> None:
    assert read_shares("0.9/0.1") == {"train": 0.9, "validation": 0.1}
    assert read_shares("0.8/0.1/0.1") == SHARES
    assert read_shares("") == {}
