"""From several answers to one label, with how far they agree. Pure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds import Kind
from prelabel.schema import Label, LabelSchema


@dataclass(frozen=True)
class Verdict:
    """A label, the share of voters that agrees with it by field that applies, and the share of each class by field."""

    label: dict[str, Json]
    confidences: dict[str, float]
    alternatives: dict[str, dict[str, float]]


def settle(schema: LabelSchema, votes: Sequence[Label], asked: int, content: Mapping[str, Json]) -> Verdict:
    """What valid votes on this content come to, field by field; there is at least one.

    Of `asked` voters, those who gave no vote agree with nobody. At a tie the earlier vote wins. Where what each field comes to
    is no label that fits the schema, as where one names what another no longer holds, the vote nearest to all others is taken
    whole.
    """
    voted = [schema.normalize(vote) for vote in votes]
    label = {name: elect(kind, [vote[name] for vote in voted]) for name, kind in schema.fields.items()}
    try:
        schema.validate_label(label, content)
    except LabelError:
        label = _nearest(schema, voted)
    confidences: dict[str, float] = {}
    alternatives: dict[str, dict[str, float]] = {}
    for name in schema.applying(label):
        kind = schema.fields[name]
        values = [vote[name] for vote in voted]
        confidences[name] = sum(kind.distance(label[name], value) == 0 for value in values) / asked
        if kind.classes() is not None:
            classes = Counter(str(kind.class_of(value)) for value in values if value is not None)
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


def _nearest(schema: LabelSchema, votes: Sequence[dict[str, Json]]) -> dict[str, Json]:
    """The vote whose fields are nearest to those of all votes, at a tie the earlier."""
    return min(
        votes,
        key=lambda vote: math.fsum(far for other in votes for far in schema.distances(vote, other).values()),
    )
