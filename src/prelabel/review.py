"""Step 4, review: people claim slots, answer, skip, flag, and take back.

A claim is a lease, made in one statement, so no slot is held by two people. An answer given after its lease ran out still
counts as long as nobody else has taken the slot: nothing typed is thrown away without need.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_
from sqlalchemy import select as wide_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select, update

from prelabel import place, runs
from prelabel.canonical import Json, canonical
from prelabel.errors import Conflict, InputError, LeaseLost, NotFound
from prelabel.models import Draft, Example, Label, Placement, Review, Run, Slot, now
from prelabel.versions import Translator

MOST_AT_ONCE = 100
"""Slots that one reviewer can hold."""
SKIPS_TO_FAIL = 3
"""Different people who skip an example before it is set aside as failed."""


@dataclass(frozen=True)
class Work:
    """A slot as its reviewer sees it: the example and its draft, and nothing that gives gold away.

    `note` says why an example is asked about that had a label, or whose draft cannot be shown.
    """

    slot_id: int
    run_id: int
    example_id: str
    content: dict[str, Json]
    draft: dict[str, Json] | None
    confidences: dict[str, float]
    alternatives: dict[str, dict[str, float]]
    note: str
    lease_until: datetime


@dataclass(frozen=True)
class Answer:
    """What a reviewer sends: `client_token` names this act, so that sending it twice does it once."""

    client_token: str
    seconds: float = 0
    comment: str = ""


def claim(
    session: Session, user_id: int, limit: int, lease_seconds: float, run_id: int | None = None
) -> list[Work]:
    """Up to `limit` slots for this reviewer: those still held, renewed, then the next ones of the queue.

    An example that the reviewer has answered or skipped in the same run does not come again.
    """
    if not 1 <= limit <= MOST_AT_ONCE:
        raise InputError(f"limit: must be from 1 to {MOST_AT_ONCE}, not {limit}")
    until = now() + timedelta(seconds=lease_seconds)
    held = _held(session, user_id, until, run_id)[:limit]
    fresh = _take(session, user_id, limit - len(held), until, run_id) if len(held) < limit else []
    return _works(session, [*held, *fresh])


def renew(session: Session, user_id: int, slot_ids: Collection[int], lease_seconds: float) -> list[int]:
    """Keep slots a while longer; returns those that are still this reviewer's."""
    renewed = session.exec(
        update(Slot)
        .where(col(Slot.id).in_(slot_ids), col(Slot.claimed_by) == user_id, col(Slot.state) == "open")
        .values(lease_until=now() + timedelta(seconds=lease_seconds))
        .returning(col(Slot.id))
    )
    return sorted(renewed.scalars())


def release(session: Session, user_id: int, slot_ids: Collection[int]) -> None:
    """Give slots back to the queue unanswered."""
    session.exec(
        update(Slot)
        .where(col(Slot.id).in_(slot_ids), col(Slot.claimed_by) == user_id, col(Slot.state) == "open")
        .values(claimed_by=None, claimed_at=None, lease_until=None)
    )


def submit(session: Session, user_id: int, slot_id: int, label: Json, answer: Answer) -> Review:
    """Settle an example with this reviewer's label.

    Raises LabelError where the label does not fit the schema, LeaseLost where the slot went to someone else.
    """
    if before := _said_before(session, user_id, slot_id, answer, ("confirmed", "corrected"), label):
        return before
    slot, placement = _hold(session, user_id, slot_id)
    content = session.get_one(Example, slot.example_id).content
    into = Translator.of(session, runs.get(session, slot.run_id))
    into.schema.validate_label(label, content)
    value = into.schema.normalize(label)
    draft = session.get(Draft, placement.draft_id) if placement.draft_id else None
    drafted = into.fitting(draft.label, draft.schema_version_id, content) if draft else None
    same = drafted is not None and into.schema.distance(drafted, value) == 0
    review = _write(session, slot, placement, user_id, answer, "confirmed" if same else "corrected", value)
    place.settle(session, placement, Label(
        run_id=slot.run_id, example_id=slot.example_id, value=value, source="review",
        draft_id=placement.draft_id, review_id=review.id, schema_version_id=into.version_id,
    ))  # fmt: skip
    return review


def skip(session: Session, user_id: int, slot_id: int, answer: Answer) -> Review:
    """Leave the example to someone else; after `SKIPS_TO_FAIL` people have, it is set aside as failed."""
    if before := _said_before(session, user_id, slot_id, answer, ("skipped",)):
        return before
    slot, placement = _hold(session, user_id, slot_id)
    review = _write(session, slot, placement, user_id, answer, "skipped")
    skips = _skips(session, slot)
    if skips >= SKIPS_TO_FAIL:
        place.fail(placement, f"skipped by {skips} reviewers")
    else:
        place.queue(session, placement, placement.reason)
    return review


def flag(session: Session, user_id: int, slot_id: int, answer: Answer) -> Review:
    """Set the example aside as one that cannot be labeled; the comment says why."""
    if not answer.comment.strip():
        raise InputError("comment: say what is wrong with the example when you flag it")
    if before := _said_before(session, user_id, slot_id, answer, ("flagged",)):
        return before
    slot, placement = _hold(session, user_id, slot_id)
    review = _write(session, slot, placement, user_id, answer, "flagged")
    place.fail(placement, f"flagged: {answer.comment.strip()}")
    return review


def undo(session: Session, user_id: int, lease_seconds: float, client_token: str) -> Work:
    """Take back this reviewer's newest answer that still stands; its slot is theirs again.

    Raises NotFound where there is none, Conflict where someone else has taken it up since.
    """
    if before := _said_before(session, user_id, None, Answer(client_token), ("undone",)):
        slot = session.get_one(Slot, before.slot_id)
        if slot.state != "open" or slot.claimed_by != user_id:
            raise Conflict("that answer was taken back, and the example has been answered again since")
    else:
        slot = _take_back(session, user_id, client_token)
    slot.lease_until = now() + timedelta(seconds=lease_seconds)
    return _works(session, [slot])[0]


def claim_example(session: Session, user_id: int, placement: Placement, lease_seconds: float) -> int:
    """A slot of this very example, for a reviewer who has looked at it elsewhere; returns its id.

    One that is drafted, accepted or failed, or still waits for its draft, is queued for it as "requested". Raises Conflict where
    someone else holds it, or people or gold have settled it.
    """
    slots = session.exec(
        select(Slot).where(Slot.placement_id == placement.id, Slot.state == "open").with_for_update()
    ).all()
    session.refresh(placement, with_for_update=True)
    if placement.place == "settled" and session.get_one(Label, placement.label_id).source != "auto":
        raise Conflict("the example has a label from people already")
    if placement.place != "queued":
        placement.lease_owner = placement.lease_until = None
        slots = [place.queue(session, placement, "requested")]
        session.flush()
    free = [slot for slot in slots if slot.claimed_by == user_id or not _is_live(slot)]
    if not free:
        raise Conflict("someone else has taken up the example")
    free[0].claimed_by, free[0].claimed_at = user_id, now()
    free[0].lease_until = now() + timedelta(seconds=lease_seconds)
    return free[0].id or 0


def _take_back(session: Session, user_id: int, client_token: str) -> Slot:
    undone = aliased(Review)
    taken_back = select(undone.id).where(undone.undoes == Review.id)
    last = session.exec(
        select(Review)
        .where(Review.user_id == user_id, Review.verdict != "undone", ~taken_back.exists())
        .order_by(col(Review.id).desc())
        .limit(1)
    ).first()
    if last is None:
        raise NotFound("there is no answer of yours to take back")
    return take_back(session, last, client_token)


def take_back(session: Session, last: Review, client_token: str) -> Slot:
    """Undo a review that stands; its slot is open again and its reviewer's. Raises Conflict where someone has taken it up since."""
    slot = session.exec(select(Slot).where(Slot.id == last.slot_id).with_for_update()).one()
    placement = session.exec(
        select(Placement).where(Placement.id == slot.placement_id).with_for_update()
    ).one()
    if slot.state == "withdrawn":
        raise Conflict("the schema has changed since, and the example went back to the queue")
    if last.verdict == "skipped":
        _withdraw_reopened(session, slot)
    _write(session, slot, placement, last.user_id, Answer(client_token), "undone", undoes=last.id)
    slot.state = "open"
    place.reopen(placement)
    return slot


def _withdraw_reopened(session: Session, slot: Slot) -> None:
    """The slot that a skip opened for others goes, unless someone has it."""
    later = session.exec(
        select(Slot).where(Slot.placement_id == slot.placement_id, col(Slot.id) > slot.id).with_for_update()
    ).all()
    if any(other.state == "answered" or _is_live(other) for other in later):
        raise Conflict("someone else has taken up the example that you skipped")
    for other in later:
        other.state = "withdrawn"


def _is_live(slot: Slot) -> bool:
    return slot.state == "open" and slot.lease_until is not None and slot.lease_until >= now()


def _held(session: Session, user_id: int, until: datetime, run_id: int | None) -> list[Slot]:
    statement = update(Slot).where(
        col(Slot.claimed_by) == user_id, col(Slot.state) == "open", col(Slot.lease_until) >= now()
    )
    if run_id is not None:
        statement = statement.where(col(Slot.run_id) == run_id)
    return _in_order(session.exec(statement.values(lease_until=until).returning(Slot)).scalars().all())


def _take(session: Session, user_id: int, limit: int, until: datetime, run_id: int | None) -> list[Slot]:
    own = aliased(Slot)
    done = select(own.id).where(
        own.placement_id == Slot.placement_id, own.claimed_by == user_id, own.state == "answered"
    )
    free = (
        select(Slot.id)
        .where(
            Slot.state == "open",
            or_(col(Slot.lease_until).is_(None), col(Slot.lease_until) < now()),
            ~done.exists(),
        )
        .order_by(col(Slot.priority), col(Slot.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if run_id is not None:
        free = free.where(Slot.run_id == run_id)
    taken = session.exec(
        update(Slot)
        .where(col(Slot.id).in_(free))
        .values(claimed_by=user_id, claimed_at=now(), lease_until=until)
        .returning(Slot)
    )
    return _in_order(taken.scalars().all())


def _in_order(slots: Sequence[Slot]) -> list[Slot]:
    return sorted(slots, key=lambda slot: (slot.priority, slot.id or 0))


def _works(session: Session, slots: Sequence[Slot]) -> list[Work]:
    rows = session.execute(
        wide_select(Slot, Example, Draft, Run, col(Placement.note))
        .join(Example, col(Example.id) == Slot.example_id)
        .join(Run, col(Run.id) == Slot.run_id)
        .join(Placement, col(Placement.id) == Slot.placement_id)
        .join(Draft, col(Draft.id) == Placement.draft_id, isouter=True)
        .where(col(Slot.id).in_([slot.id for slot in slots]))
    ).all()
    found = {
        slot.id: _work(slot, example, _as_of(session, draft, run, example.content), note)
        for slot, example, draft, run, note in rows
    }
    return [found[slot.id] for slot in slots]


def _as_of(session: Session, draft: Draft | None, run: Run, content: dict[str, Json]) -> Draft | None:
    """The draft as the run's schema has it; None where it does not fit."""
    if draft is None or draft.label is None or draft.schema_version_id == run.schema_version_id:
        return draft
    into, under = Translator.of(session, run), draft.schema_version_id
    if (label := into.fitting(draft.label, under, content)) is None:
        return None
    changed = {
        "label": label,
        "confidences": into.confidences(draft.confidences, under),
        "alternatives": into.alternatives(draft.alternatives, under),
    }
    return draft.model_copy(update=changed)


def _work(slot: Slot, example: Example, draft: Draft | None, note: str) -> Work:
    return Work(
        slot_id=slot.id or 0,
        run_id=slot.run_id,
        example_id=example.external_id,
        content=example.content,
        draft=draft.label if draft else None,
        confidences=draft.confidences if draft else {},
        alternatives=draft.alternatives if draft else {},
        note=note,
        lease_until=slot.lease_until or now(),
    )


def _hold(session: Session, user_id: int, slot_id: int) -> tuple[Slot, Placement]:
    """Slot and placement under lock, if this reviewer may answer them."""
    slot = session.exec(select(Slot).where(Slot.id == slot_id).with_for_update()).first()
    if slot is None:
        raise NotFound(f"there is no slot {slot_id}")
    if slot.claimed_by != user_id:
        raise LeaseLost(f"slot {slot_id} is not yours: your claim ran out and it went back to the queue")
    if slot.state != "open":
        raise Conflict(f"slot {slot_id} is {slot.state} already")
    placement = session.exec(
        select(Placement).where(Placement.id == slot.placement_id).with_for_update()
    ).one()
    return slot, placement


def _write(
    session: Session,
    slot: Slot,
    placement: Placement,
    user_id: int,
    answer: Answer,
    verdict: str,
    label: dict[str, Json] | None = None,
    undoes: int | None = None,
) -> Review:
    review = Review(
        slot_id=slot.id or 0,
        run_id=slot.run_id,
        example_id=slot.example_id,
        draft_id=placement.draft_id,
        user_id=user_id,
        verdict=verdict,
        label=label,
        seconds=answer.seconds,
        comment=answer.comment,
        client_token=answer.client_token,
        undoes=undoes,
    )
    slot.state = "answered"
    session.add_all([slot, review])
    session.flush()
    return review


def _said_before(
    session: Session,
    user_id: int,
    slot_id: int | None,
    answer: Answer,
    verdicts: Collection[str],
    label: Json = None,
) -> Review | None:
    """The review that this client token made already; Conflict where the token now says something else."""
    before = session.exec(
        select(Review).where(Review.user_id == user_id, Review.client_token == answer.client_token)
    ).first()
    if before is None:
        return None
    same_act = before.verdict in verdicts and slot_id in (None, before.slot_id)
    if not same_act or (label is not None and canonical(label) != canonical(before.label)):
        raise Conflict(f"client_token {answer.client_token!r} was used for another answer already")
    return before


def _skips(session: Session, slot: Slot) -> int:
    """How many people's skips of the slot's example stand."""
    undone = aliased(Review)
    taken_back = select(undone.id).where(undone.undoes == Review.id)
    return session.exec(
        select(func.count(func.distinct(Review.user_id))).where(
            Review.run_id == slot.run_id,
            Review.example_id == slot.example_id,
            Review.verdict == "skipped",
            ~taken_back.exists(),
        )
    ).one()
