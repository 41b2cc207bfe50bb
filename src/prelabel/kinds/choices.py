"""Any number of several options."""

import json
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds.base import Options, shown


class Choices(Options):
    """A value is a list of options, without order and without repeats, of a size from `min` to `max`."""

    kind: Literal["choices"] = "choices"
    min: int = Field(default=0, ge=0)
    max: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _check_bounds(self) -> "Choices":
        if self.min > self.most:
            raise ValueError(f"min: {self.min} is more than max, or than there are options ({self.most})")
        return self

    @property
    def most(self) -> int:
        """How many options a value can hold."""
        return min(self.max or len(self.options), len(self.options))

    def json_schema(self) -> dict[str, Json]:
        """A list of texts out of the list."""
        return {"type": "array", "items": {"type": "string", "enum": self.values}}

    def rules(self) -> str:
        """How many."""
        return f"from {self.min} to {self.most} of the options, each once"

    def validate_value(self, value: Json, path: str) -> None:
        """Only a list of options is valid; a repeat counts once."""
        if not isinstance(value, list):
            raise LabelError(path, f"must be a list of options, not {shown(value)}")
        for index, option in enumerate(value):
            self.check_option(option, f"{path}.{index}")
        if not self.min <= len(set(value)) <= self.most:
            raise LabelError(path, f"must hold from {self.min} to {self.most} options, not {len(set(value))}")

    def normalize(self, value: Json) -> Json:
        """In the schema's order, each once."""
        chosen = set(value)
        return [option for option in self.values if option in chosen]

    def distance(self, a: Json, b: Json) -> float:
        """Jaccard distance: the share of the options chosen in either that is not chosen in both."""
        first, second = set(a), set(b)
        return 1 - len(first & second) / len(first | second) if first | second else 0.0

    def combine(self, votes: Sequence[Json]) -> Json | None:
        """Each option by itself as more than half see it; None at a tie, or where the result breaks the bounds."""
        counts = {option: sum(option in vote for vote in votes) for option in self.values}
        if not votes or any(2 * count == len(votes) for count in counts.values()):
            return None
        chosen = [option for option, count in counts.items() if 2 * count > len(votes)]
        return chosen if self.min <= len(chosen) <= self.most else None

    def parse(self, text: str) -> Json:
        """A JSON list, or options with a semicolon or "|" between them."""
        if text.lstrip().startswith("["):
            try:
                value = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise LabelError("", f"{shown(text)} is not a JSON list") from error
        else:
            parts = text.replace("|", ";").split(";")
            value = [part.strip() for part in parts if part.strip()]
        self.validate_value(value, "")
        return self.normalize(value)

    def write(self, value: Json) -> str:
        """A JSON list, which keeps any option apart from the next."""
        return json.dumps(value, ensure_ascii=False)
