"""Drafts against settled labels: accuracy, by field and class, corrections, and how far confidence is to be believed."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from pydantic import BaseModel

from prelabel.canonical import Json
from prelabel.kinds import Kind
from prelabel.measure.calibration import BANDS, Band
from prelabel.measure.intervals import Share, wilson
from prelabel.schema import Label, LabelSchema

MOST_CORRECTIONS = 20
BASIS = (
    "drafts that a person has judged; these are the examples that the policy sent to people, "
    "not a sample of all, so nothing here is a claim about accepted drafts"
)


@dataclass(frozen=True)
class Judged:
    """A draft that failed has label None; `settled` is the label that people gave."""

    draft: Label | None
    settled: Label
    confidence: float | None


class ClassQuality(BaseModel):
    """One class of a field. `recall`: of those settled so, drafted so; `precision`: of those drafted so, settled so."""

    name: str
    recall: Share
    precision: Share


class Correction(BaseModel):
    """What people changed a draft from and to, and how often."""

    drafted: str
    settled: str
    count: int


class FieldQuality(BaseModel):
    """One field: accuracy, mean distance of draft and label (0 to 1), classes where it has them, frequent corrections."""

    name: str
    accuracy: Share
    mean_distance: float | None
    classes: list[ClassQuality]
    corrections: list[Correction]


class QualityReport(BaseModel):
    """Whole labels first: right is a draft at distance 0 from the settled label. `basis` says what it all rests on.

    `calibration_error` is the expected calibration error over ten bands of equal width, None without confidences.
    """

    basis: str = BASIS
    judged: int
    failed: int
    accuracy: Share
    fields: list[FieldQuality]
    bands: list[Band]
    calibration_error: float | None


@dataclass
class _Field:
    kind: Kind
    right: int = 0
    total: int = 0
    distance: float = 0.0
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    corrections: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, draft: Json, settled: Json) -> None:
        apart = self.kind.distance(draft, settled)
        self.total += 1
        self.distance += apart
        self.right += apart == 0
        first, second = self.kind.class_of(draft), self.kind.class_of(settled)
        if first is not None and second is not None:
            self.pairs[first, second] += 1
        if apart > 0:
            self.corrections[_short(self.kind.write(draft)), _short(self.kind.write(settled))] += 1

    def report(self, name: str) -> FieldQuality:
        drafted, settled, same = Counter[str](), Counter[str](), Counter[str]()
        for (first, second), count in self.pairs.items():
            drafted[first] += count
            settled[second] += count
            same[first] += count if first == second else 0
        classes = [
            ClassQuality(
                name=cls, recall=wilson(same[cls], settled[cls]), precision=wilson(same[cls], drafted[cls])
            )
            for cls in self.kind.classes() or []
            if drafted[cls] or settled[cls]
        ]
        return FieldQuality(
            name=name,
            accuracy=wilson(self.right, self.total),
            mean_distance=self.distance / self.total if self.total else None,
            classes=classes,
            corrections=[
                Correction(drafted=first, settled=second, count=count)
                for (first, second), count in self.corrections.most_common(MOST_CORRECTIONS)
            ],
        )


class QualityTally:
    """Counts judged drafts one by one; memory does not grow with their number."""

    def __init__(self, schema: LabelSchema) -> None:
        self._schema = schema
        self._fields = {name: _Field(kind) for name, kind in schema.fields.items()}
        self._right = self._judged = self._failed = 0
        self._bands: dict[int, list[float]] = defaultdict(
            lambda: [0.0, 0.0, 0.0]
        )  # count, right, sum of confidence

    def add(self, judged: Judged) -> None:
        """Count one; a failed draft counts as failed and toward nothing else."""
        if judged.draft is None:
            self._failed += 1
            return
        right = self._schema.distance(judged.draft, judged.settled) == 0
        self._judged += 1
        self._right += right
        for name, tally in self._fields.items():
            tally.add(judged.draft[name], judged.settled[name])
        if judged.confidence is not None:
            band = self._bands[min(BANDS - 1, int(judged.confidence * BANDS))]
            band[0], band[1], band[2] = band[0] + 1, band[1] + right, band[2] + judged.confidence

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


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
