"""What joins two places of a text: who did what to whom, which value belongs to which name."""

from collections.abc import Iterator, Mapping
from itertools import islice, product
from random import Random
from typing import Literal

from pydantic import PrivateAttr

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.examples.finding import Finder, Place
from prelabel.kinds.base import Kind, must_be_text, shown
from prelabel.kinds.marks import HOW_TO_MARK, Marks, check_bounds, check_names, place_of
from prelabel.kinds.spans import Spans

ENDS = ("head", "tail")
MOST_PLACES = 100
"""Places of a quote that are considered: pairs of them grow with the square."""


class Relations(Marks):
    """A value is a list of {"label", "head": {"start", "end"}, "tail": {"start", "end"}}, directed from head to tail.

    With `between`, the ends are spans of that field in the same label. A model quotes both ends, and the offsets are found.
    """

    kind: Literal["relations"] = "relations"
    between: str | None = None
    _joined: frozenset[Place] | None = PrivateAttr(None)

    def json_schema(self) -> dict[str, Json]:
        """A list of pairs of quotes, each with its label."""
        pair = {name: {"type": "string"} for name in ENDS} | {
            "label": {"type": "string", "enum": self.values}
        }
        relation = {
            "type": "object",
            "properties": pair,
            "required": list(pair),
            "additionalProperties": False,
        }
        return {"type": "array", "items": relation}

    def rules(self) -> str:
        """How to quote the ends, and what they can be."""
        form = 'a list of {"head", "tail", "label"}'
        if self.between:
            said = [f"{form}, both ends quoted spans of `{self.between}`"]
        else:
            said = [f"{form}, both ends quoted letter by letter from `{self.of}`", HOW_TO_MARK]
        return "; ".join(
            [*said, "of several places the nearest two are meant", *filter(None, [super().rules()])]
        )

    def check_references(self, earlier: Mapping[str, Kind]) -> None:
        """What it joins are spans of the same text."""
        if self.between is None:
            return
        spans = earlier.get(self.between)
        if not isinstance(spans, Spans):
            names = [name for name, kind in earlier.items() if isinstance(kind, Spans)]
            there = f"there are {', '.join(names)}" if names else "there is none"
            raise LabelError("between", f"{self.between!r} is not an earlier field of kind spans ({there})")
        if spans.of != self.of:
            raise LabelError(
                "between", f"{self.between!r} marks {spans.of!r}, but this field marks {self.of!r}"
            )

    def beside(self, earlier: Mapping[str, Json]) -> Kind:
        """Among the spans of the field that it joins."""
        if self.between is None:
            return self
        among = self.model_copy()
        among._joined = frozenset(place_of(span) for span in earlier.get(self.between) or ())
        return among

    def validate_value(self, value: Json, path: str) -> None:
        """Only a list of relations with options as labels is valid, each between two spans that there are; a repeat counts once."""
        self.check_marks(value, path, ENDS)
        for index, relation in enumerate(value):
            for name in ENDS:
                self._check_end(relation[name], f"{path}.{index}.{name}")
            if place_of(relation["head"]) == place_of(relation["tail"]):
                raise LabelError(f"{path}.{index}", "joins a span to itself")

    def normalize(self, value: Json) -> Json:
        """In order of head, tail and label, each once, without "text"."""
        found = {(*(place_of(relation[name]) for name in ENDS), relation["label"]) for relation in value}
        return [_relation(head, tail, label) for head, tail, label in sorted(found)]

    def places_of(self, mark: Json) -> Mapping[str, Json]:
        """Both ends."""
        return {name: mark[name] for name in ENDS}

    def read_answer(self, answer: Json, content: Mapping[str, Json], path: str) -> Json:
        """The relations that are quoted, each between the nearest places of its quotes that do not have it yet."""
        if not isinstance(answer, list):
            raise LabelError(path, f"must be a list of relations, not {shown(answer)}")
        finder = Finder(self.text(content, path) if answer else "")
        value: list[Json] = []
        for index, quoted in enumerate(answer):
            check_names(quoted, (*ENDS, "label"), f"{path}.{index}")
            value.append(self._find(finder, quoted, value, f"{path}.{index}"))
        self.validate_value(value, path)
        return self.normalize(value)

    def as_answer(self, value: Json, content: Mapping[str, Json]) -> Json:
        """The text of both ends, with the words around them where they would be found elsewhere otherwise."""
        text = self.text(content, "") if value else ""
        finder = Finder(text)
        answer: list[dict[str, Json]] = []
        found: list[Json] = []
        for relation in self.normalize(value):
            ends = {name: place_of(relation[name]) for name in ENDS}
            quoted = {name: text[slice(*place)] for name, place in ends.items()} | {
                "label": relation["label"]
            }
            if self._find(finder, quoted, found, "") != relation:
                quoted |= {name: finder.quote(place) for name, place in ends.items()}
            found.append(relation)
            answer.append(quoted)
        return answer

    def mistakes(self, value: Json, content: Mapping[str, Json], rng: Random) -> Iterator[Json]:
        """One relation turned round, relabeled or dropped."""
        relations = self.normalize(value)
        if relations and rng.random() < 0.5:
            turned = rng.choice(relations)
            rest = [relation for relation in relations if relation != turned]
            yield [*rest, turned | {"head": turned["tail"], "tail": turned["head"]}]
        yield from self.relabeled_or_fewer(value, rng)

    def _find(self, finder: Finder, quoted: Mapping[str, Json], found: list[Json], path: str) -> Json:
        head, tail = (
            list(islice(self._ends(finder, quoted[name], f"{path}.{name}"), MOST_PLACES)) for name in ENDS
        )
        pairs = sorted(
            ((one, other) for one, other in product(head, tail) if one != other),
            key=lambda pair: abs(pair[0][0] - pair[1][0]),
        ) or [(head[0], tail[0])]
        meant = [_relation(*pair, quoted["label"]) for pair in pairs]
        return next((relation for relation in meant if relation not in found), meant[0])

    def _ends(self, finder: Finder, quote: Json, path: str) -> Iterator[Place]:
        """The places that a quote can mean; there is at least one."""
        must_be_text(quote, path)
        if self._joined is None:
            places: Iterator[Place] = finder.places(quote)
        else:
            places = (place for place in sorted(self._joined) if finder.means(quote, place))
        first = next(places, None)
        if first is None:
            where = (
                "does not stand in the text" if self._joined is None else f"is no span of {self.between!r}"
            )
            raise LabelError(path, f"{shown(quote)} {where}: quote it letter by letter")
        yield first
        yield from places

    def _check_end(self, end: Json, path: str) -> None:
        check_names(end, ("start", "end"), path)
        check_bounds(end, path)
        if self._joined is not None and place_of(end) not in self._joined:
            raise LabelError(
                path, f"from {end['start']} to {end['end']} there is no span of {self.between!r}"
            )


def _relation(head: Place, tail: Place, label: str) -> dict[str, Json]:
    ends = {name: {"start": start, "end": end} for name, (start, end) in zip(ENDS, (head, tail), strict=True)}
    return {"label": label} | ends
