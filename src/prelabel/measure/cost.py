"""What labels cost: model money and people's time, per example and against labeling by hand."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import BaseModel

ZERO = Decimal(0)
HOUR = Decimal(3600)


class Part(BaseModel):
    """A part of the calls and what it cost."""

    name: str
    calls: int
    dollars: Decimal


class Parts(BaseModel):
    """All calls, divided in four ways."""

    by_step: list[Part] = []
    by_model: list[Part] = []
    by_purpose: list[Part] = []
    by_lane: list[Part] = []


@dataclass(frozen=True)
class Spending:
    """Sums of a run's ledger. `unpriced` calls have no known price and are not in `dollars`.

    `calls` are requests that were sent: one about several examples is one.
    """

    calls: int
    unpriced: int
    dollars: Decimal
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    parts: Parts = field(default_factory=Parts)


def divided(rows: Iterable[tuple[str, int, Decimal]]) -> list[Part]:
    """Calls and dollars by name, in the order in which the names come."""
    found: dict[str, Part] = {}
    for name, calls, dollars in rows:
        part = found.setdefault(name, Part(name=name, calls=0, dollars=ZERO))
        part.calls, part.dollars = part.calls + calls, part.dollars + dollars
    return list(found.values())


class CostReport(BaseModel):
    """Dollars. `complete` False: some calls have no known price, so every sum is a lower bound.

    `by_hand_per_example` is the median time of a review at the hourly rate: what a person would take for an example anyhow.
    `saved` is the share of the by-hand cost that was not spent; None until something is settled and reviewed.
    """

    settled: int
    calls: int
    unpriced_calls: int
    complete: bool
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    model_dollars: Decimal
    reviews: int
    review_seconds: float
    median_review_seconds: float | None
    hourly_rate: Decimal
    people_dollars: Decimal
    total_dollars: Decimal
    per_example: Decimal | None
    model_per_example: Decimal | None
    by_hand_per_example: Decimal | None
    saved: float | None
    parts: Parts


def cost_report(spending: Spending, settled: int, seconds: Sequence[float], hourly: Decimal) -> CostReport:
    """The account of a run with so many settled examples; `seconds` holds the time of each review."""
    median = statistics.median(seconds) if seconds else None
    people = Decimal(str(sum(seconds))) / HOUR * hourly
    total = spending.dollars + people
    by_hand = Decimal(str(median)) / HOUR * hourly if median is not None else None
    per_example = total / settled if settled else None
    return CostReport(
        settled=settled,
        calls=spending.calls,
        unpriced_calls=spending.unpriced,
        complete=spending.unpriced == 0,
        tokens_in=spending.tokens_in,
        tokens_out=spending.tokens_out,
        tokens_cached=spending.tokens_cached,
        model_dollars=spending.dollars,
        reviews=len(seconds),
        review_seconds=sum(seconds),
        median_review_seconds=median,
        hourly_rate=hourly,
        people_dollars=_cents(people),
        total_dollars=_cents(total),
        per_example=_cents(per_example),
        model_per_example=_cents(spending.dollars / settled) if settled else None,
        by_hand_per_example=_cents(by_hand),
        saved=float(1 - per_example / by_hand) if per_example is not None and by_hand else None,
        parts=spending.parts,
    )


def _cents(dollars: Decimal | None) -> Decimal | None:
    return None if dollars is None else dollars.quantize(Decimal("0.000001"))
