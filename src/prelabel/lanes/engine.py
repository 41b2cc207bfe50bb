"""Drafting in one worker process: many calls in flight over all its runs, and no pause between the examples it claims.

Each run is a `Line`: it claims examples by lease, a few at a time, and drafts them. The process's share of calls in flight is
divided evenly among its lines. Calls and outcomes go to one `Writer`, which commits all that have arrived meanwhile at once; an
example's turn ends when its outcome is in the database, so a crash loses no more than what was in flight.
"""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal

from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.draft import Drafter, Subject
from prelabel.drafting import draft_leases
from prelabel.errors import InputError, StoppingError
from prelabel.lanes.writer import AWAY, Writer
from prelabel.models import Example, Prompt, Run
from prelabel.money import ledger
from prelabel.operations import logs, tracing
from prelabel.route import route_drafted
from prelabel.settings import Settings
from prelabel.store import Store

log = logging.getLogger(__name__)
DrafterFactory = Callable[[Session, Run], Drafter]
"""Builds the drafter of a run as it is now. Raises StoppingError where it cannot work at all."""
ROUTE_SECONDS = 0.5
"""How often what is drafted is routed, while drafting goes on."""


class Engine:
    """Everything that one process drafts. All methods but `__init__` are called in its event loop."""

    def __init__(self, store: Store, settings: Settings, factory: DrafterFactory) -> None:
        self.store = store
        self.settings = settings
        self.factory = factory
        self.owner = uuid.uuid4().hex
        self.writer = Writer(store, settings, self.owner)
        self._lines: dict[int, asyncio.Task[None]] = {}
        self._alive: asyncio.Task[None] | None = None
        self._stopped = False

    def wake(self, run_id: int) -> asyncio.Task[None] | None:
        """Draft what waits in a run, unless this process is at it already or is about to end."""
        if self._stopped or run_id in self._lines:
            return self._lines.get(run_id)
        if self._alive is None or self._alive.done():
            self._alive = asyncio.create_task(self._stay_alive())
        task = asyncio.create_task(Line(self, run_id).work())
        self._lines[run_id] = task
        task.add_done_callback(lambda _: self._lines.pop(run_id, None))
        return task

    @property
    def share(self) -> int:
        """Examples that each line may have on their way at once.

        Half as many again as calls in flight: their answers are on their way into the database meanwhile.
        """
        return max(
            1, (self.settings.concurrency + self.settings.concurrency // 2) // max(1, len(self._lines))
        )

    async def stop(self, seconds: float) -> None:
        """Start no further calls, wait so long for those in flight, give back the rest."""
        self._stopped = True
        if lines := list(self._lines.values()):
            await asyncio.wait(lines, timeout=seconds)
        for task in (*self._lines.values(), *([self._alive] if self._alive else [])):
            task.cancel()
        await self.writer.close()
        await asyncio.to_thread(self._give_back)

    @property
    def is_stopped(self) -> bool:
        """Whether no further calls are started."""
        return self._stopped

    async def _stay_alive(self) -> None:
        """Renew leases and reservations while there are lines."""
        while self._lines:
            await asyncio.sleep(self.settings.lease_seconds / 3)
            try:
                await asyncio.to_thread(self._renew)
            except AWAY as error:
                log.warning("the database does not answer, leases are not renewed: %s", error)

    def _renew(self) -> None:
        with self.store.writing() as session:
            draft_leases.renew(session, self.owner, self.settings.lease_seconds)
            ledger.renew(session, self.owner, self.settings.reservation_seconds)

    def _give_back(self) -> None:
        with suppress(*AWAY), self.store.writing() as session:
            draft_leases.release(session, self.owner)
            ledger.release(session, self.owner)


class Line:
    """One run on its way through one process."""

    def __init__(self, engine: Engine, run_id: int) -> None:
        self._engine = engine
        self._store = engine.store
        self._run_id = run_id
        self._ready: deque[tuple[Drafter, int, Subject, Decimal]] = deque()
        self._drafting: set[asyncio.Task[None]] = set()
        self._begun = 0
        self._drafter: Drafter | None = None
        self._learned = -1
        self._schema_version = 0
        self._changed = asyncio.Event()
        self._is_over = False
        self._is_short = False
        self._fault: BaseException | None = None

    async def work(self) -> None:
        """Until nothing is left to claim, the run is stopped, or the engine is."""
        with logs.about(run_id=self._run_id):
            await self._work_to_the_end()

    async def _work_to_the_end(self) -> None:
        keeper = asyncio.create_task(self._look_after())
        try:
            await self._work()
        except AWAY as error:
            log.warning(
                "run %s: the database does not answer, it is taken up again later: %s", self._run_id, error
            )
        except Exception as error:  # a run with a fault pauses and says so; the other runs go on
            log.exception("run %s is paused by a fault", self._run_id)
            with suppress(*AWAY):
                await asyncio.to_thread(self._pause, f"a fault in the worker: {error!r}; its log says more")
        finally:
            left = [keeper, *self._drafting]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            with suppress(*AWAY):
                await asyncio.to_thread(self._end)

    @property
    def _share(self) -> int:
        """Examples that may be on their way at once: more where several go into one call."""
        return self._engine.share * (self._drafter.together if self._drafter else 1)

    async def _work(self) -> None:
        supply: asyncio.Task[None] | None = None
        while True:
            while self._ready and len(self._drafting) < self._share and not self._engine.is_stopped:
                self._start(*self._ready.popleft())
            if not (self._is_over or self._engine.is_stopped or supply) and self._runs_dry:
                supply = asyncio.create_task(self._claim())
                supply.add_done_callback(lambda _: self._changed.set())
            if not self._drafting and not supply:
                break
            await self._changed.wait()
            self._changed.clear()
            if supply and supply.done():
                self._note_fault(supply)
                supply = None
        if self._fault:
            raise self._fault

    @property
    def _runs_dry(self) -> bool:
        if self._is_short:  # of money: what is set aside for the calls on their way may yet be left over
            return not (self._ready or self._drafting)
        return len(self._ready) < max(1, self._share // 4)

    def _start(self, drafter: Drafter, schema_version: int, subject: Subject, reserved: Decimal) -> None:
        task = asyncio.create_task(self._draft(drafter, schema_version, subject, reserved))
        self._drafting.add(task)
        task.add_done_callback(self._drafted)

    def _drafted(self, task: asyncio.Task[None]) -> None:
        self._drafting.discard(task)
        if not task.cancelled():
            self._note_fault(task)
        self._changed.set()

    def _note_fault(self, task: asyncio.Task[None]) -> None:
        """Begin nothing more after a fault; calls in flight are waited for, since they are paid for."""
        if fault := task.exception():
            self._fault = fault
            self._finish_early()

    async def _draft(
        self, drafter: Drafter, schema_version: int, subject: Subject, reserved: Decimal
    ) -> None:
        writer = self._engine.writer
        begun, self._begun = self._begun, self._begun + 1
        with logs.about(example_id=subject.example_id), tracing.drafting(begun) as span:
            outcome = await drafter.draft(subject, lambda of, call: writer.keep(self._run_id, of, call))
            span.set_attribute("prelabel.ending", outcome.ending)
        outcome = outcome.under(schema_version)
        if outcome.ending == "stopped":
            self._finish_early()
        await writer.finish(self._run_id, outcome, reserved)
        if outcome.ending == "stopped":
            await asyncio.to_thread(self._pause, outcome.failure)

    def _finish_early(self) -> None:
        self._is_over = True
        self._ready.clear()

    async def _claim(self) -> None:
        """Lease some more examples; over, where there are none, the run has stopped, or its money is spent."""
        size = self._engine.settings.chunk_size
        if self._drafter:  # else how many go into one call is not known yet
            size = min(size, max(8, self._share // 2))
        try:
            claimed = await asyncio.to_thread(self._lease, size)
            if claimed and (drafter := self._drafter):
                under = self._schema_version
                await drafter.prepare(claimed)
                costs = await asyncio.to_thread(self._afford, drafter, claimed)
                self._ready.extend((drafter, under, *one) for one in zip(claimed, costs, strict=False))
        except (StoppingError, InputError) as error:
            self._finish_early()
            await asyncio.to_thread(self._pause, str(error))

    def _lease(self, size: int) -> Sequence[Subject]:
        settings, owner = self._engine.settings, self._engine.owner
        with self._store.writing() as session:
            run = session.get_one(Run, self._run_id)
            found = []
            if run.state == "running":
                found = draft_leases.claim(session, self._run_id, owner, size, settings.lease_seconds)
        if not found:
            self._is_over = True
            return []
        with self._store.reading() as session:
            now = run.learned_label_id, run.schema_version_id
            if self._drafter is None or now != (self._learned, self._schema_version):
                self._drafter = self._engine.factory(session, run)
                self._learned, self._schema_version = now
                self._engine.writer.learn_prompt(self._run_id, session.get_one(Prompt, run.prompt_id).digest)
            examples = session.exec(
                select(Example.id, Example.content)
                .where(col(Example.id).in_(found))
                .order_by(col(Example.id))
            )
            return [Subject(example_id or 0, dict(content)) for example_id, content in examples]

    def _afford(self, drafter: Drafter, claimed: Sequence[Subject]) -> list[Decimal]:
        """Money set aside for each of the first of them, as many as the caps allow; the rest is given back."""
        settings, owner = self._engine.settings, self._engine.owner
        with self._store.writing() as session:
            run = session.get_one(Run, self._run_id)
            if not ledger.is_capped(session, run):
                return [Decimal(0)] * len(claimed)
            costs = [self._cost(drafter, subject) for subject in claimed]
            count = ledger.reserve(session, run, owner, costs, settings.reservation_seconds)
            self._is_short = count < len(claimed)
            if self._is_short:
                left = [subject.example_id for subject in claimed[count:]]
                draft_leases.release(session, owner, self._run_id, left)
                for subject in claimed[count:]:
                    drafter.forget(subject)
                whose = ledger.exhausted(session, run, costs[count])
                if whose and run.state == "running":
                    runs.stop_over_budget(session, run, whose)
                self._is_over |= bool(whose) or not (count or self._drafting)
        return costs[:count]

    def _cost(self, drafter: Drafter, subject: Subject) -> Decimal:
        cost = drafter.most(subject)
        if cost is None:
            raise StoppingError(
                f"there is a cap, but no price is known for {drafter.name}: set PRELABEL_PRICES, or take the cap away"
            )
        return cost

    async def _look_after(self) -> None:
        """Route what is drafted, and start no further calls once the run is not to go on."""
        while True:
            await asyncio.sleep(ROUTE_SECONDS)
            with suppress(*AWAY):
                await asyncio.to_thread(route_drafted, self._store, self._run_id)
                if await asyncio.to_thread(self._state) != "running":
                    self._finish_early()

    def _state(self) -> str:
        with self._store.reading() as session:
            return session.get_one(Run, self._run_id).state

    def _pause(self, note: str) -> None:
        with self._store.writing() as session:
            runs.pause_for_errors(session, session.get_one(Run, self._run_id), note)

    def _end(self) -> None:
        """Give back what was claimed and not begun, and route the last ones."""
        with self._store.writing() as session:
            draft_leases.release(session, self._engine.owner, self._run_id)
            ledger.release(session, self._engine.owner, self._run_id)
        route_drafted(self._store, self._run_id)
