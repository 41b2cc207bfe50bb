"""What a reviewer has entered and not sent yet, kept on the server so that a closed page loses nothing.

It belongs to the reviewer and the example: whoever gets the slot later does not see it, and the reviewer finds it again.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session, select

from prelabel.canonical import Json, canonical
from prelabel.errors import Conflict, InputError, LeaseLost, NotFound
from prelabel.models import Scratch, Slot

MOST_CHARACTERS = 1_000_000
MOST_LEVELS = 50
"""How deep lists and objects may lie in each other: what cannot be written into an answer must not be kept."""
FORGET = text("DELETE FROM scratch WHERE user_id = :user_id AND placement_id = :placement_id")


@dataclass(frozen=True)
class Unsent:
    """An unfinished answer: a label that need not be valid yet, and a comment."""

    label: Json = None
    comment: str = ""


def keep(session: Session, user_id: int, slot_id: int, unsent: Unsent, version: int | None = None) -> None:
    """Keep an unfinished answer to a slot that this reviewer holds; an empty one takes away what was kept.

    Raises LeaseLost where the slot is someone else's now, Conflict where it is answered or not at `version` any more.
    """
    if len(_as_text(unsent.label)) > MOST_CHARACTERS:
        raise InputError(f"label: an unfinished answer has at most {MOST_CHARACTERS:,} characters of JSON")
    slot = _slot(session, slot_id)
    check(slot, user_id, version)
    put(session, user_id, slot.placement_id, unsent)


def kept(session: Session, user_id: int, slot_id: int) -> Unsent | None:
    """What this reviewer has entered for the slot's example and not sent; None where there is nothing."""
    found = session.get(Scratch, (user_id, _slot(session, slot_id).placement_id))
    return Unsent(found.label, found.comment) if found else None


def put(session: Session, user_id: int, placement_id: int, unsent: Unsent) -> None:
    """Write down, or take away, what a reviewer has entered for an example."""
    if unsent == Unsent():
        forget(session, user_id, placement_id)
    else:
        scratch = Scratch(
            user_id=user_id, placement_id=placement_id, label=unsent.label, comment=unsent.comment
        )
        session.merge(scratch)


def forget(session: Session, user_id: int, placement_id: int) -> None:
    """Take away what a reviewer has entered for an example, if there is anything."""
    session.execute(FORGET, {"user_id": user_id, "placement_id": placement_id})


def check(slot: Slot, user_id: int, version: int | None) -> None:
    """Raise LeaseLost or Conflict unless the slot is open, this reviewer's, and at the version, where one is given."""
    if slot.claimed_by != user_id:
        raise LeaseLost(f"slot {slot.id} is not yours: your claim ran out and it went back to the queue")
    if slot.state != "open":
        raise Conflict(f"slot {slot.id} is {slot.state} already")
    if version is not None and slot.version != version:
        raise Conflict(
            f"slot {slot.id} has changed since you claimed it (version {slot.version}, not {version}): claim again to see it as it is"
        )


def _slot(session: Session, slot_id: int) -> Slot:
    slot = session.exec(select(Slot).where(Slot.id == slot_id)).first()
    if slot is None:
        raise NotFound(f"there is no slot {slot_id}")
    return slot


def _as_text(label: Json) -> str:
    """The label's JSON. Raises InputError where a database could not keep it, or the API not give it back."""
    try:
        text = canonical(label)
        text.encode()
    except (ValueError, RecursionError) as error:
        raise InputError(f"label: cannot be kept as JSON: {error}") from error
    if _is_deeper(label, MOST_LEVELS):
        raise InputError(f"label: lists and objects lie in each other more than {MOST_LEVELS} deep")
    return text


def _is_deeper(value: Json, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(one, levels - 1) for one in inner)
