"""The batch lane with the providers' own clients against the simulated provider: crashes at any boundary, and real processes."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from prelabel.errors import Unavailable
from prelabel.lanes import batch
from prelabel.llm.drafters import Drafters
from prelabel.models import Call
from prelabel.money import ledger
from prelabel.money.prices import Lane, price
from prelabel.store import Store
from simulator.process import Provider
from simulator.process import running as simulated
from tests.batching import (
    QUICK,
    Crash,
    CrashingLane,
    CrashingStore,
    Fuse,
    advance_all,
    all_batches,
    batches,
    finish,
    let_leases_lapse,
)
from tests.factories import get_run, make_run
from tests.running import Running, running

GPT, CLAUDE = "openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"
EXAMPLES = 30
FAULTS: dict[str, Any] = {
    "batch_failed_rate": 0.1, "batch_expired_rate": 0.1, "malformed_rate": 0.2, "offlist_rate": 0.1,
}  # fmt: skip
COUNTED = ("tokens_in", "tokens_out", "tokens_cached")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    path: Path = tmp_path_factory.mktemp("provider") / "answers.jsonl"
    said = {"label": {"topic": "a"}, "confidence": {"topic": 0.95}}
    rows = ({"text": f"text {number}", "answer": said} for number in range(EXAMPLES))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with simulated(path) as provider:
        yield provider


@pytest.fixture(params=[GPT, CLAUDE])
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def provider(process: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    for name, value in environment(process).items():
        monkeypatch.setenv(name, value)
    process.configure(batch_seconds=0.05, max_batches=0, **FAULTS)
    process.reset()
    return process


def environment(provider: Provider) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "sk-test-0123456789",
        "OPENAI_BASE_URL": f"{provider.url}/v1",
        "ANTHROPIC_API_KEY": "sk-ant-test-0123456789",
        "ANTHROPIC_API_BASE": f"{provider.url}/v1/messages",
    }


class CrashingDrafters(Drafters):
    """The real ones, whose process may die before and after each question to the provider."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        super().__init__(store, QUICK)
        self._fuse = fuse

    def lane(self, model: str) -> Any:
        return CrashingLane(super().lane(model), self._fuse)


def dies_at(store: Store, boundary: int, seconds: float = 20) -> Fuse:
    """A process that advances batches until it dies at a boundary, or is through."""
    fuse, until = Fuse(boundary), time.monotonic() + seconds
    used = batches(CrashingStore(store, fuse), CrashingDrafters(store, fuse))
    try:
        while fuse.burnt.count("after forget") == 0 and time.monotonic() < until:
            advance_all(used)
            time.sleep(0.01)
    except Crash:
        let_leases_lapse(store)
    return fuse


def done(store: Store, run_id: int) -> dict[str, int]:
    drafters = Drafters(store, QUICK)

    def live() -> Any:
        with store.reading() as session:
            return drafters(session, get_run(store, run_id))

    return finish(store, run_id, batches(store, drafters), live)


def in_ledger(store: Store, lane: Lane) -> dict[str, int]:
    with store.reading() as session:
        calls = session.exec(select(Call).where(Call.lane == lane)).all()
        return {name: sum(getattr(call, name) for call in calls) for name in COUNTED}


def counted(provider: Provider) -> dict[Lane, dict[str, int]]:
    """Tokens by lane, as the provider counted them."""
    told = provider.stats()
    in_batches = {name: told[f"batch_{name}"] for name in COUNTED}
    return {"batch": in_batches, "live": {name: told[name] - in_batches[name] for name in COUNTED}}


def priced(model: str, tokens: dict[Lane, dict[str, int]]) -> Decimal:
    total = Decimal(0)
    for lane, each in tokens.items():
        rates = price(model, {}, lane)
        assert rates is not None
        total += rates.cost(*each.values())
    return total


def check_books(store: Store, provider: Provider, model: str, run_id: int) -> None:
    """The ledger holds what the provider counted, to the token and the nano-dollar."""
    tokens = counted(provider)
    assert {"batch": in_ledger(store, "batch"), "live": in_ledger(store, "live")} == tokens
    with store.reading() as session:
        assert ledger.spent(session, run_id) == priced(model, tokens) > 0
        calls = Counter(session.exec(select(Call.lane)))
    told = provider.stats()
    assert (calls["batch"], calls["live"]) == (told["batch_requests"], told["calls"])


BOUNDARIES = 52


@pytest.mark.slow
@pytest.mark.parametrize("boundary", range(BOUNDARIES + 1))
def test_after_a_crash_at_any_boundary_the_books_agree_with_the_providers(
    sqlite_store: Store, provider: Provider, model: str, boundary: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GROUP", 12)
    run_id = make_run(sqlite_store, EXAMPLES, model=model, lane="batch", cap=Decimal(10))
    dies_at(sqlite_store, boundary)
    assert sum(done(sqlite_store, run_id).values()) == EXAMPLES
    check_books(sqlite_store, provider, model, run_id)
    assert provider.stats()["batch_requests"] == EXAMPLES


def test_the_boundaries_tried_are_all_there_are(
    sqlite_store: Store, provider: Provider, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GROUP", 12)
    provider.configure(batch_seconds=0)
    make_run(sqlite_store, EXAMPLES, model=model, lane="batch", cap=Decimal(10))
    fuse = dies_at(sqlite_store, 0)
    assert "after forget" in fuse.burnt
    assert len(fuse.burnt) <= BOUNDARIES - 8  # a poll more, while it is worked on, takes 4


def test_a_batch_that_people_stop_half_way_is_paid_as_far_as_it_came(
    postgres_store: Store, provider: Provider, model: str
) -> None:
    from prelabel import runs

    provider.configure(batch_seconds=2, **dict.fromkeys(FAULTS, 0))
    run_id = make_run(postgres_store, EXAMPLES, model=model, lane="batch")
    used = batches(postgres_store, Drafters(postgres_store, QUICK))
    advance_all(used)
    time.sleep(0.8)
    with postgres_store.writing() as session:
        runs.cancel(session, runs.get(session, run_id))
    for _ in range(20):
        advance_all(used)
        time.sleep(0.02)
    assert [one.state for one in all_batches(postgres_store)] == ["cancelled"]
    check_books(postgres_store, provider, model, run_id)
    assert 0 < provider.stats()["batch_answered"] < EXAMPLES


@pytest.fixture(scope="module")
def processes(
    stores: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, process: Provider
) -> Iterator[Running]:
    settings = stores | {
        "sweep_seconds": 0.2, "batch_poll_seconds": 0.2, "lease_seconds": 2, "retry_seconds": 0.2,
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(process).items():
            patch.setenv(name, value)
        with running(tmp_path_factory.mktemp("home"), 0, **settings) as started:
            yield started


@pytest.fixture
def service(processes: Running, provider: Provider, stores: dict[str, Any]) -> Running:
    """With as many workers that live as it began with."""
    while len(processes.alive()) < (2 if stores else 1):
        processes.start_worker()
    return processes


def start(service: Running, tmp_path: Path, model: str) -> int:
    rows = tmp_path / "rows.jsonl"
    texts = [{"id": str(number), "text": f"text {number}"} for number in range(EXAMPLES)]
    rows.write_text("".join(json.dumps(row) + "\n" for row in texts))
    project = uuid.uuid4().hex
    asked_anew = {"guidelines": project}  # else the answers that another test has paid for would do
    service.client.define_project(project, {"fields": {"topic": ["a", "b", "c"]}} | asked_anew)
    service.client.bring_in(project, "d", rows)
    return service.client.start_run(project, "d", model=model, lane="batch").id


def batches_of(service: Running, run_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.client.get(f"/runs/{run_id}/batches")["items"]
    return found


def check_end(service: Running, provider: Provider, run_id: int) -> None:
    try:
        places = service.client.wait(run_id, ("reviewing", "done"), seconds=60, every=0.1)["places"]
    except Unavailable:
        pytest.fail(f"{batches_of(service, run_id)}\n{service.logs()}")
    assert places["settled"] + places["queued"] == EXAMPLES, service.logs()
    assert [one["state"] for one in batches_of(service, run_id)] == ["collected"]
    assert provider.stats()["batch_requests"] == EXAMPLES


def test_a_run_in_batches_ends_with_every_example_settled_or_queued(
    service: Running, provider: Provider, tmp_path: Path, model: str
) -> None:
    run_id = start(service, tmp_path, model)
    check_end(service, provider, run_id)
    assert Decimal(service.client.run(run_id)["spent"]) == priced(model, counted(provider))


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.2, 0.6, 1.0, 1.5, 2.5, 4.0])
def test_after_kill_9_of_all_workers_a_run_in_batches_goes_on(
    service: Running, provider: Provider, tmp_path: Path, model: str, seconds: float
) -> None:
    provider.configure(batch_seconds=1)
    run_id = start(service, tmp_path, model)
    time.sleep(seconds)
    for _ in range(len(service.alive())):
        service.kill_workers()
        service.start_worker()
    check_end(service, provider, run_id)
