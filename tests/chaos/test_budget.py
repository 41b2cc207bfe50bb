"""Many workers race for the last of the money: the cap holds, by the ledger and by the provider's own count."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from prelabel.store import Store
from simulator.process import Provider
from simulator.process import running as simulated
from tests.chaos.drafting import PRICES, check_books, finished, record_answers, start
from tests.running import Running, running
from tests.waiting import wait_until

EXAMPLES = 800
WORKERS = 8
CAP = Decimal(1)
SETTINGS: dict[str, Any] = {"concurrency": 4, "lease_seconds": 10, "sweep_seconds": 0.5, "prices": PRICES}


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    answers = record_answers(tmp_path / "answers.jsonl", EXAMPLES)
    with simulated(answers=answers, median_ms=50, malformed_rate=0.1) as started:
        yield started


@pytest.fixture
def service(tmp_path: Path, provider: Provider, postgres_store: Store, redis_url: str) -> Iterator[Running]:
    urls = {"api_base": f"{provider.url}/v1", "database_url": postgres_store.url, "broker_url": redis_url}
    with running(tmp_path / "home", WORKERS, **SETTINGS, **urls) as started:
        yield started


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_eight_workers_never_pass_the_cap_and_a_higher_one_finishes_the_run(
    service: Running, provider: Provider, postgres_store: Store, tmp_path: Path
) -> None:
    wait_for_all(service)
    run_id = start(service, tmp_path, EXAMPLES, cap=str(CAP))
    left = service.client.wait(run_id, ("over_budget",), seconds=90)["places"]["waiting"]
    books = check_books(postgres_store, provider)
    print(f"with a cap of ${CAP}: {books}, {left} examples wait")  # noqa: T201
    assert CAP * 9 / 10 < books.dollars <= CAP
    assert left > 0
    service.client.post(f"/runs/{run_id}/resume", {"cap": "10"})
    assert sum(finished(service, run_id).values()) == EXAMPLES
    check_books(postgres_store, provider)


def wait_for_all(service: Running) -> None:
    """Until the slowest worker has started, so that all of them race."""
    ready = f"{service.client.url}/ready"
    wait_until(lambda: httpx2.get(ready).json()["workers"] == WORKERS, service.logs)
