"""What a reviewer does with a slot: submit a label, skip, flag. Sent twice with one client token, an act is done once."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import CursorResult, bindparam, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from prelabel.canonical import Json, canonical
from prelabel.errors import Conflict, InputError
from prelabel.models import Review
from prelabel.operations import metrics
from prelabel.review import pausing, rounds, scratch
from prelabel.review.rounds import Round
from prelabel.store import after_commit

SKIPS_TO_FAIL = 3
"""Different people who skip an example before no further one is asked; fewer where nobody else is left to ask."""

CLOSE = text("""
    UPDATE slot SET state = 'answered', version = version + 1
    WHERE id = :slot_id AND state = 'open' AND claimed_by = :user_id AND version = :version
""")


@dataclass(frozen=True)
class Answer:
    """What a reviewer sends: `client_token` names this act, so that sending it twice does it once.

    With `version` the act is refused where the slot has changed since that version of it was claimed.
    """

    client_token: str
    seconds: float = 0
    comment: str = ""
    version: int | None = None


def submit(session: Session, user_id: int, slot_id: int, label: Json, answer: Answer) -> Review:
    """Answer with a label; the example is settled once as many people have answered as are asked for, and agree.

    Raises LabelError where the label does not fit the schema, LeaseLost where the slot went to someone else, Conflict where
    it is answered already.
    """
    now_at = rounds.enter(session, slot_id)
    now_at.schema.validate_label(label, now_at.content)
    value = now_at.schema.normalize(label)
    if before := said_before(session, user_id, slot_id, answer, ("confirmed", "corrected"), value):
        return before
    verdict = "corrected" if rounds.differs(now_at.schema, now_at.draft, value) else "confirmed"
    review = _answer(now_at, user_id, answer, verdict, value)
    now_at.answered(review)
    pausing.watch(now_at, review)
    return review


def skip(session: Session, user_id: int, slot_id: int, answer: Answer) -> Review:
    """Leave the example to someone else, with the reason in the comment; after `SKIPS_TO_FAIL` have, or all, nobody is asked.

    It is set aside as failed then, or goes to a senior where some have answered it.
    """
    now_at = rounds.enter(session, slot_id)
    if before := said_before(session, user_id, slot_id, answer, ("skipped",)):
        return before
    review = _answer(now_at, user_id, answer, "skipped")
    if len(now_at.skippers()) < SKIPS_TO_FAIL and now_at.is_someone_left():
        now_at.fit()
    else:
        rounds.withdraw(session, now_at.slot, now_at.slot.for_senior)
        now_at.finish()
    return review


def flag(session: Session, user_id: int, slot_id: int, answer: Answer) -> Review:
    """Say that the example cannot be labeled; the comment says why. It is set aside where enough people say so."""
    if not answer.comment.strip():
        raise InputError("comment: say what is wrong with the example when you flag it")
    now_at = rounds.enter(session, slot_id)
    if before := said_before(session, user_id, slot_id, answer, ("flagged",)):
        return before
    review = _answer(now_at, user_id, answer, "flagged")
    now_at.answered(review)
    pausing.watch(now_at, review)
    return review


@cache
def _by_token() -> SelectOfScalar[Review]:
    """Made once: every answer asks it."""
    return select(Review).where(
        Review.user_id == bindparam("user_id"), Review.client_token == bindparam("token")
    )


def said_before(
    session: Session,
    user_id: int,
    slot_id: int | None,
    answer: Answer,
    verdicts: Collection[str],
    label: dict[str, Json] | None = None,
) -> Review | None:
    """The review that this client token made already; Conflict where the token now says something else."""
    before = session.exec(_by_token(), params={"user_id": user_id, "token": answer.client_token}).first()
    if before is None:
        return None
    same_act = before.verdict in verdicts and slot_id in (None, before.slot_id)
    if not same_act or (label is not None and canonical(label) != canonical(before.label)):
        raise Conflict(f"client_token {answer.client_token!r} was used for another answer already")
    return before


def write(
    now_at: Round,
    user_id: int,
    answer: Answer,
    verdict: str,
    label: dict[str, Json] | None = None,
    undoes: int | None = None,
) -> Review:
    """Add a row to the history. Raises Conflict where the same token is just being used for something else."""
    review = Review(
        slot_id=now_at.slot.id or 0,
        run_id=now_at.slot.run_id,
        example_id=now_at.slot.example_id,
        draft_id=None if now_at.shows_a_fault else now_at.placement.draft_id,
        user_id=user_id,
        schema_version_id=now_at.version.id or 0,
        verdict=verdict,
        label=label,
        seconds=answer.seconds,
        comment=answer.comment.strip(),
        client_token=answer.client_token,
        undoes=undoes,
    )
    now_at.session.add(review)
    try:
        now_at.session.flush()
    except IntegrityError as error:
        raise Conflict(
            f"client_token {answer.client_token!r} is just being used for another answer"
        ) from error
    after_commit(now_at.session, metrics.REVIEWS.labels(verdict).inc)
    return review


def _answer(
    now_at: Round, user_id: int, answer: Answer, verdict: str, label: dict[str, Json] | None = None
) -> Review:
    """Close the slot if it is still this person's, and write their answer down."""
    session, slot = now_at.session, now_at.slot
    scratch.check(slot, user_id, answer.version)
    at = {"slot_id": slot.id, "user_id": user_id, "version": slot.version}
    closed = cast(CursorResult[Any], session.execute(CLOSE, at))
    if not closed.rowcount:
        session.refresh(slot)
        scratch.check(slot, user_id, answer.version)
        raise Conflict(f"slot {slot.id} has just changed: try again")
    set_committed_value(slot, "state", "answered")
    set_committed_value(slot, "version", slot.version + 1)
    scratch.forget(session, user_id, slot.placement_id)
    return write(now_at, user_id, answer, verdict, label)
