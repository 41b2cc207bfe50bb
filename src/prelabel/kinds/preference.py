"""Which of two responses is the better one."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, Literal

from pydantic import Field, model_validator

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds.base import Kind, majority, shown

SIDES = ("A", "B")
TIE = "tie"
SIGNS = {"A": 1, TIE: 0, "B": -1}


class Preference(Kind):
    """A value is "A", "B" or "tie"; where there are steps of strength, {"preferred": one of these, "strength": 1 to steps, 0 for a tie}.

    `a` and `b` are the content fields of the two responses, `prompt` that of what they respond to. Models and CSV cells write
    the side and its strength as one text: "A 2".
    """

    kind: Literal["preference"] = "preference"
    a: str = Field(default="response_a", min_length=1)
    b: str = Field(default="response_b", min_length=1)
    prompt: str = "prompt"
    tie: bool = True
    strength: int | None = Field(default=None, ge=2, le=10)

    @model_validator(mode="after")
    def _check_fields(self) -> "Preference":
        if self.a == self.b:
            raise ValueError(f"b: must be another field than a ({self.a!r})")
        return self

    def json_schema(self) -> dict[str, Json]:
        """A text out of the list."""
        return {"type": "string", "enum": self.classes()}

    def rules(self) -> str:
        """Which field is A, which is B, and what the steps mean."""
        said = [f'"A" where the response in `{self.a}` is the better one, "B" where that in `{self.b}` is']
        said += ['"tie" where neither is better'] if self.tie else ["there is no tie: choose the better one"]
        if self.strength:
            said += [f"after the letter, how much better: 1 is slightly, {self.strength} is by far"]
        return "; ".join(said)

    def validate_value(self, value: Json, path: str) -> None:
        """Only a side, or a tie where there is one, is valid, with a strength exactly where the field has steps."""
        if self.strength is None:
            return self._check_side(value, path)
        if not isinstance(value, dict) or value.keys() != {"preferred", "strength"}:
            raise LabelError(path, f"must be an object with preferred and strength, not {shown(value)}")
        self._check_side(value["preferred"], f"{path}.preferred")
        least, most = (0, 0) if value["preferred"] == TIE else (1, self.strength)
        strength = value["strength"]
        if isinstance(strength, bool) or not isinstance(strength, int) or not least <= strength <= most:
            bounds = f"a whole number from 1 to {most}" if most else "0 for a tie"
            raise LabelError(f"{path}.strength", f"must be {bounds}, not {shown(strength)}")
        return None

    def check(self, value: Json, content: Mapping[str, Json], path: str) -> None:
        """The content has both responses."""
        for name in (self.a, self.b):
            if content.get(name) in (None, "", [], {}):
                raise LabelError(path, f"cannot be said: the example has no {name!r} to compare")

    def read_answer(self, answer: Json, content: Mapping[str, Json], path: str) -> Json:
        """The value that the text means."""
        if answer not in self.classes():
            raise LabelError(path, f"must be one of {', '.join(self.classes())}, not {shown(answer)}")
        value = self._meant(answer)
        self.check(value, content, path)
        return value

    def as_answer(self, value: Json, content: Mapping[str, Json]) -> Json:
        """The side and its strength as one text."""
        return self.write(value)

    def distance(self, a: Json, b: Json) -> float:
        """|s(a) - s(b)| / 2, where s is strength / steps for A (1 without steps), minus that for B, and 0 for a tie.

        So A and B are 1 apart, and a tie lies half way between them.
        """
        return abs(self._signed(a) - self._signed(b)) / 2

    def combine(self, votes: Sequence[Json]) -> Json | None:
        """What more than half prefer, with the lower median of their strengths; None where no side has more than half."""
        if self.strength is None:
            return majority(votes)
        preferred = majority([vote["preferred"] for vote in votes])
        strengths = [vote["strength"] for vote in votes if vote["preferred"] == preferred]
        return preferred and {"preferred": preferred, "strength": statistics.median_low(strengths)}

    def mistakes(self, value: Json, content: Mapping[str, Json], rng: Random) -> Iterable[Json]:
        """The other side with the same strength; of a tie, a side by little."""
        others = [self._meant(name) for name in rng.sample(self.classes(), len(self.classes()))]
        return sorted(others, key=lambda other: abs(self._signed(other) + self._signed(value)))

    def parse(self, text: str) -> Json:
        """A side and its strength, in any case: "A", "tie", "b 2"."""
        found = {name.lower(): name for name in self.classes()}.get(" ".join(text.lower().split()))
        if found is None:
            raise LabelError("", f"must be one of {', '.join(self.classes())}, not {shown(text)}")
        return self._meant(found)

    def write(self, value: Json) -> str:
        """The side, and after a space its strength where it has one."""
        if isinstance(value, str):
            return value
        return f"{value['preferred']} {value['strength']}" if value["strength"] else TIE

    def classes(self) -> list[str]:
        """From A by far over the tie to B by far."""
        steps = range(self.strength or 0, 0, -1)
        first = [f"A {step}" for step in steps] if self.strength else ["A"]
        last = [f"B {step}" for step in reversed(steps)] if self.strength else ["B"]
        return [*first, *([TIE] if self.tie else []), *last]

    def class_of(self, value: Json) -> str:
        """The side with its strength, as it is written."""
        return self.write(value)

    def _check_side(self, value: Json, path: str) -> None:
        sides = [*SIDES, TIE] if self.tie else list(SIDES)
        if value not in sides:
            raise LabelError(path, f"must be one of {', '.join(sides)}, not {shown(value)}")

    def _meant(self, text: str) -> Json:
        preferred, _, strength = text.partition(" ")
        return {"preferred": preferred, "strength": int(strength or 0)} if self.strength else preferred

    def _signed(self, value: Any) -> float:
        if self.strength is None:
            return SIGNS[value]
        return float(SIGNS[value["preferred"]] * value["strength"] / self.strength)
