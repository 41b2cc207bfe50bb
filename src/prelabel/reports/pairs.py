"""The rows behind a comparison: examples that two have drafted and whose label is known."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, Subquery, and_, case, cast, func, or_
from sqlalchemy import select as wide_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from prelabel.drafting.lessons import PEOPLE
from prelabel.measure.paired import CostTally
from prelabel.models import Dataset, Draft, Example, Label, Placement, Project
from prelabel.models.columns import Dollars, as_json
from prelabel.money import ledger
from prelabel.schema import Label as Value
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator

BATCH = 2_000
"""Counted rows that are taken from the database at once."""
WINDOW = 20_000
"""Examples that are looked through at once where single ones are wanted."""
MILLION = 1_000_000


@dataclass(frozen=True)
class Side:
    """Whose drafts: `which` of those in these runs, by a name for people."""

    name: str
    run_ids: Sequence[int]
    which: ColumnElement[bool]


@dataclass(frozen=True)
class Sides:
    """What is compared, in which project. Labels are known from all of its runs, `run_ids`."""

    project: Project
    run_ids: Sequence[int]
    first: Side
    second: Side


class Said(NamedTuple):
    """What both drafts say (None: failed) and what is known, by gold or by people, as the project's newest schema has it."""

    first: Value | None
    second: Value | None
    known: Value
    is_gold: bool


class Single(NamedTuple):
    """An example with what is said of it, and in which runs the two have drafted it."""

    id: int
    external_id: str
    said: Said
    run_ids: tuple[int, int]


def counted(session: Session, sides: Sides, into: Translator) -> Iterator[tuple[Said, CostTally]]:
    """All that is said, with how many examples it is said of and what they cost; the same may come more than once."""
    yield from _alike(session, sides, into)
    if versions.has_others(session, into):
        yield from _strange(session, sides, into)


def differing(session: Session, sides: Sides, into: Translator, after: int) -> Iterator[Single]:
    """Examples of which the two say something else, or say it under other versions of the schema, by their id, after this one."""
    for window in _windows(session, sides, after):
        joined = _Joined(sides, window)
        one, other = joined.drafts
        says_else = as_json(col(one.label)).is_distinct_from(as_json(col(other.label)))
        yield from joined.singles(
            session, into, or_(says_else, col(one.schema_version_id) != col(other.schema_version_id))
        )


def _alike(session: Session, sides: Sides, into: Translator) -> Iterator[tuple[Said, CostTally]]:
    """What is said under the schema as it is: alike ones are counted by the database."""
    joined = _Joined(sides)
    calls = [ledger.by_example(side.run_ids) for side in (sides.first, sides.second)]
    first, second = (func.coalesce(cast(one.c.dollars, BigInteger), 0) for one in calls)
    unpriced = func.coalesce(calls[0].c.unpriced, 0) + func.coalesce(calls[1].c.unpriced, 0)
    texts = [as_json(col(one.label)).label(f"draft_{place}") for place, one in enumerate(joined.drafts)]
    alike = (*texts, joined.known.label("known"), col(Example.gold).is_not(None))
    statement = joined.select(
        *(*alike, func.count(), func.sum(first), func.sum(second), func.sum(unpriced)),
        *_squares(first - second),
    )
    for draft, spent in zip(joined.drafts, calls, strict=True):
        mine = and_(spent.c.example_id == draft.example_id, spent.c.run_id == draft.run_id)
        statement = statement.join(spent, mine, isouter=True)
    rows = session.execute(
        statement.where(joined.is_of(into)).group_by(*alike).execution_options(yield_per=BATCH)
    )
    for first_text, second_text, known, is_gold, count, *sums in rows:
        one, other = (None if text is None else json.loads(text) for text in (first_text, second_text))
        yield Said(one, other, json.loads(known), bool(is_gold)), _tally(count, *map(int, sums))


def _squares(nano: ColumnElement[int]) -> Sequence[ColumnElement[int]]:
    """Three sums of which the sum of the squares is made: whole numbers of SQLite would not hold the squares of nano-dollars."""
    low = nano % MILLION
    high = (nano - low) // MILLION
    return func.sum(high * high), func.sum(high * low), func.sum(low * low)


def _tally(count: int, first: int, second: int, unpriced: int, high: int, mixed: int, low: int) -> CostTally:
    squares = high * MILLION**2 + 2 * mixed * MILLION + low
    nano = Dollars.NANO
    return CostTally(count, first * nano, second * nano, squares * nano**2, unpriced)


def _strange(session: Session, sides: Sides, into: Translator) -> Iterator[tuple[Said, CostTally]]:
    """What is said of single examples under another version of the schema, be it by a draft or by what is known."""
    for window in _windows(session, sides, 0):
        joined = _Joined(sides, window)
        found = list(joined.singles(session, into, ~joined.is_of(into)))
        run_ids = {run_id for one in found for run_id in one.run_ids}
        spent = {run_id: ledger.spent_on(session, run_id, *window) for run_id in run_ids}
        for one in found:
            first, second = (spent[run_id].get(one.id, ledger.NOTHING) for run_id in one.run_ids)
            yield one.said, CostTally.of(first.dollars, second.dollars, first.unpriced + second.unpriced)


class _Joined:
    """Examples with their newest drafts by both, and with what people settled; of those with an id in the window, where there is one."""

    def __init__(self, sides: Sides, window: tuple[int, int] | None = None) -> None:
        self.drafts = aliased(Draft), aliased(Draft)
        self._label = aliased(Label)
        self._window = [] if window is None else [col(Example.id).between(*window)]
        self._newest = [_newest(side, window) for side in (sides.first, sides.second)]
        self._settled = _settled(sides.run_ids, window)
        has_gold = col(Example.gold).is_not(None)
        self.known = case((has_gold, as_json(col(Example.gold))), else_=as_json(col(self._label.value)))
        version = case((has_gold, col(Example.schema_version_id)), else_=col(self._label.schema_version_id))
        self._versions = (*(col(one.schema_version_id) for one in self.drafts), version)

    def is_of(self, into: Translator) -> ColumnElement[bool]:
        """Both drafts and what is known are of this version of the schema, so that they are labels as they stand."""
        return and_(*(version == into.version_id for version in self._versions))

    def select(self, *columns: Any) -> Select[Any]:
        """These columns, of examples of which something is known."""
        statement = wide_select(*columns).select_from(Example)
        for newest, draft in zip(self._newest, self.drafts, strict=True):
            statement = statement.join(newest, newest.c.example_id == Example.id)
            statement = statement.join(draft, col(draft.id) == newest.c.id)
        return (
            statement.join(self._settled, self._settled.c.example_id == Example.id, isouter=True)
            .join(self._label, col(self._label.id) == self._settled.c.id, isouter=True)
            .where(self.known.is_not(None), *self._window)
        )

    def singles(self, session: Session, into: Translator, *which: ColumnElement[bool]) -> Iterator[Single]:
        """Those for which this holds, by their id."""
        one, other = self.drafts
        columns = (
            *(col(Example.id), col(Example.external_id), col(one.run_id), col(other.run_id)),
            *(col(one.label), col(one.schema_version_id), col(other.label), col(other.schema_version_id)),
            *(col(Example.gold), col(Example.schema_version_id)),
            *(col(self._label.value), col(self._label.schema_version_id), ~self.is_of(into)),
        )
        rows = session.execute(self.select(*columns).where(*which).order_by(col(Example.id))).all()
        contents = versions.contents(session, [row[0] for row in rows if row[-1]])
        for example_id, external_id, first_run, second_run, *labels, _ in rows:
            content = contents.get(example_id, {})
            first, second, gold, settled = (
                into.fitting(label, version_id, content)
                for label, version_id in zip(labels[::2], labels[1::2], strict=True)
            )
            known = settled if gold is None else gold
            if known is not None:
                said = Said(first, second, known, gold is not None)
                yield Single(example_id, external_id, said, (first_run, second_run))


def _newest(side: Side, window: tuple[int, int] | None) -> Subquery:
    """Their newest draft of each example."""
    drafts = wide_select(col(Draft.example_id), func.max(col(Draft.id)).label("id"))
    mine = drafts.where(col(Draft.run_id).in_(side.run_ids), side.which)
    return _within(mine, col(Draft.example_id), window)


def _settled(run_ids: Sequence[int], window: tuple[int, int] | None) -> Subquery:
    """The newest of the labels of each example that people settled in any of these runs and that hold."""
    labels = (
        wide_select(col(Placement.example_id), func.max(col(Label.id)).label("id"))
        .join(Label, col(Label.id) == Placement.label_id)
        .where(col(Placement.run_id).in_(run_ids), col(Label.source).in_(PEOPLE))
    )
    return _within(labels, col(Placement.example_id), window)


def _within(rows: Any, example_id: Any, window: tuple[int, int] | None) -> Subquery:
    narrowed: Select[Any] = rows if window is None else rows.where(example_id.between(*window))
    return narrowed.group_by(example_id).subquery()


def _windows(session: Session, sides: Sides, after: int) -> Iterator[tuple[int, int]]:
    """The first and the last id of so many examples of the project at once."""
    datasets = select(Dataset.id).where(Dataset.project_id == sides.project.id)
    ids = select(Example.id).where(col(Example.dataset_id).in_(datasets)).order_by(col(Example.id))
    while True:
        some = ids.where(col(Example.id) > after).limit(WINDOW).subquery()
        first, last = session.execute(wide_select(func.min(some.c.id), func.max(some.c.id))).one()
        if first is None:
            return
        yield first, last
        after = last
