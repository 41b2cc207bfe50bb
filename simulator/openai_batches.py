"""OpenAI's files and batches: /v1/files, /v1/batches."""

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import wire
from simulator.batches import Batch, Batches, Ending, File
from simulator.wire import Body

MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
ENDPOINT = "/v1/chat/completions"
DAY = 24 * 3600
NO_ANSWER = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "canceled": ("batch_cancelled", "This batch was cancelled before this request was executed."),
}


def routes(batches: Callable[[], Batches]) -> list[Route]:
    """The endpoints, for the batches that there are at the time of a request."""

    async def upload(request: Request) -> Response:
        parts = _parts(request.headers.get("content-type", ""), await request.body())
        if "file" not in parts or "purpose" not in parts:
            return _error(400, "a file and its purpose are needed")
        filename, data = parts["file"]
        return JSONResponse(_file(batches().put(filename, parts["purpose"][1].decode(), data)))

    async def files(_: Request) -> Response:
        data = [_file(file) for file in reversed(batches().files.values())]
        return JSONResponse({"object": "list", "data": data, "has_more": False})

    async def one_file(request: Request) -> Response:
        file = batches().files.get(request.path_params["name"])
        if file is None:
            return _error(404, f"No such File object: {request.path_params['name']}")
        if request.method == "DELETE":
            del batches().files[file.name]
            return JSONResponse({"id": file.name, "object": "file", "deleted": True})
        if request.url.path.endswith("/content"):
            return Response(file.data, media_type="application/octet-stream")
        return JSONResponse(_file(file))

    async def create(request: Request) -> Response:
        return _create(batches(), await _json(request))

    async def listed(request: Request) -> Response:
        limit = min(100, max(1, int(request.query_params.get("limit", 20))))
        found, more = batches().page("openai", limit, request.query_params.get("after", ""))
        data = [_batch(batch, batches()) for batch in found]
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
        return JSONResponse({"object": "list", "data": data, "has_more": more} | ends)

    async def one(request: Request) -> Response:
        batch = batches().find(request.path_params["name"], "openai")
        if batch is None:
            return _error(404, f"No batch found with id '{request.path_params['name']}'.")
        if request.method == "POST" and not batches().cancel(batch):
            status = _batch(batch, batches())["status"]
            return _error(409, f"Cannot cancel a batch with status '{status}'.")
        return JSONResponse(_batch(batch, batches()))

    return [
        Route("/v1/files", upload, methods=["POST"]),
        Route("/v1/files", files),
        Route("/v1/files/{name}", one_file, methods=["GET", "DELETE"]),
        Route("/v1/files/{name}/content", one_file),
        Route("/v1/batches", create, methods=["POST"]),
        Route("/v1/batches", listed),
        Route("/v1/batches/{name}", one),
        Route("/v1/batches/{name}/cancel", one, methods=["POST"]),
    ]


def _create(batches: Batches, asked: Any) -> Response:
    if not isinstance(asked, dict) or asked.get("endpoint") != ENDPOINT:
        return _error(400, f"only {ENDPOINT} is simulated as the endpoint of a batch")
    if asked.get("completion_window") != "24h":
        return _error(400, "the completion_window must be 24h")
    if batches.is_full():
        return _error(429, "too many batches are under way")
    file = batches.files.get(str(asked.get("input_file_id")))
    if file is None or file.purpose != "batch":
        return _error(400, f"there is no file {asked.get('input_file_id')!r} with the purpose 'batch'")
    requests, faults = read(file.data)
    details = {"input_file_id": file.name, "metadata": asked.get("metadata")}
    batch = batches.add("openai", requests, faults, **details)
    return JSONResponse(_batch(batch, batches) | {"status": "validating", "errors": None})


def read(data: bytes) -> tuple[list[tuple[str, Body]], list[Body]]:
    """The requests of a file, or what is wrong with it."""
    if len(data) > MOST_BYTES:
        return [], [_fault("file_too_large", f"the file is larger than {MOST_BYTES:,} bytes")]
    requests: dict[str, Body] = {}
    lines = [line for line in data.splitlines() if line.strip()]
    if not 0 < len(lines) <= MOST_REQUESTS:
        code = "too_many_tasks" if lines else "empty_file"
        return [], [_fault(code, f"there must be 1 to {MOST_REQUESTS:,} requests, not {len(lines):,}")]
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            name, method, url, body = row["custom_id"], row["method"], row["url"], row["body"]
        except (ValueError, KeyError, TypeError) as error:
            return [], [
                _fault(
                    "invalid_json_line", f"no request with custom_id, method, url, body: {error!r}", number
                )
            ]
        if (method, url) != ("POST", ENDPOINT) or not isinstance(body, dict) or not isinstance(name, str):
            return [], [_fault("invalid_request", f"only POST {ENDPOINT} with a body can be asked", number)]
        if name in requests:
            return [], [_fault("duplicate_custom_id", f"the custom_id {name!r} came before", number)]
        requests[name] = body
    return list(requests.items()), []


def _batch(batch: Batch, batches: Batches) -> Body:
    status = _status(batch)
    if batch.endings and not batch.files:
        _write(batch, batches)
    through = batches.done(batch)
    answered = through if batch.endings is None else batch.count("succeeded")
    times = {
        f"{name}_at": int(batch.ended) if status == name else None
        for name in ("completed", "failed", "expired", "cancelled")
    }
    return times | {
        "id": batch.name,
        "object": "batch",
        "endpoint": ENDPOINT,
        "completion_window": "24h",
        "status": status,
        "errors": {"object": "list", "data": list(batch.faults)} if batch.faults else None,
        "input_file_id": batch.details["input_file_id"],
        "output_file_id": batch.files.get("output"),
        "error_file_id": batch.files.get("error"),
        "created_at": int(batch.created),
        "in_progress_at": int(batch.created),
        "expires_at": int(batch.created) + DAY,
        "finalizing_at": None,
        "cancelling_at": int(batch.cancelled) if batch.cancelled else None,
        "request_counts": {
            "total": len(batch.requests),
            "completed": answered,
            "failed": through - answered,
        },
        "metadata": batch.details["metadata"],
    }


def _status(batch: Batch) -> str:
    if batch.endings is None:
        return "in_progress"
    if batch.faults:
        return "failed"
    if batch.cancelled:
        return "cancelled"
    return "expired" if batch.count("expired") else "completed"


def _write(batch: Batch, batches: Batches) -> None:
    """Answers into one file, all else into another; a file that would be empty is not there."""
    lines: dict[str, list[str]] = {"output": [], "error": []}
    for number, (name, ending) in enumerate((batch.endings or {}).items()):
        row = {"id": f"batch_req_{number}", "custom_id": name} | _row(ending)
        lines["output" if ending.kind == "succeeded" else "error"].append(json.dumps(row) + "\n")
    for kind, written in lines.items():
        if written:
            data = "".join(written).encode()
            batch.files[kind] = batches.put(f"{batch.name}_{kind}.jsonl", "batch_output", data).name


def _row(ending: Ending) -> Body:
    if ending.kind in NO_ANSWER:
        code, message = NO_ANSWER[ending.kind]
        return {"response": None, "error": {"code": code, "message": message}}
    response = {"status_code": ending.status, "request_id": "simulated", "body": ending.body}
    return {"response": response, "error": None}


def _file(file: File) -> Body:
    return {
        "id": file.name,
        "object": "file",
        "bytes": len(file.data),
        "created_at": int(file.created),
        "filename": file.filename,
        "purpose": file.purpose,
        "status": "processed",
    }


def _fault(code: str, message: str, line: int | None = None) -> Body:
    return {"code": code, "message": message, "line": line, "param": None}


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse(wire.error_body(status, message, "openai"), status)


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except ValueError:
        return None


def _parts(content_type: str, body: bytes) -> dict[str, tuple[str, bytes]]:
    """The parts of a form by their names: file name and content. By hand: a whole library for one form is too much."""
    boundary = content_type.partition("boundary=")[2].strip('"').encode()
    parts: dict[str, tuple[str, bytes]] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:-1] if boundary else ():
        head, _, content = part.partition(b"\r\n\r\n")
        told = dict(
            pair.strip().split("=", 1)
            for pair in head.decode().replace("\r\n", ";").split(";")
            if "=" in pair
        )
        parts[told.get("name", "").strip('"')] = told.get("filename", "").strip('"'), content
    return parts
