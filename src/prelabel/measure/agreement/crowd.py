"""Labels from people's answers and the model's draft together: the model is one more annotator, and counts for as much as it proves to.

The idea is that of CROWDLAB (Goh, Tkachenko and Mueller 2022, arXiv 2210.06812), which averages what each says. Here their
probabilities are multiplied, as of witnesses who do not know of each other:

1. People. Each is right with a probability of their own, whatever the class, and errs in proportion to how frequent the classes are.
   These probabilities and the probable classes are found together by expectation and maximisation (Dawid and Skene 1979, with one
   number for a table), from examples that several have answered, each drawn towards the crowd's mean by `PULL` answers' worth.
   They begin, and without such examples stay, at `USUAL`.
2. The model. What people come to where it says c, and, from `FEWEST` confidences on, where it is so sure: both learned from examples
   of other folds, so that it is never believed for what it has said itself.
3. Both: the model's distribution times the chance of each person's answer.

With one answer an example there is nothing to tell people's skill from, so the model outvotes them only where it proves surer than `USUAL`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prelabel.measure.agreement.skill import ENOUGH, ROUNDS, Answer, Floats, shares_of_votes
from prelabel.measure.calibration import FEWEST, Curve, calibrator

USUAL = 0.9
"""How probably a person is right of whom nothing is known."""
PULL = 10.0
FOLDS = 5
TABLE_PULL = 5.0
"""Examples' worth by which what the model's class c means is drawn towards "c, as often as the model is right at all"."""


@dataclass(frozen=True)
class Drafted:
    """What the model says of an example: a class by number, and how sure it is (0 to 1), if it tells."""

    cls: int
    confidence: float | None = None


@dataclass(frozen=True)
class Crowd:
    """`classes[e, c]` is the probability that example e is c; `right[a]` that annotator a is right; `model[e]` what the model alone
    makes of e, once it is known how far to believe it."""

    classes: Floats
    right: Floats
    model: Floats


@dataclass(frozen=True)
class _Said:
    """All answers as arrays, with how many examples and classes there are."""

    example: NDArray[np.intp]
    annotator: NDArray[np.intp]
    cls: NDArray[np.intp]
    examples: int
    classes: int

    @classmethod
    def of(cls, answers: Sequence[Answer], examples: int, classes: int) -> "_Said":
        columns = np.array([(one.example, one.annotator, one.cls) for one in answers], np.intp).reshape(-1, 3)
        return cls(columns[:, 0], columns[:, 1], columns[:, 2], examples, classes)


def with_model(
    answers: Sequence[Answer], drafts: Sequence[Drafted | None], annotators: int, classes: int
) -> Crowd:
    """What each example probably is, by all answers and its draft; `drafts` has one entry for each example, None where there is none.

    The same whatever the order of answers and annotators.
    """
    said = _Said.of(answers, len(drafts), classes)
    shares = (np.bincount(said.cls, minlength=classes) + 1.0) / (len(said.cls) + classes)
    several = np.bincount(said.example, minlength=said.examples) > 1
    right = _skills([one for one in answers if several[one.example]], len(drafts), annotators, classes)
    prior = np.tile(shares, (said.examples, 1))
    model = _believed(drafts, _given(said, right, shares, prior), shares)
    return Crowd(_given(said, right, shares, model), right, model)


def _skills(answers: Sequence[Answer], examples: int, annotators: int, classes: int) -> Floats:
    """How probably each annotator is right, from answers to examples that several have answered."""
    said = _Said.of(answers, examples, classes)
    given = np.bincount(said.annotator, minlength=annotators)
    probable = shares_of_votes(answers, examples, classes)
    right = np.full(annotators, USUAL)
    for _ in range(ROUNDS):
        hits = np.bincount(
            said.annotator, weights=probable[said.example, said.cls], minlength=annotators
        ).astype(np.float64)
        mean = (hits.sum() + PULL * USUAL) / (given.sum() + PULL)
        right = np.clip((hits + PULL * mean) / (given + PULL), 1 / classes + 1e-3, 1 - 1e-4)
        shares = (probable.sum(axis=0) + 1.0) / (examples + classes)
        newer = _given(said, right, shares, np.tile(shares, (examples, 1)))
        done = float(np.abs(newer - probable).max(initial=0.0)) < ENOUGH
        probable = newer
        if done:
            break
    return right


def _given(said: _Said, right: Floats, shares: Floats, prior: Floats) -> Floats:
    """The classes' probabilities once people's answers have come on top of `prior`."""
    known = np.log(np.maximum(prior, 1e-12))
    sure = right[said.annotator]
    spread = (1 - sure)[:, None] * shares[said.cls][:, None] / np.maximum(1 - shares, 1e-9)
    spread[np.arange(len(sure)), said.cls] = sure
    np.add.at(known, said.example, np.log(np.maximum(spread, 1e-12)))
    known = np.exp(known - known.max(axis=1, keepdims=True))
    probable: Floats = known / known.sum(axis=1, keepdims=True)
    return probable


def _believed(drafts: Sequence[Drafted | None], people: Floats, shares: Floats) -> Floats:
    """The model's distribution of each example, by how far people of the other folds bear it out."""
    model = np.tile(shares, (len(drafts), 1))
    said = np.array([one.cls if one else -1 for one in drafts], np.intp)
    has = np.flatnonzero(said >= 0)
    for fold in range(FOLDS):
        held, known = has[has % FOLDS == fold], has[has % FOLDS != fold]
        model[held] = _table(said[known], people[known], shares)[said[held]]
        if sureness := _sureness([(drafts[at], people[at]) for at in known]):
            for at in held:
                one = drafts[at]
                if one is not None and one.confidence is not None:
                    model[at] = _leaning(model[at], one.cls, sureness(one.confidence))
    return model


def _table(said: NDArray[np.intp], people: Floats, shares: Floats) -> Floats:
    """What people come to, as a row for each class that the model may say."""
    table = np.zeros((len(shares), len(shares)))
    np.add.at(table, said, people)
    is_right = np.trace(table) / table.sum() if len(said) else USUAL
    usual = is_right * np.eye(len(shares)) + (1 - is_right) * np.tile(shares, (len(shares), 1))
    table = table + TABLE_PULL * usual
    means: Floats = table / table.sum(axis=1, keepdims=True)
    return means


def _sureness(known: Sequence[tuple[Drafted | None, Floats]]) -> Curve | None:
    """How probably the model is right by its confidence, where enough of that is known."""
    pairs = [
        (one.confidence, bool(people[one.cls] > 0.5))
        for one, people in known
        if one is not None and one.confidence is not None
    ]
    return calibrator(pairs) if len(pairs) >= FEWEST else None


def _leaning(row: Floats, cls: int, sure: float) -> Floats:
    """A distribution with this probability for one class, and the others in proportion."""
    others = row.copy()
    others[cls] = 0.0
    total = others.sum()
    leaning: Floats = others * ((1 - sure) / total) if total > 0 else others
    leaning[cls] = sure
    return leaning
