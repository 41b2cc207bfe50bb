"""Chunks of a run: leases, answers written as they come, the budget, and what happens when things break."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from prelabel import ledger, place, runs
from prelabel.chunk import draft_chunk
from prelabel.draft import Outcome, Subject
from prelabel.errors import RefusedError, StoppingError
from prelabel.models import Call, Draft, Placement, Reservation, now
from prelabel.store import Store
from tests.factories import (
    PRICE,
    QUICK,
    FakeDrafter,
    all_of,
    get_run,
    make_run,
    places,
    reasons,
    sure,
    unsure,
    work_off,
)


def test_every_example_ends_settled_or_queued(store: Store) -> None:
    run_id = make_run(store, 25, threshold=0.9)
    work_off(
        store, run_id, FakeDrafter(lambda content: ("a", 0.95 if content["text"].endswith("1") else 0.5))
    )
    assert places(store, run_id) == {"queued": 22, "settled": 3}


def test_each_call_is_in_the_ledger(store: Store) -> None:
    run_id = make_run(store, 5)
    work_off(store, run_id, FakeDrafter(sure))
    with store.reading() as session:
        assert len(all_of(session, Call)) == 5
        assert ledger.spent(session, run_id) == 5 * PRICE


def test_an_example_is_claimed_by_one_worker_only(store: Store) -> None:
    run_id = make_run(store, 10)
    with store.writing() as session:
        first = place.claim(session, run_id, "one", 7, 30)
    with store.writing() as session:
        second = place.claim(session, run_id, "two", 7, 30)
    assert (len(first), len(second)) == (7, 3)
    assert not {one.id for one in first} & {two.id for two in second}


def test_a_lease_that_ran_out_is_claimed_by_another_worker(store: Store) -> None:
    run_id = make_run(store, 3)
    with store.writing() as session:
        place.claim(session, run_id, "dead", 3, -1)
    with store.writing() as session:
        assert len(place.claim(session, run_id, "alive", 3, 30)) == 3


def test_a_worker_that_lost_its_lease_changes_nothing(store: Store) -> None:
    run_id = make_run(store, 1)
    with store.writing() as session:
        [placement] = place.claim(session, run_id, "slow", 1, -1)
    with store.writing() as session:
        place.claim(session, run_id, "quick", 1, 30)
    outcome = Outcome(Subject(placement.example_id, {}), "drafted", "m", {"topic": "a"})
    with store.writing() as session:
        place.keep(session, runs.get(session, run_id), "slow", [outcome], "x", 1)
    assert places(store, run_id) == {"waiting": 1}


def test_gold_is_drafted_first(store: Store) -> None:
    rows = [{"id": str(number), "text": str(number)} for number in range(20)] + [
        {"id": "g", "text": "g", "gold": "a"}
    ]
    run_id = make_run(store, rows)
    with store.writing() as session:
        [first] = place.claim(session, run_id, "w", 1, 30)
        assert first.is_gold


def test_a_draft_that_fails_goes_to_people_with_its_reason(store: Store) -> None:
    run_id = make_run(store, 2)
    work_off(store, run_id, FakeDrafter(lambda _content: RefusedError("too long")))
    assert set(reasons(store, run_id).values()) == {"draft_failed"}
    with store.reading() as session:
        assert {draft.failure for draft in all_of(session, Draft)} == {"too long"}


def test_an_error_that_stops_the_run_pauses_it_and_says_why(store: Store) -> None:
    run_id = make_run(store, 20)
    drafter = FakeDrafter(lambda _content: StoppingError("the key is wrong"))
    work_off(store, run_id, drafter)
    run = get_run(store, run_id)
    assert (run.state, run.note) == ("paused", "the key is wrong")
    assert places(store, run_id) == {"waiting": 20}
    assert len(drafter.asked) <= QUICK.concurrency


class Busy(FakeDrafter):
    """A provider that never answers in time."""

    async def draft(self, subject: Subject) -> Outcome:
        self.asked.append(subject.example_id)
        return Outcome(subject, "postponed", self.name, failure="busy")


def test_a_provider_that_is_down_is_tried_later_and_then_people_are_asked(store: Store) -> None:
    run_id = make_run(store, 1)
    drafter = Busy(sure)
    for _ in range(place.MOST_ATTEMPTS):
        assert places(store, run_id) == {"waiting": 1}
        with store.writing() as session:
            [placement] = all_of(session, Placement)
            placement.lease_until = now() - timedelta(seconds=1)
        work_off(store, run_id, drafter, chunks=1)
    assert reasons(store, run_id) == {"e0": "draft_failed"}
    assert len(drafter.asked) == place.MOST_ATTEMPTS


def test_the_cap_is_never_exceeded_and_the_run_pauses_at_it(store: Store) -> None:
    run_id = make_run(store, 30, cap=Decimal("0.125"))
    work_off(store, run_id, FakeDrafter(sure))
    run = get_run(store, run_id)
    with store.reading() as session:
        assert ledger.spent(session, run_id) == Decimal("0.12")
        assert all_of(session, Reservation) == []
    assert run.state == "paused"
    assert "cap is reached" in run.note


def test_a_paused_run_goes_on_with_a_higher_cap(store: Store) -> None:
    run_id = make_run(store, 10, cap=Decimal("0.05"))
    work_off(store, run_id, FakeDrafter(sure))
    with store.writing() as session:
        runs.resume(session, runs.get(session, run_id), Decimal(1))
    work_off(store, run_id, FakeDrafter(sure))
    assert places(store, run_id) == {"settled": 10}


def test_a_cap_without_a_known_price_pauses_the_run_before_any_call(store: Store) -> None:
    class Unpriced(FakeDrafter):
        def most(self, _subject: Subject) -> None:
            return None

    run_id = make_run(store, 3, cap=Decimal(1))
    drafter = Unpriced(sure)
    work_off(store, run_id, drafter)
    assert "no price is known for fake" in get_run(store, run_id).note
    assert drafter.asked == []


def test_money_that_others_have_set_aside_cannot_be_spent(store: Store) -> None:
    run_id = make_run(store, 3, cap=Decimal(1))
    with store.writing() as session:
        assert ledger.reserve(session, run_id, "one", Decimal("0.7"), 30)
    with store.writing() as session:
        assert not ledger.reserve(session, run_id, "two", Decimal("0.4"), 30)
        assert ledger.reserve(session, run_id, "two", Decimal("0.3"), 30)


def test_money_set_aside_by_a_dead_worker_comes_back(store: Store) -> None:
    run_id = make_run(store, 3, cap=Decimal(1))
    with store.writing() as session:
        ledger.reserve(session, run_id, "dead", Decimal(1), -1)
    with store.writing() as session:
        assert ledger.reserve(session, run_id, "alive", Decimal(1), 30)
        assert ledger.forget_expired(session) == 1


def test_a_worker_that_breaks_gives_back_what_it_held(store: Store) -> None:
    class Broken(FakeDrafter):
        async def draft(self, subject: Subject) -> Outcome:
            raise ZeroDivisionError

    run_id = make_run(store, 5)
    with pytest.raises(ZeroDivisionError):
        work_off(store, run_id, Broken(sure))
    with store.reading() as session:
        assert {(row.place, row.lease_owner) for row in all_of(session, Placement)} == {("waiting", None)}


def test_a_run_that_is_paused_meanwhile_starts_no_further_calls(store: Store) -> None:
    run_id = make_run(store, 10)

    class Slow(FakeDrafter):
        async def draft(self, subject: Subject) -> Outcome:
            found = await super().draft(subject)
            if self.asked[0] == subject.example_id:
                await asyncio.to_thread(pause)
            await asyncio.sleep(0.3)
            return found

    def pause() -> None:
        with store.writing() as session:
            runs.pause(session, runs.get(session, run_id), "tea")

    drafter = Slow(sure)
    work_off(store, run_id, drafter, settings=QUICK.model_copy(update={"lease_seconds": 0.3}))
    assert len(drafter.asked) < 10
    assert places(store, run_id)["waiting"] == 10 - len(drafter.asked)


def test_answers_are_written_while_others_are_still_awaited(store: Store) -> None:
    run_id = make_run(store, 4)

    class LastHangs(FakeDrafter):
        async def draft(self, subject: Subject) -> Outcome:
            if len(self.asked) == 3:
                for _ in range(100):
                    await asyncio.sleep(0.02)
                    if await asyncio.to_thread(places, store, run_id) == {"waiting": 1, "drafted": 3}:
                        break
                else:
                    raise AssertionError("three answers should be in the database by now")
            return await super().draft(subject)

    work_off(store, run_id, LastHangs(sure))
    assert places(store, run_id) == {"settled": 4}


def test_work_that_no_worker_holds_is_found(store: Store) -> None:
    idle, held, done = make_run(store, 2), make_run(store, 2), make_run(store, 2)
    work_off(store, done, FakeDrafter(unsure))
    with store.writing() as session:
        place.claim(session, held, "w", 1, 30)
        assert runs.lost_work(session) == [idle]


def test_a_chunk_of_a_run_with_nothing_to_do_is_nothing(store: Store) -> None:
    run_id = make_run(store, 1)
    work_off(store, run_id, FakeDrafter(sure))
    drafter = FakeDrafter(sure)
    assert asyncio.run(draft_chunk(store, QUICK, run_id, lambda *_: drafter, asyncio.Semaphore(1))) == 0
    assert drafter.asked == []
