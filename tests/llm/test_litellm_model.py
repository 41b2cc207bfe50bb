"""At the wire: what is sent, and what comes back."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import httpx
import pytest
import respx

from prelabel.draft import Request
from prelabel.errors import ModelError, RefusedError, StoppingError, TransientError
from prelabel.llm.confidence import confide
from prelabel.llm.litellm_model import MOST_TOKENS_OUT, MOST_TOKENS_THOUGHT, LiteLLMModel, longest, warm_up
from prelabel.prompt import Instructions, load_prompt
from prelabel.schema import LabelSchema
from tests.llm.conftest import KEY
from tests.llm.wire import ANTHROPIC, CLAUDE, GPT, MESSAGES, OPENAI, SCHEMA, ask, completion, message

LOCAL = "http://127.0.0.1:9/v1"


def sent(route: respx.Route) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(route.calls.last.request.content)
    return body


def test_openai_is_asked_once_with_a_strict_schema(wire: respx.MockRouter) -> None:
    route = wire.post(OPENAI).respond(json=completion('{"label": "x"}'))
    reply = ask()
    body = sent(route)
    assert reply.text == '{"label": "x"}'
    assert body["response_format"]["json_schema"] == {"name": "answer", "strict": True, "schema": SCHEMA}
    assert (body["temperature"], body["messages"], route.call_count) == (0, MESSAGES, 1)
    assert "logprobs" not in body


def test_anthropic_is_asked_for_the_same_schema(wire: respx.MockRouter) -> None:
    route = wire.post(ANTHROPIC).respond(json=message('{"label": "x"}'))
    reply = ask(CLAUDE)
    asked = sent(route).get("output_format") or sent(route)["output_config"]["format"]
    assert (reply.text, route.call_count, asked["type"]) == ('{"label": "x"}', 1, "json_schema")
    assert (reply.tokens_in, reply.tokens_out) == (1000, 100)
    assert sent(route)["temperature"] == 0


def test_a_model_of_anthropic_without_schemas_answers_by_a_tool(wire: respx.MockRouter) -> None:
    use = {"type": "tool_use", "id": "t", "name": "json_tool_call", "input": {"label": "x"}}
    route = wire.post(ANTHROPIC).respond(json=message("", content=[use], stop_reason="tool_use"))
    assert json.loads(ask("anthropic/claude-opus-4-1").text) == {"label": "x"}
    assert sent(route)["tools"][0]["input_schema"] == SCHEMA


@pytest.mark.parametrize(
    ("model", "url", "body"),
    [
        ("openai/gpt-5-mini", OPENAI, completion("{}")),
        ("openai/o4-mini", OPENAI, completion("{}")),
        ("anthropic/claude-opus-4-7", ANTHROPIC, message("{}")),
    ],
)
def test_a_model_that_thinks_has_no_temperature_and_room_for_its_thoughts(
    wire: respx.MockRouter, model: str, url: str, body: dict[str, Any]
) -> None:
    route = wire.post(url).respond(json=body)
    assert ask(model).text == "{}"
    assert "temperature" not in sent(route)
    assert (sent(route).get("max_completion_tokens") or sent(route)["max_tokens"]) == MOST_TOKENS_THOUGHT


@pytest.mark.parametrize(
    ("model", "least", "most"),
    [(GPT, 40, 400), (CLAUDE, 40, 400), ("openai/some-local-model", MOST_TOKENS_OUT, MOST_TOKENS_OUT)],
)
def test_an_answer_has_the_room_that_its_schema_needs(
    wire: respx.MockRouter, model: str, least: int, most: int
) -> None:
    route = wire.route().respond(json=message("{}") if model == CLAUDE else completion("{}"))
    schema = LabelSchema.load("fields: {topic: [billing, returns], sure: {kind: boolean}}").json_schema()
    api_base = LOCAL if "local" in model else ""
    asyncio.run(LiteLLMModel(model, api_base).ask(Request(model, MESSAGES, schema)))
    assert least <= sent(route)["max_tokens"] <= most


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("[a, b, 'with \"quotes\" and ü']", 'with "quotes" and ü'),
        ("{kind: choices, options: [a, b, c]}", ["a", "b", "c"]),
        ("{kind: rating, min: 1, max: 100}", 100),
        ("{kind: boolean}", False),
        ("{kind: number}", -1.7976931348623157e308),
    ],
)
def test_no_answer_is_longer_than_the_longest(field: str, value: Any) -> None:
    schema = LabelSchema.load(f"fields: {{x: {field}}}").json_schema()
    assert len(json.dumps({"x": value}, separators=(",", ":"))) <= longest(schema) < MOST_TOKENS_OUT


def test_several_answers_come_in_one_call_at_a_temperature(wire: respx.MockRouter) -> None:
    body = completion("a")
    texts = [None, "a", "b", "c"]
    body["choices"] = [choice for text in texts for choice in completion(text)["choices"]]
    route = wire.post(OPENAI).respond(json=body)
    request = Request(GPT, MESSAGES, SCHEMA, temperature=1.0, count=4)
    reply = asyncio.run(LiteLLMModel(GPT).ask(request))
    assert (reply.text, reply.more) == ("a", ("b", "c"))
    assert (sent(route)["n"], sent(route)["temperature"]) == (4, 1.0)


@pytest.mark.parametrize(
    ("model", "api_base", "counts"),
    [(GPT, "", True), (CLAUDE, "", False), ("groq/llama-3.3-70b-versatile", "", False), (GPT, LOCAL, False)],
)
def test_several_answers_a_call_are_asked_of_those_that_give_them(
    model: str, api_base: str, counts: bool
) -> None:
    assert LiteLLMModel(model, api_base).counts == counts


def test_the_most_that_several_answers_cost_is_the_most_of_each() -> None:
    one, five = (Request(GPT, MESSAGES, SCHEMA, count=count) for count in (1, 5))
    model = LiteLLMModel(GPT)
    least, most = model.most(one), model.most(five)
    assert least is not None
    assert most is not None
    assert least < most < 5 * least


def test_several_examples_have_the_room_that_they_need() -> None:
    told = Instructions(load_prompt("label"), LabelSchema.load("fields: {x: [a, b]}"), "stated", several=True)
    one, ten = told.answers_schema(1), told.answers_schema(10)
    assert 9 * longest(one) < longest(ten) < 11 * longest(one)


def test_token_probabilities_come_with_their_runners_up(wire: respx.MockRouter) -> None:
    top = [{"token": "x", "logprob": -0.1, "bytes": None}, {"token": "y", "logprob": -2.5, "bytes": None}]
    tokens = [{"token": "x", "logprob": -0.1, "bytes": None, "top_logprobs": top}]
    route = wire.post(OPENAI).respond(json=completion("x", logprobs={"content": tokens}))
    [token] = ask(want_logprobs=True).tokens
    assert (token.text, token.logprob, token.top) == ("x", -0.1, {"x": -0.1, "y": -2.5})
    assert (sent(route)["logprobs"], sent(route)["top_logprobs"]) == (True, 5)


def test_tokens_that_are_parts_of_one_character_come_as_one(wire: respx.MockRouter) -> None:
    text, tokens = '{"label":{"mood":"🙂"}}', []
    for part in (text[:18].encode(), *(bytes([byte]) for byte in "🙂".encode()), b'"}}'):
        shown = part.decode("utf-8", "backslashreplace")
        tokens.append({"token": shown, "logprob": -0.1, "bytes": list(part), "top_logprobs": []})
    wire.post(OPENAI).respond(json=completion(text, logprobs={"content": tokens}))
    reply = ask(want_logprobs=True)
    assert "".join(token.text for token in reply.tokens) == reply.text
    assert confide(LabelSchema.load("fields: {mood: [🙂, 🙁]}"), reply)[0]["mood"] == pytest.approx(
        0.6065, abs=1e-4
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (completion(None, refusal="I cannot help with that."), "the model refused: I cannot"),
        (completion("", finish="content_filter"), "content filter"),
        (completion('{"label": "x', finish="length"), "cut off at 4,096 tokens"),
        (completion(""), "empty"),
        (completion(None), "empty"),
    ],
)
def test_an_answer_that_is_none_goes_to_people_and_its_cost_is_kept(
    wire: respx.MockRouter, body: dict[str, Any], said: str
) -> None:
    wire.post(OPENAI).respond(json=body)
    with pytest.raises(RefusedError, match=said) as found:
        ask()
    assert found.value.reply.dollars is not None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (message("", content=[], stop_reason="refusal"), "content filter"),
        (message('{"la', stop_reason="max_tokens"), "cut off"),
    ],
)
def test_an_answer_of_anthropic_that_is_none_goes_to_people_too(
    wire: respx.MockRouter, body: dict[str, Any], said: str
) -> None:
    wire.post(ANTHROPIC).respond(json=body)
    with pytest.raises(RefusedError, match=said):
        ask(CLAUDE)


def test_a_model_that_hangs_is_given_up_in_time(wire: respx.MockRouter) -> None:
    async def hang(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(200)

    wire.post(OPENAI).mock(side_effect=hang)
    with pytest.raises(TransientError, match="no answer in"):
        ask(timeout=-4.5)


@pytest.mark.parametrize(
    ("model", "confidence", "said"),
    [
        (CLAUDE, "logprobs", "gives no token probabilities"),
        ("openai/o4-mini", "logprobs", "gives no token probabilities"),
        ("openai/gpt-5-mini", "samples", "takes no temperature, so it cannot be sampled"),
        ("anthropic/claude-opus-4-7", "samples", "takes no temperature"),
        ("nonsense-model", "stated", "not known"),
        ("cohere/command-r", "stated", "JSON schema"),
        ("groq/llama-3.3-70b-versatile", "stated", "GROQ_API_KEY"),
    ],
)
def test_what_a_model_cannot_do_is_said_before_money_is_spent(
    model: str, confidence: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COHERE_API_KEY", "x")
    with pytest.raises(StoppingError, match=said):
        LiteLLMModel(model).check(confidence)


def test_a_model_that_can_do_it_passes() -> None:
    LiteLLMModel(GPT).check("logprobs")
    LiteLLMModel(CLAUDE).check("stated")
    LiteLLMModel(CLAUDE).check("samples")
    LiteLLMModel("openai/gpt-5-mini").check("stated")


@pytest.mark.parametrize(("key", "shown"), [(None, "none"), (KEY, KEY)])
def test_a_local_server_needs_no_key_but_gets_one_where_there_is_one(
    wire: respx.MockRouter, monkeypatch: pytest.MonkeyPatch, key: str | None, shown: str
) -> None:
    if key is None:
        monkeypatch.delenv("OPENAI_API_KEY")
    route = wire.post(f"{LOCAL}/chat/completions").respond(json=completion("{}"))
    LiteLLMModel("openai/qwen3", LOCAL).check("logprobs")
    assert ask("openai/qwen3", api_base=LOCAL).text == "{}"
    assert route.calls.last.request.headers["authorization"] == f"Bearer {shown}"


def test_a_request_that_was_not_expected_does_not_reach_the_network(wire: respx.MockRouter) -> None:
    with pytest.raises(ModelError):
        ask()
    assert wire.calls.call_count == 0 or not wire.calls.last.has_response


def test_litellm_says_nothing_by_itself(wire: respx.MockRouter, capfd: pytest.CaptureFixture[str]) -> None:
    wire.post(OPENAI).respond(500, json={"error": {"message": "oops"}})
    for _ in range(2):  # the second loop of a process made it talk
        with pytest.raises(TransientError):
            ask()
    assert capfd.readouterr() == ("", "")


def test_litellm_is_loaded_only_when_a_model_is_asked() -> None:
    code = (
        "import sys, prelabel.llm.litellm_model, prelabel.llm.drafters; assert 'litellm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "end", [httpx.ConnectError("refused"), httpx.ReadTimeout("late"), httpx.Response(404)]
)
def test_a_worker_warms_up_without_a_key_and_whatever_comes_of_it(wire: respx.MockRouter, end: Any) -> None:
    route = wire.post(f"{LOCAL}/chat/completions").mock(side_effect=[end])
    warm_up()
    assert route.call_count == 1
    assert KEY not in str(route.calls.last.request.headers.raw)
