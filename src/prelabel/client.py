"""The Python client: what the command line and the demo use to talk to the API."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Self

import httpx2

from prelabel import errors
from prelabel.canonical import Json
from prelabel.settings import Settings

Document = dict[str, Any]
"""A JSON object as the API answers it; its fields are in the API's reference (/docs)."""
UPLOAD_CHUNK = 1 << 18
EVENTS_AGAIN = 1.0
EVENTS_SILENCE = 45.0
"""Seconds without even a heartbeat, of which there is one every 15, after which a stream counts as broken off."""


class Client:
    """A signed-in connection to a Prelabel server. Raises the errors that the server names, and Unavailable."""

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

    @classmethod
    def from_settings(cls, settings: Settings) -> "Client":
        """As the settings say: the token given, or else the one that `prelabel up` left in the home folder."""
        token = settings.token.get_secret_value()
        kept = settings.home / "token"
        if not token and kept.is_file():
            token = kept.read_text().strip()
        if not token:
            raise errors.NotSignedIn(
                "no token: start a server with `prelabel up`, or set PRELABEL_TOKEN to a token of yours"
            )
        return cls(settings.server, token)

    def get(self, path: str, **params: Json) -> Any:
        """The answer to a GET of `path` under /v1."""
        return self._send("GET", path, params=params)

    def content(self, path: str, **params: Json) -> bytes:
        """The answer to a GET as it came, for files."""
        return bytes(self._answer("GET", path, params=params).content)

    def post(self, path: str, body: Json = None, **params: Json) -> Any:
        """The answer to a POST."""
        return self._send("POST", path, json=body, params=params)

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
        """All items of a list, page after page."""
        after: int | None = 0
        while after is not None:
            page = self.get(path, after=after, **params)
            yield from page["items"]
            after = page["next"]

    def define_project(self, project: str, schema: str | Document) -> Document:
        """Make a project, or give it a new version of its schema."""
        return dict(self.put(f"/projects/{project}", {"schema": schema}))

    def bring_in(
        self,
        project: str,
        dataset: str,
        file: Path | BinaryIO,
        file_format: str = "jsonl",
        on_bytes: Callable[[int], None] | None = None,
        **fields: str,
    ) -> Document:
        """Import a file into a dataset; `fields` say which field is what: id_field, gold_field, meta_field, drafts_field,
        text_field, image_field. Answers with the report.

        `on_bytes` is told how many more bytes the server has taken.
        """
        self.put(f"/projects/{project}/datasets/{dataset}")
        source = str(getattr(file, "name", file))[-500:]
        params = {"format": file_format, "source": Path(source).name, **fields}
        path = f"/projects/{project}/datasets/{dataset}/examples"
        if isinstance(file, Path):
            with file.open("rb") as opened:
                return dict(self._send("POST", path, params=params, content=_chunks(opened, on_bytes)))
        return dict(self._send("POST", path, params=params, content=_chunks(file, on_bytes)))

    def send_file(self, path: str, file: BinaryIO) -> Document:
        """Send what a file holds, as it is read; answers with what came of it."""
        return dict(self._send("POST", path, content=_chunks(file, None)))

    def upload_image(self, project: str, dataset: str, name: str, data: bytes) -> Document:
        """Store an image for rows of a dataset that call it by this name. Answers with what their contents will hold for it."""
        self.put(f"/projects/{project}/datasets/{dataset}")
        path = f"/projects/{project}/datasets/{dataset}/images"
        return dict(self._send("POST", path, params={"name": name}, content=data))

    def image(self, sha256: str) -> bytes:
        """The bytes of an image that a content refers to."""
        return bytes(self._answer("GET", f"/images/{sha256}").content)

    def quote(self, project: str, dataset: str, **body: Json) -> Document:
        """What a run would cost; the body is that of a run."""
        return dict(self.post(f"/projects/{project}/datasets/{dataset}/quotes", body))

    def start_run(self, project: str, dataset: str, **body: Json) -> Document:
        """Start drafting; the fields of the body are those of POST …/runs: model or steps, lane, prompt, policy, cap."""
        return dict(self.post(f"/projects/{project}/datasets/{dataset}/runs", body))

    def run(self, run_id: int) -> Document:
        """A run and how far it is."""
        return dict(self.get(f"/runs/{run_id}"))

    def wait(
        self, run_id: int, stages: tuple[str, ...], seconds: float = 600, every: float = 0.5
    ) -> Document:
        """The run, once it is in one of the stages. Raises Unavailable after `seconds`."""
        until = time.monotonic() + seconds
        while (run := self.run(run_id))["stage"] not in stages:
            if time.monotonic() > until:
                raise errors.Unavailable(
                    f"run {run_id} is still {run['stage']} after {seconds:.0f} s: {run['places']}"
                )
            time.sleep(every)
        return run

    def export(
        self, run_id: int, file_format: str = "jsonl", include: str = "settled", **selection: Json
    ) -> Iterator[bytes]:
        """The labels as chunks of a file; `selection` is where, balance, weight, split, part, seed, and certificate."""
        params = {"format": file_format, "include": include, **selection}
        try:
            with self._http.stream("GET", f"/v1/runs/{run_id}/export", params=params) as answer:
                if answer.is_error:
                    answer.read()
                    raise _error(answer)
                yield from answer.iter_bytes()
        except httpx2.TransportError as error:
            raise self._no_answer(error) from error

    def certificate(self, run_id: int) -> Document:
        """The certificate of a run, under `certificate`, or what it waits for."""
        return dict(self.get(f"/runs/{run_id}/certificate"))

    def certify_now(self, run_id: int) -> Document:
        """End the audits of a run with several looks at the last one that is answered."""
        return dict(self.post(f"/runs/{run_id}/certificate/now"))

    def export_report(
        self, run_id: int, file_format: str = "jsonl", include: str = "settled", **selection: Json
    ) -> Document:
        """What that file holds and what it does not."""
        params = {"format": file_format, "include": include, **selection}
        return dict(self.get(f"/runs/{run_id}/export/report", **params))

    def events(self, path: str) -> Iterator[Document]:
        """The data of a live page's events, for ever: where a stream ends or breaks off, another is opened.

        Raises Unavailable where no server answers when it begins.
        """
        known, has_begun = "", False
        while True:
            try:
                for event_id, data in self._stream(path, known):
                    known, has_begun = event_id, True
                    yield data
            except httpx2.TransportError as error:
                if not has_begun:
                    raise self._no_answer(error) from error
            time.sleep(EVENTS_AGAIN)

    def _stream(self, path: str, known: str) -> Iterator[tuple[str, Document]]:
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

    def _send(self, method: str, path: str, **options: Any) -> Any:
        answer = self._answer(method, path, **options)
        return answer.json() if answer.content else None

    def _answer(self, method: str, path: str, **options: Any) -> httpx2.Response:
        if params := options.get("params"):
            options["params"] = {name: value for name, value in params.items() if value is not None}
        try:
            answer = self._http.request(method, f"/v1{path}", **options)
        except httpx2.TransportError as error:
            raise self._no_answer(error) from error
        if answer.is_error:
            raise _error(answer)
        return answer

    def _no_answer(self, error: Exception) -> errors.Unavailable:
        return errors.Unavailable(f"no server answers at {self.url} ({error}): start one with `prelabel up`")


def _error(answer: httpx2.Response) -> errors.PrelabelError:
    """The error that the server raised, as the same class here."""
    try:
        body: Mapping[str, Any] = answer.json()
    except ValueError:
        return errors.Unavailable(f"the server answered {answer.status_code} without saying why")
    kind = getattr(errors, str(body.get("error")), errors.PrelabelError)
    detail = str(body.get("detail"))
    if kind is errors.LabelError:
        return errors.LabelError("", detail)
    return kind(detail) if kind is not errors.RowError else errors.InputError(detail)


def _chunks(file: BinaryIO, on_bytes: Callable[[int], None] | None) -> Iterator[bytes]:
    while chunk := file.read(UPLOAD_CHUNK):
        yield chunk
        if on_bytes:
            on_bytes(len(chunk))
