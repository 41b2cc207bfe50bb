"""The worker's batcher: it advances what is due, and a fault is not its end."""

import threading
from datetime import timedelta

import pytest

from prelabel.models import now
from prelabel.store import Store
from prelabel_worker.batcher import Batcher
from tests.batching import QUICK, Factory, FakeProvider, all_batches, batches
from tests.factories import get_run, make_run, places
from tests.waiting import wait_until


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


def run_through(store: Store, run_id: int, *batchers: Batcher) -> None:
    for one in batchers:
        one.start()
    try:
        wait_until(lambda: places(store, run_id) == {"settled": 12} and all_ended(store), every=0.01)
    finally:
        for one in batchers:
            one.stop()
        for one in batchers:
            one.join()


def all_ended(store: Store) -> bool:
    return all(one.due_at is None for one in all_batches(store))


def test_several_workers_advance_a_run_together_and_send_nothing_twice(
    store: Store, provider: FakeProvider
) -> None:
    provider.most_rows = 3
    run_id = make_run(store, 12, lane="batch")
    crew = [Batcher(batches(store, Factory(store, provider)), QUICK) for _ in range(3)]
    run_through(store, run_id, *crew)
    sent = [key for one in provider.sent.values() for key in one.rows]
    assert (len(sent), len(set(sent))) == (12, 12)


def test_a_fault_is_not_the_end(
    store: Store, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good, run_id = provider.poll, make_run(store, 12, lane="batch")
    faults = iter([ZeroDivisionError("once")])

    def poll(remote_id: str) -> object:
        if fault := next(faults, None):
            raise fault
        return good(remote_id)

    monkeypatch.setattr(provider, "poll", poll)
    used = batches(store, Factory(store, provider), lease_seconds=0.2)
    run_through(store, run_id, Batcher(used, QUICK))
    assert "ZeroDivisionError" in caplog.text


def test_a_batch_is_kept_while_a_step_takes_longer_than_its_lease(
    store: Store, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, at_once, inside, leased = provider.submit, [], threading.Semaphore(1), 1

    def submit(*args: object) -> str:
        at_once.append(inside.acquire(blocking=False))
        [first_end] = (one.due_at for one in all_batches(store))
        wait_until(lambda: now() > (first_end or now()) + timedelta(seconds=leased), every=0.01)
        inside.release()
        return good(*args)  # type: ignore[arg-type] # as they come

    monkeypatch.setattr(provider, "submit", submit)
    run_id = make_run(store, 12, lane="batch")
    short = QUICK.model_copy(update={"lease_seconds": leased})
    crew = [Batcher(batches(store, Factory(store, provider), lease_seconds=leased), short) for _ in range(2)]
    run_through(store, run_id, *crew)
    assert (at_once, get_run(store, run_id).state) == ([True], "running")
