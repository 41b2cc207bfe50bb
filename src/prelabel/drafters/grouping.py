"""Several examples in one call: what they have in common, the instructions, is paid for once."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal

from prelabel.draft import (
    Asker,
    CallOutcome,
    CallRecord,
    Keep,
    Model,
    ModelDrafter,
    Outcome,
    Reply,
    Request,
    Subject,
    ending_of,
)
from prelabel.drafting.parsing import parse_answer
from prelabel.errors import LabelError, ModelError, RefusedError
from prelabel.prompt import Instructions

GATHER_SECONDS = 0.1
"""How long the first of a group waits for others; little beside a call."""
NANO = Decimal("1e-9")


@dataclass(frozen=True)
class Member:
    """One example of a group, and who takes the records of its calls."""

    subject: Subject
    keep: Keep


@dataclass
class Group:
    """Examples that go into one call. `call` gives the outcomes by example; those that are not in it are asked for alone."""

    members: list[Member] = field(default_factory=list)
    is_full: asyncio.Event = field(default_factory=asyncio.Event)
    call: asyncio.Task[dict[int, Outcome]] | None = None


class GroupDrafter:
    """Drafts up to `size` examples a call: those that are wanted at about the same time. `instructions` are for several.

    Each answer is checked by itself. Where one does not fit, or the whole is refused, the example is asked for `alone`. A
    member that is cancelled ends the call for all of its group: they are cancelled together or not at all.
    """

    def __init__(
        self, model: Model, instructions: Instructions, asker: Asker, alone: ModelDrafter, size: int
    ) -> None:
        self.name = model.name
        self.together = size
        self._model = model
        self._instructions = instructions
        self._asker = asker
        self._alone = alone
        self._requests: dict[int, Request] = {}
        self._open = Group()

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Recall the answers that were paid for before, in a group or alone."""
        for subject in subjects:
            self._requests[subject.example_id] = self._request([subject])
        await self._asker.remember(
            {subject.example_id: [self._share_of(subject).digest] for subject in subjects}
        )
        await self._alone.prepare(subjects)

    def most(self, subject: Subject) -> Decimal | None:
        """Its share of a call, and all that asking for it alone can take besides; no more than is not remembered."""
        alone = self._alone.most(subject)
        if known := self._asker.remembered(subject, self._share_of(subject)):
            return alone if self._read(subject, known.text) is None else Decimal(0)
        if self._alone.remembered(subject) is not None:
            return alone
        share = self._model.most(self._share_of(subject))
        return None if share is None or alone is None else share + alone

    async def draft(self, subject: Subject, keep: Keep) -> Outcome:
        """Ask for it with others, or alone where that has not led to a label."""
        try:
            if known := self._asker.remembered(subject, self._share_of(subject)):
                outcome = self._read(subject, known.text)
            elif self._alone.remembered(subject) is not None:
                outcome = None
            else:
                outcome = (await self._join(Member(subject, keep))).get(subject.example_id)
            return outcome or await self._alone.draft(subject, keep)
        finally:
            self.forget(subject)

    def forget(self, subject: Subject) -> None:
        """The example is not wanted any more."""
        self._requests.pop(subject.example_id, None)
        self._alone.forget(subject)

    async def _join(self, member: Member) -> dict[int, Outcome]:
        group = self._open
        group.members.append(member)
        if len(group.members) == self.together:
            self._close(group)
        if group.call is None:
            group.call = asyncio.create_task(self._lead(group))
        return await group.call

    def _close(self, group: Group) -> None:
        group.is_full.set()
        if self._open is group:
            self._open = Group()

    async def _lead(self, group: Group) -> dict[int, Outcome]:
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(group.is_full.wait(), GATHER_SECONDS)
        finally:
            self._close(group)
        request = self._request([member.subject for member in group.members])
        if len(group.members) == 1 or self._is_dearer(request, group.members):
            return {}
        return await self._ask(request, group.members)

    async def _ask(self, request: Request, members: Sequence[Member]) -> dict[int, Outcome]:
        def note(outcome: CallOutcome, detail: str, paid: Reply | None) -> None:
            if paid is None:
                self._note(members[0], outcome, detail, None, is_first=True)
                return
            for index, (member, share) in enumerate(self._shared_out(members, paid)):
                self._note(member, outcome, detail, share, is_first=not index)

        try:
            reply = await self._asker.paid(self._model, request, note)
        except RefusedError:
            return {}  # one of them may be what is refused
        except ModelError as error:
            failed = (
                Outcome(member.subject, ending_of(error), self.name, failure=str(error)) for member in members
            )
            return {outcome.subject.example_id: outcome for outcome in failed}
        return self._take_apart(members, reply)

    def _take_apart(self, members: Sequence[Member], reply: Reply) -> dict[int, Outcome]:
        found: dict[int, Outcome] = {}
        texts = parts(reply.text, len(members))
        for index, (member, share) in enumerate(self._shared_out(members, reply)):
            own = replace(share, text=texts[index])
            try:
                found[member.subject.example_id] = self._label(member.subject, own.text)
            except LabelError as fault:
                self._note(member, "invalid", str(fault), own, is_first=not index)
            else:
                self._note(member, "ok", "", own, is_first=not index)
        return found

    def _note(
        self, member: Member, outcome: CallOutcome, detail: str, share: Reply | None, is_first: bool
    ) -> None:
        """Record a share under the digest of a request about this example alone: none that is ever sent has it."""
        digest = self._share_of(member.subject).digest
        step, requests = self._asker.step, int(is_first)
        member.keep(
            member.subject,
            CallRecord(self.name, "group", digest, outcome, detail, share, step, requests),
        )

    def _shared_out(self, members: Sequence[Member], reply: Reply) -> Iterator[tuple[Member, Reply]]:
        """By what each would cost by itself at most: so its share is never more than that."""
        costs = [self._model.most(self._share_of(member.subject)) or Decimal(0) for member in members]
        weights = [int(cost / NANO) for cost in costs]
        return zip(members, shares(reply, weights), strict=True)

    def _is_dearer(self, request: Request, members: Sequence[Member]) -> bool:
        """Whether a call can cost more than was reckoned for its members, as where a long prompt has a price of its own."""
        whole = self._model.most(request)
        costs = [self._model.most(self._share_of(member.subject)) or Decimal(0) for member in members]
        return whole is not None and whole > sum(costs)

    def _read(self, subject: Subject, text: str) -> Outcome | None:
        try:
            return self._label(subject, text)
        except LabelError:
            return None

    def _label(self, subject: Subject, text: str) -> Outcome:
        label, confidences = parse_answer(self._instructions.schema, text, subject.content, states=True)
        return Outcome(subject, "drafted", self.name, label, confidences)

    def _share_of(self, subject: Subject) -> Request:
        return self._requests.get(subject.example_id) or self._request([subject])

    def _request(self, subjects: Sequence[Subject]) -> Request:
        return Request(
            self._model.name,
            self._instructions.messages(*(subject.content for subject in subjects)),
            self._instructions.answers_schema(len(subjects)),
            examples=len(subjects),
        )


def parts(text: str, count: int) -> list[str]:
    """The answers for so many examples, each as if it had been the only one; empty where there is none.

    A text that is not a JSON object goes to the first, who cannot use it either.
    """
    try:
        answers = json.loads(text)
        found = {name: json.dumps(answer, ensure_ascii=False) for name, answer in answers.items()}
    except (ValueError, RecursionError, AttributeError):
        return [text, *[""] * (count - 1)]
    return [found.get(str(number), "") for number in range(1, count + 1)]


def shares(reply: Reply, weights: Sequence[int]) -> list[Reply]:
    """What a reply took, shared out by weight; the sums are exact, to the token and the nano-dollar. Without its text."""
    into = split(reply.tokens_in - reply.tokens_cached, weights)
    cached = split(reply.tokens_cached, weights)
    out = split(reply.tokens_out - reply.tokens_reasoning, weights)
    thought = split(reply.tokens_reasoning, weights)
    nanos = None if reply.dollars is None else split(int((reply.dollars / NANO).to_integral_value()), weights)
    return [
        Reply(
            "",
            tokens_in=into[index] + cached[index],
            tokens_out=out[index] + thought[index],
            tokens_cached=cached[index],
            tokens_reasoning=thought[index],
            dollars=None if nanos is None else nanos[index] * NANO,
            price_version=reply.price_version,
            latency_ms=reply.latency_ms,
        )
        for index in range(len(weights))
    ]


def split(total: int, weights: Sequence[int]) -> list[int]:
    """A whole number in whole parts by weight, none further than one from its exact part; even where all weights are 0."""
    weights = weights if sum(weights) else [1] * len(weights)
    whole, passed, given, found = sum(weights), 0, 0, []
    for weight in weights:
        passed += weight
        found.append(total * passed // whole - given)
        given += found[-1]
    return found
