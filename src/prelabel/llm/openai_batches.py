"""OpenAI's batches: a file of requests goes up, a file of answers and one of errors come down."""

import json
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from prelabel.draft import Request
from prelabel.errors import ModelError, StoppingError, TransientError
from prelabel.lanes.endpoint import Progress, Result
from prelabel.llm.batches import CLOCKS, PART_BYTES, TRANSFER_SECONDS, calling, cut, row_id, wire_id
from prelabel.llm.failures import of_result
from prelabel.llm.litellm_model import NO_KEY, LiteLLMModel
from prelabel.llm.raw import Writer, from_openai, read

if TYPE_CHECKING:
    from openai import OpenAI

MOST_ROWS = 50_000
URL: Final = "/v1/chat/completions"
METADATA = "prelabel"
"""The key of the metadata that holds ours."""
_STATES: dict[str, Any] = {
    "completed": "ended",
    "expired": "ended",
    "cancelled": "cancelled",
    "failed": "failed",
}
_PASSING = ("token_limit_exceeded", "rate_limit")
"""In the reasons of a batch that failed: the account's queue is full for now."""


class OpenAILane:
    """Answers `prelabel.lanes.endpoint.BatchLane`."""

    def __init__(self, model: LiteLLMModel, api_base: str = "", timeout: float = 60) -> None:
        self._model = model
        self._writer = Writer(model)
        self._base = api_base
        self._timeout = timeout

    def most(self, request: Request) -> Decimal | None:
        """As the protocol says."""
        return self._model.most(request)

    def parts(self, requests: Iterable[tuple[str, Request]]) -> Iterator[list[tuple[str, Request]]]:
        """As the protocol says."""
        return cut(requests, lambda row: len(self._line("x" * 64, row[1])), MOST_ROWS, PART_BYTES)

    def submit(self, key: str, requests: Sequence[tuple[str, Request]]) -> str:
        """As the protocol says. A file without a batch, left by a crash between the two calls, does nothing and costs nothing."""
        with tempfile.TemporaryFile() as file:
            file.writelines(self._line(wire_id(key, name), request) for name, request in requests)
            file.seek(0)
            with calling(), self._client(TRANSFER_SECONDS) as client:
                sent = client.files.create(file=(f"{key}.jsonl", file), purpose="batch")
                return _created(client, sent.id, key)

    def find(self, key: str, since: datetime, rows: int, known: Collection[str] = ()) -> str | None:
        """As the protocol says: the key is in the batch's metadata, so that this is known at once, of any number of rows."""
        del rows
        earliest = (since - CLOCKS).timestamp()
        with calling(), self._client() as client:
            for batch in client.batches.list(limit=100):
                if batch.created_at < earliest:
                    break
                if batch.id not in known and (batch.metadata or {}).get(METADATA) == key:
                    return batch.id
        return None

    def poll(self, remote_id: str) -> Progress:
        """As the protocol says. A batch that expired has ended: some of its requests were answered."""
        with calling(), self._client() as client:
            batch = client.batches.retrieve(remote_id)
        state = _STATES.get(batch.status, "working")
        counts = batch.request_counts
        return Progress(
            state,
            counts.total if counts else 0,
            counts.completed if counts else 0,
            counts.failed if counts else 0,
            failure_of(batch) if state == "failed" else None,
        )

    def results(self, remote_id: str) -> Iterator[tuple[str, Result]]:
        """As the protocol says."""
        with calling(), self._client(TRANSFER_SECONDS) as client:
            batch = client.batches.retrieve(remote_id)
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id:
                    for line in _lines(client, file_id):
                        row = json.loads(line)
                        yield row_id(row["custom_id"]), self._result(row)

    def cancel(self, remote_id: str) -> None:
        """As the protocol says; one that is over stays as it is."""
        import openai

        with calling(), self._client() as client:
            try:
                client.batches.cancel(remote_id)
            except (openai.BadRequestError, openai.ConflictError):
                if client.batches.retrieve(remote_id).status not in _STATES:
                    raise

    def forget(self, remote_id: str) -> None:
        """As the protocol says: its files; that there was a batch stays on record there."""
        import openai

        with calling(), self._client() as client:
            batch = client.batches.retrieve(remote_id)
            for file_id in (batch.input_file_id, batch.output_file_id, batch.error_file_id):
                if file_id:
                    try:
                        client.files.delete(file_id)
                    except openai.NotFoundError:
                        continue  # forgotten before

    def _client(self, timeout: float = 0) -> "AbstractContextManager[OpenAI]":
        import openai

        key = os.environ.get("OPENAI_API_KEY") or NO_KEY
        base = self._base or os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE") or None
        return openai.OpenAI(api_key=key, base_url=base, timeout=timeout or self._timeout, max_retries=0)

    def _line(self, name: str, request: Request) -> bytes:
        body = self._writer.body(request).json
        row = {"custom_id": name, "method": "POST", "url": URL, "body": body}
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"

    def _result(self, row: dict[str, Any]) -> Result:
        response = row.get("response")
        if not response:
            error = row.get("error") or {}
            return TransientError(
                f"the batch ended without an answer: {error.get('message') or error.get('code')}"
            )
        if response["status_code"] != 200:
            return of_result(response["body"], response["status_code"])
        return read(self._model, response["body"], from_openai)


def _created(client: "OpenAI", file_id: str, key: str) -> str:
    """The batch of a file. A file that surely became none is deleted: the next attempt brings its own."""
    import openai

    try:
        return client.batches.create(
            input_file_id=file_id, endpoint=URL, completion_window="24h", metadata={METADATA: key}
        ).id
    except openai.APIStatusError as refused:
        if refused.status_code < 500:
            with suppress(openai.OpenAIError):
                client.files.delete(file_id)
        raise


def failure_of(batch: Any) -> ModelError:
    """Why a batch failed as a whole: its file is not right, or the account has no room for it for now."""
    faults = batch.errors.data if batch.errors and batch.errors.data else []
    said = "; ".join(f"{fault.message} ({fault.code})" for fault in faults[:3]) or "it does not say why"
    kind = TransientError if any(sign in said for sign in _PASSING) else StoppingError
    return kind(f"the provider refuses the batch: {said[:400]}")


def _lines(client: "OpenAI", file_id: str) -> Iterator[bytes]:
    """The lines of a file as it comes; only a newline ends one, whatever other separators its texts hold."""
    rest = b""
    with client.files.with_streaming_response.content(file_id) as response:
        for chunk in response.iter_bytes():
            *lines, rest = (rest + chunk).split(b"\n")
            yield from filter(None, lines)
    if rest:
        yield rest
