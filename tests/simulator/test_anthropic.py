"""Anthropic's format, as its own client reads it."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from simulator.process import Provider
from tests.simulator.conftest import ANSWER, SCHEMA, fenced

TOOLS = [{"name": "other", "input_schema": {"type": "object"}}, {"name": "answer", "input_schema": SCHEMA}]


@pytest.fixture
def client(provider: Provider) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="none", base_url=provider.url, max_retries=0) as client:
        yield client


def create(client: anthropic.Anthropic, text: str = "a hoax", **more: Any) -> Any:
    talk = [{"role": "user", "content": [{"type": "text", "text": fenced(text)}]}]
    request: dict[str, Any] = {
        "model": "simulated",
        "max_tokens": 100,
        "messages": talk,
        "system": "Label it.",
    }
    return client.messages.create(**(request | more))


def test_a_recorded_answer_comes_back_as_text(client: anthropic.Anthropic) -> None:
    message = create(client)
    assert [block.type for block in message.content] == ["text"]
    assert json.loads(message.content[0].text) == ANSWER
    assert (message.type, message.role, message.stop_reason) == ("message", "assistant", "end_turn")


def test_usage_is_counted(client: anthropic.Anthropic, provider: Provider) -> None:
    usage = create(client).usage
    assert usage.cache_read_input_tokens == 0
    stats = provider.stats()
    assert (stats["tokens_in"], stats["tokens_out"]) == (usage.input_tokens, usage.output_tokens)


def test_a_forced_tool_gets_the_answer_as_its_input(client: anthropic.Anthropic) -> None:
    message = create(client, tools=TOOLS, tool_choice={"type": "tool", "name": "answer"})
    assert message.stop_reason == "tool_use"
    assert (message.content[0].name, message.content[0].input) == ("answer", ANSWER)


def test_an_answer_that_is_no_json_leaves_the_tool_without_input(client: anthropic.Anthropic) -> None:
    message = create(client, "two\nlines", tools=TOOLS, tool_choice={"type": "any"})
    assert message.content[0].input == {}


@pytest.mark.parametrize("as_beta", [False, True])
def test_what_is_not_recorded_is_answered_to_fit_the_schema(
    client: anthropic.Anthropic, as_beta: bool
) -> None:
    form = {"type": "json_schema", "schema": SCHEMA}
    more = {"extra_body": {"output_format": form}} if as_beta else {"output_config": {"format": form}}
    message = create(client, "never seen", **more)
    assert json.loads(message.content[0].text) == {"label": {"stance": "agrees", "stars": 1}}


def test_errors_are_those_the_client_knows(client: anthropic.Anthropic, provider: Provider) -> None:
    provider.configure(error_rate=1)
    with pytest.raises(anthropic.InternalServerError) as broken:
        create(client)
    provider.configure(error_rate=0, rpm=1)
    create(client)
    with pytest.raises(anthropic.RateLimitError) as limited:
        create(client)
    assert [caught.value.body["error"]["type"] for caught in (broken, limited)] == [  # type: ignore[index]
        "api_error",
        "rate_limit_error",
    ]
