"""Around every request: an id that its answer and its log lines carry, and a count for Prometheus."""

import re
import secrets
import time
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prelabel.operations import logs, metrics

ID = b"x-request-id"
GIVEN_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,100}")
"""Ids of clients that are taken over; others might forge lines of the log."""
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Watched:
    """An application whose requests are counted by the template of their route, not by their path: paths are without number."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, began = _id_of(scope), time.perf_counter()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                _count(scope, message["status"], time.perf_counter() - began)
                message["headers"] = [*message.get("headers", ()), (ID, request_id)]
            await send(message)

        with logs.about(request_id=request_id.decode()):
            await self._app(scope, receive, answer)


class WatchedAPI(FastAPI):
    """An API whose every answer is watched, that of an error which nobody expected as well: middleware would be within that."""

    def build_middleware_stack(self) -> ASGIApp:
        """The stack, with the watch around it."""
        return Watched(super().build_middleware_stack())


def _id_of(scope: Scope) -> bytes:
    given: bytes = dict(scope["headers"]).get(ID, b"")
    return given if GIVEN_ID.fullmatch(given) else secrets.token_hex(8).encode()


def _count(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else metrics.OTHER
    route = _template(scope)
    metrics.REQUESTS.labels(method, route, str(status)).inc()
    metrics.REQUEST_SECONDS.labels(method, route).observe(seconds)


def _template(scope: Scope) -> str:
    """The path of the route with its parameters unfilled and what its router is mounted under; `none` where there is no route."""
    found: Any = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    mounted = scope.get("root_path", "").removeprefix(scope.get("app_root_path", ""))
    return getattr(found, "path", "") or mounted or "none"
