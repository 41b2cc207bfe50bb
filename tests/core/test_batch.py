"""A run in the batch lane: each step, a crash at any boundary, money to the nano-dollar."""

import time
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from prelabel.draft import CallRecord, Outcome, Reply, Subject
from prelabel.drafters.cascade import Step
from prelabel.drafting import draft_leases
from prelabel.errors import InputError, LimitedError, RefusedError, StoppingError, TransientError
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
    batch_run,
    batches,
    done,
    finish,
    let_leases_lapse,
    runs_live,
    spent,
    unfinished,
)
from tests.factories import FakeDrafter, all_of, make_run, places, reasons, work_off

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


def calls(store: Store) -> Counter[tuple[str, str, str]]:
    with store.reading() as session:
        return Counter((call.lane, call.purpose, call.outcome) for call in all_of(session, Call))


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
