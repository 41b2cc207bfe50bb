"""What goes wrong, and how often."""

import argparse
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any
from zlib import crc32

SPOILED: dict[str, Callable[[str], str]] = {
    "truncated": lambda content: content[: len(content) * 2 // 3],
    "prose": lambda content: "I would say that this one is hard to tell.",
    "fenced": lambda content: f"Sure! Here it is:\n```json\n{content}\n```\nLet me know if you need more.",
    "empty": lambda content: "",
}
"""The ways to make an answer malformed."""
BATCH_FAULTS = ("batch_failed", "batch_expired")
"""What can become of a request of a batch instead of an answer."""
FAULTS = ("concurrency", "rpm", "error", "hang", "offlist", *SPOILED, *BATCH_FAULTS)
"""All that can go wrong; the first two are limits that a call met."""


def _option(default: Any, words: str) -> Any:
    return field(default=default, metadata={"words": words})


@dataclass(frozen=True)
class Behaviour:
    """All that can be set, at the start or while it runs. Raises ValueError for what makes no sense."""

    median_ms: float = _option(0.0, "median latency in milliseconds")
    sigma: float = _option(0.0, "spread of the latency's logarithm; 0: it is constant")
    max_concurrency: int = _option(0, "calls at once beyond which comes 429; 0: no limit")
    rpm: float = _option(0.0, "calls a minute beyond which comes 429, a second's worth at once; 0: no limit")
    retry_after: float = _option(1.0, "seconds that the 429 of max_concurrency asks to wait")
    error_rate: float = _option(0.0, "share of calls answered with 500")
    hang_rate: float = _option(0.0, "share of calls that hang")
    hang_seconds: float = _option(3600.0, "how long they hang before they get 504")
    malformed_rate: float = _option(0.0, "share of calls whose answer is spoiled")
    spoiled: str = _option(",".join(SPOILED), "in which ways, equally often")
    offlist_rate: float = _option(0.0, "share of calls whose answer holds what the JSON schema does not list")
    sticky: bool = _option(
        False, "a fault belongs to the example, so that a retry and a repair meet it again"
    )
    batch_seconds: float = _option(0.0, "how long a batch takes, also one that was sent before this was set")
    batch_failed_rate: float = _option(0.0, "share of a batch's requests that end as errored")
    batch_expired_rate: float = _option(0.0, "share of a batch's requests that expire")
    max_batches: int = _option(0, "batches under way beyond which comes 429; 0: no limit")
    key: str = _option("", "the only key that is accepted; empty: any, and none")
    seed: int = _option(1, "the same seed, the same faults")
    default: str = _option("", "answer where none is recorded; empty: the plainest that fits the schema")

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            kind = type(getattr(Behaviour, name))
            fits = type(value) is kind or (kind is float and type(value) is int)
            if not fits or (kind in (int, float) and not 0 <= value < math.inf):
                raise ValueError(f"{name} must be {_NAMED[kind]}, not {value!r}")
        if sum(self.batch_shares().values()) > 1 + 1e-9:
            raise ValueError("all rates together must be at most 1")

    def shares(self) -> dict[str, float]:
        """The share of calls of every kind of fault; those of malformed answers by the way they are spoiled."""
        ways = [way for way in self.spoiled.split(",") if way]
        if not ways or not set(ways) <= SPOILED.keys():
            raise ValueError(f"spoiled must be some of {','.join(SPOILED)}, not {self.spoiled!r}")
        rates = {"error": self.error_rate, "hang": self.hang_rate, "offlist": self.offlist_rate}
        return rates | {way: self.malformed_rate / len(ways) for way in ways}

    def batch_shares(self) -> dict[str, float]:
        """The same for the requests of a batch; what is an error or a hang live, the provider overcomes there by itself.

        They come last, so that a sticky fault of an answer meets the same examples live and in a batch.
        """
        ends = dict(zip(BATCH_FAULTS, (self.batch_failed_rate, self.batch_expired_rate), strict=True))
        return self.shares() | ends

    def changed(self, values: Mapping[str, Any]) -> "Behaviour":
        """With other values of the fields named. Raises ValueError."""
        names = [option.name for option in fields(self)]
        if unknown := set(values) - set(names):
            raise ValueError(f"there is no {', '.join(sorted(unknown))} (there are {', '.join(names)})")
        return replace(self, **values)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """An argument for each field."""
        for option in fields(cls):
            name, words = f"--{option.name.replace('_', '-')}", option.metadata["words"]
            if option.type is bool:
                parser.add_argument(name, action="store_true", help=words)
            else:
                parser.add_argument(name, type=type(option.default), default=option.default, help=words)


_NAMED = {int: "a whole number from 0", float: "a number from 0", bool: "true or false", str: "a text"}


class Dice:
    """Decides each call's latency and fault; the same seed and order of calls, the same decisions."""

    def __init__(self, behaviour: Behaviour, for_batches: bool = False) -> None:
        self._behaviour = behaviour
        self._shares = behaviour.batch_shares() if for_batches else behaviour.shares()
        self._latencies = random.Random(behaviour.seed)
        self._faults = random.Random(behaviour.seed)

    def latency(self) -> float:
        """Seconds until this call's answer."""
        median, sigma = self._behaviour.median_ms / 1000, self._behaviour.sigma
        return median * self._latencies.lognormvariate(0, sigma) if sigma else median

    def fault(self, question: str) -> str:
        """A key of the shares, or "" for none."""
        if self._behaviour.sticky:
            throw = crc32(f"{self._behaviour.seed}:{question}".encode()) / 2**32
        else:
            throw = self._faults.random()
        for kind, share in self._shares.items():
            if throw < share:
                return kind
            throw -= share
        return ""


@dataclass(frozen=True)
class TooMany:
    """A refusal: which limit was met, and the seconds to wait."""

    limit: str
    seconds: float


class Limits:
    """The limits on calls at once and a minute; for the latter a bucket that fills evenly and holds one second's worth."""

    def __init__(self, behaviour: Behaviour, clock: Callable[[], float] = time.monotonic) -> None:
        self._behaviour = behaviour
        self._clock = clock
        self._rate = behaviour.rpm / 60
        self._left = self._most = max(1.0, self._rate)
        self._counted_at = clock()

    def refuse(self, in_flight: int) -> TooMany | None:
        """Whether a call is one too many beside those in flight; if not, it is counted."""
        if 0 < self._behaviour.max_concurrency <= in_flight:
            return TooMany("concurrency", self._behaviour.retry_after)
        if not self._rate:
            return None
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._counted_at) * self._rate)
        self._counted_at = now
        if self._left < 1:
            return TooMany("rpm", (1 - self._left) / self._rate)
        self._left -= 1
        return None
