"""A run under another policy: what nobody has answered or has in hand goes where the new one sends it, by the drafts that there are.

Nothing is drafted or paid for. What people or gold have settled stays, as does what waits for people for a reason of its own:
audits, conflicts, and what a lead has asked for.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from pydantic import BaseModel
from sqlmodel import Session, col, select

from prelabel import route, runs
from prelabel.drafters.cascade import steps_of
from prelabel.errors import Conflict, InputError
from prelabel.events import journal
from prelabel.leading import by_filter, requeue
from prelabel.leading.by_filter import IN_HAND, REMOVED, Held
from prelabel.models import Placement, Run, User
from prelabel.routing import audits, checks, drawn, place
from prelabel.routing.policy import Decision, Policy
from prelabel.routing.slots import ToRoute
from prelabel.schema import LabelSchema
from prelabel.store import Store

BATCH = 1_000
"""Examples that are routed again in one transaction."""
ROUTED = ("low_confidence", "gold_failed", "draft_failed")
"""Reasons that routing gives and may take back."""


class Rerouted(BaseModel):
    """What another policy did, or would do: `accepted` left the queue, `queued` came into it, `asked` are in it on other terms.

    `answers` is how many more answers people are asked for than before; negative: fewer. `left` are those that stay where they are, by why. `act` is the line of the journal; null where nothing was changed.
    """

    act: int | None
    accepted: int
    queued: int
    asked: int
    answers: int
    left: dict[str, int]


@dataclass
class _Count:
    accepted: int = 0
    queued: int = 0
    asked: int = 0
    answers: int = 0

    def take(self, held: Held, decision: Decision, policy: Policy) -> None:
        self.answers += 0 if decision.source else policy.reviewers_for(decision.reason)
        self.answers -= len(held.open_slots)
        if held.placement.place == "settled":
            self.queued += 1
        elif decision.source:
            self.accepted += 1
        else:
            self.asked += 1


Pair = tuple[ToRoute, Decision]
Routing = Callable[[Session, Run, Sequence[Held]], list[tuple[Held, Pair]]]


def plan(store: Store, run_id: int, policy: Policy, lease_seconds: float) -> Rerouted:
    """What the policy would do now; nothing is changed. Raises as `carry_out`."""
    count, left = _Count(), Counter[str]()
    with store.reading() as session:
        run = runs.get(session, run_id)
        _check(session, run, policy)
        after, routing = 0, _routing(session, run, policy)
        while ids := _next(session, run, after):
            moving, why_left = _moving(
                session, run, by_filter.load(session, ids), routing, policy, lease_seconds
            )
            for held, (_, decision) in moving:
                count.take(held, decision, policy)
            left, after = left + why_left, ids[-1]
            session.expunge_all()
            run = runs.get(session, run_id)
    return Rerouted(act=None, **asdict(count), left=dict(left))


def carry_out(store: Store, run_id: int, policy: Policy, lease_seconds: float, by: User) -> Rerouted:
    """Give the run the policy, which holds for all that is routed from now on, and route again what may be.

    Raises NotFound, InputError where the policy does not suit the run, Conflict where a guarantee rests on the one it has.
    """
    with store.writing() as session:
        run = session.get(Run, run_id, with_for_update=True) or runs.get(session, run_id)
        _check(session, run, policy)
        before, run.policy = run.policy, policy.model_dump(mode="json")
        session.add(run)
        act = journal.note(session, by, "run.policy", run, before=before, after=run.policy)
    count, left, after = _Count(), Counter[str](), 0
    while True:
        with store.writing() as session:
            run = runs.get(session, run_id)
            if run.policy != policy.model_dump(mode="json"):
                raise Conflict(
                    f"run {run_id} has just been given another policy: that one goes on with what is left"
                )
            if not (ids := _next(session, run, after)):
                break
            place.lock(session, ids)
            held = by_filter.load(session, ids, is_locking=True)
            routing = _routing(session, run, policy)
            moving, why_left = _moving(session, run, held, routing, policy, lease_seconds)
            for one, (_, decision) in moving:
                count.take(one, decision, policy)
            _move(session, run, moving, policy)
            left, after = left + why_left, ids[-1]
    with store.writing() as session:
        run = runs.get(session, run_id)
        journal.note(session, by, "run.reroute", run, **asdict(count))
    return Rerouted(act=act, **asdict(count), left=dict(left))


def _check(session: Session, run: Run, policy: Policy) -> None:
    drawn.refuse_where_drawn(session, [run.id or 0], "another policy")
    had = Policy.model_validate(run.policy)
    if policy.rule != had.rule:
        raise InputError(
            f"policy.rule: a run keeps its rule, which is {had.rule!r}: start another one under {policy.rule!r}; "
            "the drafts that were paid for cost nothing again"
        )
    policy.check_fields(runs.schema_of(session, run))


def _next(session: Session, run: Run, after: int) -> list[int]:
    """The next placements that may be routed again: accepted ones, queued ones that routing has queued, and drafted ones, which a
    worker may just be routing by the policy before: once they are locked that is over, and shows."""
    found = session.exec(
        select(Placement.id)
        .where(
            *(Placement.run_id == run.id, col(Placement.id) > after),
            col(Placement.place).in_(("settled", "drafted"))
            | ((col(Placement.place) == "queued") & col(Placement.reason).in_(ROUTED)),
        )
        .order_by(col(Placement.id))
        .limit(BATCH)
    )
    return [placement_id for placement_id in found if placement_id is not None]


def _routing(session: Session, run: Run, policy: Policy) -> Routing:
    """What decides anew where examples go, by all of the run's gold."""
    schema: LabelSchema = runs.schema_of(session, run)
    judgement = route.judge(session, run, schema, policy)
    bars = [step.take_from for step in steps_of(run)]

    def routed(session: Session, run: Run, held: Sequence[Held]) -> list[tuple[Held, Pair]]:
        by_id = {one.placement.id: one for one in held}
        rows = session.execute(
            route.with_drafts().where(col(Placement.id).in_(by_id)).order_by(col(Placement.id))
        )
        found = []
        for one in route.to_route(session, run, rows.all()):
            decision = judgement.decide(replace(one.drafted, take_from=bars[one.step]), schema, policy)
            found.append((by_id[one.placement_id], audits.divert(run, policy, one, decision)))
        return found

    return routed


def _moving(
    session: Session, run: Run, held: Sequence[Held], routing: Routing, policy: Policy, lease_seconds: float
) -> tuple[list[tuple[Held, Pair]], Counter[str]]:
    """Those that go elsewhere, with where; and how many of the others stay, by why."""
    why_not = {one.placement.id: _why_not(one, lease_seconds) for one in held}
    left = Counter(why for why in why_not.values() if why)
    may = [one for one in held if not why_not[one.placement.id]]
    moving = [(one, pair) for one, pair in routing(session, run, may) if _is_elsewhere(one, pair[1], policy)]
    left["it stays where it is"] += len(may) - len(moving)
    return moving, +left


def _why_not(held: Held, lease_seconds: float) -> str:
    place, reason = held.placement.place, held.placement.reason
    if held.is_removed:
        return REMOVED
    if place == "settled":
        return "" if held.source == "auto" else "people or gold have settled it"
    if place != "queued" or reason not in ROUTED:  # it has been moved since it was found
        return (
            "it is still to be routed"
            if place == "drafted"
            else "it waits for people for a reason of its own"
        )
    if any(slot.state == "answered" or slot.for_senior for slot in held.slots):
        return "someone has answered it"
    return IN_HAND if held.is_in_hand(lease_seconds) else ""


def _is_elsewhere(held: Held, decision: Decision, policy: Policy) -> bool:
    """Whether a decision is another than the one that put the example where it is."""
    if decision.source or held.placement.place == "settled":
        return bool(decision.source) != (held.placement.place == "settled")
    wanted = policy.reviewers_for(decision.reason)
    return decision.reason != held.placement.reason or wanted != len(held.open_slots)


def _move(session: Session, run: Run, moving: Sequence[tuple[Held, Pair]], policy: Policy) -> None:
    requeue.withdraw(session, [held for held, _ in moving])
    routed = [pair for _, pair in moving]
    session.flush()
    place.follow(session, run, routed, policy, checks.pick(session, run, routed, policy))
