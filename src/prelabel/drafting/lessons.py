"""What is known in a project: examples whose right label is gold, or was settled by people in any of its runs, and whose content
was not removed.

The student learns from lessons, and models are shown some of them. A run's mark, a label id, says up to where it has learned:
label ids only grow, so one mark serves all runs of the project.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.canonical import Json, digest
from prelabel.models import Dataset, Example, Label, Placement, Run
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator

PEOPLE = ("review", "consensus", "adjudication")
"""Sources of labels that a person has settled."""
MOST_LESSONS = 10_000
"""Lessons from gold, and as many from what people settled; of more, the newest. What learns has bounded memory and time."""


@dataclass(frozen=True)
class Lesson:
    """An example whose right label is known: its gold, or what people settled."""

    example_id: int
    content: dict[str, Json]
    label: Mapping[str, Json]


def of_run(session: Session, run: Run, schema: LabelSchema) -> list[Lesson]:
    """What the run may learn from up to its mark, each with a label that holds and fits the schema; gold goes first.

    Nothing that the run is judged by: its audit examples are left out, and so is every example with the content of one.
    """
    known: dict[int, Lesson] = {}
    into = Translator.of(session, run)
    for example_id, content, given, version_id in [
        *_gold(session, run),
        *_settled(session, run, run.learned_label_id, MOST_LESSONS),
    ]:
        if example_id not in known:
            label = into.fitting(given, version_id, content)
            if label is not None and (fitting := schema.fitting(label, content)) is not None:
                known[example_id] = Lesson(example_id, content, fitting)
    return list(known.values())


def by_people(session: Session, run: Run, most: int) -> list[Lesson]:
    """What people have settled in the project so far, the newest first, whatever the run has learned; no gold and no audit."""
    into = Translator.of(session, run)
    found: dict[int, Lesson] = {}
    for example_id, content, given, version_id in _settled(session, run, None, most):
        label = into.fitting(given, version_id, content)
        if label is not None:
            found.setdefault(example_id, Lesson(example_id, content, label))
    return list(found.values())


def newest(session: Session, dataset_id: int) -> int:
    """The newest label that people settled in the dataset's project; 0 where there is none."""
    found = session.exec(select(func.max(Label.id)).where(*_by_people(session, dataset_id))).one()
    return found or 0


def settled_since(session: Session, run: Run) -> tuple[int, int]:
    """Labels that people settled in the project: how many up to the run's mark, and how many after it."""
    is_new = col(Label.id) > run.learned_label_id
    by_people = _by_people(session, run.dataset_id)
    before, after = (
        session.exec(select(func.count(col(Label.id))).where(*by_people, when)).one()
        for when in (~is_new, is_new)
    )
    return before, after


def gold_count(session: Session, run: Run) -> int:
    """How many examples of the project have gold."""
    return session.exec(
        select(func.count(col(Example.id))).where(
            col(Example.dataset_id).in_(_datasets(session, run.dataset_id)), col(Example.gold).is_not(None)
        )
    ).one()


def version(schema: LabelSchema, lessons: Sequence[Lesson]) -> str:
    """Names exactly these lessons under this schema, in whatever order."""
    ordered = sorted(lessons, key=lambda lesson: lesson.example_id)
    return digest(
        [schema.digest(), [[lesson.example_id, lesson.content, lesson.label] for lesson in ordered]]
    )[:12]


Row = tuple[int, dict[str, Json], Json, int | None]
"""An example's id and content, its label, and the version of the schema that the label is of."""


def _gold(session: Session, run: Run) -> Sequence[Row]:
    rows = session.execute(
        wide_select(col(Example.id), col(Example.content), col(Example.gold), col(Example.schema_version_id))
        .where(
            col(Example.dataset_id).in_(_datasets(session, run.dataset_id)),
            *(col(Example.gold).is_not(None), col(Example.removed_at).is_(None)),
            _is_not_audited(run),
        )
        .order_by(col(Example.id).desc())
        .limit(MOST_LESSONS)
    )
    return [(example_id, content, gold, version_id) for example_id, content, gold, version_id in rows]


def _settled(session: Session, run: Run, up_to: int | None, most: int) -> Sequence[Row]:
    """Labels that hold, the newest first, up to one or all: a placement points at no other."""
    marked = [] if up_to is None else [col(Label.id) <= up_to]
    rows = session.execute(
        wide_select(col(Example.id), col(Example.content), col(Label.value), col(Label.schema_version_id))
        .join(Label, col(Label.example_id) == Example.id)
        .join(
            Placement,
            (col(Placement.run_id) == Label.run_id)
            & (col(Placement.example_id) == Label.example_id)
            & (col(Placement.label_id) == Label.id),
        )
        .where(
            *_by_people(session, run.dataset_id),
            *marked,
            col(Example.removed_at).is_(None),
            _is_not_audited(run),
        )
        .order_by(col(Label.id).desc())
        .limit(most)
    )
    return [(example_id, content, label, version_id) for example_id, content, label, version_id in rows]


def _is_not_audited(run: Run) -> ColumnElement[bool]:
    audited = (
        select(Example.content_hash)
        .join(Placement, col(Placement.example_id) == Example.id)
        .where(Placement.run_id == run.id, Placement.reason == "audit")
    )
    return col(Example.content_hash).not_in(audited)


def _by_people(session: Session, dataset_id: int) -> Sequence[ColumnElement[bool]]:
    runs = session.exec(select(Run.id).where(col(Run.dataset_id).in_(_datasets(session, dataset_id)))).all()
    return col(Label.run_id).in_(runs), col(Label.source).in_(PEOPLE)


def _datasets(session: Session, dataset_id: int) -> Sequence[int | None]:
    """All datasets of this one's project."""
    project = select(Dataset.project_id).where(Dataset.id == dataset_id).scalar_subquery()
    return session.exec(select(Dataset.id).where(col(Dataset.project_id) == project)).all()
