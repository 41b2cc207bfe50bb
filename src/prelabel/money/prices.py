"""What tokens cost: own prices by setting, else a table pinned in this repository with its date.

The table is read without any model library, so every process can price. `scripts/pin-prices` writes it anew.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from prelabel.errors import StoppingError

TABLE = Path(__file__).with_name("prices.json")
"""The table. Dollars per million tokens; a price that a model's row does not name is not known."""
MILLION = Decimal(1_000_000)
ROUTES = ("converse/", "invoke/", "responses/")
"""Ways to a model that stand between its provider and its name, as in bedrock/converse/…: they do not change the price."""

Lane = Literal["live", "batch"]
"""How a call is made: at once, or through the provider's batch endpoint."""


@dataclass(frozen=True)
class Price:
    """Dollars a token: in, out, in from the provider's cache, and in that the provider writes to its cache.

    `thought` is the price of tokens out that are thoughts, where it is one of its own. `steps` hold the price of the
    whole call once its prompt is longer than so many tokens, in ascending order. `source` is kept with each call. What a
    provider adds for a region, for priority or for hours of the day is not known here.
    """

    into: Decimal
    out: Decimal
    cached: Decimal
    written: Decimal
    source: str
    thought: Decimal | None = None
    steps: tuple[tuple[int, "Price"], ...] = ()

    def cost(
        self,
        tokens_in: int,
        tokens_out: int,
        tokens_cached: int = 0,
        tokens_written: int = 0,
        tokens_thought: int = 0,
    ) -> Decimal:
        """Dollars of a call; of `tokens_in`, these came from the cache and those were written to it."""
        rates = self._reached(tokens_in)[-1]
        thought = rates.out if rates.thought is None else rates.thought
        return (
            (tokens_in - tokens_cached - tokens_written) * rates.into
            + tokens_cached * rates.cached
            + tokens_written * rates.written
            + (tokens_out - tokens_thought) * rates.out
            + tokens_thought * thought
        )

    def most(self, tokens_in: int, tokens_out: int) -> Decimal:
        """The most that up to so many tokens can cost, whatever the cache does and however many are thoughts."""
        return max(
            tokens_in * max(rates.into, rates.cached, rates.written)
            + tokens_out * max(rates.out, rates.thought or rates.out)
            for rates in self._reached(tokens_in)
        )

    def _reached(self, tokens_in: int) -> list["Price"]:
        """This price and those of the steps that a prompt of so many tokens passes; the last one holds for it."""
        return [self, *(dearer for step, dearer in self.steps if tokens_in > step)]


class OwnPrice(NamedTuple):
    """A price from the setting, in dollars per million tokens; `batch` is the share of it that a batch costs."""

    into: Decimal
    out: Decimal
    cached: Decimal | None = None
    batch: Decimal = Decimal(1)

    def price(self, lane: Lane) -> Price:
        """As a price of tokens. A batch costs the same unless its share is given."""
        share = (self.batch if lane == "batch" else Decimal(1)) / MILLION
        into, cached = self.into * share, (self.into if self.cached is None else self.cached) * share
        return Price(into, self.out * share, cached, into, "own")


@dataclass(frozen=True)
class Limits:
    """What the table says of a model's answers: the most tokens, where that is known, and whether it can think first."""

    most_out: int | None
    thinks: bool


def price(model: str, own: Mapping[str, OwnPrice], lane: Lane = "live") -> Price | None:
    """The price of a model, or None where none is known: an unknown price is never zero, nor that of the other lane."""
    if model in own:
        return own[model].price(lane)
    row = _row(model)
    if "in" not in row or (lane == "batch" and "batch" not in row):
        return None
    return _price(row, lane)


def price_or_refuse(model: str, own: Mapping[str, OwnPrice], lane: Lane = "live") -> Price:
    """The price of a model. Raises StoppingError with a sentence that says how to give one where none is known."""
    if found := price(model, own, lane):
        return found
    if live := price(model, own):
        rates = {"in": live.into, "out": live.out, "cached": live.cached}
        given = {name: _plain(rate * MILLION) for name, rate in rates.items()} | {"batch": 0.5}
        raise StoppingError(
            f"no batch price is known for {model}: give it as a share of its price, {_setting(model, given)}"
        )
    near = get_close_matches(model, _priced_names(own, with_provider="/" in model), n=1, cutoff=0.8)
    raise StoppingError(
        f"no price is known for {model}{f' (did you mean {near[0]}?)' if near else ''}: "
        f"give it in dollars per million tokens in and out, {_setting(model, [0, 0])}"
    )


def limits(model: str) -> Limits | None:
    """What the table says of a model's answers, or None where it does not know the model."""
    row = _row(model)
    return Limits(row.get("most_out"), row.get("thinks", False)) if row else None


def own_prices(value: str | Mapping[str, Any]) -> dict[str, OwnPrice]:
    """Own prices from the setting: JSON, or what it holds. Empty is none. Raises ValueError with a sentence."""
    if isinstance(value, str):
        try:
            value = json.loads(value or "{}", parse_float=Decimal)
        except ValueError as error:
            raise ValueError(f"not JSON ({error}): write it as {_example()}") from None
    if not isinstance(value, Mapping):
        raise ValueError(f"not prices by model: write them as {_example()}")
    return {str(model): _own_price(str(model), given) for model, given in value.items()}


def _own_price(model: str, given: Any) -> OwnPrice:
    if isinstance(given, OwnPrice):
        return given
    if isinstance(given, list | tuple) and len(given) == 2:
        given = {"in": given[0], "out": given[1]}
    if not isinstance(given, Mapping) or not {"in", "out"} <= set(given) <= {"in", "out", "cached", "batch"}:
        raise ValueError(
            f"the price of {model} must be [in, out] or have in and out, and may have cached and batch: {_example()}"
        )
    values = {name: _dollars(model, name, number) for name, number in given.items()}
    return OwnPrice(values["in"], values["out"], values.get("cached"), values.get("batch", Decimal(1)))


def _dollars(model: str, name: str, given: Any) -> Decimal:
    if isinstance(given, int | float | Decimal) and not isinstance(given, bool):
        number = Decimal(str(given))
        if number.is_finite() and number >= 0:
            return number
    raise ValueError(f"the price of {model}: {name} must be a number that is not negative, not {given}")


def _example() -> str:
    return '{"openai/qwen3": [0, 0], "openai/gpt-4o": {"in": 2.5, "out": 10, "cached": 1.25, "batch": 0.5}}'


def _setting(model: str, given: Any) -> str:
    return f"PRELABEL_PRICES='{json.dumps({model: given})}'"


def _plain(number: Decimal) -> int | float:
    """The shortest number to show; only ever shown."""
    return int(number) if number == int(number) else float(number)


@cache
def _table() -> Mapping[str, Any]:
    table: dict[str, Any] = json.loads(TABLE.read_text(), parse_float=Decimal)
    return table


def _row(model: str) -> Mapping[str, Any]:
    """The table's row of a model; empty where there is none.

    A row under the bare name counts only for its own provider: other servers of the same model have other prices.
    """
    models: Mapping[str, Any] = _table()["models"]
    provider, _, bare = model.partition("/")
    for route in ROUTES:
        bare = bare.removeprefix(route)
    for name in (model, f"{provider}/{bare}", _base(model)):
        if name in models:
            return models[name]  # type: ignore[no-any-return] # JSON
    row: Mapping[str, Any] = models.get(bare) or models.get(_base(bare)) or {}
    by = row.get("by", "")
    return row if by == provider or by.startswith((f"{provider}-", f"{provider}_")) else {}


def _base(name: str) -> str:
    """What a fine-tuned model is priced as: ft:gpt-4o-mini-2024-07-18 of ft:gpt-4o-mini-2024-07-18:us::x1."""
    return ":".join(name.split(":")[:2]) if name.startswith("ft:") else name


def _price(row: Mapping[str, Any], lane: Lane) -> Price:
    """Where no price is named for a step or a batch, the dearest that it can be is taken."""
    table = _table()
    source = f"prices {table['date']} ({table['source']})"
    dearer = Decimal(row.get("written", row["in"])) / row["in"] if row["in"] else Decimal(1)

    def rates(of: Mapping[str, Any], steps: Iterable[tuple[int, Price]] = ()) -> Price:
        into = Decimal(of["in"])
        named = {"out": of["out"], "cached": into, "written": into * dearer, **of}
        out, cached, written = (Decimal(named[name]) / MILLION for name in ("out", "cached", "written"))
        thought = Decimal(of["thought"]) / MILLION if "thought" in of else None
        return Price(into / MILLION, out, cached, written, source, thought, tuple(steps))

    def on_lane(of: Mapping[str, Any]) -> Mapping[str, Any]:
        named: Mapping[str, Any] = of.get("batch", of) if lane == "batch" else of
        return named

    steps = ((int(step), rates(on_lane(above))) for step, above in row.get("above", {}).items())
    return rates(on_lane(row), sorted(steps, key=lambda step: step[0]))


def _priced_names(own: Mapping[str, OwnPrice], with_provider: bool) -> list[str]:
    names = [
        f"{row['by']}/{name}" if with_provider and "/" not in name else name
        for name, row in _table()["models"].items()
        if "in" in row
    ]
    return [*own, *names]
