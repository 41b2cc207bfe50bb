"""Who signs in, and what they did that others rely on."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field, SQLModel

from prelabel.models.base import now
from prelabel.models.columns import BigId, Moment, index_when, one_of

ROLES = ("reviewer", "senior", "lead", "admin")
"""Each role may do what those before it may."""


class User(SQLModel, table=True):
    """A person or program that signs in. `password` is its argon2 hash, empty where there is none."""

    __tablename__ = "users"  # `user` is a reserved word in PostgreSQL
    __table_args__ = (one_of("role", ROLES),)
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    role: str
    password: str = ""
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    disabled_at: datetime | None = Field(default=None, sa_type=Moment)


class Token(SQLModel, table=True):
    """A bearer token; only its SHA-256 is kept. `role`: what it may do at the most, where that is less than its user may."""

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="users.id", index=True)
    name: str
    digest: str = Field(unique=True)
    role: str | None = None
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    last_used_at: datetime | None = Field(default=None, sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


class ReviewerPause(SQLModel, table=True):
    """A person was paused in a run, or let go on there (`is_paused` false): the newest row of both holds.

    `by_id` None: the bar of the run's policy did it. `after_review_id` is the newest review that they had written by then.
    `carried_out_at`: when what they held and had answered there was taken back; None until then.
    """

    __tablename__ = "reviewer_pause"
    __table_args__ = (
        Index(None, "user_id", "run_id"),
        index_when("is_paused AND carried_out_at IS NULL", "ix_reviewer_pause_due", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id")
    user_id: int = Field(foreign_key="users.id")
    is_paused: bool
    by_id: int | None = Field(default=None, foreign_key="users.id")
    why: str = Field(default="", sa_type=Text)
    after_review_id: int = Field(default=0, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    carried_out_at: datetime | None = Field(default=None, sa_type=Moment)


class Member(SQLModel, table=True):
    """Somebody sees a project; without any member it is everyone's."""

    project_id: int = Field(primary_key=True, foreign_key="project.id")
    user_id: int = Field(primary_key=True, foreign_key="users.id", index=True)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Invitation(SQLModel, table=True):
    """A link by which somebody becomes a user of a role, or a user gets a new password (`user_id`); once, and for some days.

    Only the SHA-256 of its secret is kept.
    """

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    role: str
    project_ids: list[int] = Field(default_factory=list, sa_type=JSON)
    user_id: int | None = Field(default=None, foreign_key="users.id")
    by_id: int = Field(foreign_key="users.id")
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)


class SignIn(SQLModel, table=True):
    """A session of a browser; only the SHA-256 of what its cookie holds is kept. `role` as that of the token that began it."""

    __tablename__ = "sign_in"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="users.id", index=True)
    digest: str = Field(unique=True)
    role: str | None = None
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    seen_at: datetime = Field(default_factory=now, sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)


class Attempt(SQLModel, table=True):
    """An attempt to sign in that failed, for a name or from an address; gone after a while."""

    __table_args__ = (Index(None, "key", "at"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    key: str
    at: datetime = Field(default_factory=now, sa_type=Moment, index=True)


class JournalEntry(SQLModel, table=True):
    """A line of the journal (`prelabel.events.journal`): who did what, to what, in which project if in one. Never changed.

    `user_id` None: the server itself, at its first start.
    """

    __tablename__ = "journal"
    __table_args__ = (Index(None, "user_id", "id"), Index(None, "project_id", "id"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    user_id: int | None = Field(default=None, foreign_key="users.id")
    act: str
    project_id: int | None = Field(default=None, foreign_key="project.id")
    subject: str
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
