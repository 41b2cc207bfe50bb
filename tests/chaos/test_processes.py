"""Real processes, killed: embedded, and distributed over PostgreSQL and Redis. Nothing is lost, nothing is paid twice."""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.process import Provider
from simulator.process import running as simulated
from tests.running import Running, running
from tests.waiting import wait_until

EXAMPLES = 300
WORKERS = 2
IN_FLIGHT = 8
SETTINGS: dict[str, Any] = {
    "concurrency": IN_FLIGHT,
    "lease_seconds": 6,  # a process that gets no processor for two seconds is busy, not dead
    "sweep_seconds": 0.5,
    "chunk_size": 20,
    "prices": '{"openai/simulated": [0, 0]}',
}

FAULTS: dict[str, Any] = {
    "error_rate": 0.1, "malformed_rate": 0.1, "offlist_rate": 0.1, "max_concurrency": 12, "retry_after": 0.2,
}  # fmt: skip


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    answers: Path = tmp_path_factory.mktemp("provider") / "answers.jsonl"
    rows = ({"text": f"text {number}", "answer": answer(number)} for number in range(EXAMPLES))
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with simulated(answers) as started:
        yield started


def answer(number: int) -> dict[str, Any]:
    """Sure for every second example."""
    return {
        "label": {"topic": "a" if number % 3 else "b"},
        "confidence": {"topic": 0.95 if number % 2 else 0.3},
    }


@pytest.fixture(scope="module")
def processes(
    stores: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, provider: Provider
) -> Iterator[Running]:
    """The API and its workers, for the tests of this file: to start them takes longer than what is tested."""
    settings = SETTINGS | stores | {"api_base": f"{provider.url}/v1"}
    with running(tmp_path_factory.mktemp("home"), 0, **settings) as started:
        yield started


@pytest.fixture
def service(processes: Running, provider: Provider) -> Iterator[Running]:
    """With two workers that live, and a provider that has not been asked yet."""
    while len(processes.alive()) < WORKERS:
        processes.start_worker()
    provider.configure(median_ms=100, **dict.fromkeys(FAULTS, 0))
    provider.reset()
    yield processes
    assert provider.stats()["calls"] >= EXAMPLES
    assert "database is locked" not in processes.logs()


def start(service: Running, tmp_path: Path) -> int:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        "".join(
            json.dumps({"id": str(number), "text": f"text {number}"}) + "\n" for number in range(EXAMPLES)
        )
    )
    project, policy = uuid.uuid4().hex, {"threshold": 0.9}
    asked_anew = {"guidelines": project}  # else the answers that another test has paid for would do
    service.client.define_project(project, {"fields": {"topic": ["a", "b"]}} | asked_anew)
    service.client.bring_in(project, "d", rows)
    return service.client.start_run(project, "d", model="openai/simulated", policy=policy).id


def wait_until_drafted(service: Running, run_id: int, count: int) -> None:
    left = EXAMPLES - count
    wait_until(lambda: service.client.run(run_id)["places"]["waiting"] <= left, service.logs, every=0.02)


def finished(service: Running, run_id: int) -> dict[str, int]:
    places: dict[str, int] = service.client.wait(run_id, ("reviewing", "done"), seconds=90, every=0.1)[
        "places"
    ]
    return {place: count for place, count in places.items() if count}


def test_all_examples_are_drafted_by_real_processes(
    service: Running, provider: Provider, tmp_path: Path
) -> None:
    run_id = start(service, tmp_path)
    assert finished(service, run_id) == {"settled": EXAMPLES // 2, "queued": EXAMPLES // 2}
    assert provider.stats()["answers_repeated"] == 0
    assert service.client.run(run_id)["workers"] == WORKERS


def test_after_kill_9_of_all_workers_the_run_goes_on_and_pays_no_more_than_was_in_flight(
    service: Running, provider: Provider, tmp_path: Path
) -> None:
    run_id = start(service, tmp_path)
    wait_until_drafted(service, run_id, 60)
    service.kill_workers()
    for _ in range(WORKERS):
        service.start_worker()
    assert finished(service, run_id) == {"settled": EXAMPLES // 2, "queued": EXAMPLES // 2}
    on_their_way = IN_FLIGHT + IN_FLIGHT // 2  # calls in flight, and answers not yet in the database
    assert provider.stats()["answers_repeated"] <= WORKERS * on_their_way


def test_a_worker_that_is_told_to_end_keeps_all_that_it_has_paid_for(
    service: Running, provider: Provider, tmp_path: Path
) -> None:
    run_id = start(service, tmp_path)
    wait_until_drafted(service, run_id, 60)
    for number in service.alive():
        service.workers[number].terminate()
        assert service.workers[number].wait(30) == 0
        service.start_worker()
    assert finished(service, run_id) == {"settled": EXAMPLES // 2, "queued": EXAMPLES // 2}
    assert provider.stats()["answers_repeated"] == 0


@pytest.mark.slow
def test_after_kill_9_of_the_api_the_run_goes_on(
    service: Running, provider: Provider, tmp_path: Path
) -> None:
    run_id = start(service, tmp_path)
    wait_until_drafted(service, run_id, 20)
    service.kill_api()
    time.sleep(1)
    service.restart_api()
    assert finished(service, run_id) == {"settled": EXAMPLES // 2, "queued": EXAMPLES // 2}
    assert provider.stats()["answers_repeated"] == 0


@pytest.mark.slow
def test_a_provider_with_faults_costs_no_example(
    service: Running, provider: Provider, tmp_path: Path
) -> None:
    provider.configure(**FAULTS)
    run_id = start(service, tmp_path)
    places = finished(service, run_id)
    assert sum(places.values()) == EXAMPLES
    exported = [json.loads(line) for line in b"".join(service.client.export(run_id)).splitlines()]
    assert all(row["label"] == answer(int(row["id"]))["label"] for row in exported)
    assert service.client.get(f"/runs/{run_id}/cost")["calls"] > EXAMPLES


def test_a_run_without_workers_says_so_and_begins_once_one_is_there(service: Running, tmp_path: Path) -> None:
    service.kill_workers()
    run_id = start(service, tmp_path)
    time.sleep(0.5)
    assert service.client.run(run_id)["places"]["waiting"] == EXAMPLES
    service.start_worker()
    assert finished(service, run_id) == {"settled": EXAMPLES // 2, "queued": EXAMPLES // 2}
