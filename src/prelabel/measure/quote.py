"""What a run will cost: from the tokens of a sample and what is known of the past to dollars with an interval. Pure.

Ends of intervals are taken together: the low end has few answers' tokens, few examples reached and much paid already, the high
end the opposite. So the interval is rather too wide than too narrow.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Literal

from pydantic import BaseModel, ConfigDict

from prelabel.measure.intervals import Share, wilson
from prelabel.money.prices import MILLION, Price

Z = 1.96
REPAIR_TOKENS = 60
"""What the demand for a repair adds to a conversation, besides the bad answer."""
MICRO = Decimal("0.000001")
End = Literal["mean", "low", "high"]


class Range(BaseModel):
    """A mean with the ends of its 95 % interval."""

    model_config = ConfigDict(frozen=True)
    mean: float
    low: float
    high: float

    def at(self, end: End) -> float:
        """One of the three."""
        return float(getattr(self, end))


class Money(BaseModel):
    """Expected dollars with the ends of their 95 % interval."""

    model_config = ConfigDict(frozen=True)
    mean: Decimal
    low: Decimal
    high: Decimal


NOTHING = Range(mean=0, low=0, high=0)
ALL = Range(mean=1, low=1, high=1)


@dataclass(frozen=True)
class Asked:
    """One model in one step, as a sample of the dataset foresees it. Tokens are those of one call.

    `calls` is how many calls an example takes: 5 for five samples, 1/10 where ten examples share a call. `most_calls` is how
    many of `most_in` and `most_out` it can take with repairs. `paid` counts the sampled examples whose answer is in the ledger already, and `tokens_in` holds the others (all, where there are no others).
    """

    step: int
    model: str
    price: Price
    tokens_in: Sequence[int]
    tokens_out: Range
    tokens_out_from: str
    most_in: Sequence[int]
    most_out: int
    paid: int = 0
    calls: Decimal = Decimal(1)
    most_calls: int = 2
    repairs: Range = NOTHING
    reached: Range = ALL
    reached_from: str = ""


class PriceQuoted(BaseModel):
    """Dollars per million tokens, and where they were looked up."""

    into: Decimal
    out: Decimal
    source: str


class ModelQuote(BaseModel):
    """What one model of one step will cost.

    `reached` is the share of examples that come to this step, `reached_from` says how that is known; `paid` is the share
    of the sample that costs nothing because its answer is in the ledger. Tokens are those of one call.
    """

    step: int
    model: str
    reached: Range
    reached_from: str
    paid: Share
    calls_per_example: float
    tokens_in: Range
    tokens_out: Range
    tokens_out_from: str
    repairs_per_call: Range
    dollars: Money
    most: Decimal
    price: PriceQuoted


class ByHand(BaseModel):
    """What people would cost for the same examples; `basis` says how their seconds are known."""

    seconds: float
    basis: str
    per_example: Decimal
    dollars: Decimal


class Quote(BaseModel):
    """What drafting a dataset will cost, asked before it starts.

    `dollars` is what is expected. `most` is what would be spent if every example reached every step and each answer were
    as long as it can be and had to be repaired; a cap of so much never stops the run. `notes` say what was assumed.
    """

    examples: int
    sampled: int
    seed: int
    lane: str
    models: list[ModelQuote]
    dollars: Money
    most: Decimal
    per_example: Decimal
    by_hand: ByHand
    notes: list[str]


def spread(values: Sequence[float], of: int | None = None) -> Range:
    """The mean of a sample with its interval; of a finite number of cases, if that is given. Zero of nothing."""
    if not values:
        return NOTHING
    mean = statistics.fmean(values)
    reach = Z * _standard_error(values, of)
    return Range(mean=mean, low=max(0.0, mean - reach), high=mean + reach)


def share_range(share: Share) -> Range:
    """A share as a range; all of nothing known."""
    return Range(mean=share.value or 0.0, low=share.low, high=share.high)


def by_hand(examples: int, seconds: float, basis: str, hourly: Decimal) -> ByHand:
    """The price of labeling so many examples by hand."""
    each = Decimal(str(seconds)) / 3600 * hourly
    return ByHand(seconds=seconds, basis=basis, per_example=_micro(each), dollars=_micro(each * examples))


def quote_model(asked: Asked, examples: int, sampled: int) -> ModelQuote:
    """What one model of one step will cost for a dataset of so many examples."""
    paid = _exactly(asked.paid, sampled) if sampled == examples else wilson(asked.paid, sampled)
    unpaid = {"mean": 1 - (paid.value or 0.0), "low": 1 - paid.high, "high": 1 - paid.low}
    calls = float(asked.calls)

    def dollars(end: End) -> Decimal:
        costs = [_cost(asked, tokens, end) for tokens in asked.tokens_in]
        each = spread(costs, examples).at(end) * calls
        return _micro(Decimal(each * examples * asked.reached.at(end) * unpaid[end]))

    most = [float(asked.most_calls * asked.price.most(tokens, asked.most_out)) for tokens in asked.most_in]
    return ModelQuote(
        step=asked.step,
        model=asked.model,
        reached=asked.reached,
        reached_from=asked.reached_from,
        paid=paid,
        calls_per_example=calls,
        tokens_in=spread(asked.tokens_in, examples),
        tokens_out=asked.tokens_out,
        tokens_out_from=asked.tokens_out_from,
        repairs_per_call=asked.repairs,
        dollars=Money(mean=dollars("mean"), low=dollars("low"), high=dollars("high")),
        most=_micro(Decimal(spread(most, examples).high * examples * unpaid["high"])),
        price=PriceQuoted(
            into=asked.price.into * MILLION, out=asked.price.out * MILLION, source=asked.price.source
        ),
    )


def total(models: Sequence[ModelQuote]) -> Money:
    """What all models cost together."""

    def over(pick: Callable[[Money], Decimal]) -> Decimal:
        return sum((pick(model.dollars) for model in models), Decimal(0))

    return Money(
        mean=over(lambda money: money.mean),
        low=over(lambda money: money.low),
        high=over(lambda money: money.high),
    )


def most_of(models: Sequence[ModelQuote]) -> Decimal:
    """The bound of all models together."""
    return sum((model.most for model in models), Decimal(0))


def per_example(dollars: Decimal, examples: int) -> Decimal:
    """Dollars for one of so many."""
    return _micro(dollars / examples) if examples else Decimal(0)


def _cost(asked: Asked, tokens_in: int, end: End) -> float:
    """Dollars of one call and its share of repairs."""
    out = round(asked.tokens_out.at(end))
    once = asked.price.cost(tokens_in, out)
    again = asked.price.cost(tokens_in + out + REPAIR_TOKENS, out)
    return float(once) + asked.repairs.at(end) * float(again)


def _standard_error(values: Sequence[float], of: int | None) -> float:
    if len(values) < 2:
        return 0.0
    unseen = 1 - len(values) / of if of else 1.0
    return statistics.stdev(values) * sqrt(max(0.0, unseen) / len(values))


def _exactly(right: int, n: int) -> Share:
    """A share of all there is: nothing is left to chance."""
    value = right / n if n else 0.0
    return Share(right=right, n=n, low=value, high=value)


def _micro(dollars: Decimal) -> Decimal:
    return dollars.quantize(MICRO)
