"""A signed-in connection: requests, pages, streams, errors, and what is asked again."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Self

import httpx2

from prelabel import errors
from prelabel.canonical import Json
from prelabel.settings import Settings

Document = dict[str, Any]
"""A JSON object as the API answers it; its fields are in the API's reference (/docs)."""
UPLOAD_CHUNK = 1 << 18
PAUSES = (0.2, 0.8)
"""Seconds before a request is tried again; after these it has failed."""
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout)
"""Errors of requests that no server has seen."""
OVERLOADED = (502, 503, 504)
"""Statuses that may pass: no server behind the proxy, or one without its database."""
EVENTS_AGAIN = 1.0
EVENTS_SILENCE = 45.0
"""Seconds without even a heartbeat, of which there is one every 15, after which a stream counts as broken off."""


class Connection:
    """Requests to one server by one user. Raises the errors that the server names, and Unavailable.

    A request that may have reached the server is tried again only if it does the same once and twice: reading, putting, and acts
    of the queue, which carry a token.
    """

    def __init__(self, url: str, token: str, transport: httpx2.Client | None = None) -> None:
        self.url = url
        self._http = transport or httpx2.Client(base_url=url, timeout=httpx2.Timeout(30, read=300))
        self._http.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, path: str, **params: Json) -> Any:
        """The answer to a GET of `path` under /v1."""
        return self._send("GET", path, params=params)

    def content(self, path: str, **params: Json) -> bytes:
        """The answer to a GET as it came, for files."""
        return bytes(self._answer("GET", path, params=params).content)

    def post(self, path: str, body: Json = None, *, twice: bool = False, **params: Json) -> Any:
        """The answer to a POST; `twice` says that sending it again does nothing new."""
        twice = twice or (isinstance(body, dict) and "client_token" in body)
        return self._send("POST", path, twice, json=body, params=params)

    def put(self, path: str, body: Json = None) -> Any:
        """The answer to a PUT."""
        return self._send("PUT", path, json=body)

    def patch(self, path: str, body: Json) -> Any:
        """The answer to a PATCH."""
        return self._send("PATCH", path, json=body)

    def delete(self, path: str) -> None:
        """Send a DELETE."""
        self._send("DELETE", path)

    def items(self, path: str, **params: Json) -> Iterator[Document]:
        """All items of a list; each page is asked for when the one before it is used up."""
        after: int | None = 0
        while after is not None:
            page = self.get(path, after=after, **params)
            yield from page["items"]
            after = page["next"]

    def send_file(self, path: str, file: BinaryIO) -> Document:
        """Send what a file holds, as it is read; answers with what came of it."""
        return dict(self._send("POST", path, content=chunks(file)))

    def stream(self, path: str, **params: Json) -> Iterator[bytes]:
        """The answer to a GET in chunks, as it comes."""
        try:
            with self._http.stream("GET", f"/v1{path}", params=_given(params)) as answer:
                if answer.is_error:
                    answer.read()
                    raise _error(answer)
                yield from answer.iter_bytes()
        except httpx2.TransportError as error:
            raise self._no_answer(error) from error

    def events(self, path: str) -> Iterator[Document]:
        """The data of a live page's events, for ever: where a stream ends or breaks off, another is opened.

        Raises Unavailable where no server answers when it begins.
        """
        known, has_begun = "", False
        while True:
            try:
                for event_id, data in self._events(path, known):
                    known, has_begun = event_id, True
                    yield data
            except httpx2.TransportError as error:
                if not has_begun:
                    raise self._no_answer(error) from error
            time.sleep(EVENTS_AGAIN)

    def _events(self, path: str, known: str) -> Iterator[tuple[str, Document]]:
        """Ids and data of the events of one stream; comments and the fields that have none of these are passed over."""
        timeout = httpx2.Timeout(30, read=EVENTS_SILENCE)
        headers = {"Last-Event-ID": known}
        with self._http.stream("GET", f"/v1{path}", headers=headers, timeout=timeout) as answer:
            if answer.is_error:
                answer.read()
                raise _error(answer)
            found: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                found[name] = value
                if not line and (data := found.get("data")):
                    yield found["id"], json.loads(data)
                    found = {}

    def _send(self, method: str, path: str, twice: bool = False, **options: Any) -> Any:
        answer = self._answer(method, path, twice, **options)
        return answer.json() if answer.content else None

    def _answer(self, method: str, path: str, twice: bool = False, **options: Any) -> httpx2.Response:
        if params := options.get("params"):
            options["params"] = _given(params)
        twice = twice or method in ("GET", "PUT")
        pauses = () if "content" in options else PAUSES  # a stream is read only once
        for pause in (*pauses, None):
            try:
                answer = self._http.request(method, f"/v1{path}", **options)
            except httpx2.TransportError as error:
                if pause is None or not (twice or isinstance(error, NEVER_SENT)):
                    raise self._no_answer(error) from error
            else:
                if pause is None or not (twice and answer.status_code in OVERLOADED):
                    break
            time.sleep(pause)
        if answer.is_error:
            raise _error(answer)
        return answer

    def _no_answer(self, error: Exception) -> errors.Unavailable:
        return errors.Unavailable(f"no server answers at {self.url} ({error}): start one with `prelabel up`")


def token_of(settings: Settings) -> str:
    """The token that the settings give, or else the one that `prelabel up` left in the home folder. Raises NotSignedIn."""
    token, kept = settings.token.get_secret_value(), settings.home / "token"
    if not token and kept.is_file():
        token = kept.read_text().strip()
    if not token:
        raise errors.NotSignedIn(
            "no token: start a server with `prelabel up`, or set PRELABEL_TOKEN to a token of yours"
        )
    return token


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """What a file holds, piece by piece."""
    while chunk := file.read(UPLOAD_CHUNK):
        yield chunk


def _given(params: Mapping[str, Json]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _error(answer: httpx2.Response) -> errors.PrelabelError:
    """The error that the server raised, as the same class here."""
    try:
        body: Mapping[str, Any] = answer.json()
    except ValueError:
        return errors.Unavailable(f"the server answered {answer.status_code} without saying why")
    kind, detail = getattr(errors, str(body.get("error")), None), str(body.get("detail"))
    if not (isinstance(kind, type) and issubclass(kind, errors.PrelabelError)):
        return errors.PrelabelError(detail)
    if kind is errors.LabelError:
        return errors.LabelError("", detail)
    if kind is errors.RowError:
        return errors.InputError(detail)
    if kind is errors.TooManyAttempts:
        return errors.TooManyAttempts(detail, int(answer.headers.get("Retry-After", "0")))
    return kind(detail)
