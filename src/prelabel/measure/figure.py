"""What all figures have in common."""

from datetime import UTC, datetime

from pydantic import BaseModel, Field


def _now() -> datetime:
    return datetime.now(UTC)


class Figure(BaseModel):
    """What is told of runs. `as_of` is when it was counted: nothing that had happened before is missing."""

    as_of: datetime = Field(default_factory=_now)
