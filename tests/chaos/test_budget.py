"""Many workers race for the last of the money: the cap holds, by the ledger and by the provider's own count."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from prelabel.store import Store
from simulator.process import Provider
from simulator.process import running as simulated
from tests.chaos.drafting import PRICES, at_provider, finished, in_ledger, record_answers, start, until_stage
from tests.running import Running, running

EXAMPLES = 800
WORKERS = 8
CAP = Decimal(1)
SETTINGS: dict[str, Any] = {"concurrency": 4, "lease_seconds": 10, "sweep_seconds": 0.5, "prices": PRICES}


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    with simulated(answers=record_answers(tmp_path / "answers.jsonl", EXAMPLES), median_ms=50) as started:
        yield started


@pytest.fixture
def service(tmp_path: Path, provider: Provider, postgres_url: str, redis_url: str) -> Iterator[Running]:
    urls = {"api_base": f"{provider.url}/v1", "database_url": postgres_url, "broker_url": redis_url}
    with running(tmp_path / "home", WORKERS, **SETTINGS, **urls) as started:
        yield started


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_eight_workers_never_pass_the_cap_and_a_higher_one_finishes_the_run(
    service: Running, provider: Provider, postgres_url: str, tmp_path: Path
) -> None:
    provider.configure(malformed_rate=0.1)
    all_alive(service)
    run_id = start(service, tmp_path, EXAMPLES, cap=str(CAP))
    stopped = until_stage(service, run_id, "over_budget")
    store = Store(postgres_url)
    spent = at_provider(provider)
    print(f"of ${CAP}: {spent}", stopped["places"])  # noqa: T201
    assert in_ledger(store) == spent
    assert CAP * 9 / 10 < spent[-1] <= CAP
    assert stopped["places"]["waiting"] > 0
    service.client.post(f"/runs/{run_id}/resume", {"cap": "10"})
    assert sum(finished(service, run_id).values()) == EXAMPLES
    assert in_ledger(store) == at_provider(provider)
    store.close()


def all_alive(service: Running) -> None:
    """Wait for the slowest to start, so that all of them race."""
    import time

    until = time.monotonic() + 90
    while service.client.get("/../ready")["workers"] < WORKERS:
        assert time.monotonic() < until, service.logs()
        time.sleep(0.2)
