"""A provider with every fault it can have: the ledger agrees with it to the token and the nano-dollar."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from prelabel.models import Placement
from prelabel.store import Store
from simulator.process import Provider
from simulator.process import running as simulated
from tests.chaos.drafting import PRICES, check_books, finished, record_answers, start
from tests.running import Running, running

EXAMPLES = 500
FAULTS = {"error_rate": 0.05, "hang_rate": 0.05, "malformed_rate": 0.05, "offlist_rate": 0.05, "rpm": 2400}
SETTINGS: dict[str, Any] = {
    "concurrency": 16,
    "call_timeout": 4,  # far longer than any answer takes: what is given up has not been paid for
    "retry_seconds": 0.5,
    "sweep_seconds": 0.5,
    "prices": PRICES,
}


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    answers = record_answers(tmp_path / "answers.jsonl", EXAMPLES)
    with simulated(answers=answers, median_ms=50, **FAULTS) as started:
        yield started


@pytest.fixture
def service(tmp_path: Path, provider: Provider, postgres_store: Store, redis_url: str) -> Iterator[Running]:
    urls = {"api_base": f"{provider.url}/v1", "database_url": postgres_store.url, "broker_url": redis_url}
    with running(tmp_path / "home", 2, **SETTINGS, **urls) as started:
        yield started


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_ledger_agrees_with_a_provider_that_has_every_fault(
    service: Running, provider: Provider, postgres_store: Store, tmp_path: Path
) -> None:
    places = finished(service, start(service, tmp_path, EXAMPLES), seconds=180)
    assert places["settled"] + places["queued"] == EXAMPLES
    books = check_books(postgres_store, provider)
    faults = {name: count for name, count in provider.stats()["faults"].items() if count}
    print(f"{books.calls / EXAMPLES:.2f} calls an example, {books}; {places}; {faults}")  # noqa: T201
    assert faults.keys() >= {"error", "hang", "offlist", "rpm"}
    assert reasons(postgres_store) <= {"low_confidence", "draft_failed"}


def reasons(store: Store) -> set[str]:
    """Why examples are in the queue."""
    with store.reading() as session:
        return set(session.exec(select(Placement.reason).where(Placement.place == "queued")))
