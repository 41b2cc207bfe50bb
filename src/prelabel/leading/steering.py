"""How a lead steers the queue: which examples stand first or last in it, and whom some of them are given to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, text
from sqlmodel import Session, col, select

from prelabel.bulk import update_rows
from prelabel.canonical import Json
from prelabel.errors import Conflict
from prelabel.leading.by_filter import IN_HAND, NOT_QUEUED, Act, Held, in_hand
from prelabel.models import CHECK, FREE, Placement, Run, Slot, User, now
from prelabel.people import users
from prelabel.people.membership import hidden_runs
from prelabel.review.closed import closed_runs
from prelabel.review.leases import one_at_a_time
from prelabel.review.rounds import is_live
from prelabel.routing import checks, order
from prelabel.routing.order import Stand
from prelabel.routing.policy import Policy


@dataclass(frozen=True)
class Prioritize(Act):
    """Have queued examples stand before all others, after all others, or where the queue's own order has them.

    Checks go along at their share, so that what stands first has them among it as any other part of the queue.
    """

    to: Stand
    name = "examples.prioritize"

    def details(self) -> dict[str, Json]:
        """Where to."""
        return {"to": self.to}

    def why_not(self, held: Held) -> str:
        """Only what stands elsewhere is moved."""
        if held.placement.place != "queued":
            return NOT_QUEUED
        stands = all(order.moved(slot.priority, self.to) == slot.priority for slot in held.open_slots)
        return "it stands there already" if stands else ""

    def do(self, session: Session, run: Run, held: Sequence[Held]) -> None:
        """Move their slots, and checks with them."""
        moving = [(slot.id, slot.priority) for one in held for slot in one.open_slots]
        share = checks.ratio(Policy.model_validate(run.policy))
        moving += self._checks(session, run, round(share * len(moving))) if share else []
        update_rows(
            session,
            Slot,
            [{"id": slot_id, "priority": order.moved(priority, self.to)} for slot_id, priority in moving],
        )

    def _checks(self, session: Session, run: Run, count: int) -> list[tuple[int | None, int]]:
        """Some that nobody has taken up and that stand elsewhere; what others are just taking is passed over."""
        at = {"first": -order.STRIDE, "own": 0, "last": order.STRIDE}[self.to]
        half = order.STRIDE // 2
        elsewhere = (col(Slot.priority) < at - half) | (col(Slot.priority) > at + half)
        rows = session.exec(
            select(Slot.id, Slot.priority)
            .where(Slot.run_id == run.id, text(FREE), Slot.reason == CHECK, elsewhere)
            .order_by(col(Slot.id))
            .limit(count)
            .with_for_update(skip_locked=True)
        )
        return [(slot_id, priority) for slot_id, priority in rows]


def assignee(session: Session, run: Run, name: str) -> User:
    """Who examples of the run can be given to. Raises NotFound, and Conflict where they would wait there for nobody."""
    user, run_id = users.find(session, name), run.id or 0
    why_not = ""
    if user.disabled_at is not None:
        why_not = "their account is closed"
    elif run_id in hidden_runs(session, user.id or 0):
        why_not = "they are no member of its project"
    elif run_id in closed_runs(session, user.id or 0):
        why_not = "they are paused in it"
    if why_not:
        raise Conflict(f"examples of run {run_id} cannot be given to {name}: {why_not}")
    return user


@dataclass(frozen=True)
class Assign(Act):
    """Give queued examples to one person, who gets them before all others; nobody else is asked for that answer for so many days.

    Where several people are asked about an example, one of the answers is to be theirs.
    """

    user: User
    days: float
    lease_seconds: float
    name = "examples.assign"

    def details(self) -> dict[str, Json]:
        """To whom, and for how long."""
        return {"to": self.user.name, "days": self.days}

    def enter(self, session: Session) -> None:
        """Their own claims wait: they are to get no other slot of an example that is given to them."""
        one_at_a_time(session, self.user.id or 0)

    def why_not(self, held: Held) -> str:
        """What they cannot answer, and what others have."""
        if held.placement.place != "queued":
            return NOT_QUEUED
        if self._slot(held):
            return ""
        if any(slot.claimed_by == self.user.id for slot in held.slots):
            return "they have answered it already"
        if any(is_live(slot) for slot in held.open_slots):
            return "someone else has it"
        return "it waits for a senior"

    def do(self, session: Session, run: Run, held: Sequence[Held]) -> None:
        """Have them hold a slot of each."""
        moment = now()
        until = moment + timedelta(days=self.days)
        for one in held:
            if slot := self._slot(one):
                if slot.claimed_by != self.user.id:
                    slot.claimed_by, slot.claimed_at = self.user.id, None
                    slot.version += 1
                slot.assigned_until = slot.lease_until = until

    def _slot(self, held: Held) -> Slot | None:
        """The slot of theirs that is to be answered, or one that nobody holds; None where there is none."""
        for slot in held.slots:
            if slot.claimed_by == self.user.id:
                return slot if slot.state == "open" else None
        free = (slot for slot in held.open_slots if not is_live(slot) and self._may(slot))
        return next(free, None)

    def _may(self, slot: Slot) -> bool:
        return users.may(self.user, "senior") or not slot.for_senior


@dataclass(frozen=True)
class Unassign(Act):
    """Take back what was given to someone, or to this one, and is not open on their page."""

    user: User | None
    lease_seconds: float
    name = "examples.unassign"

    def details(self) -> dict[str, Json]:
        """From whom."""
        return {"of": self.user.name if self.user else None}

    def narrowed(self) -> Sequence[ColumnElement[bool]]:
        """What is given to someone."""
        given = select(func.count(col(Slot.id))).where(
            Slot.placement_id == Placement.id, Slot.state == "open", col(Slot.assigned_until) >= now()
        )
        if self.user:
            given = given.where(Slot.claimed_by == self.user.id)
        return [given.scalar_subquery() > 0]  # counted one by one: EXISTS is planned as a join of both tables

    def why_not(self, held: Held) -> str:
        """Nothing is taken out of anyone's hands."""
        return "" if self._slots(held) else IN_HAND

    def do(self, session: Session, run: Run, held: Sequence[Held]) -> None:
        """Have the slots free for everyone."""
        for one in held:
            for slot in self._slots(one):
                slot.claimed_by = slot.claimed_at = slot.lease_until = slot.assigned_until = None
                slot.version += 1

    def _slots(self, held: Held) -> list[Slot]:
        moment = now()
        return [
            slot
            for slot in held.open_slots
            if slot.assigned_until is not None
            and slot.assigned_until >= moment
            and (self.user is None or slot.claimed_by == self.user.id)
            and not in_hand(slot, self.lease_seconds)
        ]
