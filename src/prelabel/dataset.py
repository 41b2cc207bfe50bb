"""Step 1, dataset: rows of a file become examples.

Rows are read and checked outside any transaction and written in batches, so an import of any size holds the database for
moments only and uses flat memory. What was written stays if the rest fails; importing again adds only what is missing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, insert
from sqlmodel import Session, col, select

from prelabel.bulk import among, insert_new_examples
from prelabel.errors import RowError
from prelabel.events import journal
from prelabel.examples import given_drafts
from prelabel.examples.rows import Candidate, Mapping, read_row, short
from prelabel.formats.base import Row
from prelabel.images.intake import ImageRules, Intake
from prelabel.models import BadRow, Dataset, Example, Import, User, now
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import version_of
from prelabel.store import Store

BATCH = 5_000
BATCH_BYTES = 16_000_000
"""A batch of large rows ends early, when it holds this much JSON: memory is flat for rows of any size."""
BAD_ROWS_SHOWN = 100


@dataclass(frozen=True)
class ImportReport:
    """What an import did with its `rows`, of which each is added, was there already, repeats another, or is bad.

    A row is its example by its id, and where it has none by its content.

    * `already_there`: its example was in the dataset, with this content, when the import began. It stays as it was, gold and
      meta too.
    * `repeated`: its content stands in an earlier row, or in another example of the dataset. With an id of its own it is an
      example all the same, and counted in `added` too; otherwise the content is kept once.
    * `bad`: it cannot be an example.

    `drafts` is how many drafts made elsewhere were added, `bad_drafts` how many could not be, which costs their rows nothing.
    `bad_rows` holds the first faults of both kinds. `models` are those whose drafts the dataset has now, with how many.
    `lost` counts, in words, what the format's rows said that could not be carried over.
    """

    import_id: int
    rows: int = 0
    added: int = 0
    already_there: int = 0
    repeated: int = 0
    bad: int = 0
    drafts: int = 0
    bad_drafts: int = 0
    bad_rows: list[RowError] = field(default_factory=list)
    models: dict[str, int] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)


@dataclass
class _Batch:
    candidates: list[Candidate] = field(default_factory=list)
    faults: list[RowError] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    size: int = 0

    def is_full(self) -> bool:
        return len(self.candidates) + len(self.faults) >= BATCH or self.size >= BATCH_BYTES


def bring_in(
    store: Store,
    dataset_id: int,
    schema: LabelSchema,
    rows: Iterable[Row],
    source: str,
    mapping: Mapping | None = None,
    on_progress: Callable[[int], None] | None = None,
    images: ImageRules | None = None,
    by: User | None = None,
) -> ImportReport:
    """Add the rows to a dataset as examples, with the drafts in them; `on_progress` is told how many rows are dealt with so far.

    Where it is said `by` whom, the journal has a line as it begins, before any row is in, and one as it ends.

    A row that cannot be one is kept as a `BadRow` with its number, field and reason, and costs no other row.
    """
    mapping = mapping or Mapping()
    allowed = [mapping.image] if mapping.image else []
    intake = Intake(store, dataset_id, schema.images, allowed, images or ImageRules())
    with store.writing() as session:
        started = Import(dataset_id=dataset_id, source=source)
        session.add(started)
        newest_before = session.exec(select(func.max(Example.id))).one() or 0
        version_id = version_of(session, dataset_id, schema).id or 0
        if by:
            dataset = session.get_one(Dataset, dataset_id)
            journal.note(session, by, "dataset.import", dataset, import_id=started.id, source=source)
    report = ImportReport(import_id=started.id or 0)
    target = _Target(dataset_id, started.id or 0, version_id, newest_before)
    for batch in _batches(intake.rows(rows), schema, mapping):
        with store.writing() as session:
            report = _BatchWriter(session, target, mapping).write(batch, report)
        if on_progress:
            on_progress(report.rows)
    with store.writing() as session:
        finished = session.get_one(Import, started.id)
        finished.finished_at, finished.rows, finished.added = now(), report.rows, report.added
        if by:
            dataset = session.get_one(Dataset, dataset_id)
            counts = {"rows": report.rows, "added": report.added, "bad": report.bad, "drafts": report.drafts}
            journal.note(session, by, "dataset.imported", dataset, import_id=started.id, **counts)
        return replace(report, models=given_drafts.models(session, dataset_id))


def _batches(rows: Iterable[Row], schema: LabelSchema, mapping: Mapping) -> Iterator[_Batch]:
    batch = _Batch()
    for row in rows:
        try:
            candidate = read_row(row, schema, mapping)
            batch.candidates.append(candidate)
            batch.lost.update(row.lost)
            batch.size += candidate.size
        except RowError as fault:
            batch.faults.append(short(fault))
        if batch.is_full():
            yield batch
            batch = _Batch()
    if batch.candidates or batch.faults:
        yield batch


@dataclass(frozen=True)
class _Target:
    """Where an import goes; `newest_before` is the newest example that there was when it began."""

    dataset_id: int
    import_id: int
    schema_version_id: int
    newest_before: int


class _BatchWriter:
    """Writes one batch in the session's transaction."""

    def __init__(self, session: Session, target: _Target, mapping: Mapping) -> None:
        self._session = session
        self._target = target
        self._dataset_id = target.dataset_id
        self._newest_before = target.newest_before
        self._mapping = mapping
        self._already_there = 0
        self._repeated = 0

    def write(self, batch: _Batch, report: ImportReport) -> ImportReport:
        """The report with this batch in it."""
        self._wait_for_other_imports()
        fresh, clashes = self._sort_out(batch.candidates)
        added = insert_new_examples(self._session, [self._example(candidate) for candidate in fresh])
        drafts, bad_drafts = self._write_drafts(batch.candidates, {clash.row for clash in clashes})
        faults = sorted([*batch.faults, *clashes, *bad_drafts], key=lambda fault: fault.row)
        if faults:
            self._session.execute(insert(BadRow), [_bad_row(report.import_id, fault) for fault in faults])
        return replace(
            report,
            rows=report.rows + len(batch.candidates) + len(batch.faults),
            added=report.added + added,
            already_there=report.already_there + self._already_there,
            repeated=report.repeated + self._repeated,
            bad=report.bad + len(batch.faults) + len(clashes),
            drafts=report.drafts + drafts,
            bad_drafts=report.bad_drafts + len(bad_drafts),
            bad_rows=report.bad_rows + faults[: BAD_ROWS_SHOWN - len(report.bad_rows)],
            lost=report.lost + batch.lost,
        )

    def _write_drafts(
        self, candidates: Sequence[Candidate], clashing: set[int]
    ) -> tuple[int, list[RowError]]:
        """How many drafts are new, and the faults of those that could not be kept; examples are there by now."""
        kept = [one for one in candidates if one.row not in clashing]
        bad = [fault for one in kept for fault in one.draft_faults]
        if not (having := [one for one in kept if one.drafts]):
            return 0, bad
        by_id = self._ids(Example.external_id, [one.external_id for one in having])
        by_hash = self._ids(Example.content_hash, [one.content_hash for one in having if not one.own_id])
        drafts = [
            (by_id.get(one.external_id) or by_hash[one.content_hash], draft)
            for one in having
            for draft in one.drafts
        ]
        target = self._target
        writer = given_drafts.Writer(
            self._session, target.dataset_id, target.import_id, target.schema_version_id
        )
        count, contradicting = writer.write(drafts)
        return count, [*bad, *map(short, contradicting)]

    def _ids(self, column: str, values: Sequence[str]) -> dict[str, int]:
        """The oldest example for each value of a column."""
        if not values:
            return {}
        found = self._session.exec(
            select(column, func.min(Example.id))
            .where(Example.dataset_id == self._dataset_id, among(self._session, column, values))
            .group_by(column)
        )
        return {value: key or 0 for value, key in found}

    def _wait_for_other_imports(self) -> None:
        """Two batches with the same ids would deadlock on PostgreSQL, or one would not see what the other adds."""
        self._session.exec(
            select(Dataset.id).where(Dataset.id == self._dataset_id).with_for_update(key_share=True)
        ).one()

    def _sort_out(self, candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[RowError]]:
        """Those that are not in the dataset yet, and the faults of those that clash with an example or an earlier row."""
        by_id = self._known_ids([candidate.external_id for candidate in candidates])
        new_hashes = {
            candidate.content_hash for candidate in candidates if candidate.external_id not in by_id
        }
        by_hash = self._known_hashes(new_hashes)
        fresh, clashes = [], []
        for candidate in candidates:
            known = by_id.get(candidate.external_id)
            if known is None and not candidate.own_id and candidate.content_hash in by_hash:
                known = candidate.content_hash, by_hash[candidate.content_hash]
            if known is None:
                self._repeated += candidate.content_hash in by_hash
                by_id[candidate.external_id] = candidate.content_hash, False
                by_hash.setdefault(candidate.content_hash, False)
                fresh.append(candidate)
            elif known[0] != candidate.content_hash:
                clashes.append(self._clash(candidate, was_removed=not known[0]))
            else:
                self._already_there += known[1]
                self._repeated += not known[1]
        return fresh, clashes

    def _known_ids(self, ids: Sequence[str]) -> dict[str, tuple[str, bool]]:
        """By id of an example: its content's hash, and whether it was there before this import."""
        found = self._session.exec(
            select(Example.external_id, Example.content_hash, col(Example.id)).where(
                Example.dataset_id == self._dataset_id, among(self._session, Example.external_id, ids)
            )
        )
        return {
            external_id: (content_hash, (key or 0) <= self._newest_before)
            for external_id, content_hash, key in found
        }

    def _known_hashes(self, hashes: set[str]) -> dict[str, bool]:
        """By hash of a content: whether an example had it before this import."""
        if not hashes:
            return {}
        found = self._session.exec(
            select(Example.content_hash, func.min(Example.id))
            .where(Example.dataset_id == self._dataset_id, among(self._session, Example.content_hash, hashes))
            .group_by(Example.content_hash)
        )
        return {content_hash: (key or 0) <= self._newest_before for content_hash, key in found}

    def _clash(self, candidate: Candidate, *, was_removed: bool) -> RowError:
        how = "whose content was removed" if was_removed else "with other content"
        taken = f"the id {candidate.external_id!r} is that of another example, {how}"
        return RowError(
            candidate.row, self._mapping.id, f"{taken}; nothing is overwritten: give it an id of its own"
        )

    def _example(self, candidate: Candidate) -> dict[str, Any]:
        return {
            "dataset_id": self._dataset_id,
            "external_id": candidate.external_id,
            "content_hash": candidate.content_hash,
            "content": candidate.content,
            "gold": candidate.gold,
            "meta": candidate.meta,
            "schema_version_id": self._target.schema_version_id,
            "created_at": now(),
        }


def _bad_row(import_id: int, fault: RowError) -> dict[str, Any]:
    return {"import_id": import_id, "row": fault.row, "field": fault.field, "reason": fault.reason}
