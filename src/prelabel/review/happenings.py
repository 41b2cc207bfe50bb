"""What has happened to an example in a run, each thing in one form. Who may see what of it, the views decide that are made of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.canonical import Json
from prelabel.models import Draft, Label, Review, Slot, User


@dataclass(frozen=True)
class Happening:
    """Something that happened to an example: a `draft` by a model, one that was `planted` wrong to see whether people look,
    an answer (by its verdict), or a `label` that was settled.

    `who` is a model, a person, or where the label came from; of what was planted, "check". `note` says why a draft failed, or is
    the comment of an answer.
    """

    what: str
    who: str
    label: dict[str, Json] | None
    note: str
    created_at: datetime

    @classmethod
    def of_draft(cls, draft: Draft, **more: Any) -> Self:
        """That a model was asked."""
        return cls("draft", draft.model, draft.label, draft.failure, draft.created_at, **more)

    @classmethod
    def of_review(cls, review: Review, who: str, verdict: str = "", **more: Any) -> Self:
        """That somebody answered, skipped or took back; by another `verdict` where its own would tell too much."""
        return cls(verdict or review.verdict, who, review.label, review.comment, review.created_at, **more)

    @classmethod
    def of_label(cls, label: Label, **more: Any) -> Self:
        """That the example got a label."""
        return cls("label", label.source, label.value, "", label.created_at, **more)


H = TypeVar("H", bound=Happening)


def drafts(session: Session, run_id: int, example_id: int) -> Sequence[Draft]:
    """Its drafts, oldest first."""
    mine = select(Draft).where(Draft.run_id == run_id, Draft.example_id == example_id)
    return session.exec(mine.order_by(col(Draft.id))).all()


def answers(session: Session, run_id: int, example_id: int) -> list[tuple[Review, Slot, str]]:
    """What people did about it, oldest first, each with the slot that asked for it and who it was."""
    rows = session.execute(
        wide_select(Review, Slot, col(User.name))
        .join(Slot, col(Slot.id) == Review.slot_id)
        .join(User, col(User.id) == Review.user_id)
        .where(col(Review.run_id) == run_id, col(Review.example_id) == example_id)
        .order_by(col(Review.id))
    )
    return [(review, slot, who) for review, slot, who in rows]


def labels(session: Session, run_id: int, example_id: int) -> Sequence[Label]:
    """The labels that it had and has, oldest first."""
    mine = select(Label).where(Label.run_id == run_id, Label.example_id == example_id)
    return session.exec(mine.order_by(col(Label.id))).all()


def in_order(found: Iterable[H]) -> list[H]:
    """The earliest first."""
    return sorted(found, key=lambda one: one.created_at)
