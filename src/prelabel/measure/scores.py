"""Drafts against settled labels, part by part: by field, class, model, prompt, week and run, with what people change."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

from prelabel.measure.figure import Figure
from prelabel.measure.intervals import Share, wilson
from prelabel.measure.quality import most_common
from prelabel.schema import Label, LabelSchema

By = Literal["field", "class", "model", "prompt", "week", "run"]
MOST_CLASSES = 20
REST = "(other classes)"
MOST_CORRECTIONS = 50
MOST_PAIRS = 20_000
"""Different corrections that are kept in mind; beyond, those seen once so far are forgotten: memory stays bounded."""
BASIS = (
    "newest drafts of each run; `accuracy` and `mean_distance` are of drafts whose example people have settled: mostly those that the "
    "policy sent to them, so not a sample of all; `audited` is of a random share of what would have been accepted"
)


@dataclass(frozen=True)
class Scored:
    """Drafted examples that are alike, `count` of them. `draft` None: it failed; `settled` None: people have given it no label.
    `dollars` and `unpriced` are of all of them together. `among`: their model and so on."""

    draft: Label | None
    settled: Label | None
    is_accepted: bool
    is_audit: bool
    dollars: Decimal
    unpriced: int
    among: Mapping[str, str]
    count: int = 1


class Score(BaseModel):
    """One part of the drafts. Shares carry n and their 95 % Wilson interval.

    `accuracy`: right, of those that people have settled. `corrected`: changed, of those that people were sent for another reason
    than an audit. `audited`: right, of audits. `accepted`: without review, of those drafted. `per_example`: dollars of model calls
    for each drafted example, whichever step they were for; None of fields, which share their calls; a lower bound where
    `unpriced` calls have no known price.
    """

    name: str
    drafted: int
    failed: int
    accuracy: Share
    corrected: Share
    audited: Share
    mean_distance: float | None
    accepted: Share
    dollars: Decimal | None
    per_example: Decimal | None
    unpriced: int


class Confusion(BaseModel):
    """Of a field with classes: how often what was drafted (row) was settled as what (column). The most frequent classes, the rest as one."""

    field: str
    classes: list[str]
    counts: list[list[int]]


class Change(BaseModel):
    """What people changed in a field, from and to, and how often."""

    field: str
    drafted: str
    settled: str
    count: int


class Scores(Figure):
    """The parts that were asked for, `total` of all, confusions and most frequent corrections of each field.

    `left_out`: settled examples whose draft or label does not fit the schema as it is now; they count as not settled.
    """

    basis: str = BASIS
    by: By
    total: Score
    parts: list[Score]
    left_out: int
    confusions: list[Confusion]
    corrections: list[Change]


@dataclass
class _Part:
    drafted: int = 0
    failed: int = 0
    accepted: int = 0
    judged: int = 0
    right: int = 0
    audits: int = 0
    audits_right: int = 0
    distance: float = 0.0
    dollars: Decimal = Decimal(0)
    unpriced: int = 0

    def count(self, one: Scored, apart: float | None) -> None:
        self.drafted += one.count
        self.failed += (one.draft is None) * one.count
        self.accepted += one.is_accepted * one.count
        self.dollars += one.dollars
        self.unpriced += one.unpriced
        if apart is not None:
            right = (apart == 0) * one.count
            self.judged, self.right, self.distance = (
                self.judged + one.count,
                self.right + right,
                self.distance + apart * one.count,
            )
            if one.is_audit:
                self.audits, self.audits_right = self.audits + one.count, self.audits_right + right

    def score(self, name: str, by: By | None) -> Score:
        sent, kept = self.judged - self.audits, self.right - self.audits_right
        each = self.dollars / self.drafted if self.drafted else None
        return Score(
            name=name,
            drafted=self.drafted,
            failed=self.failed,
            accuracy=wilson(self.right, self.judged),
            corrected=wilson(sent - kept, sent),
            audited=wilson(self.audits_right, self.audits),
            mean_distance=self.distance / self.judged if self.judged else None,
            accepted=wilson(self.accepted, self.drafted),
            dollars=None if by == "field" else self.dollars,
            per_example=None if by == "field" or each is None else each.quantize(Decimal("0.000001")),
            unpriced=self.unpriced,
        )


class ScoreTally:
    """Counts drafted examples, alike ones at once; memory does not grow with their number."""

    def __init__(self, schema: LabelSchema, by: By) -> None:
        self._schema, self._by = schema, by
        self._total, self._left_out = _Part(), 0
        self._parts: dict[str, _Part] = defaultdict(_Part)
        self._confused: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._changed: Counter[tuple[str, str, str]] = Counter()

    def leave_out(self, count: int = 1) -> None:
        """Count settled examples that do not fit the schema."""
        self._left_out += count

    def add(self, one: Scored) -> None:
        """Count some."""
        apart = None
        if one.draft is not None and one.settled is not None:
            apart = self._schema.distances(one.draft, one.settled)
            self._note(one.draft, one.settled, apart, one.count)
        worst = None if apart is None else max(apart.values())
        self._total.count(one, worst)
        if self._by == "field":
            for name in self._fields(one):
                self._parts[name].count(one, None if apart is None else apart[name])
        elif self._by == "class":
            for name, cls in self._classes(one.draft).items():
                self._parts[f"{name}: {cls}"].count(one, None if apart is None else apart[name])
        else:
            self._parts[one.among[self._by]].count(one, worst)

    def report(self) -> Scores:
        """The figures so far."""
        names = (
            sorted(self._parts)
            if self._by != "field"
            else [n for n in self._schema.fields if n in self._parts]
        )
        return Scores(
            by=self._by,
            total=self._total.score("", None),
            parts=[self._parts[name].score(name, self._by) for name in names],
            left_out=self._left_out,
            confusions=[
                _matrix(name, self._confused[name]) for name in self._schema.fields if name in self._confused
            ],
            corrections=[
                Change(field=name, drafted=drafted, settled=settled, count=count)
                for (name, drafted, settled), count in most_common(self._changed, MOST_CORRECTIONS)
            ],
        )

    def _fields(self, one: Scored) -> list[str]:
        """The fields that apply, by the draft or as settled; all of them where the draft failed."""
        labels = [label for label in (one.draft, one.settled) if label is not None]
        if one.draft is None:
            return list(self._schema.fields)
        return [
            name for name in self._schema.fields if any(self._schema.applies(name, label) for label in labels)
        ]

    def _classes(self, label: Label | None) -> dict[str, str]:
        found = {} if label is None else {
            name: kind.class_of(label.get(name)) for name, kind in self._schema.fields.items()
        }  # fmt: skip
        return {name: cls for name, cls in found.items() if cls is not None}

    def _note(self, draft: Label, settled: Label, apart: Mapping[str, float], count: int) -> None:
        first, second = self._classes(draft), self._classes(settled)
        for name in first.keys() & second.keys():
            self._confused[name][first[name], second[name]] += count
        for name, distance in apart.items():
            if distance > 0:
                write = self._schema.fields[name].write
                self._changed[name, _short(write(draft.get(name))), _short(write(settled.get(name)))] += count
        if len(self._changed) > MOST_PAIRS:
            self._changed = Counter({pair: seen for pair, seen in self._changed.items() if seen > 1})


def _matrix(field: str, pairs: Counter[tuple[str, str]]) -> Confusion:
    """The classes that come most often, by draft or as settled, in that order."""
    often = Counter[str]()
    for (drafted, settled), count in pairs.items():
        often[drafted] += count
        often[settled] += count
    classes = [name for name, _ in most_common(often, MOST_CLASSES)]
    classes += [REST] if len(often) > MOST_CLASSES else []
    places = {name: place for place, name in enumerate(classes)}
    counts = [[0] * len(classes) for _ in classes]
    for (drafted, settled), count in pairs.items():
        counts[places.get(drafted, len(classes) - 1)][places.get(settled, len(classes) - 1)] += count
    return Confusion(field=field, classes=classes, counts=counts)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
