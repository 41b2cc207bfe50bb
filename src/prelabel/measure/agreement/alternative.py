"""The alternative annotator test: may a model take a person's place?

Calderon, Reichart and Dror 2025, "The Alternative Annotator Test for LLM-as-a-Judge". Each person in turn is set aside; the
model and that person are both held against the other people. The model wins against a person if it is at least as near to the
others, less an allowance `epsilon` for what a person costs, by a one-sided t-test; the false discovery rate over all people is
held by the procedure of Benjamini and Yekutieli 2001.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from prelabel.canonical import Json

LEAST_ANSWERS = 30
LEAST_PEOPLE = 3
RATE = 0.05

Nearness = Callable[[Json, Sequence[Json]], float]
"""How near a value is to what the others say; more is nearer."""


@dataclass(frozen=True)
class Row:
    """One example: the model's value, and each person's by name."""

    model: Json
    people: Mapping[str, Json]


class MayReplace(BaseModel):
    """The test's outcome. `winning_rate` is the share of people that the model wins against; from one half on it passes.

    `advantage` is how likely the model is at least as near to the others as a person chosen at random. `people` are those who
    answered enough examples to be tested.
    """

    model_config = ConfigDict(frozen=True)
    people: int
    winning_rate: float
    advantage: float
    passed: bool


def may_replace(
    rows: Sequence[Row], near: Nearness, epsilon: float, least_answers: int = LEAST_ANSWERS
) -> MayReplace | None:
    """The test over rows that at least two people answered; None where fewer than three people have enough answers."""
    wins: dict[str, list[tuple[bool, bool]]] = {}
    for row in rows:
        if len(row.people) < 2:
            continue
        for person, value in row.people.items():
            others = [other for name, other in row.people.items() if name != person]
            model, human = near(row.model, others), near(value, others)
            wins.setdefault(person, []).append((model >= human, human >= model))
    tested = [np.array(pairs, dtype=float) for pairs in wins.values() if len(pairs) >= least_answers]
    if len(tested) < LEAST_PEOPLE:
        return None
    won = _rejected([_p_value(pairs[:, 1] - pairs[:, 0], epsilon) for pairs in tested])
    return MayReplace(
        people=len(tested),
        winning_rate=won / len(tested),
        advantage=float(np.mean([pairs[:, 0].mean() for pairs in tested])),
        passed=2 * won >= len(tested),
    )


def same(value: Json, others: Sequence[Json]) -> float:
    """The share of the others who say the same: for classes."""
    return sum(1 for other in others if value == other) / len(others)


def near_number(value: Json, others: Sequence[Json]) -> float:
    """Minus the root of the mean squared difference: for numbers and ratings."""
    return -float(np.sqrt(np.mean([(float(value) - float(other)) ** 2 for other in others])))


def _p_value(differences: np.ndarray[tuple[int], np.dtype[np.float64]], epsilon: float) -> float:
    """Of the mean difference being epsilon or more; where all are the same it is certain."""
    from scipy.stats import ttest_1samp

    if np.ptp(differences) == 0:
        return float(differences[0] >= epsilon)
    return float(ttest_1samp(differences, epsilon, alternative="less").pvalue)


def _rejected(p_values: Sequence[float], rate: float = RATE) -> int:
    """How many hypotheses fall at this false discovery rate, whatever hangs on what (Benjamini and Yekutieli)."""
    m = len(p_values)
    harmonic = sum(1 / rank for rank in range(1, m + 1))
    ranks = [rank for rank, p in enumerate(sorted(p_values), 1) if p <= rank * rate / (m * harmonic)]
    return max(ranks, default=0)
