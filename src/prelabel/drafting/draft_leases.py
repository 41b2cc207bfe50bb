"""Who drafts an example: a waiting placement is leased to one worker, or to one batch, until it is drafted or the lease ends."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, or_
from sqlmodel import Session, col, select, update

from prelabel.models import Placement, now
from prelabel.money.prices import Lane


def free(run_id: int | SQLColumnExpression[Any], lane: Lane) -> tuple[ColumnElement[bool], ...]:
    """Which placements of a run wait to be drafted by a lane and are leased to nobody."""
    return (
        col(Placement.run_id) == run_id,
        col(Placement.place) == "waiting",
        col(Placement.lane) == lane,
        or_(col(Placement.lease_until).is_(None), col(Placement.lease_until) < now()),
    )


def claim(
    session: Session,
    run_id: int,
    owner: str,
    size: int,
    seconds: float,
    lane: Lane = "live",
    example_ids: Collection[int] | None = None,
) -> list[int]:
    """Lease up to `size` waiting examples of a lane, gold first, or those of `example_ids`; returns their ids.

    Those that are leased to others are passed over.
    """
    which = free(run_id, lane)
    if example_ids is not None:
        which = (*which, col(Placement.example_id).in_(example_ids))
    found = (
        select(Placement.id)
        .where(*which)
        .order_by(col(Placement.is_gold).desc(), col(Placement.id))
        .limit(size)
        .with_for_update(skip_locked=True)
    )
    claimed = session.exec(
        update(Placement)
        .where(col(Placement.id).in_(found))
        .values(
            lease_owner=owner,
            lease_until=now() + timedelta(seconds=seconds),
            attempts=Placement.attempts + 1,
        )
        .returning(col(Placement.example_id))
    )
    return sorted(claimed.scalars())


def renew(session: Session, owner: str, seconds: float) -> None:
    """Keep an owner's leases alive."""
    until = now() + timedelta(seconds=seconds)
    session.exec(update(Placement).where(col(Placement.lease_owner) == owner).values(lease_until=until))


def release(
    session: Session, owner: str, run_id: int | None = None, example_ids: Collection[int] | None = None
) -> None:
    """Give back what an owner has leased and not drafted: all of it, that of a run, or these examples of it."""
    which = [col(Placement.lease_owner) == owner]
    if run_id is not None:
        which.append(col(Placement.run_id) == run_id)
    if example_ids is not None:
        which.append(col(Placement.example_id).in_(example_ids))
    session.exec(
        update(Placement)
        .where(*which)
        .values(lease_owner=None, lease_until=None, attempts=Placement.attempts - 1)
    )


def hold(session: Session, run_id: int, owner: str, example_ids: Collection[int]) -> set[int]:
    """Lock those of these examples that are still leased to the owner; returns their ids."""
    held = session.exec(
        select(Placement.example_id)
        .where(
            Placement.run_id == run_id,
            Placement.lease_owner == owner,
            Placement.place == "waiting",
            col(Placement.example_id).in_(example_ids),
        )
        .with_for_update()
    )
    return set(held)


def leave_batch(session: Session, owner: str, example_ids: Collection[int]) -> None:
    """Have these examples, leased to a batch that gave no usable answer, drafted live."""
    session.exec(
        update(Placement)
        .where(col(Placement.lease_owner) == owner, col(Placement.example_id).in_(example_ids))
        .values(lane="live", lease_owner=None, lease_until=None)
    )
