"""How it is labeled by people: slots of the queue, their answers, and the labels that all of it comes to."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from prelabel.canonical import Json
from prelabel.models.base import now
from prelabel.models.columns import BigId, Moment, NullableJson, index_when, one_of
from prelabel.models.drafting import REASONS

CHECK = "check"
"""The reason of a slot that measures a person: its example stays settled by its gold, whatever is answered."""
SLOT_STATES = ("open", "answered", "withdrawn")
VERDICTS = ("confirmed", "corrected", "skipped", "flagged", "undone")
SOURCES = ("auto", "review", "consensus", "adjudication", "gold")
"""Where a label comes from."""
FREE, HELD = "state = 'open' AND claimed_by IS NULL", "state = 'open' AND claimed_by IS NOT NULL"
"""The few slots that have an index of their own; a query has to say it in these words to use it."""
OPEN = "state = 'open'"
"""As these."""


class Slot(SQLModel, table=True):
    """One answer that is wanted from one person for an example; claimed by a lease. `reason` is why the example was queued.

    `for_senior`: reviewers disagreed, and this one answer settles it. `blind`: it is given without sight of the draft. `version`
    grows whenever the slot changes hands or state, so that a client can tell that what it shows is no longer so. `wanted` is how
    many people its example was queued for. A slot that a lead has given to someone is claimed by them until `assigned_until`, be
    it open on their page or not; `claimed_at` is when they last claimed or renewed it. While a slot is claimed or answered
    nobody else is in `claimed_by`, and nobody is there twice for one example: the database itself keeps a reviewer from getting
    it again. `asked_at` is when it came into the queue. A check may show something else than its draft: `shown_draft`, with its look and whether it is `wrong`, as
    `prelabel.routing.planting` makes it.
    """

    __table_args__ = (
        one_of("state", SLOT_STATES),
        one_of("reason", REASONS),
        UniqueConstraint("placement_id", "claimed_by"),
        index_when(FREE, "ix_slot_free_in_run", "run_id", "for_senior", "priority", "id"),
        index_when(FREE, "ix_slot_free", "for_senior", "priority", "id"),
        index_when(HELD, "ix_slot_held", "claimed_by", "for_senior", "priority", "id"),
        index_when(HELD, "ix_slot_expiring", "lease_until"),
        index_when(OPEN, "ix_slot_open", "reason", "for_senior", "asked_at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    placement_id: int = Field(foreign_key="placement.id", sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    reason: str
    priority: int
    for_senior: bool = False
    blind: bool = False
    wanted: int = 1
    shown_draft: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    asked_at: datetime = Field(default_factory=now, sa_type=Moment)
    state: str = "open"
    version: int = 0
    claimed_by: int | None = Field(default=None, foreign_key="users.id")
    claimed_at: datetime | None = Field(default=None, sa_type=Moment)
    lease_until: datetime | None = Field(default=None, sa_type=Moment)
    assigned_until: datetime | None = Field(default=None, sa_type=Moment)


class Scratch(SQLModel, table=True):
    """What a reviewer has entered for an example and not sent yet; `label` need not be valid. Gone once they answer."""

    user_id: int = Field(primary_key=True, foreign_key="users.id")
    placement_id: int = Field(primary_key=True, foreign_key="placement.id", sa_type=BigId)
    label: Json | None = Field(default=None, sa_type=NullableJson)
    comment: str = Field(default="", sa_type=Text)
    saved_at: datetime = Field(default_factory=now, sa_type=Moment)


class Review(SQLModel, table=True):
    """One person's answer to one slot. `undone` rows take back the review that `undoes` names."""

    __table_args__ = (
        one_of("verdict", VERDICTS),
        UniqueConstraint("user_id", "client_token"),
        Index(None, "run_id", "verdict", "id"),
        Index(None, "user_id", "example_id"),
        Index(None, "user_id", "id"),
        Index(None, "run_id", "example_id"),
        Index(None, "run_id", "id"),
        Index(None, "run_id", "user_id", "id"),
        Index(None, "undoes"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    slot_id: int = Field(foreign_key="slot.id", sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    draft_id: int | None = Field(default=None, sa_type=BigId)
    user_id: int = Field(foreign_key="users.id")
    schema_version_id: int
    verdict: str
    label: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    seconds: float = 0
    comment: str = Field(default="", sa_type=Text)
    client_token: str
    undoes: int | None = Field(default=None, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Label(SQLModel, table=True):
    """A settled answer; the placement points at the one that holds, older ones stay as history.

    One that a change of the schema made out of an older label names it in `mapped_from`, and keeps its source, draft and review.
    """

    __table_args__ = (
        one_of("source", SOURCES),
        Index(None, "run_id", "source"),
        Index(None, "run_id", "example_id"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    value: dict[str, Any] = Field(sa_type=JSON)
    source: str
    draft_id: int | None = Field(default=None, sa_type=BigId)
    review_id: int | None = Field(default=None, sa_type=BigId)
    schema_version_id: int = Field(foreign_key="schema_version.id")
    mapped_from: int | None = Field(default=None, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
