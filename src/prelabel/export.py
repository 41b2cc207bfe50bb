"""Step 6, export: labels out, as a stream, each with where it came from."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import conflicts, formats, runs
from prelabel.canonical import Json
from prelabel.examples import given_drafts
from prelabel.examples.content import as_text
from prelabel.examples.splits import Splits
from prelabel.examples.subset import Selection, Selector
from prelabel.formats.base import WriteOptions
from prelabel.models import CHECK, Draft, Example, Label, Placement, Review, Run, Slot, User
from prelabel.money import effort, ledger
from prelabel.review.rounds import ANSWERS, taken_back
from prelabel.routing import drawn
from prelabel.schemas.versions import Translator
from prelabel.store import Store

Include = Literal["settled", "all"]
BATCH = 2_000
"""Rows read at once: memory stays flat whatever the size of the run."""
REMOVED = "its content was removed: the project keeps none for longer"
"""Why an example is left out of every file."""


@dataclass(frozen=True)
class ExportReport:
    """What a file holds, and what it does not.

    * `records`: examples that were taken. `splits`: how many of them are in which part.
    * `left_out`: examples that were not asked for or have lost their content, and weights that could not be given, by why.
    * `lost`: what the format could not carry, by what it is.
    * `parted`: examples of the dataset that have an earlier near-duplicate in another part of the split.
    * `conflicts`: open ones of the newest search that doubt a label in the file; None where the run was never searched.
    """

    format: str
    records: int
    bytes: int
    splits: dict[str, int]
    left_out: dict[str, int]
    lost: dict[str, int]
    parted: int
    conflicts: int | None


class Export:
    """A file that is written as its `chunks` are taken. Raises InputError where what is asked for does not fit the run."""

    def __init__(
        self,
        store: Store,
        run_id: int,
        file_format: str,
        include: Include = "settled",
        selection: Selection | None = None,
    ) -> None:
        """ "settled" takes the examples that have a label, "all" also those that have none yet; files for training never do."""
        self._store, self._format = store, file_format
        self._selection = selection or Selection()
        self._writer = formats.writer(file_format)
        self._include: Include = "settled" if formats.about(file_format).for_training else include
        with store.reading() as session:
            self._run = runs.get(session, run_id)
            schema = runs.schema_of(session, self._run)
            formats.check_holds(file_format, schema)
            self._selector = Selector(schema, self._selection)
            needs = formats.needs_content_fields(file_format)
            self._options = WriteOptions(
                schema,
                content_fields=_content_fields(session, self._run) if needs else {},
                extras=self._selection.extras(),
            )
        part = f"-{self._selection.part}" if self._selection.part else ""
        self.file_name = f"run-{run_id}{part}.{formats.suffix(file_format)}"
        self._records = self._bytes = self._parted = self._removed = 0
        self._conflicts: int | None = None

    def chunks(self) -> Iterator[bytes]:
        """The file, once."""
        splits = self._splits()
        taken = self._selector.take(
            lambda: self._whole(records(self._store, self._run, self._include, with_cost=True)),
            splits.of if splits else None,
        )
        for chunk in self._writer(self._counted(taken), self._options):
            self._bytes += len(chunk)
            yield chunk

    def report(self) -> ExportReport:
        """What the chunks held that have been taken so far."""
        return ExportReport(
            format=self._format,
            records=self._records,
            bytes=self._bytes,
            splits=dict(self._selector.splits),
            left_out=_most_first(self._selector.left_out + Counter({REMOVED: self._removed})),
            lost=_most_first(self._options.lost),
            parted=self._parted,
            conflicts=self._conflicts,
        )

    def _whole(self, found: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Those that still have their content."""
        self._removed = 0
        for record in found:
            if "removed_at" in record:
                self._removed += 1
            else:
                yield record

    def _counted(self, taken: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        with self._store.reading() as session:
            was_searched = conflicts.newest(session, self._run.id or 0, finished=True) is not None
            doubted = conflicts.by_example(session, self._run.id or 0)
        self._conflicts = 0 if was_searched else None
        for record in taken:
            self._records += 1
            if was_searched:
                self._conflicts = (self._conflicts or 0) + doubted[record["id"]]
            yield record

    def _splits(self) -> Splits | None:
        """Where each example of the dataset goes: of all of them, so that no filter moves any."""
        if not self._selector.shares:
            return None
        with self._store.reading() as session:
            columns = select(Example.external_id, Example.content).where(
                Example.dataset_id == self._run.dataset_id, col(Example.removed_at).is_(None)
            )
            rows = session.exec(columns.order_by(col(Example.id)).execution_options(yield_per=BATCH))
            splits = Splits(
                ((external_id, as_text(dict(content))) for external_id, content in rows),
                self._selector.shares,
                self._selection.seed,
            )
        self._parted = splits.parted
        return splits


def report(export: Export) -> ExportReport:
    """What the file of an export would hold: it is written, and thrown away."""
    for _ in export.chunks():
        pass
    return export.report()


def records(
    store: Store, run: Run, include: Include = "settled", with_cost: bool = False
) -> Iterator[dict[str, Any]]:
    """One record an example, in the order they came in; `status` is the place it is in. With what each cost, where that is wanted.

    One that has lost its content says `removed_at`; its labels have numbers in place of words.
    """
    after, narrowed = 0, [col(Placement.place) == "settled"] if include == "settled" else []
    with store.reading() as session:
        into = Translator.of(session, run)
        while batch := read(session, run, into, after, BATCH, *narrowed):
            if with_cost:
                batch = _with_cost(session, run, batch)
            yield from (one for _, one in batch if include == "all" or one["label"] is not None)
            after = batch[-1][0]


def read(
    session: Session, run: Run, into: Translator, after: int, most: int, *narrowed: ColumnElement[bool]
) -> list[tuple[int, dict[str, Any]]]:
    """The next records of a run behind the placement `after`, `most` of them, each with the id of its placement."""
    batch = _batch(session, run, after, most, narrowed)
    contents = {one.id or 0: one.content for _, one, *_ in batch}
    given = given_drafts.of_examples(session, contents, into) if batch else {}
    marked = _marked(session, run, contents)
    return [
        (row[0].id or 0, _record(into, *row, given[row[1].id or 0]) | marked.get(row[1].id or 0, {}))
        for row in batch
    ]


def _with_cost(
    session: Session, run: Run, batch: list[tuple[int, dict[str, Any]]]
) -> list[tuple[int, dict[str, Any]]]:
    """Records with the `dollars` of their model calls (None where a call has no known price), the `seconds` that people took for
    all their answers, and when the label that holds was settled."""
    rows = session.execute(
        wide_select(col(Placement.id), col(Placement.example_id), col(Label.created_at))
        .join(Label, col(Label.id) == Placement.label_id, isouter=True)
        .where(col(Placement.run_id) == run.id, col(Placement.id).between(batch[0][0], batch[-1][0]))
    ).all()
    of = {placement_id: (example_id, at) for placement_id, example_id, at in rows}
    first, last = min(row[1] for row in rows), max(row[1] for row in rows)
    calls = ledger.spent_on(session, run.id or 0, first, last)
    seconds = effort.seconds_by_example(session, run.id or 0, first, last)
    found = []
    for placement_id, record in batch:
        example_id, at = of[placement_id]
        spent = calls.get(example_id, ledger.NOTHING)
        cost = {
            "dollars": None if spent.unpriced else float(spent.dollars),
            "seconds": seconds.get(example_id, 0.0),
            "settled_at": at.isoformat() if at and record["label"] is not None else None,
        }
        found.append((placement_id, record | cost))
    return found


def _marked(session: Session, run: Run, example_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """What a certificate rests on, of each example of a run with a guarantee."""
    if run.policy.get("rule") != "guarantee":
        return {}
    marks = drawn.marks(session, run, example_ids)
    found = {example_id: marks.get(example_id, (None, False)) for example_id in example_ids}
    return {
        example_id: {"uncertainty": uncertainty, "audited": audited}
        for example_id, (uncertainty, audited) in found.items()
    }


Row = tuple[Placement, Example, Draft | None, Label | None, str | None]


def _batch(
    session: Session, run: Run, after: int, most: int, narrowed: Sequence[ColumnElement[bool]]
) -> list[Row]:
    statement = (
        wide_select(Placement, Example, Draft, Label, col(User.name))
        .join(Example, col(Example.id) == Placement.example_id)
        .join(Draft, col(Draft.id) == Placement.draft_id, isouter=True)
        .join(Label, col(Label.id) == Placement.label_id, isouter=True)
        .join(Review, col(Review.id) == Label.review_id, isouter=True)
        .join(User, col(User.id) == Review.user_id, isouter=True)
        .where(col(Placement.run_id) == run.id, col(Placement.id) > after, *narrowed)
        .order_by(col(Placement.id))
        .limit(most)
    )
    rows = session.execute(statement).all()
    agreed = _agreed(session, [row[0].id for row in rows if row[3] and row[3].source == "consensus"])
    session.expunge_all()
    return [(*row[:4], agreed.get(row[0].id, row[4])) for row in rows]


def _agreed(session: Session, placement_ids: Sequence[int]) -> dict[int, str]:
    """Who gave the answers that a consensus rests on, by placement: names in the order in which they answered."""
    names: dict[int, list[str]] = defaultdict(list)
    answers = (
        wide_select(col(Slot.placement_id), col(User.name))
        .join(Review, col(Review.slot_id) == Slot.id)
        .join(User, col(User.id) == Review.user_id)
        .where(
            col(Slot.placement_id).in_(placement_ids),
            *(col(Slot.state) == "answered", ~col(Slot.for_senior), col(Slot.reason) != CHECK),
            col(Review.verdict).in_(ANSWERS),
            ~taken_back(),
        )
        .order_by(col(Review.id))
    )
    for placement_id, name in session.execute(answers) if placement_ids else ():
        names[placement_id].append(name)
    return {placement_id: ", ".join(who) for placement_id, who in names.items()}


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
        **({"removed_at": example.removed_at.isoformat()} if example.removed_at else {}),
        **({"drafts": given} if given else {}),
    }


def _content_fields(session: Session, run: Run) -> dict[str, str]:
    """All content fields of the dataset and their types, in the order in which they first appear."""
    contents = select(Example.content).where(Example.dataset_id == run.dataset_id).order_by(col(Example.id))
    found: dict[str, str] = {}
    for content in session.exec(contents.execution_options(yield_per=BATCH)):
        for name, value in content.items():
            known = found.setdefault(name, "")
            if value is not None and known != "json":
                found[name] = _common(known, _type_of(value))
    return {name: known or "text" for name, known in found.items()}


def _type_of(value: Json) -> str:
    """One of `prelabel.formats.base.TYPES`; whole numbers beyond 64 bits are JSON."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return "json"
    return {bool: "boolean", int: "whole", float: "number", str: "text"}.get(type(value), "json")


def _common(known: str, another: str) -> str:
    if {known, another} == {"whole", "number"}:
        return "number"
    return another if known in ("", another) else "json"


def _most_first(counts: Counter[str]) -> dict[str, int]:
    return dict(counts.most_common())
