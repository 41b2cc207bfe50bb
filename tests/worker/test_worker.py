"""The worker's parts: thin tasks, a sweeper that finds what was lost, one event loop for a process."""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from sqlmodel import select

from prelabel import conflicts, runs
from prelabel.drafting import draft_leases
from prelabel.models import ConflictSearch, Placement, Worker, now
from prelabel.schema import LabelSchema
from prelabel.schemas import move
from prelabel.schemas.move import Wish
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_worker.app import transport
from prelabel_worker.queue import CeleryQueue
from prelabel_worker.searcher import Searcher
from prelabel_worker.sweeper import Sweeper, worker_name
from tests.core.test_route import people_settle
from tests.factories import (
    QUICK,
    FakeDrafter,
    all_of,
    get_run,
    make_run,
    make_user,
    places,
    sure,
    unsure,
    work_off,
)
from tests.waiting import wait_until


class Woken:
    """Answers `prelabel_worker.sweeper.Wakes` by remembering which runs were woken."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def wake(self, run_id: int) -> None:
        self.asked.append(run_id)


@pytest.fixture
def wake() -> Woken:
    return Woken()


@pytest.fixture
def sweeper(store: Store, wake: Woken) -> Iterator[Sweeper]:
    found = Sweeper(store, QUICK, wake)
    yield found
    found.settle()


def test_a_run_whose_messages_were_lost_is_woken(store: Store, sweeper: Sweeper, wake: Woken) -> None:
    run_id = make_run(store, 25)
    sweeper.round()
    assert wake.asked == [run_id]


def test_a_change_of_the_schema_that_was_left_half_done_is_carried_on(store: Store, sweeper: Sweeper) -> None:
    run_id = make_run(store, 3)
    work_off(store, run_id, FakeDrafter(sure))
    move.apply(store, "p", Wish(label_schema=LabelSchema.load("fields: {topic: [b, c]}")), 0)
    assert places(store, run_id) == {"settled": 3}
    sweeper.round()
    assert places(store, run_id) == {"queued": 3}


def test_audits_that_find_worse_drafts_pause_accepting(store: Store, sweeper: Sweeper) -> None:
    run_id = make_run(store, 60, audit_share=0.5, accepted_target=0.9)
    work_off(store, run_id, FakeDrafter(sure))
    sweeper.round()
    assert get_run(store, run_id).accepting
    people_settle(store, run_id, make_user(store), 15)  # as "b", where all drafts say "a"
    sweeper.round()
    assert not get_run(store, run_id).accepting


def test_a_search_for_conflicts_is_done_though_no_message_told_of_it(store: Store) -> None:
    run_id = make_run(store, 3)
    work_off(store, run_id, FakeDrafter(sure))
    with store.writing() as session:
        conflicts.ask(session, runs.get(session, run_id))
    searcher = Searcher(store, QUICK, "w")
    searcher.stop()
    searcher.run()  # told to stop, it begins no search
    with store.reading() as session:
        assert [one.finished_at for one in all_of(session, ConflictSearch)] == [None]
    searcher = Searcher(store, QUICK.model_copy(update={"sweep_seconds": 0.05}), "w")
    searcher.start()
    wait_until(lambda: only_search(store).finished_at)
    searcher.stop()
    searcher.join(60)
    one = only_search(store)
    assert (one.examples, one.failure, searcher.is_alive()) == (3, "", False)


def only_search(store: Store) -> ConflictSearch:
    with store.reading() as session:
        [one] = session.exec(select(ConflictSearch))
    return one


def test_a_run_with_examples_that_nobody_holds_is_joined(store: Store, sweeper: Sweeper, wake: Woken) -> None:
    run_id = make_run(store, 25)
    with store.writing() as session:
        draft_leases.claim(session, run_id, "alive", 10, 30)
    sweeper.round()
    assert wake.asked == [run_id]


def test_a_run_all_of_whose_examples_are_held_is_left_alone(
    store: Store, sweeper: Sweeper, wake: Woken
) -> None:
    run_id = make_run(store, 25)
    with store.writing() as session:
        draft_leases.claim(session, run_id, "alive", 25, 30)
    sweeper.round()
    assert wake.asked == []


def test_a_run_whose_worker_died_is_woken_once_its_lease_is_over(
    store: Store, sweeper: Sweeper, wake: Woken
) -> None:
    run_id = make_run(store, 5)
    with store.writing() as session:
        draft_leases.claim(session, run_id, "dead", 5, -1)
    sweeper.round()
    assert wake.asked == [run_id]


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_a_run_that_is_not_running_is_not_woken(
    store: Store, sweeper: Sweeper, wake: Woken, state: str
) -> None:
    run_id = make_run(store, 5)
    with store.writing() as session:
        runs.get(session, run_id).state = state
    sweeper.round()
    assert wake.asked == []


def test_a_finished_run_is_not_woken(store: Store, sweeper: Sweeper, wake: Woken) -> None:
    work_off(store, make_run(store, 5), FakeDrafter(sure))
    sweeper.round()
    assert wake.asked == []


def test_the_sweeper_has_the_student_learn_anew(store: Store, sweeper: Sweeper, wake: Woken) -> None:
    run_id = make_run(store, 80, model="student")
    work_off(store, run_id, FakeDrafter(unsure))
    people_settle(store, run_id, make_user(store), runs.LEARN_AT_LEAST)
    sweeper.round()
    assert places(store, run_id)["waiting"] == 30
    assert wake.asked == [run_id]


def test_a_worker_that_sweeps_is_alive_until_it_falls_silent(store: Store, sweeper: Sweeper) -> None:
    sweeper.round()
    sweeper.round()
    with store.writing() as session:
        assert [worker.name for worker in all_of_workers(store)] == [worker_name()]
        assert runs.workers_alive(session) == 1
        session.get_one(Worker, worker_name()).seen_at = now() - timedelta(seconds=runs.ALIVE_SECONDS + 1)
        assert runs.workers_alive(session) == 0


def all_of_workers(store: Store) -> list[Worker]:
    with store.reading() as session:
        return list(session.exec(select(Worker)))


def test_a_sweep_that_fails_is_not_the_last(tmp_path: Path, wake: Woken) -> None:
    empty = Store(f"sqlite:///{tmp_path / 'empty.db'}")  # it has no tables yet
    sweeper = Sweeper(empty, QUICK.model_copy(update={"sweep_seconds": 0.01}), wake)
    sweeper.start()
    empty.migrate()
    make_run(empty, 5)
    for _ in range(200):
        if wake.asked:
            break
        threading.Event().wait(0.02)
    sweeper.stop()
    sweeper.join()
    sweeper.settle()
    empty.close()
    assert wake.asked


def test_after_a_fault_that_nobody_expected_it_sweeps_on(sqlite_store: Store) -> None:
    class Faulty(Woken):
        def wake(self, run_id: int) -> None:
            super().wake(run_id)
            if len(self.asked) == 1:
                raise ZeroDivisionError

    wake = Faulty()
    make_run(sqlite_store, 1)
    sweeper = Sweeper(sqlite_store, QUICK.model_copy(update={"sweep_seconds": 0.01}), wake)
    sweeper.start()
    for _ in range(500):
        if len(wake.asked) > 1:
            break
        threading.Event().wait(0.02)
    sweeper.stop()
    sweeper.join()
    sweeper.settle()
    assert len(wake.asked) > 1


def test_without_a_broker_url_messages_are_files_in_the_home_folder(tmp_path: Path) -> None:
    options = transport(Settings(home=tmp_path))
    assert options["broker_url"] == "filesystem://"
    assert (tmp_path / "broker" / "messages").is_dir()


def test_a_message_on_files_is_whole_as_soon_as_it_can_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that looks while it is written sees no message yet, and not an empty one."""
    seen = list[bool]()
    used = transport(Settings(home=tmp_path))
    connection = Connection(
        used["broker_url"],
        transport=used["broker_transport"],
        transport_options=used["broker_transport_options"],
    )
    write = Path.write_text

    def writing(path: Path, *args: Any, **options: Any) -> int:
        path.touch()
        seen.append(connection.SimpleQueue("q").qsize() > 0)
        return write(path, *args, **options)

    monkeypatch.setattr(Path, "write_text", writing)
    connection.SimpleQueue("q").put({"run": 1})
    assert seen == [False]
    assert connection.SimpleQueue("q").get(timeout=5).payload == {"run": 1}


def test_with_a_broker_url_it_is_used() -> None:
    assert transport(Settings(broker_url="redis://x:1/0"))["broker_url"] == "redis://x:1/0"


def test_a_dead_broker_does_not_fail_the_one_who_wakes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from prelabel_worker import tasks

    def refuse(_run_id: int) -> None:
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(tasks.draft, "delay", refuse)
    CeleryQueue().draft(1)
    assert "waits for the workers" in caplog.text


def test_worker_names_tell_machine_and_process() -> None:
    assert worker_name().endswith(f":{os.getpid()}")


def test_examples_that_stayed_drafted_are_taken_up(store: Store, sweeper: Sweeper, wake: Woken) -> None:
    run_id = make_run(store, 3)
    with store.writing() as session:
        for placement in all_of(session, Placement):
            placement.place = "drafted"
    sweeper.round()
    assert wake.asked == [run_id]
