"""Step 2, draft: ask a model, parse and check its answer, repair it once.

Pure of databases and vendors: a `Model` makes one call, an `Asker` tries again what may pass, a `ModelDrafter` turns an example
into an `Outcome`. Every call is handed to `keep` as soon as its answer is there, so that it can be written down at once.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Literal, Protocol, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type

from prelabel.canonical import Json, digest
from prelabel.drafting.parsing import parse_answer
from prelabel.drafting.patience import after, pause
from prelabel.errors import LabelError, LimitedError, ModelError, RefusedError, StoppingError, TransientError
from prelabel.examples.content import Message
from prelabel.operations import metrics
from prelabel.prompt import Instructions, Shot, repair
from prelabel.schema import LabelSchema

Confidence = Literal["stated", "logprobs", "samples", "panel"]
Purpose = Literal["draft", "repair", "sample", "group", "embed"]
CallOutcome = Literal["ok", "invalid", "limited", "transient", "refused", "stopping"]
Ending = Literal["drafted", "failed", "postponed", "stopped"]
Read = TypeVar("Read")


@dataclass(frozen=True)
class Subject:
    """What a drafter is shown of an example; never its gold."""

    example_id: int
    content: dict[str, Json]


@dataclass(frozen=True)
class Request:
    """One question to a model; equal requests have equal digests. Messages refer to images by SHA-256, so they stay small.

    `count` answers are asked for in one call; `sample` tells apart requests that are alike but for being asked once more;
    `examples` is how many the messages are about.
    """

    model: str
    messages: Sequence[Message]
    answer_schema: dict[str, Json]
    want_logprobs: bool = False
    temperature: float = 0.0
    count: int = 1
    sample: int = 0
    examples: int = 1

    @cached_property
    def digest(self) -> str:
        """Names the request by its content."""
        asked = [self.model, self.messages, self.answer_schema, self.want_logprobs]
        return digest([*asked, self.temperature, self.count, self.sample])


@dataclass(frozen=True)
class Token:
    """One token of an answer with its log probability and those of its runners-up."""

    text: str
    logprob: float
    top: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What a model answered, and what that took. `dollars` is None where no price is known; `more` are further answers."""

    text: str
    tokens: tuple[Token, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    dollars: Decimal | None = None
    price_version: str = ""
    latency_ms: int = 0
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class CallRecord:
    """What one request took, as the ledger keeps it; `reply` is None where no answer came.

    `requests` is 0 in a record that holds the share of a further example in a request about several.
    """

    model: str
    purpose: Purpose
    request_hash: str
    outcome: CallOutcome
    detail: str = ""
    reply: Reply | None = None
    step: int = 0
    requests: int = 1


@dataclass(frozen=True)
class Outcome:
    """What became of drafting one example.

    `ending` is "drafted" (label holds), "failed" (people have to label it; `failure` says why), "postponed" (try again
    later) or "stopped" (the run cannot go on; `failure` says why). `earlier` are the outcomes of the steps of a cascade
    before this one, `step` counts them. `schema_version_id` is the version of the schema under which it was asked for.
    """

    subject: Subject
    ending: Ending
    model: str
    label: dict[str, Json] | None = None
    confidences: dict[str, float] = field(default_factory=dict)
    alternatives: dict[str, dict[str, float]] = field(default_factory=dict)
    failure: str = ""
    step: int = 0
    earlier: tuple["Outcome", ...] = ()
    schema_version_id: int = 0

    def under(self, schema_version_id: int) -> "Outcome":
        """The same, with all of its earlier ones, as of this version of the schema."""
        earlier = tuple(one.under(schema_version_id) for one in self.earlier)
        return replace(self, earlier=earlier, schema_version_id=schema_version_id)

    @property
    def confidence(self) -> float | None:
        """The least sure field's confidence: a label is right only if all of its fields are."""
        return min(self.confidences.values(), default=None)

    def is_sure(self, confidence: float) -> bool:
        """Whether there is a draft of at least this confidence."""
        return self.ending == "drafted" and self.confidence is not None and self.confidence >= confidence


Keep = Callable[[Subject, CallRecord], None]
"""Takes the record of a call, to be written down soon; never waits, never raises."""
Recall = Callable[[Collection[int], Collection[str]], Sequence[tuple[int, str, Reply]]]
"""Finds replies that were paid for before, of these examples or to requests of these digests: example, digest, reply."""


class Model(Protocol):
    """Anything that answers a request: LiteLLM in production, a few lines in tests."""

    name: str

    async def ask(self, request: Request) -> Reply:
        """Make exactly one call. Raises TransientError, RefusedError or StoppingError."""

    def most(self, request: Request) -> Decimal | None:
        """Upper bound in dollars of one such call; None where no price is known."""


class Drafter(Protocol):
    """Anything that drafts labels: a model behind a prompt, the student, a cascade of both.

    `together` is how many examples it may ask about in one call.
    """

    name: str
    together: int

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Look at subjects together before each of them is drafted."""

    async def draft(self, subject: Subject, keep: Keep) -> Outcome:
        """Draft one example that was prepared; never raises for what a model does."""

    def forget(self, subject: Subject) -> None:
        """An example that was prepared will not be drafted."""

    def most(self, subject: Subject) -> Decimal | None:
        """Upper bound in dollars of drafting it; None where no price is known."""


Show = Callable[[Sequence[Subject]], Sequence[Sequence[Shot]]]
"""Chooses settled examples to be shown before each of these subjects; the same ones whenever it is asked."""
Confide = Callable[[LabelSchema, Reply], tuple[dict[str, float], dict[str, dict[str, float]]]]
"""From an answer with token probabilities to confidences by field and alternatives by field."""


Note = Callable[[CallOutcome, str, Reply | None], None]
"""Takes how a call ended, why, and what was paid for it."""


class Asker:
    """Asks models for one step of a run: what was paid for before is not asked again, what may pass is tried again."""

    def __init__(self, attempts: int = 5, recall: Recall | None = None, step: int = 0) -> None:
        self._attempts = attempts
        self._recall = recall
        self._memory: dict[int, dict[str, Reply]] = {}
        self.step = step

    async def remember(self, openings: Mapping[int, Collection[str]]) -> None:
        """Recall what was paid for before: any reply of these examples, and to the requests that they will open with."""
        if self._recall is None or not openings:
            return
        asked_by: dict[str, list[int]] = defaultdict(list)
        for example_id, digests in openings.items():
            for one in digests:
                asked_by[one].append(example_id)
        for origin, request_hash, reply in await asyncio.to_thread(self._recall, openings.keys(), asked_by):
            for example_id in {origin, *asked_by[request_hash]} & openings.keys():
                self._memory.setdefault(example_id, {})[request_hash] = reply

    def remembered(self, subject: Subject, request: Request) -> Reply | None:
        """The reply to this request, where asking costs nothing."""
        return self._memory.get(subject.example_id, {}).get(request.digest)

    def forget(self, subject: Subject) -> None:
        """The example is dealt with."""
        self._memory.pop(subject.example_id, None)

    async def ask(
        self,
        model: Model,
        subject: Subject,
        request: Request,
        purpose: Purpose,
        keep: Keep,
        read: Callable[[Reply], Read],
    ) -> Read:
        """What `read` makes of the reply. Raises ModelError, and LabelError where `read` does."""

        def note(outcome: CallOutcome, detail: str, reply: Reply | None) -> None:
            keep(subject, CallRecord(model.name, purpose, request.digest, outcome, detail, reply, self.step))

        remembered = self.remembered(subject, request)
        if remembered is not None:
            return read(remembered)
        reply = await self.paid(model, request, note)
        try:
            found = read(reply)
        except LabelError as fault:
            note("invalid", str(fault), reply)
            raise
        note("ok", "", reply)
        return found

    async def paid(self, model: Model, request: Request, note: Note) -> Reply:
        """The reply to a request, tried again while it may pass; `note` is told of attempts that failed. Raises ModelError."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            wait=pause,
            stop=after(self._attempts),
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                if attempt.retry_state.attempt_number > 1:
                    metrics.RETRIES.labels(metrics.model_label(model.name)).inc()
                try:
                    return await model.ask(request)
                except ModelError as error:
                    paid = error.reply if isinstance(error, RefusedError) else None
                    note(outcome_of(error), str(error), paid)
                    raise
        raise AssertionError("tenacity ends with an answer or an error")


class ModelDrafter:
    """Drafts with a model and a prompt: ask, check, repair once."""

    together = 1

    def __init__(
        self,
        model: Model,
        instructions: Instructions,
        confide: Confide,
        asker: Asker,
        show: Show | None = None,
    ) -> None:
        self.name = model.name
        self._model = model
        self._instructions = instructions
        self._schema = instructions.schema
        self._states = instructions.confidence == "stated"
        self._confide = confide
        self._asker = asker
        self._show = show
        self.step = asker.step
        self._openings: dict[int, Request] = {}

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Choose what each is shown, and recall the answers that were paid for before."""
        shots = await asyncio.to_thread(self._show, subjects) if self._show else [()] * len(subjects)
        for subject, shown in zip(subjects, shots, strict=True):
            talk = self._instructions.messages(subject.content, shots=shown)
            self._openings[subject.example_id] = self._request(talk)
        await self._asker.remember(
            {subject.example_id: [self.opening(subject).digest] for subject in subjects}
        )

    def most(self, subject: Subject) -> Decimal | None:
        """A draft and its repair; no more than the latter where the first answer is remembered."""
        one = self._model.most(self.opening(subject))
        if (known := self.remembered(subject)) is None:
            return None if one is None else one * 2
        return Decimal(0) if self._fits(subject, known) else one

    async def draft(self, subject: Subject, keep: Keep) -> Outcome:
        """Ask, check, repair once."""
        try:
            return await concluded(subject, self.name, self._draft(subject, keep))
        finally:
            self.forget(subject)

    def remembered(self, subject: Subject) -> Reply | None:
        """What the first question was answered with, where it was paid for before; the example has to be prepared."""
        return self._asker.remembered(subject, self.opening(subject))

    def forget(self, subject: Subject) -> None:
        """The example is dealt with."""
        self._openings.pop(subject.example_id, None)
        self._asker.forget(subject)

    def read(self, subject: Subject, reply: Reply) -> Outcome:
        """The draft that an answer holds. Raises LabelError where it holds none."""
        label, stated = parse_answer(self._schema, reply.text, subject.content, self._states)
        confidences, alternatives = (stated, {}) if self._states else self._confide(self._schema, reply)
        confidences = {
            name: confidences[name] for name in self._schema.applying(label) if name in confidences
        }
        return Outcome(subject, "drafted", self.name, label, confidences, alternatives)

    async def _draft(self, subject: Subject, keep: Keep) -> Outcome:
        request, said = self.opening(subject), ""

        def read(reply: Reply) -> Outcome:
            nonlocal said
            said = reply.text
            return self.read(subject, reply)

        try:
            return await self._asker.ask(self._model, subject, request, "draft", keep, read)
        except LabelError as fault:
            again = self._request(repair(request.messages, said, str(fault)))
            return await self._asker.ask(self._model, subject, again, "repair", keep, read)

    def _fits(self, subject: Subject, reply: Reply) -> bool:
        try:
            self.read(subject, reply)
        except LabelError:
            return False
        return True

    def opening(self, subject: Subject) -> Request:
        """The first question about an example."""
        known = self._openings.get(subject.example_id)
        return known or self._request(self._instructions.messages(subject.content))

    def _request(self, talk: Sequence[Message]) -> Request:
        wants = self._instructions.confidence == "logprobs"
        return Request(self._model.name, talk, self._instructions.answer_schema, want_logprobs=wants)


async def concluded(subject: Subject, name: str, drafting: Awaitable[Outcome]) -> Outcome:
    """The outcome of drafting an example, also where it ends with a ModelError or, after its repair, a LabelError."""
    try:
        return await drafting
    except ModelError as error:
        return Outcome(subject, ending_of(error), name, failure=str(error))
    except LabelError as fault:
        failure = f"the answer did not fit the schema, also after a repair: {fault}"
        return Outcome(subject, "failed", name, failure=failure)


def ending_of(error: ModelError) -> Ending:
    """What a call that ends like this makes of an example."""
    if isinstance(error, StoppingError):
        return "stopped"
    return "failed" if isinstance(error, RefusedError) else "postponed"


def outcome_of(error: ModelError) -> CallOutcome:
    """How the ledger calls a call that ends like this."""
    if isinstance(error, StoppingError):
        return "stopping"
    if isinstance(error, LimitedError):
        return "limited"
    return "refused" if isinstance(error, RefusedError) else "transient"
