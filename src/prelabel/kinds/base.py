"""What every kind of label field knows."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, wraps
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, field_validator

from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError

Part = tuple[str, str]
"""The class of a part, and what tells it from the others of its class."""


class Kind(BaseModel, ABC):
    """The options of one field, and all that is to know of its values.

    Methods other than `validate_value`, `read_answer` and `parse` take values that are valid. An example's `content` matters
    to kinds whose values point into it, as spans do into a text.

    Where a field is `optional`, or applies only `when` earlier fields have one of these values, None says that it has no value.
    What that means is the same for all kinds, so it is dealt with here: what a kind itself says is never asked about None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str
    description: str = ""
    optional: bool = False
    when: dict[str, tuple[StrictBool | StrictInt | StrictStr, ...]] = Field(default_factory=dict)

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Keep None from the kind's own methods."""
        super().__pydantic_init_subclass__(**options)
        for name, guarded in _GUARDS.items():
            if name in cls.__dict__:
                setattr(cls, name, guarded(cls.__dict__[name]))

    @field_validator("when", mode="before")
    @classmethod
    def _from_one_value(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            raise ValueError("is a mapping of earlier fields to the values that they must have")
        return {
            name: wanted if isinstance(wanted, list | tuple) else [wanted] for name, wanted in given.items()
        }

    @property
    def can_be_none(self) -> bool:
        """Whether there are labels in which the field has no value."""
        return self.optional or bool(self.when)

    @abstractmethod
    def json_schema(self) -> dict[str, Json]:
        """The JSON schema that a model answers with, within what providers enforce strictly; `rules` says the rest in words."""

    def rules(self) -> str:
        """What holds for values besides their list of options, for people and models to read; may be empty."""
        return ""

    def check_references(self, earlier: Mapping[str, "Kind"]) -> None:
        """Raise LabelError with the path within the field, unless the fields that it refers to come earlier and suit it."""

    def beside(self, earlier: Mapping[str, Json]) -> "Kind":
        """The kind as it is in a label whose earlier fields have these values."""
        return self

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
        """How different two values are, from 0 (the same) to 1, as a value and None are."""
        return float(self.normalize(a) != self.normalize(b))

    def combine(self, votes: Sequence[Json]) -> Json | None:
        """The value that more than half of the votes agree on; None where the senior has to settle it, or most votes are None."""
        return majority([self.normalize(vote) for vote in votes])

    def mistakes(self, value: Json, content: Mapping[str, Json], rng: Random) -> Iterable[Json]:
        """Values that a careless drafter might have given in place of this one, the likeliest first.

        Some may not be allowed here, or be the same after all: whoever takes one looks. None at all where nothing plausible
        is wrong. Of a kind with classes, it is another class.
        """
        others = [name for name in self.classes() or () if name != self.class_of(value)]
        return map(self.parse, rng.sample(others, len(others)))

    def without_words(self, value: Json, numbered: Callable[[str], str]) -> Json:
        """The value with nothing left in it that was written by hand; what is chosen, counted or pointed at stays as it is.

        `numbered` puts a number in place of each word of a text, the same for the same word, so that distances stay what they are.
        """
        return self.normalize(value)

    def images(self) -> tuple[str, ...]:
        """The content fields that have to hold an image."""
        return ()

    @abstractmethod
    def parse(self, text: str) -> Json:
        """The value that a CSV cell holds; None of a blank one where there can be none. Raises LabelError."""

    @abstractmethod
    def write(self, value: Json) -> str:
        """The CSV cell of a value, empty for None; `parse` reads it back."""

    def classes(self) -> list[str] | None:
        """All classes that a value can be of, as text; None where there is no such list."""
        return None

    def class_of(self, value: Json) -> str | None:
        """The class of a value; None where the kind has none."""
        return None

    def parts(self, value: Json) -> list[Part] | None:
        """What a value holds of which each is right or wrong by itself; None where it is one whole."""
        return None

    def matches(self, a: Json, b: Json) -> dict[Part, float]:
        """The parts of one value that match one of the other, one to one, each with how far the two cover each other, 0 to 1."""
        return dict.fromkeys(set(self.parts(a) or ()) & set(self.parts(b) or ()), 1.0)


def _pass_none(method: Any, said: Json = None) -> Any:
    """Of None, say this."""

    @wraps(method)
    def guarded(self: Kind, value: Json, *others: Any) -> Any:
        return said if value is None else method(self, value, *others)

    return guarded


def _allow_none(method: Any) -> Any:
    """None is as it should be where a value may be missing."""

    @wraps(method)
    def guarded(self: Kind, value: Json, *others: Any) -> Any:
        return None if value is None and self.optional else method(self, value, *others)

    return guarded


def _parse_none(method: Any) -> Any:
    @wraps(method)
    def guarded(self: Kind, text: str) -> Any:
        return None if self.can_be_none and not text.strip() else method(self, text)

    return guarded


def _apart_from_none(method: Any) -> Any:
    @wraps(method)
    def guarded(self: Kind, a: Json, b: Json) -> float:
        return float(a is not b) if a is None or b is None else method(self, a, b)

    return guarded


def _match_none(method: Any) -> Any:
    @wraps(method)
    def guarded(self: Kind, a: Json, b: Json) -> Any:
        return {} if a is None or b is None else method(self, a, b)

    return guarded


def _outvote_none(method: Any) -> Any:
    """What most of the votes have a value for is settled by those that have one."""

    @wraps(method)
    def guarded(self: Kind, votes: Sequence[Json]) -> Any:
        values = [vote for vote in votes if vote is not None]
        return method(self, values) if 2 * len(values) > len(votes) else None

    return guarded


_GUARDS: dict[str, Callable[[Any], Any]] = {
    "validate_value": _allow_none,
    "check": _pass_none,
    "read_answer": _allow_none,
    "as_answer": _pass_none,
    "normalize": _pass_none,
    "distance": _apart_from_none,
    "combine": _outvote_none,
    "mistakes": partial(_pass_none, said=()),
    "without_words": _pass_none,
    "parse": _parse_none,
    "write": partial(_pass_none, said=""),
    "class_of": _pass_none,
    "parts": _pass_none,
    "matches": _match_none,
}


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


def json_list(text: str, of: str) -> Json:
    """The JSON that a CSV cell holds, where it is valid; `of` says what it should be a list of. Raises LabelError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabelError("", f"{shown(text)} is not a JSON list of {of}") from error


def shown(value: Json) -> str:
    """A value as it stands in an error message: short, and on one line."""
    try:
        text = canonical(value)
    except (ValueError, TypeError, RecursionError):
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
