"""Anthropic's batches: /v1/messages/batches."""

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import wire
from simulator.batches import Batch, Batches, Ending
from simulator.wire import Body

MOST_REQUESTS = 100_000
MOST_BYTES = 256_000_000
CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
DAY = 24 * 3600
PATH = "/v1/messages/batches"


def routes(batches: Callable[[], Batches]) -> list[Route]:
    """The endpoints, for the batches that there are at the time of a request."""

    async def create(request: Request) -> Response:
        data = await request.body()
        if len(data) > MOST_BYTES:
            return _error(413, f"the request is larger than {MOST_BYTES:,} bytes")
        if batches().is_full():
            return _error(429, "too many batches are under way")
        try:
            requests = read(json.loads(data))
        except ValueError as error:
            return _error(400, str(error))
        return JSONResponse(_batch(batches().add("anthropic", requests), request))

    async def listed(request: Request) -> Response:
        limit = min(1000, max(1, int(request.query_params.get("limit", 20))))
        found, more = batches().page("anthropic", limit, request.query_params.get("after_id", ""))
        data = [_batch(batch, request) for batch in found]
        ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
        return JSONResponse({"data": data, "has_more": more} | ends)

    async def one(request: Request) -> Response:
        batch = batches().find(request.path_params["name"], "anthropic")
        if batch is None:
            return _error(404, f"there is no batch {request.path_params['name']!r}")
        if request.url.path.endswith("/results"):
            return _results(batch)
        if request.method == "DELETE" and batch.endings is None:
            return _error(400, "a batch can be deleted only when it has ended")
        if request.method == "DELETE":
            batches().delete(batch)
            return JSONResponse({"id": batch.name, "type": "message_batch_deleted"})
        if request.method == "POST" and not batches().cancel(batch):
            return _error(400, "the batch has ended: it cannot be canceled")
        return JSONResponse(_batch(batch, request))

    return [
        Route(PATH, create, methods=["POST"]),
        Route(PATH, listed),
        Route(PATH + "/{name}", one, methods=["GET", "DELETE"]),
        Route(PATH + "/{name}/results", one),
        Route(PATH + "/{name}/cancel", one, methods=["POST"]),
    ]


def read(asked: Any) -> list[tuple[str, Body]]:
    """The requests. Raises ValueError."""
    rows = asked.get("requests") if isinstance(asked, dict) else None
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_REQUESTS:
        raise ValueError(f"requests: there must be 1 to {MOST_REQUESTS:,}")
    try:
        requests = [(row["custom_id"], row["params"]) for row in rows]
    except (KeyError, TypeError) as error:
        raise ValueError(f"requests: each needs custom_id and params ({error!r})") from error
    for name, count in Counter(name for name, _ in requests).items():
        if not isinstance(name, str) or not CUSTOM_ID.fullmatch(name):
            raise ValueError(f"requests: custom_id {name!r} must match ^[a-zA-Z0-9_-]{{1,64}}$")
        if count > 1:
            raise ValueError(f"requests: custom_id {name!r} must be unique")
    return requests


def _batch(batch: Batch, request: Request) -> Body:
    has_ended = batch.endings is not None
    counts = {kind: batch.count(kind) for kind in ("succeeded", "errored", "canceled", "expired")}
    return {
        "id": batch.name,
        "type": "message_batch",
        "processing_status": "ended" if has_ended else "in_progress",
        "request_counts": {"processing": 0 if has_ended else len(batch.requests)} | counts,
        "created_at": _time(batch.created),
        "expires_at": _time(batch.created + DAY),
        "ended_at": _time(batch.ended) if has_ended else None,
        "cancel_initiated_at": _time(batch.cancelled) if batch.cancelled else None,
        "archived_at": None,
        "results_url": f"{request.base_url}{PATH[1:]}/{batch.name}/results" if has_ended else None,
    }


def _results(batch: Batch) -> Response:
    if batch.endings is None:
        return _error(404, "the batch has no results yet")
    rows = ({"custom_id": name, "result": _result(ending)} for name, ending in batch.endings.items())
    return Response("".join(json.dumps(row) + "\n" for row in rows), media_type="application/x-jsonl")


def _result(ending: Ending) -> Body:
    said = {"succeeded": {"message": ending.body}, "errored": {"error": ending.body}}
    return {"type": ending.kind} | said.get(ending.kind, {})


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse(wire.error_body(status, message, "anthropic"), status)
