"""OpenAI's format, as its own client reads it."""

import json
import math
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from simulator.process import Provider
from tests.simulator.conftest import ANSWER, SCHEMA, as_schema, asking


@pytest.fixture
def client(provider: Provider) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="none", base_url=f"{provider.url}/v1", max_retries=0) as client:
        yield client


TOOL = {"type": "function", "function": {"name": "answer", "parameters": SCHEMA}}


def create(client: openai.OpenAI, **request: Any) -> Any:
    return client.chat.completions.create(**request)


def test_a_recorded_answer_comes_back_as_content(client: openai.OpenAI) -> None:
    completion = create(client, **asking(response_format=as_schema()))
    choice = completion.choices[0]
    assert json.loads(choice.message.content) == ANSWER
    assert (choice.finish_reason, choice.index, choice.logprobs) == ("stop", 0, None)
    assert (completion.object, completion.model) == ("chat.completion", "simulated")


def test_a_recorded_text_comes_back_as_it_is(client: openai.OpenAI) -> None:
    assert create(client, **asking("two\nlines")).choices[0].message.content == "no JSON at all"


def test_usage_adds_up(client: openai.OpenAI, provider: Provider) -> None:
    usage = create(client, **asking()).usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert usage.prompt_tokens_details.cached_tokens == 0
    stats = provider.stats()
    assert (stats["tokens_in"], stats["tokens_out"]) == (usage.prompt_tokens, usage.completion_tokens)


def test_a_long_first_message_is_cached_the_second_time(client: openai.OpenAI, provider: Provider) -> None:
    request = asking()
    request["messages"][0]["content"] = "x" * 4 * 1100
    cached = [create(client, **request).usage.prompt_tokens_details.cached_tokens for _ in range(2)]
    assert cached == [0, 1024]
    assert provider.stats()["tokens_cached"] == 1024


def test_n_choices_cost_n_times_the_answer(client: openai.OpenAI) -> None:
    one, three = create(client, **asking()), create(client, **asking(n=3))
    assert [choice.index for choice in three.choices] == [0, 1, 2]
    assert {choice.message.content for choice in three.choices} == {one.choices[0].message.content}
    assert three.usage.completion_tokens == 3 * one.usage.completion_tokens


def test_a_tool_is_called_with_the_answer(client: openai.OpenAI) -> None:
    forced = {"type": "function", "function": {"name": "answer"}}
    other = {"type": "function", "function": {"name": "other", "parameters": {}}}
    choice = create(client, **asking(tools=[other, TOOL], tool_choice=forced)).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert choice.message.tool_calls[0].function.name == "answer"
    assert json.loads(choice.message.tool_calls[0].function.arguments) == ANSWER


def test_a_tool_that_is_forced_goes_before_a_schema(client: openai.OpenAI) -> None:
    request = asking(tools=[TOOL], tool_choice="required", response_format=as_schema())
    assert create(client, **request).choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("more", [{"tool_choice": "none"}, {"response_format": as_schema()}])
def test_a_tool_that_is_only_offered_gives_way(client: openai.OpenAI, more: dict[str, Any]) -> None:
    choice = create(client, **asking(tools=[TOOL], **more)).choices[0]
    assert choice.message.tool_calls is None
    assert json.loads(choice.message.content) == ANSWER


def test_tokens_spell_the_content_and_carry_the_recorded_chance(client: openai.OpenAI) -> None:
    choice = create(client, **asking(logprobs=True, top_logprobs=2)).choices[0]
    tokens = choice.logprobs.content
    assert "".join(token.token for token in tokens) == choice.message.content
    unsure = [token for token in tokens if token.logprob < -1e-6]
    assert [token.token for token in unsure] == ["disagr"]
    assert math.exp(unsure[0].logprob) == pytest.approx(0.7)
    runners_up = {top.token: math.exp(top.logprob) for top in unsure[0].top_logprobs}
    assert runners_up == pytest.approx({"disagr": 0.7, "agrees": 0.2})


def test_what_is_not_recorded_is_answered_to_fit_the_schema(
    client: openai.OpenAI, provider: Provider
) -> None:
    choice = create(client, **asking("never seen", response_format=as_schema())).choices[0]
    assert json.loads(choice.message.content) == {"label": {"stance": "agrees", "stars": 1}}
    assert provider.stats()["unmatched"] == 1


def test_a_default_answer_can_be_set(client: openai.OpenAI, provider: Provider) -> None:
    provider.configure(default='{"label": {"stance": "neutral"}}')
    choice = create(client, **asking("never seen", response_format=as_schema())).choices[0]
    assert json.loads(choice.message.content) == {"label": {"stance": "neutral"}}


@pytest.mark.parametrize("broken", [{"messages": []}, {"stream": True}, {"tools": [{"type": "function"}]}])
def test_a_request_that_cannot_be_answered_is_a_bad_one(
    client: openai.OpenAI, provider: Provider, broken: dict[str, Any]
) -> None:
    with pytest.raises(openai.BadRequestError):
        create(client, **(asking() | broken))
    assert (provider.stats()["calls"], provider.stats()["invalid"]) == (1, 1)
