"""Money: exact, never zero where it is not known, and never more than was set aside."""

import asyncio
from decimal import Decimal

import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from prelabel.draft import Reply, Request
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.money.prices import OwnPrice, price
from tests.llm.wire import ANTHROPIC, CLAUDE, GPT, MESSAGES, OPENAI, SCHEMA, ask, completion, message


def test_cached_tokens_are_priced_as_such(wire: respx.MockRouter) -> None:
    wire.post(OPENAI).respond(json=completion("{}"))
    reply = ask()
    assert (reply.tokens_in, reply.tokens_out, reply.tokens_cached) == (1000, 100, 400)
    assert reply.dollars == Decimal("0.00018")
    assert reply.price_version.startswith("prices 20")


def test_anthropics_tokens_from_and_to_the_cache_are_part_of_those_in(wire: respx.MockRouter) -> None:
    usage = {
        "input_tokens": 100, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 50, "output_tokens": 10,
    }  # fmt: skip
    wire.post(ANTHROPIC).respond(json=message("{}", usage=usage))
    reply = ask(CLAUDE)
    assert (reply.tokens_in, reply.tokens_out, reply.tokens_cached) == (450, 10, 300)
    assert reply.dollars == Decimal("0.0002425")


def test_thoughts_are_counted_and_paid_as_tokens_out(wire: respx.MockRouter) -> None:
    body = completion("{}")
    body["usage"]["completion_tokens_details"] = {"reasoning_tokens": 64}
    wire.post(OPENAI).respond(json=body)
    reply = ask("openai/gpt-5-mini")
    assert (reply.tokens_out, reply.tokens_reasoning) == (100, 64)
    assert reply.dollars == Decimal("0.00036")


def test_own_prices_come_first(wire: respx.MockRouter) -> None:
    wire.post(OPENAI).respond(json=completion("{}"))
    reply = ask(prices={GPT: OwnPrice(Decimal(1), Decimal(2))})
    assert (reply.dollars, reply.price_version) == (Decimal("0.0012"), "own")


@pytest.mark.parametrize(
    "model",
    ["openai/some-local-model", "hosted_vllm/gpt-4o-mini", "together_ai/claude-haiku-4-5", "nonsense"],
)
def test_an_unknown_price_is_none_and_not_zero(model: str) -> None:
    assert price(model, {}) is None
    assert LiteLLMModel(model).most(Request(model, MESSAGES, SCHEMA)) is None


def test_a_server_without_a_price_leaves_the_cost_open(wire: respx.MockRouter) -> None:
    wire.post("http://127.0.0.1:9/v1/chat/completions").respond(json=completion("{}"))
    assert ask("openai/some-local-model", api_base="http://127.0.0.1:9/v1").dollars is None


def test_a_server_that_counts_no_tokens_leaves_the_cost_open(wire: respx.MockRouter) -> None:
    wire.post(OPENAI).respond(json={key: value for key, value in completion("{}").items() if key != "usage"})
    assert ask().dollars is None


@given(st.text(max_size=300))
def test_a_call_is_never_dearer_than_its_bytes(text: str) -> None:
    model = LiteLLMModel("openai/m", prices={"openai/m": OwnPrice(Decimal(1_000_000), Decimal(0))})
    most = model.most(Request("openai/m", [{"role": "user", "content": text}], SCHEMA))
    assert most is not None
    assert most >= len(text.encode())


def test_the_most_is_above_what_a_call_did_cost(wire: respx.MockRouter) -> None:
    wire.post(OPENAI).respond(json=completion("{}"))
    model, request = LiteLLMModel(GPT), Request(GPT, [{"role": "user", "content": "four" * 1000}], SCHEMA)
    reply: Reply = asyncio.run(model.ask(request))
    most = model.most(request)
    assert reply.dollars is not None
    assert most is not None
    assert reply.dollars < most < Decimal("0.01")
