"""What a senior sees of an example on which reviewers disagree, and what reviewers see of how it was settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.canonical import Json
from prelabel.consensus import spread
from prelabel.drafting.lessons import PEOPLE
from prelabel.errors import NotAllowed, NotFound
from prelabel.models import CHECK, Example, Label, Placement, Review, Run, SchemaVersion, Slot
from prelabel.people.membership import hidden_runs
from prelabel.review import happenings, rounds
from prelabel.review.happenings import Happening
from prelabel.review.work import shown_verdict
from prelabel.routing.policy import Policy
from prelabel.schema import LabelSchema


@dataclass(frozen=True)
class Opinion:
    """What one reviewer answered; `label` is None where they flagged the example."""

    reviewer: str
    verdict: str
    label: dict[str, Json] | None
    comment: str
    seconds: float
    created_at: datetime


@dataclass(frozen=True)
class Case:
    """A disagreement, side by side: the answers that stand, how far they are apart by field, and all that happened before."""

    slot_id: int
    reason: str
    apart: dict[str, float]
    answers: list[Opinion]
    history: list[Happening]


@dataclass(frozen=True)
class Feedback:
    """What a senior made of one of a reviewer's answers; `id` orders them. `distances` are between the two labels, by field."""

    id: int
    run_id: int
    example_id: str
    content: dict[str, Json]
    yours: dict[str, Json] | None
    settled: dict[str, Json]
    distances: dict[str, float]
    comment: str
    created_at: datetime


def to_settle(session: Session, user_id: int, slot_id: int) -> Slot:
    """A senior's slot, held by them. Raises NotFound, NotAllowed where it is not theirs."""
    slot = session.get(Slot, slot_id)
    if slot is None or not slot.for_senior:
        raise NotFound(f"there is no slot {slot_id} for a senior to settle")
    if slot.claimed_by != user_id:
        raise NotAllowed(f"slot {slot_id} is not yours: claim it first")
    return slot


def case_of(session: Session, user_id: int, slot_id: int) -> Case:
    """The disagreement that a slot asks its holder to settle. Raises as `to_settle`."""
    slot = to_settle(session, user_id, slot_id)
    answers = [
        row for row in rounds.standing(session, slot, for_senior=False) if row.verdict in rounds.ANSWERS
    ]
    said = happenings.answers(session, slot.run_id, slot.example_id)
    names = {row.user_id: who for row, _, who in said}
    version = session.get_one(SchemaVersion, runs.get(session, slot.run_id).schema_version_id)
    content = session.get_one(Example, slot.example_id).content
    labels = [rounds.as_of(session, version, row, content) for row in answers]
    return Case(
        slot_id,
        slot.reason,
        _apart(runs.schema_at(version.document), labels),
        [
            Opinion(
                names[row.user_id],
                shown_verdict(row, slot),
                row.label,
                row.comment,
                row.seconds,
                row.created_at,
            )
            for row in answers
        ],
        _history(session, slot, said),
    )


def feedback(session: Session, user_id: int, after: int, limit: int) -> list[Feedback]:
    """How seniors have settled examples that this person answered, oldest first, where the run's policy shows it.

    One per label that holds, `after` the id of an earlier one.
    """
    answers = _feedback_on(session, user_id, Label, Review, col(Example.external_id), col(Example.content))
    found = answers.where(col(Label.id) > after).order_by(col(Label.id)).limit(limit)
    return [_feedback(session, *row) for row in session.execute(found)]


def newest_feedback(session: Session, user_id: int) -> int:
    """The id of the newest piece of this person's feedback, 0 where there is none."""
    return session.execute(_feedback_on(session, user_id, func.max(col(Label.id)))).scalar() or 0


def _feedback_on(session: Session, user_id: int, *columns: Any) -> Select[Any]:
    """What seniors have settled of what this person answered, in runs whose policy shows it."""
    hidden = hidden_runs(session, user_id)
    shown = [
        run.id
        for run in session.exec(select(Run).where(col(Run.id).not_in(hidden)))
        if Policy.model_validate(run.policy).feedback
    ]
    return (
        wide_select(*columns)
        .select_from(Label)
        .join(Placement, col(Placement.label_id) == Label.id)
        .join(Review, (col(Review.run_id) == Label.run_id) & (col(Review.example_id) == Label.example_id))
        .join(Slot, col(Slot.id) == Review.slot_id)
        .join(Example, col(Example.id) == Label.example_id)
        .where(
            *(col(Label.run_id).in_(shown), col(Example.removed_at).is_(None)),
            col(Label.source) == "adjudication",
            col(Review.user_id) == user_id,
            col(Review.verdict).in_(rounds.ANSWERS),
            ~col(Slot.for_senior),
            col(Slot.reason) != CHECK,
            ~rounds.taken_back(),
        )
    )


def _feedback(
    session: Session, label: Label, review: Review, example_id: str, content: dict[str, Json]
) -> Feedback:
    version = session.get_one(SchemaVersion, label.schema_version_id)
    schema = runs.schema_at(version.document)
    said = session.get_one(Review, label.review_id)
    yours = rounds.as_of(session, version, review, content)
    distances = schema.distances(yours, label.value) if yours else dict.fromkeys(schema.fields, 1.0)
    return Feedback(
        id=label.id or 0,
        run_id=label.run_id,
        example_id=example_id,
        content=content,
        yours=review.label,
        settled=label.value,
        distances=distances,
        comment=said.comment,
        created_at=label.created_at,
    )


def _apart(schema: LabelSchema, labels: Sequence[dict[str, Json] | None]) -> dict[str, float]:
    given = [label for label in labels if label is not None]
    if len(given) < len(labels):
        return dict.fromkeys(schema.fields, 1.0)
    return {name: spread(kind, [label.get(name) for label in given]) for name, kind in schema.fields.items()}


def _history(session: Session, slot: Slot, answers: Sequence[tuple[Review, Slot, str]]) -> list[Happening]:
    """All but drafts where the answer is to be given without sight of them, and labels that nobody gave."""
    planted = session.exec(
        select(Slot).where(Slot.placement_id == slot.placement_id, Slot.reason == CHECK, Slot.state != "open")
    )
    drafts = () if slot.blind else happenings.drafts(session, slot.run_id, slot.example_id)
    labels = happenings.labels(session, slot.run_id, slot.example_id)
    return happenings.in_order(
        [
            *(Happening.of_review(row, who, shown_verdict(row, slot)) for row, _, who in answers),
            *(
                Happening("planted", "check", one.shown_draft["label"], "", one.claimed_at)
                for one in planted
                if one.shown_draft and one.shown_draft["wrong"] and one.claimed_at
            ),
            *map(Happening.of_draft, drafts),
            *(Happening.of_label(row) for row in labels if row.source in PEOPLE),
        ]
    )
