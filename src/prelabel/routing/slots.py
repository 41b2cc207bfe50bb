"""Slots of the review queue: each asks one person for one answer to an example."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from prelabel.bulk import insert_rows
from prelabel.canonical import Json
from prelabel.models import CHECK, Slot, now
from prelabel.routing import order
from prelabel.routing.policy import Decision, Drafted, Policy


@dataclass(frozen=True)
class ToRoute:
    """A drafted example that waits to be accepted or queued; `note` says why its draft cannot be used, if the schema says so."""

    placement_id: int
    example_id: int
    is_gold: bool
    draft_id: int
    step: int
    drafted: Drafted
    note: str = ""


@dataclass(frozen=True)
class ToCheck:
    """An example that gold settles and that people are asked about as well; `blind` where its draft would look accepted.

    `shown` is what they see in place of the draft (`prelabel.routing.planting`).
    """

    placement_id: int
    example_id: int
    confidence: float | None
    blind: bool
    shown: dict[str, Json] | None = None


def ask(
    session: Session,
    run_id: int,
    asked: Sequence[tuple[ToRoute, Decision]],
    policy: Policy,
    checks: Sequence[ToCheck],
) -> None:
    """Put examples into the queue, for as many people each as the policy asks for, and checks among them."""
    values = [
        order.value(decision.reason, decision.confidence, one.is_gold, run_id, one.example_id)
        for one, decision in asked
    ]
    among = sorted(value for value in values if value is not None)
    found: list[dict[str, Any]] = []
    for (one, decision), value in zip(asked, values, strict=True):
        priority = order.place_among(among, run_id, one.example_id) if value is None else value
        wanted = policy.reviewers_for(decision.reason)
        slot = row(run_id, one.placement_id, one.example_id, decision.reason, priority, wanted)
        found += [slot | {"blind": policy.is_blind(decision)}] * wanted
    for check in checks:
        confidence = None if check.blind else check.confidence
        value = order.value(CHECK, confidence, True, run_id, check.example_id)
        priority = order.place_among(among, run_id, check.example_id) if value is None else value
        wanted = policy.reviewers_for(CHECK)
        slot = row(run_id, check.placement_id, check.example_id, CHECK, priority, wanted)
        found += [slot | {"blind": check.blind, "shown_draft": check.shown}] * wanted
    if checks:  # people see the ids of slots: these must not tell the checks either
        found.sort(key=lambda slot: order.draw(run_id, slot["example_id"]))
    insert_rows(session, Slot, found)
    order.mix_in(session, run_id, among)


def ask_again(session: Session, like: Slot, count: int) -> None:
    """Want so many more answers to a queued example, as the one that a slot stands for."""
    slot = row(like.run_id, like.placement_id, like.example_id, like.reason, like.priority, like.wanted)
    slot |= {"blind": like.blind, "for_senior": like.for_senior, "shown_draft": like.shown_draft}
    insert_rows(session, Slot, [slot] * count)


def ask_senior(session: Session, like: Slot, distance: float) -> None:
    """Have a senior settle what reviewers answered to a slot's example and its siblings, so far apart from each other."""
    slot = row(like.run_id, like.placement_id, like.example_id, like.reason, order.for_senior(distance))
    insert_rows(session, Slot, [slot | {"blind": like.blind, "for_senior": True}])


def row(
    run_id: int, placement_id: int, example_id: int, reason: str, priority: int, wanted: int = 1
) -> dict[str, Any]:
    """An open slot, as `insert_rows` takes it: one answer of a reviewer who sees the draft, of so many `wanted`."""
    return {
        "run_id": run_id,
        "placement_id": placement_id,
        "example_id": example_id,
        "reason": reason,
        "priority": priority,
        "for_senior": False,
        "blind": False,
        "wanted": wanted,
        "shown_draft": None,
        "asked_at": now(),
        "state": "open",
        "version": 0,
    }
