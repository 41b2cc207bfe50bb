"""What goes over the wire: one question, and answers in the two providers' forms."""

import asyncio
from typing import Any

from prelabel.draft import Reply, Request
from prelabel.llm.litellm_model import LiteLLMModel

OPENAI = "https://api.openai.com/v1/chat/completions"
ANTHROPIC = "https://api.anthropic.com/v1/messages"
GPT, CLAUDE = "openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"
SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string"}},
    "required": ["label"],
    "additionalProperties": False,
}
MESSAGES = [{"role": "system", "content": "Label."}, {"role": "user", "content": "Hi."}]


def ask(model: str = GPT, want_logprobs: bool = False, **options: Any) -> Reply:
    request = Request(model, MESSAGES, SCHEMA, want_logprobs)
    return asyncio.run(LiteLLMModel(model, **options).ask(request))


def completion(
    content: str | None, finish: str = "stop", logprobs: Any = None, **message: Any
) -> dict[str, Any]:
    """As OpenAI answers: 1,000 tokens in of which 400 from the cache, 100 out."""
    return {
        "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content} | message, "finish_reason": finish, "logprobs": logprobs}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "prompt_tokens_details": {"cached_tokens": 400}},
    }  # fmt: skip


def message(text: str, **changes: Any) -> dict[str, Any]:
    """As Anthropic answers: 1,000 tokens in, 100 out."""
    return {
        "id": "m", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "stop_reason": "end_turn", "stop_sequence": None,
        "content": [{"type": "text", "text": text}], "usage": {"input_tokens": 1000, "output_tokens": 100},
    } | changes  # fmt: skip
