"""Parts of a text with a label each: entities, aspects, passages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Literal

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.examples.finding import Finder, Place
from prelabel.kinds.base import must_be_text, shown
from prelabel.kinds.marks import HOW_TO_MARK, Marks, check_bounds, check_names, place_of


class Spans(Marks):
    """A value is a list of {"start", "end", "label"}.

    With `nested`, a span may lie within another, or in the same place under another label; with `overlapping` spans may also
    cross. A model quotes the text of each span, and the offsets are found.
    """

    kind: Literal["spans"] = "spans"
    nested: bool = False
    overlapping: bool = False

    def json_schema(self) -> dict[str, Json]:
        """A list of quotes, each with its label."""
        quote = {"text": {"type": "string"}, "label": {"type": "string", "enum": self.values}}
        span = {"type": "object", "properties": quote, "required": list(quote), "additionalProperties": False}
        return {"type": "array", "items": span}

    def rules(self) -> str:
        """How to quote, and whether spans may share characters."""
        form = 'a list of {"text", "label"} in order of appearance'
        quoted = f"{form}, the text quoted letter by letter from `{self.of}`"
        shared = "they may cross" if self.overlapping else "one may lie within another" if self.nested else ""
        return "; ".join(
            filter(None, [quoted, shared or "they share no words", HOW_TO_MARK, super().rules()])
        )

    def validate_value(self, value: Json, path: str) -> None:
        """Only a list of spans with options as labels is valid, which overlap no more than is allowed; a repeat counts once."""
        self.check_marks(value, path, ("start", "end"))
        for index, span in enumerate(value):
            check_bounds(span, f"{path}.{index}")
        if not self.overlapping:
            self._check_overlaps(self.normalize(value), path)

    def normalize(self, value: Json) -> Json:
        """In order of start, end and label, each once, without "text"."""
        found = {(span["start"], span["end"], span["label"]) for span in value}
        return [{"start": start, "end": end, "label": label} for start, end, label in sorted(found)]

    def places_of(self, mark: Json) -> Mapping[str, Json]:
        """Itself."""
        return {"": mark}

    def read_answer(self, answer: Json, content: Mapping[str, Json], path: str) -> Json:
        """The spans that are quoted, found in the text (see `prelabel.examples.finding`)."""
        if not isinstance(answer, list):
            raise LabelError(path, f"must be a list of quotes, not {shown(answer)}")
        for index, quote in enumerate(answer):
            check_names(quote, ("text", "label"), f"{path}.{index}")
            must_be_text(quote["text"], f"{path}.{index}.text")
        text = self.text(content, path) if answer else ""
        places = Finder(text).find([quote["text"] for quote in answer])
        value = [
            _span(quote, place, f"{path}.{index}")
            for index, (quote, place) in enumerate(zip(answer, places, strict=True))
        ]
        self.validate_value(value, path)
        return self.normalize(value)

    def as_answer(self, value: Json, content: Mapping[str, Json]) -> Json:
        """The text of each span, with the words around it where it would be found elsewhere otherwise."""
        spans = self.normalize(value)
        text = self.text(content, "") if spans else ""
        quotes = _quotes(text, [place_of(span) for span in spans])
        return [{"text": quote, "label": span["label"]} for quote, span in zip(quotes, spans, strict=True)]

    def mistakes(self, value: Json, content: Mapping[str, Json], rng: Random) -> Iterator[Json]:
        """One span cut short by a word, relabeled or dropped; where there is none, a word is marked."""
        spans, text = self.normalize(value), self.text(content, "")
        if not spans:
            words = list(re.finditer(r"\w+", text))
            for word in rng.sample(words, min(len(words), 3)):
                yield [{"start": word.start(), "end": word.end(), "label": rng.choice(self.values)}]
            return
        cut = self._cut(spans, text, rng)
        if cut and rng.random() < 0.5:
            yield cut
        yield from self.relabeled_or_fewer(value, rng)

    def _cut(self, spans: Sequence[dict[str, Json]], text: str, rng: Random) -> Json:
        """The spans, one of several words without its first or its last; None where each has but one."""
        for index in rng.sample(range(len(spans)), len(spans)):
            start, end = place_of(spans[index])
            words = [
                (start + word.start(), start + word.end()) for word in re.finditer(r"\S+", text[start:end])
            ]
            if len(words) > 1:
                kept = words[1:] if rng.random() < 0.5 else words[:-1]
                return [
                    *spans[:index],
                    spans[index] | {"start": kept[0][0], "end": kept[-1][1]},
                    *spans[index + 1 :],
                ]
        return None

    def _check_overlaps(self, spans: Sequence[Mapping[str, Json]], path: str) -> None:
        around: list[Mapping[str, Json]] = []
        for span in sorted(spans, key=lambda span: (span["start"], -span["end"])):
            while around and around[-1]["end"] <= span["start"]:
                around.pop()
            if around and not (self.nested and span["end"] <= around[-1]["end"]):
                what = "crosses" if span["end"] > around[-1]["end"] else "lies within"
                raise LabelError(
                    path, f"{_said(span)} {what} {_said(around[-1])}, which this field does not allow"
                )
            around.append(span)


def _span(quote: Mapping[str, Json], place: Place | None, path: str) -> dict[str, Json]:
    if place is None:
        raise LabelError(
            f"{path}.text", f"{shown(quote['text'])} does not stand in the text: quote it letter by letter"
        )
    return {"start": place[0], "end": place[1], "label": quote["label"]}


def _quotes(text: str, places: Sequence[Place]) -> list[str]:
    """Quotes that are found in these places."""
    finder = Finder(text)
    quotes = [text[slice(*place)] for place in places]
    marked: set[int] = set()
    while (
        wrong := {index for index, found in enumerate(finder.find(quotes)) if found != places[index]} - marked
    ):
        index = min(wrong)
        quotes[index] = finder.quote(places[index])
        marked.add(index)
    return quotes


def _said(span: Mapping[str, Json]) -> str:
    return f"the {span['label']!r} from {span['start']} to {span['end']}"
