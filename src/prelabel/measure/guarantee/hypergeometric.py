"""Exact bounds on how many of n drafts are wrong, from a sample without replacement.

`n` drafts are in the pool, `wrong` of them are wrong, `drawn` are in the audit sample, `seen` of these are wrong.
Chances are worked out in floating point; where one lies so near to alpha that rounding could decide, it is worked out again
in whole numbers. Alphas and epsilons mean the decimals that they are written as.
"""

from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import Any

import numpy as np
from scipy.special import gammaln

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]

NEAR = 1e-6
"""Relative distance from alpha within which whole numbers decide; far above the rounding error at n = 1,000,000 (1e-8)."""


def budget_of(epsilon: float, n: int) -> int:
    """The most wrong labels that n labels may have: epsilon * n rounded down, exactly."""
    return int(Fraction(str(epsilon)) * n)


def exact_budget(epsilon: float, n: int) -> float:
    """epsilon * n, of the decimal that epsilon is written as."""
    return float(Fraction(str(epsilon)) * n)


def log_choose(n: Any, k: Any) -> Any:
    """The logarithm of n over k for whole numbers, elementwise; minus infinity where k is outside 0..n."""
    n, k = np.asarray(n, np.int64), np.asarray(k, np.int64)
    factorials = _log_factorials(1 << int(n.max(initial=1)).bit_length())
    inside = (k >= 0) & (k <= n)
    low = np.where(inside, k, 0)
    high = np.where(inside, n - k, 0)
    return np.where(inside, factorials[np.maximum(n, 0)] - factorials[low] - factorials[high], -np.inf)


@lru_cache(maxsize=8)
def _log_factorials(size: int) -> Floats:
    logs: Floats = gammaln(np.arange(1, size + 1))
    return logs


def chances(seen: Any, n: Any, wrong: Any, drawn: Any) -> Any:
    """P(exactly so many wrong ones are drawn), elementwise."""
    seen, n, wrong, drawn = (np.asarray(value) for value in (seen, n, wrong, drawn))
    return np.exp(log_choose(wrong, seen) + log_choose(n - wrong, drawn - seen) - log_choose(n, drawn))


def chance_of_at_most(seen: int, n: int, wrong: int, drawn: int) -> float:
    """P(at most so many wrong ones are drawn)."""
    if seen < 0:
        return 0.0
    values = np.arange(min(seen, wrong, drawn) + 1)
    return min(1.0, float(chances(values, n, wrong, drawn).sum()))


def exact_chance_of_at_most(seen: int, n: int, wrong: int, drawn: int) -> Fraction:
    """The same in whole numbers."""
    ways = sum(comb(wrong, x) * comb(n - wrong, drawn - x) for x in range(min(seen, drawn) + 1))
    return Fraction(ways, comb(n, drawn))


def is_likely(seen: int, n: int, wrong: int, drawn: int, alpha: float) -> bool:
    """Whether P(at most so many are drawn) > alpha."""
    chance = chance_of_at_most(seen, n, wrong, drawn)
    if abs(chance - alpha) > NEAR * alpha:
        return chance > alpha
    return exact_chance_of_at_most(seen, n, wrong, drawn) > Fraction(str(alpha))


def upper_bound(seen: int, n: int, drawn: int, alpha: float) -> int:
    """U(seen): the largest number of wrong drafts under which at most `seen` are drawn with a chance above alpha.

    Surely (1 - alpha) no more are wrong in a set that was fixed before the sample was drawn and in which `seen` were found.
    """
    _check(n, drawn, alpha)
    if seen >= drawn:
        return n
    low, high = seen, n  # likely at low: at most `seen` of `seen` are always drawn; at high it is impossible
    while high - low > 1:
        middle = (low + high) // 2
        if is_likely(seen, n, middle, drawn, alpha):
            low = middle
        else:
            high = middle
    return low


def upper_bounds(n: int, drawn: int, alpha: float, most: int | None = None) -> Integers:
    """U(0), U(1), ... up to U(most), or to U(drawn)."""
    _check(n, drawn, alpha)
    last = drawn if most is None else min(most, drawn)
    seen = np.arange(last + 1)
    low, high = seen.copy(), np.full(last + 1, n)
    low[seen >= drawn] = n
    while (open_ := np.flatnonzero(high - low > 1)).size:
        middle = (low[open_] + high[open_]) // 2
        likely = _are_likely(seen[open_], n, middle, drawn, alpha)
        low[open_[likely]] = middle[likely]
        high[open_[~likely]] = middle[~likely]
    return low


@lru_cache(maxsize=10_000)
def most_errors(n: int, drawn: int, budget: int, alpha: float) -> int:
    """kmax: the most audit errors with U(k) - k <= budget; -1 where not even none is enough.

    U(k) - k <= budget says that at most k of budget + k + 1 wrong ones are drawn with a chance of at most alpha.
    That chance never falls as k grows, so kmax is found by halving.
    """
    _check(n, drawn, alpha)
    if budget >= n - drawn:
        return drawn  # what is not audited fits into the budget whatever it holds
    low, high = -1, drawn
    while high - low > 1:
        middle = (low + high) // 2
        if is_likely(middle, n, budget + middle + 1, drawn, alpha):
            high = middle
        else:
            low = middle
    return low


def fewest_audits(n: int, budget: int, alpha: float) -> int:
    """The smallest sample after which anything can be accepted, if it finds no wrong draft."""
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        if most_errors(n, middle, budget, alpha) >= 0:
            high = middle
        else:
            low = middle
    return high


def _are_likely(seen: Integers, n: int, wrong: Integers, drawn: int, alpha: float) -> np.ndarray[Any, Any]:
    """`is_likely` for many at once, in blocks that fit into memory.

    Summed are the numbers within a reach of `seen` and of the mean: beyond it lies less than exp(-72) (Hoeffding 1963).
    """
    reach = int(6 * np.sqrt(drawn)) + 1
    mean = drawn * wrong // n
    begins = np.maximum(0, np.minimum(seen, mean) - reach)
    likely = seen > mean + reach
    rows = np.flatnonzero(~likely)
    offsets = np.arange(min(2 * reach, int(seen.max(initial=0))) + 1)
    for part in np.array_split(rows, 1 + rows.size * offsets.size // 1_000_000):
        values = begins[part, None] + offsets
        each = chances(np.minimum(values, seen[part, None]), n, wrong[part, None], drawn)
        total = np.where(values <= seen[part, None], each, 0.0).sum(axis=1)
        likely[part] = total > alpha
        for at in part[np.abs(total - alpha) <= NEAR * alpha]:
            likely[at] = is_likely(int(seen[at]), n, int(wrong[at]), drawn, alpha)
    return likely


def _check(n: int, drawn: int, alpha: float) -> None:
    if not 0 <= drawn <= n:
        raise ValueError(f"a sample of {drawn} cannot be drawn from {n}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not at {alpha}")
