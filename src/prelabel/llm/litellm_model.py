"""A model behind LiteLLM: one HTTP call for each question, structured output, no retries of its own."""

import asyncio
import gc
import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

from prelabel.canonical import Json, canonical
from prelabel.draft import Confidence, Reply, Request, Token
from prelabel.errors import ModelError, RefusedError, StoppingError, TransientError
from prelabel.examples.content import images_in
from prelabel.llm.failures import as_ours
from prelabel.llm.filling import LoadImage, filled, nothing
from prelabel.llm.quiet import quiet
from prelabel.llm.spans import asking, tell
from prelabel.money import image_tokens
from prelabel.money.prices import Lane, OwnPrice, Price, limits, price

MOST_TOKENS_OUT = 4_096
"""Bound on an answer, thinking aside; also what bounds the cost of a call."""
MOST_TOKENS_THOUGHT = 16_384
"""Bound on answer and thoughts together, of a model that thinks before it answers."""
SPARE_TOKENS = 256
SCAFFOLD_TOKENS = 1_024
"""What providers may add to a prompt unseen: marks of roles, instructions for tools or for the form of the answer."""
RUNNERS_UP = 5
COUNTING = ("openai", "azure")
"""Providers that give as many answers in one call as are asked for. Others that LiteLLM lists refuse it, give fewer, or have a
limit of their own, and servers behind `api_base` may pass over it without a word."""
NO_KEY = "none"
"""Sent to a local server, which asks for no key, where the client library insists on one."""


class LiteLLMModel:
    """Answers `prelabel.draft.Model`. LiteLLM is imported at first use: it takes seconds and 180 MB.

    `lane` is the one whose price its calls have, `load` gives the images that its requests refer to.
    """

    def __init__(
        self,
        name: str,
        api_base: str = "",
        timeout: float = 60,
        prices: Mapping[str, OwnPrice] | None = None,
        lane: Lane = "live",
        load: LoadImage = nothing,
    ) -> None:
        self.name = name
        self._load = load
        self._lane = lane
        self._timeout = timeout
        self._prices = prices or {}
        self._server = server_of(name, api_base)

    def check(self, confidence: Confidence, sees: bool = False) -> None:
        """Raise StoppingError with a sentence where this model cannot do what a run would ask of it; `sees`: it has to see images."""
        if not self.provider:
            raise StoppingError(
                f"the model {self.name!r} is not known: use LiteLLM's names, such as openai/gpt-4o-mini"
            )
        missing = [] if self._server else litellm().validate_environment(self.name)["missing_keys"]
        if keys := [name for name in missing if name.endswith("_API_KEY")]:  # the rest has defaults
            raise StoppingError(f"{self.name} needs a key in the worker's environment: {' or '.join(keys)}")
        if not self._accepts(response_format=_form({"type": "object", "properties": {}})):
            raise StoppingError(f"{self.name} cannot be held to a JSON schema: choose another model")
        if sees and self._is_blind:
            raise StoppingError(
                f"{self.name} takes no images, as far as LiteLLM knows: choose a model that sees, such as openai/gpt-4o-mini"
            )
        if confidence == "logprobs" and not self._accepts(logprobs=True, top_logprobs=RUNNERS_UP):
            raise StoppingError(
                f"{self.name} ({self.provider}) gives no token probabilities: use confidence 'stated'"
            )
        if confidence == "samples" and not self._is_steady:
            raise StoppingError(
                f"{self.name} takes no temperature, so it cannot be sampled: use confidence 'stated' or 'panel'"
            )

    @cached_property
    def counts(self) -> bool:
        """Whether one call can have several answers (`Request.count`)."""
        return not self._server and self.provider in COUNTING and self._accepts(n=2)

    def most(self, request: Request) -> Decimal | None:
        """Upper bound of a call's dollars: a tokenizer over bytes never makes more tokens than there are bytes.

        Images count by `prelabel.money.image_tokens`.
        """
        if self._price is None:
            return None
        size = len(canonical([request.messages, request.answer_schema]).encode())
        size += image_tokens.of_messages(self.name, request.messages)
        return self._price.most(size + SCAFFOLD_TOKENS, self._most_out(request) * request.count)

    async def ask(self, request: Request) -> Reply:
        """One call. Raises TransientError, RefusedError or StoppingError."""
        with asking(self.name, self.provider, request) as span:
            reply = await self._ask(request)
            tell(span, reply)
        return reply

    async def _ask(self, request: Request) -> Reply:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout + 5):  # in case the transport forgets its own
                has_images = any(images_in(request.messages))
                call = await asyncio.to_thread(self.call, request) if has_images else self.call(request)
                told = quiet(self.name, request.messages)
                answer = await litellm().acompletion(**call, litellm_logging_obj=told)
        except ModelError:
            raise
        except TimeoutError as error:
            raise TransientError(f"no answer in {self._timeout:.0f} s") from error
        except Exception as error:  # mapped to ours, all of them, at this one seam
            raise as_ours(error) from error
        return self.read(answer, round((time.monotonic() - began) * 1000), self._most_out(request))

    def call(self, request: Request) -> dict[str, Any]:
        """What LiteLLM is called with. Blocks where there are images to be loaded. Raises RefusedError where one is gone."""
        call: dict[str, Any] = {
            "model": self.name,
            "messages": filled(request.messages, self._load),
            "response_format": _form(request.answer_schema),
            "max_tokens": self._most_out(request),
            "timeout": self._timeout,
            "max_retries": 0,
            "num_retries": 0,
            **self._server,
        }
        if self._is_steady:
            call["temperature"] = request.temperature
        if request.count > 1:
            call["n"] = request.count
        if request.want_logprobs:
            call |= {"logprobs": True, "top_logprobs": RUNNERS_UP}
        return call

    def read(self, answer: Any, latency_ms: int = 0, most_out: int = 0) -> Reply:
        """An answer in LiteLLM's form. Raises RefusedError, with what it took, where it is none.

        `most_out` is the bound on its tokens; without one, an answer that was cut off was so at the tokens that it has.
        """
        if not answer.choices:
            raise TransientError("the provider answered without a choice")
        bound = most_out or answer.usage.completion_tokens
        refusals = [_refusal(choice, bound) for choice in answer.choices]
        good = [choice for choice, refusal in zip(answer.choices, refusals, strict=True) if not refusal]
        reply = self._reply(answer, good or answer.choices, latency_ms)
        if not good:
            raise RefusedError(refusals[0], reply)
        return reply

    @cached_property
    def provider(self) -> str:
        """LiteLLM's name of the provider; empty where it knows none."""
        try:
            provider: str = litellm().get_llm_provider(self.name)[1]
        except litellm().exceptions.BadRequestError:
            return ""
        return provider

    @cached_property
    def _price(self) -> Price | None:
        return price(self.name, self._prices, self._lane)

    @cached_property
    def _is_steady(self) -> bool:
        """Whether temperature 0 can be asked for; models that think do not take it, though LiteLLM lists it for them."""
        return self._accepts(temperature=0)

    @cached_property
    def _is_blind(self) -> bool:
        """Whether LiteLLM knows the model and does not know it to take images; own servers may serve anything under a name."""
        known = not self._server and limits(self.name) is not None
        return known and not litellm().supports_vision(self.name)

    def _accepts(self, **options: Any) -> bool:
        """Whether LiteLLM can put these options into a call to this model; tried without making one."""
        model, provider, _, _ = litellm().get_llm_provider(self.name)
        try:
            litellm().utils.get_optional_params(model=model, custom_llm_provider=provider, **options)
        except litellm().exceptions.UnsupportedParamsError:
            return False
        return True

    def _most_out(self, request: Request) -> int:
        """Bound on tokens out. Of models that the price table does not know, any may think, so these get more than an answer needs."""
        known = limits(self.name)
        keeps_quiet = self._is_steady and self.provider in (
            "openai",
            "anthropic",
        )  # steady: not thinking now
        most = MOST_TOKENS_OUT * request.examples
        bound = min(most, SPARE_TOKENS + longest(request.answer_schema))
        if not known:
            return most
        if known.thinks and not keeps_quiet:
            bound = MOST_TOKENS_THOUGHT * request.examples
        return min(bound, known.most_out or bound)

    def _reply(self, answer: Any, choices: Sequence[Any], latency_ms: int) -> Reply:
        usage, into = answer.usage, answer.usage.prompt_tokens_details
        cached = getattr(into, "cached_tokens", None) or 0
        written = getattr(into, "cache_creation_tokens", None) or 0
        thought = getattr(usage.completion_tokens_details, "reasoning_tokens", None) or 0
        told = self._price and usage.prompt_tokens  # a server that counts nothing leaves the cost unknown
        return Reply(
            text=choices[0].message.content or "",
            tokens=_tokens(choices[0]),
            tokens_in=usage.prompt_tokens,
            tokens_out=usage.completion_tokens,
            tokens_cached=cached,
            tokens_reasoning=thought,
            dollars=self._price.cost(usage.prompt_tokens, usage.completion_tokens, cached, written, thought)
            if self._price and told
            else None,
            price_version=self._price.source if self._price else "",
            latency_ms=latency_ms,
            more=tuple(choice.message.content for choice in choices[1:] if choice.message.content),
        )


def server_of(name: str, api_base: str) -> dict[str, str]:
    """The options that send a call to an own server, for the models that are asked there."""
    if not api_base or not name.startswith("openai/"):
        return {}
    return {"api_base": api_base, "api_key": os.environ.get("OPENAI_API_KEY") or NO_KEY}


@cache
def litellm() -> Any:
    """The library, with its talk turned off: what went wrong is told by our errors, once, without secrets."""
    gc.disable()  # it makes so many objects that looking for garbage among them takes a third of the time
    try:
        import litellm as library
    finally:
        gc.enable()

    library.suppress_debug_info = True
    # `embedding` takes this for our max_retries=0.
    library.DEFAULT_MAX_RETRIES = 0  # type: ignore[attr-defined] # there, but not declared
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    return library


def warm_up() -> None:
    """Load all that a first call needs, which is more than LiteLLM loads at its import, by a call that reaches nobody.

    It carries no key.
    """
    nobody = LiteLLMModel("openai/nobody", api_base="http://127.0.0.1:9/v1", timeout=5)
    request = Request(nobody.name, [{"role": "user", "content": ""}], {"type": "object", "properties": {}})
    call = nobody.call(request) | {"api_key": NO_KEY}
    with suppress(Exception):  # whatever comes of it, all is loaded
        asyncio.run(litellm().acompletion(**call, litellm_logging_obj=quiet(nobody.name, request.messages)))


def longest(schema: Json, definitions: Mapping[str, Json] | None = None) -> int:
    """Bytes of the longest answer that fits a schema, written without spaces; free text counts as MOST_TOKENS_OUT."""
    definitions = schema.get("$defs", {}) if definitions is None else definitions
    if "$ref" in schema:
        return longest(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    if "enum" in schema:
        return max(len(json.dumps(value)) for value in schema["enum"])
    if schema.get("type") == "object":
        return 2 + sum(
            len(json.dumps(name)) + 2 + longest(part, definitions)
            for name, part in schema["properties"].items()
        )
    if schema.get("type") == "array":  # each of a list at most once
        return (
            len(json.dumps(schema["items"].get("enum", []))) if "enum" in schema["items"] else MOST_TOKENS_OUT
        )
    return {"boolean": 5, "integer": 24, "number": 24}.get(schema.get("type"), MOST_TOKENS_OUT)


def _form(schema: dict[str, Json]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}


def _refusal(choice: Any, most_out: int) -> str:
    """Why the answer is none, if so: refusals do not raise by themselves."""
    if said := getattr(choice.message, "refusal", None):
        return f"the model refused: {str(said)[:200]}"
    if choice.finish_reason == "content_filter":
        return "the provider's content filter kept the answer back"
    if choice.finish_reason == "length":
        return f"the answer was cut off at {most_out:,} tokens"
    return "" if choice.message.content else "the answer is empty"


def _tokens(choice: Any) -> tuple[Token, ...]:
    """The answer's tokens with their runners-up. Tokens that hold parts of one character come as one, without any."""
    tokens: list[Token] = []
    kept, logprob = b"", 0.0
    for part in getattr(getattr(choice, "logprobs", None), "content", None) or []:
        whole = not kept
        kept += part.token.encode("utf-8", "replace") if part.bytes is None else bytes(part.bytes)
        logprob += part.logprob
        try:
            text = kept.decode()
        except UnicodeDecodeError:
            continue
        top = {other.token: other.logprob for other in part.top_logprobs or []} if whole else {}
        tokens.append(Token(text, logprob, top))
        kept, logprob = b"", 0.0
    return tuple(tokens)
