"""What is drafted is written once, also where the database goes away in the middle of it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from prelabel import runs
from prelabel.draft import CallRecord, Outcome, Reply, Subject
from prelabel.drafting import draft_leases
from prelabel.lanes.writer import Writer
from prelabel.models import Call, Draft, Reservation
from prelabel.money import ledger
from prelabel.operations import logs
from prelabel.store import Store
from tests.factories import PRICE, QUICK, all_of, make_run, places

OWNER = "one"


class Unsteady(Store):
    """Goes away at its first transaction: before it is committed, or right after."""

    def __init__(self, url: str, after_commit: bool) -> None:
        super().__init__(url)
        self.failures = 0
        self._after_commit = after_commit

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with super().writing() as session:
            yield session
            if not self.failures and not self._after_commit:
                self._go_away()
        if not self.failures:
            self._go_away()

    def _go_away(self) -> None:
        self.failures += 1
        raise OperationalError("COMMIT", {}, Exception("the server closed the connection"))


def write_through(store: Store, after_commit: bool) -> None:
    """Draft two examples of a run with a cap, each with a call, through a database that goes away once."""
    run_id = make_run(store, 2, cap=Decimal(1))
    with store.writing() as session:
        ids = draft_leases.claim(session, run_id, OWNER, 2, 30)
        version_id = runs.get(session, run_id).schema_version_id
        ledger.reserve(session, runs.get(session, run_id), OWNER, [10 * PRICE] * 3, 30)

    async def write() -> int:
        unsteady = Unsteady(store.url, after_commit)
        writer = Writer(unsteady, QUICK, OWNER)
        writer.learn_prompt(run_id, "prompt")
        for example_id in ids:
            reply = Reply("{}", dollars=PRICE)
            call = CallRecord("m", "draft", f"hash-{example_id}", "ok", reply=reply)
            writer.keep(run_id, Subject(example_id, {}), call)
        outcomes = [
            Outcome(Subject(example_id, {}), "drafted", "m", {"topic": "a"}).under(version_id)
            for example_id in ids
        ]
        await asyncio.gather(*(writer.finish(run_id, outcome, 10 * PRICE) for outcome in outcomes))
        await writer.close()
        unsteady.close()
        return unsteady.failures

    assert asyncio.run(write()) == 1
    assert places(store, run_id) == {"drafted": 2}
    with store.reading() as session:
        assert (len(all_of(session, Call)), len(all_of(session, Draft))) == (2, 2)
        assert [one.dollars for one in all_of(session, Reservation)] == [10 * PRICE]


def test_what_was_not_committed_is_written_again(store: Store) -> None:
    write_through(store, after_commit=False)


def test_a_commit_that_was_lost_sight_of_is_not_written_twice(store: Store) -> None:
    write_through(store, after_commit=True)


def test_a_fault_in_writing_is_told_as_one_of_all_that_was_to_be_written(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such column")

    async def write() -> None:
        writer = Writer(store, QUICK, OWNER)
        with logs.about(example_id=7), pytest.raises(ValueError, match="no such column"):
            await writer.finish(1, Outcome(Subject(7, {}), "drafted", "m", {"topic": "a"}), Decimal(0))
        await writer.close()

    monkeypatch.setattr(ledger, "record", fail)
    caplog.handler.setFormatter(logs.Plain())
    asyncio.run(write())
    assert "could not be written" in caplog.text
    assert "example_id" not in caplog.text
