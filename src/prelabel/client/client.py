"""The client: projects, data in, runs, the review queue."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, TypedDict, Unpack, cast

import httpx2

from prelabel import errors
from prelabel.canonical import Json
from prelabel.client import rows
from prelabel.client.connection import Connection, Document, chunks, token_of
from prelabel.client.documents import BadRow, Imported, Project, Quoted
from prelabel.client.run import Run, RunBody
from prelabel.client.work import Work
from prelabel.settings import Settings

Schema = str | Path | Mapping[str, Json]
"""A label schema: the text of a YAML or JSON file, the path of one, or what it says."""
MOST_CLAIMED = 100


class Fields(TypedDict, total=False):
    """Which field of a row is what, where it is not called so."""

    id_field: str
    gold_field: str
    meta_field: str
    drafts_field: str
    text_field: str
    image_field: str


class Client(Connection):
    """A Prelabel server, as one user. Without URL and token it is the one that PRELABEL_URL and PRELABEL_TOKEN name, or the one that
    `prelabel up` runs here; NotSignedIn is raised where there is no token."""

    def __init__(self, url: str = "", token: str = "", transport: httpx2.Client | None = None) -> None:
        if not (url and token):
            settings = Settings()
            url, token = url or settings.server, token or token_of(settings)
        super().__init__(url.rstrip("/"), token, transport)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Client":
        """As these settings say: the token given, or else the one that `prelabel up` left in the home folder."""
        return cls(settings.server, token_of(settings))

    def projects(self) -> Iterator[Project]:
        """All projects that you see, oldest first."""
        return map(Project, self.items("/projects"))

    def runs(self, project: str = "") -> Iterator[Run]:
        """All runs that you see, or those of one project, oldest first."""
        found = (Run(document, self) for document in self.items("/runs"))
        return (run for run in found if not project or run.project == project)

    def define_project(self, project: str, schema: Schema) -> Project:
        """Make a project, or give it a new version of its schema."""
        given = schema.read_text(encoding="utf-8-sig") if isinstance(schema, Path) else schema
        return Project(self.put(f"/projects/{project}", {"schema": given}))

    def submit(
        self,
        data: rows.Rows,
        project: str,
        dataset: str = "",
        schema: Schema | None = None,
        file_format: str = "",
        **fields: Unpack[Fields],
    ) -> Imported:
        """Bring examples in: the path of a file, a data frame, a Hugging Face dataset, or any iterable of objects. Sending them again adds
        nothing.

        The dataset is called like the project where no name is given. With a schema the project is made, or gets a new version.
        `fields` say which field is what, as for `bring_in`. Rows that cannot be taken are listed in the answer, the others are kept.
        """
        if schema is not None:
            self.define_project(project, schema)
        dataset = dataset or project
        if isinstance(data, (str, Path)):
            from prelabel import formats

            path = Path(data)
            imported = self.bring_in(
                project, dataset, path, file_format or formats.for_path(path), None, **fields
            )
        else:
            imported = self.bring_in(project, dataset, rows.json_lines(data), "jsonl", None, **fields)
        if len(imported["bad_rows"]) < imported.bad + imported.bad_drafts:
            imported["bad_rows"] = list(self.bad_rows(imported.import_id))
        return imported

    def bring_in(
        self,
        project: str,
        dataset: str,
        file: Path | BinaryIO | Iterable[bytes],
        file_format: str = "jsonl",
        on_bytes: Callable[[int], None] | None = None,
        **fields: Unpack[Fields],
    ) -> Imported:
        """Import a file into a dataset; `fields` say which field is what: id_field, gold_field, meta_field, drafts_field,
        text_field, image_field. The answer lists the first rows that could not be taken.

        `on_bytes` is told how many more bytes the server has taken.
        """
        self.put(f"/projects/{project}/datasets/{dataset}")
        name = str(getattr(file, "name", file)) if isinstance(file, Path) or hasattr(file, "read") else "rows"
        params = {"format": file_format, "source": Path(name[-500:]).name, **fields}
        path = f"/projects/{project}/datasets/{dataset}/examples"
        if isinstance(file, Path):
            with file.open("rb") as opened:
                return Imported(
                    self._send("POST", path, params=params, content=_told(chunks(opened), on_bytes))
                )
        pieces = chunks(cast(BinaryIO, file)) if hasattr(file, "read") else file
        return Imported(self._send("POST", path, params=params, content=_told(pieces, on_bytes)))

    def bad_rows(self, import_id: int) -> Iterator[BadRow]:
        """Every row that an import could not take, in the order of the file."""
        return map(BadRow, self.items(f"/imports/{import_id}/bad-rows"))

    def upload_image(self, project: str, dataset: str, name: str, data: bytes) -> Document:
        """Store an image for rows of a dataset that call it by this name. Answers with what their contents will hold for it."""
        self.put(f"/projects/{project}/datasets/{dataset}")
        path = f"/projects/{project}/datasets/{dataset}/images"
        return dict(self._send("POST", path, params={"name": name}, content=data))

    def image(self, sha256: str) -> bytes:
        """The bytes of an image that a content refers to."""
        return self.content(f"/images/{sha256}")

    def quote(self, project: str, dataset: str, **body: Unpack[RunBody]) -> Quoted:
        """What a run would cost; nothing is started or spent."""
        return Quoted(self.post(f"/projects/{project}/datasets/{dataset}/quotes", dict(body), twice=True))

    def start_run(self, project: str, dataset: str, **body: Unpack[RunBody]) -> Run:
        """Start drafting; `prelabel.client.run.RunBody` says what can be given."""
        return Run(self.post(f"/projects/{project}/datasets/{dataset}/runs", dict(body)), self)

    def run(self, run_id: int) -> Run:
        """A run and how far it is."""
        return Run(self.get(f"/runs/{run_id}"), self)

    def wait(self, run_id: int, stages: tuple[str, ...], seconds: float = 600, every: float = 0.5) -> Run:
        """The run, once it is in one of the stages. Raises Unavailable after `seconds`."""
        until = time.monotonic() + seconds
        run = self.run(run_id)
        while run.stage not in stages:
            if time.monotonic() > until:
                raise errors.Unavailable(
                    f"run {run_id} is still {run.stage} after {seconds:.0f} s: {run.places}"
                )
            time.sleep(every)
            run.refresh()
        return run

    def add_user(self, name: str, role: str = "reviewer") -> str:
        """Make a user, and answer with a token of theirs, which is shown this once."""
        return str(self.post("/users", {"name": name, "role": role})["token"])

    def claim(self, limit: int = 10, run_id: int | None = None, for_senior: bool = False) -> list[Work]:
        """The examples that you hold, and the next ones of the queue up to `limit`: yours until they are answered or their lease ends.
        `for_senior`: what reviewers disagree on."""
        path = "/queue/adjudications/claim" if for_senior else "/queue/claim"
        found = self.post(path, {"limit": limit, "run_id": run_id}, twice=True)
        return [Work(document, self) for document in found]

    def queue(
        self, run_id: int | None = None, page: int = 20, for_senior: bool = False
    ) -> Generator[Work, None, None]:
        """Work, one example after the other, until the queue has no more for you. What you pass over, a hundred at most, stays yours
        until you stop; then it goes back."""
        seen: set[int] = set()
        held: list[Work] = []
        try:
            while True:
                passed = [work for work in held if not work.is_answered]
                claimed = self.claim(min(page + len(passed), MOST_CLAIMED), run_id, for_senior)
                works = [work for work in claimed if work.slot_id not in seen]
                held = passed + works
                if not works:
                    return
                for work in works:
                    seen.add(work.slot_id)
                    work.begin()
                    yield work
        finally:
            passed = [work for work in held if not work.is_answered]
            if passed and not self._http.is_closed:
                self.release(work.slot_id for work in passed)

    def renew(self, slot_ids: Iterable[int]) -> list[int]:
        """Keep slots a while longer; answers with those that are still yours."""
        return list(self.post("/queue/renew", {"slot_ids": list(slot_ids)}, twice=True))

    def release(self, slot_ids: Iterable[int] | None = None) -> None:
        """Give slots back unanswered: these, or all that you hold."""
        body = {"slot_ids": None if slot_ids is None else list(slot_ids)}
        self.post("/queue/release", body, twice=True)

    def export(
        self, run_id: int, file_format: str = "jsonl", include: str = "settled", **selection: Json
    ) -> Iterator[bytes]:
        """The labels as chunks of a file; `selection` is where, balance, weight, split, part, seed, and certificate."""
        return self.stream(f"/runs/{run_id}/export", format=file_format, include=include, **selection)

    def export_report(
        self, run_id: int, file_format: str = "jsonl", include: str = "settled", **selection: Json
    ) -> Document:
        """What that file holds and what it does not."""
        params = {"format": file_format, "include": include, **selection}
        return dict(self.get(f"/runs/{run_id}/export/report", **params))

    def certificate(self, run_id: int) -> Document:
        """The certificate of a run, under `certificate`, or what it waits for."""
        return dict(self.get(f"/runs/{run_id}/certificate"))

    def certify_now(self, run_id: int) -> Document:
        """End the audits of a run with several looks at the last one that is answered."""
        return dict(self.post(f"/runs/{run_id}/certificate/now"))


def _told(pieces: Iterable[bytes], on_bytes: Callable[[int], None] | None) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        if on_bytes:
            on_bytes(len(piece))
