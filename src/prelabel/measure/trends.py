"""A run over its days, the time that answers take, and how wrong what is accepted would be at each bar. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import sqrt
from statistics import NormalDist

from pydantic import BaseModel

from prelabel.measure.calibration import Known
from prelabel.measure.intervals import LEVEL, Share, wilson

MOST_POINTS = 100
"""Points of a curve; of more, those at even shares are kept."""


class Day(BaseModel):
    """What happened in a run on a day (UTC). The labels are those that hold now, on the day on which they were settled.

    `accepted` nobody has seen; one person `confirmed` or `corrected` the draft of others, several people settled `consensus` and
    a senior `adjudicated`; `gold` came with the data. `settled` is the sum of these, `without_review` the share of `accepted`
    in it and `changed` that of `corrected` in what one person answered. `answers` are all that people gave, also those that
    others have overtaken since, and `seconds` what they took. `dollars` are of model calls; a lower bound where calls are `unpriced`.
    """

    day: date
    accepted: int = 0
    confirmed: int = 0
    corrected: int = 0
    consensus: int = 0
    adjudicated: int = 0
    gold: int = 0
    settled: int = 0
    without_review: Share
    changed: Share
    answers: int = 0
    seconds: float = 0.0
    calls: int = 0
    dollars: Decimal = Decimal(0)
    unpriced: int = 0


OUTCOMES = ("accepted", "confirmed", "corrected", "consensus", "adjudicated", "gold")


def day_of(day: date, counted: Mapping[str, int], **more: Decimal | float) -> Day:
    """The figures of a day; `counted` are its labels by outcome."""
    settled = sum(counted.values())
    answered = counted.get("confirmed", 0) + counted.get("corrected", 0)
    return Day(
        day=day,
        settled=settled,
        without_review=wilson(counted.get("accepted", 0), settled),
        changed=wilson(counted.get("corrected", 0), answered),
        **{name: counted.get(name, 0) for name in OUTCOMES},
        **more,
    )


class Pace(BaseModel):
    """How long answers of a kind took, to a tenth of a second: quartiles, and the 95 % interval of the median by ranks (no distribution is assumed)."""

    outcome: str
    n: int
    total_seconds: float
    quarter: float | None
    median: float | None
    low: float | None
    high: float | None
    three_quarters: float | None


def pace(outcome: str, tenths: Mapping[int, int], total: float) -> Pace:
    """The figures of answers, counted by how many tenths of a second they took."""
    n, steps = sum(tenths.values()), sorted(tenths)
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * sqrt(n) / 2

    def at(rank: float) -> float | None:
        bounded, seen = min(max(rank, 1), n), 0
        for step in steps:
            seen += tenths[step]
            if seen >= bounded:
                return step / 10
        return None

    return Pace(
        outcome=outcome,
        n=n,
        total_seconds=total,
        quarter=at(n / 4),
        median=at(n / 2),
        low=at(n / 2 - reach),
        high=at(n / 2 + reach + 1),
        three_quarters=at(3 * n / 4),
    )


class Bar(BaseModel):
    """If drafts at least as sure as `confidence` were accepted: the share of all that is, and the share of those that is wrong."""

    confidence: float
    accepted: Share
    wrong: Share


def bars(known: Known) -> list[Bar]:
    """The error against the share accepted, from the surest draft on; equally sure drafts are accepted together."""
    ordered = sorted(known, reverse=True)
    found, wrong = [], 0
    for count, (confidence, right) in enumerate(ordered, 1):
        wrong += not right
        if count == len(ordered) or ordered[count][0] < confidence:
            found.append(
                Bar(confidence=confidence, accepted=wilson(count, len(ordered)), wrong=wilson(wrong, count))
            )
    return _thinned(found)


def _thinned(points: Sequence[Bar]) -> list[Bar]:
    if len(points) <= MOST_POINTS:
        return list(points)
    last = len(points) - 1
    return [points[round(at * last / (MOST_POINTS - 1))] for at in range(MOST_POINTS)]
