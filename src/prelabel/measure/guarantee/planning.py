"""Before the sample is drawn: how many to audit, and what that costs and saves at each epsilon.

Exact for a known order: example t of it is accepted unreviewed where it is not audited and at most kmax audit errors lie before
it. Where the order is only foreseen, by the chance of each draft to be wrong, it is as good as that foresight. Whatever plan is
taken, the certificate holds: the plan is made before the sample is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from prelabel.measure.calibration import calibrator
from prelabel.measure.guarantee.hypergeometric import Floats, budget_of, chances, is_likely, most_errors

LARGEST_SHARE = 0.5
"""Plans audit at most this share of a pool: more would leave little to save."""
EVERY = 40
"""Up to so many audit errors every number is tried, then each a tenth more than the one before."""


@dataclass(frozen=True)
class Plan:
    """An audit of `drawn`, which lets pass `most` audit errors, and what is to be expected of it; -1 where these are not counted.

    `saved` labels that nobody has to give, of `n` in the pool: the mean, and the ends that 90 % of draws lie within. `seconds`
    are those of people for the whole pool. Nothing saved and all reviewed where `drawn` is 0.
    """

    epsilon: float
    n: int
    drawn: int
    most: int
    saved: float
    saved_low: float
    saved_high: float
    seconds: float


def foreseen(
    uncertainty: Sequence[float], pilot: Sequence[tuple[float, bool]], resamples: int = 0, seed: int = 0
) -> Floats:
    """The chance of each draft to be wrong, learned from (uncertainty, wrong) pairs of a pilot or of past runs, lowest first.

    Two pairs are added as a doubt, the surest draft wrong and the least sure one right: a small pilot without an error among
    the sure ones does not mean that there is none. The first row is that of the pilot; then a row for each bootstrap resample,
    every other one without the doubt: what else a pilot of this size could have shown.
    """
    if not len(uncertainty):
        return np.zeros((1 + resamples, 0))
    values, places = np.unique(np.asarray(uncertainty, np.float64), return_inverse=True)
    doubt = [(float(values[0]), True), (max([float(values[-1]), *(value for value, _ in pilot)]), False)]
    rng = np.random.default_rng(seed)
    rows = [_chances_at(values, [*pilot, *doubt])]
    for index in range(resamples):
        draw = [pilot[at] for at in rng.integers(0, max(1, len(pilot)), len(pilot))]
        rows.append(_chances_at(values, draw if index % 2 else [*draw, *doubt]))
    return np.stack(rows)[:, np.sort(places)]


def plan(
    wrong: Sequence[float] | Floats,
    epsilon: float,
    alpha: float,
    dataset: int | None = None,
    audit_seconds: float = 1.0,
    review_seconds: float = 1.0,
) -> Plan:
    """The audit with the least expected people's time; ValueError unless every chance lies between 0 and 1.

    `wrong` holds for each draft of the pool, the surest first, the chance that it is wrong: 0 or 1 where that is known. With
    several rows, it is the plan that is best on average over them.
    `dataset` counts all labels that epsilon is a share of, where people have settled some beforehand.
    """
    expected = np.atleast_2d(np.asarray(wrong, np.float64))
    if expected.size and not (expected.min() >= 0 and expected.max() <= 1):
        raise ValueError("the chance of being wrong lies between 0 and 1")
    n = expected.shape[1]
    budget = budget_of(epsilon, n if dataset is None else dataset)
    best = Plan(epsilon, n, 0, -1, 0.0, 0.0, 0.0, n * review_seconds)
    if not n:
        return best
    earlier = np.rint(np.cumsum(expected, axis=1) - expected).astype(int)  # wrong drafts before each
    before = np.bincount(earlier.ravel()) / len(expected)
    for drawn in _sizes(n, budget, alpha):
        most, mean, low, high = _saved(before, n, budget, drawn, alpha)
        seconds = drawn * audit_seconds + (n - mean - drawn) * review_seconds
        if seconds < best.seconds:
            best = Plan(epsilon, n, drawn, most, mean, low, high, seconds)
    return best


def curve(wrong: Sequence[float] | Floats, epsilons: Sequence[float], alpha: float) -> list[Plan]:
    """The best plan at each epsilon: "at 5 % expect 31 % fewer labels with 400 audits; at 2 % ..."."""
    return [plan(wrong, epsilon, alpha) for epsilon in epsilons]


def together(plans: Sequence[Plan], others: int, review_seconds: float = 1.0) -> Plan:
    """The plans of several slices as one, with `others` that people review in any case.

    Slices are drawn independently, so how far the sum strays is the root of the sum of squares.
    """
    saved = sum(one.saved for one in plans)
    below = sum((one.saved - one.saved_low) ** 2 for one in plans) ** 0.5
    above = sum((one.saved_high - one.saved) ** 2 for one in plans) ** 0.5
    return Plan(
        epsilon=plans[0].epsilon,
        n=sum(one.n for one in plans) + others,
        drawn=sum(one.drawn for one in plans),
        most=-1,
        saved=saved,
        saved_low=saved - below,
        saved_high=saved + above,
        seconds=sum(one.seconds for one in plans) + others * review_seconds,
    )


def _chances_at(values: Floats, pairs: Sequence[tuple[float, bool]]) -> Floats:
    calibrate = calibrator([(1 - value, not wrong) for value, wrong in pairs])
    return np.array([1 - calibrate(float(1 - value)) for value in values])


@lru_cache(maxsize=1_000)
def _sizes(n: int, budget: int, alpha: float) -> tuple[int, ...]:
    """The smallest samples that let one more audit error pass: between two of them an audit more only costs."""
    sizes: list[int] = []
    most, step = 0, 1
    while True:
        begin = sizes[-1] if sizes else 0
        while begin + step <= n and not _passes(n, begin + step, most, budget, alpha):
            begin, step = begin + step, 2 * step
        low, high = begin, min(begin + step, n + 1)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if _passes(n, middle, most, budget, alpha) else (middle, high)
        if high > n * LARGEST_SHARE:
            return tuple(sizes)
        sizes.append(high)
        step = max(1, (high - sizes[-2]) // 2 if len(sizes) > 1 else high // 4)
        most += max(1, most // 10) if most >= EVERY else 1


def _passes(n: int, drawn: int, most: int, budget: int, alpha: float) -> bool:
    """Whether a sample of this size lets so many audit errors pass: one that does is let pass by every larger sample too."""
    if most > drawn:
        return False
    return budget + most >= n or not is_likely(most, n, budget + most + 1, drawn, alpha)


def _saved(before: Any, n: int, budget: int, drawn: int, alpha: float) -> tuple[int, float, float, float]:
    """kmax, and the labels that nobody gives: mean and ends. `before[e]` drafts have e wrong ones before them."""
    most = most_errors(n, drawn, budget, alpha)
    passing = _passing(n - 1, drawn, most, before.size - 1)
    share = 1 - drawn / n
    low, high = (share * float(before[passing >= level].sum()) for level in (0.95, 0.05))
    return most, share * float(before @ passing), low, high


def _passing(n: int, drawn: int, most: int, up_to: int) -> Floats:
    """P(at most `most` of the first 0, 1, ..., `up_to` wrong drafts are drawn)."""
    drawn = min(drawn, n)
    wrong = np.arange(up_to)
    # one wrong draft more takes it over `most` where exactly so many were drawn before, and this one is drawn too
    falls = chances(most, n, wrong, drawn) * (drawn - most) / np.maximum(1, n - wrong)
    passing: Floats = np.clip(1 - np.concatenate([[0.0], np.cumsum(falls)]), 0.0, 1.0)
    return passing
