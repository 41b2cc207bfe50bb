"""From the core's errors to HTTP: one table of statuses, one body for all of them."""

import logging
from collections.abc import Mapping
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException

from prelabel import errors

log = logging.getLogger(__name__)
LOST_RACES = {
    "23503": "somebody else has just deleted what this belongs to; nothing was changed",
    "23505": "somebody else has just made the same; nothing was changed, try again",
}
"""What has happened, by PostgreSQL's code: a foreign key that leads nowhere, something unique that is there already."""

STATUS: dict[type[errors.PrelabelError], int] = {
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.TooManyAttempts: 429,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.InputError: 422,
    errors.ModelError: 502,
    errors.Unavailable: 503,
}


class ErrorBody(BaseModel):
    """What every answer of 400 and above holds: the kind of error, and a sentence for the user."""

    error: str
    detail: str


def install(app: FastAPI) -> None:
    """Render every error of the application as an `ErrorBody`."""
    app.add_exception_handler(errors.PrelabelError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for away in (OperationalError, InterfaceError, NoConnectionFree):
        app.add_exception_handler(away, _no_database)
    app.add_exception_handler(IntegrityError, _not_kept)
    app.add_exception_handler(Exception, _unexpected)


def status_of(error: errors.PrelabelError) -> int:
    """The status of the nearest class in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _body(status: int, error: str, detail: str) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(ErrorBody(error=error, detail=detail).model_dump(), status, headers)


def _known(_request: Request, error: Exception) -> JSONResponse:
    known = cast(errors.PrelabelError, error)
    answer = _body(status_of(known), type(known).__name__, str(known))
    if isinstance(known, errors.TooManyAttempts):
        answer.headers["Retry-After"] = str(known.wait)
    return answer


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    faults = cast(RequestValidationError, error).errors()
    # A list is "too short" as well where its items are wrong: what only follows from other faults is left out.
    within = {fault["loc"][:length] for fault in faults for length in range(len(fault["loc"]))}
    roots = [fault for fault in faults if fault["loc"] not in within]
    return _body(422, "InputError", "; ".join(map(_sentence, roots)))


def _sentence(fault: Mapping[str, Any]) -> str:
    """Where in the request and what; our own validators name the field themselves."""
    where = ".".join(str(part) for part in fault["loc"] if part not in ("body", "query", "path"))
    said = str(fault["msg"]).removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def _http(request: Request, error: Exception) -> JSONResponse:
    known = cast(HTTPException, error)
    names = {404: "NotFound", 405: "NotAllowed"}
    return _body(
        known.status_code, names.get(known.status_code, "InputError"), f"{request.url.path}: {known.detail}"
    )


def _no_database(_request: Request, error: Exception) -> JSONResponse:
    log.error("the database does not answer", exc_info=error)
    return _body(503, "Unavailable", "the database does not answer; nothing was changed, try again")


def _not_kept(request: Request, error: Exception) -> JSONResponse:
    """Of two who act at the same time, PostgreSQL lets both see what was before, and one of them keep what it made of it."""
    said = LOST_RACES.get(getattr(cast(IntegrityError, error).orig, "sqlstate", ""))
    return _body(409, "Conflict", said) if said else _unexpected(request, error)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error at %s %s", request.method, request.url.path, exc_info=error)
    return _body(500, "InternalError", "an error that we did not expect; the server's log has its cause")
