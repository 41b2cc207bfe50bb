"""The batch lane: requests that a provider answers within a day, at about half the price.

One interface over OpenAI's and Anthropic's batches. All calls block, none is repeated by itself: what may pass raises
TransientError and is tried again by whoever called, except `submit`, before which `find` has to say that there is none yet.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol, TypeVar

from prelabel.draft import Request
from prelabel.errors import ModelError, RefusedError, StoppingError
from prelabel.llm.failures import mapped
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.llm.raw import Result
from prelabel.prices import OwnPrice

PART_BYTES = 64_000_000
"""Bytes of one batch, well within what providers take, so that it fits a worker's memory several times."""
CLOCKS = timedelta(minutes=5)
"""How far the provider's clock and ours may be apart."""
TRANSFER_SECONDS = 600.0
_KEY = re.compile(r"[A-Za-z0-9-]+")
_ID = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_ID = 64

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """How far a batch is. There are results where it is "ended" or "cancelled"; `failure` says why it "failed".

    A batch that failed did nothing and costs nothing. TransientError: the same may work later, as another batch.
    """

    state: Literal["working", "ended", "cancelled", "failed"]
    total: int = 0
    answered: int = 0
    unanswered: int = 0
    failure: ModelError | None = None


class BatchLane(Protocol):
    """One model's batches. Methods may be called from any thread. They raise TransientError and StoppingError."""

    def most(self, request: Request) -> Decimal | None:
        """Upper bound of a request's dollars at the price of batches; None where no price is known."""

    def parts(self, requests: Iterable[tuple[str, Request]]) -> Iterator[list[tuple[str, Request]]]:
        """Cut into what one batch may hold."""

    def submit(self, key: str, requests: Sequence[tuple[str, Request]]) -> str:
        """Send a batch; the provider's name of it. Call it once for a key: it does not look for one that was sent before.

        `key` is letters, digits and "-", an id of a request these and "_"; both together at most 63 characters. After
        TransientError the batch may have been created nonetheless, or still be on its way: ask `find`, a minute later.
        """

    def find(self, key: str, since: datetime, rows: int, known: Collection[str] = ()) -> str | None:
        """The batch of a key and so many rows that was created after `since`; None where it is sure that there is none.

        For a crash between `submit` and the record of what it returned. `known` are names of batches that are recorded,
        so not the one looked for. Raises TransientError where the provider cannot tell yet: only ask again, for a second
        batch would be paid twice.
        """

    def poll(self, remote_id: str) -> Progress:
        """How far it is."""

    def results(self, remote_id: str) -> Iterator[tuple[str, Result]]:
        """What became of each request, by its id, in any order and as a stream. Ids that are left out have no answer.

        May be read again, as long as the provider keeps it (29 days or more) and until `forget`.
        """

    def cancel(self, remote_id: str) -> None:
        """Ask to stop it, which takes a while; what was answered until then has results and costs money."""

    def forget(self, remote_id: str) -> None:
        """Delete what the provider keeps of a batch that is over: texts and answers should not lie there longer than needed."""


def lane_for(
    name: str,
    api_base: str = "",
    timeout: float = 60,
    prices: Mapping[str, OwnPrice] | None = None,
) -> BatchLane:
    """The batch lane of a model, by LiteLLM's name. Raises StoppingError where there is none."""
    from prelabel.llm.anthropic_batches import AnthropicLane
    from prelabel.llm.openai_batches import OpenAILane

    model = LiteLLMModel(name, api_base, timeout, prices, "batch")
    model.check("stated")
    if model.provider == "openai":
        return OpenAILane(model, api_base, timeout)
    if model.provider == "anthropic":
        return AnthropicLane(model, timeout)
    raise StoppingError(
        f"{name} cannot be asked in batches: only models of openai/ and anthropic/ can; choose one or let it run live"
    )


def cut(rows: Iterable[T], size: Callable[[T], int], most_rows: int, most_bytes: int) -> Iterator[list[T]]:
    """Rows in order, in parts of at most so many rows and bytes; a row that alone is larger has a part for itself."""
    part: list[T] = []
    held = 0
    for row in rows:
        added = size(row)
        if part and (len(part) == most_rows or held + added > most_bytes):
            yield part
            part, held = [], 0
        part.append(row)
        held += added
    if part:
        yield part


@contextmanager
def calling() -> Iterator[None]:
    """Around calls about a batch as a whole. What is refused there concerns no single example, so it stops the run."""
    try:
        with mapped():
            yield
    except RefusedError as error:
        raise StoppingError(str(error)) from error


def wire_id(key: str, row_id: str) -> str:
    """The id of a request on the wire: it begins with the batch's key. Raises ValueError."""
    found = f"{key}_{row_id}"
    if not _KEY.fullmatch(key) or not _ID.fullmatch(row_id) or len(found) > _LONGEST_ID:
        raise ValueError(f"no ids for a batch: {key!r}, {row_id!r}")
    return found


def row_id(found: str) -> str:
    """The id of a request from that on the wire."""
    return found.partition("_")[2]


def key_of(found: str) -> str:
    """The batch's key from the id of a request on the wire."""
    return found.partition("_")[0]
