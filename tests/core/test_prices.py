"""Prices without any model library: what is known, what is refused, and what own prices may say."""

import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prelabel.errors import StoppingError
from prelabel.money.prices import MILLION, Limits, OwnPrice, Price, limits, own_prices, price, price_or_refuse
from prelabel.settings import Settings

GPT, CLAUDE = "openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"
counts = st.integers(0, 10**7)
dollars = st.decimals(0, 1, places=12)
rates = st.builds(Price, dollars, dollars, dollars, dollars, st.just("own"), st.none() | dollars)
steps = st.lists(st.tuples(counts, rates), unique_by=lambda step: step[0]).map(
    lambda found: tuple(sorted(found, key=lambda step: step[0]))
)


@pytest.mark.parametrize(
    ("model", "same"),
    [
        ("gpt-4o-mini", GPT),
        ("claude-haiku-4-5", CLAUDE),
        ("ft:gpt-4o-mini-2024-07-18", "openai/ft:gpt-4o-mini-2024-07-18:acme::x1"),
    ],
)
def test_a_model_costs_the_same_with_and_without_its_provider(model: str, same: str) -> None:
    assert price(model, {}) == price(same, {}) is not None


@pytest.mark.parametrize(
    "model", ["o/gpt-4o-mini", "open/gpt-4o-mini", "/gpt-4o-mini", "openrouter/gpt-4o-mini"]
)
def test_a_price_is_only_that_of_its_own_provider(model: str) -> None:
    assert price(model, {}) is None


@given(rates, steps, counts, counts, st.data())
def test_no_use_of_tokens_costs_more_than_the_most(
    base: Price, above: Any, tokens_in: int, tokens_out: int, data: Any
) -> None:
    known = Price(base.into, base.out, base.cached, base.written, "own", base.thought, above)
    used_in, used_out = data.draw(st.integers(0, tokens_in)), data.draw(st.integers(0, tokens_out))
    read = data.draw(st.integers(0, used_in))
    wrote, thought = data.draw(st.integers(0, used_in - read)), data.draw(st.integers(0, used_out))
    assert 0 <= known.cost(used_in, used_out, read, wrote, thought) <= known.most(tokens_in, tokens_out)


def test_above_a_step_the_whole_call_costs_more() -> None:
    known = price("claude-haiku-5-5", {})
    assert known is not None
    assert known.cost(100_000, 1000) == Decimal("0.0105") == known.most(100_000, 1000) - Decimal("0.0025")
    assert known.cost(100_001, 1000) == Decimal("0.0525005")


def test_a_batch_costs_half_above_a_step_as_well() -> None:
    live, batch = price("claude-haiku-5-5", {}), price("claude-haiku-5-5", {}, "batch")
    assert live is not None
    assert batch is not None
    for tokens_in in (100_000, 100_001):
        assert 2 * batch.cost(tokens_in, 1000, 400, 300) == live.cost(tokens_in, 1000, 400, 300)
        assert 2 * batch.most(tokens_in, 1000) == live.most(tokens_in, 1000)


def test_a_batch_without_a_price_for_writing_to_the_cache_takes_it_as_dear_as_live() -> None:
    model = "anthropic.claude-haiku-4-5-20251001-v1:0"
    live, batch = price(model, {}), price(model, {}, "batch")
    assert live is not None
    assert batch is not None
    assert live.written / live.into == batch.written / batch.into == Decimal("1.25")


def test_an_embedding_costs_nothing_on_the_way_out() -> None:
    known = price("openai/text-embedding-3-small", {})
    assert known is not None
    assert known.cost(1_000_000, 0) == known.most(1_000_000, 1_000) == Decimal("0.02")


def test_thoughts_may_have_a_price_of_their_own() -> None:
    known = price("dashscope/qwen-plus-latest", {})
    assert known is not None
    assert known.cost(1000, 1000, tokens_thought=600) == Decimal("0.00328")


def test_a_price_names_the_table_and_its_date() -> None:
    known = price(GPT, {})
    assert known is not None
    assert known.source.startswith("prices 20")
    assert known.source.endswith(")")
    assert "(litellm " in known.source


def test_what_is_known_of_answers_comes_from_the_same_table() -> None:
    assert limits(GPT) == limits("gpt-4o-mini")
    assert limits("openai/gpt-5-mini") == Limits(most_out=128_000, thinks=True)
    assert limits("openai/some-local-model") is None


@pytest.mark.parametrize(
    ("model", "own", "words"),
    [
        ("openai/qwen3", {}, """PRELABEL_PRICES='{"openai/qwen3": [0, 0]}'"""),
        ("openai/gpt4o-mini", {}, "did you mean openai/gpt-4o-mini?"),
        ("gpt-4o-minni", {}, "did you mean gpt-4o-mini?"),
        ("openai/qwen-3", {"openai/qwen3": OwnPrice(Decimal(0), Decimal(0))}, "did you mean openai/qwen3?"),
    ],
)
def test_a_model_without_a_price_is_refused_with_a_way_out(
    model: str, own: dict[str, OwnPrice], words: str
) -> None:
    with pytest.raises(StoppingError, match=f"no price is known for {model}") as refused:
        price_or_refuse(model, own)
    assert words in str(refused.value)


def test_a_model_without_a_batch_price_is_refused_for_that_lane_only() -> None:
    model = "abliteration/abliterated-model"
    assert price_or_refuse(model, {}) == price(model, {})
    with pytest.raises(StoppingError, match=r'"in": 1, "out": 3, "cached": 0.1, "batch": 0.5'):
        price_or_refuse(model, {}, "batch")


def test_the_way_out_is_one() -> None:
    with pytest.raises(StoppingError) as refused:
        price_or_refuse("abliteration/abliterated-model", {}, "batch")
    own = own_prices(str(refused.value).split("PRELABEL_PRICES=")[1].strip("'"))
    batch = price_or_refuse("abliteration/abliterated-model", own, "batch")
    assert batch.cost(1_000_000, 1_000_000) == 2


@pytest.mark.parametrize(
    ("given_price", "live", "cached", "batch"),
    [
        ([1, 2], "1", "1", "1"),
        ({"in": 1.1, "out": 2}, "1.1", "1.1", "1.1"),
        ({"in": 1, "out": 2, "cached": 0.1, "batch": 0.5}, "1", "0.1", "0.5"),
    ],
)
def test_own_prices_say_as_much_as_they_like(
    given_price: Any, live: str, cached: str, batch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRELABEL_PRICES", json.dumps({GPT: given_price}))
    own = Settings().prices
    assert price_or_refuse(GPT, own).into * MILLION == Decimal(live)
    assert price_or_refuse(GPT, own).cached * MILLION == Decimal(cached)
    assert price_or_refuse(GPT, own, "batch").into * MILLION == Decimal(batch)
    assert price_or_refuse(GPT, own).source == "own"


def test_an_empty_setting_is_no_own_price(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRELABEL_PRICES", "")
    assert Settings().prices == {}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("gpt-4o", "not JSON"),
        ("[1, 2]", "not prices by model"),
        ('{"m": [1]}', r"the price of m must be \[in, out\]"),
        ('{"m": {"in": 1}}', "have in and out"),
        ('{"m": {"in": 1, "out": 2, "cache": 1}}', "may have cached and batch"),
        ('{"m": [1, -2]}', "out must be a number that is not negative, not -2"),
        ('{"m": [true, 2]}', "in must be a number"),
        ('{"m": [NaN, 2]}', "in must be a number"),
    ],
)
def test_own_prices_that_are_none_are_refused_with_a_sentence(
    setting: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRELABEL_PRICES", setting)
    with pytest.raises(ValidationError, match=words):
        Settings()


def test_pricing_and_counting_load_no_model_library() -> None:
    code = (
        "import sys; from prelabel.money import prices, tokens\n"
        "assert prices.price('gpt-4o', {}) and tokens.count('gpt-4o', 'one two')\n"
        "assert 'litellm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
