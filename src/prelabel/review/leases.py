"""Claiming slots, keeping them, and giving them back.

A claim is a lease: while it lives the slot is nobody else's; when it has run out anyone may take the slot, and until someone
does it is still its holder's: nothing typed is thrown away without need.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, TextClause, bindparam, case, or_, text
from sqlmodel import Session, col, select, update

from prelabel.bulk import is_postgres
from prelabel.errors import Conflict, InputError, NotFound
from prelabel.models import CHECK, FREE, HELD, Label, Placement, Run, Slot, now
from prelabel.models.columns import Moment
from prelabel.people.membership import hidden_runs
from prelabel.review.closed import closed_runs, refusal
from prelabel.review.work import Work, works
from prelabel.routing import place
from prelabel.routing.policy import Policy

MOST_AT_ONCE = 100
"""Slots that one claim can bring."""


@dataclass(frozen=True)
class Source:
    """Where a claim takes slots from: `which` they are, and what is changed in them.

    Of an example whose slots are `alike` only the first is taken; "" where no example can have two.
    """

    which: str
    changes: str
    alike: str = ""


TAKEN = """claimed_by = :user_id, claimed_at = :moment, lease_until = :until, assigned_until = NULL,
    version = version + 1"""
KEPT = "CASE WHEN assigned_until > :until THEN assigned_until ELSE :until END"
"""Until when a slot stays with who holds it: what a lead has given them does not go when they close the page."""
OWN = Source(f"{HELD} AND claimed_by = :user_id", f"claimed_at = :moment, lease_until = {KEPT}")
LET_GO = Source(f"{HELD} AND lease_until < :moment", TAKEN, "lease_until < :moment")
NEXT = Source(FREE, TAKEN, "claimed_by IS NULL")
ALONE = text("SELECT id FROM users WHERE id = :user_id FOR NO KEY UPDATE")


@cache
def _statement(source: Source, in_run: bool, on_postgres: bool, is_closed: bool) -> TextClause:
    """SQL by hand, made once: putting it together for each claim took most of a claim's time.

    OFFSET 0 has PostgreSQL look at an example's other slots one by one for those at the front of the queue, whatever its
    statistics say of the table. The lock passes over what others are just taking.
    """
    return text(f"""
        WITH found AS (
            SELECT id FROM slot WHERE {_conditions(source, in_run, is_closed)}
            ORDER BY priority, id LIMIT :size {"FOR UPDATE SKIP LOCKED" if on_postgres else ""}
        )
        UPDATE slot SET {source.changes} WHERE id IN (SELECT id FROM found) RETURNING id, priority
    """).bindparams(*_types(source.which + source.changes, is_closed))  # noqa: S608 # conditions of our own


@cache
def _question(source: Source, is_closed: bool) -> TextClause:
    which = _conditions(source, in_run=False, is_closed=is_closed)
    return text(f"SELECT 1 FROM slot WHERE {which} LIMIT 1").bindparams(  # noqa: S608 # as above
        *_types(source.which, is_closed)
    )


def _conditions(source: Source, in_run: bool, is_closed: bool) -> str:
    same = "SELECT 1 FROM slot other WHERE other.placement_id = slot.placement_id"
    conditions = [source.which, "for_senior = :for_senior", *(["run_id = :run_id"] if in_run else [])]
    conditions += ["run_id NOT IN :closed"] if is_closed else []
    if source.alike:
        first = f"other.state = 'open' AND other.{source.alike} AND other.id < slot.id"
        conditions += [
            f"NOT EXISTS ({same} AND {which} LIMIT 1 OFFSET 0)"
            for which in ("other.claimed_by = :user_id", first)
        ]
    return " AND ".join(conditions)


def _types(statement: str, is_closed: bool) -> list[BindParameter[Any]]:
    """How the parameters of a statement are sent, where their Python types do not say so."""
    moments = [bindparam(name, type_=Moment()) for name in ("moment", "until") if f":{name}" in statement]
    return [*moments, *([bindparam("closed", expanding=True)] if is_closed else [])]


def has_work(session: Session, user_id: int, for_senior: bool = False) -> bool:
    """Whether a claim would bring this person anything."""
    closed = [*closed_runs(session, user_id), *hidden_runs(session, user_id)]
    given = {"user_id": user_id, "for_senior": for_senior, "moment": now()} | (
        {"closed": closed} if closed else {}
    )
    return any(
        session.execute(_question(source, bool(closed)), given).first() for source in (OWN, LET_GO, NEXT)
    )


def claim(
    session: Session,
    user_id: int,
    limit: int,
    lease_seconds: float,
    run_id: int | None = None,
    for_senior: bool = False,
) -> list[Work]:
    """Up to `limit` slots for this person: those that they hold, renewed, then the next ones of the queue.

    `for_senior` takes from what reviewers disagree on. An example that the person has answered or skipped in the same run
    does not come again, and never comes twice at once. What others let go goes first, for it came first before.
    Nothing comes of runs in which the person is paused; raises NotAllowed where there is nothing else for them.
    """
    if not 1 <= limit <= MOST_AT_ONCE:
        raise InputError(f"limit: must be from 1 to {MOST_AT_ONCE}, not {limit}")
    one_at_a_time(session, user_id)
    closed, hidden = closed_runs(session, user_id), hidden_runs(session, user_id)
    if run_id in hidden:
        raise NotFound(f"there is no run {run_id}")
    if run_id in closed:
        raise refusal([run_id])
    moment = now()
    given: dict[str, object] = {
        "user_id": user_id,
        "run_id": run_id,
        "for_senior": for_senior,
        "moment": moment,
        "until": moment + timedelta(seconds=lease_seconds),
    }
    if run_id is None:
        del given["run_id"]
    if without := [*closed, *hidden]:
        given["closed"] = without
    slot_ids: list[int] = []
    for source in (OWN, LET_GO, NEXT):
        if len(slot_ids) < limit:
            statement = _statement(source, run_id is not None, is_postgres(session), bool(without))
            rows = session.execute(statement, given | {"size": limit - len(slot_ids)}).all()
            slot_ids += [slot_id for _, slot_id in sorted((priority, slot_id) for slot_id, priority in rows)]
    if closed and not slot_ids and run_id is None:
        raise refusal(closed)
    return works(session, slot_ids)


def claim_example(session: Session, user_id: int, placement: Placement, lease_seconds: float) -> int:
    """A slot of this very example, for someone who has looked at it elsewhere; returns its id.

    One that is drafted, accepted or failed, or still waits for its draft, is queued for it as "requested". Raises Conflict where
    others hold it, people or gold have settled it, this person has answered it, or its content was removed.
    """
    one_at_a_time(session, user_id)
    if placement.run_id in closed_runs(session, user_id):
        raise refusal([placement.run_id])
    session.refresh(placement, with_for_update=True)
    if place.removed(session, [placement]):
        raise Conflict("the content of the example was removed: its project keeps none for longer")
    if placement.place == "settled" and session.get_one(Label, placement.label_id).source != "auto":
        raise Conflict("the example has a label from people already")
    if placement.place != "queued":
        placement.lease_owner = placement.lease_until = None
        run = session.get_one(Run, placement.run_id)
        place.ask(session, placement, "requested", Policy.model_validate(run.policy))
    slots = session.exec(
        select(Slot).where(Slot.placement_id == placement.id).order_by(col(Slot.id)).with_for_update()
    ).all()
    if any(slot.claimed_by == user_id and slot.state == "answered" for slot in slots):
        raise Conflict("you have answered the example already")
    free = [
        slot
        for slot in slots
        if slot.state == "open" and not slot.for_senior and slot.reason != CHECK and _is_free(slot, user_id)
    ]
    if not free:
        raise Conflict("someone else has taken up the example")
    slot = next((slot for slot in free if slot.claimed_by == user_id), free[0])
    is_assigned = slot.claimed_by == user_id and slot.assigned_until is not None
    slot.claimed_by, slot.claimed_at, slot.version = user_id, now(), slot.version + 1
    slot.lease_until = now() + timedelta(seconds=lease_seconds)
    if is_assigned and slot.assigned_until is not None:
        slot.lease_until = max(slot.lease_until, slot.assigned_until)
    else:
        slot.assigned_until = None
    session.flush()
    return slot.id or 0


def _is_free(slot: Slot, user_id: int) -> bool:
    return slot.claimed_by in (None, user_id) or slot.lease_until is None or slot.lease_until < now()


def renew(session: Session, user_id: int, slot_ids: Collection[int], lease_seconds: float) -> list[int]:
    """Keep slots a while longer; returns those that are still this person's."""
    moment = now()
    until = moment + timedelta(seconds=lease_seconds)
    kept = case((col(Slot.assigned_until) > until, Slot.assigned_until), else_=until)
    renewed = session.exec(
        update(Slot)
        .where(col(Slot.id).in_(slot_ids), text(HELD), col(Slot.claimed_by) == user_id)
        .values(claimed_at=moment, lease_until=kept)
        .returning(col(Slot.id))
    )
    return sorted(renewed.scalars())


def release(session: Session, user_id: int, slot_ids: Collection[int] | None = None) -> None:
    """Give slots back to the queue unanswered: these, or all that this person holds.

    What a lead has given them stays theirs, and is only no longer open on their page.
    """
    held = update(Slot).where(text(HELD), col(Slot.claimed_by) == user_id)
    if slot_ids is not None:
        held = held.where(col(Slot.id).in_(slot_ids))
    is_assigned = col(Slot.assigned_until) > now()
    session.exec(held.where(is_assigned).values(claimed_at=None))
    given_back = held.where(or_(col(Slot.assigned_until).is_(None), ~is_assigned))
    session.exec(
        given_back.values(
            claimed_by=None, claimed_at=None, lease_until=None, assigned_until=None, version=Slot.version + 1
        )
    )


def one_at_a_time(session: Session, user_id: int) -> None:
    """Have one person's claims and undos wait for each other, as from two tabs."""
    if is_postgres(session):
        session.execute(ALONE, {"user_id": user_id})
