"""Alarms of runs, and who has acknowledged them. Both append-only."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field, SQLModel

from prelabel.models.base import now
from prelabel.models.columns import BigId, Moment


class Alarm(SQLModel, table=True):
    """Something happened in a run that a lead has to look at; `details` are its figures."""

    __table_args__ = (Index(None, "run_id", "id"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    kind: str
    text: str = Field(sa_type=Text)
    details: dict[str, Any] = Field(sa_type=JSON)
    raised_at: datetime = Field(default_factory=now, sa_type=Moment)


class Acknowledgement(SQLModel, table=True):
    """A lead has seen an alarm: at most one an alarm."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    alarm_id: int = Field(foreign_key="alarm.id", unique=True, sa_type=BigId)
    user_id: int = Field(foreign_key="users.id")
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
