"""The rows of a batch, without a provider: what is asked, in how many parts, and how an answer is read."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from prelabel.draft import Request
from prelabel.errors import LimitedError, ModelError, RefusedError, StoppingError, TransientError
from prelabel.llm.batches import cut, key_of, row_id, wire_id
from prelabel.llm.failures import of_result
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.llm.raw import Writer, from_anthropic, from_openai, read
from tests.llm.wire import ANTHROPIC, CLAUDE, GPT, OPENAI, completion, message

LABELS = ["good", "bad"]


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": LABELS}},
    "required": ["label"],
    "additionalProperties": False,
}


TOOL_CLAUDE = "anthropic/claude-opus-4-1"
"""A model that answers to a schema by the call of a tool."""


TALKS: list[list[str]] = [
    ["Label.", "Hi."],
    ["Label.\n", "  Hi. \n"],
    ["Label.", 'a "quote" {{ x }} \\n \u2028 ü 🙂 mark-0'],
    ["Label.", "Hi.", '{"label": 1}', "Again: no."],
    ["Label.", "Hi.", "cut off ", "Again: no."],
    ["Label.", "Hi.", " ", "Again: no."],
    ["Label.", ""],
]


@pytest.mark.parametrize("roles", [["system", "user", "assistant", "user"], ["user", "user", "system"]])
@pytest.mark.parametrize("texts", TALKS)
@pytest.mark.parametrize("model", [GPT, "openai/gpt-5-mini", CLAUDE, TOOL_CLAUDE])
def test_a_request_has_the_very_body_of_a_live_call(
    wire: respx.MockRouter, model: str, texts: list[str], roles: list[str]
) -> None:
    wire.post(OPENAI).respond(json=completion("{}"))
    wire.post(ANTHROPIC).respond(json=message("{}"))
    talk = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
    asked = Request(model, talk, SCHEMA, want_logprobs=model == GPT)
    writer = Writer(LiteLLMModel(model))
    writer.body(Request(model, [item | {"content": "other"} for item in talk], SCHEMA, model == GPT))
    body = writer.body(asked)
    asyncio.run(LiteLLMModel(model).ask(asked))
    live = wire.calls.last.request
    assert body.json == json.loads(live.content)
    assert body.beta == live.headers.get("anthropic-beta", "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (completion(None, refusal="I cannot."), "the model refused"),
        (completion("", finish="content_filter"), "content filter"),
        (completion("{", finish="length"), "cut off at 100 tokens"),
        (message("", content=[], stop_reason="refusal"), "content filter"),
        (message("{", stop_reason="max_tokens"), "cut off at 100 tokens"),
    ],
)
def test_an_answer_that_is_none_goes_to_people_and_its_cost_is_kept(
    answer: dict[str, Any], said: str
) -> None:
    model, form = (GPT, from_openai) if "choices" in answer else (CLAUDE, from_anthropic)
    found = read(LiteLLMModel(model), answer, form)
    assert isinstance(found, RefusedError)
    assert said in str(found)
    assert found.reply.dollars > 0


@pytest.mark.parametrize("form", [from_openai, from_anthropic])
@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"content": 1, "usage": None}])
def test_an_answer_that_cannot_be_read_may_be_asked_for_again(form: Any, answer: dict[str, Any]) -> None:
    assert isinstance(read(LiteLLMModel(GPT), answer, form), TransientError)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"message": "bad", "type": "invalid_request_error"}}, RefusedError),
        (400, {"error": {"message": "x", "code": "context_length_exceeded"}}, RefusedError),
        (429, {"error": {"message": "x", "code": "insufficient_quota"}}, StoppingError),
        (500, None, TransientError),
        (None, {"type": "error", "error": {"type": "invalid_request_error", "message": "bad"}}, RefusedError),
        (None, {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, LimitedError),
        (None, {"type": "error", "error": {"type": "permission_error", "message": "x"}}, StoppingError),
        (None, {"type": "error", "error": {"type": "unheard_of", "message": "x"}}, TransientError),
    ],
)
def test_the_error_of_one_request_is_judged_like_that_of_a_live_call(
    status: int | None, body: Any, kind: type[ModelError]
) -> None:
    assert type(of_result(body, status)) is kind


@given(st.lists(st.integers(1, 9)), st.integers(1, 4), st.integers(9, 20))
def test_parts_hold_every_row_in_order_and_no_more_than_they_may(
    sizes: list[int], most_rows: int, most_bytes: int
) -> None:
    parts = list(cut(sizes, int, most_rows, most_bytes))
    assert [size for part in parts for size in part] == sizes
    assert all(0 < len(part) <= most_rows and sum(part) <= most_bytes for part in parts)
    for part, following in pairwise(parts):
        assert len(part) == most_rows or sum(part) + following[0] > most_bytes


def test_a_row_that_is_too_large_has_a_part_for_itself() -> None:
    assert list(cut([1, 50, 1], int, 10, 9)) == [[1], [50], [1]]


def test_ids_on_the_wire_begin_with_the_key() -> None:
    found = wire_id("run-7", "12_3")
    assert (key_of(found), row_id(found)) == ("run-7", "12_3")
    for key, row in (("a_b", "1"), ("", "1"), ("a", ""), ("a", "b c"), ("a", "1" * 63)):
        with pytest.raises(ValueError, match="no ids"):
            wire_id(key, row)
