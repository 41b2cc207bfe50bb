"""A service in pieces: kill -9 of workers, of Redis and of PostgreSQL at random moments. Nothing is lost, little is paid twice."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prelabel.errors import PrelabelError
from prelabel.store import Store
from simulator.process import Provider
from simulator.process import running as simulated
from tests.chaos.drafting import PRICES, answer, check_books, finished, record_answers, start
from tests.running import Running, running
from tests.servers import Server, postgres_cluster, redis_server

EXAMPLES = 600
WORKERS = 2
IN_FLIGHT = 4
ON_THEIR_WAY = IN_FLIGHT + IN_FLIGHT // 2
"""Calls in flight in a worker, and answers that are not in the database yet."""
SETTINGS: dict[str, Any] = {
    "concurrency": IN_FLIGHT,
    "lease_seconds": 15,  # longer than PostgreSQL is ever away: what a living worker holds stays its own
    "sweep_seconds": 0.5,
    "retry_seconds": 0.5,
    "chunk_size": 2,  # claims are under way at any moment, so also when a server goes
    "prices": PRICES,
}


class Service:
    """The whole service, of which any part can be killed."""

    def __init__(self, processes: Running, redis: Server, postgres: Server, dice: random.Random) -> None:
        self.processes = processes
        self._servers = {"redis": redis, "postgres": postgres}
        self._dice = dice

    def kill(self, part: str) -> None:
        """kill -9 of a part, which is back a moment later."""
        if part == "worker":
            self.processes.kill_worker(self._dice.choice(self.processes.alive()))
            self.processes.start_worker()
            return
        self._servers[part].kill()
        time.sleep(self._dice.uniform(0, 1))
        self._servers[part].start()

    def revive(self) -> None:
        """Start as many workers as have ended by themselves, as whatever runs them would: one that finds no database ends."""
        for _ in range(WORKERS - len(self.processes.alive())):
            self.processes.start_worker()

    def wait_until_it_answers(self, run_id: int) -> dict[str, int]:
        """The API's word on where examples are, at the latest some seconds after the database is back."""
        until = time.monotonic() + 10
        while True:
            try:
                return dict(self.processes.client.run(run_id)["places"])
            except PrelabelError:
                assert time.monotonic() < until, self.processes.logs()
                time.sleep(0.1)


@pytest.fixture
def dice() -> random.Random:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 # with it, a failure can be had again
    return random.Random(seed)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    answers = record_answers(tmp_path / "answers.jsonl", EXAMPLES)
    with simulated(answers=answers, median_ms=1000, sigma=0.5) as started:
        yield started


@pytest.fixture
def database() -> Iterator[tuple[Server, str]]:
    with postgres_cluster() as started:
        yield started


@pytest.fixture
def service(
    tmp_path: Path, provider: Provider, database: tuple[Server, str], dice: random.Random
) -> Iterator[Service]:
    postgres, database_url = database
    with redis_server(tmp_path) as (redis, broker_url):
        settings = SETTINGS | {
            "api_base": f"{provider.url}/v1",
            "database_url": database_url,
            "broker_url": broker_url,
        }
        with running(tmp_path / "home", WORKERS, **settings) as processes:
            yield Service(processes, redis, postgres, dice)


def kill_in_turn(service: Service, run_id: int, parts: list[str], dice: random.Random) -> None:
    for part in parts:
        time.sleep(dice.uniform(0.3, 2.5))
        service.revive()
        service.kill(part)
        left = service.wait_until_it_answers(run_id)["waiting"]
        assert left, "the run ended before all was killed"
    time.sleep(1)
    service.revive()


def check_end(service: Service, provider: Provider, run_id: int) -> None:
    """Every example is settled or queued, and what is exported of them is right."""
    provider.configure(median_ms=20, sigma=0)
    places = finished(service.processes, run_id)
    assert places == {"settled": EXAMPLES // 2, "queued": EXAMPLES // 2}, service.processes.logs()
    exported = [json.loads(line) for line in b"".join(service.processes.client.export(run_id)).splitlines()]
    assert {row["id"]: row["label"] for row in exported} == {
        str(number): answer(number)["label"] for number in range(EXAMPLES) if number % 2
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_after_20_kills_of_anything_nothing_is_lost_and_little_is_paid_twice(
    service: Service, provider: Provider, tmp_path: Path, dice: random.Random
) -> None:
    run_id = start(service.processes, tmp_path, EXAMPLES)
    parts = ["worker"] * 7 + ["redis"] * 6 + ["postgres"] * 7
    dice.shuffle(parts)
    kill_in_turn(service, run_id, parts, dice)
    check_end(service, provider, run_id)
    told = provider.stats()
    print(Counter(parts), told, "workers started:", len(service.processes.workers))  # noqa: T201
    assert told["examples_answered"] == EXAMPLES
    # A worker that lives holds its answers until PostgreSQL takes them, so only the killed ones' are asked for again.
    assert told["answers_repeated"] <= parts.count("worker") * ON_THEIR_WAY


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_after_kills_of_postgres_and_redis_alone_nothing_is_paid_twice_and_the_ledger_is_exact(
    service: Service, provider: Provider, tmp_path: Path, database: tuple[Server, str], dice: random.Random
) -> None:
    run_id = start(service.processes, tmp_path, EXAMPLES)
    parts = ["postgres"] * 8 + ["redis"] * 2
    dice.shuffle(parts)
    kill_in_turn(service, run_id, parts, dice)
    check_end(service, provider, run_id)
    assert len(service.processes.workers) == WORKERS, service.processes.logs()
    assert provider.stats()["answers_repeated"] == 0
    store = Store(database[1])
    check_books(store, provider)
    store.close()
