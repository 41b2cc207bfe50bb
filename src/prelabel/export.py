"""Step 6, export: labels out, as a stream, each with where it came from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import formats, given_drafts, runs
from prelabel.formats.base import WriteOptions
from prelabel.models import Draft, Example, Label, Placement, Review, Run, User
from prelabel.store import Store
from prelabel.versions import Translator

Include = Literal["settled", "all"]
BATCH = 2_000
"""Rows read at once: memory stays flat whatever the size of the run."""


@dataclass(frozen=True)
class Export:
    """Chunks of a file, and the name to give it."""

    chunks: Iterator[bytes]
    file_name: str


def export(store: Store, run_id: int, file_format: str, include: Include = "settled") -> Export:
    """The run's labels as a file. "settled" takes the examples that have a label, "all" also those that have none yet."""
    writer = formats.writer(file_format)
    with store.reading() as session:
        run = runs.get(session, run_id)
        schema = runs.schema_of(session, run)
        options = WriteOptions(
            schema,
            content_fields=_content_fields(session, run) if file_format == "csv" else (),
        )
    return Export(
        writer(records(store, run, include), options), f"run-{run_id}.{formats.suffix(file_format)}"
    )


def records(store: Store, run: Run, include: Include = "settled") -> Iterator[dict[str, Any]]:
    """One record an example, in the order they came in; `status` is the place it is in."""
    after = 0
    with store.reading() as session:
        into = Translator.of(session, run)
        while batch := _batch(session, run, include, after):
            given = given_drafts.of_examples(
                session, {one.id or 0: one.content for _, one, *_ in batch}, into
            )
            found = (_record(into, *row, given[row[1].id or 0]) for row in batch)
            yield from (one for one in found if include == "all" or one["label"] is not None)
            after = batch[-1][0].id or 0


Row = tuple[Placement, Example, Draft | None, Label | None, str | None]


def _batch(session: Session, run: Run, include: Include, after: int) -> list[Row]:
    statement = (
        wide_select(Placement, Example, Draft, Label, col(User.name))
        .join(Example, col(Example.id) == Placement.example_id)
        .join(Draft, col(Draft.id) == Placement.draft_id, isouter=True)
        .join(Label, col(Label.id) == Placement.label_id, isouter=True)
        .join(Review, col(Review.id) == Label.review_id, isouter=True)
        .join(User, col(User.id) == Review.user_id, isouter=True)
        .where(col(Placement.run_id) == run.id, col(Placement.id) > after)
        .order_by(col(Placement.id))
        .limit(BATCH)
    )
    if include == "settled":
        statement = statement.where(col(Placement.place) == "settled")
    rows = [(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(statement)]
    session.expunge_all()
    return rows


def _record(
    into: Translator,
    placement: Placement,
    example: Example,
    draft: Draft | None,
    label: Label | None,
    reviewer: str | None,
    given: list[dict[str, Any]],
) -> dict[str, Any]:
    content = example.content
    value = into.fitting(label.value, label.schema_version_id, content) if label else None
    is_leaving = label is not None and value is None  # a change of the schema is about to queue it
    return {
        "id": example.external_id,
        "content": content,
        "label": value,
        "source": label.source if label and not is_leaving else None,
        "status": "queued" if is_leaving else placement.place,
        "reason": "requested" if is_leaving else placement.reason or None,
        "confidence": draft.confidence if draft else None,
        "draft": into.fitting(draft.label, draft.schema_version_id, content) if draft else None,
        "model": draft.model if draft else None,
        "prompt": draft.prompt_digest[:12] if draft else None,
        "reviewer": reviewer,
        "gold": into.fitting(example.gold, example.schema_version_id, content),
        "meta": example.meta,
    } | ({"drafts": given} if given else {})


def _content_fields(session: Session, run: Run) -> tuple[str, ...]:
    """All content fields of the dataset, in the order in which they first appear: a CSV file needs its header first."""
    contents = select(Example.content).where(Example.dataset_id == run.dataset_id).order_by(col(Example.id))
    found: dict[str, None] = {}
    for content in session.exec(contents.execution_options(yield_per=BATCH)):
        found.update(dict.fromkeys(content))
    return tuple(found)
