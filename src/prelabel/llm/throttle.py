"""Who may call a model now: so many calls at once in this process, so many requests and tokens a minute over all processes.

The window of calls at once adapts as TCP's does (additive increase, multiplicative decrease, Chiu and Jain 1989): a provider
that refuses for its limits gets fewer calls, one that answers gets more again. The rates are token buckets, shared by all
workers in Redis where that is the broker, else kept in the one process there is.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cache
from typing import Any, Protocol

import redis.asyncio
from redis.exceptions import RedisError

from prelabel.draft import Model, Reply, Request
from prelabel.errors import LimitedError
from prelabel.examples.content import texts_in
from prelabel.money import image_tokens
from prelabel.operations import metrics
from prelabel.settings import Limit

log = logging.getLogger(__name__)
CUT = 0.7
"""What a refusal leaves of the window."""
BURST_SECONDS = 0.5
"""How much of a rate a bucket holds: what may be used at once after a pause."""
PAUSE_SECONDS = 1.0
"""The pause after a refusal that does not say how long to wait."""
BYTES_A_TOKEN = 3
"""For the estimate before a call; what it really took is settled after."""
LONGEST_GAP = 0.01
"""Seconds between the starts of two calls at most: about what one takes of a processor, so spreading them costs no time."""
SPREAD = 0.75
"""The part of a call's duration over which the starts of a window full of calls are spread."""


class Window:
    """Calls at once, at most `most`: fewer after a refusal, one more for each window full of answers.

    They start one after the other. Calls that start together are answered together, and then the processor has all of
    their answers to read before the next call goes out, while the provider has nothing to do.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = float(most)
        self._start_at = 0.0
        self._gap = LONGEST_GAP
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._cut_at = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; first come, first served."""
        if self._inside >= int(self.size) or self._waiting:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._leave()
                raise
        else:
            self._inside += 1
        try:
            began = await self._start()
        except asyncio.CancelledError:
            self._leave()
            raise
        try:
            yield
            self._learn(time.monotonic() - began)
            self.size = min(self.most, self.size + 1 / self.size)
        except LimitedError:
            if began >= self._cut_at:  # calls that began before a cut meet the same limit: they count once
                self.size, self._cut_at = max(1.0, self.size * CUT), time.monotonic()
            raise
        finally:
            self._leave()

    async def _start(self) -> float:
        """Wait for the gap after the call before; returns when this one starts."""
        now = time.monotonic()
        start_at = max(now, self._start_at)
        self._start_at = start_at + self._gap
        if start_at > now:
            await asyncio.sleep(start_at - now)
        return time.monotonic()

    def _learn(self, seconds: float) -> None:
        """Have the gap follow how long calls take: windows full of starts fit into that, so the gap never is what limits."""
        gap = min(LONGEST_GAP, SPREAD * seconds / self.size)
        self._gap += (gap - self._gap) / self.size

    def _leave(self) -> None:
        self._inside -= 1
        while self._waiting and self._inside < int(self.size):
            turn = self._waiting.popleft()
            if not turn.done():
                self._inside += 1
                turn.set_result(None)


class Bucket(Protocol):
    """Requests and tokens a minute."""

    async def take(self, tokens: int) -> float:
        """Take one request of so many tokens, or nothing and say how many seconds to wait."""

    async def settle(self, tokens: int) -> None:
        """Take so many tokens more than was thought; fewer, where negative."""

    async def pause(self, seconds: float) -> None:
        """Let nobody take anything for so long."""


class LocalBucket:
    """The rates of the one process there is."""

    def __init__(self, limit: Limit) -> None:
        self._rates = _rates(limit)
        self._levels = [_full(rate) for rate in self._rates]
        self._at = time.monotonic()

    async def take(self, tokens: int) -> float:
        """As the protocol says."""
        self._fill()
        costs = (1, tokens)
        waits = [
            (min(cost, _full(rate)) - level) / rate
            for level, rate, cost in zip(self._levels, self._rates, costs, strict=True)
            if rate
        ]
        if (wait := max(waits, default=0.0)) > 0:
            return wait
        self._levels = [level - cost for level, cost in zip(self._levels, costs, strict=True)]
        return 0.0

    async def settle(self, tokens: int) -> None:
        """As the protocol says."""
        self._levels[1] -= tokens

    async def pause(self, seconds: float) -> None:
        """As the protocol says."""
        self._fill()
        self._levels = [
            min(level, -seconds * rate) for level, rate in zip(self._levels, self._rates, strict=True)
        ]

    def _fill(self) -> None:
        now = time.monotonic()
        passed, self._at = now - self._at, now
        self._levels = [
            min(_full(rate), level + passed * rate)
            for level, rate in zip(self._levels, self._rates, strict=True)
        ]


TAKE = """
local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
local wait, levels = 0, {}
for i, key in ipairs(KEYS) do
  local rate, full, cost = tonumber(ARGV[i * 3 - 2]), tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3])
  local kept = redis.call('HMGET', key, 'level', 'at')
  local level = (tonumber(kept[1]) or full) + math.max(0, now - (tonumber(kept[2]) or now)) * rate
  levels[i] = math.min(full, level)
  if rate > 0 then wait = math.max(wait, (math.min(cost, full) - levels[i]) / rate) end
end
if wait > 0 then return tostring(wait) end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'level', tostring(levels[i] - tonumber(ARGV[i * 3])), 'at', tostring(now))
  redis.call('PEXPIRE', key, 300000)
end
return '0'
"""
"""One step for both rates, by the clock of Redis. A request larger than a bucket passes when that is full."""
SETTLE = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBYFLOAT', KEYS[1], 'level', -ARGV[1]) end
"""
PAUSE = """
local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
for i, key in ipairs(KEYS) do
  local level, least = tonumber(redis.call('HGET', key, 'level')), -tonumber(ARGV[1]) * tonumber(ARGV[i + 1])
  if not level or level > least then redis.call('HSET', key, 'level', tostring(least), 'at', tostring(now)) end
  redis.call('PEXPIRE', key, 300000)
end
"""


class RedisBucket:
    """The rates that all worker processes share. While Redis does not answer, nobody takes anything."""

    def __init__(self, client: "redis.asyncio.Redis", name: str, limit: Limit) -> None:
        self._keys = [f"prelabel:{{{name}}}:requests", f"prelabel:{{{name}}}:tokens"]
        self._rates = _rates(limit)
        self._take = client.register_script(TAKE)
        self._settle = client.register_script(SETTLE)
        self._pause = client.register_script(PAUSE)
        self._is_away = False

    async def take(self, tokens: int) -> float:
        """As the protocol says."""
        costs = (1, tokens)
        asked = [
            part for rate, cost in zip(self._rates, costs, strict=True) for part in (rate, _full(rate), cost)
        ]
        try:
            wait = float(await self._take(keys=self._keys, args=asked))
        except RedisError as error:
            if not self._is_away:
                log.warning("Redis does not answer (%s): calls under a shared limit wait for it", error)
            self._is_away = True
            return PAUSE_SECONDS
        self._is_away = False
        return wait

    async def settle(self, tokens: int) -> None:
        """As the protocol says."""
        await self._tell(self._settle, self._keys[1:], [tokens])

    async def pause(self, seconds: float) -> None:
        """As the protocol says."""
        await self._tell(self._pause, self._keys, [seconds, *self._rates])

    async def _tell(self, script: Any, keys: Sequence[str], arguments: Sequence[float]) -> None:
        try:
            await script(keys=keys, args=arguments)
        except RedisError as error:
            log.debug("Redis does not answer: %s", error)


class Throttled:
    """A model that is asked no more than its limits allow (`prelabel.draft.Model`)."""

    def __init__(self, model: Model, window: Window, bucket: Bucket | None) -> None:
        self.name = model.name
        self._model = model
        self._window = window
        self._bucket = bucket
        self._order = asyncio.Lock()

    def most(self, request: Request) -> Decimal | None:
        """As the model says."""
        return self._model.most(request)

    async def ask(self, request: Request) -> Reply:
        """One call, once it may be made. Raises what the model raises."""
        async with self._window.turn():
            if self._bucket is None:
                return await self._call(request)
            return await self._ask(self._bucket, request)

    async def _call(self, request: Request) -> Reply:
        with metrics.in_flight(self.name):
            return await self._model.ask(request)

    async def _ask(self, bucket: Bucket, request: Request) -> Reply:
        thought = _tokens(request)
        async with self._order:  # one waits and asks again, the others wait for that one
            while (wait := await bucket.take(thought)) > 0:
                await asyncio.sleep(min(wait, 5.0) + 0.001)
        try:
            reply = await self._call(request)
        except LimitedError as error:
            await bucket.pause(error.retry_after or PAUSE_SECONDS)
            raise
        await bucket.settle(reply.tokens_in + reply.tokens_out - thought)
        return reply


class Throttles:
    """The windows and buckets of one process, one of each for a model."""

    def __init__(self, concurrency: int, limits: Mapping[str, Limit], broker_url: str) -> None:
        self._concurrency = concurrency
        self._limits = limits
        self._client = _redis(broker_url) if broker_url.startswith("redis") else None
        self._windows: dict[str, Window] = {}
        self._buckets: dict[str, Bucket] = {}

    def throttled(self, model: Model) -> Throttled:
        """The model, held to its limits."""
        window = self._windows.setdefault(model.name, Window(self._concurrency))
        return Throttled(model, window, self._bucket(model.name))

    def _bucket(self, name: str) -> Bucket | None:
        limit = self._limits.get(name)
        if limit is not None and name not in self._buckets:
            self._buckets[name] = (
                LocalBucket(limit) if self._client is None else RedisBucket(self._client, name, limit)
            )
        return self._buckets.get(name)


@cache
def _redis(url: str) -> "redis.asyncio.Redis":
    return redis.asyncio.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)


def _rates(limit: Limit) -> tuple[float, float]:
    """Requests and tokens a second; 0: no limit."""
    return limit.rpm / 60, limit.tpm / 60


def _full(rate: float) -> float:
    return max(1.0, rate * BURST_SECONDS)


def _tokens(request: Request) -> int:
    size = sum(len(text.encode()) for text in texts_in(request.messages))
    images = image_tokens.of_messages(request.model, request.messages)
    return (size // BYTES_A_TOKEN + images) * request.count + 1
