"""Spans of model calls, by OpenTelemetry's conventions for generative AI: what was asked of whom and what it took, never in words."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind

from prelabel.draft import Reply, Request
from prelabel.errors import RefusedError
from prelabel.operations import tracing

PROVIDERS = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""What the conventions call those of LiteLLM's providers that they name otherwise."""


@contextmanager
def asking(model: str, provider: str, request: Request) -> Iterator[Span]:
    """Around one call; of an answer that was refused, what it took is told all the same."""
    with tracing.span(f"chat {model}", SpanKind.CLIENT) as span:
        if span.is_recording():
            span.set_attributes({
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": PROVIDERS.get(provider, provider),
                "gen_ai.request.model": model,
                "gen_ai.request.temperature": request.temperature,
                "gen_ai.output.type": "json",
                "prelabel.examples": request.examples,
            })  # fmt: skip
            if request.count > 1:
                span.set_attribute("gen_ai.request.choice.count", request.count)
        try:
            yield span
        except RefusedError as error:
            if error.reply:
                tell(span, error.reply)
            raise


def tell(span: Span, reply: Reply) -> None:
    """What an answer took; the price where it is known."""
    if not span.is_recording():
        return
    span.set_attributes({
        "gen_ai.usage.input_tokens": reply.tokens_in,
        "gen_ai.usage.output_tokens": reply.tokens_out,
        "gen_ai.usage.cache_read.input_tokens": reply.tokens_cached,
        "gen_ai.usage.reasoning.output_tokens": reply.tokens_reasoning,
    })  # fmt: skip
    if reply.dollars is not None:
        span.set_attribute("prelabel.dollars", float(reply.dollars))
