"""Labels that contradict each other: searches of a run's labels, and what they found."""

from datetime import datetime

from sqlalchemy import Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from prelabel.models.base import now
from prelabel.models.columns import BigId, Moment


class ConflictSearch(SQLModel, table=True):
    """A search that a lead asked for. A worker does it under a lease; `share` of it is done.

    It looked at so many `examples`. `failure` says why it ended without a result.
    """

    __tablename__ = "conflict_search"
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    share: float = 0
    examples: int = 0
    failure: str = Field(default="", sa_type=Text)
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)


class Conflict(SQLModel, table=True):
    """A label of a field that may be wrong, with `score` how likely, and the example that tells so, if it is one.

    `digest` names the field, both examples and both values: what was dismissed once stays so. `search_id` is the newest search
    that found it. It is open while that is the run's newest, nobody has dismissed it, and both labels hold.
    """

    __table_args__ = (UniqueConstraint("run_id", "digest"), Index(None, "search_id", "score", "id"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    search_id: int = Field(foreign_key="conflict_search.id")
    digest: str
    field: str
    way: str
    score: float
    why: str = Field(sa_type=Text)
    placement_id: int = Field(foreign_key="placement.id", sa_type=BigId)
    label_id: int = Field(sa_type=BigId)
    other_placement_id: int | None = Field(default=None, foreign_key="placement.id", sa_type=BigId)
    other_label_id: int | None = Field(default=None, sa_type=BigId)
    dismissed_by: int | None = Field(default=None, foreign_key="users.id")
    dismissed_at: datetime | None = Field(default=None, sa_type=Moment)
    comment: str = Field(default="", sa_type=Text)
