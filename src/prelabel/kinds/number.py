"""A measured or estimated number."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Literal

from pydantic import Field, model_validator

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds.base import Kind, shown


class Number(Kind):
    """A value is a finite number within `min` and `max`; values at most `tolerance` apart count as the same."""

    kind: Literal["number"] = "number"
    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)
    tolerance: float = Field(default=0, ge=0, allow_inf_nan=False)
    unit: str = ""

    @model_validator(mode="after")
    def _check_bounds(self) -> "Number":
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError(f"max: must be above min ({self.min:g}), not {self.max:g}")
        return self

    def json_schema(self) -> dict[str, Json]:
        """A number."""
        return {"type": "number"}

    def rules(self) -> str:
        """Bounds and unit."""
        said = [f"at least {self.min:g}"] if self.min is not None else []
        said += [f"at most {self.max:g}"] if self.max is not None else []
        said += [f"in {self.unit}"] if self.unit else []
        return ", ".join(["a number", *said])

    def validate_value(self, value: Json, path: str) -> None:
        """Only a finite number within the bounds is valid; True is not 1."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            raise LabelError(path, f"must be a number, not {shown(value)}")
        if self.min is not None and value < self.min:
            raise LabelError(path, f"must be at least {self.min:g}, not {value:g}")
        if self.max is not None and value > self.max:
            raise LabelError(path, f"must be at most {self.max:g}, not {value:g}")

    def normalize(self, value: Json) -> Json:
        """Whole numbers without a fraction: 2.0 is 2."""
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < 2**53 else number

    def distance(self, a: Json, b: Json) -> float:
        """0 within the tolerance; else the difference as a share of the range, or of the larger amount without one."""
        apart = abs(float(a) - float(b))
        if apart <= self.tolerance:
            return 0.0
        if self.min is not None and self.max is not None:
            return min(1.0, apart / (self.max - self.min))
        return min(1.0, apart / max(abs(float(a)), abs(float(b))))

    def combine(self, votes: Sequence[Json]) -> Json | None:
        """The mean where all votes lie within the tolerance of their median; None where one does not."""
        if not votes:
            return None
        middle = statistics.mean((statistics.median_low(votes), statistics.median_high(votes)))
        if any(abs(vote - middle) > self.tolerance for vote in votes):
            return None
        return self.normalize(statistics.mean(votes))  # exact: fmean of three times 0.95 is less than 0.95

    def mistakes(self, value: Json, content: Mapping[str, Json], rng: Random) -> Iterable[Json]:
        """A tenth to a fifth off, with as many digits after the point; a small one, some of its last steps."""
        number = self.normalize(value)
        digits = len(repr(number).partition(".")[2]) if "e" not in repr(number) else 15
        near = [number * factor for factor in (0.8, 0.9, 1.1, 1.2)]
        step = max(10.0**-digits, 2 * self.tolerance)
        found = [
            *(round(other, digits) for other in rng.sample(near, 4)),
            *(round(number + sign * step, digits) for sign in rng.sample([-1, 1], 2)),
        ]
        return [self.normalize(other) for other in found if _is_finite(other)]

    def parse(self, text: str) -> Json:
        """A number in decimal digits."""
        try:
            value = float(text)
        except ValueError as error:
            raise LabelError("", f"must be a number, not {shown(text)}") from error
        self.validate_value(value, "")
        return self.normalize(value)

    def write(self, value: Json) -> str:
        """The shortest digits that mean this number."""
        return repr(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number too large for any float
        return False
