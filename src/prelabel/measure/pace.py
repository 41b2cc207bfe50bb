"""How fast a run goes, and what it will have cost at its end. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt

from prelabel.measure.quote import MICRO, Money, Z

ENOUGH = 30
"""Examples done from which a run's own cost says more than the quote."""


@dataclass(frozen=True)
class Drafted:
    """`done` draftings have cost `spent`; `costs` are those of the newest ones, each with all of its calls."""

    done: int
    spent: Decimal
    costs: Sequence[Decimal]


def expected_total(drafted: Drafted, waiting: int) -> Money | None:
    """Dollars that a run will have spent once the waiting examples are drafted as well; None while too little is known.

    It is spent / done for each of those to come. The interval holds the uncertainty of that mean and the chance in what
    is to come, so it closes as the run ends.
    """
    if not waiting:
        return Money(mean=drafted.spent, low=drafted.spent, high=drafted.spent)
    if drafted.done < ENOUGH:
        return None
    rest = drafted.spent / drafted.done * waiting
    deviation = statistics.stdev(map(float, drafted.costs)) if len(drafted.costs) > 1 else 0.0
    reach = Decimal(Z * deviation * sqrt(waiting + waiting**2 / drafted.done))
    return Money(
        mean=(drafted.spent + rest).quantize(MICRO),
        low=(drafted.spent + max(Decimal(0), rest - reach)).quantize(MICRO),
        high=(drafted.spent + rest + reach).quantize(MICRO),
    )


def rate(count: int, seconds: float) -> float:
    """So many in so long, per second."""
    return count / seconds if seconds > 0 else 0.0


def seconds_left(waiting: int, per_second: float) -> float | None:
    """Seconds until the waiting ones are done at this rate; None where nothing moves."""
    if not waiting:
        return 0.0
    return waiting / per_second if per_second > 0 else None
