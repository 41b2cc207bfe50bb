"""The two wire formats: what a request asks for, and the bodies of answers. Pure."""

import json
import time
from dataclasses import dataclass
from typing import Any, Literal

from simulator.answers import question, text_of
from simulator.embeddings import inputs
from simulator.tokens import cut, logprobs

Body = dict[str, Any]
Flavour = Literal["openai", "anthropic", "embeddings"]
CACHED_FROM, CACHED_STEP = 1024, 128
"""OpenAI caches prompts from 1,024 tokens on, in steps of 128."""


@dataclass(frozen=True)
class Form:
    """How a request wants its answer: by which JSON schema ({}: any), and as a call of which tool ("": as text)."""

    schema: Body
    tool: str = ""


@dataclass(frozen=True)
class Usage:
    """Tokens of a call; `cached` are a part of `into`."""

    into: int
    out: int
    cached: int = 0


def unreadable(request: Any, flavour: Flavour) -> str:
    """Why a request cannot be answered; empty where it can."""
    try:
        if flavour == "embeddings":
            return "" if inputs(request) else "there is no input"
        question(request["messages"])
        form_of(request, flavour)
        if request["messages"]:
            return "streams are not simulated" if request.get("stream") else ""
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"this is no request of the {flavour} format: {error!r}"
    return "there are no messages"


def form_of(request: Body, flavour: Flavour) -> Form:
    """What the request asks for. A tool that it forces goes before a schema, a schema before a tool that it offers."""
    choice = request.get("tool_choice")
    if flavour == "openai":
        asked = (request.get("response_format") or {}).get("json_schema") or {}
        tools = {tool["function"]["name"]: tool["function"].get("parameters") for tool in _tools(request)}
        wanted = choice["function"]["name"] if isinstance(choice, dict) else ""
        kind = "tool" if wanted else choice
    else:
        asked = request.get("output_format") or (request.get("output_config") or {}).get("format") or {}
        tools = {tool["name"]: tool.get("input_schema") for tool in _tools(request)}
        wanted, kind = (choice or {}).get("name", ""), (choice or {}).get("type")
    schema = asked.get("schema")
    if not tools or kind == "none" or (schema and kind not in ("tool", "required", "any")):
        return Form(schema or {})
    name = wanted or next(iter(tools))
    return Form(tools[name] or {}, name)


def usage_of(request: Body, content: str, cached: set[int]) -> Usage:
    """About four characters to a token; a long first message counts as cached if it is in `cached`, where it is put.

    Only for OpenAI's format: Anthropic caches nothing unasked, so pass a set that is thrown away.
    """
    first, *others = [text_of(message.get("content")) for message in request["messages"]]
    stable, key = len(first) // 4, hash(first)
    hit = stable >= CACHED_FROM and key in cached
    cached.add(key)
    rest = sum(map(len, others)) + len(text_of(request.get("system")))
    return Usage(
        max(1, stable + rest // 4), max(1, len(cut(content))), stable - stable % CACHED_STEP if hit else 0
    )


def openai_body(
    name: str, request: Body, form: Form, content: str, chances: dict[str, float], usage: Usage
) -> Body:
    """A chat completion; with n, the same choice n times."""
    message: Body = {"role": "assistant", "content": content, "refusal": None}
    spelled = None
    if form.tool:
        call = {
            "id": f"call_{name}",
            "type": "function",
            "function": {"name": form.tool, "arguments": content},
        }
        message |= {"content": None, "tool_calls": [call]}
    elif request.get("logprobs"):
        spelled = {"content": logprobs(content, chances, request.get("top_logprobs") or 0), "refusal": None}
    reason = "tool_calls" if form.tool else "stop"
    choice = {"message": message, "finish_reason": reason, "logprobs": spelled}
    count = request.get("n") or 1
    return {
        "id": f"chatcmpl-{name}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.get("model", "simulated"),
        "choices": [{"index": index} | choice for index in range(count)],
        "usage": {
            "prompt_tokens": usage.into,
            "completion_tokens": usage.out * count,
            "total_tokens": usage.into + usage.out * count,
            "prompt_tokens_details": {"cached_tokens": usage.cached},
        },
    }


def anthropic_body(name: str, request: Body, form: Form, content: str, usage: Usage) -> Body:
    """A message. A tool's input is JSON by nature: where the content is none, the input is empty."""
    block: Body = {"type": "text", "text": content}
    if form.tool:
        block = {"type": "tool_use", "id": f"toolu_{name}", "name": form.tool, "input": _object(content)}
    return {
        "id": f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model", "simulated"),
        "content": [block],
        "stop_reason": "tool_use" if form.tool else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage.into,
            "output_tokens": usage.out,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


_KINDS: dict[int, tuple[str, str]] = {
    400: ("invalid_request_error", "invalid_request_error"),
    401: ("invalid_api_key", "authentication_error"),
    404: ("not_found", "not_found_error"),
    409: ("conflict", "invalid_request_error"),
    413: ("request_too_large", "request_too_large"),
    429: ("rate_limit_exceeded", "rate_limit_error"),
    500: ("server_error", "api_error"),
    504: ("timeout", "timeout_error"),
}


def error_body(status: int, message: str, flavour: Flavour) -> Body:
    """An error as each of the two writes it."""
    openai, anthropic = _KINDS[status]
    if flavour == "anthropic":
        return {"type": "error", "error": {"type": anthropic, "message": message}}
    return {"error": {"message": message, "type": openai, "param": None, "code": openai}}


def _tools(request: Body) -> list[Body]:
    return request.get("tools") or []


def _object(content: str) -> Body:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
