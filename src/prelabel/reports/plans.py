"""What a guarantee would cost people, before the run or after it: the best audit at each share that may be wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from pydantic import BaseModel
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, func, select

from prelabel import runs
from prelabel.errors import InputError
from prelabel.guarantee import evidence
from prelabel.guarantee.ranking import RESAMPLES, planned_for
from prelabel.measure.guarantee.hypergeometric import Floats
from prelabel.measure.guarantee.planning import Plan, foreseen
from prelabel.measure.guarantee.terms import Loss
from prelabel.models import Dataset, Draft, Drawn, Example, Label, Placement, Run
from prelabel.money.effort import Seconds, seconds_by_kind
from prelabel.money.quote import PAST_RUNS
from prelabel.routing import drawn
from prelabel.routing.policy import Policy
from prelabel.schemas.versions import Translator

EPSILONS = (0.01, 0.02, 0.05, 0.1)
MOST_RANKED = 20_000
"""Drafts that a plan is worked out from; of more, so many that are spread evenly over them."""
ASSUMED_WRONG = 0.15
"""Share of drafts taken to be wrong where nothing of the project is known, at every confidence alike."""


Apart = tuple[float, float]
"""How uncertain a draft was, and how far from right."""


class Line(BaseModel):
    """What is to be expected at one epsilon: `audits`, and labels that nobody has to give (the ends hold 90 % of draws).

    `hours` are those of people for all labels that they do give, `dollars` their price; `epsilon` is a share of wrong labels, or a
    mean distance where the plan is about that.
    """

    epsilon: float
    audits: int
    saved: int
    saved_share: float
    saved_low: int
    saved_high: int
    labels: int
    hours: float
    dollars: Decimal


class GuaranteePlan(BaseModel):
    """Expected costs of a guarantee for `examples`; `based_on` and `seconds_from` say what they rest on.

    `by_hand`: all by people, without a draft as in an audit (`seconds_audit`); with one they take `seconds_each`.
    """

    examples: int
    alpha: float
    loss: Loss
    based_on: str
    seconds_each: float
    seconds_audit: float
    seconds_from: str
    by_hand_hours: float
    by_hand_dollars: Decimal
    lines: list[Line]

    def at(self, epsilon: float) -> Line:
        """The line of one epsilon."""
        return next(line for line in self.lines if line.epsilon == epsilon)


def of_run(
    session: Session,
    run: Run,
    hourly: Decimal,
    epsilons: Sequence[float] = EPSILONS,
    loss: Loss | None = None,
) -> GuaranteePlan:
    """For a run that has drafts: what another epsilon would cost, or would have cost."""
    policy = Policy.model_validate(run.policy)
    uncertainty, pairs, based_on = _of_drafts(session, run)
    if not len(uncertainty):
        raise InputError(f"run {run.id} has no drafts yet: plan its dataset instead")
    examples = session.exec(select(func.count()).where(Placement.run_id == run.id)).one()
    asked = policy.model_copy(update={"loss": loss or policy.loss})
    foreseen_as = Foreseen(len(uncertainty), _chances(uncertainty, pairs), _distances(pairs), based_on)
    return _plan(session, run.dataset_id, foreseen_as, examples, asked, hourly, epsilons)


def of_dataset(
    session: Session,
    dataset: Dataset,
    hourly: Decimal,
    epsilons: Sequence[float] = EPSILONS,
    loss: Loss = "wrong",
) -> GuaranteePlan:
    """For a dataset that is still to be drafted, from the newest run of its project. Raises InputError where it is empty."""
    examples = session.exec(select(func.count()).where(Example.dataset_id == dataset.id)).one()
    if not examples:
        raise InputError(f"dataset {dataset.name!r} has no examples yet: bring some in before planning")
    asked, foreseen_as = Policy(loss=loss), _of_past(session, dataset, examples)
    return _plan(session, dataset.id or 0, foreseen_as, examples, asked, hourly, epsilons)


@dataclass(frozen=True)
class Foreseen:
    """What is expected of a pool of this size: `chances` of being wrong, at most MOST_RANKED of them, and how far wrong ones are."""

    pool: int
    chances: Floats
    distances: Sequence[float]
    based_on: str


def _of_past(session: Session, dataset: Dataset, examples: int) -> Foreseen:
    for run in _past(session, dataset):
        uncertainty, pairs, based_on = _of_drafts(session, run)
        if len(uncertainty) and pairs:
            spread = _spread(uncertainty, min(examples, MOST_RANKED))
            said = f"the drafts of run {run.id}: {based_on}"
            return Foreseen(examples, _chances(spread, pairs), _distances(pairs), said)
    chances = np.full((1, min(examples, MOST_RANKED)), ASSUMED_WRONG)
    said = f"nothing of this project is known yet: {ASSUMED_WRONG:.0%} of the drafts are taken to be wrong, at every confidence alike"
    return Foreseen(examples, chances, (), said)


def _plan(
    session: Session, dataset_id: int, pool: Foreseen, examples: int, policy: Policy, hourly: Decimal,
    epsilons: Sequence[float],
) -> GuaranteePlan:  # fmt: skip
    dataset = session.get_one(Dataset, dataset_id)
    seconds = seconds_by_kind(session, [run.id or 0 for run in _past(session, dataset)])
    at = np.arange(pool.pool) * pool.chances.shape[1] // pool.pool
    full = pool.chances[:, at]
    plans = [
        planned_for(
            policy.model_copy(update={"epsilon": one}), full, pool.distances, policy.alpha, examples,
            seconds.audit_cost,
        )
        for one in sorted(set(epsilons))
    ]  # fmt: skip
    return GuaranteePlan(
        examples=examples,
        alpha=policy.alpha,
        loss=policy.loss,
        based_on=pool.based_on,
        seconds_each=seconds.review,
        seconds_audit=seconds.audit,
        seconds_from=seconds.known,
        by_hand_hours=examples * seconds.audit / 3600,
        by_hand_dollars=_dollars(examples * seconds.audit, hourly),
        lines=[_line(one, examples, seconds, hourly) for one in plans],
    )


def _line(planned: Plan, examples: int, seconds: Seconds, hourly: Decimal) -> Line:
    labels = examples - round(planned.saved)
    spent = planned.drawn * seconds.audit + (labels - planned.drawn) * seconds.review
    return Line(
        epsilon=planned.epsilon,
        audits=planned.drawn,
        saved=round(planned.saved),
        saved_share=planned.saved / examples,
        saved_low=round(planned.saved_low),
        saved_high=round(planned.saved_high),
        labels=labels,
        hours=spent / 3600,
        dollars=_dollars(spent, hourly),
    )


def _dollars(seconds: float, hourly: Decimal) -> Decimal:
    return (Decimal(str(seconds)) / 3600 * hourly).quantize(Decimal("0.01"))


def _of_drafts(session: Session, run: Run) -> tuple[Floats, Sequence[Apart], str]:
    """How uncertain the drafts of a run are, those of which it is known how far from right they were, and what that rests on."""
    if drawn.guarantee_is_drawn(session, run):
        ranked = np.array(session.exec(select(Drawn.uncertainty).where(Drawn.run_id == run.id)).all())
        pairs = _answered(session, run)
        return ranked, pairs, f"{len(pairs):,} drafts of its pool that people answered"
    held = (
        select(Draft.confidence)
        .join(Placement, col(Placement.draft_id) == Draft.id)
        .where(Placement.run_id == run.id, Draft.failure == "", ~col(Placement.is_gold))
    )
    ranked = np.array([1 - (confidence or 0.0) for confidence in session.exec(held)])
    cases = evidence.of_run(session, run, runs.schema_of(session, run))
    said = f"{len(cases):,} settled drafts of the same models"
    return (
        ranked,
        [(1 - (case.settled.known.confidence or 0.0), case.distance) for case in cases],
        said if cases else "confidence, taken at its word: no draft is settled",
    )


def _answered(session: Session, run: Run) -> list[Apart]:
    """Each draft of the pool that people answered: what it was ranked by, and how far from right it was."""
    into, schema = Translator.of(session, run), runs.schema_of(session, run)
    rows = session.execute(
        wide_select(col(Drawn.uncertainty), Draft, Label, col(Example.content))
        .join(
            Placement,
            (col(Placement.run_id) == Drawn.run_id) & (col(Placement.example_id) == Drawn.example_id),
        )
        .join(Draft, col(Draft.id) == Drawn.draft_id)
        .join(Example, col(Example.id) == Drawn.example_id)
        .join(Label, col(Label.id) == Placement.label_id)
        .where(col(Drawn.run_id) == run.id, col(Placement.place) == "settled", col(Label.source) != "auto")
        .order_by((col(Drawn.look) > 0).desc(), col(Drawn.id))
        .limit(evidence.MOST)
    )
    found = []
    for uncertainty, draft, label, content in rows:
        drafted = into.fitting(draft.label, draft.schema_version_id, content)
        value = into.fitting(label.value, label.schema_version_id, content)
        if drafted is not None and value is not None:
            found.append((uncertainty, schema.distance(drafted, value)))
    return found


def _distances(pairs: Sequence[Apart]) -> list[float]:
    return [distance for _, distance in pairs if distance > 0]


def _chances(uncertainty: Floats, pairs: Sequence[Apart]) -> Floats:
    """The chance of each draft to be wrong, the surest first: at most MOST_RANKED of them, spread evenly."""
    ranked = _spread(uncertainty, min(len(uncertainty), MOST_RANKED))
    wrong = [(value, distance > 0) for value, distance in pairs]
    return foreseen(ranked.tolist(), wrong, RESAMPLES)


def _spread(uncertainty: Floats, size: int) -> Floats:
    """So many uncertainties that lie as these do, the lowest first."""
    ordered = np.sort(uncertainty)
    spread: Floats = ordered[np.arange(size) * len(ordered) // size]
    return spread


def _past(session: Session, dataset: Dataset) -> Sequence[Run]:
    mine = select(Dataset.id).where(Dataset.project_id == dataset.project_id)
    newest = select(Run).where(col(Run.dataset_id).in_(mine), ~col(Run.trial)).order_by(col(Run.id).desc())
    return session.exec(newest.limit(PAST_RUNS)).all()
