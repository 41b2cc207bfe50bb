"""What kinds have in common whose values are lists of labeled marks in a text."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import ClassVar

from pydantic import Field

from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError
from prelabel.examples.finding import CLOSE, OPEN, Place
from prelabel.kinds.base import Part, json_list, shown
from prelabel.kinds.options import Options

HOW_TO_MARK = (
    f"to mean a later place of the same words, quote others around it too and put it in {OPEN} {CLOSE}"
)


class Marks(Options, ABC):
    """A value is a list of marks, each once, with one of the options as its label, in the content field `of`.

    Places are in code points, the end exclusive. A place may come with its "text", which is checked and not kept.
    """

    fewest: ClassVar[int] = 1
    of: str = Field(default="text", min_length=1)

    @abstractmethod
    def places_of(self, mark: Json) -> Mapping[str, Json]:
        """The places of a mark by how a path leads to them; each holds `start`, `end` and perhaps `text`."""

    def text(self, content: Mapping[str, Json], path: str) -> str:
        """The text that is marked. Raises LabelError where the example has none."""
        text = content.get(self.of)
        if not isinstance(text, str):
            raise LabelError(
                path, f"the example has no text in its field {self.of!r}, so nothing can be marked"
            )
        return text

    def check(self, value: Json, content: Mapping[str, Json], path: str) -> None:
        """Places lie within the text, hold more than white space, and are the text that they come with."""
        if not value:
            return
        text = self.text(content, path)
        for index, mark in enumerate(value):
            for name, place in self.places_of(mark).items():
                _check_place(place, text, ".".join(filter(None, [path, str(index), name])))

    def check_marks(self, value: Json, path: str, names: Sequence[str]) -> None:
        """Raise LabelError unless this is a list of objects with a label and these besides, none but places with "text"."""
        if not isinstance(value, list):
            raise LabelError(path, f"must be a list, not {shown(value)}")
        for index, mark in enumerate(value):
            at = f"{path}.{index}"
            check_names(mark, ("label", *names), at)
            self.check_option(mark["label"], f"{at}.label")

    def distance(self, a: Json, b: Json) -> float:
        """1 - F1 of the marks that are exactly the same in both: 2 x the same / all of both; 0 of two empty lists."""
        first, second = set(self.parts(a)), set(self.parts(b))
        return 1 - 2 * len(first & second) / (len(first) + len(second)) if first or second else 0.0

    def combine(self, votes: Sequence[Json]) -> Json | None:
        """Each mark by itself as more than half see it; None at a tie, or where the result is not allowed."""
        counts = Counter(part for vote in votes for part in set(self.parts(vote)))
        if not votes or any(2 * count == len(votes) for count in counts.values()):
            return None
        marks = {part: mark for vote in votes for part, mark in self._by_part(vote).items()}
        chosen = self.normalize([marks[part] for part, count in counts.items() if 2 * count > len(votes)])
        try:
            self.validate_value(chosen, "")
        except LabelError:
            return None
        return chosen

    def parts(self, value: Json) -> list[Part]:
        """The marks: label, and place."""
        return list(self._by_part(value))

    def relabeled_or_fewer(self, value: Json, rng: Random) -> Iterator[Json]:
        """The marks with another label on one of them, and without one of them; from a mark drawn at random on."""
        marks = self.normalize(value)
        for index in rng.sample(range(len(marks)), len(marks)):
            rest = [*marks[:index], *marks[index + 1 :]]
            others = [label for label in self.values if label != marks[index]["label"]]
            found = [
                rest,
                *([*rest, marks[index] | {"label": label}] for label in rng.sample(others, len(others))[:1]),
            ]
            yield from rng.sample(found, len(found))

    def parse(self, text: str) -> Json:
        """A JSON list."""
        value = json_list(text, "marks")
        self.validate_value(value, "")
        return self.normalize(value)

    def write(self, value: Json) -> str:
        """A JSON list."""
        return json.dumps(value, ensure_ascii=False)

    def _by_part(self, value: Json) -> dict[Part, Json]:
        return {
            (mark["label"], canonical({name: rest for name, rest in mark.items() if name != "label"})): mark
            for mark in self.normalize(value)
        }


def place_of(place: Mapping[str, Json]) -> Place:
    """A place that is valid."""
    return place["start"], place["end"]


def check_names(mark: Json, names: Sequence[str], path: str) -> None:
    """Raise LabelError unless this is an object with all of these and no other but "text"."""
    if not isinstance(mark, dict):
        raise LabelError(path, f"must be an object with {', '.join(names)}, not {shown(mark)}")
    for name in names:
        if name not in mark:
            raise LabelError(f"{path}.{name}", "is missing")
    for name in mark:
        if name not in names and not (name == "text" and "start" in names):
            raise LabelError(f"{path}.{name}", f"is not known here (there are {', '.join(names)})")


def check_bounds(place: Mapping[str, Json], path: str) -> None:
    """Raise LabelError unless this begins at 0 or later and ends after its beginning."""
    for name in ("start", "end"):
        if isinstance(place[name], bool) or not isinstance(place[name], int) or place[name] < 0:
            raise LabelError(f"{path}.{name}", f"must be a whole number from 0 on, not {shown(place[name])}")
    if place["start"] >= place["end"]:
        raise LabelError(f"{path}.end", f"must lie after start ({place['start']}), not at {place['end']}")


def _check_place(place: Mapping[str, Json], text: str, path: str) -> None:
    start, end = place_of(place)
    if end > len(text):
        raise LabelError(f"{path}.end", f"is {end}, but the text has {len(text)} characters (code points)")
    if not text[start:end].strip():
        raise LabelError(path, f"from {start} to {end} the text is blank")
    if "text" in place and place["text"] != text[start:end]:
        raise LabelError(
            f"{path}.text",
            f"is {shown(place['text'])}, but from {start} to {end} the text is {shown(text[start:end])}: "
            "offsets are in code points, the end exclusive",
        )
