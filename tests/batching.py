"""What tests of the batch lane share: a provider in memory, crashes at any boundary, and a driver to the end of a run."""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlmodel import Session, col, select, update

from prelabel import runs
from prelabel.draft import Asker, Drafter, ModelDrafter, Reply, Request
from prelabel.errors import ModelError, TransientError
from prelabel.lanes.batch import Batches, BatchFactory
from prelabel.lanes.endpoint import BatchLane, Progress, Result
from prelabel.lanes.gather import Free
from prelabel.models import Batch, Run, now
from prelabel.money import ledger
from prelabel.prompt import Instructions, load_prompt
from prelabel.settings import Settings
from prelabel.store import Store
from tests.factories import SCHEMA, all_of, make_run, places, work_off

QUICK = Settings(
    lease_seconds=60,
    batch_poll_seconds=0.01,
    retry_seconds=0.01,
    chunk_size=10,
    concurrency=4,
    batch_size=100,
)
LIVE, BATCH = Decimal("0.02"), Decimal("0.01")
"""Dollars of a call."""


def answer(label: str = "a", confidence: float = 0.95) -> str:
    return json.dumps({"label": {"topic": label}, "confidence": {"topic": confidence}})


@dataclass
class Sent:
    """A batch as the provider has it."""

    key: str
    rows: dict[str, Request]
    state: str = "ended"
    forgotten: bool = False


@dataclass
class FakeProvider:
    """Answers live (`prelabel.draft.Model`) and in batches (`prelabel.lanes.endpoint.BatchLane`); `bad` are results by the example's text."""

    name: str = "fake"
    bad: dict[str, Result | None] = field(default_factory=dict)
    live_bad: dict[str, ModelError] = field(default_factory=dict)
    state: str = "ended"
    failure: ModelError | None = None
    refusals: list[ModelError] = field(default_factory=list)
    most_rows: int = 1_000
    sent: dict[str, Sent] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    spent: Decimal = Decimal(0)
    _billed: set[str] = field(default_factory=set)

    async def ask(self, request: Request) -> Reply:
        text = _text(request)
        self.asked[text] += 1
        if text in self.live_bad:
            raise self.live_bad[text]
        self.spent += LIVE
        return Reply(answer(), tokens_in=10, tokens_out=2, dollars=LIVE)

    def most(self, _request: Request) -> Decimal | None:
        return Decimal("0.03")

    def parts(self, requests: Iterable[tuple[str, Request]]) -> Iterator[list[tuple[str, Request]]]:
        source = iter(requests)
        while part := list(islice(source, self.most_rows)):
            yield part

    def submit(self, key: str, requests: Sequence[tuple[str, Request]]) -> str:
        if self.refusals:
            raise self.refusals.pop()
        remote_id = f"remote-{len(self.sent)}"
        self.sent[remote_id] = Sent(key, dict(requests))
        return remote_id

    def find(self, key: str, since: datetime, rows: int, known: Collection[str] = ()) -> str | None:
        found = [name for name, sent in self.sent.items() if sent.key == key and name not in known]
        assert all(len(self.sent[name].rows) == rows for name in found)
        return found[0] if found else None

    def poll(self, remote_id: str) -> Progress:
        sent = self.sent[remote_id]
        state: Any = "cancelled" if remote_id in self.cancelled else self.state
        return Progress(state, len(sent.rows), 0, failure=self.failure if state == "failed" else None)

    def results(self, remote_id: str) -> Iterator[tuple[str, Result]]:
        sent = self.sent[remote_id]
        assert not sent.forgotten
        for number, (key, request) in enumerate(reversed(sent.rows.items())):
            result = self._result(request)
            if remote_id in self.cancelled and number % 2:
                result = TransientError("it was cancelled")
            if result is None:
                continue
            paid = result if isinstance(result, Reply) else getattr(result, "reply", None)
            if paid and (bill := f"{remote_id}/{key}") not in self._billed:
                self._billed.add(bill)
                self.spent += paid.dollars or 0
            yield key, result

    def cancel(self, remote_id: str) -> None:
        self.cancelled.append(remote_id)

    def forget(self, remote_id: str) -> None:
        self.sent[remote_id].forgotten = True

    def _result(self, request: Request) -> Result | None:
        good = Reply(answer(), tokens_in=10, tokens_out=2, dollars=BATCH)
        return self.bad.get(_text(request), good)


@dataclass
class Fuse:
    """Burns at every boundary between two acts; at the one that is `left`, the process dies."""

    left: int = 0
    burnt: list[str] = field(default_factory=list)

    def burn(self, where: str) -> None:
        self.burnt.append(where)
        if len(self.burnt) == self.left:
            raise Crash(where)


class Crash(BaseException):
    """The process dies here."""


class CrashingStore(Store):
    """A store whose process may die before and after each commit."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self.__dict__ = store.__dict__
        self._fuse_of_tests = fuse

    @contextmanager
    def writing(self) -> Iterator[Session]:
        fuse = self._fuse_of_tests
        with super().writing() as session:
            yield session
            fuse.burn("before a commit")
        fuse.burn("after a commit")


class CrashingLane:
    """A lane whose process may die before and after each call, and between two results."""

    def __init__(self, lane: BatchLane, fuse: Fuse) -> None:
        self._lane = lane
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._lane, name)
        if name in ("most", "parts", "name"):
            return found

        def call(*args: Any) -> Any:
            self._fuse.burn(f"before {name}")
            answered = found(*args)
            if name == "results":
                return self._streamed(answered)
            self._fuse.burn(f"after {name}")
            return answered

        return call

    def _streamed(self, results: Iterator[tuple[str, Result]]) -> Iterator[tuple[str, Result]]:
        for number, one in enumerate(results):
            if number % 4 == 3:
                self._fuse.burn("between two results")
            yield one


class Factory:
    """Answers `prelabel.lanes.batch.BatchFactory` over one provider."""

    def __init__(self, store: Store, provider: Any, free: Free = (), lane: BatchLane | None = None) -> None:
        self._store = store
        self._provider = provider
        self._free = free
        self._lane = lane or provider

    def lane(self, _model: str) -> BatchLane:
        return self._lane

    def free(self, _session: Session, _run: Run) -> Free:
        return self._free

    def asked(self, _session: Session | None = None, _run: Run | None = None) -> ModelDrafter:
        told = Instructions(load_prompt("label"), SCHEMA, "stated")
        asker = Asker(2, self._recall, len(self._free))
        return ModelDrafter(self._provider, told, lambda _schema, _reply: ({}, {}), asker)

    def _recall(self, ids: Collection[int], hashes: Collection[str]) -> Sequence[tuple[int, str, Reply]]:
        with self._store.reading() as session:
            return ledger.recall(session, [self._provider.name], ids, hashes)


def batches(store: Store, factory: BatchFactory, **settings: Any) -> Batches:
    return Batches(store, QUICK.model_copy(update=settings), factory)


def advance_all(used: Batches) -> None:
    """Prepare what is fresh and do some of what is due: where a poll takes longer than polls are apart, there is always more."""
    for run_id in used.runs_to_prepare():
        used.prepare(run_id)
    for batch_id in islice(iter(used.take, None), 10):
        used.advance(batch_id)


def finish(
    store: Store, run_id: int, used: Batches, live: Callable[[], Drafter], seconds: float = 90
) -> dict[str, int]:
    """Advance batches and draft live until nothing waits and nothing is due; where the examples are then."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        advance_all(used)
        if runs_live(store, run_id):
            work_off(store, run_id, live(), QUICK)
        found = places(store, run_id)
        if not ({"waiting", "drafted"} & found.keys() or unfinished(store)):
            return found
        time.sleep(0.01)
    raise AssertionError(f"not finished: {found}, {[vars(one) for one in all_batches(store)]}")


def batch_run(store: Store, examples: int = 12, **options: object) -> int:
    """A started run that is drafted in batches."""
    return make_run(store, examples, lane="batch", **options)  # type: ignore[arg-type] # as they come


def done(store: Store, run_id: int, provider: FakeProvider) -> dict[str, int]:
    """Advance its batches, with nothing amiss, until nothing is left to do; where the examples are then."""
    factory = Factory(store, provider)
    return finish(store, run_id, batches(store, factory), factory.asked)


def spent(store: Store, run_id: int) -> Decimal:
    """Dollars of a run."""
    with store.reading() as session:
        return ledger.spent(session, run_id)


def let_leases_lapse(store: Store) -> None:
    """As if whoever has taken a batch had been dead for long."""
    with store.writing() as session:
        session.exec(update(Batch).where(col(Batch.due_at).is_not(None)).values(due_at=now()))


def runs_live(store: Store, run_id: int) -> bool:
    with store.reading() as session:
        return run_id in runs.with_work(session)


def unfinished(store: Store) -> bool:
    with store.reading() as session:
        return session.exec(select(Batch.id).where(col(Batch.due_at).is_not(None))).first() is not None


def all_batches(store: Store) -> Sequence[Batch]:
    with store.reading() as session:
        found: Sequence[Batch] = all_of(session, Batch)
        return found


def _text(request: Request) -> str:
    """The example's text of a question."""
    return str(request.messages[1]["content"].splitlines()[1])
