"""Two drafters on the same examples: the difference of their accuracies, with an interval that knows that they are the same."""

import math
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist

from pydantic import BaseModel

from prelabel.measure.intervals import LEVEL, Share, wilson

MICRO = Decimal("0.000001")


class Difference(BaseModel):
    """`n` examples with a known label that both have drafted.

    `difference` is the accuracy of the first less that of the second, None of nothing, with its interval: Newcombe 1998 (paired
    data, method 10). `only_first` and `only_second` are how many examples only this one has right; `chance` is that of as
    unequal numbers among these where both are equally good (exact McNemar test, two-sided).
    """

    n: int
    first: Share
    second: Share
    both: int
    only_first: int
    only_second: int
    neither: int
    difference: float | None
    low: float
    high: float
    chance: float


def paired(both: int, only_first: int, only_second: int, neither: int, level: float = LEVEL) -> Difference:
    """The difference, from how many examples both, one or none has right."""
    n = both + only_first + only_second + neither
    first, second = wilson(both + only_first, n, level), wilson(both + only_second, n, level)
    difference = (only_first - only_second) / n if n else None
    low, high = -1.0, 1.0
    if difference is not None and first.value is not None and second.value is not None:
        tied = _correlation(both, only_first, only_second, neither)
        below = _reach(first.value - first.low, second.high - second.value, tied)
        above = _reach(first.high - first.value, second.value - second.low, tied)
        low, high = max(-1.0, difference - below), min(1.0, difference + above)
    return Difference(
        n=n,
        first=first,
        second=second,
        both=both,
        only_first=only_first,
        only_second=only_second,
        neither=neither,
        difference=difference,
        low=low,
        high=high,
        chance=_mcnemar(only_first, only_second),
    )


class CostDifference(BaseModel):
    """Dollars of model calls for an example, over the same `n` examples; None of nothing.

    `difference` is that of the first less that of the second; `low` and `high` are the ends of its interval (normal, from the
    differences of the single examples). Lower bounds where calls are `unpriced`.
    """

    n: int
    first: Decimal | None
    second: Decimal | None
    difference: Decimal | None
    low: Decimal | None
    high: Decimal | None
    unpriced: int


@dataclass
class CostTally:
    """Sums of what `n` single examples cost on both sides, and of the `squares` of their differences."""

    n: int = 0
    first: Decimal = Decimal(0)
    second: Decimal = Decimal(0)
    squares: Decimal = Decimal(0)
    unpriced: int = 0

    @classmethod
    def of(cls, first: Decimal, second: Decimal, unpriced: int) -> "CostTally":
        """Of one example."""
        return cls(1, first, second, (first - second) ** 2, unpriced)

    def add(self, other: "CostTally") -> None:
        """Count those of another tally as well."""
        self.n, self.first, self.second = (
            self.n + other.n,
            self.first + other.first,
            self.second + other.second,
        )
        self.squares, self.unpriced = self.squares + other.squares, self.unpriced + other.unpriced

    def report(self, level: float = LEVEL) -> CostDifference:
        """The figures so far; no interval of fewer than two examples."""
        nothing = dict.fromkeys(("first", "second", "difference", "low", "high"))
        if not self.n:
            return CostDifference(n=0, unpriced=self.unpriced, **nothing)
        mean = (self.first - self.second) / self.n
        low = high = None
        if self.n > 1:
            variance = max(Decimal(0), (self.squares - self.n * mean**2) / (self.n - 1))
            reach = Decimal(str(NormalDist().inv_cdf((1 + level) / 2))) * (variance / self.n).sqrt()
            low, high = (mean - reach).quantize(MICRO), (mean + reach).quantize(MICRO)
        return CostDifference(
            n=self.n,
            first=(self.first / self.n).quantize(MICRO),
            second=(self.second / self.n).quantize(MICRO),
            difference=mean.quantize(MICRO),
            low=low,
            high=high,
            unpriced=self.unpriced,
        )


def _reach(a: float, b: float, tied: float) -> float:
    return math.sqrt(max(0.0, a * a - 2 * tied * a * b + b * b))


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    """How far the two are right on the same examples, from -1 to 1; what speaks for it is taken a little smaller (Newcombe)."""
    sides = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if not sides:
        return 0.0
    excess: float = both * neither - only_first * only_second
    if excess > 0:
        excess = max(0.0, excess - (both + only_first + only_second + neither) / 2)
    return excess / math.sqrt(sides)


def _mcnemar(only_first: int, only_second: int) -> float:
    from scipy.stats import binomtest

    n = only_first + only_second
    return float(binomtest(only_first, n, 0.5).pvalue) if n else 1.0
