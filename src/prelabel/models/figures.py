"""Figures that took long to compute, kept so that those who look need not wait. Nothing rests on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from prelabel.models.columns import BigId, Moment, NullableJson


class KeptFigure(SQLModel, table=True):
    """A figure of a project or of runs of it, as it was at `as_of`; `name` says which, of what, with its parameters.

    It took `seconds`; `value` is None where that was so quick that it is computed anew whenever it is asked for, or while it
    is computed for the first time, when `as_of` is None too. Until `lease_until` somebody computes it. `mark` tells up to which
    rows it counts (`prelabel.reports.kept`), `same_since` since when none has been added to these.
    """

    __tablename__ = "kept_figure"
    __table_args__ = (UniqueConstraint("project_id", "name"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    project_id: int = Field(foreign_key="project.id")
    name: str = Field(sa_type=Text)
    value: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    as_of: datetime | None = Field(default=None, sa_type=Moment)
    seconds: float = 0
    mark: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    same_since: datetime | None = Field(default=None, sa_type=Moment)
    lease_until: datetime | None = Field(default=None, sa_type=Moment)
