"""A run on its way: leases, answers written as they come, the budget, and what happens when things break."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.exc import OperationalError

from prelabel import projects, runs
from prelabel.draft import Keep, Outcome, Subject
from prelabel.drafting import draft_leases
from prelabel.errors import RefusedError, StoppingError
from prelabel.lanes import engine
from prelabel.models import Call, Draft, Example, Placement, Reservation, now
from prelabel.money import ledger
from prelabel.routing import place
from prelabel.routing.place import Written
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
        first = draft_leases.claim(session, run_id, "one", 7, 30)
    with store.writing() as session:
        second = draft_leases.claim(session, run_id, "two", 7, 30)
    assert (len(first), len(second)) == (7, 3)
    assert not set(first) & set(second)


def test_a_lease_that_ran_out_is_claimed_by_another_worker(store: Store) -> None:
    run_id = make_run(store, 3)
    with store.writing() as session:
        draft_leases.claim(session, run_id, "dead", 3, -1)
    with store.writing() as session:
        assert len(draft_leases.claim(session, run_id, "alive", 3, 30)) == 3


def test_a_worker_that_lost_its_lease_changes_nothing(store: Store) -> None:
    run_id = make_run(store, 1)
    with store.writing() as session:
        [example_id] = draft_leases.claim(session, run_id, "slow", 1, -1)
    with store.writing() as session:
        draft_leases.claim(session, run_id, "quick", 1, 30)
    outcome = Outcome(Subject(example_id, {}), "drafted", "m", {"topic": "a"})
    with store.writing() as session:
        assert place.keep(session, "slow", {run_id: [outcome]}, Written({run_id: "x"}, 1)) == 0
    assert places(store, run_id) == {"waiting": 1}


def test_gold_is_drafted_first(store: Store) -> None:
    rows = [{"id": str(number), "text": str(number)} for number in range(20)] + [
        {"id": "g", "text": "g", "gold": "a"}
    ]
    run_id = make_run(store, rows)
    with store.writing() as session:
        [first] = draft_leases.claim(session, run_id, "w", 1, 30)
        assert session.get_one(Example, first).gold == {"topic": "a"}


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
    assert len(drafter.asked) <= 2 * QUICK.concurrency


class Busy(FakeDrafter):
    """A provider that never answers in time."""

    async def draft(self, subject: Subject, _keep: Keep) -> Outcome:
        self.asked.append(subject.example_id)
        return Outcome(subject, "postponed", self.name, failure="busy")


def test_a_provider_that_is_down_is_tried_later_and_then_people_are_asked(store: Store) -> None:
    run_id = make_run(store, 1)
    drafter, patient = Busy(sure), QUICK.model_copy(update={"retry_seconds": 60})
    for _ in range(place.MOST_ATTEMPTS):
        assert places(store, run_id) == {"waiting": 1}
        with store.writing() as session:
            [placement] = all_of(session, Placement)
            placement.lease_until = now() - timedelta(seconds=1)
        work_off(store, run_id, drafter, patient)
    assert reasons(store, run_id) == {"e0": "draft_failed"}
    assert len(drafter.asked) == place.MOST_ATTEMPTS


def test_the_cap_is_never_exceeded_and_the_run_stops_at_it(store: Store) -> None:
    run_id = make_run(store, 30, cap=Decimal("0.125"))
    work_off(store, run_id, FakeDrafter(sure))
    run = get_run(store, run_id)
    with store.reading() as session:
        assert ledger.spent(session, run_id) == Decimal("0.12")
        assert all_of(session, Reservation) == []
    assert run.state == "over_budget"
    assert "the run's cap allows no further call" in run.note


def test_a_cap_of_the_project_holds_for_all_its_runs_together(store: Store) -> None:
    first, second = make_run(store, 10), make_run(store, 10)
    with store.writing() as session:
        projects.find(session, "p").cap = Decimal("0.15")
    for run_id in (first, second):
        work_off(store, run_id, FakeDrafter(sure))
    assert [get_run(store, run_id).state for run_id in (first, second)] == ["running", "over_budget"]
    assert places(store, second) == {"settled": 5, "waiting": 5}


def test_a_run_over_budget_goes_on_with_a_higher_cap(store: Store) -> None:
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
        assert ledger.reserve(session, runs.get(session, run_id), "one", [Decimal("0.35")] * 2, 30) == 2
    with store.writing() as session:
        assert ledger.reserve(session, runs.get(session, run_id), "two", [Decimal("0.1")] * 5, 30) == 3


def test_money_that_was_spent_is_no_longer_set_aside(store: Store) -> None:
    run_id = make_run(store, 3, cap=Decimal(1))
    with store.writing() as session:
        ledger.reserve(session, runs.get(session, run_id), "one", [Decimal("0.5")] * 2, 30)
        ledger.use(session, run_id, "one", Decimal("0.5"))
        assert ledger.reserve(session, runs.get(session, run_id), "two", [Decimal("0.5")], 30) == 1
        assert ledger.exhausted(session, runs.get(session, run_id), Decimal(1)) == ""
        assert ledger.exhausted(session, runs.get(session, run_id), Decimal("1.01")) == "the run's cap"


def test_money_set_aside_by_a_dead_worker_comes_back(store: Store) -> None:
    run_id = make_run(store, 3, cap=Decimal(1))
    with store.writing() as session:
        ledger.reserve(session, runs.get(session, run_id), "dead", [Decimal(1)], -1)
    with store.writing() as session:
        assert ledger.reserve(session, runs.get(session, run_id), "alive", [Decimal(1)], 30) == 1
        assert ledger.forget_expired(session) == 1


def test_a_fault_pauses_the_run_and_gives_back_what_it_held(store: Store) -> None:
    class Broken(FakeDrafter):
        async def draft(self, subject: Subject, keep: Keep) -> Outcome:
            raise ZeroDivisionError

    run_id = make_run(store, 5)
    work_off(store, run_id, Broken(sure))
    assert (get_run(store, run_id).state, "ZeroDivisionError" in get_run(store, run_id).note) == (
        "paused",
        True,
    )
    with store.reading() as session:
        assert {(row.place, row.lease_owner) for row in all_of(session, Placement)} == {("waiting", None)}


def test_calls_in_flight_when_the_database_goes_away_are_still_kept(store: Store) -> None:
    class Forsaken(FakeDrafter):
        """Finds no database when it looks at the second claim, while the examples of the first are on their way."""

        claims, begun = 0, 0

        async def prepare(self, subjects: Sequence[Subject]) -> None:
            self.claims += 1
            if self.claims > 1:
                raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

        async def draft(self, subject: Subject, keep: Keep) -> Outcome:
            self.begun += 1
            await asyncio.sleep(0.5 if self.begun > 1 else 0)  # the first makes room for a second claim
            return await super().draft(subject, keep)

    run_id, drafter = make_run(store, 10), Forsaken(sure)
    work_off(store, run_id, drafter, QUICK.model_copy(update={"chunk_size": 4}))
    assert (get_run(store, run_id).state, drafter.claims) == ("running", 2)
    assert places(store, run_id) == {"waiting": 6, "settled": 4}


def test_a_run_that_is_paused_meanwhile_starts_no_further_calls(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "ROUTE_SECONDS", 0.02)
    run_id, paused = make_run(store, 10), asyncio.Event()

    class Slow(FakeDrafter):
        async def draft(self, subject: Subject, keep: Keep) -> Outcome:
            found = await super().draft(subject, keep)
            if self.asked[0] == subject.example_id:
                await asyncio.to_thread(pause)
                paused.set()
            await paused.wait()
            await asyncio.sleep(50 * engine.ROUTE_SECONDS)
            return found

    def pause() -> None:
        with store.writing() as session:
            runs.pause(session, runs.get(session, run_id), "tea")

    drafter = Slow(sure)
    work_off(store, run_id, drafter)
    assert len(drafter.asked) < 10
    assert places(store, run_id)["waiting"] == 10 - len(drafter.asked)


WRITTEN = ({"waiting": 1, "drafted": 3}, {"waiting": 1, "settled": 3})


def test_answers_are_written_while_others_are_still_awaited(store: Store) -> None:
    run_id = make_run(store, 4)

    class LastHangs(FakeDrafter):
        async def draft(self, subject: Subject, keep: Keep) -> Outcome:
            if len(self.asked) == 3:
                for _ in range(100):
                    await asyncio.sleep(0.02)
                    if await asyncio.to_thread(places, store, run_id) in WRITTEN:
                        break
                else:
                    raise AssertionError("three answers should be in the database by now")
            return await super().draft(subject, keep)

    work_off(store, run_id, LastHangs(sure))
    assert places(store, run_id) == {"settled": 4}


def test_where_examples_share_calls_more_of_them_are_on_their_way(store: Store) -> None:
    class Grouped(FakeDrafter):
        together, now, most_at_once = 3, 0, 0

        async def draft(self, subject: Subject, keep: Keep) -> Outcome:
            self.now += 1
            self.most_at_once = max(self.most_at_once, self.now)
            await asyncio.sleep(0.05)
            self.now -= 1
            return await super().draft(subject, keep)

    run_id, drafter = make_run(store, 40), Grouped(sure)
    work_off(store, run_id, drafter)
    assert 2 * QUICK.concurrency < drafter.most_at_once <= 3 * 1.5 * QUICK.concurrency


def test_examples_that_cannot_be_afforded_are_forgotten(store: Store) -> None:
    class Forgetful(FakeDrafter):
        forgotten = 0

        def forget(self, subject: Subject) -> None:
            self.forgotten += 1

    run_id, drafter = make_run(store, 5, cap=3 * PRICE), Forgetful(sure)
    work_off(store, run_id, drafter)
    assert len(drafter.asked) == 3
    assert drafter.forgotten >= 2


def test_work_that_can_be_claimed_is_found(store: Store) -> None:
    idle, held, done = make_run(store, 2), make_run(store, 2), make_run(store, 2)
    work_off(store, done, FakeDrafter(unsure))
    with store.writing() as session:
        draft_leases.claim(session, held, "w", 1, 30)
        assert runs.with_work(session) == [idle, held]
    with store.writing() as session:
        draft_leases.claim(session, held, "w", 1, 30)
        assert runs.with_work(session) == [idle]


def test_a_run_with_nothing_to_do_is_left_alone(store: Store) -> None:
    run_id = make_run(store, 1)
    work_off(store, run_id, FakeDrafter(sure))
    drafter = FakeDrafter(sure)
    work_off(store, run_id, drafter)
    assert drafter.asked == []
