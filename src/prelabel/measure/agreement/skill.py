"""How good each annotator is, and the labels that follow, from their answers alone (Dawid and Skene 1979).

Each annotator has a table of what they say for each true class; the tables, the shares of the classes and the probable class of
each example are found together by expectation and maximisation, from the shares of the votes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS = 1_000
ENOUGH = 1e-9
LEAST = 1e-300
"""Instead of a probability of 0, of which there is no logarithm."""


@dataclass(frozen=True)
class Answer:
    """One answer, all by number from 0: who calls which example what."""

    example: int
    annotator: int
    cls: int


@dataclass(frozen=True)
class Skill:
    """`classes[e, c]` is the probability that example e is c, `shares[c]` that any is, `says[a, c, s]` that a says s of a c.

    A row of `says` is all 0 for a class of which nothing that the annotator answered can be.
    """

    classes: Floats
    shares: Floats
    says: Floats

    def accuracy(self, annotator: int) -> float:
        """How probably the annotator's answer is right, of an example drawn at random."""
        return float(self.shares @ np.diagonal(self.says[annotator]))


def shares_of_votes(answers: Sequence[Answer], examples: int, classes: int) -> Floats:
    """Each class's share of an example's votes; equal for an example without one."""
    votes = np.zeros((examples, classes))
    np.add.at(votes, (_of(answers, "example"), _of(answers, "cls")), 1.0)
    total = votes.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(votes, total, out=np.full_like(votes, 1 / classes), where=total > 0)
    return shares


def dawid_skene(answers: Sequence[Answer], examples: int, annotators: int, classes: int) -> Skill:
    """The most likely skills and labels, from the majority on; what one annotator says twice of an example counts twice."""
    example, annotator, cls = (_of(answers, name) for name in ("example", "annotator", "cls"))
    probable = shares_of_votes(answers, examples, classes)
    for _ in range(ROUNDS):
        shares = probable.mean(axis=0)
        counted = np.zeros((annotators, classes, classes))
        np.add.at(counted.transpose(0, 2, 1), (annotator, cls), probable[example])
        total = counted.sum(axis=2, keepdims=True)
        says = np.divide(counted, total, out=np.zeros_like(counted), where=total > 0)
        known = np.tile(np.log(np.maximum(shares, LEAST)), (examples, 1))
        np.add.at(known, example, np.log(np.maximum(says[annotator, :, cls], LEAST)))
        known = np.exp(known - known.max(axis=1, keepdims=True))
        newer = known / known.sum(axis=1, keepdims=True)
        done = float(np.abs(newer - probable).max(initial=0.0)) < ENOUGH
        probable = newer
        if done:
            break
    return Skill(probable, shares, says)


def _of(answers: Sequence[Answer], name: str) -> NDArray[np.intp]:
    return np.array([getattr(answer, name) for answer in answers], dtype=np.intp)
