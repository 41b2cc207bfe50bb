"""Before and at the draw: people settle what has to be known, then uncertainty, seed and audit sample are fixed for good.

Until the draw no table knows how far it is: what people were asked for is queued or settled as `low_confidence`, and the pool
is what is still drafted.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from sqlmodel import Session, col, func, select

from prelabel import runs
from prelabel.bulk import insert_rows
from prelabel.guarantee import evidence, pool
from prelabel.guarantee.pool import Pooled
from prelabel.guarantee.ranking import Ahead, Ranked, ask_first, rank
from prelabel.measure.guarantee.chain import planned_looks
from prelabel.measure.guarantee.hypergeometric import budget_of
from prelabel.measure.guarantee.judging import audited_of
from prelabel.measure.guarantee.sample import new_seed
from prelabel.measure.guarantee.slices import slice_of
from prelabel.measure.guarantee.terms import Slicing, Terms
from prelabel.measure.guarantee.uncertainty import Known
from prelabel.models import AuditDraw, AuditLook, Dataset, Drawn, Placement, Run
from prelabel.money.effort import seconds_by_kind
from prelabel.routing import checks, drawn, place
from prelabel.routing.policy import Decision, Drafted, Policy
from prelabel.routing.slots import ToRoute
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator
from prelabel.store import Store

Decide = Callable[[Drafted], Decision]
Judge = Callable[[Session, Run, LabelSchema, Policy], Decide]
"""Gives, for a run, what decides where a draft goes."""


@dataclass(frozen=True)
class Step:
    """What is to be done with a pool of `size`: some of it is `routed`; with `ranked` the audit is drawn from what waits."""

    size: int
    routed: Sequence[tuple[ToRoute, Decision]]
    waiting: Sequence[tuple[Pooled, Decision]] = ()
    ranked: Ranked | None = None


def go_on(store: Store, run_id: int, judge: Judge) -> None:
    """Ask people for what has to be known first, or draw the audit sample; nothing where the pool is not complete.

    All is worked out before the transaction that writes begins, which others wait for. From a complete pool examples only
    leave, so one of the same size is the same.
    """
    with store.reading() as session:
        run = runs.get(session, run_id)
        if not _is_ready(session, run):
            return
        step = _step(session, run, judge)
    with store.writing() as session:
        run = pool.locked(session, run_id)
        if _is_ready(session, run) and pool.held(session, run) == step.size:
            policy = Policy.model_validate(run.policy)
            follow(session, run, step.routed, policy)
            if step.ranked:
                _draw(session, run, policy, step.waiting, step.ranked)


def _is_ready(session: Session, run: Run) -> bool:
    """Whether the whole pool is drafted, nobody is to settle any of it first, and it was not drawn from yet."""
    if run.state != "running" or drawn.guarantee_is_drawn(session, run):
        return False
    return (
        _has(session, run, "drafted")
        and not _has(session, run, "waiting")
        and not _has(session, run, "queued", "low_confidence")
    )


def _has(session: Session, run: Run, where: str, reason: str = "") -> bool:
    found = select(Placement.id).where(Placement.run_id == run.id, Placement.place == where)
    found = found.where(Placement.reason == reason) if reason else found
    return session.exec(found.limit(1)).first() is not None


def _step(session: Session, run: Run, judge: Judge) -> Step:
    schema, policy = runs.schema_of(session, run), Policy.model_validate(run.policy)
    decide = judge(session, run, schema, policy)
    found = [
        (one, decide(one.to_route.drafted))
        for one in pool.read(session, run, with_content=policy.uncertainty == "learned")
    ]
    unfit = [(one.to_route, decision) for one, decision in found if not decision.waits]
    waiting = [(one, decision) for one, decision in found if decision.waits]
    if not waiting:
        return Step(len(found), unfit)
    ahead = _ahead(session, run, schema, policy, waiting)
    if asked := ask_first(ahead, np.random.default_rng()):
        return Step(len(found), [*unfit, *(_queued(*waiting[at], "low_confidence") for at in asked)])
    return Step(len(found), unfit, waiting, rank(ahead))


def ask_look(session: Session, run: Run, look: int) -> None:
    """Ask people for the audits of a further look."""
    policy, into, after = Policy.model_validate(run.policy), Translator.of(session, run), 0
    session.add(AuditLook(run_id=run.id or 0, look=look))
    while batch := pool.read_batch(session, run, into, after, lock=True, look=look):
        after = batch[-1].to_route.placement_id
        decided = [Decision(one.to_route.drafted.confidence, reason="audit") for one in batch]
        follow(
            session,
            run,
            [(one.to_route, decision) for one, decision in zip(batch, decided, strict=True)],
            policy,
        )


def follow(session: Session, run: Run, routed: Sequence[tuple[ToRoute, Decision]], policy: Policy) -> None:
    """Settle or queue these, with checks among what is queued."""
    for start in range(0, len(routed), pool.BATCH):
        batch = routed[start : start + pool.BATCH]
        place.follow(session, run, batch, policy, checks.pick(session, run, batch, policy))


def _queued(one: Pooled, decision: Decision, reason: str) -> tuple[ToRoute, Decision]:
    return one.to_route, Decision(decision.confidence, reason=reason)


def _ahead(
    session: Session,
    run: Run,
    schema: LabelSchema,
    policy: Policy,
    waiting: Sequence[tuple[Pooled, Decision]],
) -> Ahead:
    cases = evidence.of_run(session, run, schema)
    learns = policy.uncertainty == "learned"
    asked_before = select(Placement.id).where(
        Placement.run_id == run.id, Placement.reason == "low_confidence"
    )
    return Ahead(
        policy=policy,
        examples=_examples(session, run),
        uncertainty=np.array([1 - (one.to_route.drafted.confidence or 0.0) for one, _ in waiting]),
        known=[_known(schema, one) for one, _ in waiting] if learns else (),
        settled=[case.settled for case in cases],
        pairs=[case.pair for case in cases],
        is_begun=session.exec(asked_before.limit(1)).first() is not None,
        audit_cost=_audit_cost(session, run),
        distances=[case.distance for case in cases if case.distance > 0],
        slices=[_slice_of(schema, policy, one) for one, _ in waiting] if policy.slices else (),
    )


def _audit_cost(session: Session, run: Run) -> float:
    mine = select(Dataset.project_id).where(Dataset.id == run.dataset_id).scalar_subquery()
    datasets = select(Dataset.id).where(col(Dataset.project_id) == mine)
    found = session.exec(select(Run.id).where(col(Run.dataset_id).in_(datasets))).all()
    return seconds_by_kind(session, [run_id or 0 for run_id in found]).audit_cost


def _slice_of(schema: LabelSchema, policy: Policy, one: Pooled) -> str:
    return slice_of(policy.slices, one.to_route.drafted.label, one.meta, schema)


def _known(schema: LabelSchema, one: Pooled) -> Known:
    drafted = one.to_route.drafted
    return evidence.known(schema, drafted.label or {}, drafted.confidence, one.alternatives, one.content)


def _examples(session: Session, run: Run) -> int:
    return session.exec(select(func.count()).where(Placement.run_id == run.id)).one()


def _draw(
    session: Session, run: Run, policy: Policy, waiting: Sequence[tuple[Pooled, Decision]], ranked: Ranked
) -> None:
    """The seed is drawn only here, once all else is fixed."""
    terms = _terms(session, run, policy, len(waiting), ranked)
    session.add(
        AuditDraw(
            run_id=run.id or 0,
            terms=terms.model_dump(mode="json"),
            schema_version_id=run.schema_version_id,
            examples=_examples(session, run),
            pool=len(waiting),
            ranked_by=ranked.by,
            note=ranked.note,
            planned=asdict(ranked.planned) if ranked.planned else None,
        )
    )
    session.flush()
    ids = [one.external_id for one, _ in waiting]
    schema = runs.schema_of(session, run)
    slices = [_slice_of(schema, policy, one) for one, _ in waiting] if policy.slices else ()
    audited = audited_of(ids, slices, terms)
    looks = {at: bisect_right(terms.audits, place) + 1 for place, at in enumerate(audited)}
    insert_rows(session, Drawn, [
        {
            "run_id": run.id, "example_id": one.to_route.example_id, "draft_id": one.to_route.draft_id,
            "uncertainty": float(ranked.uncertainty[at]), "look": looks.get(at, 0),
        }
        for at, (one, _) in enumerate(waiting)
    ])  # fmt: skip
    session.add(AuditLook(run_id=run.id or 0, look=1))
    first = [at for at in audited if looks[at] == 1]
    follow(session, run, [_queued(*waiting[at], "audit") for at in first], policy)


def _terms(session: Session, run: Run, policy: Policy, size: int, ranked: Ranked) -> Terms:
    epsilon = policy.epsilon or 0
    audits: tuple[int, ...] = (ranked.audits,)
    spent: tuple[float, ...] | None = None
    if policy.looks != 1:
        budget = budget_of(epsilon, _examples(session, run))
        audits, spent = planned_looks(size, budget, ranked.audits, policy.alpha, policy.looks)
    return Terms(
        seed=new_seed(),
        epsilon=epsilon,
        alpha=policy.alpha,
        loss=policy.loss,
        audits=audits,
        spent=spent,
        delta=policy.delta,
        slices=Slicing(by=policy.slices, audits=ranked.slices) if ranked.slices else None,
        label_schema=runs.schema_of(session, run).document(),
    )
