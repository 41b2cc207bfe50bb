"""Anthropic's message batches: requests go up in one call, results come down as one stream."""

import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from prelabel.draft import Request
from prelabel.errors import TransientError
from prelabel.lanes.endpoint import Progress, Result
from prelabel.llm.batches import (
    CLOCKS,
    PART_BYTES,
    TRANSFER_SECONDS,
    calling,
    cut,
    key_of,
    row_id,
    wire_id,
)
from prelabel.llm.failures import of_result
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.llm.raw import Writer, from_anthropic, read

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types.messages import MessageBatch

MOST_ROWS = 100_000
ASK_AGAIN_SECONDS = 60.0
_NO_ANSWER = {"expired": "its time ran out", "canceled": "it was cancelled"}


class AnthropicLane:
    """Answers `prelabel.lanes.endpoint.BatchLane`."""

    def __init__(self, model: LiteLLMModel, timeout: float = 60) -> None:
        self._model = model
        self._writer = Writer(model)
        self._timeout = timeout

    def most(self, request: Request) -> Decimal | None:
        """As the protocol says."""
        return self._model.most(request)

    def parts(self, requests: Iterable[tuple[str, Request]]) -> Iterator[list[tuple[str, Request]]]:
        """As the protocol says."""
        return cut(requests, lambda row: self._size(row[1]), MOST_ROWS, PART_BYTES)

    def submit(self, key: str, requests: Sequence[tuple[str, Request]]) -> str:
        """As the protocol says."""
        rows, beta = [], set()
        for name, request in requests:
            body = self._writer.body(request)
            rows.append({"custom_id": wire_id(key, name), "params": body.json})
            beta |= set(filter(None, body.beta.split(",")))
        headers = {"anthropic-beta": ",".join(sorted(beta))} if beta else {}
        sent: Any = rows  # LiteLLM's bodies, which the client's types need not know
        with calling(), self._client(TRANSFER_SECONDS) as client:
            return client.messages.batches.create(requests=sent, extra_headers=headers).id

    def find(self, key: str, since: datetime, rows: int, known: Collection[str] = ()) -> str | None:
        """As the protocol says: the key is in the ids of the results, which are there only once a batch has ended.

        While any unknown batch of as many rows is being worked on, it may be the one, and TransientError says to ask again:
        at worst for the day after which every batch ends. So pass all `known` names.
        """
        open_ones = []
        with calling(), self._client() as client:
            for batch in client.messages.batches.list(limit=100):
                if batch.created_at < since - CLOCKS:
                    break
                if batch.id in known or _total(batch) != rows:
                    continue
                if batch.processing_status != "ended":
                    open_ones.append(batch.id)
                elif batch.results_url and _first_key(client, batch.id) == key:
                    return batch.id
        if open_ones:
            raise TransientError(
                f"a batch that may be the one just sent is still being worked on: {', '.join(open_ones)}",
                ASK_AGAIN_SECONDS,
            )
        return None

    def poll(self, remote_id: str) -> Progress:
        """As the protocol says; it counts answers only once a batch has ended."""
        with calling(), self._client() as client:
            batch = client.messages.batches.retrieve(remote_id)
        answered, total = batch.request_counts.succeeded, _total(batch)
        if batch.processing_status != "ended":
            return Progress("working", total, answered)
        return Progress(
            "cancelled" if batch.cancel_initiated_at else "ended", total, answered, total - answered
        )

    def results(self, remote_id: str) -> Iterator[tuple[str, Result]]:
        """As the protocol says."""
        with (
            calling(),
            self._client(TRANSFER_SECONDS) as client,
            closing(client.messages.batches.results(remote_id)) as rows,
        ):
            for row in rows:
                yield row_id(row.custom_id), self._result(row.result.to_dict())

    def cancel(self, remote_id: str) -> None:
        """As the protocol says; one that is over stays as it is."""
        import anthropic

        with calling(), self._client() as client:
            try:
                client.messages.batches.cancel(remote_id)
            except (anthropic.BadRequestError, anthropic.ConflictError):
                if client.messages.batches.retrieve(remote_id).processing_status != "ended":
                    raise

    def forget(self, remote_id: str) -> None:
        """As the protocol says."""
        import anthropic

        with calling(), self._client() as client:
            try:
                client.messages.batches.delete(remote_id)
            except anthropic.NotFoundError:
                return  # forgotten before

    def _client(self, timeout: float = 0) -> "AbstractContextManager[Anthropic]":
        import anthropic

        base = os.environ.get("ANTHROPIC_API_BASE") or os.environ.get("ANTHROPIC_BASE_URL") or ""
        for end in ("/", "/v1/messages", "/v1"):  # LiteLLM takes these too
            base = base.removesuffix(end)
        return anthropic.Anthropic(base_url=base or None, timeout=timeout or self._timeout, max_retries=0)

    def _size(self, request: Request) -> int:
        row = {"custom_id": "x" * 64, "params": self._writer.body(request).json}
        return len(json.dumps(row).encode()) + 1

    def _result(self, result: dict[str, Any]) -> Result:
        if result["type"] in _NO_ANSWER:
            return TransientError(f"the batch ended without an answer: {_NO_ANSWER[result['type']]}")
        if result["type"] == "errored":
            return of_result(result["error"])
        return read(self._model, result["message"], from_anthropic)


def _total(batch: "MessageBatch") -> int:
    counts = batch.request_counts
    return counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired


def _first_key(client: "Anthropic", remote_id: str) -> str:
    with closing(client.messages.batches.results(remote_id)) as rows:
        return next((key_of(row.custom_id) for row in rows), "")
