"""Models are asked no more than their limits allow, in one process and over several."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from decimal import Decimal
from typing import Any

import pytest
import redis.asyncio

from prelabel.draft import Reply, Request
from prelabel.errors import LimitedError, ModelError, TransientError
from prelabel.llm import throttle
from prelabel.llm.throttle import Bucket, LocalBucket, RedisBucket, Throttled, Throttles, Window
from prelabel.settings import Limit

REQUEST = Request("m", [{"role": "user", "content": "x" * 300}], {})


class Answering:
    """A model that says how many were inside at once, and raises what it is told to."""

    name = "m"

    def __init__(self, *errors: ModelError, seconds: float = 0.005, tokens: int = 100) -> None:
        self.errors = list(errors)
        self.seconds = seconds
        self.tokens = tokens
        self.inside = self.most_inside = self.asked = 0

    def most(self, request: Request) -> Decimal | None:
        return None

    async def ask(self, request: Request) -> Reply:
        self.asked += 1
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        await asyncio.sleep(self.seconds)
        self.inside -= 1
        if self.errors:
            raise self.errors.pop(0)
        return Reply("{}", tokens_in=self.tokens)


async def ask_all(model: Throttled, count: int) -> list[Any]:
    return await asyncio.gather(*(model.ask(REQUEST) for _ in range(count)), return_exceptions=True)


def test_no_more_calls_are_in_flight_than_the_window_holds() -> None:
    model = Answering()
    asyncio.run(ask_all(Throttled(model, Window(3), None), 20))
    assert (model.asked, model.most_inside) == (20, 3)


def test_a_refusal_makes_the_window_smaller_and_answers_widen_it_again() -> None:
    window = Window(10)
    model = Throttled(Answering(LimitedError("slower")), window, None)
    asyncio.run(ask_all(model, 1))
    assert window.size == pytest.approx(7)
    asyncio.run(ask_all(model, 30))
    assert window.size == 10


def test_refusals_of_calls_that_were_in_flight_together_count_once() -> None:
    window = Window(10)
    model = Throttled(Answering(*[LimitedError("slower")] * 10, seconds=0.5), window, None)
    asyncio.run(ask_all(model, 10))
    assert window.size == pytest.approx(7)


def test_a_window_full_of_calls_does_not_start_all_at_once() -> None:
    starts: list[float] = []

    class Noting(Answering):
        async def ask(self, request: Request) -> Reply:
            starts.append(time.monotonic())
            return await super().ask(request)

    asyncio.run(ask_all(Throttled(Noting(seconds=1.5), Window(20), None), 20))
    assert len(starts) == 20
    assert starts[-1] - starts[0] > 19 * throttle.LONGEST_GAP * 0.9


def test_calls_that_are_answered_at_once_start_close_together() -> None:
    window = Window(50)
    asyncio.run(ask_all(Throttled(Answering(seconds=0), window, None), 500))
    began = time.monotonic()
    asyncio.run(ask_all(Throttled(Answering(seconds=0), window, None), 500))
    assert time.monotonic() - began < 500 * throttle.LONGEST_GAP


def test_a_caller_that_gives_up_before_its_start_takes_no_place() -> None:
    async def run() -> int:
        model, window = Answering(), Window(2)
        calls = [asyncio.create_task(Throttled(model, window, None).ask(REQUEST)) for _ in range(2)]
        await asyncio.sleep(0)
        calls[1].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await ask_all(Throttled(model, window, None), 4)
        return model.asked

    assert asyncio.run(run()) == 5


def test_the_window_never_closes() -> None:
    window, errors = Window(4), [LimitedError("slower")] * 20
    model = Throttled(Answering(*errors, seconds=0), window, None)

    async def one_by_one() -> None:
        for _ in errors:
            await ask_all(model, 1)

    asyncio.run(one_by_one())
    assert window.size == 1
    assert isinstance(asyncio.run(ask_all(model, 1))[0], Reply)


def test_other_failures_leave_the_window_as_it_is() -> None:
    window = Window(10)
    asyncio.run(ask_all(Throttled(Answering(TransientError("500")), window, None), 1))
    assert window.size == 10


def test_a_caller_that_gives_up_takes_no_place() -> None:
    async def give_up() -> int:
        model, window = Answering(seconds=0.05), Window(1)
        waiting = [asyncio.create_task(Throttled(model, window, None).ask(REQUEST)) for _ in range(3)]
        await asyncio.sleep(0.01)
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return model.asked

    assert asyncio.run(give_up()) == 2


Make = Callable[[Limit], AbstractAsyncContextManager[Bucket]]


@pytest.fixture(params=["local", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    """A bucket of each kind."""
    if request.param == "local":
        return lambda limit: nullcontext(LocalBucket(limit))
    url, name = request.getfixturevalue("redis_url"), f"test-{time.monotonic_ns()}"
    return lambda limit: shared(url, name, limit)


@asynccontextmanager
async def shared(url: str, name: str, limit: Limit) -> AsyncIterator[Bucket]:
    async with redis.asyncio.Redis.from_url(url) as client:
        yield RedisBucket(client, name, limit)


async def taken(bucket: Bucket, tokens: int, most: int = 1000) -> int:
    """How often so many tokens can be taken at once."""
    for count in range(most):
        if await bucket.take(tokens) > 0:
            return count
    return most


def test_a_bucket_gives_no_more_than_its_burst_at_once(make: Make) -> None:
    async def at_once() -> tuple[int, float]:
        async with make(Limit(rpm=6000)) as bucket:
            began = time.monotonic()
            return await taken(bucket, 1), time.monotonic() - began

    count, seconds = asyncio.run(at_once())
    assert 50 <= count <= 50.5 + 100 * seconds


def test_a_bucket_fills_with_its_rate(make: Make) -> None:
    async def again() -> tuple[int, float]:
        async with make(Limit(rpm=6000)) as bucket:
            await taken(bucket, 1)
            began = time.monotonic()
            await asyncio.sleep(0.2)
            return await taken(bucket, 1), time.monotonic() - began

    count, seconds = asyncio.run(again())
    assert 19 <= count <= 1.5 + 100 * seconds


def test_tokens_are_limited_beside_requests(make: Make) -> None:
    async def at_once() -> tuple[int, float]:
        async with make(Limit(rpm=60_000, tpm=120_000)) as bucket:
            began = time.monotonic()
            return await taken(bucket, 100), time.monotonic() - began

    count, seconds = asyncio.run(at_once())
    assert 10 <= count <= 10.5 + 20 * seconds


def test_a_request_larger_than_a_bucket_passes_when_that_is_full(make: Make) -> None:
    async def large() -> tuple[float, bool]:
        async with make(Limit(tpm=60_000)) as bucket:
            return await bucket.take(100_000), await bucket.take(1) > 60

    assert asyncio.run(large()) == (0.0, True)


def test_what_a_call_did_not_use_is_given_back(make: Make) -> None:
    async def settled() -> float:
        async with make(Limit(tpm=60_000)) as bucket:
            await bucket.take(500)
            await bucket.settle(-500)
            return await bucket.take(500)

    assert asyncio.run(settled()) == 0


def test_a_pause_holds_everybody_up(make: Make) -> None:
    async def paused() -> tuple[float, float]:
        async with make(Limit(rpm=6000)) as bucket:
            began = time.monotonic()
            await bucket.pause(2)
            return await bucket.take(1), time.monotonic() - began

    wait, seconds = asyncio.run(paused())
    assert 2 - seconds - 0.02 <= wait <= 2.02


def test_two_processes_share_one_limit(redis_url: str) -> None:
    async def both() -> tuple[int, float]:
        name, limit = f"shared-{time.monotonic_ns()}", Limit(rpm=6000)
        async with shared(redis_url, name, limit) as one, shared(redis_url, name, limit) as other:
            began = time.monotonic()
            return await taken(one, 1) + await taken(other, 1), time.monotonic() - began

    count, seconds = asyncio.run(both())
    assert 50 <= count <= 50.5 + 100 * seconds


def test_while_redis_is_away_nobody_takes_anything_and_one_line_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def away() -> list[float]:
        async with shared("redis://127.0.0.1:1/0", "m", Limit(rpm=60)) as bucket:
            return [await bucket.take(1) for _ in range(3)]

    assert asyncio.run(away()) == [throttle.PAUSE_SECONDS] * 3
    assert caplog.text.count("Redis does not answer") == 1


def test_calls_wait_for_their_turn_in_a_minute_and_all_are_made() -> None:
    model = Answering(seconds=0)
    limited = Throttles(50, {"m": Limit(rpm=6000)}, "").throttled(model)
    began = time.monotonic()
    asyncio.run(ask_all(limited, 80))
    assert model.asked == 80
    assert time.monotonic() - began > 0.25  # 50 at once, then 100 a second


def test_a_refusal_pauses_all_that_share_the_limit() -> None:
    async def refused() -> float:
        throttles = Throttles(5, {"m": Limit(rpm=6000)}, "")
        await ask_all(throttles.throttled(Answering(LimitedError("slower", retry_after=0.3))), 1)
        began = time.monotonic()
        await ask_all(throttles.throttled(Answering(seconds=0)), 1)
        return time.monotonic() - began

    assert asyncio.run(refused()) > 0.25
