"""Labels that contradict each other are found, scored by how likely each is wrong, and explained."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from prelabel.kinds.choice import Choice
from prelabel.kinds.rating import Rating
from prelabel.kinds.relations import Relations
from prelabel.kinds.spans import Spans
from prelabel.measure.consistency import Texts, doubted, doubts, find
from prelabel.measure.consistency.likeness import by_characters, nearest

TOPIC = Choice.model_validate({"kind": "choice", "options": ["a", "b", "c"]})
PLACES = Spans.model_validate({"kind": "spans", "options": ["city", "person"]})


def test_the_same_text_with_two_labels_is_one_finding() -> None:
    texts = Texts(["Pay my rent ", "something else entirely", "pay  my RENT"])
    [found] = find(texts, ["a", "c", "b"], TOPIC)
    assert (found.way, found.score, {found.subject, *found.others}) == ("same_text", 0.5, {0, 2})
    assert 'labeled "' in found.why


def test_the_label_that_most_copies_of_a_text_have_is_not_the_doubtful_one() -> None:
    found = find(Texts(["pay my rent"] * 4), ["a", "a", "b", "a"], TOPIC)
    assert (found[0].subject, found[0].score) == (2, 0.75)


def test_near_duplicates_with_other_labels_are_found_and_the_counterpart_is_named() -> None:
    texts = Texts(
        ["Why is there a $1 charge on my statement?", "Why is there a £1 charge on my statement", "bye"]
    )
    [found] = find(texts, ["a", "b", "a"], TOPIC)
    assert (found.way, {found.subject, *found.others}) == ("near_duplicate", {0, 1})
    assert find(texts, ["a", "a", "b"], TOPIC) == []


def test_ratings_one_step_apart_do_not_contradict_each_other() -> None:
    stars = Rating.model_validate({"kind": "rating", "min": 1, "max": 5})
    texts = Texts(["a lovely film, truly", "a lovely film, truly"])
    assert find(texts, [4, 5], stars) == []
    assert find(texts, [1, 5], stars)[0].score == pytest.approx(0.5)


def test_an_example_whose_neighbours_are_all_labeled_otherwise_is_doubtful() -> None:
    about = ["card payment declined at {}", "refund for the flight to {}"]
    towns = ["paris", "rome", "london", "oslo", "berlin", "madrid"]
    texts = [about[kind].format(town) for kind in (0, 1) for town in towns]
    values = ["a"] * 6 + ["b"] * 6
    values[2] = "b"
    found = find(Texts(texts), values, TOPIC)
    assert found[0].subject == 2
    assert "otherwise" in found[0].why or "nearly the same" in found[0].why


def test_what_is_marked_in_most_other_places_is_missed_where_it_is_not() -> None:
    texts = [f"{word} of Paris on a day" for word in ("News", "Maps", "Views", "Songs", "Tales", "Parisians")]
    marked = [[_span(text, "Paris", "city")] for text in texts]
    marked[1], marked[3] = [], [_span(texts[3], "Paris", "person")]
    found = {one.subject: one for one in find(Texts(texts), marked, PLACES) if "most other places" in one.why}
    assert set(found) == {1, 3}
    assert "nothing here" in found[1].why
    assert "'person' here" in found[3].why
    assert 0.5 < found[1].score < 1


def test_a_pair_that_is_joined_in_most_other_texts_is_missed_where_it_is_not() -> None:
    kind = Relations.model_validate({"kind": "relations", "options": ["lives_in"]})
    texts = [f"{start} Ann lives in Oslo" for start in ("Today", "Now", "They say", "We know", "I hear")]
    joined = [
        [{"label": "lives_in", "head": _place(text, "Ann"), "tail": _place(text, "Oslo")}] for text in texts
    ]
    joined[4] = []
    [found] = [one for one in find(Texts(texts), joined, kind) if one.subject == 4]
    assert "'Ann → Oslo'" in found.why


def test_a_model_doubts_what_is_as_likely_another_class_as_those_of_that_class_are() -> None:
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.15, 0.85]])
    given_classes = np.array([0, 0, 1, 1, 0])
    assert doubted(chances, given_classes).tolist() == [-1, -1, -1, -1, 1]
    assert doubts(chances, given_classes).argmax() == 4


@given(st.integers(2, 5), st.integers(1, 30), st.randoms(use_true_random=False))
def test_doubt_lies_between_0_and_1_and_over_a_half_where_another_class_is_likelier(
    classes: int, rows: int, random: Any
) -> None:
    chances = np.array([[random.random() + 1e-9 for _ in range(classes)] for _ in range(rows)])
    chances /= chances.sum(axis=1, keepdims=True)
    given_classes = np.array([random.randrange(classes) for _ in range(rows)])
    scores = doubts(chances, given_classes)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert ((scores > 0.5) == (chances.max(axis=1) > chances[np.arange(rows), given_classes])).all()


@given(st.lists(st.text("abcde ", min_size=1, max_size=25), min_size=2, max_size=40))
def test_the_search_finds_every_pair_that_comparing_all_with_all_finds(texts: list[str]) -> None:
    matrix = by_characters(texts)
    all_of_them = (matrix @ matrix.T).toarray() - 2 * np.eye(len(texts))
    found = nearest(matrix, 0.75, len(texts))
    pairs = set(zip(found.of.tolist(), found.other.tolist(), strict=True))
    assert pairs == {(int(a), int(b)) for a, b in zip(*np.nonzero(all_of_them >= 0.75), strict=True)} | (
        pairs & {(int(a), int(b)) for a, b in zip(*np.nonzero(all_of_them >= 0.7499), strict=True)}
    )


def test_only_so_many_of_the_nearest_are_kept() -> None:
    found = nearest(csr_matrix(np.ones((9, 1), np.float32)), 0.5, 3)
    assert np.bincount(found.of).tolist() == [3] * 9


def test_texts_without_a_word_are_no_trouble() -> None:
    assert find(Texts(["", "?", "!"]), ["a", "a", "a"], TOPIC) == []


def test_all_known_near_duplicates_of_banking77_with_other_labels_are_found(shared_data: Path) -> None:
    pairs = _read(shared_data / "conflicts/banking77_near_duplicates.jsonl.gz")
    known = {(pair["a"], pair["b"]) for pair in pairs if pair["conflict"]}
    rows = _read(shared_data / "classification/banking77.jsonl.gz")
    texts, index = Texts([row["text"] for row in rows]), {row["id"]: at for at, row in enumerate(rows)}
    alike = set(zip(texts.near.of.tolist(), texts.near.other.tolist(), strict=True))
    groups = [(texts.group[index[a]], texts.group[index[b]]) for a, b in known]
    assert len(groups) == 93
    assert [pair for pair in groups if pair[0] != pair[1] and pair not in alike] == []


def _span(text: str, word: str, label: str) -> dict[str, Any]:
    return {"label": label} | _place(text, word)


def _place(text: str, word: str) -> dict[str, int]:
    start = text.rindex(word)
    return {"start": start, "end": start + len(word)}


def _read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]
