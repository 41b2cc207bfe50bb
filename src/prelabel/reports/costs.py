"""What labels cost, divided by class, model or run: the rows behind `measure.cost.CostPart`."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

from sqlalchemy import Subquery, func
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.drafters.cascade import named, steps_of
from prelabel.measure.cost import CostPart, CostParts, CostSplits, Purposes, Sums, cost_part, cost_split
from prelabel.models import Label, Placement, Prompt, Review, Run, Slot
from prelabel.models.columns import as_json
from prelabel.money import effort, ledger
from prelabel.money.ledger import SpentOn
from prelabel.reports import report
from prelabel.routing import place
from prelabel.schema import Label as Value
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator

By = Literal["class", "model", "run"]
SplitBy = Literal["run", "prompt", "models"]
BATCH = 2_000


def parts(session: Session, runs: Sequence[Run], into: Translator, by: By, hourly: Decimal) -> CostParts:
    """The cost of these runs, divided. By class: of settled examples alone, by what they were settled as, for each field by itself."""
    if by == "run":
        divided = [_of_run(session, run, hourly) for run in runs]
    else:
        found = _by_model(session, runs) if by == "model" else _by_class(session, runs, into)
        divided = [cost_part(name, sums, hourly) for name, sums in sorted(found.items())]
    return CostParts(by=by, hourly_rate=hourly, parts=divided)


def splits(session: Session, runs: Sequence[Run], by: SplitBy, hourly: Decimal) -> CostSplits:
    """Where the money of these runs went, by run, by prompt version, or by the models of their cascade."""
    found: dict[str, Purposes] = defaultdict(Purposes)
    prompts = {one.id: f"{one.name} {one.digest[:12]}" for one in session.exec(select(Prompt)).all()}
    for run in runs:
        names = {"run": _name(run), "prompt": prompts[run.prompt_id], "models": named(steps_of(run))}
        found[names[by]].add(_purposes(session, run))
    divided = [cost_split(name, purposes, hourly) for name, purposes in found.items()]
    return CostSplits(by=by, hourly_rate=hourly, splits=divided)


def _purposes(session: Session, run: Run) -> Purposes:
    sums = ledger.sums(session, run.id or 0)
    seconds: dict[bool, tuple[int, float]] = {
        for_senior: (count, float(seconds))
        for for_senior, count, seconds in session.execute(
            wide_select(col(Slot.for_senior), func.count(), func.sum(col(Review.seconds)))
            .join(Review, col(Review.slot_id) == Slot.id)
            .where(col(Review.run_id) == run.id, col(Review.verdict) != "undone")
            .group_by(col(Slot.for_senior))
        )
    }
    (reviews, review), (adjudications, adjudication) = seconds.get(False, (0, 0)), seconds.get(True, (0, 0))
    return Purposes(
        settled=place.counts(session, run.id or 0)["settled"],
        dollars=sum((one.dollars for one in sums), Decimal(0)),
        unpriced=sum(one.unpriced for one in sums),
        reviews=reviews,
        review_seconds=review,
        adjudications=adjudications,
        adjudication_seconds=adjudication,
    )


def _name(run: Run) -> str:
    return f"{'trial' if run.trial else 'run'} {run.id}"


def _of_run(session: Session, run: Run, hourly: Decimal) -> CostPart:
    cost = report.cost(session, run, hourly)
    sums = Sums(
        cost.settled, cost.accepted, cost.calls, cost.unpriced_calls, cost.model_dollars, cost.review_seconds
    )
    return cost_part(_name(run), sums, hourly)


def _by_model(session: Session, runs: Sequence[Run]) -> dict[str, Sums]:
    """Calls alone: people's time belongs to no model."""
    found: dict[str, Sums] = defaultdict(Sums)
    for run in runs:
        for one in ledger.sums(session, run.id or 0):
            sums = found[one.model]
            sums.calls, sums.unpriced = sums.calls + one.requests, sums.unpriced + one.unpriced
            sums.dollars += one.dollars
    return found


def _by_class(session: Session, runs: Sequence[Run], into: Translator) -> dict[str, Sums]:
    found: dict[str, Sums] = defaultdict(Sums)
    has_others = versions.has_others(session, into)
    for run in runs:
        _add_alike(session, run, into, found)
        for label, is_accepted, spent, seconds in _strange(session, run, into) if has_others else ():
            _add(found, into, label, Sums(1, is_accepted, *spent, seconds))
    return found


def _add(found: dict[str, Sums], into: Translator, label: Value | None, sums: Sums) -> None:
    """Count examples to the classes of their label, of each field."""
    if label is None:
        return
    for name, kind in into.schema.fields.items():
        if (cls := kind.class_of(label.get(name))) is not None:
            found[f"{name}: {cls}"].add(sums)


def _add_alike(session: Session, run: Run, into: Translator, found: dict[str, Sums]) -> None:
    """Examples settled under the schema as it is: alike ones are counted by the database."""
    calls, people = ledger.by_example([run.id or 0]), _seconds_by_example(run)
    alike = (as_json(col(Label.value)), col(Label.source) == "auto")
    rows = session.execute(
        wide_select(
            *(*alike, func.count(), func.sum(calls.c.requests), func.sum(calls.c.unpriced)),
            *(func.sum(calls.c.dollars), func.sum(people.c.seconds)),
        )
        .select_from(Placement)
        .join(Label, col(Label.id) == Placement.label_id)
        .join(calls, calls.c.example_id == Placement.example_id, isouter=True)
        .join(people, people.c.example_id == Placement.example_id, isouter=True)
        .where(col(Placement.run_id) == run.id, col(Label.schema_version_id) == into.version_id)
        .group_by(*alike)
        .execution_options(yield_per=BATCH)
    )
    for value, is_auto, count, requests, unpriced, dollars, seconds in rows:
        spent = (int(requests or 0), int(unpriced or 0), dollars or Decimal(0))
        _add(found, into, json.loads(value), Sums(count, count * bool(is_auto), *spent, float(seconds or 0)))


def _strange(
    session: Session, run: Run, into: Translator
) -> Iterator[tuple[Value | None, bool, SpentOn, float]]:
    """Of each example settled under another schema its label, whether it was accepted, its calls and the seconds that people took."""
    after = 0
    columns = wide_select(
        *(col(Placement.example_id), col(Label.value), col(Label.schema_version_id), col(Label.source))
    ).join(Label, col(Label.id) == Placement.label_id)
    others = columns.where(col(Placement.run_id) == run.id, col(Label.schema_version_id) != into.version_id)
    while rows := session.execute(
        others.where(col(Placement.example_id) > after).order_by(col(Placement.example_id)).limit(BATCH)
    ).all():
        first, after = rows[0][0], rows[-1][0]
        calls = ledger.spent_on(session, run.id or 0, first, after)
        seconds = effort.seconds_by_example(session, run.id or 0, first, after)
        contents = versions.contents(session, [row[0] for row in rows])
        for example_id, value, version_id, source in rows:
            label = into.fitting(value, version_id, contents.get(example_id, {}))
            spent = calls.get(example_id, ledger.NOTHING)
            yield label, source == "auto", spent, seconds.get(example_id, 0.0)


def _seconds_by_example(run: Run) -> Subquery:
    """The seconds that people took, as a row for each example, to be joined."""
    return (
        wide_select(col(Review.example_id), func.sum(col(Review.seconds)).label("seconds"))
        .where(col(Review.run_id) == run.id, col(Review.verdict) != "undone")
        .group_by(col(Review.example_id))
        .subquery()
    )
