"""The batch lane: a provider drafts examples by its batch endpoint, within a day and at about half the price.

A `Batch` goes preparing -> sending -> submitted -> collected, one step at a time, and a step that a crash cut off is done again.
What makes that safe: its examples stay leased to it until the transaction that writes down what became of them, and before a
batch that may have been sent is sent again, the provider is asked for it. What a batch leaves unanswered is drafted live, by
`prelabel.lanes.engine`.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select, update

from prelabel import runs
from prelabel.draft import CallOutcome, CallRecord, ModelDrafter, Outcome, Reply, Subject, outcome_of
from prelabel.drafting import draft_leases
from prelabel.errors import (
    Conflict,
    InputError,
    LabelError,
    ModelError,
    RefusedError,
    StoppingError,
    TransientError,
)
from prelabel.lanes.endpoint import BatchLane, Progress, Result
from prelabel.lanes.gather import Free, Gathered, gather
from prelabel.models import Batch, Example, Placement, Prompt, Run, now
from prelabel.money import ledger
from prelabel.money.ledger import Entry
from prelabel.route import route_drafted
from prelabel.routing import place
from prelabel.routing.place import Written
from prelabel.settings import Settings
from prelabel.store import Store

log = logging.getLogger(__name__)
GROUP = 500
"""Examples in one statement, and answers in one transaction."""
HELD_SECONDS = 10 * 365 * 86_400
"""A batch holds its examples and its money until it is over, however long no worker lives: it is paid, so only it may end that."""
RESTS = 10
"""Polls that a run waits after a batch that the provider refused for now."""
WANTED = ("running", "over_budget")
"""States of a run in which its batches go on: at its cap, what is under way is paid for already."""
T = TypeVar("T")


class BatchFactory(Protocol):
    """Builds what drafts a run in batches. All raise StoppingError where it cannot work at all."""

    def lane(self, model: str) -> BatchLane:
        """The batch endpoint of a model."""

    def free(self, session: Session, run: Run) -> Free:
        """The run's drafters that are asked before it, and cost nothing."""

    def asked(self, session: Session, run: Run) -> ModelDrafter:
        """The run's model, whose first questions go into batches."""


class Batches:
    """The batches of all runs. Every method may be called by several workers at once, and block."""

    def __init__(self, store: Store, settings: Settings, factory: BatchFactory) -> None:
        self._store = store
        self._settings = settings
        self._factory = factory

    def runs_to_prepare(self) -> Sequence[int]:
        """Running runs with fresh examples for a batch; one whose last batch was refused rests a while."""
        fresh = select(Placement.id).where(*draft_leases.free(col(Run.id), "batch"))
        rested = now() - timedelta(seconds=RESTS * self._settings.batch_poll_seconds)
        refused = select(Batch.id).where(
            Batch.run_id == Run.id, Batch.state == "failed", col(Batch.polled_at) > rested
        )
        wanting = select(Run.id).where(Run.state == "running", fresh.exists(), ~refused.exists())
        with self._store.reading() as session:
            return [run_id or 0 for run_id in session.exec(wanting.order_by(col(Run.id)))]

    def prepare(self, run_id: int) -> bool:
        """Draft fresh examples of a run where that costs nothing, and lease others to a new batch.

        As many as one batch takes and the caps allow. False where nothing of it could be done.
        """
        try:
            return self._prepare(run_id)
        except (StoppingError, InputError) as error:
            self._pause(run_id, str(error))
            return False

    def take(self) -> int | None:
        """A batch with something to do, which no other worker takes meanwhile: see `keep`."""
        due = select(Batch).where(col(Batch.due_at) <= now()).order_by(col(Batch.due_at)).limit(1)
        with self._store.writing() as session:
            batch = session.exec(due.with_for_update(skip_locked=True)).first()
            if batch is None:
                return None
            batch.due_at = self._after(self._settings.lease_seconds)
            session.add(batch)
        return batch.id

    def keep(self, batch_id: int) -> None:
        """Say that a batch that was taken is still being worked on; due before its lease seconds are over."""
        until = self._after(self._settings.lease_seconds)
        with self._store.writing() as session:
            session.exec(
                update(Batch).where(col(Batch.id) == batch_id, col(Batch.due_at) < until).values(due_at=until)
            )

    def advance(self, batch_id: int) -> None:
        """Do the next step of a batch that was taken."""
        with self._store.reading() as session:
            batch = session.get_one(Batch, batch_id)
            is_wanted = runs.get(session, batch.run_id).state in WANTED
        try:
            if batch.state == "preparing" and is_wanted:
                self._send(batch)
            elif batch.state == "preparing":
                self._end(batch, "cancelled")
            elif batch.state == "sending":
                self._find(batch, is_wanted)
            elif batch.state == "submitted":
                self._poll(batch, is_wanted)
            else:
                self._forget(batch)
        except TransientError as error:
            self._note(batch, str(error), error.retry_after or 0)
        except (StoppingError, InputError) as error:
            self._note(batch, str(error))
            self._pause(batch.run_id, str(error))

    def _prepare(self, run_id: int) -> bool:
        with self._store.reading() as session:
            run = runs.get(session, run_id)
            subjects = _subjects(session, self._settings.batch_size, *draft_leases.free(run_id, "batch"))
            if run.state != "running" or not subjects:
                return False
            free, asked = self._factory.free(session, run), self._factory.asked(session, run)
        lane = self._factory.lane(asked.name)
        found = asyncio.run(gather(free, asked, subjects))
        found.questions = next(lane.parts(found.questions), [])
        with self._store.writing() as session:
            begun = self._lease(session, run, asked.name, lane, found)
        if found.drafted:
            route_drafted(self._store, run_id)
        return begun

    def _lease(self, session: Session, seen: Run, model: str, lane: BatchLane, found: Gathered) -> bool:
        """Whether any of it was still free."""
        run, owner, run_id = runs.get(session, seen.id or 0), uuid4().hex, seen.id or 0
        if run.state != "running":
            return False
        prompt, under = session.get_one(Prompt, run.prompt_id).digest, seen.schema_version_id
        count = self._reserve(session, run, owner, lane, found)
        drafted = _claim(session, run_id, owner, [one.subject.example_id for one in found.drafted])
        outcomes = [one.under(under) for one in found.drafted if one.subject.example_id in drafted]
        place.keep(session, owner, {run_id: outcomes}, Written({run_id: prompt}, 0))
        repaired = _claim(session, run_id, owner, found.live)
        for some in grouped(repaired):
            draft_leases.leave_batch(session, owner, some)
        asked = _claim(session, run_id, owner, [int(key) for key, _ in found.questions[:count]])
        earlier = [one.under(under) for key in asked for one in found.earlier.get(key, ())]
        place.note(session, run_id, earlier, prompt)
        if asked:
            session.add(Batch(
                run_id=run_id, owner=owner, model=model, requests=len(asked),
                learned_label_id=seen.learned_label_id, schema_version_id=under,
            ))  # fmt: skip
        else:
            ledger.release(session, owner, run_id)
        return bool(drafted or repaired or asked)

    def _reserve(self, session: Session, run: Run, owner: str, lane: BatchLane, found: Gathered) -> int:
        """How many of the questions the caps allow; stops the run where they allow none and never will."""
        if not found.questions or not ledger.is_capped(session, run):
            return len(found.questions)
        costs = [cost for _, request in found.questions if (cost := lane.most(request)) is not None]
        if len(costs) < len(found.questions):
            raise StoppingError(
                "there is a cap, but no price is known for this model in batches: set PRELABEL_PRICES, or take the cap away"
            )
        count = ledger.reserve(session, run, owner, costs, HELD_SECONDS)
        if not count and (whose := ledger.exhausted(session, run, costs[0])):
            runs.stop_over_budget(session, run, whose)
        return count

    def _find(self, batch: Batch, is_wanted: bool) -> None:
        """It may have been sent: never send it again without knowing that it was not."""
        with self._store.reading() as session:
            known = set(session.exec(select(Batch.remote_id).where(Batch.remote_id != "")))
        lane = self._factory.lane(batch.model)
        if found := lane.find(batch.owner, batch.created_at, batch.requests, known):
            self._move(batch, state="submitted", remote_id=found, due_at=now())
        elif is_wanted:
            self._send(batch)
        else:
            self._end(batch, "cancelled")

    def _send(self, batch: Batch) -> None:
        lane, (asked, _) = self._factory.lane(batch.model), self._asked(batch)
        subjects = self._leased(batch, batch.requests)
        asyncio.run(asked.prepare(subjects))
        rows = [(str(subject.example_id), asked.opening(subject)) for subject in subjects]
        # if this process dies, the next one asks only once what was on its way has arrived
        pause = max(self._settings.batch_poll_seconds, self._settings.lease_seconds)
        self._move(batch, state="sending", due_at=self._after(pause))
        try:
            remote_id = lane.submit(batch.owner, rows)
        except StoppingError as error:  # refused, so there is none
            self._fail(batch, error)
        else:
            self._move(batch, state="submitted", remote_id=remote_id, note="", due_at=self._next())

    def _poll(self, batch: Batch, is_wanted: bool) -> None:
        lane = self._factory.lane(batch.model)
        progress = lane.poll(batch.remote_id)
        if progress.state == "failed":
            self._fail(batch, progress.failure or StoppingError("the provider refuses the batch"))
        elif progress.state == "working":
            if not is_wanted:
                lane.cancel(batch.remote_id)
            note = "" if is_wanted else "being cancelled"
            self._move(batch, answered=progress.answered, polled_at=now(), note=note, due_at=self._next())
        else:
            self._move(batch, answered=progress.answered, polled_at=now())
            self._collect(batch, lane, progress)

    def _collect(self, batch: Batch, lane: BatchLane, progress: Progress) -> None:
        """Write down every result of a batch that is over; one that is read again finds its example gone."""
        is_cancelled = progress.state == "cancelled"
        asked, prompt = self._asked(batch)
        for some in grouped(lane.results(batch.remote_id)):
            results = {int(key): result for key, result in some if key.isdecimal()}
            if is_cancelled:  # what was not answered was not asked: another batch may ask it
                results = {key: one for key, one in results.items() if not isinstance(one, TransientError)}
            self._take(batch, asked, prompt, results, self._leased(batch, GROUP, results))
        while not is_cancelled and (left := self._leased(batch, GROUP)):
            missing = TransientError("the batch ended without an answer to this request")
            self._take(batch, asked, prompt, {subject.example_id: missing for subject in left}, left)
        self._end(batch, "cancelled" if is_cancelled else "collected")
        route_drafted(self._store, batch.run_id)

    def _take(
        self,
        batch: Batch,
        asked: ModelDrafter,
        prompt: str,
        results: Mapping[int, Result],
        subjects: Sequence[Subject],
    ) -> None:
        """Calls and what became of their examples, in one transaction: of those only that the batch still holds."""
        asyncio.run(asked.prepare(subjects))
        read = [judged(asked, subject, results[subject.example_id]) for subject in subjects]
        for subject in subjects:
            asked.forget(subject)
        run_id = batch.run_id
        with self._store.writing() as session:
            held = draft_leases.hold(
                session, run_id, batch.owner, [subject.example_id for subject in subjects]
            )
            kept = [(key, call, outcome) for key, call, outcome in read if key in held]
            ledger.record(session, [Entry(run_id, key, call, "batch") for key, call, _ in kept])
            drafted = [outcome.under(batch.schema_version_id) for _, _, outcome in kept if outcome]
            place.keep(session, batch.owner, {run_id: drafted}, Written({run_id: prompt}, 0))
            draft_leases.leave_batch(session, batch.owner, [key for key, _, outcome in kept if not outcome])

    def _fail(self, batch: Batch, failure: Exception) -> None:
        """The provider did nothing of it: its examples wait for another batch, or for people to put right what is wrong."""
        self._end(batch, "failed", str(failure))
        if isinstance(failure, StoppingError):
            self._pause(batch.run_id, str(failure))

    def _end(self, batch: Batch, state: str, note: str = "") -> None:
        """What it still holds is free again."""
        with self._store.writing() as session:
            draft_leases.release(session, batch.owner)
            ledger.release(session, batch.owner)
            rest = now() if batch.remote_id else None  # there is something to be deleted
            _change(session, batch, state=state, note=note, polled_at=now(), due_at=rest)

    def _forget(self, batch: Batch) -> None:
        try:
            self._factory.lane(batch.model).forget(batch.remote_id)
        except StoppingError as error:
            log.warning("batch %s stays with its provider: %s", batch.remote_id, error)
        self._move(batch, due_at=None)

    def _asked(self, batch: Batch) -> tuple[ModelDrafter, str]:
        """The run's model as it was when the questions were written, and the digest of its prompt."""
        with self._store.reading() as session:
            run = runs.get(session, batch.run_id)
            session.expunge(run)
            run.learned_label_id, run.schema_version_id = batch.learned_label_id, batch.schema_version_id
            prompt = session.get_one(Prompt, run.prompt_id).digest
            return self._factory.asked(session, run), prompt

    def _leased(self, batch: Batch, most: int, which: Collection[int] | None = None) -> list[Subject]:
        """Examples that the batch still holds."""
        held = [col(Placement.run_id) == batch.run_id, col(Placement.lease_owner) == batch.owner]
        if which is not None:
            held.append(col(Placement.example_id).in_(which))
        with self._store.reading() as session:
            return _subjects(session, most, *held)

    def _note(self, batch: Batch, note: str, seconds: float = 0) -> None:
        """Say why it does not go on, and try again later."""
        self._move(batch, note=note, due_at=self._after(max(seconds, self._settings.batch_poll_seconds)))

    def _move(self, batch: Batch, **values: Any) -> None:
        with self._store.writing() as session:
            _change(session, batch, **values)

    def _pause(self, run_id: int, note: str) -> None:
        with self._store.writing() as session:
            runs.pause_for_errors(session, runs.get(session, run_id), note)

    def _after(self, seconds: float) -> datetime:
        return now() + timedelta(seconds=seconds)

    def _next(self) -> datetime:
        return self._after(self._settings.batch_poll_seconds)


def of_run(session: Session, run: Run, after: int, most: int) -> Sequence[Batch]:
    """The run's batches behind one, oldest first."""
    found = select(Batch).where(Batch.run_id == run.id, col(Batch.id) > after)
    return session.exec(found.order_by(col(Batch.id)).limit(most)).all()


def judged(asked: ModelDrafter, subject: Subject, result: Result) -> tuple[int, CallRecord, Outcome | None]:
    """What a result is in the ledger, and what it makes of its example; None: it is to be drafted live.

    An answer that does not fit is one of the latter: live it is remembered, so that only its repair is paid.
    """
    key, digest = subject.example_id, asked.opening(subject).digest

    def call(outcome: CallOutcome, detail: str = "", reply: Reply | None = None) -> CallRecord:
        return CallRecord(asked.name, "draft", digest, outcome, detail, reply, asked.step)

    if isinstance(result, RefusedError):
        failed = Outcome(subject, "failed", asked.name, failure=str(result), step=asked.step)
        return key, call("refused", str(result), result.reply), failed
    if isinstance(result, ModelError):
        return key, call(outcome_of(result), str(result)), None
    try:
        drafted = asked.read(subject, result)
    except LabelError as fault:
        return key, call("invalid", str(fault), result), None
    return key, call("ok", reply=result), replace(drafted, step=asked.step)


def grouped(items: Iterable[T]) -> Iterator[list[T]]:
    """GROUP of them at a time."""
    source = iter(items)
    while some := list(islice(source, GROUP)):
        yield some


def _claim(session: Session, run_id: int, owner: str, example_ids: Iterable[int]) -> set[int]:
    """Those of fresh examples that nobody else has claimed meanwhile."""
    claimed: set[int] = set()
    for some in grouped(example_ids):
        claimed |= set(draft_leases.claim(session, run_id, owner, len(some), HELD_SECONDS, "batch", some))
    return claimed


def _subjects(session: Session, most: int, *which: ColumnElement[bool]) -> list[Subject]:
    """Examples whose placements these are, gold first."""
    examples = session.exec(
        select(Example.id, Example.content)
        .join(Placement, col(Placement.example_id) == Example.id)
        .where(*which)
        .order_by(col(Placement.is_gold).desc(), col(Placement.id))
        .limit(most)
    )
    return [Subject(example_id or 0, dict(content)) for example_id, content in examples]


def _change(session: Session, batch: Batch, **values: Any) -> None:
    """Change a batch, here and in the database. Raises Conflict where another worker has moved it on meanwhile."""
    unmoved = select(Batch).where(Batch.id == batch.id, Batch.state == batch.state)
    row = session.exec(unmoved.with_for_update()).one_or_none()
    if row is None:
        raise Conflict(f"batch {batch.id} is no longer {batch.state}: another worker has moved it on")
    for one in (row, batch):
        for name, value in values.items():
            setattr(one, name, value)
    session.add(row)
