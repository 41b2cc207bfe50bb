"""How far the people of a run agree with each other, and whether its model could take a person's place."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel
from sqlmodel import Session, col, func, select

from prelabel import runs
from prelabel.canonical import Json, canonical
from prelabel.kinds import Kind
from prelabel.leading import disagreement
from prelabel.measure.agreement.alternative import MayReplace, Row, may_replace, near_number, same
from prelabel.measure.agreement.coefficients import Agreement, Alpha, by_distance, by_level
from prelabel.measure.figure import Figure
from prelabel.models import Draft, Placement, Run, Slot, User
from prelabel.schema import Label
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator

BATCH = 1_000
MOST_VALUES = 600
"""Different values of a field whose distances are looked at: they make a square. Beyond that, examples are drawn."""
EPSILON = 0.1
"""What a person costs, as the share of answers that a model may be worse by: 0.1 for those who are paid by the piece, after
Calderon, Reichart and Dror 2025; 0.2 for experts."""
Statistic = Literal["alpha, nominal", "alpha, ordinal", "alpha, interval", "alpha, by distance"]


class FieldAgreement(BaseModel):
    """Krippendorff's alpha of one field: of people with each other, and of the draft with one person an example.

    `statistic` is what fits the kind. 1 is full agreement, 0 what chance would give. `drawn` is how many examples were drawn at
    random where values are too many to compare them all; None: all were looked at.
    """

    name: str
    statistic: Statistic
    people: Agreement
    model: Agreement
    drawn: int | None


class AgreementReport(Figure):
    """What people's answers to the same examples say of the labels.

    `examples` have answers of two people or more, by `people` in all; checks, skips, flags and seniors' answers are left out.
    `may_replace` is the alternative annotator test of the first field that has classes or numbers; None, with `why_not` in words,
    where there is too little to test.
    """

    examples: int
    people: int
    fields: list[FieldAgreement]
    may_replace: MayReplace | None
    why_not: str


@dataclass(frozen=True)
class Answered:
    """An example with the draft, if there is one that fits, and its confidence by field, and each reviewer's label; `is_flagged` if
    one said it has none."""

    placement_id: int
    draft: Label | None
    confidences: Mapping[str, float]
    labels: Mapping[int, Label]
    is_flagged: bool


def report(session: Session, run: Run) -> AgreementReport:
    """Of a run's standing answers, by the schema that it has now."""
    schema = runs.schema_of(session, run)
    found = [one for one in answered(session, run, fewest=2) if len(one.labels) > 1]
    people = {user_id for one in found for user_id in one.labels}
    fields = [_field(name, kind, found) for name, kind in schema.fields.items()]
    tested, why_not = _may_replace(session, found, dict(schema.fields))
    return AgreementReport(
        examples=len(found), people=len(people), fields=fields, may_replace=tested, why_not=why_not
    )


def answered(session: Session, run: Run, fewest: int = 1) -> Iterator[Answered]:
    """Examples with at least one label by a reviewer and so many answers of any kind, in the order in which they came in."""
    into, after = Translator.of(session, run), 0
    while ids := _next(session, run, after, fewest):
        drafts = _drafts(session, into, ids)
        for placement_id, said in disagreement.answers(session, into, ids).items():
            labels = {one.user_id: one.label for one in said if one.label is not None}
            if labels:
                is_flagged = len(labels) < len(said)
                draft, confidences = drafts.get(placement_id, (None, {}))
                yield Answered(placement_id, draft, confidences, labels, is_flagged)
        after = ids[-1]


def _next(session: Session, run: Run, after: int, fewest: int) -> list[int]:
    ids = session.exec(
        select(Slot.placement_id)
        .where(Slot.run_id == run.id, Slot.state == "answered", col(Slot.placement_id) > after)
        .group_by(col(Slot.placement_id))
        .having(func.count() >= fewest)
        .order_by(col(Slot.placement_id))
        .limit(BATCH)
    )
    return list(ids)


def _drafts(
    session: Session, into: Translator, placement_ids: Sequence[int]
) -> Mapping[int, tuple[Label, Mapping[str, float]]]:
    rows = session.exec(
        select(Placement.id, Draft)
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .where(col(Placement.id).in_(placement_ids))
    ).all()
    strange = [draft.example_id for _, draft in rows if draft.schema_version_id != into.version_id]
    contents = versions.contents(session, strange)
    found: dict[int, tuple[Label, Mapping[str, float]]] = {}
    for placement_id, draft in rows:
        label = into.fitting(draft.label, draft.schema_version_id, contents.get(draft.example_id, {}))
        if label is not None and placement_id is not None:
            found[placement_id] = label, into.confidences(draft.confidences, draft.schema_version_id)
    return found


def _field(name: str, kind: Kind, found: Sequence[Answered]) -> FieldAgreement:
    people = [[label.get(name) for label in one.labels.values()] for one in found]
    pairs = [
        [one.draft.get(name), label.get(name)]
        for one in found
        if one.draft is not None
        for label in list(one.labels.values())[:1]
    ]
    statistic = statistic_of(kind)
    among, drawn = _alpha(kind, statistic, people)
    with_model, _ = _alpha(kind, statistic, pairs)
    return FieldAgreement(name=name, statistic=statistic, people=among, model=with_model, drawn=drawn)


def statistic_of(kind: Kind) -> Statistic:
    """The alpha that fits a kind: of classes, of ranks, of numbers, or by the kind's own distance."""
    if kind.kind == "rating":
        return "alpha, ordinal"
    if kind.kind == "number":
        return "alpha, interval"
    return "alpha, nominal" if kind.classes() is not None and kind.parts([]) is None else "alpha, by distance"


def _alpha(kind: Kind, statistic: Statistic, units: Sequence[Sequence[Json]]) -> tuple[Agreement, int | None]:
    given = [[value for value in unit if value is not None] for unit in units]
    kept, drawn = _few_enough([unit for unit in given if len(unit) > 1])
    values = sorted(
        {canonical(value): value for unit in kept for value in unit}.items(), key=lambda pair: _rank(pair[1])
    )
    code = {text: number for number, (text, _) in enumerate(values)}
    codes = [[code[canonical(value)] for value in unit] for unit in kept]
    apart = _apart(kind, statistic, [value for _, value in values])
    return Alpha(codes, len(values), apart).agreement(), drawn


def _apart(kind: Kind, statistic: Statistic, values: Sequence[Json]) -> Callable[..., np.ndarray]:
    if statistic == "alpha, nominal":
        return by_level(range(len(values)), "nominal")
    if statistic in ("alpha, ordinal", "alpha, interval"):
        return by_level(
            [float(str(value)) for value in values],
            "ordinal" if statistic == "alpha, ordinal" else "interval",
        )
    distances = np.zeros((len(values), len(values)))
    for one in range(len(values)):
        for other in range(one):
            distances[one, other] = distances[other, one] = kind.distance(values[one], values[other])
    return by_distance(distances)


def _few_enough(units: list[list[Json]]) -> tuple[list[list[Json]], int | None]:
    """All units, or some drawn at random (always the same) that have few enough different values; and how many, if drawn."""
    if len({canonical(value) for unit in units for value in unit}) <= MOST_VALUES:
        return units, None
    random.Random(0).shuffle(units)
    seen: set[str] = set()
    for count, unit in enumerate(units):
        seen |= {canonical(value) for value in unit}
        if len(seen) > MOST_VALUES:
            return units[:count], count
    return units, None


def _rank(value: Json) -> tuple[float, str]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return (float(value) if is_number else 0.0, canonical(value))


def _may_replace(
    session: Session, found: Sequence[Answered], fields: dict[str, Kind]
) -> tuple[MayReplace | None, str]:
    testable = [(name, kind) for name, kind in fields.items() if statistic_of(kind) != "alpha, by distance"]
    if not testable:
        return None, "no field has classes or numbers"
    name, kind = testable[0]
    called = names(session, {user_id for one in found for user_id in one.labels})
    rows = [
        Row(
            one.draft[name],
            {called[user_id]: label[name] for user_id, label in one.labels.items() if _has(label, name)},
        )
        for one in found
        if one.draft is not None and _has(one.draft, name)
    ]
    tested = may_replace(rows, same if statistic_of(kind) == "alpha, nominal" else near_number, EPSILON)
    if tested is None:
        return (
            None,
            "it takes three people with 30 answers each to examples that others have answered as well",
        )
    return tested, ""


def _has(label: Label, name: str) -> bool:
    return label.get(name) is not None


def names(session: Session, user_ids: set[int]) -> dict[int, str]:
    """Names of people by id."""
    people = session.exec(select(User).where(col(User.id).in_(user_ids)))
    return {one.id or 0: one.name for one in people}
