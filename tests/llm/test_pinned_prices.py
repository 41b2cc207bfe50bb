"""The pinned table says what the installed LiteLLM says, and prices come out as LiteLLM works them out."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from prelabel.llm import pin_prices
from prelabel.money import prices
from prelabel.money.prices import price

STALE = "the pinned prices differ from those of the installed LiteLLM: run scripts/pin-prices"
PINNED: dict[str, dict[str, Any]] = json.loads(prices.TABLE.read_text(), parse_float=Decimal)["models"]


def test_the_pinned_table_is_that_of_the_installed_litellm() -> None:
    import litellm

    installed = pin_prices.rows(litellm.model_cost)
    assert len(PINNED) > 3000
    differing = [name for name in installed.keys() | PINNED.keys() if installed.get(name) != PINNED.get(name)]
    assert not differing, f"{STALE} ({len(differing)} models, such as {differing[:3]})"


def test_every_price_is_the_number_that_litellm_names() -> None:
    import litellm

    for name in PINNED:
        entry = litellm.model_cost[name]
        if entry.get("tiered_pricing") or not (found := price(name, {})):
            continue
        assert float(found.into) == pytest.approx(entry["input_cost_per_token"], rel=1e-11), (name, STALE)
        assert float(found.out) == pytest.approx(entry.get("output_cost_per_token", 0), rel=1e-11), (
            name,
            STALE,
        )
        if batch := price(name, {}, "batch"):
            assert float(batch.into) == pytest.approx(entry["input_cost_per_token_batches"], rel=1e-11), name


def test_a_number_is_pinned_without_the_noise_of_floats() -> None:
    entry = {
        "mode": "chat",
        "litellm_provider": "p",
        "input_cost_per_token": 8.000000000000001e-07,
        "output_cost_per_token": 3e-06,
    }
    assert pin_prices.rows({"p/m": entry}) == {"p/m": {"by": "p", "in": Decimal("0.8"), "out": Decimal(3)}}


def test_a_price_that_is_not_by_tokens_alone_is_not_pinned() -> None:
    entry = {"mode": "chat", "litellm_provider": "p", "input_cost_per_token": 0, "output_cost_per_token": 0}
    assert "in" in pin_prices.rows({"p/m": entry})["p/m"]
    assert "in" not in pin_prices.rows({"p/m": entry | {"input_cost_per_request": 0.005}})["p/m"]


def test_the_file_has_one_model_a_line_in_order() -> None:
    lines = prices.TABLE.read_text().splitlines()[4:-2]
    names = [json.loads("{" + line.rstrip(",") + "}").popitem()[0] for line in lines]
    assert names == sorted(PINNED)


def test_pinning_the_same_prices_again_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "prices.json"
    yesterday = prices.TABLE.read_text().replace('"date": "', '"date": "1999-01-01", "was": "')
    table.write_text(yesterday)
    monkeypatch.setattr(prices, "TABLE", table)
    pin_prices.main()
    assert table.read_text() == yesterday


@pytest.mark.parametrize("model", [name for name in PINNED if "above" in PINNED[name]])
def test_calls_around_a_step_cost_what_litellm_says(model: str) -> None:
    row, found = PINNED[model], price(model, {})
    for step in (int(step) for step in row["above"]):
        for tokens_in in (step - 1, step, step + 1, 3 * step):
            assert found is not None
            theirs = _theirs(model, row["by"], tokens_in, 1000)
            assert float(found.cost(tokens_in, 1000)) == pytest.approx(theirs, rel=1e-9), tokens_in


@pytest.mark.parametrize("model", ["gpt-4.1", "claude-haiku-5-5", "anthropic.claude-haiku-4-5-20251001-v1:0"])
def test_calls_with_a_cache_cost_what_litellm_says(model: str) -> None:
    found = price(model, {})
    assert found is not None
    theirs = _theirs(model, PINNED[model]["by"], 10_000, 500, cached=4000, written=3000)
    assert float(found.cost(10_000, 500, 4000, 3000)) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(
    "model",
    [
        "openai/gpt-4o-mini",
        "anthropic/claude-haiku-4-5",
        "gemini/gemini-2.5-flash",
        "vertex_ai/gemini-2.5-pro",
        "azure/gpt-4o",
        "azure/eu/gpt-4o-2024-11-20",
        "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "bedrock/converse/us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "cohere/command-r-08-2024",
        "openai/text-embedding-3-small",
        "ft:gpt-4o-mini-2024-07-18:acme::x1",
    ],
)
def test_a_name_is_priced_as_litellm_resolves_it(model: str) -> None:
    import litellm

    found, theirs = price(model, {}), litellm.get_model_info(model)
    assert found is not None
    assert float(found.into) == pytest.approx(theirs["input_cost_per_token"], rel=1e-11)
    assert float(found.out) == pytest.approx(theirs["output_cost_per_token"], rel=1e-11)


def _theirs(
    model: str, provider: str, tokens_in: int, tokens_out: int, cached: int = 0, written: int = 0
) -> float:
    """LiteLLM's own dollars of a call, by the arithmetic that all its token prices go through."""
    from litellm.litellm_core_utils.llm_cost_calc.utils import generic_cost_per_token
    from litellm.types.utils import PromptTokensDetailsWrapper, Usage

    details = PromptTokensDetailsWrapper(cached_tokens=cached, cache_creation_tokens=written)
    usage = Usage(tokens_in, tokens_out, tokens_in + tokens_out, prompt_tokens_details=details)
    return sum(generic_cost_per_token(model, usage, provider))
