"""Step 3, route: each drafted example of a run is accepted or queued, by the run's policy."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlmodel import Session, select

from prelabel import place, runs
from prelabel.drafters.cascade import steps_of
from prelabel.measure.calibration import calibrator
from prelabel.measure.gate import Gate, judge_gold
from prelabel.models import Draft, Example, Placement, Run
from prelabel.policy import Decision, Drafted, Policy, classes_of, decide
from prelabel.schema import Label, LabelSchema
from prelabel.store import Store

BATCH = 1_000
"""Examples routed in one transaction."""


@dataclass(frozen=True)
class Judgement:
    """What gold says about a run's drafts so far: whom the gate admits, and how far confidence is to be believed."""

    gate: Gate
    calibrate: Callable[[float], float]

    def decide(self, drafted: Drafted, schema: LabelSchema, policy: Policy) -> Decision:
        """Where a draft goes."""
        return decide(drafted, schema, policy, self.gate, self.calibrate)


def route_drafted(store: Store, run_id: int) -> int:
    """Route what is drafted in a run; returns how many examples. While gold is still being drafted, the rest waits for it."""
    total = 0
    while True:
        with store.writing() as session:
            run = runs.get(session, run_id)
            schema, policy = runs.schema_of(session, run), Policy.model_validate(run.policy)
            if _gold_outstanding(session, run) or not (batch := place.to_route(session, run, BATCH)):
                return total
            judgement = judge(session, run, schema, policy)
            bars = [step.take_from for step in steps_of(run)]
            routed = [
                (one, judgement.decide(replace(one.drafted, take_from=bars[one.step]), schema, policy))
                for one in batch
            ]
            place.follow(session, run_id, routed, policy)
            total += len(batch)
        if len(batch) < BATCH:
            return total


def judge(session: Session, run: Run, schema: LabelSchema, policy: Policy) -> Judgement:
    """Judge the run's drafts by its gold, each gold example by its newest draft."""
    confidences: list[tuple[float, bool]] = []
    results: list[tuple[list[str | None], bool]] = []
    for label, confidence, gold in _gold_drafts(session, run):
        right = label is not None and schema.distance(label, gold) == 0
        results.append((classes_of(schema, label) if label is not None else [], right))
        if confidence is not None:
            confidences.append((confidence, right))
    gate = judge_gold(results, policy.gold_target)
    return Judgement(gate, calibrator(confidences) if policy.confidence == "calibrated" else _as_it_is)


def _gold_drafts(session: Session, run: Run) -> list[tuple[Label | None, float | None, Label]]:
    rows = session.exec(
        select(Draft.label, Draft.confidence, Example.gold)
        .join(Placement, Placement.draft_id == Draft.id)  # type: ignore[arg-type] # columns, not values
        .join(Example, Example.id == Placement.example_id)  # type: ignore[arg-type]
        .where(Placement.run_id == run.id, Placement.is_gold)
    )
    return [(label, confidence, gold) for label, confidence, gold in rows if gold is not None]


def _gold_outstanding(session: Session, run: Run) -> bool:
    waiting = select(Placement.id).where(
        Placement.run_id == run.id, Placement.place == "waiting", Placement.is_gold
    )
    return session.exec(waiting.limit(1)).first() is not None


def _as_it_is(confidence: float) -> float:
    return confidence
