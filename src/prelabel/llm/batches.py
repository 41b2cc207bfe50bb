"""The batch lane: requests that a provider answers within a day, at about half the price.

One interface over OpenAI's and Anthropic's batches. All calls block, none is repeated by itself: what may pass raises
TransientError and is tried again by whoever called, except `submit`, before which `find` has to say that there is none yet.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from prelabel.errors import RefusedError, StoppingError
from prelabel.lanes.endpoint import BatchLane
from prelabel.llm.failures import mapped
from prelabel.llm.filling import LoadImage, nothing
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.money.prices import OwnPrice

PART_BYTES = 64_000_000
"""Bytes of one batch, well within what providers take, so that it fits a worker's memory several times."""
CLOCKS = timedelta(minutes=5)
"""How far the provider's clock and ours may be apart."""
TRANSFER_SECONDS = 600.0
_KEY = re.compile(r"[A-Za-z0-9-]+")
_ID = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_ID = 64

T = TypeVar("T")


def lane_for(
    name: str,
    api_base: str = "",
    timeout: float = 60,
    prices: Mapping[str, OwnPrice] | None = None,
    load: LoadImage = nothing,
) -> BatchLane:
    """The batch lane of a model, by LiteLLM's name. Raises StoppingError where there is none."""
    from prelabel.llm.anthropic_batches import AnthropicLane
    from prelabel.llm.openai_batches import OpenAILane

    model = LiteLLMModel(name, api_base, timeout, prices, "batch", load)
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
