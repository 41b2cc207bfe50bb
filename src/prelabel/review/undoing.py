"""Taking back one's own newest answers. History only grows: an undo is a row of its own."""

from datetime import timedelta

from sqlmodel import Session, col, select

from prelabel.errors import Conflict, NotFound
from prelabel.models import Review, Slot, now
from prelabel.review import acts, rounds, scratch
from prelabel.review.acts import Answer
from prelabel.review.closed import closed_runs
from prelabel.review.leases import one_at_a_time
from prelabel.review.rounds import Round
from prelabel.review.scratch import Unsent
from prelabel.review.work import Work, works
from prelabel.routing import place


def undo(session: Session, user_id: int, lease_seconds: float, client_token: str, limit: int) -> Work:
    """Take back this person's newest answer that still stands; its slot is theirs again, with what they had answered.

    Only the newest `limit` answers, taken back or not, can be reached. Raises NotFound where none of them stands, Conflict
    where someone else has taken the example up since.
    """
    one_at_a_time(session, user_id)
    if before := acts.said_before(session, user_id, None, Answer(client_token), ("undone",)):
        slot = session.get_one(Slot, before.slot_id)
        if slot.state != "open" or slot.claimed_by != user_id:
            raise Conflict("that answer was taken back, and the example has been answered again since")
    else:
        slot = _take_back(session, user_id, client_token, limit)
    slot.lease_until = now() + timedelta(seconds=lease_seconds)
    session.flush()
    return works(session, [slot.id or 0])[0]


def _take_back(session: Session, user_id: int, client_token: str, limit: int) -> Slot:
    return take_back(session, _newest_standing(session, user_id, limit), client_token)


def take_back(session: Session, last: Review, client_token: str) -> Slot:
    """Undo a review that stands; its slot is open again and its reviewer's.

    Raises Conflict where someone has taken it up since, or the content of its example was removed.
    """
    user_id, now_at = last.user_id, rounds.enter(session, last.slot_id)
    slot = now_at.slot
    session.refresh(slot)  # it may have changed while the lock was waited for
    if not now_at.content:
        raise Conflict("that answer stays: the content of its example was removed")
    if slot.state != "answered" or slot.claimed_by != user_id:
        raise Conflict("that answer counts no longer: the example has been queued anew since")
    if not slot.for_senior:
        _recall_from_senior(now_at)
    acts.write(now_at, user_id, Answer(client_token), "undone", undoes=last.id)
    slot.state, slot.version = "open", slot.version + 1
    session.flush()
    if not now_at.is_check:
        place.reopen(now_at.placement, slot.reason)
    if not now_at.fit():
        raise Conflict("someone else has taken up the example that you skipped")
    scratch.put(session, user_id, slot.placement_id, Unsent(last.label, last.comment))
    return slot


def _newest_standing(session: Session, user_id: int, limit: int) -> Review:
    newest = (
        select(Review.id)
        .where(Review.user_id == user_id, Review.verdict != "undone")
        .order_by(col(Review.id).desc())
        .limit(limit)
    )
    found = session.exec(
        select(Review)
        .where(
            col(Review.id).in_(newest),
            ~rounds.taken_back(),
            col(Review.run_id).not_in(closed_runs(session, user_id)),
        )
        .order_by(col(Review.id).desc())
        .limit(1)
    ).first()
    if found is None:
        raise NotFound(f"there is no answer of yours to take back among your newest {limit}")
    return found


def _recall_from_senior(now_at: Round) -> None:
    """The question to the senior goes, unless one has taken it up."""
    answered = any(
        row.verdict in rounds.ANSWERS for row in rounds.standing(now_at.session, now_at.slot, for_senior=True)
    )
    still_open = sum(slot.state == "open" for slot in now_at.slots(for_senior=True))
    if answered or rounds.withdraw(now_at.session, now_at.slot, for_senior=True) < still_open:
        raise Conflict("a senior has taken up the example that you answered")
