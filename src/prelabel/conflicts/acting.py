"""What leads and seniors do about conflicts: send them to people, give either side a new label, or let both stand."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from sqlmodel import Session, col, select

from prelabel import review
from prelabel.canonical import Json
from prelabel.conflicts import known
from prelabel.errors import Conflict as Refused
from prelabel.errors import InputError
from prelabel.models import (
    CHECK,
    Conflict,
    Example,
    Label,
    Placement,
    Review,
    Run,
    SchemaVersion,
    Slot,
    User,
    now,
)
from prelabel.review import Answer
from prelabel.routing import place
from prelabel.routing.drawn import is_audited
from prelabel.routing.policy import Policy
from prelabel.runs import schema_at

SideName = Literal["example", "counterpart"]
MOST_AT_ONCE = 1_000
PAIRS = ("same_text", "near_duplicate")
"""Ways by which either side may be the wrong one."""
LEASE_SECONDS = 60
_CLOSED = "conflict {} is not open any more: a label has changed, or it was dismissed"


def queue(session: Session, run: Run, most: int, above: float, people: bool = False) -> list[str]:
    """Send examples of open conflicts to people, the likeliest wrong first; returns their ids.

    Of two near texts the other side goes where that one may and the doubted one may not. With `people` also those go that people
    have labeled. What is or was an audit never goes, nor what is gold.
    """
    sent: dict[str, tuple[Placement, str]] = {}
    after = 0
    while len(sent) < most and (found := known.listed(session, run, after, MOST_AT_ONCE, above)):
        for doubt in found[:]:
            if len(sent) < most:
                sent |= _to_send(session, known.get(session, run, doubt.id), doubt, people, sent)
        after = found[-1].id
    return _call_back(session, run, sent)


def send(session: Session, run: Run, conflict_id: int) -> str:
    """Send one open conflict to people, whoever labeled it; the id of the example that goes.

    Raises Conflict where it is not open any more, or where neither side may go.
    """
    conflict = known.get(session, run, conflict_id)
    if (doubt := known.as_open(session, conflict)) is None:
        raise Refused(_CLOSED.format(conflict_id))
    for name in _call_back(session, run, _to_send(session, conflict, doubt, people=True, sent={})):
        return name
    raise Refused(f"conflict {conflict_id}: people cannot be asked about it; fix either side, or dismiss it")


def _call_back(session: Session, run: Run, sent: dict[str, tuple[Placement, str]]) -> list[str]:
    """Those whose label is still the one that was doubted; their ids."""
    for name, (placement, _) in sorted(sent.items(), key=lambda one: one[1][0].id or 0):
        label_id = placement.label_id
        session.refresh(placement, with_for_update=True)
        if placement.place != "settled" or placement.label_id != label_id:
            del sent[name]
    place.call_back(session, list(sent.values()), Policy.model_validate(run.policy), "conflict")
    return list(sent)


def _to_send(
    session: Session,
    conflict: Conflict,
    doubt: known.Doubt,
    people: bool,
    sent: dict[str, tuple[Placement, str]],
) -> dict[str, tuple[Placement, str]]:
    """The side that goes, unless one goes already."""
    names = [doubt.example, doubt.counterpart]
    if any(name in sent for name in names):
        return {}
    ids = [conflict.placement_id, conflict.other_placement_id if conflict.way in PAIRS else None]
    for name, other, placement_id in zip(names, reversed(names), ids, strict=True):
        if name and placement_id and _may_go(session, placement_id, people):
            like = f"compare example {other}: " if other else ""
            note = f"its {conflict.field} may be wrong; {like}{_in_words(conflict.way)}"
            return {name: (session.get_one(Placement, placement_id), note)}
    return {}


def _in_words(way: str) -> str:
    """Without any label: the answer is to be given afresh."""
    return {
        "same_text": "the same text has another label there",
        "near_duplicate": "nearly the same text has another label there",
        "neighbours": "similar examples have other labels",
        "model": "a model that learned from the other labels expects another one",
        "marked_elsewhere": "the same words are marked otherwise there",
    }[way]


def _may_go(session: Session, placement_id: int, people: bool) -> bool:
    placement = session.get_one(Placement, placement_id)
    label = session.get_one(Label, placement.label_id)
    audits = select(Slot.id).where(Slot.placement_id == placement_id, Slot.reason == "audit")
    is_audit = placement.reason == "audit" or session.exec(audits.limit(1)).first() is not None
    is_audit = is_audit or is_audited(session, placement.run_id, placement.example_id)
    return not placement.is_gold and not is_audit and (people or label.source == "auto")


def dismiss(session: Session, run: Run, conflict_id: int, by: User, comment: str = "") -> Conflict:
    """Let both labels stand: these two never come again with these values. Done again, it changes nothing."""
    conflict = known.get(session, run, conflict_id)
    session.refresh(conflict, with_for_update=True)
    if conflict.dismissed_at is None:
        conflict.dismissed_by, conflict.dismissed_at, conflict.comment = by.id, now(), comment.strip()
        session.add(conflict)
        session.flush()
    return conflict


def resolve(
    session: Session, run: Run, conflict_id: int, by: User, side: SideName, label: Json, answer: Answer
) -> Review:
    """Give one side of an open conflict a new label, as a senior's answer to it. Sent twice with one client token, it is done once.

    Raises Conflict where it is not open any more, LabelError where the label does not fit.
    """
    conflict, user_id = known.get(session, run, conflict_id), by.id or 0
    placement_id = conflict.placement_id if side == "example" else conflict.other_placement_id
    if placement_id is None:
        raise InputError(f"side: conflict {conflict_id} has no counterpart")
    placement = session.get_one(Placement, placement_id, with_for_update=True)
    content = session.get_one(Example, placement.example_id).content
    schema = schema_at(session.get_one(SchemaVersion, run.schema_version_id).document)
    schema.validate_label(label, content)
    value = schema.normalize(label)
    if before := review.said_before(session, user_id, None, answer, ("confirmed", "corrected"), value):
        return before
    if not known.is_open(session, conflict):
        raise Refused(_CLOSED.format(conflict_id))
    note = f"conflict {conflict_id}: {conflict.why}"
    place.call_back(session, [(placement, note)], Policy.model_validate(run.policy), "conflict")
    return review.submit(session, user_id, _claimed(session, placement, user_id), label, answer)


def _claimed(session: Session, placement: Placement, user_id: int) -> int:
    """The one slot of an example that was just called back, as this person's to settle; the others go."""
    slots: Sequence[Slot] = session.exec(
        select(Slot)
        .where(Slot.placement_id == placement.id, Slot.state == "open", Slot.reason != CHECK)
        .order_by(col(Slot.id))
        .with_for_update()
    ).all()
    first, *others = slots
    for slot in others:
        slot.state = "withdrawn"
    first.for_senior, first.claimed_by, first.claimed_at = True, user_id, now()
    first.lease_until = now() + timedelta(seconds=LEASE_SECONDS)
    session.flush()
    return first.id or 0
