"""Step 3, route: each drafted example of a run is accepted or queued, by the run's policy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.drafters.cascade import steps_of
from prelabel.errors import LabelError
from prelabel.guarantee import cutting, drawing, pool
from prelabel.measure.calibration import calibrator
from prelabel.measure.gate import Gate, judge_gold
from prelabel.models import Draft, Example, Placement, Run
from prelabel.routing import audits, checks, place
from prelabel.routing.policy import Decision, Drafted, Policy, classes_of, decide
from prelabel.routing.slots import ToRoute
from prelabel.schema import Label, LabelSchema
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator
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
    """Route what is drafted in a run; returns how many examples. While gold is still being drafted, the rest waits for it.

    Under a guarantee what can be accepted waits until all is drafted and the audit is drawn and answered. Nothing of a trial is routed.
    """
    with store.reading() as session:
        run = session.get_one(Run, run_id)
        is_trial, promises = run.trial, Policy.model_validate(run.policy).rule == "guarantee"
    if is_trial:
        return 0
    total = _route_drafted(store, run_id)
    if promises:
        drawing.go_on(store, run_id, decider)
        cutting.go_on(store, run_id)
    return total


def decider(session: Session, run: Run, schema: LabelSchema, policy: Policy) -> Callable[[Drafted], Decision]:
    """What decides where a draft of the run goes, from all of its gold."""
    judgement = judge(session, run, schema, policy)
    return lambda drafted: judgement.decide(drafted, schema, policy)


def _route_drafted(store: Store, run_id: int) -> int:
    total = 0
    while True:
        with store.writing() as session:
            run = runs.get(session, run_id)
            if _gold_outstanding(session, run) or not (batch := _to_route(session, run, BATCH)):
                return total
            schema, policy = runs.schema_of(session, run), Policy.model_validate(run.policy)
            judgement = judge(session, run, schema, policy)
            bars = [step.take_from for step in steps_of(run)]
            routed = [
                (one, judgement.decide(replace(one.drafted, take_from=bars[one.step]), schema, policy))
                for one in batch
            ]
            routed = [audits.divert(run, policy, *pair) for pair in routed]
            routed = [(one, decision) for one, decision in routed if not decision.waits]
            place.follow(session, run, routed, policy, checks.pick(session, run, routed, policy))
            total += len(routed)
        if len(batch) < BATCH or not routed:
            return total


def _to_route(session: Session, run: Run, size: int) -> list[ToRoute]:
    """Up to `size` drafted examples, locked, with draft and gold as the run's schema has them; others' are passed over."""
    rows = session.execute(
        with_drafts()
        .where(
            *(col(Placement.run_id) == run.id, col(Placement.place) == "drafted"),
            *pool.routable(Policy.model_validate(run.policy)),
        )
        .order_by(col(Placement.is_gold).desc(), col(Placement.id))
        .limit(size)
        .with_for_update(skip_locked=True, of=Placement)
    ).all()
    session.refresh(run)  # only now: what is locked no change of the schema or the policy moves meanwhile
    return to_route(session, run, rows)


def with_drafts() -> Select[Any]:
    """Placements with what it takes to route them, for `to_route`."""
    return (
        wide_select(
            col(Placement.id), col(Placement.example_id), col(Placement.is_gold), Draft, col(Example.gold),
            col(Example.schema_version_id),
        )
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .join(Example, col(Example.id) == Placement.example_id)
    )  # fmt: skip


def to_route(session: Session, run: Run, rows: Sequence[Any]) -> list[ToRoute]:
    """Rows of `with_drafts`, with draft and gold as the run's schema has them."""
    into = Translator.of(session, run)
    strange = [
        draft.example_id
        for *_, draft, gold, version_id in rows
        if draft.schema_version_id != into.version_id or (gold and version_id != into.version_id)
    ]
    contents = versions.contents(session, strange)
    found = []
    for placement_id, example_id, is_gold, draft, gold, version_id in rows:
        content, note = contents.get(example_id, {}), ""
        try:
            label = draft.label and into.label(draft.label, draft.schema_version_id, content)
        except LabelError as error:
            label, note = None, f"drafted before the schema changed: {error}"
        drafted = Drafted(label, draft.confidence, into.fitting(gold, version_id, content))
        found.append(ToRoute(placement_id, example_id, is_gold, draft.id, draft.step, drafted, note))
    return found


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
    rows = session.execute(
        wide_select(
            col(Example.id), col(Draft.label), col(Draft.schema_version_id), col(Draft.confidence),
            col(Example.gold), col(Example.schema_version_id),
        )
        .join(Placement, col(Placement.draft_id) == Draft.id)
        .join(Example, col(Example.id) == Placement.example_id)
        .where(col(Placement.run_id) == run.id, col(Placement.is_gold))
    ).all()  # fmt: skip
    into = Translator.of(session, run)
    strange = [row[0] for row in rows if {row[2], row[5]} != {into.version_id}]
    contents = versions.contents(session, strange)
    found: list[tuple[Label | None, float | None, Label]] = []
    for example_id, label, drafted_under, confidence, gold, gold_under in rows:
        content = contents.get(example_id, {})
        if (known := into.fitting(gold, gold_under, content)) is not None:
            found.append((into.fitting(label, drafted_under, content), confidence, known))
    return found


def _gold_outstanding(session: Session, run: Run) -> bool:
    waiting = select(Placement.id).where(
        Placement.run_id == run.id, Placement.place == "waiting", Placement.is_gold
    )
    return session.exec(waiting.limit(1)).first() is not None


def _as_it_is(confidence: float) -> float:
    return confidence
