"""A run as a program sees it: how far it is, its examples, answers, labels and figures."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from prelabel.canonical import Json
from prelabel.client import shown, waiting
from prelabel.client.connection import Connection
from prelabel.client.documents import Answer, Example, LabelRecord, Review

if TYPE_CHECKING:
    import pandas as pd

    from prelabel.client.measures import Measures


class Search(TypedDict, total=False):
    """Which examples: all of it has to hold. `where` is an expression, as in `confidence < 0.5 and topic == 'spam'`."""

    place: str
    reason: str
    text: str
    where: str
    corrected: bool
    disagreed: bool


class ReviewSearch(TypedDict, total=False):
    """Which answers: all of it has to hold. `against`: "settled" or "others", those that are otherwise."""

    reviewer: str
    verdict: str
    reason: str
    text: str
    where: str
    since: str
    until: str
    undone: bool
    against: str


class Selection(TypedDict, total=False):
    """Which labels an export takes, and how it divides and weighs them."""

    where: str
    balance: str
    weight: str
    split: str
    part: str
    seed: int
    certificate: str


class RunBody(TypedDict, total=False):
    """How a dataset is drafted, or what a quote is about: the body of POST …/runs, described in the API's reference."""

    model: str
    confidence: str
    steps: Sequence[Json] | None
    lane: str
    prompt: str
    policy: Mapping[str, Json]
    cap: float | str | None


class Run(Answer):
    """A run as it was when the server was asked last; `refresh` asks again."""

    id: int
    project: str
    dataset: str
    model: str
    lane: str
    policy: dict[str, Any]
    state: str
    note: str
    stage: str
    accepting: bool
    accepting_note: str
    places: dict[str, int]
    spent: Decimal
    cap: Decimal | None
    workers: int
    created_at: datetime

    def __init__(self, document: Mapping[str, Any], connection: Connection) -> None:
        super().__init__(document)
        self._connection = connection

    def refresh(self) -> Self:
        """Ask the server how far it is by now."""
        return self._take(self._connection.get(self._path()))

    def wait(
        self,
        until: waiting.Until = "drafted",
        seconds: float | None = None,
        every: float = 1.0,
        bar: bool | None = None,
    ) -> Self:
        """Wait until all is drafted, or until all is "done", by people too; with a bar at a terminal and in a notebook.

        Raises Unavailable where the run stops before that (paused, over budget, cancelled), or after `seconds`.
        """
        waiting.wait(self.refresh, until, seconds, every, bar)
        return self

    def progress(self) -> Answer:
        """How fast it goes, what it has spent and will have spent, and what goes wrong on the way."""
        return Answer(self._connection.get(self._path("progress")))

    def pause(self) -> Self:
        """Stop making model calls; those in flight are kept."""
        return self._take(self._connection.post(self._path("pause")))

    def resume(self, cap: float | Decimal | None = None) -> Self:
        """Go on after a pause; a cap given replaces the old one."""
        body = {"cap": None if cap is None else str(cap)}
        return self._take(self._connection.post(self._path("resume"), body))

    def cancel(self) -> Self:
        """End the drafting for good; what is queued can still be reviewed."""
        return self._take(self._connection.post(self._path("cancel")))

    def examples(self, **search: Unpack[Search]) -> Iterator[Example]:
        """The examples that are looked for, in the order they came in; fetched page by page, as they are used."""
        return map(Example, self._connection.items(self._path("examples"), limit=500, **search))

    def reviews(self, **search: Unpack[ReviewSearch]) -> Iterator[Review]:
        """Single answers of people that are looked for, newest first; fetched page by page."""
        return map(Review, self._connection.items(self._path("reviews"), limit=500, **search))

    def labels(self, include: str = "settled", **selection: Unpack[Selection]) -> Iterator[LabelRecord]:
        """The settled labels as an export has them, read as they come; `include="all"`: also examples without one."""
        rest = b""
        for chunk in self._connection.stream(self._path("export"), include=include, **selection):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (LabelRecord(json.loads(line)) for line in lines if line)

    def to_frame(self, include: str = "settled", **selection: Unpack[Selection]) -> "pd.DataFrame":
        """The labels as a data frame: the fields of the content, then `label.FIELD`, then where each came from. Needs pandas."""
        import pandas as pd

        return pd.DataFrame(map(_flat, self.labels(include, **selection)))

    def export(
        self,
        path: Path | str,
        file_format: str = "",
        include: str = "settled",
        **selection: Unpack[Selection],
    ) -> Path:
        """Write the labels into a file, which is there only when it is whole. The format is that of the file's name, or the one
        named."""
        from prelabel import formats

        target = Path(path)
        options = {"format": file_format or formats.for_path(target), "include": include, **selection}
        partial = target.with_name(target.name + ".part")
        with partial.open("wb") as file:
            file.writelines(self._connection.stream(self._path("export"), **options))
        return partial.replace(target)

    def measure(self) -> "Measures":
        """How good the drafts were, what they cost, and how right people are on gold."""
        from prelabel.client.measures import measures

        return measures(self._connection, self.id)

    def scores(self, by: str = "field") -> list[Answer]:
        """The drafts divided by field, class, model, prompt, week or run."""
        return [Answer(part) for part in self._connection.get(self._path("ledger"), by=by)["parts"]]

    def agreement(self) -> Answer:
        """How far people agree with each other and with the model."""
        return Answer(self._connection.get(self._path("agreement")))

    def certificate(self) -> Answer:
        """The certificate, under `certificate`, or what it waits for."""
        return Answer(self._connection.get(self._path("certificate")))

    def _repr_html_(self) -> str:
        return shown.run(self)

    def _path(self, *parts: str) -> str:
        return "/".join(("/runs", str(self.id), *parts))

    def _take(self, document: Mapping[str, Any]) -> Self:
        self.clear()
        self.update(document)
        return self


def _flat(record: LabelRecord) -> dict[str, Any]:
    """A record as a row; a field of the content that is called like another column has "content." before its name."""
    labels = {f"label.{name}": value for name, value in (record.label or {}).items()}
    rest = {name: value for name, value in record.items() if name not in ("content", "label")}
    contents = {f"content.{name}" if name in rest else name: value for name, value in record.content.items()}
    return {"id": rest.pop("id"), **contents, **labels, **rest}
