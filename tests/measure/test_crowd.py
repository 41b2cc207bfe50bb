"""People and the model together: each counts for as much as it proves to be worth."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.measure.agreement.crowd import USUAL, Crowd, Drafted, with_model
from prelabel.measure.agreement.skill import Answer


def crowd(said: list[str], drafts: str, sure: list[float] | None = None, classes: int = 2) -> Crowd:
    """Of each example what its people say, by position, as in "aab"; and what the model says, "-" for nothing."""
    answers = [
        Answer(example, person, ord(cls) - ord("a"))
        for example, word in enumerate(said)
        for person, cls in enumerate(word)
        if cls != "-"
    ]
    drafted = [
        None if cls == "-" else Drafted(ord(cls) - ord("a"), sure[at] if sure else None)
        for at, cls in enumerate(drafts)
    ]
    return with_model(answers, drafted, max(map(len, said)), classes)


def test_one_answer_and_no_model_is_what_one_usually_is_worth() -> None:
    """By hand: shares (2 + 1) / 4 and 1/4 of two answers "a"; "a" by a person who is right with 0.9: 0.75 * 0.9 against 0.25 * 0.1."""
    found = crowd(["a", "a"], "--")
    assert found.right.tolist() == pytest.approx([USUAL])
    assert found.classes[0].tolist() == pytest.approx([27 / 28, 1 / 28])


def test_a_good_model_decides_where_people_tie() -> None:
    found = crowd(["aa", "bb"] * 30 + ["ab", "ba"], "ab" * 30 + "ab")
    assert found.classes[60:].argmax(axis=1).tolist() == [0, 1]
    assert found.classes[60:].max(axis=1).min() > 0.8


def test_a_model_that_knows_nothing_decides_nothing() -> None:
    guesses = "".join(random.Random(1).choices("ab", k=400))
    said = ["aa", "bb"] * 200
    with_it, without = crowd([*said, "ab"], guesses + "a"), crowd([*said, "ab"], "-" * 401)
    assert np.abs(with_it.classes - without.classes).max() < 0.1


def test_a_model_that_says_the_opposite_is_understood() -> None:
    found = crowd(["aa", "bb"] * 30 + ["ab"], "ba" * 30 + "b")
    assert found.classes[60].argmax() == 0


def test_good_people_win_against_the_model() -> None:
    found = crowd(["aaa", "bbb"] * 30 + ["aaa"], "ab" * 25 + "ba" * 5 + "b")
    assert found.classes[60, 0] > 0.99


def test_who_is_often_alone_counts_for_less() -> None:
    found = crowd(["aab", "bba"] * 20 + ["aaa", "bbb"] * 10, "-" * 60)
    assert found.right[2] < found.right[0]


def test_confidence_that_tells_right_from_wrong_is_believed() -> None:
    """Drafts are right where the model is sure, and a coin's toss where it is not."""
    said = ["aa", "bb"] * 40
    drafts = "ab" * 20 + "aabb" * 10
    sure = [0.95] * 40 + [0.55] * 40
    found = crowd([*said, "ab", "ab"], drafts + "aa", [*sure, 0.95, 0.55])
    assert found.model[80, 0] > found.model[81, 0] + 0.2


@given(st.lists(st.text("abc", min_size=3, max_size=3), min_size=2, max_size=12), st.randoms())
def test_the_order_of_people_changes_nothing(said: list[str], chance: random.Random) -> None:
    order = chance.sample(range(3), 3)
    drafts = "abc" * 4
    one = crowd(said, drafts[: len(said)], classes=3)
    other = crowd(["".join(word[at] for at in order) for word in said], drafts[: len(said)], classes=3)
    assert one.classes == pytest.approx(other.classes, abs=1e-6)
    assert one.right[order] == pytest.approx(other.right, abs=1e-6)
    assert one.classes.sum(axis=1) == pytest.approx(np.ones(len(said)))


def test_nothing_at_all_is_no_fault() -> None:
    assert with_model([], [], 0, 2).classes.shape == (0, 2)
    assert with_model([], [Drafted(1, 0.9), None], 0, 2).classes.sum(axis=1).tolist() == pytest.approx([1, 1])


def test_the_model_is_not_believed_for_what_people_say_of_the_same_example() -> None:
    """It says "c" once, where people say "a": what its "c" is worth is for other examples to tell, and there it is always right."""
    found = crowd([*["aa", "bb"] * 20, "aa"], "ab" * 20 + "c", classes=3)
    assert found.model[40, 2] > 0.95
