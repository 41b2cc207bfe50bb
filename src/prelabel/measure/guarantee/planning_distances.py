"""The size of an audit that bounds a mean distance: found by drawing from what is foreseen, as there is no closed form."""

from collections.abc import Sequence

import numpy as np

from prelabel.measure.guarantee.hypergeometric import Floats, exact_budget
from prelabel.measure.guarantee.losses import longest_by_loss
from prelabel.measure.guarantee.planning import LARGEST_SHARE, Plan

SIZES, DRAWS = 9, 24
FEWEST = 30
ASSUMED = 0.5
"""How far a wrong draft is taken to be from right where none is settled."""


def plan_by_distance(
    wrong: Sequence[float] | Floats,
    distances: Sequence[float],
    epsilon: float,
    alpha: float,
    dataset: int | None = None,
    audit_seconds: float = 1.0,
    seed: int = 0,
) -> Plan:
    """The audit with the least expected work of those tried, for a mean distance of at most epsilon.

    `wrong` holds the chance of each draft to be wrong, the surest first, in one row or several; `distances` are those of wrong
    drafts that are settled. Costs and words are those of `planning.plan`.
    """
    expected, rng = np.atleast_2d(np.asarray(wrong, np.float64)), np.random.default_rng(seed)
    n = expected.shape[1]
    budget = exact_budget(epsilon, n if dataset is None else dataset)
    best = Plan(epsilon, n, 0, -1, 0.0, 0.0, 0.0, float(n))
    for drawn in _sizes(n):
        saved = [
            _saved(expected[index % len(expected)], distances, drawn, budget, alpha, rng)
            for index in range(DRAWS)
        ]
        mean = float(np.mean(saved))
        seconds = drawn * audit_seconds + n - mean - drawn
        if seconds < best.seconds:
            low, high = (float(end) for end in np.quantile(saved, (0.05, 0.95)))
            best = Plan(epsilon, n, drawn, -1, mean, low, high, seconds)
    return best


def _sizes(n: int) -> list[int]:
    most = int(n * LARGEST_SHARE)
    return sorted({int(size) for size in np.geomspace(min(FEWEST, most), most, SIZES)}) if most else []


def _saved(
    chances: Floats,
    distances: Sequence[float],
    drawn: int,
    budget: float,
    alpha: float,
    rng: np.random.Generator,
) -> int:
    """What one draw of the audit saves of a dataset as it is foreseen; the loss of each audited is drawn with it."""
    n = len(chances)
    sample = rng.choice(n, drawn, replace=False)
    far = rng.choice(distances, drawn) if len(distances) else np.full(drawn, ASSUMED)
    losses = np.where(rng.random(drawn) < chances[sample], far, 0.0)
    return longest_by_loss(sample, losses, n, budget, alpha).accepted
