"""Losses between 0 and 1 instead of right or wrong: distances of ratings, numbers, spans, boxes and texts.

A bet against the hypothesis that all losses of a prefix add up to `total` or more (Waudby-Smith and Ramdas 2024, sampling
without replacement). The stakes are fixed before the sample is drawn, so a smaller loss never wins less; that lets one test
serve every prefix of the order (docs/guarantee.md, theorem 4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt

import numpy as np

from prelabel.measure.guarantee.hypergeometric import Floats, Integers

SAFE = 1 + 1e-9
MULTIPLES = (1.0, 2.0, 4.0)
"""Stakes as multiples of the one that is best for losses of 0 and 1; the higher ones win where losses vary less."""


@dataclass(frozen=True)
class LossCut:
    """The first `size` of an order are accepted. `loss` is what the audited of them had lost before people set it right."""

    size: int
    audited: int
    loss: float

    @property
    def accepted(self) -> int:
        """Labels that nobody reviews: what is saved."""
        return self.size - self.audited


def stakes(n: int, drawn: int, total: float, alpha: float) -> list[float]:
    """What is bet on each audit, of a capital of 1 for each."""
    mean = min(max(total / n, 1e-9), 1.0)
    best = sqrt(2 * log(1 / alpha) / max(1, drawn) / (mean * max(1 - mean, 1e-3)))
    return sorted({min(1.0, best * multiple) for multiple in MULTIPLES})


def is_under(
    losses: Sequence[float] | Floats,
    n: int,
    total: float,
    alpha: float,
    bets: Sequence[float] | None = None,
) -> bool:
    """Whether the losses of n examples surely add up to less than `total`; `losses` are those of the sample, as it was drawn.

    True by mistake with a chance of at most alpha, whatever `bets` were fixed beforehand; without them they are `stakes`.
    Raises ValueError for a loss outside 0 to 1.
    """
    seen = np.asarray(losses, np.float64)
    if seen.size and not (seen.min() >= 0 and seen.max() <= 1):
        raise ValueError("a loss lies between 0 and 1")
    before = np.concatenate([[0.0], np.cumsum(seen)[:-1]]) if seen.size else seen
    means = (total - before) / (n - np.arange(seen.size))
    possible = np.logical_and.accumulate(means >= 0)
    capital = np.zeros(seen.size)
    bets = stakes(n, seen.size, total, alpha) if bets is None else bets
    for stake in bets:
        factors = np.where(possible, 1 + stake * (means - seen), 0.0)
        capital += np.cumprod(np.clip(factors, 0.0, None)) / len(bets)
    return bool(seen.size and capital.max() >= SAFE / alpha)


@lru_cache(maxsize=10_000)
def credit(n: int, drawn: int, budget: float, alpha: float) -> int:
    """How much more than `budget` the losses of a prefix may add up to, as its audited carry people's labels in the end.

    The largest k for which each j from 1 to k + 1 passes: losses that add up to j or less win against a total of budget + j - 1
    in whatever order they come. Of all these, j losses of 1 that come first win least (docs/guarantee.md, lemma 4).
    """
    bets, given = stakes(n, drawn, budget, alpha), -1
    while given < drawn - 1 and budget >= 1:
        worst = np.concatenate([np.ones(given + 2), np.zeros(drawn - given - 2)])
        if not is_under(worst, n, budget + given + 1, alpha, bets):
            break
        given += 1
    return max(0, given)


def longest_by_loss(
    positions: Sequence[int] | Integers, losses: Sequence[float] | Floats, n: int, budget: float, alpha: float
) -> LossCut:
    """The longest prefix of which those that are not audited surely lose no more than `budget` together.

    `positions` are those of the audited in the order of uncertainty, in the order in which they were drawn, with their losses.
    """
    at, lost = np.asarray(positions, np.int64), np.asarray(losses, np.float64)
    bets, total = stakes(n, at.size, budget, alpha), budget + credit(n, at.size, budget, alpha)
    ends = [*sorted(int(place) for place in at[lost > 0]), n]
    low, high = -1, len(ends)
    while high - low > 1:
        middle = (low + high) // 2
        if is_under(np.where(at < ends[middle], lost, 0.0), n, total, alpha, bets):
            low = middle
        else:
            high = middle
    size = ends[low] if low >= 0 else 0
    return LossCut(size, int((at < size).sum()), float(lost[at < size].sum()))
