"""Conflicts that a search has found, as leads and seniors see them."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_
from sqlalchemy import select as wide_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from prelabel.canonical import Json
from prelabel.errors import NotFound
from prelabel.models import (
    CHECK,
    Conflict,
    ConflictSearch,
    Example,
    Label,
    Placement,
    Run,
)
from prelabel.review import happenings
from prelabel.review.happenings import Happening
from prelabel.schemas.versions import Translator

OWN: Any = aliased(Placement)
OTHER: Any = aliased(Placement)
OWN_EXAMPLE: Any = aliased(Example)
OTHER_EXAMPLE: Any = aliased(Example)


@dataclass(frozen=True)
class Doubt:
    """An open conflict: the example whose label is likelier wrong, by `score`, and the `counterpart` that tells so, if it is one."""

    id: int
    field: str
    way: str
    score: float
    why: str
    example: str
    counterpart: str | None


@dataclass(frozen=True)
class Side:
    """One of the two examples: what it holds, the label that it has, where that came from, and all that happened to it."""

    example: str
    content: dict[str, Json]
    label: dict[str, Json] | None
    source: str | None
    history: list[Happening]


@dataclass(frozen=True)
class TwoSides:
    """A conflict with both sides; `is_open`: both labels hold as the newest search saw them, and nobody has dismissed it."""

    id: int
    field: str
    way: str
    score: float
    why: str
    is_open: bool
    dismissed_at: datetime | None
    comment: str
    example: Side
    counterpart: Side | None


def newest(session: Session, run_id: int, finished: bool = False) -> ConflictSearch | None:
    """The run's newest search; with `finished`, of those that came to a result."""
    found = select(ConflictSearch).where(ConflictSearch.run_id == run_id)
    if finished:
        found = found.where(col(ConflictSearch.finished_at).is_not(None), ConflictSearch.failure == "")
    return session.exec(found.order_by(col(ConflictSearch.id).desc()).limit(1)).first()


def settled(session: Session, run_id: int) -> int:
    """How many examples of the run have a label."""
    found = select(func.count()).where(Placement.run_id == run_id, Placement.place == "settled")
    return session.exec(found).one()


def listed(session: Session, run: Run, after: int, limit: int, above: float = 0.0) -> list[Doubt]:
    """Open conflicts, the likeliest wrong first, behind the one with id `after`; from the first where that is 0."""
    statement = _open(session, run.id or 0).where(col(Conflict.score) >= above)
    if after:
        last = get(session, run, after)
        behind = and_(col(Conflict.score) == last.score, col(Conflict.id) > last.id)
        statement = statement.where(or_(col(Conflict.score) < last.score, behind))
    rows = session.execute(statement.order_by(col(Conflict.score).desc(), col(Conflict.id)).limit(limit))
    return [_doubt(*row) for row in rows]


def _doubt(one: Conflict, example: str, counterpart: str | None) -> Doubt:
    return Doubt(one.id or 0, one.field, one.way, one.score, one.why, example, counterpart)


def get(session: Session, run: Run, conflict_id: int) -> Conflict:
    """A conflict of the run, open or not. Raises NotFound."""
    found = session.get(Conflict, conflict_id)
    if found is None or found.run_id != run.id:
        raise NotFound(f"run {run.id} has no conflict {conflict_id}")
    return found


def is_open(session: Session, conflict: Conflict) -> bool:
    """Whether it is still to be decided."""
    return as_open(session, conflict) is not None


def as_open(session: Session, conflict: Conflict) -> Doubt | None:
    """It as it is listed; None where it is not open any more."""
    statement = _open(session, conflict.run_id).where(col(Conflict.id) == conflict.id)
    row = session.execute(statement).first()
    return _doubt(*row) if row else None


def by_example(session: Session, run_id: int) -> Counter[str]:
    """How many open conflicts doubt the label of each example, by its external id."""
    return Counter(example for _, example, _ in session.execute(_open(session, run_id)))


def sides(session: Session, run: Run, conflict: Conflict) -> TwoSides:
    """Both examples of a conflict, as they are now."""
    into = Translator.of(session, run)
    other = conflict.other_placement_id
    return TwoSides(
        conflict.id or 0,
        conflict.field,
        conflict.way,
        conflict.score,
        conflict.why,
        is_open(session, conflict),
        conflict.dismissed_at,
        conflict.comment,
        _side(session, into, conflict.placement_id),
        _side(session, into, other) if other else None,
    )


def _open(session: Session, run_id: int) -> Select[Any]:
    """Each with the external ids of its sides."""
    search = newest(session, run_id, finished=True)
    return (
        wide_select(Conflict, OWN_EXAMPLE.external_id, OTHER_EXAMPLE.external_id)
        .join(OWN, OWN.id == Conflict.placement_id)
        .join(OWN_EXAMPLE, OWN_EXAMPLE.id == OWN.example_id)
        .join(OTHER, OTHER.id == Conflict.other_placement_id, isouter=True)
        .join(OTHER_EXAMPLE, OTHER_EXAMPLE.id == OTHER.example_id, isouter=True)
        .where(
            col(Conflict.search_id) == (search.id if search else 0),
            col(Conflict.dismissed_at).is_(None),
            _holds(OWN, col(Conflict.label_id)),
            or_(col(Conflict.other_placement_id).is_(None), _holds(OTHER, col(Conflict.other_label_id))),
        )
    )


def _holds(placement: Any, label_id: Any) -> ColumnElement[bool]:
    return and_(placement.place == "settled", placement.label_id == label_id)


def _side(session: Session, into: Translator, placement_id: int) -> Side:
    placement = session.get_one(Placement, placement_id)
    example = session.get_one(Example, placement.example_id)
    label = session.get(Label, placement.label_id) if placement.label_id else None
    return Side(
        example.external_id,
        example.content,
        into.fitting(label.value, label.schema_version_id, example.content) if label else None,
        label.source if label else None,
        _history(session, placement),
    )


def _history(session: Session, placement: Placement) -> list[Happening]:
    """All that happened; checks of people apart."""
    run_id, example_id = placement.run_id, placement.example_id
    answers = happenings.answers(session, run_id, example_id)
    return happenings.in_order(
        [
            *map(Happening.of_draft, happenings.drafts(session, run_id, example_id)),
            *(Happening.of_review(row, who) for row, slot, who in answers if slot.reason != CHECK),
            *map(Happening.of_label, happenings.labels(session, run_id, example_id)),
        ]
    )
