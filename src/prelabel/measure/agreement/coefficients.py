"""Agreement beyond chance, with bootstrap intervals: the kappas of Cohen and Fleiss and Krippendorff's alpha.

Cohen 1960 and 1968 (weighted), Fleiss 1971, Krippendorff 2011 ("Computing Krippendorff's alpha-reliability"). All are
1 at full agreement and 0 at what chance would give; below 0 people agree less than by chance.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from prelabel.measure.intervals import LEVEL

Floats = NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval", "ratio"]
Weights = Literal["nominal", "linear", "quadratic"]
ROUNDS = 500


class Agreement(BaseModel):
    """A coefficient over `n` examples with at least two answers. None where it is not defined: nobody ever differs, or n = 0.

    `low` and `high` are the ends of its 95 % interval, from drawing the examples anew (percentile bootstrap).
    """

    model_config = ConfigDict(frozen=True)
    value: float | None
    low: float | None
    high: float | None
    n: int


def cohen(table: Floats, weights: Weights = "nominal") -> float | None:
    """Kappa of two people: cell (i, j) counts the examples that one calls i and the other j. Weights go by rank."""
    size = len(table)
    total = table.sum()
    if not total:
        return None
    ranks = np.arange(size, dtype=float)
    apart = np.abs(ranks[:, None] - ranks[None, :])
    cost = {"nominal": (apart > 0).astype(float), "linear": apart, "quadratic": apart**2}[weights]
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    return _ratio(float((cost * table).sum()), float((cost * expected).sum()))


def fleiss(counts: Floats) -> float | None:
    """Kappa of many people: cell (u, c) counts those who call example u c; every example has equally many answers."""
    if not len(counts):
        return None
    people = counts[0].sum()
    if people < 2 or (counts.sum(axis=1) != people).any():
        raise ValueError("Fleiss' kappa needs the same number of answers, two or more, for every example")
    observed = ((counts**2).sum(axis=1) - people) / (people * (people - 1))
    shares = counts.sum(axis=0) / counts.sum()
    return _ratio(1 - float(observed.mean()), 1 - float((shares**2).sum()))


class Alpha:
    """Krippendorff's alpha over units of codes; units with fewer than two answers say nothing.

    Codes count up from 0 in the order of their `values`. `apart` gives the disagreement of any two codes when it is
    told how often each code occurs.
    """

    def __init__(self, units: Sequence[Sequence[int]], size: int, apart: Callable[[Floats], Floats]) -> None:
        kept = [unit for unit in units if len(unit) > 1]
        cells = [
            (number, one * size + other, 1 / (len(unit) - 1))
            for number, unit in enumerate(kept)
            for i, one in enumerate(unit)
            for j, other in enumerate(unit)
            if i != j
        ]
        self.n = len(kept)
        self._size, self._apart = size, apart
        self._unit = np.array([cell[0] for cell in cells], dtype=np.intp)
        self._cell = np.array([cell[1] for cell in cells], dtype=np.intp)
        self._weight = np.array([cell[2] for cell in cells], dtype=float)

    def value(self, times: Floats | None = None) -> float | None:
        """Alpha where each unit counts so many times, or once."""
        weight = self._weight if times is None else self._weight * times[self._unit]
        size = self._size
        together = np.bincount(self._cell, weights=weight, minlength=size * size).reshape(size, size)
        totals = together.sum(axis=1)
        n = float(totals.sum())
        if n < 2:
            return None
        apart = self._apart(totals)
        expected = float(totals @ apart @ totals) / (n - 1)
        return _ratio(float((together * apart).sum()), expected)

    def agreement(self, rounds: int = ROUNDS, seed: int = 0) -> Agreement:
        """The coefficient with its interval; the same seed draws the same examples."""
        value = self.value()
        if value is None:
            return Agreement(value=None, low=None, high=None, n=self.n)
        random = np.random.default_rng(seed)
        drawn = (
            self.value(random.multinomial(self.n, np.full(self.n, 1 / self.n)).astype(float))
            for _ in range(rounds)
        )
        known = [one for one in drawn if one is not None]
        if not known:
            return Agreement(value=value, low=None, high=None, n=self.n)
        low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Agreement(value=value, low=float(low), high=float(high), n=self.n)


def by_level(values: Sequence[float], level: Level) -> Callable[[Floats], Floats]:
    """Krippendorff's disagreements for codes that stand for these numbers, in rising order."""
    numbers = np.array(values, dtype=float)
    difference = numbers[:, None] - numbers[None, :]

    def ordinal(totals: Floats) -> Floats:
        middle = np.cumsum(totals) - totals / 2
        return (middle[:, None] - middle[None, :]) ** 2

    def fixed(apart: Floats) -> Callable[[Floats], Floats]:
        return lambda totals: apart

    if level == "ordinal":
        return ordinal
    if level == "nominal":
        return fixed(1 - np.eye(len(numbers)))
    if level == "interval":
        return fixed(difference**2)
    total = numbers[:, None] + numbers[None, :]
    return fixed(np.divide(difference, total, out=np.zeros_like(total), where=total != 0) ** 2)


def by_distance(apart: Floats) -> Callable[[Floats], Floats]:
    """Disagreements that are given: a kind's own distances, as they are."""
    return lambda totals: apart


def _ratio(observed: float, expected: float) -> float | None:
    return 1 - observed / expected if expected > 0 else None
