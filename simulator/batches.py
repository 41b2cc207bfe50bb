"""Batches of either provider: requests that are sent together and answered later, in an order of their own.

Time alone moves a batch on, and it is looked at only when somebody asks: there is no task in the background.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from simulator.faults import Behaviour
from simulator.wire import Body, Flavour


@dataclass(frozen=True)
class Ending:
    """What became of one request: an answer or an error with its status and body, or neither."""

    kind: Literal["succeeded", "errored", "expired", "canceled"]
    status: int = 0
    body: Body = field(default_factory=dict)


@dataclass
class Batch:
    """Requests as (custom_id, body). `faults` say why it was refused as a whole; `endings` are None while it is worked on."""

    name: str
    flavour: Flavour
    requests: Sequence[tuple[str, Any]]
    created: float
    details: Mapping[str, Any]
    faults: Sequence[Body] = ()
    endings: dict[str, Ending] | None = None
    ended: float = 0.0
    cancelled: float = 0.0
    files: dict[str, str] = field(default_factory=dict)

    def count(self, kind: str) -> int:
        """How many requests ended so."""
        return sum(ending.kind == kind for ending in (self.endings or {}).values())


@dataclass(frozen=True)
class File:
    """What was uploaded or has been written for a batch."""

    name: str
    filename: str
    purpose: str
    data: bytes
    created: float


class Batches:
    """All batches and files. `end` says what becomes of a request; `behaviour` is asked anew each time."""

    def __init__(
        self,
        end: Callable[[Any, Flavour], Ending],
        behaviour: Callable[[], Behaviour],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._end = end
        self._behaviour = behaviour
        self._clock = clock
        self._batches: dict[str, Batch] = {}
        self.files: dict[str, File] = {}

    def is_full(self) -> bool:
        """Whether one more batch is one too many."""
        most = self._behaviour().max_batches
        self.settle()
        return 0 < most <= sum(batch.endings is None for batch in self._batches.values())

    def add(
        self,
        flavour: Flavour,
        requests: Sequence[tuple[str, Any]],
        faults: Sequence[Body] = (),
        **details: Any,
    ) -> Batch:
        """A new batch; one with faults is refused as a whole."""
        prefix = "batch" if flavour == "openai" else "msgbatch"
        batch = Batch(f"{prefix}_{uuid4().hex[:20]}", flavour, requests, self._clock(), details, faults)
        if faults:
            batch.endings, batch.ended = {}, batch.created
        self._batches[batch.name] = batch
        return batch

    def find(self, name: str, flavour: Flavour) -> Batch | None:
        """As it is now."""
        batch = self._batches.get(name)
        if batch is None or batch.flavour != flavour:
            return None
        self._settle(batch)
        return batch

    def page(self, flavour: Flavour, limit: int, after: str = "") -> tuple[list[Batch], bool]:
        """Newest first, from behind the one named, and whether there are more."""
        batches = [batch for batch in reversed(self._batches.values()) if batch.flavour == flavour]
        names = [batch.name for batch in batches]
        start = names.index(after) + 1 if after in names else 0
        found = batches[start : start + limit]
        for batch in found:
            self._settle(batch)
        return found, start + limit < len(batches)

    def done(self, batch: Batch) -> int:
        """How many requests are through, by the time that has gone by."""
        if batch.endings is not None:
            return len(batch.endings)
        seconds = self._behaviour().batch_seconds
        share = min(1.0, (self._clock() - batch.created) / seconds) if seconds else 1.0
        return math.floor(share * len(batch.requests))

    def cancel(self, batch: Batch) -> bool:
        """End it at once: what is not through is canceled. Whether there was anything left to cancel."""
        if batch.endings is not None:
            return False
        batch.cancelled = self._clock()
        self._finish(batch, self.done(batch))
        return True

    def delete(self, batch: Batch) -> None:
        """Forget it."""
        del self._batches[batch.name]

    def put(self, filename: str, purpose: str, data: bytes) -> File:
        """Keep a file."""
        file = File(f"file-{uuid4().hex[:20]}", filename, purpose, data, self._clock())
        self.files[file.name] = file
        return file

    def settle(self) -> int:
        """Bring all up to now; how many batches were accepted so far."""
        for batch in self._batches.values():
            self._settle(batch)
        return sum(not batch.faults for batch in self._batches.values())

    def _settle(self, batch: Batch) -> None:
        if batch.endings is None and self._clock() >= batch.created + self._behaviour().batch_seconds:
            self._finish(batch, len(batch.requests))

    def _finish(self, batch: Batch, through: int) -> None:
        """Results come in the opposite order, so that nobody relies on theirs."""
        endings = [
            (name, self._end(body, batch.flavour) if number < through else Ending("canceled"))
            for number, (name, body) in enumerate(batch.requests)
        ]
        batch.endings, batch.ended = dict(reversed(endings)), self._clock()
