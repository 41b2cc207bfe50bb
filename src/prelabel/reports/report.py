"""Step 5, measure: the rows that every figure is made from. The figures themselves are pure (`prelabel.measure`)."""

import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func
from sqlalchemy import select as wide_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.canonical import Json, canonical
from prelabel.drafters.cascade import named, steps_of
from prelabel.drafting.lessons import PEOPLE
from prelabel.measure.accepted import AcceptedQuality, accepted_quality
from prelabel.measure.calibration import BANDS, CalibrationReport
from prelabel.measure.calibration import calibration as reliable
from prelabel.measure.cost import CostReport, Part, Parts, Spending, cost_report, divided
from prelabel.measure.figure import Figure
from prelabel.measure.intervals import Share, wilson
from prelabel.measure.quality import Judged, QualityReport, QualityTally
from prelabel.measure.quote import Money
from prelabel.models import CHECK, Call, Draft, Example, Label, Placement, Review, Run, Slot
from prelabel.models.columns import as_json
from prelabel.money import ledger
from prelabel.money.ledger import Sum
from prelabel.routing import audits, place
from prelabel.routing.policy import Policy
from prelabel.schema import LabelSchema
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator

BATCH = 2_000
MOST_PAIRS = 50_000
"""Pairs of labels of which it is kept in mind whether they are the same."""
CALIBRATED_ON = {
    "gold": "gold examples: a sample of all drafts, as far as gold was chosen at random",
    "audits": "audits: a random sample of the drafts that would have been accepted",
    "sent": "what the policy sent to people for other reasons: no sample of all drafts, mostly the unsure ones",
}


class Outlook(Figure):
    """A run at a glance. Shares carry their count and 95 % interval.

    `accepted` are the labels that no person has seen (source "auto"), as a share of all examples. `accepted_wrong` is the
    share of them whose gold says otherwise, of those accepted that have gold. `gold` is the share of gold examples whose
    newest draft is right: an honest sample of all drafts if gold was chosen at random. `corrected` is the share of reviewed
    drafts that people changed; people see what the policy was unsure of, so it says nothing about the accepted ones.
    """

    examples: int
    places: dict[str, int]
    queued_for: dict[str, int]
    accepted: Share
    accepted_wrong: Share
    gold: Share
    reviewed: int
    corrected: Share
    draft_failed: int


def outlook(session: Session, run: Run) -> Outlook:
    """How a run stands now."""
    assert run.id is not None
    places = place.counts(session, run.id)
    schema = runs.schema_of(session, run)
    examples = sum(places.values())
    golds = _golds(session, run)
    accepted = [(label, gold) for _, gold, label, source in golds if source == "auto" and label is not None]
    verdicts = _verdicts(session, run)
    judged = verdicts.get("confirmed", 0) + verdicts.get("corrected", 0)
    return Outlook(
        examples=examples,
        places=places,
        queued_for=_queued_for(session, run),
        accepted=wilson(_accepted(session, run), examples),
        accepted_wrong=wilson(sum(schema.distance(*pair) > 0 for pair in accepted), len(accepted)),
        gold=wilson(
            sum(draft is not None and schema.distance(draft, gold) == 0 for draft, gold, _, _ in golds),
            len(golds),
        ),
        reviewed=judged,
        corrected=wilson(verdicts.get("corrected", 0), judged),
        draft_failed=_failed(session, run),
    )


def quality(session: Session, run: Run) -> QualityReport:
    """The drafts that people have judged, against what they settled."""
    tally = QualityTally(runs.schema_of(session, run))
    into = Translator.of(session, run)
    for draft, value, band, confidence, count in _judged_alike(session, run, into):
        label = None if draft is None else json.loads(draft)
        tally.add(Judged(label, json.loads(value), confidence, count, band))
    if versions.has_others(session, into):
        for draft, drafted_under, confidence, value, settled_under, content in _judged(session, run, into):
            if (settled := into.fitting(value, settled_under, content)) is not None:
                tally.add(Judged(into.fitting(draft, drafted_under, content), settled, confidence))
    return tally.report().model_copy(update={"accepted": accepted(session, run)})


def _judged_alike(session: Session, run: Run, into: Translator) -> Iterable[Any]:
    """Drafts that people have judged by the schema as it is, with what they settled: both as JSON, the band and the mean confidence
    of those that are alike, and how many these are."""
    sure = col(Draft.confidence)
    bands = [(sure * BANDS >= band, band) for band in range(BANDS - 1, 0, -1)]
    alike = (
        *(as_json(col(Draft.label)), as_json(col(Label.value))),
        case((sure.is_(None), -1), *bands, else_=0),
    )
    rows = _judged_by_people(wide_select(*alike, func.avg(sure), func.count()), run)
    return session.execute(rows.where(*_of_now(into)).group_by(*alike).execution_options(yield_per=BATCH))


def _judged(session: Session, run: Run, into: Translator) -> Iterable[Any]:
    """The same of another schema, one by one."""
    columns = wide_select(
        *(col(Draft.label), col(Draft.schema_version_id), col(Draft.confidence)),
        *(col(Label.value), col(Label.schema_version_id), col(Example.content)),
    )
    rows = _judged_by_people(columns, run).join(Example, col(Example.id) == Label.example_id)
    return session.execute(rows.where(~and_(*_of_now(into))).execution_options(yield_per=BATCH))


def _judged_by_people(columns: Select[Any], run: Run) -> Select[Any]:
    return (
        columns.select_from(Placement)
        .join(Label, col(Label.id) == Placement.label_id)
        .join(Draft, col(Draft.id) == Label.draft_id)
        .where(col(Placement.run_id) == run.id, col(Label.source).in_(PEOPLE))
    )


def _of_now(into: Translator) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Draft and label are of the schema as it is, so that they are labels as they stand."""
    return col(Draft.schema_version_id) == into.version_id, col(Label.schema_version_id) == into.version_id


def accepted(session: Session, run: Run) -> AcceptedQuality | None:
    """What audits say of the drafts that were accepted without review; None where the policy asks for no audits."""
    if not Policy.model_validate(run.policy).audit_share:
        return None
    found, drawn = [audit.right for audit in audits.answered(session, run)], audits.drawn(session, run)
    return accepted_quality(_accepted(session, run), drawn.count, sum(found), len(found), drawn.set_aside)


def calibration(session: Session, run: Run) -> CalibrationReport:
    """How far the confidence of the run's drafts is to be believed, on gold, on audits, and on what the policy sent to people."""
    found = _known(session, run, col(Placement.is_gold) | col(Label.source).in_(PEOPLE))
    return CalibrationReport(
        uses=Policy.model_validate(run.policy).confidence,
        **{name: reliable(pairs, CALIBRATED_ON[name]) for name, pairs in found.items()},
    )


def known_by_gold(session: Session, run: Run) -> list[tuple[float, bool]]:
    """The confidence of each gold example's newest draft, and whether it is right."""
    return _known(session, run, col(Placement.is_gold).is_(True))["gold"]


def _known(session: Session, run: Run, which: ColumnElement[bool]) -> dict[str, list[tuple[float, bool]]]:
    """Confidence, and whether the draft is right, by what that is known from."""
    into, found = Translator.of(session, run), {basis: list[tuple[float, bool]]() for basis in CALIBRATED_ON}
    is_right = lru_cache(MOST_PAIRS)(partial(_is_same, into.schema))
    rows = session.execute(
        wide_select(
            col(Placement.example_id), col(Placement.reason), col(Draft.confidence), as_json(col(Draft.label)),
            col(Draft.schema_version_id), as_json(col(Example.gold)), col(Example.schema_version_id),
            as_json(col(Label.value)), col(Label.schema_version_id), col(Label.source),
        )
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .join(Example, col(Example.id) == Placement.example_id)
        .join(Label, col(Label.id) == Placement.label_id, isouter=True)
        .where(col(Placement.run_id) == run.id, col(Draft.confidence).is_not(None), which)
        .execution_options(yield_per=BATCH)
    )  # fmt: skip
    for part in rows.partitions():
        strange = [
            row[0] for row in part if {row[4], row[6] or row[4], row[8] or row[4]} != {into.version_id}
        ]
        contents = versions.contents(session, strange)
        for (
            example_id,
            reason,
            confidence,
            label,
            drafted_under,
            gold,
            gold_under,
            value,
            under,
            source,
        ) in part:
            translated = partial(_translated, into, contents.get(example_id, {}))
            draft, basis = translated(label, drafted_under), "audits" if reason == "audit" else "sent"
            settled = translated(value, under) if source in PEOPLE else None
            for name, right in (("gold", translated(gold, gold_under)), (basis, settled)):
                if draft is not None and right is not None:
                    found[name].append((confidence, is_right(draft, right)))
    return found


def _translated(into: Translator, content: dict[str, Json], label: str | None, version_id: int) -> str | None:
    """A label as JSON of the schema as it is; None where it does not fit."""
    if label is None or version_id == into.version_id:
        return label
    fitting = into.fitting(json.loads(label), version_id, content)
    return None if fitting is None else canonical(fitting)


def _is_same(schema: LabelSchema, one: str, other: str) -> bool:
    """Whether two labels, as JSON, are at distance 0."""
    return schema.distance(json.loads(one), json.loads(other)) == 0


def cost(session: Session, run: Run, hourly_rate: Decimal) -> CostReport:
    """What the run's labels cost so far."""
    assert run.id is not None
    sums = ledger.sums(session, run.id)
    tokens_in, tokens_out, tokens_cached = session.execute(
        wide_select(
            func.coalesce(func.sum(col(Call.tokens_in)), 0),
            func.coalesce(func.sum(col(Call.tokens_out)), 0),
            func.coalesce(func.sum(col(Call.tokens_cached)), 0),
        ).where(col(Call.run_id) == run.id)
    ).one()
    spending = Spending(
        sum(one.requests for one in sums),
        sum(one.unpriced for one in sums),
        sum((one.dollars for one in sums), Decimal(0)),
        int(tokens_in),
        int(tokens_out),
        int(tokens_cached),
        parts=_parts(run, sums),
    )
    seconds = session.exec(
        select(Review.seconds).where(Review.run_id == run.id, Review.verdict != "undone")
    ).all()
    settled = place.counts(session, run.id)["settled"]
    quoted = Money.model_validate(run.quote) if run.quote else None
    return cost_report(spending, settled, seconds, hourly_rate, _accepted(session, run), quoted)


def _parts(run: Run, sums: Sequence[Sum]) -> Parts:
    """The sums by step, model, purpose and lane."""
    steps = [f"{number} {named([step])}" for number, step in enumerate(steps_of(run), 1)]

    def by(name: Callable[[Sum], str]) -> list[Part]:
        return divided((name(one), one.requests, one.dollars) for one in sums)

    return Parts(
        by_step=by(lambda one: steps[one.step]),
        by_model=by(lambda one: one.model),
        by_purpose=by(lambda one: one.purpose),
        by_lane=by(lambda one: one.lane),
    )


def _golds(session: Session, run: Run) -> Sequence[tuple[Json, Json, Json, str | None]]:
    """Of each gold example that is drafted: its newest draft, gold, label if it has one, and the label's source."""
    into = Translator.of(session, run)
    rows = session.execute(
        wide_select(
            col(Draft.label), col(Draft.schema_version_id), col(Example.gold), col(Example.schema_version_id),
            col(Label.value), col(Label.schema_version_id), col(Label.source), col(Example.content),
        )
        .join(Placement, col(Placement.draft_id) == Draft.id)
        .join(Example, col(Example.id) == Placement.example_id)
        .join(Label, col(Label.id) == Placement.label_id, isouter=True)
        .where(col(Placement.run_id) == run.id, col(Placement.is_gold))
    )  # fmt: skip
    found = []
    for draft, drafted_under, gold, gold_under, label, labeled_under, source, content in rows:
        if (known := into.fitting(gold, gold_under, content)) is not None:
            drafted, settled = (
                into.fitting(draft, drafted_under, content),
                into.fitting(label, labeled_under, content),
            )
            found.append((drafted, known, settled, source))
    return found


def accepted_share(session: Session, run: Run) -> Share:
    """What of the run's examples is accepted without review now."""
    return wilson(_accepted(session, run), sum(place.counts(session, run.id or 0).values()))


def _accepted(session: Session, run: Run) -> int:
    labels = select(func.count()).join(Label, col(Label.id) == Placement.label_id)
    return session.exec(
        labels.select_from(Placement).where(Placement.run_id == run.id, Label.source == "auto")
    ).one()


def _queued_for(session: Session, run: Run) -> dict[str, int]:
    """How many examples wait in the queue for each reason."""
    reasons = select(Placement.reason, func.count()).where(
        Placement.run_id == run.id, Placement.place == "queued"
    )
    return dict(session.exec(reasons.group_by(Placement.reason)).all())


def _verdicts(session: Session, run: Run) -> dict[str, int]:
    """Reviews that stand, by verdict; not of checks, which are of drafts that gold has settled."""
    undone = aliased(Review)
    taken_back = select(undone.id).where(undone.undoes == Review.id)
    standing = (
        select(Review.verdict, func.count())
        .join(Slot, col(Slot.id) == Review.slot_id)
        .where(Review.run_id == run.id, ~taken_back.exists(), Slot.reason != CHECK)
    )
    return dict(session.exec(standing.group_by(Review.verdict)).all())


def _failed(session: Session, run: Run) -> int:
    """Examples whose newest draft failed."""
    drafts = select(func.count()).select_from(Placement).join(Draft, col(Draft.id) == Placement.draft_id)
    return session.exec(drafts.where(Placement.run_id == run.id, Draft.failure != "")).one()
