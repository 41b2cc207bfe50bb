"""Any number of several options."""

import json
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Literal

from pydantic import Field, model_validator

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds.base import Part, json_list, shown
from prelabel.kinds.options import Options


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
        return min(self.max or len(self.values), len(self.values))

    def json_schema(self) -> dict[str, Json]:
        """A list of texts out of the list."""
        return {"type": "array", "items": {"type": "string", "enum": self.values}}

    def rules(self) -> str:
        """How many, and how to write them."""
        return "; ".join(
            filter(None, [f"from {self.min} to {self.most} of the options, each once", super().rules()])
        )

    def validate_value(self, value: Json, path: str) -> None:
        """Only a list of options is valid; a repeat counts once, and one above another of the list not at all."""
        if not isinstance(value, list):
            raise LabelError(path, f"must be a list of options, not {shown(value)}")
        for index, option in enumerate(value):
            self.check_option(option, f"{path}.{index}")
        chosen = len(self.normalize(value))
        if not self.min <= chosen <= self.most:
            raise LabelError(path, f"must hold from {self.min} to {self.most} options, not {chosen}")

    def normalize(self, value: Json) -> Json:
        """In the schema's order, each once, without those that others beneath them already say."""
        chosen = set(value)
        said = {above for option in chosen for above in self.line(option)[:-1]}
        return [option for option in self.values if option in chosen - said]

    def distance(self, a: Json, b: Json) -> float:
        """Jaccard distance: the share of the options chosen in either, with all above them, that is not chosen in both."""
        first, second = self._with_above(a), self._with_above(b)
        return 1 - len(first & second) / len(first | second) if first | second else 0.0

    def combine(self, votes: Sequence[Json]) -> Json | None:
        """Each option by itself as more than half see it; None at a tie, or where the result breaks the bounds."""
        chosen = [self._with_above(vote) for vote in votes]
        counts = {option: sum(option in vote for vote in chosen) for option in self.values}
        if not votes or any(2 * count == len(votes) for count in counts.values()):
            return None
        most = self.normalize([option for option, count in counts.items() if 2 * count > len(votes)])
        return most if self.min <= len(most) <= self.most else None

    def mistakes(self, value: Json, content: Mapping[str, Json], rng: Random) -> Iterable[Json]:
        """One option too few, another in the place of one, or one too many."""
        chosen = self.normalize(value)
        others = [option for option in rng.sample(self.values, len(self.values)) if option not in chosen]
        fewer = [[one for one in chosen if one != dropped] for dropped in chosen]
        swapped = [[*rest, other] for rest, other in zip(fewer, others, strict=False)]
        more = [[*chosen, other] for other in others[:3]]
        found = [*fewer, *swapped, *more]
        return rng.sample(found, len(found))

    def parts(self, value: Json) -> list[Part]:
        """The options, each a class of its own."""
        return [(option, "") for option in self.normalize(value)]

    def _with_above(self, value: Json) -> set[str]:
        return {step for option in value for step in self.line(option)}

    def parse(self, text: str) -> Json:
        """A JSON list, or options with a semicolon or "|" between them."""
        if text.lstrip().startswith("["):
            value = json_list(text, "options")
        else:
            parts = text.replace("|", ";").split(";")
            value = [part.strip() for part in parts if part.strip()]
        self.validate_value(value, "")
        return self.normalize(value)

    def write(self, value: Json) -> str:
        """A JSON list, which keeps any option apart from the next."""
        return json.dumps(value, ensure_ascii=False)
