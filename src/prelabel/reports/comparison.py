"""Two runs, models or prompt versions on the same examples, against labels that are known."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Subquery, func
from sqlalchemy import select as wide_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from prelabel import projects, runs
from prelabel.drafting.lessons import PEOPLE
from prelabel.errors import InputError
from prelabel.measure.figure import Figure
from prelabel.measure.paired import CostDifference, CostTally, Difference, paired
from prelabel.models import Dataset, Draft, Example, Label, Placement, Project, Run
from prelabel.money import ledger
from prelabel.money.ledger import SpentOn
from prelabel.schema import Label as Value
from prelabel.schema import LabelSchema
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator

BATCH = 2_000
Which = Literal["first", "second"]
FREE = SpentOn(0, 0, Decimal(0))
BASIS = (
    "examples that both have drafted (their newest drafts) and whose label is gold, or was settled by people in any run of the "
    "project, the newest one; people who saw a draft may have been led by it, which favours the drafter that they saw"
)


class Discordant(BaseModel):
    """An example that only one of the two has right: `right` is "first" or "second"."""

    id: int
    example_id: str
    right: str
    first: dict[str, Any] | None
    second: dict[str, Any] | None
    settled: dict[str, Any]


class ClassDifference(BaseModel):
    """The same among the examples that are settled as one class of a field: `name` is "field: class"."""

    name: str
    difference: Difference


class Comparison(Figure):
    """`first` and `second` name what was compared. `by_gold`: how many of the examples have gold. A failed draft is not right.

    `classes`, the most frequent first, go by what is known of the field alone, so that a draft with several fields may be right
    there and wrong as a whole. `cost` is that of all calls for these examples in the runs that the drafts are of.
    """

    basis: str = BASIS
    first: str
    second: str
    by_gold: int
    difference: Difference
    classes: list[ClassDifference]
    cost: CostDifference


@dataclass(frozen=True)
class Side:
    """Whose drafts: `which` of them, by a name for people."""

    name: str
    which: ColumnElement[bool]


@dataclass(frozen=True)
class Sides:
    """What is compared, in which project."""

    project: Project
    first: Side
    second: Side


@dataclass(frozen=True)
class Pair:
    """An example with both drafts, as the project's newest schema has them, and its known label."""

    id: int
    external_id: str
    first: Value | None
    second: Value | None
    settled: Value
    is_gold: bool
    rights: tuple[bool, bool]
    dollars: tuple[Decimal, Decimal]
    unpriced: int


def of_runs(session: Session, first: int, second: int) -> Sides:
    """The drafts of two runs. Raises InputError where they are not of one dataset: they would have no example in common."""
    one, other = runs.get(session, first), runs.get(session, second)
    if one.dataset_id != other.dataset_id:
        raise InputError(
            f"runs: {first} and {second} draft different datasets, so they have no example in common to compare them on"
        )
    if first == second:
        raise InputError(f"runs: {first} cannot be compared with itself")
    dataset = session.get_one(Dataset, one.dataset_id)
    sides = [Side(f"run {run.id}", col(Draft.run_id) == run.id) for run in (one, other)]
    return Sides(session.get_one(Project, dataset.project_id), *sides)


def of_models(session: Session, project: Project, first: str, second: str) -> Sides:
    """The drafts of two models in all runs of the project. Raises InputError where one of them has drafted nothing."""
    return _within(session, project, "models", [(name, col(Draft.model) == name) for name in (first, second)])


def of_prompts(session: Session, project: Project, first: str, second: str) -> Sides:
    """The drafts with two prompt versions, each by the beginning of its digest, in all runs of the project."""
    named = [(name, col(Draft.prompt_digest).startswith(name, autoescape=True)) for name in (first, second)]
    return _within(session, project, "prompts", named)


def compare(session: Session, sides: Sides) -> Comparison:
    """The figures over all examples that both have drafted and whose label is known."""
    into = _into(session, sides)
    found, by_gold, cost = _Rights(), 0, CostTally()
    classes: dict[str, _Rights] = defaultdict(_Rights)
    for pair in _pairs(session, sides, into, 0):
        found[pair.rights] += 1
        by_gold += pair.is_gold
        cost.add(*pair.dollars, pair.unpriced)
        for name, rights in _by_class(into.schema, pair):
            classes[name][rights] += 1
    often = sorted(classes.items(), key=lambda one: (-one[1].total(), one[0]))
    return Comparison(
        first=sides.first.name,
        second=sides.second.name,
        by_gold=by_gold,
        difference=found.difference(),
        classes=[ClassDifference(name=name, difference=counted.difference()) for name, counted in often],
        cost=cost.report(),
    )


class _Rights(Counter[tuple[bool, bool]]):
    """How often the first and the second were right together."""

    def difference(self) -> Difference:
        return paired(
            *(self[rights] for rights in ((True, True), (True, False), (False, True), (False, False)))
        )


def _by_class(schema: LabelSchema, pair: Pair) -> Iterator[tuple[str, tuple[bool, bool]]]:
    """The classes that an example is settled as, and who has that field right."""
    for name, kind in schema.fields.items():
        value = pair.settled.get(name)
        if (found := kind.class_of(value)) is not None:
            first, second = (
                said is not None and kind.distance(said.get(name), value) == 0
                for said in (pair.first, pair.second)
            )
            yield f"{name}: {found}", (first, second)


def discordant(
    session: Session, sides: Sides, after: int, limit: int, right: Which | None = None
) -> list[Discordant]:
    """Examples that only one of the two has right, or only this one, by their id, `after` one of an earlier page."""
    found: list[Discordant] = []
    for pair in _pairs(session, sides, _into(session, sides), after):
        is_right: Which = "first" if pair.rights[0] else "second"
        if pair.rights[0] != pair.rights[1] and right in (None, is_right):
            found.append(
                Discordant(
                    id=pair.id,
                    example_id=pair.external_id,
                    right=is_right,
                    first=dict(pair.first) if pair.first else None,
                    second=dict(pair.second) if pair.second else None,
                    settled=dict(pair.settled),
                )
            )
            if len(found) == limit:
                break
    return found


def runs_of(session: Session, sides: Sides) -> list[int]:
    """The runs on which a comparison rests: all of the project, as labels are taken from any."""
    return [run_id or 0 for run_id in _runs(session, sides.project)]


def _within(
    session: Session, project: Project, what: str, named: list[tuple[str, ColumnElement[bool]]]
) -> Sides:
    mine = col(Draft.run_id).in_(_runs(session, project))
    for name, which in named:
        if session.exec(select(Draft.id).where(mine, which).limit(1)).first() is None:
            raise InputError(f"{what}: nothing in project {project.name!r} was drafted with {name!r}")
    first, second = (Side(name, mine & which) for name, which in named)
    return Sides(project, first, second)


def _runs(session: Session, project: Project) -> list[int | None]:
    datasets = select(Dataset.id).where(Dataset.project_id == project.id)
    return list(session.exec(select(Run.id).where(col(Run.dataset_id).in_(datasets))))


def _into(session: Session, sides: Sides) -> Translator:
    return Translator(session, projects.newest_schema(session, sides.project))


def _pairs(session: Session, sides: Sides, into: Translator, after: int) -> Iterator[Pair]:
    """By the example's id, batch by batch: each reads only the rows of its examples."""
    datasets = select(Dataset.id).where(Dataset.project_id == sides.project.id)
    window = (
        select(Example.id).where(col(Example.dataset_id).in_(datasets)).order_by(col(Example.id)).limit(BATCH)
    )
    mine = _runs(session, sides.project)
    while ids := session.exec(window.where(col(Example.id) > after)).all():
        first, last = ids[0] or 0, ids[-1] or 0
        yield from _read(session, sides, into, mine, first, last)
        after = last


def _read(
    session: Session, sides: Sides, into: Translator, mine: list[int | None], first: int, last: int
) -> Iterator[Pair]:
    """The pairs among examples from one id to another."""
    newest = [_newest(side.which, first, last) for side in (sides.first, sides.second)]
    one, other = aliased(Draft), aliased(Draft)
    drafts = session.execute(
        wide_select(
            *(col(Example.id), col(Example.external_id), col(Example.gold), col(Example.schema_version_id)),
            *(col(one.label), col(one.schema_version_id), col(other.label), col(other.schema_version_id)),
            *(col(one.run_id), col(other.run_id)),
        )
        .join(newest[0], newest[0].c.example_id == Example.id)
        .join(newest[1], newest[1].c.example_id == Example.id)
        .join(one, col(one.id) == newest[0].c.draft_id)
        .join(other, col(other.id) == newest[1].c.draft_id)
        .where(col(Example.id).between(first, last))
        .order_by(col(Example.id))
    ).all()
    labels = _settled(session, mine, first, last)
    contents = versions.contents(session, _strange(into, drafts, labels))
    spent = {run_id: ledger.spent_on(session, run_id, first, last) for row in drafts for run_id in row[8:]}
    for example_id, external_id, gold, gold_under, label, drafted_under, *rest in drafts:
        other_label, other_under, *run_ids = rest
        content = contents.get(example_id, {})
        known = into.fitting(gold, gold_under, content)
        settled = known or into.fitting(*labels.get(example_id, (None, None)), content)
        if settled is None:
            continue
        said = (
            into.fitting(label, drafted_under, content),
            into.fitting(other_label, other_under, content),
        )
        rights = [one is not None and into.schema.distance(one, settled) == 0 for one in said]
        calls = [spent[run_id].get(example_id, FREE) for run_id in run_ids]
        yield Pair(
            *(example_id, external_id, *said, settled, known is not None, (rights[0], rights[1])),
            (calls[0].dollars, calls[1].dollars),
            sum(one.unpriced for one in calls),
        )


def _newest(which: ColumnElement[bool], first: int, last: int) -> Subquery:
    return (
        wide_select(col(Draft.example_id), func.max(col(Draft.id)).label("draft_id"))
        .where(which, col(Draft.example_id).between(first, last))
        .group_by(col(Draft.example_id))
        .subquery()
    )


def _settled(
    session: Session, mine: list[int | None], first: int, last: int
) -> dict[int, tuple[Any, int | None]]:
    """What people settled in any run of the project and holds, the newest of each example."""
    rows = session.execute(
        wide_select(col(Placement.example_id), col(Label.value), col(Label.schema_version_id))
        .join(Label, col(Label.id) == Placement.label_id)
        .where(
            *(col(Placement.run_id).in_(mine), col(Placement.example_id).between(first, last)),
            col(Label.source).in_(PEOPLE),
        )
        .order_by(col(Label.id))
    )
    return {example_id: (value, version_id) for example_id, value, version_id in rows}


def _strange(into: Translator, drafts: Sequence[Any], labels: dict[int, tuple[Any, int | None]]) -> list[int]:
    """The examples of which something was said under another version of the schema."""
    known = into.version_id
    return [
        row[0]
        for row in drafts
        if {row[5], row[7], row[3] if row[2] else known, labels.get(row[0], (None, known))[1]} != {known}
    ]
