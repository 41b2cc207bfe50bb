"""Labels of one field that other labels contradict."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from prelabel.canonical import Json, canonical
from prelabel.kinds.base import Kind
from prelabel.kinds.boolean import Boolean
from prelabel.kinds.choice import Choice
from prelabel.kinds.choices import Choices
from prelabel.kinds.marks import Marks
from prelabel.kinds.rating import Rating
from prelabel.kinds.spans import Spans
from prelabel.measure.consistency.likeness import NEAR, Near, by_characters, by_words, nearest, same
from prelabel.measure.consistency.probabilities import crossfitted, doubted, doubts, known_classes
from prelabel.measure.consistency.surfaces import UNMARKED, Marked, joined_elsewhere, marked_elsewhere

if TYPE_CHECKING:
    import numpy as np

Way = str
WAYS = ("same_text", "near_duplicate", "neighbours", "model", "marked_elsewhere")
"""How a label came to be doubted, in the order in which one of several is named."""
ABOUT_THE_TEXT = Boolean | Choice | Rating
"""Kinds of which similar texts tend to have the same class; a preference is about the order of two answers."""
APART = 0.3
"""Labels that are at least so far from each other contradict each other."""
MOST_NEAR, MOST_NEIGHBOURS = 20, 10
RELATED = 0.2
"""The cosine of words from which a text tells anything of another's label."""
FEWEST_NEIGHBOURS = 3
SUSPICIOUS = 0.6
"""What neighbours have to say at least; less is as common as a right label in a field that is hard."""
SHOWN = 3


@dataclass(frozen=True)
class Finding:
    """A label that may be wrong: whose it is, how likely, why in words, and examples that tell otherwise, the most telling first."""

    subject: int
    way: Way
    score: float
    why: str
    others: tuple[int, ...] = ()


@dataclass
class Texts:
    """Texts of examples, and which are like which; worked out once, whatever the number of fields."""

    texts: Sequence[str]
    first: list[int] = field(init=False)
    group: "np.ndarray[Any, Any]" = field(init=False)

    def __post_init__(self) -> None:
        """Put equal texts together."""
        import numpy as np

        groups: dict[str, int] = {}
        self.first, found = [], []
        for index, text in enumerate(self.texts):
            key = same(text)
            if key not in groups:
                groups[key] = len(groups)
                self.first.append(index)
            found.append(groups[key])
        self.group = np.array(found, np.int64)

    @cached_property
    def near(self) -> Near:
        """Near-duplicates, by group."""
        return nearest(by_characters([self.texts[index] for index in self.first]), NEAR, MOST_NEAR)

    @cached_property
    def words(self) -> Any:
        """A row a group."""
        return by_words([self.texts[index] for index in self.first])

    @cached_property
    def related(self) -> Near:
        """Neighbours, by group."""
        return nearest(self.words, RELATED, MOST_NEIGHBOURS)


def find(
    texts: Texts, values: Sequence[Json], kind: Kind, marked: Sequence[str] | None = None
) -> list[Finding]:
    """What is doubtful among the values of one field, the likeliest wrong first; None among them has no say.

    Each is found once, by the most telling way; of two that contradict each other, the likelier wrong one stands for both.
    `marked` are the texts that spans and relations point into, where they are not the whole texts.
    """
    marked = texts.texts if marked is None else marked
    comparable = _comparable(marked, values, kind)
    return _once([
        *_contradicted(texts, values, comparable, kind),
        *_improbable(texts, values, kind),
        *_marked(marked, values, kind),
    ])  # fmt: skip


@dataclass(frozen=True)
class _Held:
    """A value that some examples of a group have: of which `index` is the first."""

    key: str
    value: Json
    indices: list[int]


def _contradicted(
    texts: Texts, values: Sequence[Json], comparable: Sequence[Json], kind: Kind
) -> Iterator[Finding]:
    """By equal texts, near-duplicates and neighbours."""
    held, apart = _held(texts, values, comparable), _Distances(kind)
    count = len(texts.first)
    has_neighbours = isinstance(kind, Choices | ABOUT_THE_TEXT)
    nothing: Iterator[tuple[Any, Any]] = (((), ()) for _ in range(count))
    related = texts.related.by_text(count) if has_neighbours else nothing
    for group, (near, around) in enumerate(zip(texts.near.by_text(count), related, strict=True)):
        for own in held[group]:
            yield from (
                _against(own, [(one, 1.0) for one in held[group]], apart, "same_text")
                or _against(own, _witnesses(held, *near), apart, "near_duplicate")
                or _by_neighbours(own, _witnesses(held, *around), apart)
            )


def _comparable(marked: Sequence[str], values: Sequence[Json], kind: Kind) -> Sequence[Json]:
    """Values as they can be compared between different texts: marks by the words that they mark, not by their places."""
    if not isinstance(kind, Marks):
        return [kind.normalize(value) for value in values]
    return [
        value if value is None else sorted(
            [mark["label"], *(text[place["start"] : place["end"]] for place in kind.places_of(mark).values())]
            for mark in kind.normalize(value)
        )
        for text, value in zip(marked, values, strict=True)
    ]  # fmt: skip


def _held(texts: Texts, values: Sequence[Json], comparable: Sequence[Json]) -> list[list[_Held]]:
    found: list[dict[str, _Held]] = [{} for _ in texts.first]
    for index, value in enumerate(comparable):
        if value is not None:
            key = canonical(value)
            one = found[texts.group[index]].setdefault(key, _Held(key, values[index], []))
            one.indices.append(index)
    return [list(values.values()) for values in found]


class _Distances:
    """How far values are apart, each pair worked out once."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._is_marks = isinstance(kind, Marks)
        self._known: dict[tuple[str, str], float] = {}

    def __call__(self, a: _Held, b: _Held) -> float:
        if a.key == b.key:
            return 0.0
        pair = (a.key, b.key)
        if pair not in self._known:
            self._known[pair] = _of_marks(*pair) if self._is_marks else self._kind.distance(a.value, b.value)
        return self._known[pair]


def _of_marks(a: str, b: str) -> float:
    """1 - F1 of what is marked, as of the kind itself, wherever it stands."""
    first, second = ({canonical(mark) for mark in json.loads(key)} for key in (a, b))
    return 1 - 2 * len(first & second) / (len(first) + len(second)) if first or second else 0.0


Witness = tuple[_Held, float]


def _witnesses(
    held: Sequence[Sequence[_Held]], others: Iterable[Any], likeness: Iterable[Any]
) -> list[Witness]:
    return [(one, float(how)) for other, how in zip(others, likeness, strict=True) for one in held[other]]


def _score(own: _Held, witnesses: Sequence[Witness], apart: _Distances) -> float:
    """The share of what is said against a value, each witness as near as it is to it, its own examples for it."""
    others = [(one, how) for one, how in witnesses if one is not own]
    against = sum(how * len(one.indices) * apart(own, one) for one, how in others)
    return against / (len(own.indices) + sum(how * len(one.indices) for one, how in others))


def _against(own: _Held, witnesses: Sequence[Witness], apart: _Distances, way: Way) -> list[Finding]:
    """One finding for each example that has the value, where any witness contradicts it."""
    telling = [(how * apart(own, one), one, how) for one, how in witnesses if apart(own, one) >= APART]
    if not telling:
        return []
    telling.sort(key=lambda one: -one[0])
    others = tuple(one.indices[0] for _, one, _ in telling)[:SHOWN]
    _, worst, how = telling[0]
    score = _score(own, witnesses, apart)
    return [Finding(index, way, score, _why(way, worst, how), others) for index in own.indices]


def _by_neighbours(own: _Held, witnesses: Sequence[Witness], apart: _Distances) -> list[Finding]:
    if len(witnesses) < FEWEST_NEIGHBOURS or _score(own, witnesses, apart) < SUSPICIOUS:
        return []
    found = _against(own, witnesses, apart, "neighbours")
    against = sum(apart(own, one) >= APART for one, _ in witnesses)
    why = f"{against} of the {len(witnesses)} most similar examples are labeled otherwise"
    return [Finding(one.subject, one.way, one.score, why, one.others) for one in found]


def _why(way: Way, other: _Held, how: float) -> str:
    said = canonical(other.value)
    said = said if len(said) <= 60 else said[:57] + "…"
    if way == "same_text":
        return f"the same text is labeled {said} elsewhere"
    return f"an example that is nearly the same ({how:.2f}) is labeled {said}"


def _improbable(texts: Texts, values: Sequence[Json], kind: Kind) -> Iterator[Finding]:
    """By a model that is trained on the others."""
    import numpy as np

    if not isinstance(kind, ABOUT_THE_TEXT):
        return
    names = [None if value is None else kind.class_of(value) for value in values]
    with_class = np.array([index for index, name in enumerate(names) if name is not None], np.int64)
    classes, given = known_classes([name for name in names if name is not None])
    groups = texts.group[with_class]
    chances = crossfitted(texts.words[groups], groups, given, len(classes)) if len(given) else None
    if chances is None:
        return
    scores, likelier = doubts(chances, given), doubted(chances, given)
    for row in np.flatnonzero(likelier >= 0):
        said = f"trained on the other labels, a model expects {classes[likelier[row]]!r} ({chances[row, likelier[row]]:.2f})"
        why = f"{said}, not {classes[given[row]]!r} ({chances[row, given[row]]:.2f})"
        yield Finding(int(with_class[row]), "model", float(scores[row]), why)


def _marked(marked: Sequence[str], values: Sequence[Json], kind: Kind) -> Iterator[Finding]:
    if not isinstance(kind, Marks):
        return
    those = [index for index, value in enumerate(values) if value is not None]
    search = marked_elsewhere if isinstance(kind, Spans) else joined_elsewhere
    for one in search([marked[index] for index in those], [kind.normalize(values[index]) for index in those]):
        others = tuple(those[other] for other in one.others)
        yield Finding(those[one.subject], "marked_elsewhere", one.share, _said(one), others)


def _said(one: Marked) -> str:
    here = "nothing" if one.here == UNMARKED else repr(one.here)
    return f"{one.surface!r} at {one.start} is {one.elsewhere!r} in most other places, and {here} here"


def _once(findings: Iterable[Finding]) -> list[Finding]:
    best: dict[tuple[int, ...], Finding] = {}
    by_subject: dict[int, list[Finding]] = defaultdict(list)
    for one in findings:
        by_subject[one.subject].append(one)
    for subject, found in by_subject.items():
        one = _summed(found)
        key = tuple(sorted((subject, *one.others[:1])))
        if key not in best or (one.score, -one.subject) > (best[key].score, -best[key].subject):
            best[key] = one
    return sorted(best.values(), key=lambda one: (-one.score, one.subject))


def _summed(found: Sequence[Finding]) -> Finding:
    """One example's findings as one: named by the most telling way, as likely wrong as they say together."""
    found = sorted(found, key=lambda one: (WAYS.index(one.way), -one.score))
    right = 1.0
    for way in WAYS:
        right *= 1 - max((one.score for one in found if one.way == way), default=0.0)
    why = "; ".join(dict.fromkeys(one.why for one in found[:SHOWN]))
    others = tuple(dict.fromkeys(other for one in found for other in one.others))[:SHOWN]
    return Finding(found[0].subject, found[0].way, 1 - right, why, others)
