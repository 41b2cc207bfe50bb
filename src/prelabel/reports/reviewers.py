"""Step 5, measure: how right, how careful and how fast people are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import exists, or_
from sqlalchemy import select as wide_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.measure.intervals import Share, wilson
from prelabel.measure.people import Estimate, median, per_hour
from prelabel.models import CHECK, Label, Placement, Review, ReviewerPause, Run, Slot, User
from prelabel.review.judging import Judged, judged
from prelabel.review.rounds import ANSWERS, taken_back
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator


class Pause(BaseModel):
    """Someone was paused in a run, or let go on (`paused` false): `by` whom (None: by the bar of its policy) and why."""

    paused: bool
    by: str | None
    why: str
    at: datetime


class Figures(BaseModel):
    """What one person has answered in a run, as a reviewer. Each figure has its count and 95 % interval.

    Of examples with gold, the share of answers at distance 0 from it: `checks` are those whose draft was right; `missed` those
    whose draft was not; `gold` all, with those where a fault was planted. As what drafts miss is harder, `gold` is no sample of
    all examples. A flag counts as wrong, for gold says that the example can be labeled. `planted`: the share of planted faults
    that were not left as they were. `agreed`: the share of answers that seniors settled alike, where they settled.

    `confirmed`: the share of drafts that they were shown and left as they were; `seconds`: the median of an answer; `per_hour`:
    answers in an hour of work. Skips, and what a person settled as a senior, count nowhere. `remark` says in words what the
    figures surely show; `pauses` come oldest first.
    """

    id: int
    name: str
    answers: int
    gold: Share
    checks: Share
    missed: Share
    planted: Share
    agreed: Share
    confirmed: Share
    seconds: Estimate | None
    per_hour: Estimate | None
    remark: str
    is_paused: bool
    pauses: list[Pause]


@dataclass
class Work:
    """What one person has answered: whether each draft that they were shown was confirmed, and how long and when they answered."""

    confirmed: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)


def figures(session: Session, run: Run, after: int, limit: int) -> list[Figures]:
    """Who has answered in the run or was paused in it, by their id, `after` one of an earlier page."""
    was_paused = exists().where(col(ReviewerPause.user_id) == User.id, col(ReviewerPause.run_id) == run.id)
    has_answered = (
        select(Review.id)
        .join(Slot, col(Slot.id) == Review.slot_id)
        .where(Review.user_id == User.id, Review.run_id == run.id, ~col(Slot.for_senior))
        .where(col(Review.verdict).in_(ANSWERS), ~taken_back())
    )
    people = session.execute(
        wide_select(col(User.id), col(User.name))
        .where(col(User.id) > after, or_(was_paused, has_answered.exists()))
        .order_by(col(User.id))
        .limit(limit)
    ).all()
    ids = [user_id for user_id, _ in people]
    golds, works = _by_person(judged(session, run, ids)), _works(session, run, ids)
    agreed, paused = _agreed(session, run, ids), pauses(session, run, ids)
    return [
        _figures(user_id, name, golds[user_id], works[user_id], agreed[user_id], paused[user_id])
        for user_id, name in people
    ]


def pauses(session: Session, run: Run, user_ids: Sequence[int]) -> Mapping[int, list[Pause]]:
    """Each person's pauses in the run and their ends, oldest first."""
    lead = aliased(User)
    rows = session.execute(
        wide_select(ReviewerPause, col(lead.name))
        .join(lead, col(lead.id) == ReviewerPause.by_id, isouter=True)
        .where(col(ReviewerPause.run_id) == run.id, col(ReviewerPause.user_id).in_(user_ids))
        .order_by(col(ReviewerPause.id))
    )
    found: dict[int, list[Pause]] = defaultdict(list)
    for row, by in rows:
        found[row.user_id].append(Pause(paused=row.is_paused, by=by, why=row.why, at=row.created_at))
    return found


def _figures(
    user_id: int,
    name: str,
    golds: Sequence[Judged],
    work: Work,
    agreed: Sequence[bool],
    paused: list[Pause],
) -> Figures:
    planted = _share(one.found for one in golds if one.shown == "fault")
    return Figures(
        id=user_id,
        name=name,
        answers=len(work.seconds),
        gold=_share(one.right for one in golds),
        checks=_share(one.right for one in golds if one.shown == "check"),
        missed=_share(one.right for one in golds if one.shown == "missed"),
        planted=planted,
        agreed=_share(agreed),
        confirmed=_share(work.confirmed),
        seconds=median(work.seconds),
        per_hour=per_hour(work.moments),
        remark=_remark(planted),
        is_paused=bool(paused) and paused[-1].paused,
        pauses=paused,
    )


def _remark(planted: Share) -> str:
    if planted.high >= 0.5:
        return ""
    missed = f"missed {planted.n - planted.right} of {planted.n} planted faults"
    return f"accepts everything: {missed}" if not planted.right else f"accepts most drafts unseen: {missed}"


def _share(right: Iterable[bool]) -> Share:
    answers = list(right)
    return wilson(sum(answers), len(answers))


def _by_person(found: Iterable[Judged]) -> Mapping[int, list[Judged]]:
    by_person: dict[int, list[Judged]] = defaultdict(list)
    for one in found:
        by_person[one.user_id].append(one)
    return by_person


def _works(session: Session, run: Run, user_ids: Sequence[int]) -> Mapping[int, Work]:
    """A draft was shown where the slot is not blind, and there was one: the model's, or what a check showed in its place."""
    rows = session.execute(
        wide_select(
            *(col(Review.user_id), col(Review.verdict), col(Review.seconds), col(Review.created_at)),
            *(col(Slot.blind), col(Slot.reason)),
        )
        .join(Slot, col(Slot.id) == Review.slot_id)
        .where(
            *(col(Review.run_id) == run.id, col(Review.user_id).in_(user_ids), ~col(Slot.for_senior)),
            *(col(Review.verdict).in_(ANSWERS), ~taken_back()),
        )
    )
    found: dict[int, Work] = defaultdict(Work)
    for user_id, verdict, seconds, moment, blind, reason in rows:
        work = found[user_id]
        work.seconds.append(seconds)
        work.moments.append(moment)
        if not blind and reason != "draft_failed" and verdict != "flagged":
            work.confirmed.append(verdict == "confirmed")
    return found


def _agreed(session: Session, run: Run, user_ids: Sequence[int]) -> Mapping[int, list[bool]]:
    """Of each person's answers to examples that a senior has settled, whether the two are at distance 0."""
    schema, into = runs.schema_of(session, run), Translator.of(session, run)
    rows = session.execute(
        wide_select(
            *(col(Review.user_id), col(Review.label), col(Review.schema_version_id), col(Review.example_id)),
            *(col(Label.value), col(Label.schema_version_id)),
        )
        .join(Slot, col(Slot.id) == Review.slot_id)
        .join(Placement, col(Placement.id) == Slot.placement_id)
        .join(Label, col(Label.id) == Placement.label_id)
        .where(
            *(col(Review.run_id) == run.id, col(Review.user_id).in_(user_ids), ~col(Slot.for_senior)),
            *(col(Review.verdict).in_(ANSWERS), ~taken_back(), col(Slot.reason) != CHECK),
            col(Label.source) == "adjudication",
        )
    ).all()
    contents = versions.contents(session, [row[3] for row in rows if {row[2], row[5]} != {into.version_id}])
    found: dict[int, list[bool]] = defaultdict(list)
    for user_id, label, said_under, example_id, value, settled_under in rows:
        content = contents.get(example_id, {})
        said, settled = (
            into.fitting(label, said_under, content),
            into.fitting(value, settled_under, content),
        )
        if settled is not None and (said is not None or label is None):
            found[user_id].append(said is not None and schema.distance(said, settled) == 0)
    return found
