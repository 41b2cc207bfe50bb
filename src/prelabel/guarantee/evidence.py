"""What is known of drafts like those of a run: drafts of the same models that people have settled, here or in past runs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.canonical import Json, canonical
from prelabel.drafting.lessons import PEOPLE
from prelabel.examples.content import as_text
from prelabel.measure.guarantee.uncertainty import Known, Settled
from prelabel.models import Dataset, Draft, Example, Label, Placement, Run
from prelabel.routing.policy import classes_of
from prelabel.schema import Label as Value
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator

MOST = 5_000
"""Settled drafts that are looked at, the newest of more."""


@dataclass(frozen=True)
class Case:
    """A draft that people, or gold, have settled; `distance` is how far it was from right."""

    settled: Settled
    distance: float

    @property
    def pair(self) -> tuple[float, bool]:
        """How uncertain the draft was, and whether it was wrong."""
        return 1 - (self.settled.known.confidence or 0.0), self.settled.wrong


def of_run(session: Session, run: Run, schema: LabelSchema) -> list[Case]:
    """Settled drafts by the models of a run, in all runs of its project, the newest first."""
    models = session.exec(select(Draft.model).where(Draft.run_id == run.id).distinct()).all()
    into = Translator.of(session, run)
    cases = []
    for draft, value, under, content in _rows(session, run, models):
        drafted = into.fitting(draft.label, draft.schema_version_id, content)
        right = into.fitting(value, under, content)
        if drafted is None or right is None:
            continue
        one = known(schema, drafted, draft.confidence, draft.alternatives, content)
        distance = schema.distance(drafted, right)
        cases.append(Case(Settled(one, _answer(schema, one, distance, right)), distance))
    return cases


def known(
    schema: LabelSchema,
    label: Value,
    confidence: float | None,
    alternatives: dict[str, dict[str, float]],
    content: dict[str, Json],
) -> Known:
    """What is known of a draft beforehand."""
    others = [value for field in alternatives.values() for value in sorted(field.values())[-2:-1]]
    bounded = None if confidence is None else min(1.0, max(0.0, confidence))
    return Known(class_of(schema, label), bounded, as_text(content), max(others, default=None))


def class_of(schema: LabelSchema, label: Value) -> str:
    """One name for the classes of all fields."""
    classes = classes_of(schema, label)
    return str(classes[0]) if len(classes) == 1 else canonical(list(classes))


def _answer(schema: LabelSchema, draft: Known, distance: float, right: Value) -> str:
    """The class that is right: never the draft's where the draft was wrong, be it in no more than a span."""
    if distance == 0:
        return draft.label
    found = class_of(schema, right)
    return found if found != draft.label else f"another {found}"


def _rows(
    session: Session, run: Run, models: Collection[str]
) -> Sequence[tuple[Draft, dict[str, Json], int, dict[str, Json]]]:
    """Draft, label with the version of its schema, and content."""
    project = select(Dataset.project_id).where(Dataset.id == run.dataset_id).scalar_subquery()
    datasets = select(Dataset.id).where(col(Dataset.project_id) == project)
    runs = session.exec(select(Run.id).where(col(Run.dataset_id).in_(datasets))).all()
    statement = (
        wide_select(Draft, col(Label.value), col(Label.schema_version_id), col(Example.content))
        .join(Placement, col(Placement.label_id) == Label.id)
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .join(Example, col(Example.id) == Label.example_id)
        .where(
            *(col(Label.run_id).in_(runs), col(Label.source).in_((*PEOPLE, "gold"))),
            col(Example.removed_at).is_(None),
            *(col(Draft.model).in_(models), col(Draft.failure) == "", col(Placement.place) == "settled"),
        )
        .order_by(col(Label.id).desc())
        .limit(MOST)
    )
    return [(draft, value, under, content) for draft, value, under, content in session.execute(statement)]
