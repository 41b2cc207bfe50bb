"""What every kind of label field knows."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    field_validator,
    model_validator,
)

from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError


class Kind(BaseModel, ABC):
    """The options of one field, and all that is to know of its values.

    Methods other than `validate_value`, `read_answer` and `parse` take values that are valid. An example's `content` matters
    to kinds whose values point into it, as spans do into a text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str
    description: str = ""

    @abstractmethod
    def json_schema(self) -> dict[str, Json]:
        """The JSON schema that a model answers with, within what providers enforce strictly; `rules` says the rest in words."""

    def rules(self) -> str:
        """What holds for values besides their list of options, for people and models to read; may be empty."""
        return ""

    @abstractmethod
    def validate_value(self, value: Json, path: str) -> None:
        """Raise LabelError(path, reason) unless this is a value of the field."""

    def check(
        self, value: Json, content: Mapping[str, Json], path: str
    ) -> None:  # most values fit any content
        """Raise LabelError(path, reason) unless this value, valid in itself, fits the content of its example."""

    def read_answer(self, answer: Json, content: Mapping[str, Json], path: str) -> Json:
        """The normalized value that a model's answer means for this content. Raises LabelError(path, reason)."""
        self.validate_value(answer, path)
        self.check(answer, content, path)
        return self.normalize(answer)

    def as_answer(self, value: Json, content: Mapping[str, Json]) -> Json:
        """What a model would have answered to mean this value of this content; `read_answer` reads it back."""
        return value

    def normalize(self, value: Json) -> Json:
        """The one form that equal values share."""
        return value

    def distance(self, a: Json, b: Json) -> float:
        """How different two values are, from 0 (the same) to 1."""
        return float(self.normalize(a) != self.normalize(b))

    def combine(self, votes: Sequence[Json]) -> Json | None:
        """The value that more than half of the votes agree on; None where the senior has to settle it."""
        return majority([self.normalize(vote) for vote in votes])

    def images(self) -> tuple[str, ...]:
        """The content fields that have to hold an image."""
        return ()

    def parts(self, value: Json) -> int | None:
        """How many parts a value has, that are right or wrong one by one; None where it is one whole."""
        return None

    def matches(self, a: Json, b: Json) -> int:
        """How many parts of one value match one of the other, one to one."""
        return 0

    def overlap(self, a: Json, b: Json) -> float | None:
        """Sum over the parts that match of how far they cover each other (0 to 1 each); None where they cannot differ."""
        return None

    @abstractmethod
    def parse(self, text: str) -> Json:
        """The value that a CSV cell holds. Raises LabelError."""

    @abstractmethod
    def write(self, value: Json) -> str:
        """The CSV cell of a value; `parse` reads it back."""

    def classes(self) -> list[str] | None:
        """All classes that a value can be of, as text; None where there is no such list."""
        return None

    def class_of(self, value: Json) -> str | None:
        """The class of a value; None where the kind has none."""
        return None


def majority(votes: Sequence[Json]) -> Json | None:
    """The vote of more than half, or None."""
    if not votes:
        return None
    winner, count = Counter(canonical(vote) for vote in votes).most_common(1)[0]
    return next(vote for vote in votes if canonical(vote) == winner) if 2 * count > len(votes) else None


def keepable(text: str) -> str:
    """The text, if every database can keep it. Raises ValueError."""
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must not contain half of a surrogate pair")
    return text


def must_be_text(value: Json, path: str) -> str:
    """The value, if it is text that can be kept. Raises LabelError."""
    if not isinstance(value, str):
        raise LabelError(path, f"must be text, not {shown(value)}")
    try:
        return keepable(value)
    except ValueError as error:
        raise LabelError(path, str(error)) from error


def shown(value: Json) -> str:
    """A value as it stands in an error message: short, and on one line."""
    try:
        text = canonical(value)
    except (ValueError, TypeError, RecursionError):
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


class Option(BaseModel):
    """One of the values that a choice offers."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    value: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(keepable)
    ]
    description: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"value": given}
        if not isinstance(given, dict):
            raise ValueError(f"an option is text, but {shown(given)} is not: write it in quotes")
        return given


class Options(Kind, ABC):
    """A kind whose values are taken from a list; a document may also write it as a mapping of values to descriptions."""

    LEAST_OPTIONS: ClassVar[int] = 2
    options: tuple[Option, ...]

    @field_validator("options", mode="before")
    @classmethod
    def _from_mapping(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return [{"value": value, "description": said or ""} for value, said in given.items()]
        return given

    @model_validator(mode="after")
    def _check_options(self) -> "Options":
        values = self.values
        if not self.LEAST_OPTIONS <= len(values) <= 1_000:
            raise ValueError(f"options: there must be from {self.LEAST_OPTIONS} to 1,000, not {len(values)}")
        twice = [value for value, count in Counter(values).items() if count > 1]
        if twice:
            raise ValueError(f"options: {twice[0]!r} stands twice")
        return self

    @property
    def values(self) -> list[str]:
        """The options in the schema's order."""
        return [option.value for option in self.options]

    def check_option(self, value: Json, path: str) -> None:
        """Raise LabelError unless the value is an option; suggests the nearest one."""
        text = must_be_text(value, path)
        if text not in self.values:
            near = get_close_matches(text, self.values, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise LabelError(path, f"{shown(text)} is not one of the {len(self.values)} options{hint}")
