"""Where people differ: their standing answers to an example against each other, by the distance of the run's schema."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.canonical import Json
from prelabel.models import CHECK, Example, Placement, Review, Slot
from prelabel.review.rounds import ANSWERS, taken_back
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator


@dataclass(frozen=True)
class Said:
    """A reviewer's answer that stands, as the run's schema has it; `label` None: the example cannot be labeled."""

    user_id: int
    label: dict[str, Json] | None


def answers(session: Session, into: Translator, placement_ids: Collection[int]) -> dict[int, list[Said]]:
    """What reviewers answered to each of these examples, oldest first: not seniors, not checks, not what fits the schema no longer."""
    found: dict[int, list[Said]] = defaultdict(list)
    rows: Sequence[Any] = session.execute(
        wide_select(
            *(col(Slot.placement_id), col(Review.user_id), col(Review.label)),
            *(col(Review.schema_version_id), col(Example.content)),
        )
        .join(Review, col(Review.slot_id) == Slot.id)
        .join(Example, col(Example.id) == Slot.example_id)
        .where(
            col(Slot.placement_id).in_(placement_ids),
            *(col(Slot.state) == "answered", col(Slot.reason) != CHECK, ~col(Slot.for_senior)),
            *(col(Review.verdict).in_(ANSWERS), ~taken_back()),
        )
        .order_by(col(Review.id))
    ).all()  # fmt: skip
    for placement_id, user_id, label, version_id, content in rows:
        fitting = into.fitting(label, version_id, content)
        if label is None or fitting is not None:
            found[placement_id].append(Said(user_id, fitting))
    return found


def is_apart(schema: LabelSchema, one: dict[str, Json] | None, other: dict[str, Json] | None) -> bool:
    """Whether two answers differ; None stands for "cannot be labeled"."""
    if one is None or other is None:
        return one is not other
    return schema.distance(one, other) != 0


def disputed(session: Session, into: Translator, placement_ids: Collection[int]) -> set[int]:
    """Those of these examples to which two people have given answers that differ."""
    return {
        placement_id
        for placement_id, said in answers(session, into, placement_ids).items()
        if any(is_apart(into.schema, said[0].label, other.label) for other in said[1:])
    }


def may_be_disputed() -> ColumnElement[bool]:
    """Which placements have two answers or more: the database narrows down what `disputed` looks at."""
    answered = select(func.count(col(Slot.id))).where(
        Slot.placement_id == Placement.id, Slot.state == "answered", Slot.reason != CHECK
    )
    return answered.scalar_subquery() > 1
