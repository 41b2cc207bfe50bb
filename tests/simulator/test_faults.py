"""Faults that are asked for, and no others."""

import asyncio
import json
import time
from typing import Any

import httpx2
import pytest

from simulator.faults import FAULTS, SPOILED, Behaviour, Dice, Limits
from simulator.process import Provider
from tests.simulator.conftest import ANSWER, as_schema, asking
from tests.waiting import wait_until


def post(provider: Provider, text: str = "a hoax", timeout: float = 5, **more: Any) -> httpx2.Response:
    url = f"{provider.url}/v1/chat/completions"
    return httpx2.post(url, json=asking(text, **more), timeout=timeout)


def content(response: httpx2.Response) -> str:
    return str(response.raise_for_status().json()["choices"][0]["message"]["content"])


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def wait_until_idle(provider: Provider) -> dict[str, Any]:
    wait_until(lambda: not provider.stats()["in_flight"], every=0.01)
    return provider.stats()


def fates(count: int = 2_000, **behaviour: Any) -> list[str]:
    dice = Dice(Behaviour(**behaviour))
    return [dice.fault(f"example {number}") for number in range(count)]


def test_an_error_is_a_500(provider: Provider) -> None:
    provider.configure(error_rate=1)
    response = post(provider)
    assert (response.status_code, response.json()["error"]["type"]) == (500, "server_error")
    assert provider.stats()["faults"]["error"] == 1


def test_a_hang_lasts_until_the_client_leaves(provider: Provider) -> None:
    provider.configure(hang_rate=1)
    with pytest.raises(httpx2.ReadTimeout):
        post(provider, timeout=0.2)
    stats = wait_until_idle(provider)
    assert (stats["faults"]["hang"], stats["in_flight"], stats["ok"]) == (1, 0, 0)


def test_a_hang_ends_with_504(provider: Provider) -> None:
    provider.configure(hang_rate=1, hang_seconds=0.05)
    assert post(provider).status_code == 504


@pytest.mark.parametrize("way", SPOILED)
def test_a_malformed_answer_is_not_the_json_it_was(provider: Provider, way: str) -> None:
    provider.configure(malformed_rate=1, spoiled=way)
    spoiled = content(post(provider))
    assert not is_json(spoiled)
    assert (json.dumps(ANSWER) in spoiled) == (way == "fenced")
    assert provider.stats()["faults"] == dict.fromkeys(FAULTS, 0) | {way: 1}


def test_an_off_list_answer_is_json_with_what_no_list_holds(provider: Provider) -> None:
    provider.configure(offlist_rate=1)
    answer = json.loads(content(post(provider, response_format=as_schema())))
    assert answer == {"label": {"stance": "something else entirely", "stars": 6}}


def test_faults_come_as_often_as_asked_for() -> None:
    found = fates(error_rate=0.1, malformed_rate=0.2, spoiled="prose,empty")
    shares = {kind: found.count(kind) / len(found) for kind in ("error", "prose", "empty", "")}
    assert shares == pytest.approx({"error": 0.1, "prose": 0.1, "empty": 0.1, "": 0.7}, abs=0.03)


def test_the_seed_decides_the_faults() -> None:
    assert fates(error_rate=0.5) == fates(error_rate=0.5) != fates(error_rate=0.5, seed=2)


def test_a_reset_starts_the_same_faults_again(provider: Provider) -> None:
    provider.configure(error_rate=0.5)
    first = [post(provider).status_code for _ in range(12)]
    provider.reset()
    assert [post(provider).status_code for _ in range(12)] == first
    assert set(first) == {200, 500}


def test_a_sticky_fault_stays_with_its_example() -> None:
    dice = Dice(Behaviour(error_rate=0.5, sticky=True))
    rounds = [[dice.fault(f"example {number}") for number in range(200)] for _ in range(2)]
    assert rounds[0] == rounds[1]
    assert 60 < rounds[0].count("error") < 140


def test_latency_is_constant_or_lognormal() -> None:
    constant, spread = Dice(Behaviour(median_ms=200)), Dice(Behaviour(median_ms=200, sigma=0.5))
    assert {constant.latency() for _ in range(10)} == {0.2}
    drawn = sorted(spread.latency() for _ in range(2_001))
    assert drawn[1_000] == pytest.approx(0.2, rel=0.06)
    assert drawn[1_682] / drawn[1_000] == pytest.approx(1.65, rel=0.08)


def test_an_answer_takes_its_latency(provider: Provider) -> None:
    provider.configure(median_ms=150)
    began = time.monotonic()
    post(provider)
    assert 0.15 <= time.monotonic() - began < 1.5


def test_too_many_calls_at_once_are_told_to_wait(provider: Provider) -> None:
    provider.configure(max_concurrency=2, median_ms=300, retry_after=1.4)
    responses = asyncio.run(at_once(provider, 5))
    assert sorted(response.status_code for response in responses) == [200, 200, 429, 429, 429]
    refused = next(response for response in responses if response.status_code == 429)
    assert (refused.headers["retry-after"], refused.headers["retry-after-ms"]) == ("2", "1400")
    assert (provider.stats()["max_in_flight"], provider.stats()["faults"]["concurrency"]) == (2, 3)


async def at_once(provider: Provider, count: int) -> list[httpx2.Response]:
    async with httpx2.AsyncClient() as client:
        url = f"{provider.url}/v1/chat/completions"
        return await asyncio.gather(*(client.post(url, json=asking()) for _ in range(count)))


def test_calls_a_minute_are_limited_evenly() -> None:
    now = 0.0
    limits = Limits(Behaviour(rpm=120), clock=lambda: now)
    assert [limits.refuse(0) is None for _ in range(3)] == [True, True, False]
    refused = limits.refuse(0)
    assert refused is not None
    assert refused.limit == "rpm"
    assert refused.seconds == pytest.approx(0.5)
    now = 0.5
    assert [limits.refuse(0) is None for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"nonsense": 1}, "there is no nonsense"),
        ({"error_rate": "often"}, "error_rate must be a number"),
        ({"sticky": 1}, "sticky must be true or false"),
        ({"error_rate": 0.6, "hang_rate": 0.6}, "at most 1"),
        ({"median_ms": -1}, "median_ms must be a number from 0"),
        ({"spoiled": "rotten"}, "spoiled must be some of truncated"),
    ],
)
def test_behaviour_that_makes_no_sense_is_refused(provider: Provider, values: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        provider.configure(**values)
    assert post(provider).status_code == 200
