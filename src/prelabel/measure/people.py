"""How fast people work. Pure."""

import math
import statistics
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import NormalDist

from pydantic import BaseModel, ConfigDict

from prelabel.measure.intervals import LEVEL

Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
AWAY = timedelta(minutes=5)
"""A longer time between two answers is no work."""


class Estimate(BaseModel):
    """A figure with what it rests on and the ends of its 95 % interval."""

    model_config = ConfigDict(frozen=True)
    value: float
    n: int
    low: float
    high: float


def median(values: Sequence[float]) -> Estimate | None:
    """The median, between the two order statistics that enclose it; of few values, the smallest and the largest."""
    if not values:
        return None
    found, n = sorted(values), len(values)
    reach = Z * math.sqrt(n) / 2
    low, high = max(0, math.floor(n / 2 - reach) - 1), min(n - 1, math.ceil(n / 2 + reach))
    return Estimate(value=statistics.median(found), n=n, low=found[low], high=found[high])


def per_hour(moments: Sequence[datetime]) -> Estimate | None:
    """Answers in an hour of work, from the times between answers that follow each other within five minutes.

    The interval is that of the mean time between two; None of fewer than two such times.
    """
    ordered = sorted(moments)
    gaps = [(after - before).total_seconds() for before, after in pairwise(ordered) if after - before <= AWAY]
    if len(gaps) < 2 or not (mean := statistics.fmean(gaps)):
        return None
    reach = Z * statistics.stdev(gaps) / math.sqrt(len(gaps))
    fastest = max(mean - reach, mean / len(gaps))  # no interval of a positive time reaches down to nothing
    return Estimate(value=3600 / mean, n=len(gaps), low=3600 / (mean + reach), high=3600 / fastest)
