"""The order of the review queue: what was asked for first, then by value, with audits and gold anywhere among the others.

A slot's priority is a whole number, the lowest goes first, and equal ones go by id: the order is the same for everyone and
does not change while people work. Example by example it says nothing of why it is there.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal

from sqlalchemy import text
from sqlmodel import Session, col, select

from prelabel.bulk import update_rows
from prelabel.models import FREE, Slot

FIRST = {"requested": -2_000_000, "conflict": -1_000_000}
"""Reasons that go before all others, and by how much."""
Stand = Literal["first", "own", "last"]
"""Where a lead has examples stand: before all others, where the queue's own order has them, or after all others."""
STRIDE = 10_000_000
"""How far that moves them: more than twice what any other two are apart, so that it can be told from a priority alone."""
LAST = 1_001_000
"""Where what is to be hidden among others waits until there are others."""


def value(reason: str, confidence: float | None, is_gold: bool, run_id: int, example_id: int) -> int | None:
    """The priority of an example by its own worth, the least sure first; None where it is to lie anywhere among the others.

    Examples of the same thousandth of confidence lie in an order drawn by their ids: many models know few confidences, and
    what came into the queue before the others would give itself away among them.
    """
    if reason in FIRST:
        return FIRST[reason] + int((confidence or 0) * 999) * 1000 + draw(run_id, example_id) % 1000
    if confidence is None or reason == "audit" or (is_gold and reason == "gold_failed"):
        return None
    return int(confidence * 1000) * 1000 + draw(run_id, example_id) % 1000


def place_among(among: Sequence[int], run_id: int, example_id: int) -> int:
    """A priority near one that some of the others have; LAST where there are no others yet."""
    if not among:
        return LAST
    drawn = draw(run_id, example_id)
    return among[drawn // 1000 % len(among)] // 1000 * 1000 + drawn % 1000


def mix_in(session: Session, run_id: int, among: Sequence[int]) -> None:
    """Spread examples that wait at the end among others that have just come in, at most as many as these."""
    if not among:
        return
    waiting = session.execute(
        select(Slot.id, Slot.example_id)
        .where(Slot.run_id == run_id, text(FREE), ~col(Slot.for_senior), Slot.priority == LAST)
        .order_by(col(Slot.id))
        .limit(len(among))
        .with_for_update(skip_locked=True)
    ).all()
    update_rows(session, Slot, [
        {"id": slot_id, "priority": place_among(among, run_id, example_id)}
        for slot_id, example_id in waiting
    ])  # fmt: skip


def moved(priority: int, to: Stand) -> int:
    """The priority of a slot whose example a lead moves; those that are moved alike keep their order among each other."""
    own = priority - round(priority / STRIDE) * STRIDE
    return own + {"first": -STRIDE, "own": 0, "last": STRIDE}[to]


def anew(priority: int, own: int) -> int:
    """The priority of a slot that gets another one of its own, and stands where a lead has put it all the same."""
    return own + round(priority / STRIDE) * STRIDE


def for_senior(distance: float) -> int:
    """The priority of what a senior is to settle: the further apart the answers, the sooner."""
    return round((1 - distance) * 1000)


def draw(run_id: int, example_id: int) -> int:
    """A number that seems random and is always the same for an example of a run."""
    return int.from_bytes(blake2b(f"{run_id}/{example_id}".encode(), digest_size=8).digest())
