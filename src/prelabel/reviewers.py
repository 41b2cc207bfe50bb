"""Step 5, measure: how right people are, by the examples whose right label is known."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import runs, versions
from prelabel.measure.intervals import Share, wilson
from prelabel.models import CHECK, Example, Placement, Review, Run, Slot, User
from prelabel.review.rounds import ANSWERS, taken_back
from prelabel.versions import Translator


class OnGold(BaseModel):
    """How right one person is on gold: the share of their answers at distance 0 from it, with its 95 % interval.

    `checks` are those whose draft met the gold: there the person had to leave it as it is, or see it without. `missed` are those
    whose draft did not: there the person had to find the fault. `gold` is both together; as what drafts miss is harder, it is
    no sample of all examples. A flag counts as wrong, for gold says that the example can be labeled; skips, and what a senior
    settled, do not count.
    """

    id: int
    name: str
    gold: Share
    checks: Share
    missed: Share


def on_gold(session: Session, run: Run, after: int, limit: int) -> list[OnGold]:
    """Who has answered gold in the run, by their id, `after` one of an earlier page."""
    people = session.execute(
        wide_select(col(User.id), col(User.name))
        .where(col(User.id) > after, _answers(run, col(Review.user_id) == User.id).exists())
        .order_by(col(User.id))
        .limit(limit)
    ).all()
    found = _judged(session, run, [user_id for user_id, _ in people])
    return [
        OnGold(
            id=user_id,
            name=name,
            gold=_share(right for _, right in found[user_id]),
            checks=_share(right for is_check, right in found[user_id] if is_check),
            missed=_share(right for is_check, right in found[user_id] if not is_check),
        )
        for user_id, name in people
    ]


def _share(right: Any) -> Share:
    answers = list(right)
    return wilson(sum(answers), len(answers))


def _judged(session: Session, run: Run, user_ids: Sequence[int]) -> dict[int, list[tuple[bool, bool]]]:
    """Each person's answers to gold: whether it was a check, and whether the answer is right."""
    schema, into = runs.schema_of(session, run), Translator.of(session, run)
    rows = session.execute(
        _answers(run, col(Review.user_id).in_(user_ids)).with_only_columns(
            *(col(Review.user_id), col(Slot.reason), col(Review.label), col(Review.schema_version_id)),
            *(col(Example.id), col(Example.gold), col(Example.schema_version_id)),
        )
    ).all()
    contents = versions.contents(session, [row[4] for row in rows if {row[3], row[6]} != {into.version_id}])
    found: dict[int, list[tuple[bool, bool]]] = defaultdict(list)
    for user_id, reason, label, said_under, example_id, gold, gold_under in rows:
        content = contents.get(example_id, {})
        if (known := into.fitting(gold, gold_under, content)) is None:
            continue
        if (said := into.fitting(label, said_under, content)) is None and label is not None:
            continue  # the schema has changed, and what they said can be measured no longer
        right = said is not None and schema.distance(said, known) == 0
        found[user_id].append((reason == CHECK, right))
    return found


def _answers(run: Run, whose: ColumnElement[bool]) -> Any:
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
