"""Examples of a run as leads look through them: by place, reason, text, what an expression says, and what was corrected."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col

from prelabel import export
from prelabel.content import as_text
from prelabel.errors import InputError
from prelabel.models import PLACES, REASONS, Placement, Run
from prelabel.runs import schema_of
from prelabel.subset import Selection, Selector
from prelabel.versions import Translator

SCANNED = 20_000
"""Examples that are looked at for one page, so that no search holds up others; the next page goes on from there."""
Record = dict[str, Any]


@dataclass(frozen=True)
class Search:
    """What is looked for; empty: everything. All of it has to hold.

    * `text`: stands in the content, in any case of letters.
    * `where`: an expression as exports take it, over the label's fields and `confidence`, `model`, `source`, `reviewer`, `status`.
    * `is_corrected`: has a label that is not what was drafted.
    """

    place: str = ""
    reason: str = ""
    text: str = ""
    where: str = ""
    is_corrected: bool = False


@dataclass(frozen=True)
class Found:
    """Records as an export has them; `next`: where the search goes on, None where it has seen all."""

    records: list[Record]
    next: int | None


def search(session: Session, run: Run, wanted: Search, after: int, limit: int) -> Found:
    """The first examples from `after` on, in the order they came in; at times fewer than `limit`, with more to come.

    Raises InputError for a place or reason that there is not, and where `where` does not fit the schema.
    """
    check = _check(session, run, wanted)
    into, records, seen = Translator.of(session, run), list[Record](), 0
    for key, record in _rows(session, run, into, wanted, after, limit + 1):
        if len(records) == limit or seen == SCANNED:
            return Found(records, after)
        seen, after = seen + 1, key
        if check(record):
            records.append(record)
    return Found(records, None)


def _rows(
    session: Session, run: Run, into: Translator, wanted: Search, after: int, most: int
) -> Iterator[tuple[int, Record]]:
    """What the database narrows down: `most` at first, which often will do, and whole batches from there on."""
    narrowed = [col(Placement.place) == wanted.place] if wanted.place else []
    narrowed += [col(Placement.reason) == wanted.reason] if wanted.reason else []
    while batch := export.read(session, run, into, after, most, *narrowed):
        yield from batch
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
