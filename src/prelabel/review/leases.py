"""Claiming slots, keeping them, and giving them back.

A claim is a lease: while it lives the slot is nobody else's; when it has run out anyone may take the slot, and until someone
does it is still its holder's: nothing typed is thrown away without need.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Exists, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select, update

from prelabel.errors import InputError
from prelabel.models import FREE, HELD, Slot, User, now
from prelabel.review.work import Work, works

MOST_AT_ONCE = 100
"""Slots that one claim can bring."""


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
    """
    if not 1 <= limit <= MOST_AT_ONCE:
        raise InputError(f"limit: must be from 1 to {MOST_AT_ONCE}, not {limit}")
    one_at_a_time(session, user_id)
    which = [
        col(Slot.for_senior).is_(for_senior),
        *([col(Slot.run_id) == run_id] if run_id is not None else []),
    ]
    until = now() + timedelta(seconds=lease_seconds)
    slots = _renew_held(session, user_id, [text(HELD), col(Slot.claimed_by) == user_id, *which], limit, until)
    for others in (_expired(user_id), _free(user_id)):
        if len(slots) < limit:
            slots += _take(session, user_id, [*others, *which], limit - len(slots), until)
    return works(session, slots)


def renew(session: Session, user_id: int, slot_ids: Collection[int], lease_seconds: float) -> list[int]:
    """Keep slots a while longer; returns those that are still this person's."""
    renewed = session.exec(
        update(Slot)
        .where(col(Slot.id).in_(slot_ids), *_is_held_by(user_id))
        .values(lease_until=now() + timedelta(seconds=lease_seconds))
        .returning(col(Slot.id))
    )
    return sorted(renewed.scalars())


def release(session: Session, user_id: int, slot_ids: Collection[int] | None = None) -> None:
    """Give slots back to the queue unanswered: these, or all that this person holds."""
    which = _is_held_by(user_id) if slot_ids is None else [*_is_held_by(user_id), col(Slot.id).in_(slot_ids)]
    session.exec(
        update(Slot)
        .where(*which)
        .values(claimed_by=None, claimed_at=None, lease_until=None, version=Slot.version + 1)
    )


def one_at_a_time(session: Session, user_id: int) -> None:
    """Have one person's claims and undos wait for each other, as from two tabs."""
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def _is_held_by(user_id: int) -> list[ColumnElement[bool]]:
    return [text(HELD), col(Slot.claimed_by) == user_id]  # type: ignore[list-item] # text is a condition too


def _renew_held(
    session: Session, user_id: int, which: Sequence[Any], limit: int, until: datetime
) -> list[Slot]:
    found = select(Slot.id).where(*which).order_by(col(Slot.priority), col(Slot.id)).limit(limit).cte("found")
    return _in_order(
        session.exec(
            update(Slot)
            .where(col(Slot.id).in_(select(found.c.id)), col(Slot.claimed_by) == user_id)
            .values(lease_until=until)
            .returning(Slot)
        )
        .scalars()
        .all()
    )


def _free(user_id: int) -> list[Any]:
    """Slots that nobody holds, the first of each example."""
    other = aliased(Slot)
    before = (
        select(other.id)
        .where(
            other.placement_id == Slot.placement_id,
            col(other.claimed_by).is_(None),
            other.state == "open",
            col(other.id) < Slot.id,
        )
        .offset(0)
    )
    return [text(FREE), ~_knows(user_id), ~before.exists()]


def _expired(user_id: int) -> list[Any]:
    """Slots whose holders have gone, the first of each example."""
    other, moment = aliased(Slot), now()
    before = (
        select(other.id)
        .where(
            other.placement_id == Slot.placement_id,
            other.state == "open",
            col(other.lease_until) < moment,
            col(other.id) < Slot.id,
        )
        .offset(0)
    )
    return [text(HELD), col(Slot.lease_until) < moment, ~_knows(user_id), ~before.exists()]


def _knows(user_id: int) -> Exists:
    """Whether the person holds or has answered a slot of the same example.

    OFFSET 0 has PostgreSQL look this up for the few slots at the front, whatever its statistics say of the table.
    """
    own = aliased(Slot)
    return (
        select(own.id)
        .where(own.placement_id == Slot.placement_id, own.claimed_by == user_id)
        .offset(0)
        .exists()
    )


def _take(session: Session, user_id: int, which: Sequence[Any], limit: int, until: datetime) -> list[Slot]:
    """Lease the next slots; those that others are just taking are passed over."""
    found = (
        select(Slot.id)
        .where(*which)
        .order_by(col(Slot.priority), col(Slot.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("found")
    )
    taken = session.exec(
        update(Slot)
        .where(col(Slot.id).in_(select(found.c.id)))
        .values(claimed_by=user_id, claimed_at=now(), lease_until=until, version=Slot.version + 1)
        .returning(Slot)
    )
    return _in_order(taken.scalars().all())


def _in_order(slots: Sequence[Slot]) -> list[Slot]:
    return sorted(slots, key=lambda slot: (slot.priority, slot.id or 0))
