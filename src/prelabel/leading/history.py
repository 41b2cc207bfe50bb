"""All that happened to one example in a run, in the order of time: for whoever asks why it is labeled as it is."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import export
from prelabel.errors import NotFound
from prelabel.models import CHECK, Call, Example, Placement, Run, Slot, User
from prelabel.review import happenings
from prelabel.review.happenings import Happening
from prelabel.schemas.versions import Translator


@dataclass(frozen=True)
class Drafted:
    """What a draft was made of. `dollars` None: nothing was asked, or no price is known; `calls` counts requests of its step."""

    prompt: str
    confidence: float | None
    confidences: dict[str, float]
    alternatives: dict[str, dict[str, float]]
    dollars: Decimal | None
    calls: int
    seconds: float


@dataclass(frozen=True)
class Act(Happening):
    """What happened, in full.

    Of answers: why they were asked for, in `reason`, how long they took, whether they were a senior's, and whether they were taken
    back. Of labels: whether it `holds`.
    """

    drafted: Drafted | None = None
    reason: str = ""
    seconds: float | None = None
    for_senior: bool = False
    is_undone: bool = False
    holds: bool = False


@dataclass(frozen=True)
class History:
    """An example: its `record` as an export has it, what the queue says of it, to whom it is given, and all that happened."""

    record: dict[str, Any]
    note: str
    wanted: list[str] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)


def of(session: Session, run: Run, external_id: str) -> History:
    """The history of an example in a run. Raises NotFound."""
    found = session.exec(
        select(Placement)
        .join(Example, col(Example.id) == Placement.example_id)
        .where(Placement.run_id == run.id, Example.external_id == external_id)
    ).first()
    if found is None:
        raise NotFound(f"run {run.id} has no example {external_id!r}")
    placement_id, note, label_id = found.id or 0, found.note, found.label_id
    acts = [
        *_drafts(session, run, found.example_id),
        *_answers(session, run, found.example_id),
        *(
            Act.of_label(row, holds=row.id == label_id)
            for row in happenings.labels(session, run.id or 0, found.example_id)
        ),
    ]
    wanted = _wanted(session, placement_id)
    is_it = col(Placement.id) == placement_id
    [(_, record)] = export.read(session, run, Translator.of(session, run), placement_id - 1, 1, is_it)
    return History(record, note, wanted, happenings.in_order(acts))


def _drafts(session: Session, run: Run, example_id: int) -> list[Act]:
    drafts = happenings.drafts(session, run.id or 0, example_id)
    costs = _costs(session, run, example_id)
    newest = {draft.step: draft.id for draft in drafts}  # what a step has asked for is said once
    found = []
    for draft in drafts:
        dollars, calls, latency = costs.get(draft.step, (None, 0, 0))
        if newest[draft.step] != draft.id:
            dollars, calls, latency = None, 0, 0
        drafted = Drafted(
            draft.prompt_digest[:12],
            draft.confidence,
            draft.confidences,
            draft.alternatives,
            dollars,
            calls,
            latency / 1_000,
        )
        found.append(Act.of_draft(draft, drafted=drafted))
    return found


def _costs(session: Session, run: Run, example_id: int) -> dict[int, tuple[Decimal | None, int, int]]:
    """Dollars, requests and milliseconds of the calls for the example, by step."""
    rows = session.execute(
        wide_select(col(Call.step), func.sum(Call.dollars), func.count(), func.sum(Call.latency_ms))
        .where(col(Call.run_id) == run.id, col(Call.example_id) == example_id)
        .group_by(col(Call.step))
    )
    return {step: (dollars, calls, latency) for step, dollars, calls, latency in rows}


def _answers(session: Session, run: Run, example_id: int) -> list[Act]:
    said = happenings.answers(session, run.id or 0, example_id)
    undone = {row.undoes for row, _, _ in said}
    return [
        Act.of_review(
            row,
            who,
            reason=slot.reason,
            seconds=None if row.verdict == "undone" else row.seconds,
            for_senior=slot.for_senior,
            is_undone=row.id in undone,
        )
        for row, slot, who in said
    ]


def _wanted(session: Session, placement_id: int) -> list[str]:
    """Of each answer that is still wanted who has it, "" for nobody."""
    rows = session.execute(
        wide_select(col(User.name))
        .select_from(Slot)
        .join(User, col(User.id) == Slot.claimed_by, isouter=True)
        .where(col(Slot.placement_id) == placement_id, col(Slot.state) == "open", col(Slot.reason) != CHECK)
        .order_by(col(Slot.id))
    )
    return [name or "" for (name,) in rows]
