"""Calls and outcomes on their way into the database: one commit takes all that have arrived meanwhile.

An answer is money: where the database does not answer, the writer holds on to what it has and tries again until it does.
"""

import asyncio
import contextvars
import logging
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.exc import InterfaceError, OperationalError
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from prelabel.draft import CallRecord, Outcome, Subject
from prelabel.money import ledger
from prelabel.money.ledger import Entry
from prelabel.routing import place
from prelabel.routing.place import Written
from prelabel.settings import Settings
from prelabel.store import Store

log = logging.getLogger(__name__)
AWAY = (OperationalError, InterfaceError)
"""What the database raises while it is restarted or cannot be reached."""
GATHER_SECONDS = 0.1
"""How long the first to arrive waits for others to share its commit."""


@dataclass(frozen=True)
class Finished:
    """An outcome to be written, the money that was set aside for it, and who waits for it to be durable."""

    run_id: int
    outcome: Outcome
    reserved: Decimal
    written: asyncio.Future[None]


class Writer:
    """Writes what one owner of leases drafts."""

    def __init__(self, store: Store, settings: Settings, owner: str) -> None:
        self._store = store
        self._settings = settings
        self._owner = owner
        self._prompts: dict[int, str] = {}
        self._calls: list[Entry] = []
        self._finished: list[Finished] = []
        self._arrived = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def learn_prompt(self, run_id: int, digest: str) -> None:
        """Which prompt the drafts of a run were made with."""
        self._prompts[run_id] = digest

    def keep(self, run_id: int, subject: Subject, call: CallRecord) -> None:
        """Write a call down soon."""
        self._calls.append(Entry(run_id, subject.example_id, call))
        self._start()

    async def finish(self, run_id: int, outcome: Outcome, reserved: Decimal) -> None:
        """Return once the outcome, and every call before it, is in the database."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._finished.append(Finished(run_id, outcome, reserved, written))
        self._start()
        await written

    async def close(self) -> None:
        """Write what has arrived, and end."""
        await self._write_all()
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _start(self) -> None:
        self._arrived.set()
        if self._task is None or self._task.done():
            # Of its own context: what it says is about all that it writes, not about the example that came first.
            self._task = asyncio.create_task(self._run(), context=contextvars.Context())

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._arrived.clear()
            await asyncio.shield(self._write_all())

    async def _write_all(self) -> None:
        async with self._writing:
            calls, self._calls = self._calls, []
            finished, self._finished = self._finished, []
            fault: BaseException | None = None
            try:
                await self._write_patiently(calls, finished)
            except Exception as error:  # noqa: BLE001 # handed to all who wait, who stop their runs with it
                fault = error
                log.error("%d calls and %d drafts could not be written: %s", len(calls), len(finished), fault)
            for one in finished:
                if not one.written.done():
                    one.written.set_exception(fault) if fault else one.written.set_result(None)

    async def _write_patiently(self, calls: list[Entry], finished: list[Finished]) -> None:
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(AWAY), wait=wait_random_exponential(0.2, max=5)
        )
        async for attempt in attempts:
            with attempt:
                is_again = attempt.retry_state.attempt_number > 1
                await asyncio.to_thread(self._write, calls, finished, is_again)

    def _write(self, calls: list[Entry], finished: list[Finished], is_again: bool) -> None:
        outcomes: dict[int, list[Outcome]] = defaultdict(list)
        reserved: dict[int, Decimal] = defaultdict(Decimal)
        for one in finished:
            outcomes[one.run_id].append(one.outcome)
            reserved[one.run_id] += one.reserved
        with self._store.writing() as session:
            if is_again and calls and ledger.holds(session, calls[0]):
                return  # one transaction wrote all of them, and only its answer was lost
            ledger.record(session, calls)
            if outcomes:
                written = Written(self._prompts, self._settings.retry_seconds)
                place.keep(session, self._owner, outcomes, written)
            for run_id, dollars in reserved.items():
                if dollars:
                    ledger.use(session, run_id, self._owner, dollars)
