"""One chunk of a run on its way: claim it, draft with many calls in flight, write each answer as it comes, route.

A call's slot is held until its answer is in the database, so a crash loses at most the calls in flight.
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from sqlmodel import Session, col, select

from prelabel import ledger, place, runs
from prelabel.draft import Drafter, Outcome, Subject
from prelabel.errors import InputError, StoppingError
from prelabel.models import Example, Prompt, Run
from prelabel.route import route_drafted
from prelabel.settings import Settings
from prelabel.store import Store

DrafterFactory = Callable[[Session, Run, Sequence[Subject]], Drafter]
"""Builds the drafter of a run for these subjects. Raises StoppingError where it cannot work at all."""


@dataclass(frozen=True)
class Claimed:
    """Examples of one run, leased to `owner`."""

    run: Run
    prompt_digest: str
    owner: str
    subjects: Sequence[Subject]
    drafter: Drafter


async def draft_chunk(
    store: Store, settings: Settings, run_id: int, factory: DrafterFactory, slots: asyncio.Semaphore
) -> int:
    """Draft and route one chunk; returns how many examples it held (0: nothing was left to do)."""
    owner = uuid.uuid4().hex
    try:
        claimed = await asyncio.to_thread(_claim, store, settings, run_id, owner, factory)
        if claimed:
            await _draft(store, settings, claimed, slots)
    finally:
        await asyncio.to_thread(_release, store, owner)
    await asyncio.to_thread(route_drafted, store, run_id)
    return len(claimed.subjects) if claimed else 0


def _claim(
    store: Store, settings: Settings, run_id: int, owner: str, factory: DrafterFactory
) -> Claimed | None:
    with store.writing() as session:
        run = runs.get(session, run_id)
        if run.state != "running":
            return None
        placements = place.claim(session, run_id, owner, settings.chunk_size, settings.lease_seconds)
        if not placements:
            return None
    try:
        with store.reading() as session:
            ids = [placement.example_id for placement in placements]
            examples = session.exec(select(Example).where(col(Example.id).in_(ids)).order_by(col(Example.id)))
            subjects = [Subject(example.id or 0, example.content) for example in examples]
            prompt = session.get_one(Prompt, run.prompt_id)
            drafter = factory(session, run, subjects)
        affordable = _reserve(store, settings, run_id, owner, drafter, subjects)
    except (StoppingError, InputError) as error:
        _pause(store, run_id, str(error))
        return None
    with store.writing() as session:  # loading a model library can take longer than a lease lives
        held = place.renew(session, owner, settings.lease_seconds)
    return Claimed(
        run, prompt.digest, owner, [subject for subject in affordable if subject.example_id in held], drafter
    )


def _reserve(
    store: Store, settings: Settings, run_id: int, owner: str, drafter: Drafter, subjects: list[Subject]
) -> list[Subject]:
    """As many of the subjects as the cap allows to be paid for; raises StoppingError where it allows none."""
    with store.writing() as session:
        if runs.get(session, run_id).cap is None:
            return subjects
        while subjects:
            costs = [drafter.most(subject) for subject in subjects]
            known = [cost for cost in costs if cost is not None]
            if len(known) < len(costs):
                raise StoppingError(
                    f"the run has a cap, but no price is known for {drafter.name}: set PRELABEL_PRICES, or start without a cap"
                )
            if ledger.reserve(session, run_id, owner, sum(known, Decimal(0)), settings.lease_seconds):
                return subjects
            subjects = subjects[: len(subjects) // 2]
    raise StoppingError("the cap is reached: resume the run with a higher one to go on")


async def _draft(store: Store, settings: Settings, claimed: Claimed, slots: asyncio.Semaphore) -> None:
    stop = asyncio.Event()
    arrived: asyncio.Queue[tuple[Outcome, asyncio.Future[None]]] = asyncio.Queue()
    helpers = [
        asyncio.create_task(_write(store, settings, claimed, arrived, stop)),
        asyncio.create_task(_stay_alive(store, settings, claimed, stop)),
    ]
    callers = [
        asyncio.create_task(_call(claimed.drafter, subject, arrived, slots, stop))
        for subject in claimed.subjects
    ]
    try:
        waiting = set(callers)
        while waiting:
            done, _ = await asyncio.wait({*waiting, *helpers}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # a writer that failed ends the chunk: its examples are given back
            waiting -= done
    finally:
        await _cancel([*callers, *helpers])


async def _call(
    drafter: Drafter,
    subject: Subject,
    arrived: asyncio.Queue[tuple[Outcome, asyncio.Future[None]]],
    slots: asyncio.Semaphore,
    stop: asyncio.Event,
) -> None:
    async with slots:
        if stop.is_set():
            return
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await arrived.put((await drafter.draft(subject), written))
        await written


async def _write(
    store: Store,
    settings: Settings,
    claimed: Claimed,
    arrived: asyncio.Queue[tuple[Outcome, asyncio.Future[None]]],
    stop: asyncio.Event,
) -> None:
    """Write answers in the order they come, all that have arrived meanwhile in one commit."""
    while True:
        batch = [await arrived.get()]
        while not arrived.empty():
            batch.append(arrived.get_nowait())
        outcomes = [outcome for outcome, _ in batch]
        if any(outcome.ending == "stopped" for outcome in outcomes):
            stop.set()
        await asyncio.shield(asyncio.to_thread(_keep, store, settings, claimed, outcomes))
        for _, written in batch:
            if not written.done():
                written.set_result(None)


def _keep(store: Store, settings: Settings, claimed: Claimed, outcomes: list[Outcome]) -> None:
    with store.writing() as session:
        ledger.record(session, claimed.run, outcomes)
        place.keep(
            session, claimed.run, claimed.owner, outcomes, claimed.prompt_digest, settings.retry_seconds
        )
    for outcome in outcomes:
        if outcome.ending == "stopped":
            _pause(store, claimed.run.id or 0, outcome.failure)
            return


async def _stay_alive(store: Store, settings: Settings, claimed: Claimed, stop: asyncio.Event) -> None:
    """Renew the leases, and start no further calls once the run is no longer running."""
    while True:
        await asyncio.sleep(settings.lease_seconds / 3)
        if await asyncio.to_thread(_renew, store, settings, claimed) != "running":
            stop.set()


def _renew(store: Store, settings: Settings, claimed: Claimed) -> str:
    with store.writing() as session:
        place.renew(session, claimed.owner, settings.lease_seconds)
        ledger.renew(session, claimed.owner, settings.lease_seconds)
        return runs.get(session, claimed.run.id or 0).state


def _release(store: Store, owner: str) -> None:
    with store.writing() as session:
        place.release(session, owner)
        ledger.release(session, owner)


def _pause(store: Store, run_id: int, note: str) -> None:
    with store.writing() as session:
        run = runs.get(session, run_id)
        if run.state == "running":
            runs.pause(session, run, note)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
