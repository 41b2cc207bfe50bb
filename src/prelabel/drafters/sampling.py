"""A model that is asked the same several times: how far its answers agree is its confidence."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from prelabel.canonical import Json
from prelabel.draft import (
    Asker,
    Keep,
    Model,
    Outcome,
    Purpose,
    Reply,
    Request,
    Subject,
    concluded,
)
from prelabel.drafters.votes import settle
from prelabel.drafting.parsing import parse_answer
from prelabel.errors import LabelError, ModelError, StoppingError
from prelabel.prompt import Instructions, repair

TEMPERATURE = 1.0
"""At which a model gives each answer as often as it thinks it probable."""


@dataclass(frozen=True)
class Heard:
    """The answers that one call gave, and why none of them can be used, if so."""

    texts: tuple[str, ...] = ()
    fault: ModelError | LabelError | None = None


class SampleDrafter:
    """Drafts what most of several answers say. An answer that does not fit the schema, or does not come, agrees with nothing.

    `in_one_call`: the model gives all of them at once; what it leaves out is asked for one by one.
    """

    together = 1

    def __init__(
        self, model: Model, instructions: Instructions, asker: Asker, samples: int, in_one_call: bool
    ) -> None:
        self.name = model.name
        self._model = model
        self._instructions = instructions
        self._asker = asker
        self._samples = samples
        self._in_one_call = in_one_call
        self._openings: dict[int, list[Request]] = {}

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Recall the answers that were paid for before."""
        for subject in subjects:
            self._openings[subject.example_id] = self._requests(subject)
        await self._asker.remember(
            {
                subject.example_id: [request.digest for request in self._opening(subject)]
                for subject in subjects
            }
        )

    def most(self, subject: Subject) -> Decimal | None:
        """Each answer that is not remembered in a call of its own, and a repair unless one that fits is."""
        one = self._model.most(replace(self._opening(subject)[0], count=1))
        known = [self._asker.remembered(subject, request) for request in self._opening(subject)]
        texts = [text for reply in known if reply for text in _texts(reply)]
        calls = max(0, self._samples - len(texts)) + (0 if self._labels(subject, texts) else 1)
        return None if one is None else one * calls

    async def draft(self, subject: Subject, keep: Keep) -> Outcome:
        """Ask, check each answer, repair once where none fits, count."""
        try:
            return await concluded(subject, self.name, self._draft(subject, keep))
        finally:
            self.forget(subject)

    def forget(self, subject: Subject) -> None:
        """The example is not wanted any more."""
        self._openings.pop(subject.example_id, None)
        self._asker.forget(subject)

    async def _draft(self, subject: Subject, keep: Keep) -> Outcome:
        requests = self._opening(subject)
        heard = await self._hear(subject, requests, keep)
        if self._in_one_call and heard.texts:
            missing = range(1, self._samples - len(heard.texts) + 1)
            rest = await self._hear(
                subject, [replace(requests[0], count=1, sample=number) for number in missing], keep
            )
            heard = Heard(heard.texts + rest.texts, heard.fault or rest.fault)
        labels = self._labels(subject, heard.texts)
        if not labels:
            labels = [await self._repair(subject, requests[0], heard, keep)]
        found = settle(self._instructions.schema, labels, self._samples, subject.content)
        return Outcome(subject, "drafted", self.name, found.label, found.confidences, found.alternatives)

    async def _hear(self, subject: Subject, requests: Sequence[Request], keep: Keep) -> Heard:
        """The answers to all of the requests, in their order. Raises StoppingError where one of them met it."""
        heard = await asyncio.gather(*(self._hear_one(subject, request, keep) for request in requests))
        faults = [one.fault for one in heard if one.fault]
        if stopping := [fault for fault in faults if isinstance(fault, StoppingError)]:
            raise stopping[0]
        return Heard(tuple(text for one in heard for text in one.texts), next(iter(faults), None))

    async def _hear_one(self, subject: Subject, request: Request, keep: Keep) -> Heard:
        texts: tuple[str, ...] = ()

        def read(reply: Reply) -> None:
            nonlocal texts
            texts = _texts(reply)
            if not self._labels(subject, texts):
                self._label(subject, texts[0])

        purpose: Purpose = "sample" if request.sample else "draft"
        try:
            await self._asker.ask(self._model, subject, request, purpose, keep, read)
        except (ModelError, LabelError) as fault:
            return Heard(texts, fault)
        return Heard(texts)

    async def _repair(self, subject: Subject, opening: Request, heard: Heard, keep: Keep) -> dict[str, Json]:
        """A label after all, from the first of the answers. Raises what was wrong where there was none."""
        assert heard.fault is not None  # else there were labels
        if not heard.texts:
            raise heard.fault
        talk = repair(opening.messages, heard.texts[0], str(heard.fault))
        again = replace(opening, messages=talk, temperature=0.0, count=1)
        return await self._asker.ask(
            self._model, subject, again, "repair", keep, lambda reply: self._label(subject, reply.text)
        )

    def _labels(self, subject: Subject, texts: Iterable[str]) -> list[dict[str, Json]]:
        """The labels of those answers that fit the schema."""
        labels = []
        for text in texts:
            try:
                labels.append(self._label(subject, text))
            except LabelError:
                continue
        return labels

    def _label(self, subject: Subject, text: str) -> dict[str, Json]:
        return parse_answer(self._instructions.schema, text, subject.content, states=False)[0]

    def _opening(self, subject: Subject) -> list[Request]:
        return self._openings.get(subject.example_id) or self._requests(subject)

    def _requests(self, subject: Subject) -> list[Request]:
        """What is asked first: one call for all answers, or a call for each."""
        first = Request(
            self._model.name,
            self._instructions.messages(subject.content),
            self._instructions.answer_schema,
            temperature=TEMPERATURE,
        )
        if self._in_one_call:
            return [replace(first, count=self._samples)]
        return [replace(first, sample=number) for number in range(self._samples)]


def _texts(reply: Reply) -> tuple[str, ...]:
    return (reply.text, *reply.more)
