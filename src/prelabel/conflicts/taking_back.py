"""What was done about a conflict is taken back: it is open again, with the labels that it was found with."""

from sqlmodel import Session, col, select

from prelabel import review
from prelabel.conflicts import known
from prelabel.errors import Conflict as Refused
from prelabel.models import CHECK, Conflict, Label, Placement, Review, Run, Slot, User
from prelabel.routing import place


def take_back(session: Session, run: Run, conflict_id: int, by: User, client_token: str) -> Conflict:
    """Undo what was done about a conflict; of one that is open already it is done. An answer is taken back by a row of its own.

    Raises Conflict where somebody else dismissed or fixed it, or has taken up an example that was sent to people.
    """
    conflict = known.get(session, run, conflict_id)
    place.lock(session, [one for one in (conflict.placement_id, conflict.other_placement_id) if one])
    session.refresh(conflict, with_for_update=True)
    if conflict.dismissed_at is not None:
        if conflict.dismissed_by != by.id:
            raise Refused(f"conflict {conflict_id} was dismissed by somebody else")
        conflict.dismissed_by = conflict.dismissed_at = None
        conflict.comment = ""
    for placement_id, label_id in (
        (conflict.placement_id, conflict.label_id),
        (conflict.other_placement_id, conflict.other_label_id),
    ):
        if placement_id and label_id:
            placement = session.get_one(Placement, placement_id, populate_existing=True)
            if placement.label_id != label_id:
                _give_back(session, placement, session.get_one(Label, label_id), by, client_token)
    session.flush()
    if not known.is_open(session, conflict):
        raise Refused(f"conflict {conflict_id} cannot be opened again: there was another search since")
    return conflict


def _give_back(session: Session, placement: Placement, label: Label, by: User, client_token: str) -> None:
    """The label that an example had, unless others than the one who fixed it have to do with it."""
    if placement.reason != "conflict":
        raise Refused("an example of this conflict has been labeled anew since, for another reason")
    if placement.place == "settled":
        review.take_back(session, _own_answer(session, placement, by), client_token)
    slots = session.exec(
        select(Slot)
        .where(Slot.placement_id == placement.id, col(Slot.state) != "withdrawn", Slot.reason != CHECK)
        .order_by(col(Slot.id))
        .with_for_update()
    ).all()
    if any(slot.state == "answered" or slot.claimed_by not in (None, by.id) for slot in slots):
        raise Refused("somebody has taken up the example that was sent to people")
    for slot in slots:
        slot.state, slot.claimed_by, slot.version = "withdrawn", None, slot.version + 1
    place.hold_again(session, placement, label, _reason_of(session, label))


def _own_answer(session: Session, placement: Placement, by: User) -> Review:
    """The answer that settled it, where it is this person's."""
    now_holds = session.get_one(Label, placement.label_id)
    answer = session.get(Review, now_holds.review_id) if now_holds.review_id else None
    if answer is None or answer.user_id != by.id:
        raise Refused("an example of this conflict has been settled by somebody else since")
    return answer


def _reason_of(session: Session, label: Label) -> str:
    """Why an example was in the queue before its label settled it; empty where it never was."""
    if label.review_id is None:
        return ""
    return session.get_one(Slot, session.get_one(Review, label.review_id).slot_id).reason
