"""Words that are marked in most other places and not in this one, or as something else; and pairs of words that are joined."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prelabel.canonical import Json

FEWEST = 3
"""Other places that have to tell the same, at least."""
MOSTLY = 0.6
"""The share of the other places that has to tell it."""
LONGEST = 12
"""Words that a marked string may have, to be looked for elsewhere."""
_WORD = re.compile(r"\w+|[^\w\s]")
SHOWN = 3
UNMARKED = ""


@dataclass(frozen=True)
class Marked:
    """That the words `surface` of a text are `here` ("" : nothing) and mostly `elsewhere`: in `share` of the other places.

    `others` are texts where they are what they mostly are.
    """

    subject: int
    start: int
    end: int
    surface: str
    here: str
    elsewhere: str
    share: float
    others: tuple[int, ...]


def marked_elsewhere(texts: Sequence[str], spans: Sequence[Sequence[Mapping[str, Json]]]) -> list[Marked]:
    """Places where a string that is marked in most other texts and places is not marked, or is of another class.

    A place within a longer mark or across the border of one tells nothing. Case counts.
    """
    seen: dict[str, list[tuple[int, int, int, str]]] = defaultdict(list)
    known = _Known(
        text[span["start"] : span["end"]] for text, some in zip(texts, spans, strict=True) for span in some
    )
    for index, (text, some) in enumerate(zip(texts, spans, strict=True)):
        marks = {(span["start"], span["end"]): span["label"] for span in some}
        for start, end in known.places(text):
            name = marks.get((start, end))
            if name is None and any(start < to and end > at for at, to in marks):
                continue
            seen[text[start:end]].append((index, start, end, name or UNMARKED))
    return [one for surface, places in seen.items() for one in _odd(surface, places)]


def joined_elsewhere(texts: Sequence[str], relations: Sequence[Sequence[Mapping[str, Json]]]) -> list[Marked]:
    """Texts that hold two strings which are joined by a class in most others that hold both, and are not joined by it here.

    `surface` is "head → tail"; the place is that of the text's first head.
    """
    known: set[tuple[str, str]] = set()
    joined: list[dict[tuple[str, str], str]] = []
    for text, some in zip(texts, relations, strict=True):
        joined.append({(_cut(text, one["head"]), _cut(text, one["tail"])): one["label"] for one in some})
        known |= joined[-1].keys()
    strings = _Known(string for pair in known for string in pair)
    tails = defaultdict(set)
    for head, tail in known:
        tails[head].add(tail)
    seen: dict[tuple[str, str], list[tuple[int, int, int, str]]] = defaultdict(list)
    for index, text in enumerate(texts):
        first: dict[str, tuple[int, int]] = {}
        for start, end in strings.places(text):
            first.setdefault(text[start:end], (start, end))
        for head in first.keys() & tails.keys():
            for tail in first.keys() & tails[head]:
                name = joined[index].get((head, tail), UNMARKED)
                seen[head, tail].append((index, *first[head], name))
    return [one for pair, places in seen.items() for one in _odd(" → ".join(pair), places)]


class _Known:
    """Strings to look for in texts, at the borders of words."""

    def __init__(self, strings: Iterable[str]) -> None:
        self._by_word: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for string in set(strings):
            words = tuple(_WORD.findall(string))
            if words and len(words) <= LONGEST:
                self._by_word[words[0]].add(words)

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where any of them stands."""
        found = [(match.group(), match.start(), match.end()) for match in _WORD.finditer(text)]
        words = [word for word, *_ in found]
        for at, word in enumerate(words):
            for wanted in self._by_word.get(word, ()):
                if tuple(words[at : at + len(wanted)]) == wanted:
                    yield found[at][1], found[at + len(wanted) - 1][2]


def _odd(surface: str, places: Sequence[tuple[int, int, int, str]]) -> Iterator[Marked]:
    """The places where it is not what it mostly is; a text never speaks for itself."""
    by_class = Counter(name for *_, name in places)
    by_text: dict[int, Counter[str]] = defaultdict(Counter)
    for index, _, _, name in places:
        by_text[index][name] += 1
    for index, start, end, here in places:
        elsewhere = by_class - by_text[index]
        total = elsewhere.total()
        del elsewhere[UNMARKED]
        name, count = max(elsewhere.items(), key=lambda pair: pair[1], default=(UNMARKED, 0))
        if name == here or count < FEWEST or count < MOSTLY * total:
            continue
        others = tuple(dict.fromkeys(one for one, *_, it in places if it == name and one != index))[:SHOWN]
        yield Marked(index, start, end, surface, here, name, count / (total + 1), others)


def _cut(text: str, place: Mapping[str, Json]) -> str:
    return text[place["start"] : place["end"]]
