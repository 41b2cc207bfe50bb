"""Drafts against settled labels: accuracy, by field and class, corrections, and how far confidence is to be believed."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from prelabel.canonical import Json
from prelabel.kinds import Kind
from prelabel.kinds.base import Part
from prelabel.measure.accepted import AcceptedQuality
from prelabel.measure.calibration import BANDS, Band
from prelabel.measure.figure import Figure
from prelabel.measure.intervals import LEVEL, Share, wilson
from prelabel.schema import Label, LabelSchema

MOST_CORRECTIONS = 20
Name = TypeVar("Name", str, tuple[str, str], tuple[str, str, str])
BASIS = (
    "drafts that a person has judged; these are the examples that the policy sent to people, "
    "not a sample of all, so nothing here is a claim about accepted drafts"
)


@dataclass(frozen=True)
class Judged:
    """A draft that failed has label None; `settled` is the label that people gave. `count` examples are alike, `confidence`
    is their mean, and `band` the one of `BANDS` in which all of them are; None: the one of their confidence."""

    draft: Label | None
    settled: Label
    confidence: float | None
    count: int = 1
    band: int | None = None


class ClassQuality(BaseModel):
    """One class of a field. `recall`: of those settled so, drafted so; `precision`: of those drafted so, settled so.

    Where values hold parts, as spans and chosen options are, the parts of the class are counted, each the same exactly or not.
    """

    name: str
    recall: Share
    precision: Share


class Correction(BaseModel):
    """What people changed a draft from and to, and how often."""

    drafted: str
    settled: str
    count: int


class PartQuality(BaseModel):
    """All parts of a field's values together, whatever their class (micro average). `f1` is None where there are none.

    `f1_low` and `f1_high` are its 95 % interval: F1 grows with both shares, so it lies between its values at the ends of their
    Wilson intervals, taken at 97.5 % each since both have to hold (Bonferroni). The intervals take parts for independent; those
    of one example hardly are. `mean_overlap` is how far parts that match cover each other, 0 to 1 (of boxes: intersection over
    union; where only equal parts match: 1), None where none do.
    """

    precision: Share
    recall: Share
    f1: float | None
    f1_low: float
    f1_high: float
    mean_overlap: float | None


class FieldQuality(BaseModel):
    """One field: accuracy, mean distance of draft and label (0 to 1), classes where it has them, frequent corrections.

    It is counted in the labels in which it applies, by the draft or as settled. `parts` is None where a value is one whole.
    """

    name: str
    accuracy: Share
    mean_distance: float | None
    classes: list[ClassQuality]
    parts: PartQuality | None
    corrections: list[Correction]


class QualityReport(Figure):
    """Whole labels first: right is a draft at distance 0 from the settled label. `basis` says what it all rests on.

    `accepted` rests on audits, and is None where the policy asks for none. `calibration_error` is the expected calibration error over ten bands of equal width, None without confidences.
    """

    basis: str = BASIS
    judged: int
    failed: int
    accuracy: Share
    fields: list[FieldQuality]
    bands: list[Band]
    calibration_error: float | None
    accepted: AcceptedQuality | None = None


@dataclass
class _Field:
    kind: Kind
    right: int = 0
    total: int = 0
    distance: float = 0.0
    drafted: Counter[str] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    overlap: float = 0.0
    has_parts: bool = False
    corrections: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, draft: Json, settled: Json, count: int) -> None:
        apart = self.kind.distance(draft, settled)
        self.total += count
        self.distance += apart * count
        self.right += (apart == 0) * count
        first, second = self._parts(draft), self._parts(settled)
        _add(self.drafted, first, count)
        _add(self.settled, second, count)
        matches = self.kind.matches(draft, settled) if self.has_parts else dict.fromkeys(first & second, 1.0)
        _add(self.same, matches, count)
        self.overlap += sum(matches.values()) * count
        if apart > 0:
            self.corrections[_short(self.kind.write(draft)), _short(self.kind.write(settled))] += count

    def _parts(self, value: Json) -> set[Part]:
        """The parts of a value; a value of a class is one such part."""
        if (parts := self.kind.parts(value)) is not None:
            self.has_parts = True
            return set(parts)
        cls = self.kind.class_of(value)
        return set() if cls is None else {(cls, "")}

    def report(self, name: str) -> FieldQuality:
        drafted, settled, same = self.drafted, self.settled, self.same
        classes = [
            ClassQuality(
                name=cls, recall=wilson(same[cls], settled[cls]), precision=wilson(same[cls], drafted[cls])
            )
            for cls in self.kind.classes() or sorted(drafted | settled)
            if drafted[cls] or settled[cls]
        ]
        return FieldQuality(
            name=name,
            accuracy=wilson(self.right, self.total),
            mean_distance=self.distance / self.total if self.total else None,
            classes=classes,
            corrections=[
                Correction(drafted=first, settled=second, count=count)
                for (first, second), count in most_common(self.corrections, MOST_CORRECTIONS)
            ],
            parts=part_quality(same.total(), drafted.total(), settled.total(), self.overlap)
            if self.has_parts
            else None,
        )


class QualityTally:
    """Counts judged drafts, alike ones at once; memory does not grow with their number."""

    def __init__(self, schema: LabelSchema) -> None:
        self._schema = schema
        self._fields = {name: _Field(kind) for name, kind in schema.fields.items()}
        self._right = self._judged = self._failed = 0
        self._bands: dict[int, list[float]] = defaultdict(
            lambda: [0.0, 0.0, 0.0]
        )  # count, right, sum of confidence

    def add(self, judged: Judged) -> None:
        """Count some; a failed draft counts as failed and toward nothing else."""
        if judged.draft is None:
            self._failed += judged.count
            return
        right = self._schema.distance(judged.draft, judged.settled) == 0
        self._judged += judged.count
        self._right += right * judged.count
        for name, tally in self._fields.items():
            if self._schema.applies(name, judged.draft) or self._schema.applies(name, judged.settled):
                tally.add(judged.draft.get(name), judged.settled.get(name), judged.count)
        if judged.confidence is not None:
            number = min(BANDS - 1, int(judged.confidence * BANDS)) if judged.band is None else judged.band
            band = self._bands[number]
            for place, value in enumerate((1, right, judged.confidence)):
                band[place] += value * judged.count

    def report(self) -> QualityReport:
        """The figures so far."""
        bands = [
            Band(
                low=index / BANDS,
                high=(index + 1) / BANDS,
                mean_confidence=total / count,
                right=wilson(int(right), int(count)),
            )
            for index, (count, right, total) in sorted(self._bands.items())
        ]
        known = sum(band.right.n for band in bands)
        gaps = sum(abs(band.mean_confidence * band.right.n - band.right.right) for band in bands)
        return QualityReport(
            judged=self._judged,
            failed=self._failed,
            accuracy=wilson(self._right, self._judged),
            fields=[tally.report(name) for name, tally in self._fields.items()],
            bands=bands,
            calibration_error=gaps / known if known else None,
        )


def part_quality(same: int, drafted: int, settled: int, overlap: float) -> PartQuality:
    """Of so many parts that are drafted, and so many that are settled, so many match; `overlap` is the sum over these."""
    wide = (1 + LEVEL) / 2
    precision, recall = wilson(same, drafted, wide), wilson(same, settled, wide)
    return PartQuality(
        precision=wilson(same, drafted),
        recall=wilson(same, settled),
        f1=2 * same / (drafted + settled) if drafted + settled else None,
        f1_low=_f1(precision.low, recall.low),
        f1_high=_f1(precision.high, recall.high),
        mean_overlap=overlap / same if same else None,
    )


def most_common(counter: Counter[Name], most: int) -> list[tuple[Name, int]]:
    """The most frequent, those as frequent by their name: in whatever order they were counted."""
    return sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


def _add(counter: Counter[str], parts: Iterable[Part], count: int) -> None:
    for cls, _ in parts:
        counter[cls] += count


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
