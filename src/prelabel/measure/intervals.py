"""Shares with the interval that they are known to."""

import math
from statistics import NormalDist

from pydantic import BaseModel, ConfigDict

LEVEL = 0.95


class Share(BaseModel):
    """`right` of `n`, with the ends of its confidence interval; from 0 to 1 where nothing is known (n = 0)."""

    model_config = ConfigDict(frozen=True)
    right: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.right / self.n if self.n else None


def wilson(right: int, n: int, level: float = LEVEL) -> Share:
    """The Wilson score interval (Wilson 1927): honest also for few cases and for shares near 0 or 1."""
    if n == 0:
        return Share(right=0, n=0, low=0.0, high=1.0)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if right == 0 else max(0.0, middle - reach)
    high = 1.0 if right == n else min(1.0, middle + reach)
    return Share(right=right, n=n, low=low, high=high)
