"""Searching the labels of a run, in a worker: a search is taken by a lease, and done anew where its worker has gone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.bulk import insert_rows, update_rows
from prelabel.canonical import Json, digest
from prelabel.conflicts import known
from prelabel.errors import Conflict as Refused
from prelabel.errors import InputError, PrelabelError
from prelabel.examples.content import as_text, images_of
from prelabel.kinds.base import Kind
from prelabel.kinds.marks import Marks
from prelabel.measure.consistency import Finding, Texts, find
from prelabel.models import Conflict, ConflictSearch, Example, Label, Placement, Run, now
from prelabel.schemas.versions import Translator
from prelabel.store import Store

MOST = 200_000
"""Examples that one search looks at: about 15 KB of memory each."""
LEASE_SECONDS = 1_800
BATCH = 2_000


@dataclass(frozen=True)
class Settled:
    """A settled example as a search sees it."""

    placement_id: int
    label_id: int
    example_id: int
    content: Mapping[str, Json]
    label: Mapping[str, Json]


def ask(session: Session, run: Run) -> ConflictSearch:
    """Have a worker search the run's labels. Raises Conflict where one is under way, InputError where there are too many."""
    session.exec(select(Run.id).where(Run.id == run.id).with_for_update()).one()
    newest = known.newest(session, run.id or 0)
    if newest is not None and newest.finished_at is None:
        raise Refused(f"run {run.id} is being searched already: {newest.share:.0%} is done")
    if (count := known.settled(session, run.id or 0)) > MOST:
        raise InputError(f"run {run.id} has {count:,} settled examples: a search takes at most {MOST:,}")
    search = ConflictSearch(run_id=run.id or 0)
    session.add(search)
    session.flush()
    return search


def carry_on(store: Store, owner: str) -> bool:
    """Do one search that was asked for; False where there is none."""
    with store.writing() as session:
        search = session.exec(
            select(ConflictSearch)
            .where(
                col(ConflictSearch.finished_at).is_(None),
                or_(col(ConflictSearch.lease_until).is_(None), col(ConflictSearch.lease_until) < now()),
            )
            .order_by(col(ConflictSearch.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if search is None:
            return False
        search.lease_owner, search.lease_until = owner, now() + timedelta(seconds=LEASE_SECONDS)
        session.add(search)
        search_id = search.id or 0
    try:
        _search(store, search_id, owner)
    except PrelabelError as error:
        _end(store, search_id, owner, failure=str(error))
    return True


def _search(store: Store, search_id: int, owner: str) -> None:
    with store.reading() as session:
        run = session.get_one(Run, session.get_one(ConflictSearch, search_id).run_id)
        into = Translator.of(session, run)
        examples = list(_settled(session, run, into))
    texts = Texts([as_text(one.content) for one in examples])
    found: list[tuple[str, Finding]] = []
    for done, (name, kind) in enumerate(into.schema.fields.items(), 1):
        values = [one.label.get(name) for one in examples]
        found += [(name, one) for one in find(texts, values, kind, _marked(kind, examples))]
        if not _tell(store, search_id, owner, done / (len(into.schema.fields) + 1)):
            return
    rows = [_row(run.id or 0, search_id, name, one, examples) for name, one in found]
    _end(store, search_id, owner, rows, len(examples))


def _settled(session: Session, run: Run, into: Translator) -> Iterator[Settled]:
    """Those whose label fits the schema that holds, without gold and images: gold is known, and images are not compared."""
    columns = (col(Placement.id), col(Label.id), col(Label.value), col(Label.schema_version_id))
    rows = session.execute(
        wide_select(*columns, col(Example.id), col(Example.content))
        .join(Label, col(Label.id) == Placement.label_id)
        .join(Example, col(Example.id) == Placement.example_id)
        .where(col(Placement.run_id) == run.id, col(Placement.place) == "settled", ~col(Placement.is_gold))
        .where(col(Example.removed_at).is_(None))
        .order_by(col(Placement.id))
        .execution_options(yield_per=BATCH)
    )
    for placement_id, label_id, value, version_id, example_id, content in rows:
        label = into.fitting(value, version_id, content)
        if label is not None and not images_of(content):
            yield Settled(placement_id, label_id, example_id, content, label)


def _marked(kind: Kind, examples: Sequence[Settled]) -> list[str] | None:
    if not isinstance(kind, Marks):
        return None
    return [text if isinstance(text := one.content.get(kind.of), str) else "" for one in examples]


def _row(
    run_id: int, search_id: int, name: str, finding: Finding, examples: Sequence[Settled]
) -> dict[str, Any]:
    own = examples[finding.subject]
    other = examples[finding.others[0]] if finding.others else None
    sides = sorted((one.example_id, digest(one.label.get(name))) for one in (own, other) if one)
    return {
        "run_id": run_id,
        "search_id": search_id,
        "digest": digest([name, [list(side) for side in sides]]),
        "field": name,
        "way": finding.way,
        "score": round(finding.score, 6),
        "why": finding.why,
        "placement_id": own.placement_id,
        "label_id": own.label_id,
        "other_placement_id": other.placement_id if other else None,
        "other_label_id": other.label_id if other else None,
        "comment": "",
    }


def _tell(store: Store, search_id: int, owner: str, share: float) -> bool:
    """How far it is; False where the lease went to another worker."""
    with store.writing() as session:
        search = session.get_one(ConflictSearch, search_id, with_for_update=True)
        is_ours = search.lease_owner == owner and search.finished_at is None
        if is_ours:
            search.share, search.lease_until = share, now() + timedelta(seconds=LEASE_SECONDS)
            session.add(search)
    return is_ours


def _end(
    store: Store,
    search_id: int,
    owner: str,
    rows: Sequence[dict[str, Any]] = (),
    examples: int = 0,
    failure: str = "",
) -> None:
    """Keep what was found: what was known stays as it is, but for how likely it is and why."""
    with store.writing() as session:
        search = session.get_one(ConflictSearch, search_id, with_for_update=True)
        if search.lease_owner != owner or search.finished_at is not None:
            return
        there = select(Conflict.digest, Conflict.id).where(Conflict.run_id == search.run_id)
        ids = dict(session.exec(there).all())
        by_digest = {row["digest"]: row for row in reversed(rows)}
        fresh = [row for name, row in by_digest.items() if name not in ids]
        again = [
            {name: value for name, value in row.items() if name not in ("run_id", "digest", "comment")}
            | {"id": ids[found]}
            for found, row in by_digest.items()
            if found in ids
        ]
        insert_rows(session, Conflict, fresh)
        update_rows(session, Conflict, again)
        search.share, search.examples, search.failure, search.finished_at = 1, examples, failure, now()
        session.add(search)
