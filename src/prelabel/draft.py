"""Step 2, draft: ask a model, parse and check its answer, repair it once.

Pure of databases and vendors: a `Model` makes one call, a `ModelDrafter` turns an example into an `Outcome` with a record of
every call that it took, paid or not.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, Protocol

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from prelabel.canonical import Json, digest
from prelabel.errors import LabelError, ModelError, RefusedError, StoppingError, TransientError
from prelabel.prompt import Instructions, repair
from prelabel.schema import LabelSchema

Confidence = Literal["stated", "logprobs"]
Purpose = Literal["draft", "repair"]
PURPOSES: tuple[Purpose, ...] = ("draft", "repair")
LONGEST_WAIT = 60.0
"""Seconds that a single wait before another attempt never exceeds."""


@dataclass(frozen=True)
class Subject:
    """What a drafter is shown of an example; never its gold."""

    example_id: int
    content: dict[str, Json]


@dataclass(frozen=True)
class Request:
    """One question to a model; equal requests have equal digests."""

    model: str
    messages: list[dict[str, str]]
    answer_schema: dict[str, Json]
    want_logprobs: bool = False

    @cached_property
    def digest(self) -> str:
        """Names the request by its content."""
        return digest([self.model, self.messages, self.answer_schema, self.want_logprobs])


@dataclass(frozen=True)
class Token:
    """One token of an answer with its log probability and those of its runners-up."""

    text: str
    logprob: float
    top: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What a model answered, and what that took. `dollars` is None where no price is known."""

    text: str
    tokens: tuple[Token, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    dollars: Decimal | None = None
    price_version: str = ""
    latency_ms: int = 0


@dataclass(frozen=True)
class CallRecord:
    """One request that was sent, as the ledger keeps it; `reply` is None where no answer came."""

    purpose: Purpose
    request_hash: str
    outcome: Literal["ok", "invalid", "transient", "refused", "stopping"]
    detail: str = ""
    reply: Reply | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of drafting one example.

    `ending` is "drafted" (label holds), "failed" (people have to label it; `failure` says why), "postponed" (try again
    later) or "stopped" (the run cannot go on; `failure` says why).
    """

    subject: Subject
    ending: Literal["drafted", "failed", "postponed", "stopped"]
    model: str
    label: dict[str, Json] | None = None
    confidences: dict[str, float] = field(default_factory=dict)
    alternatives: dict[str, dict[str, float]] = field(default_factory=dict)
    failure: str = ""
    calls: tuple[CallRecord, ...] = ()

    @property
    def confidence(self) -> float | None:
        """The least sure field's confidence: a label is right only if all of its fields are."""
        return min(self.confidences.values(), default=None)


class Model(Protocol):
    """Anything that answers a request: LiteLLM in production, a few lines in tests."""

    name: str

    async def ask(self, request: Request) -> Reply:
        """Make exactly one call. Raises TransientError, RefusedError or StoppingError."""

    def most(self, request: Request) -> Decimal | None:
        """Upper bound in dollars of one such call; None where no price is known."""


class Drafter(Protocol):
    """Anything that drafts labels: a model behind a prompt, or the student."""

    name: str

    async def draft(self, subject: Subject) -> Outcome:
        """Draft one example; never raises for what a model does."""

    def most(self, subject: Subject) -> Decimal | None:
        """Upper bound in dollars of drafting it; None where no price is known."""


Confide = Callable[[LabelSchema, Reply], tuple[dict[str, float], dict[str, dict[str, float]]]]
"""From an answer with token probabilities to confidences by field and alternatives by field."""


class ModelDrafter:
    """Drafts with a model and a prompt.

    `remembered` holds replies that were paid for before, by example and request: they are not asked for again.
    """

    def __init__(
        self,
        model: Model,
        instructions: Instructions,
        confide: Confide,
        attempts: int = 5,
        remembered: Mapping[tuple[int, str], Reply] | None = None,
    ) -> None:
        self.name = model.name
        self._model = model
        self._instructions = instructions
        self._schema = instructions.schema
        self._states = instructions.confidence == "stated"
        self._confide = confide
        self._attempts = attempts
        self._remembered = remembered or {}

    def most(self, subject: Subject) -> Decimal | None:
        """A draft and its repair; nothing where the first answer is remembered."""
        request = self._request(subject)
        if (subject.example_id, request.digest) in self._remembered:
            return Decimal(0)
        one = self._model.most(request)
        return None if one is None else one * 2

    async def draft(self, subject: Subject) -> Outcome:
        """Ask, check, repair once."""
        calls: list[CallRecord] = []
        try:
            return await self._draft(subject, calls)
        except ModelError as error:
            return Outcome(subject, _ending(error), self.name, failure=str(error), calls=tuple(calls))

    async def _draft(self, subject: Subject, calls: list[CallRecord]) -> Outcome:
        request, failure = self._request(subject), ""
        for purpose in PURPOSES:
            reply, paid = await self._ask(subject, request, purpose, calls)
            try:
                label, stated = parse_answer(self._schema, reply.text, self._states)
                failure = ""
            except LabelError as fault:
                failure = str(fault)
            if paid:
                calls.append(
                    CallRecord(purpose, request.digest, "invalid" if failure else "ok", failure, reply)
                )
            if not failure:
                return self._drafted(subject, label, stated, reply, calls)
            request = self._request(subject, repair(request.messages, reply.text, failure))
        failure = f"the answer did not fit the schema, also after a repair: {failure}"
        return Outcome(subject, "failed", self.name, failure=failure, calls=tuple(calls))

    def _request(self, subject: Subject, talk: list[dict[str, str]] | None = None) -> Request:
        talk = talk or self._instructions.messages(subject.content)
        return Request(self.name, talk, self._instructions.answer_schema, want_logprobs=not self._states)

    async def _ask(
        self, subject: Subject, request: Request, purpose: Purpose, calls: list[CallRecord]
    ) -> tuple[Reply, bool]:
        """An answer and whether it was paid for now; attempts that failed are recorded here."""
        if remembered := self._remembered.get((subject.example_id, request.digest)):
            return remembered, False
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            wait=_pause,
            stop=stop_after_attempt(self._attempts),
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                try:
                    return await self._model.ask(request), True
                except ModelError as error:
                    paid = error.reply if isinstance(error, RefusedError) else None
                    calls.append(CallRecord(purpose, request.digest, _outcome_of(error), str(error), paid))
                    raise
        raise AssertionError("tenacity ends with an answer or an error")

    def _drafted(
        self,
        subject: Subject,
        label: dict[str, Json],
        stated: dict[str, float],
        reply: Reply,
        calls: list[CallRecord],
    ) -> Outcome:
        confidences, alternatives = (stated, {}) if self._states else self._confide(self._schema, reply)
        return Outcome(subject, "drafted", self.name, label, confidences, alternatives, calls=tuple(calls))


def parse_answer(schema: LabelSchema, text: str, states: bool) -> tuple[dict[str, Json], dict[str, float]]:
    """The normalized label of a model's answer, and the confidences by field where it `states` them.

    Raises LabelError where it is not JSON, not an object, does not fit the schema, or states no usable confidence.
    """
    answer = _json_object(text)
    if "label" not in answer:
        raise LabelError("label", "is missing from the answer")
    schema.validate_label(answer["label"])
    label = schema.normalize(answer["label"])
    if not states:
        return label, {}
    stated = answer.get("confidence")
    if not isinstance(stated, dict):
        raise LabelError("confidence", "is missing from the answer")
    return label, {name: _probability(stated.get(name), f"confidence.{name}") for name in schema.fields}


def _json_object(text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabelError("", f"the answer is not JSON ({error})") from error
    if not isinstance(answer, dict):
        raise LabelError("", "the answer is not a JSON object")
    return answer


def _probability(value: Json, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise LabelError(path, f"must be a number from 0 to 1, not {json.dumps(value)[:40]}")
    return float(value)


def _pause(state: RetryCallState) -> float:
    """What the provider asked for, or an exponential backoff; with jitter, so that many callers do not return at once."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, TransientError) else None
    if asked is not None:
        return min(LONGEST_WAIT, asked + random.random() * 0.25)
    backoff: float = min(LONGEST_WAIT, 0.5 * 2 ** (state.attempt_number - 1))
    return backoff * (0.5 + random.random())


def _ending(error: ModelError) -> Literal["failed", "postponed", "stopped"]:
    if isinstance(error, StoppingError):
        return "stopped"
    return "failed" if isinstance(error, RefusedError) else "postponed"


def _outcome_of(error: ModelError) -> Literal["transient", "refused", "stopping"]:
    if isinstance(error, StoppingError):
        return "stopping"
    return "refused" if isinstance(error, RefusedError) else "transient"
