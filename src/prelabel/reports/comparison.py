"""Two runs, models or prompt versions on the same examples, against labels that are known."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col, select

from prelabel import projects, runs
from prelabel.errors import InputError
from prelabel.measure.figure import Figure
from prelabel.measure.paired import CostDifference, CostTally, Difference, paired
from prelabel.models import Dataset, Draft, Project, Run
from prelabel.reports import pairs
from prelabel.reports.pairs import Said, Side, Sides, Single
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator

Which = Literal["first", "second"]
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
    project = session.get_one(Project, dataset.project_id)
    sides = [Side(f"run {run_id}", [run_id], true()) for run_id in (first, second)]
    return Sides(project, _runs(session, project), *sides)


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
    for said, spent in pairs.counted(session, sides, into):
        found[_rights(into.schema, said)] += spent.n
        by_gold += said.is_gold * spent.n
        cost.add(spent)
        for name, rights in _by_class(into.schema, said):
            classes[name][rights] += spent.n
    often = sorted(classes.items(), key=lambda one: (-one[1].total(), one[0]))
    return Comparison(
        first=sides.first.name,
        second=sides.second.name,
        by_gold=by_gold,
        difference=found.difference(),
        classes=[ClassDifference(name=name, difference=counted.difference()) for name, counted in often],
        cost=cost.report(),
    )


def discordant(
    session: Session, sides: Sides, after: int, limit: int, right: Which | None = None
) -> list[Discordant]:
    """Examples that only one of the two has right, or only this one, by their id, `after` one of an earlier page."""
    into = _into(session, sides)
    found: list[Discordant] = []
    for one in pairs.differing(session, sides, into, after):
        rights = _rights(into.schema, one.said)
        is_right: Which = "first" if rights[0] else "second"
        if rights[0] != rights[1] and right in (None, is_right):
            found.append(_discordant(one, is_right))
            if len(found) == limit:
                break
    return found


class _Rights(Counter[tuple[bool, bool]]):
    """How often the first and the second were right together."""

    def difference(self) -> Difference:
        return paired(
            *(self[rights] for rights in ((True, True), (True, False), (False, True), (False, False)))
        )


def _rights(schema: LabelSchema, said: Said) -> tuple[bool, bool]:
    """Whether the first is right, and the second."""
    first, second = (
        label is not None and schema.distance(label, said.known) == 0 for label in (said.first, said.second)
    )
    return first, second


def _by_class(schema: LabelSchema, said: Said) -> Iterator[tuple[str, tuple[bool, bool]]]:
    """The classes that an example is known to be of, and who has that field right."""
    for name, kind in schema.fields.items():
        value = said.known.get(name)
        if (found := kind.class_of(value)) is not None:
            first, second = (
                label is not None and kind.distance(label.get(name), value) == 0
                for label in (said.first, said.second)
            )
            yield f"{name}: {found}", (first, second)


def _discordant(one: Single, right: Which) -> Discordant:
    return Discordant(
        id=one.id,
        example_id=one.external_id,
        right=right,
        first=dict(one.said.first) if one.said.first else None,
        second=dict(one.said.second) if one.said.second else None,
        settled=dict(one.said.known),
    )


def _within(
    session: Session, project: Project, what: str, named: list[tuple[str, ColumnElement[bool]]]
) -> Sides:
    run_ids = _runs(session, project)
    for name, which in named:
        drafts = select(Draft.id).where(col(Draft.run_id).in_(run_ids), which)
        if session.exec(drafts.limit(1)).first() is None:
            raise InputError(f"{what}: nothing in project {project.name!r} was drafted with {name!r}")
    first, second = (Side(name, run_ids, which) for name, which in named)
    return Sides(project, run_ids, first, second)


def _runs(session: Session, project: Project) -> list[int]:
    datasets = select(Dataset.id).where(Dataset.project_id == project.id)
    return [run_id or 0 for run_id in session.exec(select(Run.id).where(col(Run.dataset_id).in_(datasets)))]


def _into(session: Session, sides: Sides) -> Translator:
    return Translator(session, projects.newest_schema(session, sides.project))
