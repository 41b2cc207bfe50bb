"""Writes the pinned price table from the one that the installed LiteLLM carries: `scripts/pin-prices`."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from prelabel.money import prices

MODES = ("chat", "completion", "embedding", "responses")
RATES = {
    "in": "input_cost_per_token",
    "out": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "written": "cache_creation_input_token_cost",
    "thought": "output_cost_per_reasoning_token",
}
FROM_THE_STEP_ON = ("xai",)
"""Providers whose surcharge begins at the step itself; the others' begins one token later."""


def main() -> None:
    """Write the table anew. A table that says the same keeps its date, so that nothing differs."""
    import litellm

    models, source = rows(litellm.model_cost), f"litellm {version('litellm')}"
    old = json.loads(prices.TABLE.read_text(), parse_float=Decimal) if prices.TABLE.exists() else {}
    if old.get("models") == models and old["source"] == source:
        return
    lines = ",\n".join(f"{json.dumps(name)}: {_json(row)}" for name, row in sorted(models.items()))
    head = f'"date": "{datetime.now(UTC).date()}",\n"source": "{source}",\n"models": '
    prices.TABLE.write_text(f"{{\n{head}{{\n{lines}\n}}\n}}\n")


def rows(table: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows of all models that answer in text or embed it; what LiteLLM does not say is left out."""
    return {name: _row(entry) for name, entry in table.items() if entry.get("mode") in MODES}


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"by": entry["litellm_provider"]}
    if not entry.get("input_cost_per_request"):  # a price that is not by tokens alone is not known here
        tiers = [tier for tier in entry.get("tiered_pricing") or [] if "input_cost_per_token" in tier]
        row |= _rates({**entry, **(tiers[0] if tiers else {})}, "")
        row |= _named("batch", _rates(entry, "_batches"))
        row |= _named(
            "above", _steps(entry) | {_step(entry, tier["range"][0]): _rates(tier, "") for tier in tiers[1:]}
        )
    if entry.get("max_output_tokens"):
        row["most_out"] = int(entry["max_output_tokens"])
    return row | ({"thinks": True} if entry.get("supports_reasoning") else {})


def _steps(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Surcharges by the longest prompt that is still without, as in input_cost_per_token_above_200k_tokens."""
    start, end = f"{RATES['in']}_above_", "k_tokens"
    thousands = sorted(
        int(name.removeprefix(start).removesuffix(end))
        for name in entry
        if name.startswith(start) and name.endswith(end) and entry[name] is not None
    )
    return {
        _step(entry, count * 1000): _rates(entry, f"_above_{count}{end}")
        | _named("batch", _rates(entry, f"_above_{count}{end}_batches"))
        for count in thousands
    }


def _step(entry: Mapping[str, Any], tokens: float) -> str:
    return str(int(tokens) - (entry.get("litellm_provider") in FROM_THE_STEP_ON))


def _rates(entry: Mapping[str, Any], suffix: str) -> dict[str, Decimal]:
    """What the entry names under this suffix; nothing unless it names both ways. Embeddings have no tokens out."""
    rates = {
        short: _per_million(entry[name + suffix])
        for short, name in RATES.items()
        if entry.get(name + suffix) is not None
    }
    if entry.get("mode") == "embedding":
        rates.setdefault("out", Decimal(0))
    if rates.get("thought") == rates.get("out"):
        rates.pop("thought", None)
    return rates if {"in", "out"} <= set(rates) else {}


def _named(name: str, part: dict[str, Any]) -> dict[str, Any]:
    return {name: part} if part else {}


def _per_million(dollars: float) -> Decimal:
    """Exact: twelve digits are more than any price has, and less than a float makes up."""
    return (Decimal(f"{dollars:.12g}") * prices.MILLION).normalize()


def _json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_json(part)}" for name, part in value.items()) + "}"
    return f"{value:f}" if isinstance(value, Decimal) else json.dumps(value)


if __name__ == "__main__":
    main()
