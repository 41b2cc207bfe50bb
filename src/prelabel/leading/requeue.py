"""A lead sends examples back to people, or has them closed: nobody is to review them any more. Either undoes the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, update

from prelabel.canonical import Json
from prelabel.leading.by_filter import IN_HAND, NOT_QUEUED, Act, Held
from prelabel.models import Run, Slot
from prelabel.routing import place
from prelabel.routing.policy import Policy


@dataclass(frozen=True)
class Requeue(Act):
    """Queue settled and failed examples anew as "requested", with a note why. Their label stays as history.

    Who has answered one before may answer it again.
    """

    note: str
    name = "examples.requeue"

    def details(self) -> dict[str, Json]:
        """The note."""
        return {"note": self.note}

    def why_not(self, held: Held) -> str:
        """Gold has the right label already, and what is on its way to people or not drafted gets there anyhow."""
        if held.placement.place == "queued":
            return "it is queued already"
        if held.placement.place in ("waiting", "drafted"):
            return "it is still to be drafted"
        return "gold has settled it" if held.source == "gold" else ""

    def do(self, session: Session, run: Run, held: Sequence[Held]) -> None:
        """Queue them."""
        called_back = [(one.placement, self.note) for one in held]
        place.call_back(session, called_back, Policy.model_validate(run.policy))


@dataclass(frozen=True)
class Close(Act):
    """Set queued examples aside as failed, with a note why. What was answered stays as history."""

    note: str
    lease_seconds: float
    name = "examples.close"

    def details(self) -> dict[str, Json]:
        """The note."""
        return {"note": self.note}

    def why_not(self, held: Held) -> str:
        """Nothing is taken out of anyone's hands."""
        if held.placement.place != "queued":
            return NOT_QUEUED
        return IN_HAND if held.is_in_hand(self.lease_seconds) else ""

    def do(self, session: Session, run: Run, held: Sequence[Held]) -> None:
        """Ask nobody any more."""
        withdraw(session, held)
        for one in held:
            place.fail(one.placement, f"closed: {self.note}")


def withdraw(session: Session, held: Sequence[Held]) -> None:
    """Take back all open slots of these examples; they are locked."""
    ids = [slot.id for one in held for slot in one.open_slots]
    for some in (ids[at : at + place.BATCH] for at in range(0, len(ids), place.BATCH)):
        session.exec(
            update(Slot)
            .where(col(Slot.id).in_(some))
            .values(state="withdrawn", claimed_by=None, assigned_until=None, version=Slot.version + 1)
        )
