"""Each failure is told apart by status and body: what stops the run, what may pass, what concerns one example."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
import respx

from prelabel.draft import Request
from prelabel.errors import LimitedError, ModelError, RefusedError, StoppingError, TransientError
from prelabel.llm.failures import RULES, as_ours
from prelabel.llm.litellm_model import LiteLLMModel
from tests.llm.conftest import KEY
from tests.llm.wire import ANTHROPIC, CLAUDE, MESSAGES, OPENAI, SCHEMA, ask, completion

Row = tuple[int, dict[str, Any], type[ModelError], str]
OPENAIS: list[Row] = [
    (400, {"message": "bad"}, RefusedError, "refuses this request"),
    (400, {"code": "context_length_exceeded", "message": "maximum context length is 8192 tokens"}, RefusedError, "too long"),
    (400, {"code": "content_policy_violation", "message": "no"}, RefusedError, "moderation"),
    (400, {"code": "content_filter", "message": "no"}, RefusedError, "moderation"),
    (400, {"code": "invalid_json_schema", "message": "no", "param": "response_format"}, StoppingError, "in this way"),
    (400, {"code": "unsupported_value", "message": "temperature", "param": "temperature"}, StoppingError, "in this way"),
    (401, {"message": "Incorrect API key provided: sk-proj-abcdefgh1234"}, StoppingError, r"\[secret\]"),
    (402, {"message": "pay"}, StoppingError, "refuses this run"),
    (403, {"message": "country not supported"}, StoppingError, "country"),
    (403, {"message": "your input was flagged"}, RefusedError, "moderation"),
    (404, {"message": "the model does not exist"}, StoppingError, "does not exist"),
    (413, {"message": "large"}, RefusedError, "refuses this request"),
    (422, {"message": "unprocessable"}, RefusedError, "refuses this request"),
    (408, {"message": "slow"}, TransientError, "busy"),
    (409, {"message": "conflict"}, TransientError, "busy"),
    (429, {"message": "slow down"}, LimitedError, "slow down"),
    (429, {"code": "insufficient_quota", "message": "You exceeded your current quota"}, StoppingError, "out of money"),
    (429, {"code": "rate_limit_exceeded", "message": "Request too large for gpt-4o on tokens per min"}, RefusedError, "larger"),
    (500, {"message": "oops"}, TransientError, "oops"),
    (502, {"message": "bad gateway"}, TransientError, "busy"),
    (503, {"message": "overloaded"}, TransientError, "overloaded"),
    (520, {"message": "unknown"}, TransientError, "busy"),
]  # fmt: skip
ANTHROPICS: list[Row] = [
    (400, {"type": "invalid_request_error", "message": "bad"}, RefusedError, "request .400.: bad"),
    (400, {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}, RefusedError, "too long"),
    (400, {"type": "invalid_request_error", "message": "Your credit balance is too low"}, StoppingError, "out of money"),
    (400, {"type": "invalid_request_error", "message": "output_format.schema: bad"}, StoppingError, "in this way"),
    (401, {"type": "authentication_error", "message": "invalid x-api-key"}, StoppingError, "x-api-key"),
    (403, {"type": "permission_error", "message": "no"}, StoppingError, "refuses this run"),
    (404, {"type": "not_found_error", "message": "model: claude-0"}, StoppingError, "claude-0"),
    (413, {"type": "request_too_large", "message": "Request exceeds the maximum size"}, RefusedError, "maximum size"),
    (429, {"type": "rate_limit_error", "message": "slow down"}, LimitedError, "slow down"),
    (500, {"type": "api_error", "message": "oops"}, TransientError, "oops"),
    (529, {"type": "overloaded_error", "message": "Overloaded"}, TransientError, "Overloaded"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "error", "kind", "said"), OPENAIS)
def test_each_failure_of_openai_is_told_apart_after_a_single_call(
    wire: respx.MockRouter, status: int, error: dict[str, Any], kind: type[ModelError], said: str
) -> None:
    route = wire.post(OPENAI).respond(status, json={"error": {"type": "x", "param": None} | error})
    with pytest.raises(ModelError, match=said) as found:
        ask()
    assert type(found.value) is kind
    assert route.call_count == 1
    assert found.value.__cause__ is not None


@pytest.mark.parametrize(("status", "error", "kind", "said"), ANTHROPICS)
def test_each_failure_of_anthropic_is_told_apart_after_a_single_call(
    wire: respx.MockRouter, status: int, error: dict[str, Any], kind: type[ModelError], said: str
) -> None:
    route = wire.post(ANTHROPIC).respond(status, json={"type": "error", "error": error})
    with pytest.raises(ModelError, match=said) as found:
        ask(CLAUDE)
    assert type(found.value) is kind
    assert route.call_count == 1


@pytest.mark.parametrize(("model", "url"), [("openai/gpt-4o-mini", OPENAI), (CLAUDE, ANTHROPIC)])
def test_a_connection_that_cannot_be_made_may_be_made_later(
    wire: respx.MockRouter, model: str, url: str
) -> None:
    wire.post(url).mock(side_effect=httpx.ConnectError("x"))  # LiteLLM may knock twice: nothing was sent
    with pytest.raises(TransientError):
        ask(model)


@pytest.mark.parametrize(
    "failure", [httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.RemoteProtocolError("x")]
)
@pytest.mark.parametrize(("model", "url"), [("openai/gpt-4o-mini", OPENAI), (CLAUDE, ANTHROPIC)])
def test_a_request_whose_answer_was_lost_is_not_sent_twice_unseen(
    wire: respx.MockRouter, failure: Exception, model: str, url: str
) -> None:
    route = wire.post(url).mock(side_effect=failure)
    with pytest.raises(TransientError):
        ask(model)
    assert route.call_count == 1


def test_an_answer_that_is_not_json_may_come_whole_later(wire: respx.MockRouter) -> None:
    wire.post(OPENAI).respond(200, text='{"id": "c", "choi')
    with pytest.raises(TransientError):
        ask()


def test_an_answer_without_a_choice_may_come_whole_later(wire: respx.MockRouter) -> None:
    wire.post(OPENAI).respond(json=completion("x") | {"choices": []})
    with pytest.raises(TransientError, match="without a choice"):
        ask()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize(("model", "url"), [("openai/gpt-4o-mini", OPENAI), (CLAUDE, ANTHROPIC)])
def test_what_the_provider_asks_to_wait_is_known(
    wire: respx.MockRouter, header: dict[str, str], seconds: float | None, model: str, url: str
) -> None:
    wire.post(url).respond(429, json={"error": {"message": "slow"}}, headers=header)
    with pytest.raises(TransientError) as found:
        ask(model)
    assert found.value.retry_after == seconds


def test_a_date_to_wait_for_becomes_seconds(wire: respx.MockRouter) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    wire.post(OPENAI).respond(503, json={"error": {"message": "slow"}}, headers={"retry-after": later})
    with pytest.raises(TransientError) as found:
        ask()
    assert found.value.retry_after == pytest.approx(30, abs=5)


@pytest.mark.parametrize(
    "secret", [KEY, "gsk_abcdefgh12345", "AIzaSyAbcdefgh123456", "xai-abcdefgh1234", "Bearer abcdef.ghi"]
)
def test_no_message_holds_a_key(wire: respx.MockRouter, secret: str) -> None:
    wire.post(OPENAI).respond(401, json={"error": {"message": f"wrong: {secret}, sorry"}})
    with pytest.raises(StoppingError, match=r"wrong: \[secret\].*sorry") as found:
        ask()
    assert secret not in str(found.value)


def test_a_key_of_a_form_that_nobody_knows_is_kept_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEONES_API_KEY", "0123-4567-89ab")
    assert "0123" not in str(as_ours(ValueError("0123-4567-89ab is no key")))


def test_a_message_is_short_and_on_one_line(wire: respx.MockRouter) -> None:
    wire.post(OPENAI).respond(400, json={"error": {"message": "long\n" * 1000}})
    with pytest.raises(RefusedError) as found:
        ask()
    assert len(str(found.value)) < 500
    assert "\n" not in str(found.value)
    assert "litellm" not in str(found.value)


def test_every_rule_can_be_reached_and_the_last_fits_all() -> None:
    assert RULES[-1].fits(418, "")
    for number, rule in enumerate(RULES):
        status, sign = next(iter(rule.statuses), 418), next(iter(rule.signs), "")
        assert next(index for index, other in enumerate(RULES) if other.fits(status, sign)) == number


def test_a_call_that_is_cancelled_is_cancelled_and_nothing_else(wire: respx.MockRouter) -> None:
    async def hang(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(200)

    async def cancelled() -> None:
        call = asyncio.create_task(LiteLLMModel("openai/gpt-4o-mini").ask(Request("m", MESSAGES, SCHEMA)))
        await asyncio.sleep(0.3)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    wire.post(OPENAI).mock(side_effect=hang)
    asyncio.run(cancelled())
