"""One of several options."""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Literal

from prelabel.canonical import Json
from prelabel.kinds.options import Options


class Choice(Options):
    """A value is one of the options, as text."""

    kind: Literal["choice"] = "choice"

    def json_schema(self) -> dict[str, Json]:
        """A text out of the list."""
        return {"type": "string", "enum": self.values}

    def validate_value(self, value: Json, path: str) -> None:
        """Only an option is valid, letter by letter."""
        self.check_option(value, path)

    def distance(self, a: Json, b: Json) -> float:
        """1 - 2c / (x + y), where the paths are x and y levels deep and share the first c (Wu and Palmer 1994); 1 without levels."""
        first, second = self.line(a), self.line(b)
        return 1 - 2 * len(set(first) & set(second)) / (len(first) + len(second))

    def mistakes(self, value: Json, content: Mapping[str, Json], rng: Random) -> Iterable[Json]:
        """Another option, of a hierarchy the nearest."""
        others = [option for option in rng.sample(self.values, len(self.values)) if option != value]
        return sorted(others, key=lambda option: self.distance(option, value))

    def parse(self, text: str) -> Json:
        """The option itself."""
        self.check_option(text.strip(), "")
        return text.strip()

    def write(self, value: Json) -> str:
        """The option itself."""
        return str(value)

    def classes(self) -> list[str]:
        """The options."""
        return self.values

    def class_of(self, value: Json) -> str:
        """The option."""
        return str(value)
