"""What labels cost: model money and people's time, per example and against labeling by hand."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import overload

from pydantic import BaseModel

from prelabel.measure.figure import Figure
from prelabel.measure.quote import Money

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


@dataclass
class Sums:
    """What is counted for a part: settled labels, those of them accepted without review, requests, money and people's seconds."""

    settled: int = 0
    accepted: int = 0
    calls: int = 0
    unpriced: int = 0
    dollars: Decimal = ZERO
    seconds: float = 0.0

    def add(self, other: "Sums") -> None:
        """Count another's too."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


class CostPart(BaseModel):
    """A part of the labels and what it cost, in dollars; a lower bound where `unpriced_calls` have no known price.

    `per_accepted`: model dollars of the part for each of its labels that needed no person. Both are None where there are none.
    """

    name: str
    settled: int
    accepted: int
    calls: int
    unpriced_calls: int
    model_dollars: Decimal
    review_seconds: float
    people_dollars: Decimal
    total_dollars: Decimal
    per_example: Decimal | None
    per_accepted: Decimal | None


def cost_part(name: str, sums: Sums, hourly: Decimal) -> CostPart:
    """The figures of a part."""
    people = Decimal(str(sums.seconds)) / HOUR * hourly
    total = sums.dollars + people
    return CostPart(
        name=name,
        settled=sums.settled,
        accepted=sums.accepted,
        calls=sums.calls,
        unpriced_calls=sums.unpriced,
        model_dollars=sums.dollars,
        review_seconds=sums.seconds,
        people_dollars=_cents(people),
        total_dollars=_cents(total),
        per_example=_cents(total / sums.settled) if sums.settled else None,
        per_accepted=_cents(sums.dollars / sums.accepted) if sums.accepted else None,
    )


@dataclass
class Purposes:
    """Settled labels, what models cost for them, and the answers and seconds of reviewers and of seniors who adjudicated."""

    settled: int = 0
    dollars: Decimal = ZERO
    unpriced: int = 0
    reviews: int = 0
    review_seconds: float = 0.0
    adjudications: int = 0
    adjudication_seconds: float = 0.0

    def add(self, other: "Purposes") -> None:
        """Count another's too."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


class CostSplit(BaseModel):
    """What settled labels cost, in dollars, by what it was spent for; `per_example` is the whole for each of the `settled`.

    These are sums of an account, not estimates, so they have no interval. A lower bound where calls are `unpriced`.
    """

    name: str
    settled: int
    unpriced: int
    reviews: int
    adjudications: int
    model_dollars: Decimal
    review_dollars: Decimal
    adjudication_dollars: Decimal
    total_dollars: Decimal
    per_example: Decimal | None
    model_per_example: Decimal | None
    review_per_example: Decimal | None
    adjudication_per_example: Decimal | None


def cost_split(name: str, found: Purposes, hourly: Decimal) -> CostSplit:
    """The dollars of a part by purpose; people's time at the hourly rate."""
    review, adjudication = (
        Decimal(str(seconds)) / HOUR * hourly
        for seconds in (found.review_seconds, found.adjudication_seconds)
    )
    total = found.dollars + review + adjudication

    def each(dollars: Decimal) -> Decimal | None:
        return _cents(dollars / found.settled) if found.settled else None

    return CostSplit(
        name=name,
        settled=found.settled,
        unpriced=found.unpriced,
        reviews=found.reviews,
        adjudications=found.adjudications,
        model_dollars=_cents(found.dollars),
        review_dollars=_cents(review),
        adjudication_dollars=_cents(adjudication),
        total_dollars=_cents(total),
        per_example=each(total),
        model_per_example=each(found.dollars),
        review_per_example=each(review),
        adjudication_per_example=each(adjudication),
    )


class CostParts(Figure):
    """What labels cost, divided; people's time at the hourly rate."""

    by: str
    hourly_rate: Decimal
    parts: list[CostPart]


class CostSplits(Figure):
    """Where the money went, divided; people's time at the hourly rate."""

    by: str
    hourly_rate: Decimal
    splits: list[CostSplit]


class CostReport(Figure):
    """Dollars. `complete` False: some calls have no known price, so every sum is a lower bound.

    `quoted` is what the run was expected to cost when it began, None where that was not known. `accepted` labels needed no person:
    `model_per_accepted` is the money of all model calls for each of them. `by_hand_per_example` is the median time of a review at the hourly rate: what a person would take for an example anyhow.
    `saved` is the share of the by-hand cost that was not spent; None until something is settled and reviewed.
    """

    quoted: Money | None
    settled: int
    accepted: int
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
    model_per_accepted: Decimal | None
    by_hand_per_example: Decimal | None
    saved: float | None
    parts: Parts


def cost_report(
    spending: Spending,
    settled: int,
    seconds: Sequence[float],
    hourly: Decimal,
    accepted: int = 0,
    quoted: Money | None = None,
) -> CostReport:
    """The account of a run with so many settled examples; `seconds` holds the time of each review."""
    median = statistics.median(seconds) if seconds else None
    people = Decimal(str(sum(seconds))) / HOUR * hourly
    total = spending.dollars + people
    by_hand = Decimal(str(median)) / HOUR * hourly if median is not None else None
    per_example = total / settled if settled else None
    return CostReport(
        quoted=quoted,
        settled=settled,
        accepted=accepted,
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
        model_per_accepted=_cents(spending.dollars / accepted) if accepted else None,
        by_hand_per_example=_cents(by_hand),
        saved=float(1 - per_example / by_hand) if per_example is not None and by_hand else None,
        parts=spending.parts,
    )


@overload
def _cents(dollars: Decimal) -> Decimal: ...
@overload
def _cents(dollars: None) -> None: ...
def _cents(dollars: Decimal | None) -> Decimal | None:
    return None if dollars is None else dollars.quantize(Decimal("0.000001"))
