"""A provider with every fault it can have: the ledger agrees with it to the token and the nano-dollar."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from prelabel.models import Placement
from prelabel.store import Store
from simulator.process import Provider
from simulator.process import running as simulated
from tests.chaos.drafting import PRICES, at_provider, finished, in_ledger, record_answers, start
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
REASONS = {"low_confidence", "draft_failed"}


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    answers = record_answers(tmp_path / "answers.jsonl", EXAMPLES)
    with simulated(answers=answers, median_ms=50, **FAULTS) as started:
        yield started


@pytest.fixture
def service(tmp_path: Path, provider: Provider, postgres_url: str, redis_url: str) -> Iterator[Running]:
    urls = {"api_base": f"{provider.url}/v1", "database_url": postgres_url, "broker_url": redis_url}
    with running(tmp_path / "home", 2, **SETTINGS, **urls) as started:
        yield started


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_ledger_agrees_with_a_provider_that_has_every_fault(
    service: Running, provider: Provider, postgres_url: str, tmp_path: Path
) -> None:
    run_id = start(service, tmp_path, EXAMPLES)
    places = finished(service, run_id, seconds=180)
    assert places["settled"] + places["queued"] == EXAMPLES
    store = Store(postgres_url)
    assert in_ledger(store) == at_provider(provider)
    calls, _, _, dollars = in_ledger(store)
    assert {slot.reason for slot in queued(store)} <= REASONS
    store.close()
    faults = {name: count for name, count in provider.stats()["faults"].items() if count}
    print(f"{calls / EXAMPLES:.2f} calls an example, ${dollars} in all; {places}; {faults}")  # noqa: T201
    assert faults.keys() >= {"error", "hang", "offlist", "rpm"}


def queued(store: Store) -> Sequence[Placement]:
    with store.reading() as session:
        return session.exec(select(Placement).where(Placement.place == "queued")).all()
