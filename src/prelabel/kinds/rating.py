"""A whole number on an ordered scale."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, Literal

from pydantic import Field, model_validator

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds.base import Kind, shown


class Rating(Kind):
    """A value is a whole number from `min` to `max`; `meanings` says what its steps mean."""

    kind: Literal["rating"] = "rating"
    min: int = 1
    max: int = 5
    meanings: dict[int, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_scale(self) -> "Rating":
        if not 1 <= self.max - self.min <= 1_000:
            raise ValueError(f"max: must lie from 1 to 1,000 above min ({self.min}), not at {self.max}")
        beyond = [step for step in self.meanings if not self.min <= step <= self.max]
        if beyond:
            raise ValueError(f"meanings: {beyond[0]} is not from {self.min} to {self.max}")
        return self

    def json_schema(self) -> dict[str, Json]:
        """A whole number out of the scale."""
        return {"type": "integer", "enum": list(range(self.min, self.max + 1))}

    def rules(self) -> str:
        """The ends of the scale, and what its steps mean."""
        steps = [f"{step} = {meaning}" for step, meaning in sorted(self.meanings.items())]
        return "; ".join([f"a whole number from {self.min} to {self.max}", *steps])

    def validate_value(self, value: Json, path: str) -> None:
        """Only a whole number of the scale is valid; True is not 1."""
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
        if not whole or not self.min <= value <= self.max:
            raise LabelError(
                path, f"must be a whole number from {self.min} to {self.max}, not {shown(value)}"
            )

    def normalize(self, value: Json) -> Json:
        """4.0 is 4."""
        return int(value)

    def distance(self, a: Json, b: Json) -> float:
        """Steps apart, as a share of the scale."""
        return float(abs(a - b) / (self.max - self.min))

    def combine(self, votes: Sequence[Json]) -> Json | None:
        """The median where all votes lie within one step of it; None where they are further apart."""
        if not votes:
            return None
        middle = statistics.median_low([self.normalize(vote) for vote in votes])
        return middle if max(votes) - min(votes) <= 1 and (len(votes) % 2 or len(set(votes)) == 1) else None

    def mistakes(self, value: Json, content: Mapping[str, Json], rng: Random) -> Iterable[Json]:
        """One step off."""
        return rng.sample([int(value) - 1, int(value) + 1], 2)

    def parse(self, text: str) -> Json:
        """A number in decimal digits."""
        try:
            value: Any = float(text)
        except ValueError:
            value = text
        self.validate_value(value, "")
        return self.normalize(value)

    def write(self, value: Json) -> str:
        """Decimal digits."""
        return str(value)

    def classes(self) -> list[str]:
        """The steps of the scale."""
        return [str(step) for step in range(self.min, self.max + 1)]

    def class_of(self, value: Json) -> str:
        """The step."""
        return str(int(value))
