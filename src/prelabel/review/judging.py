"""How right people's answers are where the right label is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.models import CHECK, Example, Placement, Review, Run, Slot
from prelabel.review.rounds import ANSWERS, taken_back
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator

Shown = Literal["check", "fault", "missed"]
"""What an answer to gold was given in sight of: a draft that was right, one that was planted wrong, one that a model made wrong."""


@dataclass(frozen=True)
class Judged:
    """An answer that stands to an example with gold. `right`: at distance 0 from it; `found`: it is not what was shown."""

    user_id: int
    shown: Shown
    right: bool
    found: bool


def judged(session: Session, run: Run, user_ids: Sequence[int], after_review: int = 0) -> list[Judged]:
    """Answers of these people, as reviewers, to gold of the run; with `after_review`, later ones than that.

    A flag is wrong, for gold says that the example can be labeled. What a schema change has made unanswerable is left out.
    """
    schema, into = runs.schema_of(session, run), Translator.of(session, run)
    whose = col(Review.user_id).in_(user_ids) & (col(Review.id) > after_review)
    rows = session.execute(
        answers(run, whose).with_only_columns(
            *(col(Review.user_id), col(Review.verdict), col(Review.label), col(Review.schema_version_id)),
            *(col(Example.id), col(Example.gold), col(Example.schema_version_id)),
            *(col(Slot.reason), col(Slot.shown_draft)),
        )
    ).all()
    strange = [row[4] for row in rows if {row[3], row[6]} != {into.version_id}]
    contents = versions.contents(session, strange)
    found = []
    for user_id, verdict, label, said_under, example_id, gold, gold_under, reason, shown in rows:
        content = contents.get(example_id, {})
        known, said = into.fitting(gold, gold_under, content), into.fitting(label, said_under, content)
        if known is None or (said is None and label is not None):
            continue
        right = said is not None and schema.distance(said, known) == 0
        found.append(Judged(user_id, _shown(reason, shown), right, verdict != "confirmed"))
    return found


def answers(run: Run, whose: ColumnElement[bool]) -> Any:
    """Reviewers' answers that stand to gold examples of the run."""
    return (
        select(Review.id)
        .join(Slot, col(Slot.id) == Review.slot_id)
        .join(Placement, col(Placement.id) == Slot.placement_id)
        .join(Example, col(Example.id) == Review.example_id)
        .where(
            *(Review.run_id == run.id, whose, col(Placement.is_gold), ~col(Slot.for_senior)),
            *(col(Review.verdict).in_(ANSWERS), ~taken_back()),
        )
    )


def _shown(reason: str, shown: Any) -> Shown:
    if reason != CHECK:
        return "missed"
    return "fault" if shown and shown["wrong"] else "check"
