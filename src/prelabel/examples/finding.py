"""Where quoted texts stand in a text. Places are in code points, the end exclusive. Pure.

A quote is looked for as it is, then by its folded form: Unicode's compatibility decomposition (NFKD) and case folding, every run
of white space as one space, format characters and variation selectors left out, typographic quotation marks and dashes as plain
ones. Each folded character knows which code points of the text it comes from, so lengths may differ.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property

Place = tuple[int, int]
"""Where something begins, and where it ends."""
OPEN, CLOSE = "⟦", "⟧"
"""What is meant stands between them where a quote holds the words around it too."""
_PIECE = re.compile(r"\s+|[!-~]+|[^\x00-\x7f\s]+|.", re.DOTALL)
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff]")
"""Signs of scripts that put no space between words."""
_PLAIN = str.maketrans(
    dict.fromkeys("‘’‚‛´`", "'") | dict.fromkeys("“”„‟«»", '"') | dict.fromkeys("‐‑‒–—―−", "-")
)


class Finder:
    """Finds quotes in one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[str, tuple[list[Place], Iterator[Place]]] = {}

    def find(self, quotes: Sequence[str]) -> list[Place | None]:
        """The place that each quote means, given in order of appearance; None where it does not stand in the text.

        A quote that comes again takes the next place, or where there is none the first again. Each goes to a place after the
        one before it; where they cannot all, the order says nothing, and each takes its first free place.
        """
        return self._in_order(quotes) or self._as_they_come(quotes)

    def places(self, quote: str) -> Iterator[Place]:
        """Where a quote can stand, the likeliest first: as whole words as it is, then folded; if nowhere, within words."""
        known, others = self._known.setdefault(quote, ([], self._look_for(quote)))
        at = 0
        while True:
            if at == len(known):
                if (place := next(others, None)) is None:
                    return
                known.append(place)
            yield known[at]
            at += 1

    def means(self, quote: str, place: Place) -> bool:
        """Whether a quote says the text of this place, be it folded."""
        said = self._text[slice(*place)]
        if quote == said:
            return True
        if _marked(quote) is not None and quote not in self._text:
            return place in self.places(quote)
        return _Folded(quote.strip()).text == _Folded(said.strip()).text

    def quote(self, place: Place) -> str:
        """The text of a place with so many words around it that it stands nowhere else, and marked within them.

        It cannot be told apart where the text holds the marks themselves.
        """
        start, end = place
        count = 1
        while True:
            first, last = self._around(place, count)
            context = self._text[first:last]
            if (first, last) == (0, len(self._text)) or len(list(self._exact(context))) == 1:
                return f"{self._text[first:start]}{OPEN}{self._text[start:end]}{CLOSE}{self._text[end:last]}"
            count *= 2

    def _look_for(self, quote: str) -> Iterator[Place]:
        if (middle := _marked(quote)) is not None and quote not in self._text:
            yield from self._within(*middle)
            return
        found: set[Place] = set()
        for is_whole in (True, False):
            for places in (self._exact, self._folded_places):
                for place in places(quote):
                    if place not in found and self._is_whole(place) >= is_whole:
                        found.add(place)
                        yield place
            if found:
                return

    def _in_order(self, quotes: Sequence[str]) -> list[Place | None] | None:
        found: list[Place | None] = []
        taken: set[Place] = set()
        at = 0
        for quote in quotes:
            place = next((one for one in self.places(quote) if one not in taken and one[0] >= at), None)
            if place is None:
                if any(one not in taken for one in self.places(quote)):
                    return None
                place = next(self.places(quote), None)
            else:
                at = place[0]
                taken.add(place)
            found.append(place)
        return found

    def _as_they_come(self, quotes: Sequence[str]) -> list[Place | None]:
        found: list[Place | None] = []
        taken: set[Place] = set()
        for quote in quotes:
            free = next((one for one in self.places(quote) if one not in taken), None)
            found.append(free or next(self.places(quote), None))
            if free:
                taken.add(free)
        return found

    def _exact(self, quote: str) -> Iterator[Place]:
        at = self._text.find(quote) if quote.strip() else -1
        while at >= 0:
            yield at, at + len(quote)
            at = self._text.find(quote, at + 1)

    def _folded_places(self, quote: str) -> Iterator[Place]:
        return self._folded.places(_Folded(quote.strip()).text)

    def _within(self, before: str, meant: str, after: str) -> Iterator[Place]:
        """The places of what is meant with these words around it; by itself where they do not stand around it."""
        if not meant.strip():
            return
        context = before + meant + after
        exact = [(at + len(before), at + len(before + meant)) for at, _ in self._exact(context)]
        around = [] if exact else list(self._folded_places(context))
        inside = [
            one for one in self.places(meant) if any(at <= one[0] and one[1] <= to for at, to in around)
        ]
        yield from exact or inside or self.places(meant)

    def _is_whole(self, place: Place) -> bool:
        """Whether a place neither begins nor ends inside of a word."""
        return not any(
            0 < at < len(self._text) and _joins(self._text[at - 1]) and _joins(self._text[at]) for at in place
        )

    def _around(self, place: Place, count: int) -> Place:
        """A place with so many words before and after it."""
        starts, ends = self._words
        before, after = bisect_left(starts, place[0]) - count, bisect_right(ends, place[1]) + count - 1
        return starts[before] if before >= 0 else 0, ends[after] if after < len(ends) else len(self._text)

    @cached_property
    def _words(self) -> tuple[list[int], list[int]]:
        words = [word.span() for word in re.finditer(r"\S+", self._text)]
        return [start for start, _ in words], [end for _, end in words]

    @cached_property
    def _folded(self) -> "_Folded":
        return _Folded(self._text)


class _Folded:
    """A text in its folded form, and where each character of it begins and ends in the text."""

    def __init__(self, text: str) -> None:
        parts: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        for piece in _PIECE.finditer(text):
            start, end = piece.span()
            if piece[0].isspace():
                folded, origins = " ", [(start, end)]
            elif piece[0].isascii():
                folded = piece[0].lower().translate(_PLAIN)
                origins = list(zip(range(start, end), range(start + 1, end + 1), strict=True))
            else:
                folded, origins = _decomposed(piece[0], start)
            parts.append(folded)
            self._starts += [origin[0] for origin in origins]
            self._ends += [origin[1] for origin in origins]
        self.text = "".join(parts)

    def places(self, folded: str) -> Iterator[Place]:
        """Where in the text a folded quote stands, never a part of a code point, nor a letter without its marks."""
        at = self.text.find(folded) if folded else -1
        while at >= 0:
            end = at + len(folded)
            if self._is_between(at) and self._is_between(end):
                yield min(self._starts[at:end]), max(self._ends[at:end])
            at = self.text.find(folded, at + 1)

    def _is_between(self, at: int) -> bool:
        """Whether what stands before and after this character are not of one letter."""
        if at in (0, len(self.text)):
            return True
        return self._starts[at] != self._starts[at - 1] and not unicodedata.combining(self.text[at])


def _decomposed(text: str, start: int) -> tuple[str, list[Place]]:
    """The folded form of a piece, with marks in canonical order, and the place that each character is from."""
    found: list[tuple[str, Place]] = []
    run = 0
    for at, character in enumerate(text, start):
        if unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f":
            continue
        plain = unicodedata.normalize("NFKD", character.translate(_PLAIN)).casefold()
        for part in unicodedata.normalize("NFKD", plain).translate(_PLAIN):
            if not unicodedata.combining(part):
                found[run:] = _ordered(found[run:])
                run = len(found) + 1
            found.append((part, (at, at + 1)))
    found[run:] = _ordered(found[run:])
    return "".join(part for part, _ in found), [place for _, place in found]


def _ordered(marks: list[tuple[str, Place]]) -> list[tuple[str, Place]]:
    return sorted(marks, key=lambda mark: unicodedata.combining(mark[0]))


def _joins(character: str) -> bool:
    """Whether a character is part of a word together with the one beside it."""
    if character.isascii():
        return character.isalnum() or character == "_"
    is_of_word = character.isalnum() or unicodedata.category(character).startswith("M")
    return is_of_word and not _UNSPACED.match(character)


def _marked(quote: str) -> tuple[str, str, str] | None:
    """What stands before, between and after the marks; None where there are none."""
    before, opened, rest = quote.partition(OPEN)
    meant, closed, after = rest.partition(CLOSE)
    return (before, meant, after) if opened and closed else None
