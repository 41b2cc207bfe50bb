"""The rows behind `measure.trends`: what each day of a run brought, how long answers took, and the error at each bar.

All of it is counted from history rows when it is asked for; nothing is kept that could drift from them.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func
from sqlalchemy import select as wide_select
from sqlmodel import Session, col

from prelabel.measure.figure import Figure
from prelabel.measure.intervals import Share
from prelabel.measure.trends import Bar, Day, Pace, bars, day_of, pace
from prelabel.models import Call, Label, Placement, Review, Run, Slot
from prelabel.models.columns import as_date, utc_day
from prelabel.reports import report
from prelabel.routing.policy import Policy

GIVEN = ("confirmed", "corrected", "skipped", "flagged")
BASIS = "gold examples, ranked by the confidence of their newest draft: an honest sample of all drafts if gold was chosen at random"


class Days(Figure):
    """The days on which something happened in a run, oldest first."""

    days: list[Day]


class Paces(Figure):
    """How long answers took, by what came of them."""

    paces: list[Pace]


class Risk(Figure):
    """The error of what is accepted against how much is. `accepted` is the share of all examples that is accepted now.

    `at_most_wrong` is the share that the policy allows: of all labels under the rule "guarantee", of those accepted under an
    `accepted_target`; None where it names none. `threshold` is the bar of the policy, None under "guarantee".
    """

    basis: str = BASIS
    n: int
    points: list[Bar]
    accepted: Share
    at_most_wrong: float | None
    threshold: float | None


def days(session: Session, run: Run) -> Days:
    """The days on which something happened in the run, oldest first."""
    settled: dict[date, dict[str, int]] = defaultdict(dict)
    more: dict[date, dict[str, Any]] = defaultdict(dict)
    for day, outcome, count in _settled(session, run):
        settled[as_date(day)][outcome] = count
    for day, answers, seconds in _answers(session, run):
        more[as_date(day)] |= {"answers": answers, "seconds": float(seconds)}
    for day, calls, dollars, unpriced in _calls(session, run):
        more[as_date(day)] |= {"calls": int(calls), "dollars": dollars or Decimal(0), "unpriced": unpriced}
    counted = sorted({*settled, *more})
    return Days(days=[day_of(day, settled.get(day, {}), **more.get(day, {})) for day in counted])


def paces(session: Session, run: Run) -> Paces:
    """How long people took, by what came of it; answers without sight of a draft are one kind of their own."""
    tenths: dict[str, dict[int, int]] = {name: {} for name in (*GIVEN, "blind")}
    totals: dict[str, float] = defaultdict(float)
    outcome = case((col(Slot.blind), "blind"), else_=col(Review.verdict))
    step = func.round(col(Review.seconds) * 10)
    rows = session.execute(
        wide_select(outcome, step, func.count(), func.sum(col(Review.seconds)))
        .join(Slot, col(Slot.id) == Review.slot_id)
        .where(col(Review.run_id) == run.id, col(Review.verdict).in_(GIVEN))
        .group_by(outcome, step)
    )
    for name, at, count, seconds in rows:
        tenths[name][int(at)], totals[name] = count, totals[name] + seconds
    return Paces(paces=[pace(name, counted, totals[name]) for name, counted in tenths.items() if counted])


def risk(session: Session, run: Run) -> Risk:
    """How wrong what is accepted would be at each bar, and where the run stands."""
    known, policy = report.known_by_gold(session, run), Policy.model_validate(run.policy)
    promises, target = policy.rule == "guarantee", policy.accepted_target
    return Risk(
        n=len(known),
        points=bars(known),
        accepted=report.accepted_share(session, run),
        at_most_wrong=policy.epsilon if promises else None if target is None else 1 - target,
        threshold=None if promises else policy.threshold,
    )


def _settled(session: Session, run: Run) -> Sequence[Any]:
    """Labels that hold, by day and outcome."""
    outcome = case(
        (col(Label.source) == "auto", "accepted"),
        (col(Label.source) == "adjudication", "adjudicated"),
        (col(Label.source) == "review", col(Review.verdict)),
        else_=col(Label.source),
    )
    day = utc_day(session, col(Label.created_at))
    holds = (
        (col(Placement.run_id) == Label.run_id)
        & (col(Placement.example_id) == Label.example_id)
        & (col(Placement.label_id) == Label.id)
    )
    return session.execute(
        wide_select(day, outcome, func.count())
        .select_from(Label)
        .join(Placement, holds)
        .join(Review, col(Review.id) == Label.review_id, isouter=True)
        .where(col(Label.run_id) == run.id)
        .group_by(day, outcome)
    ).all()


def _answers(session: Session, run: Run) -> Sequence[Any]:
    day = utc_day(session, col(Review.created_at))
    return session.execute(
        wide_select(day, func.count(), func.sum(col(Review.seconds)))
        .where(col(Review.run_id) == run.id, col(Review.verdict).in_(GIVEN))
        .group_by(day)
    ).all()


def _calls(session: Session, run: Run) -> Sequence[Any]:
    day, dollars = utc_day(session, col(Call.created_at)), col(Call.dollars)
    return session.execute(
        wide_select(day, func.sum(col(Call.requests)), func.sum(dollars), func.count() - func.count(dollars))
        .where(col(Call.run_id) == run.id)
        .group_by(day)
    ).all()
