"""What tokens cost: own prices by setting, else the price table that the installed LiteLLM carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from typing import Any

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Price:
    """Dollars a token: in, out, in from the provider's cache, and in that the provider writes to its cache.

    `source` is kept with each call. Surcharges for very long prompts (above 32,000 tokens at the least) are not known here.
    """

    into: Decimal
    out: Decimal
    cached: Decimal
    written: Decimal
    source: str

    def cost(
        self, tokens_in: int, tokens_out: int, tokens_cached: int = 0, tokens_written: int = 0
    ) -> Decimal:
        """Dollars of a call; of `tokens_in`, these came from the cache and those were written to it."""
        plain = tokens_in - tokens_cached - tokens_written
        return (
            plain * self.into
            + tokens_cached * self.cached
            + tokens_written * self.written
            + tokens_out * self.out
        )

    def most(self, tokens_in: int, tokens_out: int) -> Decimal:
        """The most that so many tokens can cost, whatever the cache does."""
        return tokens_in * max(self.into, self.cached, self.written) + tokens_out * self.out


def price(model: str, own: Mapping[str, tuple[Decimal, Decimal]], in_batches: bool = False) -> Price | None:
    """The price of a model, or None where none is known: an unknown price is never zero.

    In batches it is half of the live one, where the table does not say otherwise.
    """
    live = _live(model, own)
    if live is None or not in_batches:
        return live
    half = Price(live.into / 2, live.out / 2, live.cached / 2, live.written / 2, f"{live.source}, batch")
    return half if model in own else _listed_for_batches(half, known(model))


def _listed_for_batches(half: Price, entry: Mapping[str, Any]) -> Price:
    """With a price of its own for batches but none for the cache in them, the cache saves nothing there."""
    into, out, cached, written = (
        None if entry.get(f"{name}_batches") is None else Decimal(str(entry[f"{name}_batches"]))
        for name in (
            "input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost",
            "cache_creation_input_token_cost",
        )
    )  # fmt: skip
    if into is None or out is None:
        return half
    return Price(
        into,
        out,
        into if cached is None else cached,
        max(into, half.written) if written is None else written,
        half.source,
    )


def _live(model: str, own: Mapping[str, tuple[Decimal, Decimal]]) -> Price | None:
    if model in own:
        into, out = (dollars / MILLION for dollars in own[model])
        return Price(into, out, into, into, "own")
    entry = known(model)
    into_out = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if None in into_out:
        return None
    into, out = (Decimal(str(dollars)) for dollars in into_out)
    cached, written = (
        into if entry.get(name) is None else Decimal(str(entry[name]))
        for name in ("cache_read_input_token_cost", "cache_creation_input_token_cost")
    )
    return Price(into, out, cached, written, f"litellm {version('litellm')}")


def known(model: str) -> Mapping[str, Any]:
    """What LiteLLM's table says of a model; empty where it says nothing.

    An entry under the bare name counts only for its own provider: other servers of the same model have other prices.
    """
    import litellm

    if model in litellm.model_cost:
        found: Mapping[str, Any] = litellm.model_cost[model]
        return found
    provider, _, bare = model.partition("/")
    entry: Mapping[str, Any] = litellm.model_cost.get(bare) or {}
    return entry if str(entry.get("litellm_provider", "")).startswith(provider) else {}
