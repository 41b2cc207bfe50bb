"""A run in the batch lane that is refused, stopped by people or at its cap, and what is under way then."""

import time
from decimal import Decimal

import pytest

from prelabel import runs
from prelabel.errors import ModelError, StoppingError, TransientError
from prelabel.lanes import batch
from prelabel.models import Placement
from prelabel.store import Store
from tests.batching import (
    BATCH,
    Factory,
    FakeProvider,
    advance_all,
    all_batches,
    batch_run,
    batches,
    done,
    spent,
    unfinished,
)
from tests.factories import all_of, get_run, places

EXAMPLES = 12


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


def test_a_run_whose_batches_are_refused_is_paused_and_goes_on_later(
    store: Store, provider: FakeProvider
) -> None:
    run_id = batch_run(store)
    provider.refusals = [StoppingError("the provider does not accept the key")]
    used = batches(store, Factory(store, provider))
    advance_all(used)
    run = get_run(store, run_id)
    assert (run.state, run.note) == ("paused", "the provider does not accept the key")
    assert [one.state for one in all_batches(store)] == ["failed"]
    resume(store, run_id)
    assert done(store, run_id, provider) == {"settled": EXAMPLES}


def resume(store: Store, run_id: int, cap: Decimal | None = None) -> None:
    with store.writing() as session:
        runs.resume(session, runs.get(session, run_id), cap)


@pytest.mark.parametrize(
    ("failure", "state"),
    [(TransientError("the queue is full"), "running"), (StoppingError("bad file"), "paused")],
)
def test_a_batch_that_failed_as_a_whole_costs_nothing_and_leaves_its_examples_free(
    store: Store, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, failure: ModelError, state: str
) -> None:
    monkeypatch.setattr(batch, "RESTS", 10_000)
    provider.state, provider.failure = "failed", failure
    run_id = batch_run(store)
    used = batches(store, Factory(store, provider))
    for _ in range(3):
        advance_all(used)
        time.sleep(0.02)
    assert (get_run(store, run_id).state, len(provider.sent)) == (state, 1)
    assert [(one.state, one.note) for one in all_batches(store)] == [("failed", str(failure))]
    with store.reading() as session:
        assert {row.lease_owner for row in all_of(session, Placement)} == {None}


def test_a_run_goes_on_after_a_batch_that_the_provider_had_no_room_for(
    store: Store, provider: FakeProvider
) -> None:
    provider.state, provider.failure = "failed", TransientError("the queue is full")
    run_id = batch_run(store)
    used = batches(store, Factory(store, provider))
    while [one.state for one in all_batches(store)] != ["failed"]:
        advance_all(used)
    provider.state = "ended"
    assert done(store, run_id, provider) == {"settled": EXAMPLES}
    assert [one.state for one in all_batches(store)] == ["failed", "collected"]


@pytest.mark.parametrize("act", ["pause", "cancel"])
def test_a_batch_of_a_run_that_people_stop_is_cancelled_and_what_was_answered_is_kept(
    store: Store, provider: FakeProvider, act: str
) -> None:
    run_id = batch_run(store)
    provider.state = "working"
    used = batches(store, Factory(store, provider))
    advance_all(used)
    with store.writing() as session:
        run = runs.get(session, run_id)
        runs.pause(session, run, "tea") if act == "pause" else runs.cancel(session, run)
    while unfinished(store):
        advance_all(used)
    assert provider.cancelled == ["remote-0"]
    assert places(store, run_id) == {"settled": 6, "waiting": 6}
    assert spent(store, run_id) == provider.spent == 6 * BATCH
    assert [one.state for one in all_batches(store)] == ["cancelled"]


def test_a_run_that_is_resumed_sends_what_was_cancelled_in_another_batch(
    store: Store, provider: FakeProvider
) -> None:
    test_a_batch_of_a_run_that_people_stop_is_cancelled_and_what_was_answered_is_kept(
        store, provider, "pause"
    )
    provider.state = "ended"
    run_id = all_batches(store)[0].run_id
    resume(store, run_id)
    assert done(store, run_id, provider) == {"settled": EXAMPLES}
    assert [len(sent.rows) for sent in provider.sent.values()] == [12, 6]
    assert spent(store, run_id) == provider.spent == EXAMPLES * BATCH


def test_a_batch_of_a_run_that_is_stopped_before_it_was_sent_is_not(
    store: Store, provider: FakeProvider
) -> None:
    run_id, used = batch_run(store), batches(store, Factory(store, provider))
    used.prepare(run_id)
    with store.writing() as session:
        runs.cancel(session, runs.get(session, run_id))
    advance_all(used)
    assert (provider.sent, [one.state for one in all_batches(store)]) == ({}, ["cancelled"])


def test_a_cap_lets_as_many_into_a_batch_as_it_could_pay_for(store: Store, provider: FakeProvider) -> None:
    run_id = batch_run(store, cap=Decimal("0.1"))
    used = batches(store, Factory(store, provider))
    provider.state = "working"  # else a slow machine may find it over, and its money free again
    advance_all(used)
    assert [len(sent.rows) for sent in provider.sent.values()] == [3]
    assert (get_run(store, run_id).state, used.prepare(run_id)) == ("running", False)


def test_a_run_stops_at_its_cap_and_what_is_under_way_is_kept(store: Store, provider: FakeProvider) -> None:
    run_id = batch_run(store, cap=Decimal("0.1"))
    used = batches(store, Factory(store, provider))
    while get_run(store, run_id).state == "running" or unfinished(store):
        advance_all(used)
    assert get_run(store, run_id).state == "over_budget"
    assert spent(store, run_id) == provider.spent == 8 * BATCH
    assert places(store, run_id) == {"settled": 8, "waiting": 4}
    resume(store, run_id, Decimal(1))
    assert done(store, run_id, provider) == {"settled": EXAMPLES}
