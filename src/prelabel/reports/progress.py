"""How far a run is, how fast it goes and what it will cost: figures from rows, each by an index that holds at a million examples.

`ix_draft_run_id_step_created_at` gives the pace and the shares of a cascade, `ix_draft_failed` the failures, `ix_call_sums` all
money, `ix_call_limited` the limits met, `ix_placement_lease_owner` what is on its way, and the placement's own index the places.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel import Session, col, func, select

from prelabel import runs
from prelabel.drafters.cascade import named, steps_of
from prelabel.events import alarms
from prelabel.events.alarms import Raised
from prelabel.guarantee import standing
from prelabel.measure.figure import Figure
from prelabel.measure.pace import ENOUGH, Drafted, expected_total, rate, seconds_left
from prelabel.measure.quote import Money
from prelabel.models import FAILED, Draft, Placement, Run, now
from prelabel.money import ledger
from prelabel.money.ledger import Sum
from prelabel.routing import checks, place

WINDOW = timedelta(minutes=1)
"""How far back "now" reaches, in figures of what happens now."""
NEWEST = 500
"""Drafts whose cost tells how much that of an example varies."""


class StepProgress(BaseModel):
    """One step of the cascade: `share` of all draftings came to it, `failed` of its drafts are failures."""

    step: int
    model: str
    drafted: int
    share: float | None
    failed: int
    calls: int
    repairs: int
    dollars: Decimal


class Progress(Figure):
    """How a run is going. Money in dollars; `complete` False: some calls have no known price, so sums are lower bounds.

    `per_second` is over the last minute, or since drafting began in it. `on_their_way` are the examples that
    workers hold now. `expected` is the total at the end: from what this run's examples have cost, once enough are done,
    before that from the quote; `expected_from` says which. `limited` counts calls that met a limit of their provider.
    `waits_for` says what a run with a guarantee waits for. `calls_per_example` is None until something is drafted, `project_spent` where the project has no cap.
    `alarms` are those that nobody has acknowledged, newest first; for leads only.
    """

    run_id: int
    stage: str
    note: str
    waits_for: str
    places: dict[str, int]
    examples: int
    drafted: int
    on_their_way: int
    per_second: float
    seconds_left: float | None
    workers: int
    calls: int
    calls_per_example: float | None
    repairs: int
    failed: int
    limited: int
    limited_last_minute: int
    spent: Decimal
    complete: bool
    expected: Money | None
    expected_from: str
    cap: Decimal | None
    project_cap: Decimal | None
    project_spent: Decimal | None
    alarms: list[Raised]
    steps: list[StepProgress]


def progress(session: Session, run: Run) -> Progress:
    """How the run is going now."""
    run_id, project = run.id or 0, ledger.project_of(session, run)
    places, sums = place.counts(session, run_id), ledger.sums(session, run_id)
    drafted, spent = drafted_by_step(session, run_id), _dollars(sums)
    expected, source = _expected(session, run, places["waiting"], drafted.get(0, 0), spent)
    calls, pace = sum(one.requests for one in sums), per_second(session, run)
    steps = _steps(run, drafted, _failed_by_step(session, run_id), sums)
    return Progress(
        run_id=run_id,
        stage=runs.stage(run, places),
        note=run.note,
        waits_for=standing.waits_for(session, run, places),
        places=places,
        examples=sum(places.values()),
        drafted=sum(places.values()) - places["waiting"],
        on_their_way=_on_their_way(session, run_id),
        per_second=pace,
        seconds_left=seconds_left(places["waiting"], pace),
        workers=runs.workers_alive(session),
        calls=calls,
        calls_per_example=calls / drafted[0] if drafted.get(0) else None,
        repairs=sum(step.repairs for step in steps),
        failed=_failed(session, run_id),
        limited=sum(one.requests for one in sums if one.outcome == "limited"),
        limited_last_minute=ledger.limited(session, run_id, now() - WINDOW),
        spent=spent,
        complete=not any(one.unpriced for one in sums),
        expected=expected,
        expected_from=source,
        cap=run.cap,
        project_cap=project.cap,
        project_spent=None if project.cap is None else ledger.spent_in_project(session, project.id or 0),
        steps=steps,
        alarms=[*alarms.of_run(session, run, only_open=True)],
    )


def for_reviewers(session: Session, run: Run) -> Progress:
    """The same as those may know it who are not to know checks, audits and alarms."""
    found = progress(session, run)
    places = checks.seen_by_reviewers(session, run, found.places)
    seen = {"places": places, "waits_for": "", "stage": runs.stage(run, places), "alarms": []}
    return found.model_copy(update=seen)


def drafted_by_step(session: Session, run_id: int) -> dict[int, int]:
    """How many drafts each step of the cascade has made; every drafting begins with step 0."""
    drafts = select(Draft.step, func.count()).where(Draft.run_id == run_id)
    return dict(session.exec(drafts.group_by(col(Draft.step))).all())


def newest_drafted(session: Session, run_id: int, step: int, size: int = NEWEST) -> Sequence[int]:
    """The examples that this step has drafted last."""
    return session.exec(
        select(Draft.example_id)
        .where(Draft.run_id == run_id, Draft.step == step)
        .order_by(col(Draft.created_at).desc())
        .limit(size)
    ).all()


def per_second(session: Session, run: Run) -> float:
    """Examples drafted per second over the last minute; since the first of them, where there are enough to tell."""
    since = max(now() - WINDOW, run.created_at)
    count, first = session.exec(
        select(func.count(), func.min(Draft.created_at)).where(
            Draft.run_id == run.id, Draft.step == 0, Draft.created_at >= since
        )
    ).one()
    return rate(count, (now() - (first if count >= ENOUGH else since)).total_seconds())


def _expected(
    session: Session, run: Run, waiting: int, done: int, spent: Decimal
) -> tuple[Money | None, str]:
    """The total at the end, and where it is known from."""
    if found := expected_total(Drafted(done, spent, _newest_costs(session, run.id or 0)), waiting):
        return found, "this run"
    return (Money.model_validate(run.quote), "the quote") if run.quote else (None, "")


def _newest_costs(session: Session, run_id: int) -> list[Decimal]:
    """What each of the newest draftings has cost, with all of its calls."""
    costs = dict.fromkeys(newest_drafted(session, run_id, 0), Decimal(0))
    for call in ledger.taken(session, run_id, costs.keys()):
        costs[call.example_id] += call.dollars or 0
    return list(costs.values())


def _failed_by_step(session: Session, run_id: int) -> dict[int, int]:
    drafts = select(Draft.step, func.count()).where(text(FAILED), col(Draft.run_id) == run_id)
    return dict(session.exec(drafts.group_by(col(Draft.step))).all())


def _failed(session: Session, run_id: int) -> int:
    """Examples whose draft that holds now is a failure."""
    holds = (
        (col(Placement.run_id) == Draft.run_id)
        & (col(Placement.example_id) == Draft.example_id)
        & (col(Placement.draft_id) == Draft.id)
    )
    examples = select(func.count()).select_from(Draft).join(Placement, holds)
    return session.exec(examples.where(text(f"draft.{FAILED}"), Draft.run_id == run_id)).one()


def _on_their_way(session: Session, run_id: int) -> int:
    held = select(func.count()).select_from(Placement)
    return session.exec(
        held.where(
            col(Placement.lease_owner) > "",  # leases without an owner are pauses
            Placement.run_id == run_id,
            col(Placement.lease_until) >= now(),
        )
    ).one()


def _steps(
    run: Run, drafted: Mapping[int, int], failed: Mapping[int, int], sums: Sequence[Sum]
) -> list[StepProgress]:
    by_step: dict[int, list[Sum]] = defaultdict(list)
    for one in sums:
        by_step[one.step].append(one)
    return [
        StepProgress(
            step=index,
            model=named([step]),
            drafted=drafted.get(index, 0),
            share=drafted.get(index, 0) / drafted[0] if drafted.get(0) else None,
            failed=failed.get(index, 0),
            calls=sum(one.requests for one in by_step[index]),
            repairs=sum(one.requests for one in by_step[index] if one.purpose == "repair"),
            dollars=_dollars(by_step[index]),
        )
        for index, step in enumerate(steps_of(run))
    ]


def _dollars(sums: Sequence[Sum]) -> Decimal:
    return sum((one.dollars for one in sums), Decimal(0))
