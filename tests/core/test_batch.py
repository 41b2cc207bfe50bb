"""A run in the batch lane: each step, a crash at any boundary, money to the nano-dollar."""

import time
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from prelabel import runs
from prelabel.draft import CallRecord, Outcome, Reply, Subject
from prelabel.drafters.cascade import Step
from prelabel.drafting import draft_leases
from prelabel.errors import InputError, LimitedError, ModelError, RefusedError, StoppingError, TransientError
from prelabel.lanes import batch
from prelabel.lanes.endpoint import Result
from prelabel.models import Call, Draft, Placement, Reservation, now
from prelabel.money import ledger
from prelabel.store import Store
from tests.batching import (
    BATCH,
    LIVE,
    QUICK,
    Crash,
    CrashingLane,
    CrashingStore,
    Factory,
    FakeProvider,
    Fuse,
    advance_all,
    all_batches,
    batches,
    finish,
    let_leases_lapse,
    runs_live,
    unfinished,
)
from tests.factories import FakeDrafter, all_of, get_run, make_run, places, reasons, work_off

EXAMPLES = 12
INVALID = Reply("I cannot tell.", tokens_in=10, tokens_out=3, dollars=BATCH)
MIXED: dict[str, Result | None] = {
    "text 1": INVALID,
    "text 2": TransientError("its time ran out"),
    "text 3": None,
    "text 4": RefusedError("the model refused", Reply("", tokens_in=9, dollars=BATCH)),
    "text 5": StoppingError("no such model, this once"),
}
"""What a batch can leave: an answer that does not fit, one that expired, one that is missing, a refusal, an error."""


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


def batch_run(store: Store, examples: int = EXAMPLES, **options: object) -> int:
    return make_run(store, examples, lane="batch", **options)  # type: ignore[arg-type] # as they come


def done(store: Store, run_id: int, provider: FakeProvider) -> dict[str, int]:
    factory = Factory(store, provider)
    return finish(store, run_id, batches(store, factory), factory.asked)


def calls(store: Store) -> Counter[tuple[str, str, str]]:
    with store.reading() as session:
        return Counter((call.lane, call.purpose, call.outcome) for call in all_of(session, Call))


def spent(store: Store, run_id: int) -> Decimal:
    with store.reading() as session:
        return ledger.spent(session, run_id)


def test_a_run_is_drafted_by_one_batch(store: Store, provider: FakeProvider) -> None:
    run_id = batch_run(store)
    assert done(store, run_id, provider) == {"settled": EXAMPLES}
    assert calls(store) == {("batch", "draft", "ok"): EXAMPLES}
    assert spent(store, run_id) == provider.spent == EXAMPLES * BATCH
    assert [(one.state, one.requests) for one in all_batches(store)] == [("collected", EXAMPLES)]


def test_what_a_provider_keeps_of_a_batch_is_deleted_once_it_is_collected(
    store: Store, provider: FakeProvider
) -> None:
    done(store, batch_run(store), provider)
    assert [sent.forgotten for sent in provider.sent.values()] == [True]


def test_a_batch_goes_step_by_step(store: Store, provider: FakeProvider) -> None:
    run_id, used = batch_run(store), batches(store, Factory(store, provider), batch_poll_seconds=0.001)
    states = []
    assert used.prepare(run_id)
    while batch_id := used.take():
        states.append((all_batches(store)[0].state, len(provider.sent)))
        used.advance(batch_id)
        time.sleep(0.005)
    assert states == [("preparing", 0), ("submitted", 1), ("collected", 1)]


def test_no_more_than_a_batch_takes_go_into_one(store: Store, provider: FakeProvider) -> None:
    provider.most_rows = 5
    run_id = batch_run(store)
    assert done(store, run_id, provider) == {"settled": EXAMPLES}
    assert sorted(len(sent.rows) for sent in provider.sent.values()) == [2, 5, 5]


def test_gold_goes_first(store: Store, provider: FakeProvider) -> None:
    provider.most_rows = 1
    rows = [{"id": "e", "text": "e"}, {"id": "g", "text": "g", "gold": "a"}]
    run_id = make_run(store, rows, lane="batch")
    batches(store, Factory(store, provider)).prepare(run_id)
    with store.reading() as session:
        assert [row.is_gold for row in all_of(session, Placement) if row.lease_owner] == [True]


def test_the_live_engine_leaves_fresh_examples_of_the_batch_lane_alone(
    store: Store, provider: FakeProvider
) -> None:
    run_id = batch_run(store)
    work_off(store, run_id, FakeDrafter(lambda _content: ("a", 1)))
    assert places(store, run_id) == {"waiting": EXAMPLES}
    assert not runs_live(store, run_id)


def test_what_a_batch_left_unanswered_is_drafted_live(store: Store, provider: FakeProvider) -> None:
    provider.bad = dict(MIXED)
    run_id = batch_run(store)
    assert done(store, run_id, provider) == {"settled": EXAMPLES - 1, "queued": 1}
    assert provider.asked == Counter(["text 1", "text 2", "text 3", "text 5"])
    assert calls(store) == {
        ("batch", "draft", "ok"): EXAMPLES - 5, ("batch", "draft", "invalid"): 1, ("batch", "draft", "transient"): 2,
        ("batch", "draft", "refused"): 1, ("batch", "draft", "stopping"): 1,
        ("live", "repair", "ok"): 1, ("live", "draft", "ok"): 3,
    }  # fmt: skip
    assert spent(store, run_id) == provider.spent


def test_what_a_model_refuses_in_a_batch_goes_to_people_with_the_reason(
    store: Store, provider: FakeProvider
) -> None:
    provider.bad = {"text 4": MIXED["text 4"]}
    run_id = batch_run(store)
    done(store, run_id, provider)
    assert reasons(store, run_id) == {"e4": "draft_failed"}
    with store.reading() as session:
        assert {draft.failure for draft in all_of(session, Draft)} == {"", "the model refused"}


def test_what_was_paid_for_before_is_not_sent(store: Store, provider: FakeProvider) -> None:
    done(store, batch_run(store), provider)
    again = make_run(store, EXAMPLES + 3, lane="batch")
    assert done(store, again, provider) == {"settled": EXAMPLES + 3}
    assert [len(sent.rows) for sent in provider.sent.values()] == [EXAMPLES, 3]
    assert spent(store, again) == 3 * BATCH


def test_a_run_that_is_all_paid_for_makes_no_batch(store: Store, provider: FakeProvider) -> None:
    done(store, batch_run(store), provider)
    again = batch_run(store)
    assert done(store, again, provider) == {"settled": EXAMPLES}
    assert (len(provider.sent), spent(store, again)) == (1, Decimal(0))


def test_an_answer_that_did_not_fit_before_costs_its_repair_only(
    store: Store, provider: FakeProvider
) -> None:
    run_id = batch_run(store)
    call = CallRecord("fake", "draft", opening(store, provider), "invalid", reply=INVALID)
    with store.writing() as session:
        ledger.record(session, [ledger.Entry(run_id, 1, call)])
    done(store, run_id, provider)
    assert provider.asked == Counter(["text 0"])
    assert calls(store)["live", "repair", "ok"] == 1


def opening(store: Store, provider: FakeProvider) -> str:
    """The digest of the question about the first example."""
    return Factory(store, provider).asked().opening(Subject(1, {"text": "text 0"})).digest


@pytest.mark.parametrize(
    "steps",
    [
        [Step(model="student")],
        [Step(model="m", confidence="samples")],
        [Step(model="m", confidence="panel", panel=("n",))],
        [Step(model="m", per_call=2)],
        [Step(model="m"), Step(model="n")],
        [Step(model="m"), Step(model="student")],
    ],
)
def test_what_is_not_one_question_to_one_model_is_refused_at_the_start(
    store: Store, steps: list[Step]
) -> None:
    with pytest.raises(InputError, match="batch lane"):
        batch_run(store, steps=steps)


class Student(FakeDrafter):
    """Costs nothing, and is sure of some."""

    name = "student"

    async def draft(self, subject: Subject, _keep: object) -> Outcome:
        sure = subject.content["text"] < "text 5"
        return Outcome(subject, "drafted", self.name, {"topic": "b"}, {"topic": 0.99 if sure else 0.2})


def test_what_the_student_is_sure_of_is_not_sent(store: Store, provider: FakeProvider) -> None:
    run_id = batch_run(store, 9, steps=[Step(model="student"), Step(model="fake")])
    factory = Factory(store, provider, free=[(Student(lambda _content: ("b", 1)), 0.9)])
    assert finish(store, run_id, batches(store, factory), factory.asked) == {"settled": 9}
    assert [len(sent.rows) for sent in provider.sent.values()] == [4]
    with store.reading() as session:
        drafts = Counter((draft.step, draft.model) for draft in all_of(session, Draft))
    assert drafts == {(0, "student"): 9, (1, "fake"): 4}


def dies_at(store: Store, provider: FakeProvider, run_id: int, boundary: int) -> Fuse:
    """A process that advances batches until it dies at a boundary, or is through."""
    fuse = Fuse(boundary)
    crashing = CrashingStore(store, fuse)
    used = batches(crashing, Factory(store, provider, lane=CrashingLane(provider, fuse)))
    try:
        for _ in range(50):
            advance_all(used)
            time.sleep(0.002)
    except Crash:
        let_leases_lapse(store)
    return fuse


BOUNDARIES = 44
"""As many as there are between two acts of a process that drafts MIXED, or more."""


@pytest.mark.parametrize("boundary", range(1, BOUNDARIES + 1))
def test_after_a_crash_at_any_boundary_nothing_is_lost_or_paid_twice(
    store: Store, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, boundary: int
) -> None:
    monkeypatch.setattr(batch, "GROUP", 4)
    provider.bad = dict(MIXED)
    run_id = batch_run(store, cap=Decimal(10))
    dies_at(store, provider, run_id, boundary)
    assert done(store, run_id, provider) == {"settled": EXAMPLES - 1, "queued": 1}
    assert [len(sent.rows) for sent in provider.sent.values()] == [EXAMPLES]
    assert sum(calls(store).values()) == EXAMPLES + 4
    assert spent(store, run_id) == provider.spent == 9 * BATCH + 4 * LIVE
    with store.reading() as session:
        assert all_of(session, Reservation) == []


def test_the_boundaries_tried_are_all_there_are(
    store: Store, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GROUP", 4)
    provider.bad = dict(MIXED)
    fuse = dies_at(store, provider, batch_run(store, cap=Decimal(10)), 0)
    assert {"after submit", "before submit", "after forget", "between two results"} <= set(fuse.burnt)
    last = len(fuse.burnt) - fuse.burnt[::-1].index("after forget")
    assert last < BOUNDARIES


def test_a_batch_that_may_have_been_sent_is_looked_for_before_it_is_sent_again(
    store: Store, provider: FakeProvider
) -> None:
    run_id = batch_run(store)
    provider.refusals = [TransientError("no answer came"), LimitedError("too many batches")]
    assert done(store, run_id, provider) == {"settled": EXAMPLES}
    assert len(provider.sent) == 1


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


def test_a_batch_is_taken_by_one_worker_at_a_time_and_comes_back_if_that_dies(
    store: Store, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, used = batch_run(store), batches(store, Factory(store, provider))
    used.prepare(run_id)
    batch_id = used.take()
    assert batch_id is not None
    used.keep(batch_id)
    assert used.take() is None
    later = now() + timedelta(seconds=QUICK.lease_seconds + 1)
    monkeypatch.setattr(batch, "now", lambda: later)
    assert used.take() == batch_id


def test_an_example_that_another_took_meanwhile_is_not_written_down_twice(
    store: Store, provider: FakeProvider
) -> None:
    run_id, used = batch_run(store, 2), batches(store, Factory(store, provider))
    provider.state = "working"
    advance_all(used)
    with store.writing() as session:
        draft_leases.leave_batch(session, all_batches(store)[0].owner, [1])
    provider.state = "ended"
    while unfinished(store):
        advance_all(used)
    assert calls(store) == {("batch", "draft", "ok"): 1}
    assert places(store, run_id) == {"settled": 1, "waiting": 1}
