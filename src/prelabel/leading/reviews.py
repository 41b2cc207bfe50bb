"""Single answers of people as leads look through them: by whom, what, when, and whether others see it otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import select as wide_select
from sqlmodel import Session, col

from prelabel import runs
from prelabel.canonical import Json
from prelabel.errors import InputError
from prelabel.examples.content import as_text
from prelabel.examples.subset import Selection, Selector
from prelabel.leading import disagreement
from prelabel.models import REASONS, VERDICTS, Example, Label, Placement, Review, Run, Slot, User
from prelabel.review.rounds import taken_back
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator

SCANNED, BATCH = 20_000, 1_000
"""Answers that are looked at for one page at the most, and at once."""


@dataclass(frozen=True)
class Search:
    """What is looked for; empty: everything that stands. All of it has to hold.

    * `text`: stands in the content or in the comment, in any case of letters.
    * `where`: an expression over the fields of the answer.
    * `with_undone`: answers that were taken back as well.
    * `against`: "settled" where the example is labeled otherwise, "others" where another reviewer answered otherwise.
    """

    reviewer: str = ""
    verdict: str = ""
    reason: str = ""
    text: str = ""
    where: str = ""
    since: datetime | None = None
    until: datetime | None = None
    with_undone: bool = False
    against: str = ""


@dataclass(frozen=True)
class Given:
    """An answer, with what the example is labeled now and how others answered; `apart` by how far it is from that label."""

    id: int
    example_id: str
    content: dict[str, Json]
    reviewer: str
    verdict: str
    reason: str
    label: dict[str, Json] | None
    settled: dict[str, Json] | None
    apart: float | None
    comment: str
    seconds: float
    for_senior: bool
    is_undone: bool
    created_at: datetime


@dataclass(frozen=True)
class Found:
    """Answers, newest first; `next` is where the search goes on, None where it has seen all."""

    answers: list[Given]
    next: int | None


def search(session: Session, run: Run, wanted: Search, after: int, limit: int) -> Found:
    """Answers to the run's examples before the one with id `after` (0: from the newest on); at times fewer than `limit`. Those to
    examples whose content was removed are passed over.

    Raises InputError for a verdict or reason that there is not, and where `where` does not fit the schema.
    """
    schema, into = runs.schema_of(session, run), Translator.of(session, run)
    check = _check(schema, wanted)
    found: list[Given] = []
    seen, before = 0, after
    while rows := _rows(session, run, wanted, before, BATCH):
        disputed = _disputed(session, into, rows) if wanted.against == "others" else None
        for row in rows:
            if len(found) == limit or seen == SCANNED:
                return Found(found, before)
            seen, before = seen + 1, row.id
            one = _given(schema, into, row)
            if check(one) and (disputed is None or row.placement_id in disputed):
                found.append(one)
    return Found(found, None)


def _rows(session: Session, run: Run, wanted: Search, before: int, most: int) -> Sequence[Any]:
    statement = (
        wide_select(
            *(
                col(Review.id),
                col(Review.verdict),
                col(Review.label),
                col(Review.comment),
                col(Review.seconds),
            ),
            *(col(Review.schema_version_id), col(Review.created_at), col(User.name).label("reviewer")),
            *(col(Slot.reason), col(Slot.for_senior), col(Slot.placement_id), col(Example.external_id)),
            *(col(Example.content), col(Label.value), col(Label.schema_version_id).label("settled_under")),
            taken_back().label("is_undone"),
        )
        .join(Slot, col(Slot.id) == Review.slot_id)
        .join(User, col(User.id) == Review.user_id)
        .join(Example, col(Example.id) == Review.example_id)
        .join(Placement, col(Placement.id) == Slot.placement_id)
        .join(Label, col(Label.id) == Placement.label_id, isouter=True)
        .where(col(Review.run_id) == run.id, col(Review.verdict) != "undone", *_conditions(wanted))
        .order_by(col(Review.id).desc())
        .limit(most)
    )
    return session.execute(statement.where(col(Review.id) < before) if before else statement).all()


def _conditions(wanted: Search) -> tuple[ColumnElement[bool], ...]:
    """What the database itself can narrow down."""
    return (
        col(Example.removed_at).is_(None),
        *([col(User.name) == wanted.reviewer] if wanted.reviewer else []),
        *([col(Review.verdict) == wanted.verdict] if wanted.verdict else []),
        *([col(Slot.reason) == wanted.reason] if wanted.reason else []),
        *([col(Review.created_at) >= wanted.since] if wanted.since else []),
        *([col(Review.created_at) < wanted.until] if wanted.until else []),
        *([] if wanted.with_undone else [~taken_back()]),
    )


def _check(schema: LabelSchema, wanted: Search) -> Any:
    for name, value, known in (
        ("verdict", wanted.verdict, VERDICTS),
        ("reason", wanted.reason, REASONS),
        ("against", wanted.against, ("settled", "others")),
    ):
        if value and value not in known:
            raise InputError(f"{name}: {value!r} is not one of {', '.join(known)}")
    selector = Selector(schema, Selection(where=wanted.where))
    text = wanted.text.casefold()

    def holds(one: Given) -> bool:
        said = f"{as_text(one.content)}\n{one.comment}".casefold()
        return (
            (not text or text in said)
            and (wanted.against != "settled" or bool(one.apart))
            and (not wanted.where or (one.label is not None and selector.is_wanted(_record(one))))
        )

    return holds


def _record(one: Given) -> dict[str, Any]:
    """As an expression sees it: the answer's own fields."""
    return {
        "label": one.label, "confidence": None, "model": None, "source": "review", "reviewer": one.reviewer, "status": "settled",
    }  # fmt: skip


def _given(schema: LabelSchema, into: Translator, row: Any) -> Given:
    label = into.fitting(row.label, row.schema_version_id, row.content)
    settled = into.fitting(row.value, row.settled_under, row.content) if row.value is not None else None
    apart = schema.distance(label, settled) if label is not None and settled is not None else None
    return Given(
        id=row.id, example_id=row.external_id, content=row.content, reviewer=row.reviewer, verdict=row.verdict,
        reason=row.reason, label=label, settled=settled, apart=apart, comment=row.comment, seconds=row.seconds,
        for_senior=row.for_senior, is_undone=row.is_undone, created_at=row.created_at,
    )  # fmt: skip


def _disputed(session: Session, into: Translator, rows: Sequence[Any]) -> set[int]:
    return disagreement.disputed(session, into, {row.placement_id for row in rows})
