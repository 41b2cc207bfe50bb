"""Checks of the people: gold examples whose draft met their gold, put into the queue as well, where nothing tells them apart.

A check moves no example: its label stays that of gold, and what people answer to it measures them alone.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.drafters.cascade import steps_of
from prelabel.models import CHECK, Draft, Label, Placement, Run, Slot
from prelabel.routing import order, planting
from prelabel.routing.policy import Decision, Drafted, Policy
from prelabel.routing.slots import ToCheck, ToRoute


def pick(
    session: Session, run: Run, routed: Sequence[tuple[ToRoute, Decision]], policy: Policy
) -> list[ToCheck]:
    """The checks that come into the queue with what is routed to people now, drawn at random by the run and their ids.

    As many as keep them at `gold_share` of the queue, or as there is gold left that has not been one yet.
    """
    asked = [one.example_id for one, decision in routed if decision.reason]
    if not policy.gold_share or not asked:
        return []
    count = min(_share_of(policy, run, asked), _missing(session, run, policy, len(asked)))
    if count <= 0:
        return []
    pool = [*_settled_now(routed, policy), *_settled_before(session, run, policy)]
    pool.sort(key=lambda one: order.draw(run.id or 0, one.example_id))
    unsure = {
        one.draft_id: decision.confidence
        for one, decision in routed
        if decision.reason == "low_confidence" and decision.confidence is not None
    }
    held = _held(session, pool[:count])
    return planting.dress(session, run, held, policy, planting.looks(session, unsure))


def _share_of(policy: Policy, run: Run, asked: Sequence[int]) -> int:
    """How many checks go with these examples; what is left of a whole one is drawn, so that few at a time bring some too."""
    exact = ratio(policy) * len(asked)
    whole = math.floor(exact)
    return whole + (order.draw(run.id or 0, min(asked)) % 1_000 < round((exact - whole) * 1_000))


def _missing(session: Session, run: Run, policy: Policy, asked: int) -> int:
    """How many checks the queue has room for with so many more examples in it: those called back and routed again bring none."""
    queued = select(func.count()).where(Placement.run_id == run.id, Placement.place == "queued")
    room = ratio(policy) * (session.exec(queued).one() + asked)
    return math.ceil(room) - _waiting(session, run)


def seen_by_reviewers(session: Session, run: Run, places: Mapping[str, int]) -> dict[str, int]:
    """How many examples are where, as those may know it who are not to know checks and audits.

    Checks look queued until they are answered, and so does all that waits for an audit: else the queue would be all audits.
    """
    policy = Policy.model_validate(run.policy)
    waiting = _waiting(session, run) if policy.gold_share else 0
    if policy.rule == "guarantee":
        places = {**places, "drafted": 0, "queued": places["queued"] + places["drafted"]}
    return {
        **places,
        "settled": places["settled"] - waiting,
        "queued": places["queued"] + waiting,
    }


def _waiting(session: Session, run: Run) -> int:
    """How many checks are still to be answered."""
    waiting = (
        select(func.count(func.distinct(Slot.placement_id)))
        .select_from(Placement)
        .join(Slot, col(Slot.placement_id) == Placement.id)
        .where(
            *(Placement.run_id == run.id, Placement.place == "settled", col(Placement.is_gold)),
            *(Slot.reason == CHECK, Slot.state == "open"),
        )
    )
    return session.exec(waiting).one()


def ratio(policy: Policy) -> float:
    """Checks for each other example of the queue."""
    return policy.gold_share / (1 - policy.gold_share)


def _settled_now(routed: Sequence[tuple[ToRoute, Decision]], policy: Policy) -> list[ToCheck]:
    return [
        _check(one.placement_id, one.example_id, decision.confidence, one.drafted, policy)
        for one, decision in routed
        if decision.source == "gold"
    ]


def _settled_before(session: Session, run: Run, policy: Policy) -> list[ToCheck]:
    """Examples that gold has settled and that have not been a check."""
    rows = session.execute(
        wide_select(
            *(col(Placement.id), col(Placement.example_id), col(Placement.confidence)),
            *(col(Draft.step), col(Draft.confidence)),
        )
        .join(Label, col(Label.id) == Placement.label_id)
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .where(
            *(col(Placement.run_id) == run.id, col(Placement.place) == "settled", col(Placement.is_gold)),
            *(col(Label.source) == "gold", ~_been().exists()),
        )
    )
    bars = [step.take_from for step in steps_of(run)]
    return [
        _check(placement_id, example_id, confidence, Drafted(None, raw, take_from=bars[step]), policy)
        for placement_id, example_id, confidence, step, raw in rows
    ]


def _held(session: Session, chosen: Sequence[ToCheck]) -> list[ToCheck]:
    """Those of them that no other worker is just making a check, locked."""
    held = session.exec(
        select(Placement.id)
        .where(col(Placement.id).in_([one.placement_id for one in chosen]), ~_been().exists())
        .with_for_update(skip_locked=True)
    ).all()
    return [one for one in chosen if one.placement_id in held]


def _been() -> Any:
    """The slots by which an example is or was a check."""
    return select(Slot.id).where(
        Slot.placement_id == Placement.id, Slot.reason == CHECK, Slot.state != "withdrawn"
    )


def _check(
    placement_id: int, example_id: int, confidence: float | None, drafted: Drafted, policy: Policy
) -> ToCheck:
    """So sure a draft, among those that people are asked about, would tell that it is a check: it is not shown as it is."""
    looks_accepted = confidence is not None and drafted.is_sure(confidence, policy)
    return ToCheck(placement_id, example_id, confidence, looks_accepted)
