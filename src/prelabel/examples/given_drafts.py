"""Drafts that were made elsewhere and came in with their examples: read from rows, written once, found again.

A draft is its example's and its model's: the same one again changes nothing, another one of the same model is a fault.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.bulk import insert_rows
from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError, RowError
from prelabel.kinds.base import keepable, shown
from prelabel.models import GivenDraft
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator

LONGEST_MODEL = 190
MOST = 100
"""Drafts of one row."""
AT_ONCE = 500
"""Keys in one question to the database; SQLite takes about a thousand."""


@dataclass(frozen=True)
class Given:
    """One draft of a row; `field` leads to it there."""

    row: int
    field: str
    model: str
    label: dict[str, Json]
    confidence: float | None


def read(
    row: int, name: str, value: Json, content: dict[str, Json], schema: LabelSchema
) -> tuple[list[Given], list[RowError]]:
    """The drafts in a row's field of this name, and what is wrong with those that cannot be kept."""
    if value is None or value == []:
        return [], []
    if not isinstance(value, list):
        said = 'must be a list of {"model", "label", "confidence"}'
        return [], [RowError(row, name, f"{said}, not {shown(value)}")]
    if len(value) > MOST:
        return [], [RowError(row, name, f"holds {len(value)} drafts, and a row has at most {MOST}")]
    drafts, faults = [], []
    for index, one in enumerate(value):
        try:
            drafts.append(_read(row, f"{name}.{index}", one, content, schema))
        except RowError as fault:
            faults.append(fault)
    return drafts, faults


class Writer:
    """Writes drafts of a dataset's examples in one transaction."""

    def __init__(self, session: Session, dataset_id: int, import_id: int, schema_version_id: int) -> None:
        self._session = session
        self._shared = {
            "dataset_id": dataset_id,
            "import_id": import_id,
            "schema_version_id": schema_version_id,
        }

    def write(self, drafts: Sequence[tuple[int, Given]]) -> tuple[int, list[RowError]]:
        """Add drafts, each with its example's id; returns how many are new, and the faults of those that contradict one."""
        known = {
            (example_id, model): _said(label, confidence)
            for example_id, model, label, confidence in self._there({example_id for example_id, _ in drafts})
        }
        fresh, faults = [], []
        for example_id, draft in drafts:
            said = _said(draft.label, draft.confidence)
            before = known.setdefault((example_id, draft.model), said)
            if before is said:
                fresh.append({
                    **self._shared, "example_id": example_id, "model": draft.model, "label": draft.label,
                    "confidence": draft.confidence,
                })  # fmt: skip
            elif before != said:
                taken = f"{draft.model!r} has another draft of this example already"
                faults.append(
                    RowError(
                        draft.row,
                        f"{draft.field}.model",
                        f"{taken}; nothing is overwritten: give it another name",
                    )
                )
        insert_rows(self._session, GivenDraft, fresh)
        return len(fresh), faults

    def _there(self, example_ids: Collection[int]) -> Iterator[Any]:
        for some in _some(example_ids):
            yield from self._session.execute(
                wide_select(
                    col(GivenDraft.example_id),
                    col(GivenDraft.model),
                    col(GivenDraft.label),
                    col(GivenDraft.confidence),
                ).where(col(GivenDraft.example_id).in_(some))
            )


def models(session: Session, dataset_id: int) -> dict[str, int]:
    """Of which models a dataset has drafts, in alphabetical order, and how many of each."""
    counts = select(GivenDraft.model, func.count()).where(GivenDraft.dataset_id == dataset_id)
    return dict(session.exec(counts.group_by(GivenDraft.model).order_by(GivenDraft.model)).all())


def without_confidence(session: Session, dataset_id: int, model: str) -> int:
    """How many drafts of a model came without a confidence."""
    unsure = select(func.count()).where(GivenDraft.dataset_id == dataset_id, GivenDraft.model == model)
    return session.exec(unsure.where(col(GivenDraft.confidence).is_(None))).one()


def of_model(session: Session, model: str, example_ids: Collection[int]) -> dict[int, GivenDraft]:
    """A model's drafts of these examples, by example."""
    found: dict[int, GivenDraft] = {}
    for some in _some(example_ids):
        which = select(GivenDraft).where(col(GivenDraft.example_id).in_(some), GivenDraft.model == model)
        found |= {draft.example_id: draft for draft in session.exec(which)}
    return found


def of_examples(
    session: Session, contents: dict[int, dict[str, Json]], into: Translator
) -> dict[int, list[dict[str, Json]]]:
    """All drafts of these examples as a row has them, by example; what does not fit the translator's schema is left out."""
    found: dict[int, list[dict[str, Json]]] = defaultdict(list)
    for some in _some(contents):
        drafts = select(GivenDraft).where(col(GivenDraft.example_id).in_(some)).order_by(col(GivenDraft.id))
        for draft in session.exec(drafts):
            label = into.fitting(draft.label, draft.schema_version_id, contents[draft.example_id])
            if label is not None:
                written = {"model": draft.model, "label": label, "confidence": draft.confidence}
                found[draft.example_id].append(written)
    return found


def _read(row: int, field: str, given: Json, content: dict[str, Json], schema: LabelSchema) -> Given:
    if not isinstance(given, dict):
        raise RowError(row, field, f'a draft is {{"model", "label", "confidence"}}, not {shown(given)}')
    confidence = given.get("confidence")
    is_number = isinstance(confidence, int | float) and not isinstance(confidence, bool)
    if confidence is not None and not (is_number and 0 <= confidence <= 1):
        raise RowError(
            row,
            f"{field}.confidence",
            f"must be a number from 0 to 1, or left out, not {shown(confidence)}",
        )
    if given.get("label") is None:
        raise RowError(row, f"{field}.label", "is missing: a model that gave no label has no draft")
    try:
        label = schema.read_gold(given["label"], content)
    except LabelError as error:
        path = f"{field}.label.{error.path}" if error.path else f"{field}.label"
        raise RowError(row, path, error.reason) from error
    model = _model(row, f"{field}.model", given.get("model"))
    return Given(row, field, model, label, None if confidence is None else float(confidence))


def _model(row: int, field: str, given: Json) -> str:
    if given is None:
        raise RowError(row, field, "is missing: say which model made the draft")
    name = given.strip() if isinstance(given, str) else ""
    if not name or len(name) > LONGEST_MODEL:
        raise RowError(row, field, f"must be a name of 1 to {LONGEST_MODEL} characters, not {shown(given)}")
    try:
        return keepable(name)
    except ValueError as error:
        raise RowError(row, field, str(error)) from error


def _said(label: Json, confidence: float | None) -> tuple[str, float | None]:
    return canonical(label), confidence


def _some(example_ids: Collection[int]) -> Iterator[list[int]]:
    ids = list(example_ids)
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
