"""The Python client against a real service with one worker."""

from collections.abc import Callable, Iterator

import pytest

from prelabel.client import Client, Run
from tests.running import TOKEN, Running, running

SCHEMA = {"fields": {"topic": ["billing", "returns"]}}
TEXTS = [("my invoice {} is wrong", "billing"), ("I want to send parcel {} back", "returns")]
Drafted = Callable[..., Run]


def rows(count: int, gold: int) -> list[dict[str, str]]:
    """Tickets of two topics in turn, the first ones with gold."""
    made: list[dict[str, str]] = []
    for number in range(count):
        text, label = TEXTS[number % 2]
        made.append(
            {"id": f"t{number}", "text": text.format(number)} | ({"gold": label} if number < gold else {})
        )
    return made


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("client") / "home", workers=1, sweep_seconds=0.5) as started:
        yield started


@pytest.fixture
def client(service: Running) -> Iterator[Client]:
    with Client(service.client.url, TOKEN) as signed_in:
        yield signed_in


@pytest.fixture(scope="module")
def drafted(service: Running) -> Run:
    """A run of 60 tickets by the student, of which people have to answer 20."""
    service.client.submit(rows(60, 40), "drafted", schema=SCHEMA)
    run = service.client.start_run("drafted", "drafted", policy={"gold_target": 0.999})
    return run.wait(seconds=60, every=0.2)
