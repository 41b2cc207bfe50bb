"""From several answers to one label, with how far they agree. Pure."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from prelabel.canonical import Json
from prelabel.kinds import Kind
from prelabel.schema import Label, LabelSchema


@dataclass(frozen=True)
class Verdict:
    """A label, the share of voters that agrees with it by field, and the share of each class by field."""

    label: dict[str, Json]
    confidences: dict[str, float]
    alternatives: dict[str, dict[str, float]]


def settle(schema: LabelSchema, votes: Sequence[Label], asked: int) -> Verdict:
    """What the votes come to, field by field; there is at least one.

    Of `asked` voters, those who gave no vote agree with nobody. At a tie the earlier vote wins.
    """
    label: dict[str, Json] = {}
    confidences: dict[str, float] = {}
    alternatives: dict[str, dict[str, float]] = {}
    for name, kind in schema.fields.items():
        values = [kind.normalize(vote[name]) for vote in votes]
        label[name] = winner = elect(kind, values)
        confidences[name] = sum(kind.distance(winner, value) == 0 for value in values) / asked
        if kind.classes() is not None:
            classes = Counter(str(kind.class_of(value)) for value in values)
            alternatives[name] = {found: count / asked for found, count in classes.most_common()}
    return Verdict(label, confidences, alternatives)


def elect(kind: Kind, values: Sequence[Json]) -> Json:
    """The value that is nearest to all others: of classes the most frequent one, of numbers one from the middle.

    At a tie it is the one that more agree with, then the earlier one.
    """

    def farness(value: Json) -> tuple[float, int]:
        distances = [kind.distance(value, other) for other in values]
        return math.fsum(distances), -distances.count(0)  # fsum: the same in any order

    return min(values, key=farness)
