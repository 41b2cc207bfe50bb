"""Examples of a run as leads look through them: by place, reason, text, what an expression says, and what was corrected."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, or_
from sqlmodel import Session, col, select

from prelabel import export
from prelabel.errors import InputError
from prelabel.examples.content import as_text
from prelabel.examples.subset import Selection, Selector
from prelabel.leading import disagreement
from prelabel.models import PLACES, REASONS, Example, Placement, Run
from prelabel.runs import schema_of
from prelabel.schemas.versions import Translator

SCANNED = 20_000
"""Examples that are looked at for one page, so that no search holds up others; the next page goes on from there."""
OUTLINED = 5_000
"""Of them, those that are looked at for one part of an outline, where the database cannot tell; where it can, MOST_OUTLINED."""
MOST_OUTLINED = 200_000
PLAIN = re.compile(r"[A-Za-z0-9 .!?'-]+")
"""Texts that stand in the stored JSON of a content as they stand in its words."""
Record = dict[str, Any]


@dataclass(frozen=True)
class Search:
    """What is looked for; empty: everything. All of it has to hold.

    * `text`: stands in the content, in any case of letters.
    * `where`: an expression as exports take it, over the label's fields and `confidence`, `model`, `source`, `reviewer`, `status`.
    * `is_corrected`: has a label that is not what was drafted.
    * `is_disagreed`: two reviewers have given answers that differ.
    """

    place: str = ""
    reason: str = ""
    text: str = ""
    where: str = ""
    is_corrected: bool = False
    is_disagreed: bool = False


@dataclass(frozen=True)
class Found:
    """Records as an export has them; `next`: where the search goes on, None where it has seen all."""

    records: list[Record]
    next: int | None


@dataclass(frozen=True)
class Matches:
    """Placements of examples that are as asked for; `next` as in Found."""

    ids: list[int]
    next: int | None


@dataclass(frozen=True)
class Part:
    """A page to come: `after` is where a search for it begins, and so many `examples` are on it."""

    after: int
    examples: int


@dataclass(frozen=True)
class Outline:
    """What would be found, page by page, so that any page can be gone to at once; `next` as in Found."""

    examples: int
    pages: list[Part]
    next: int | None


def search(session: Session, run: Run, wanted: Search, after: int, limit: int) -> Found:
    """The first examples from `after` on, in the order they came in; at times fewer than `limit`, with more to come.

    Raises InputError for a place or reason that there is not, and where `where` does not fit the schema.
    """
    found, following = _look(session, run, wanted, after, limit)
    return Found([record for _, record in found], following)


def matching(
    session: Session, run: Run, wanted: Search, after: int, limit: int, *narrowed: ColumnElement[bool]
) -> Matches:
    """The same, as placements, and only of those for which `narrowed` holds as well."""
    found, following = _look(session, run, wanted, after, limit, *narrowed)
    return Matches([placement_id for placement_id, _ in found], following)


def outline(session: Session, run: Run, wanted: Search, after: int, size: int) -> Outline:
    """How many examples are found from `after` on, and where each page of `size` begins. Raises InputError as `search`."""
    _check(session, run, wanted)
    if wanted.text or wanted.where or wanted.is_corrected or wanted.is_disagreed:
        found, following = _look(session, run, wanted, after, OUTLINED, scanned=OUTLINED)
        ids = [placement_id for placement_id, _ in found]
    else:
        ids, following = _listed(session, run, wanted, after)
    pages = [Part(ids[at] - 1, len(ids[at : at + size])) for at in range(0, len(ids), size)]
    return Outline(len(ids), pages, following)


def still_matching(
    session: Session, run: Run, wanted: Search, ids: Collection[int], *narrowed: ColumnElement[bool]
) -> list[int]:
    """Which of these placements are as asked for now."""
    among = col(Placement.id).in_(ids)
    return matching(session, run, wanted, 0, len(ids), among, *narrowed).ids


def _listed(session: Session, run: Run, wanted: Search, after: int) -> tuple[list[int], int | None]:
    """Placements that the database itself can tell to be as asked for."""
    placed = select(col(Placement.id)).where(
        Placement.run_id == run.id, col(Placement.id) > after, *_conditions(wanted)
    )
    ids = [one or 0 for one in session.exec(placed.order_by(col(Placement.id)).limit(MOST_OUTLINED + 1))]
    return ids[:MOST_OUTLINED], ids[MOST_OUTLINED - 1] if len(ids) > MOST_OUTLINED else None


def _look(
    session: Session,
    run: Run,
    wanted: Search,
    after: int,
    limit: int,
    *narrowed: ColumnElement[bool],
    scanned: int | None = None,
) -> tuple[list[tuple[int, Record]], int | None]:
    check = _check(session, run, wanted)
    into, found, seen = Translator.of(session, run), list[tuple[int, Record]](), 0
    conditions = (*_conditions(wanted), *narrowed)
    for key, record, is_disputed in _rows(
        session, run, into, wanted, after, min(limit + 1, export.BATCH), conditions
    ):
        if len(found) == limit or seen == (scanned or SCANNED):
            return found, after
        seen, after = seen + 1, key
        if (is_disputed or not wanted.is_disagreed) and check(record):
            found.append((key, record))
    return found, None


def _conditions(wanted: Search) -> tuple[ColumnElement[bool], ...]:
    """What the database itself can narrow down."""
    return (
        *([col(Placement.place) == wanted.place] if wanted.place else []),
        *([col(Placement.reason) == wanted.reason] if wanted.reason else []),
        *([disagreement.may_be_disputed()] if wanted.is_disagreed else []),
        *([_may_hold(wanted.text)] if PLAIN.fullmatch(wanted.text) else []),
    )


def _may_hold(text: str) -> ColumnElement[bool]:
    """Which contents may have a plain text in them; a few more, of which `_check` knows better: those with other letters than
    English ones, written as escapes, and those with images, which have numbers."""
    stored = cast(col(Example.content), Text)
    return or_(*(stored.icontains(one, autoescape=True) for one in (text, "\\u", '"sha256"')))


def _rows(
    session: Session,
    run: Run,
    into: Translator,
    wanted: Search,
    after: int,
    most: int,
    conditions: tuple[ColumnElement[bool], ...],
) -> Iterator[tuple[int, Record, bool]]:
    """`most` at first, which often will do, and whole batches from there on; each with whether people differ, where that is asked."""
    while batch := export.read(session, run, into, after, most, *conditions):
        keys = [key for key, _ in batch]
        disputed = disagreement.disputed(session, into, keys) if wanted.is_disagreed else set()
        for key, record in batch:
            yield key, record, key in disputed
        after, most = batch[-1][0], export.BATCH


def _check(session: Session, run: Run, wanted: Search) -> Callable[[Record], bool]:
    for name, value, known in (("place", wanted.place, PLACES), ("reason", wanted.reason, REASONS)):
        if value and value not in known:
            raise InputError(f"{name}: {value!r} is not one of {', '.join(known)}")
    selector = Selector(schema_of(session, run), Selection(where=wanted.where))
    text = wanted.text.casefold()

    def holds(record: Record) -> bool:
        return (
            (not text or text in as_text(record["content"]).casefold())
            and (not wanted.is_corrected or _is_corrected(record))
            and selector.is_wanted(record)
        )

    return holds


def _is_corrected(record: Record) -> bool:
    return None not in (record["label"], record["draft"]) and record["label"] != record["draft"]
