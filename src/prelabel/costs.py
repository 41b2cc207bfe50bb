"""What labels cost, divided by class, model or run: the rows behind `measure.cost.CostPart`."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

from sqlalchemy import func
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import ledger, place, report, versions
from prelabel.drafters.cascade import named, steps_of
from prelabel.ledger import SpentOn
from prelabel.measure.cost import CostPart, CostSplit, Purposes, Sums, cost_part, cost_split
from prelabel.models import Label, Placement, Prompt, Review, Run, Slot
from prelabel.versions import Translator

By = Literal["class", "model", "run"]
SplitBy = Literal["run", "prompt", "models"]
BATCH = 2_000


def parts(session: Session, runs: Sequence[Run], into: Translator, by: By, hourly: Decimal) -> list[CostPart]:
    """The cost of these runs, divided. By class: of settled examples alone, by what they were settled as, for each field by itself."""
    if by == "run":
        return [_of_run(session, run, hourly) for run in runs]
    found = _by_model(session, runs) if by == "model" else _by_class(session, runs, into)
    return [cost_part(name, sums, hourly) for name, sums in sorted(found.items())]


def splits(session: Session, runs: Sequence[Run], by: SplitBy, hourly: Decimal) -> list[CostSplit]:
    """Where the money of these runs went, by run, by prompt version, or by the models of their cascade."""
    found: dict[str, Purposes] = defaultdict(Purposes)
    prompts = {one.id: f"{one.name} {one.digest[:12]}" for one in session.exec(select(Prompt)).all()}
    for run in runs:
        names = {"run": _name(run), "prompt": prompts[run.prompt_id], "models": named(steps_of(run))}
        found[names[by]].add(_purposes(session, run))
    return [cost_split(name, purposes, hourly) for name, purposes in found.items()]


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
    for run in runs:
        for classes, is_accepted, spent, seconds in _settled(session, run, into):
            for name in classes:
                sums = found[name]
                sums.settled, sums.accepted = sums.settled + 1, sums.accepted + is_accepted
                sums.calls, sums.unpriced = sums.calls + spent.requests, sums.unpriced + spent.unpriced
                sums.dollars, sums.seconds = sums.dollars + spent.dollars, sums.seconds + seconds
    return found


NOTHING = SpentOn(0, 0, Decimal(0))


def _settled(
    session: Session, run: Run, into: Translator
) -> Iterator[tuple[list[str], bool, SpentOn, float]]:
    """Of each settled example the classes of its label, whether it was accepted, its calls and the seconds that people took."""
    after = 0
    columns = wide_select(
        *(col(Placement.example_id), col(Label.value), col(Label.schema_version_id), col(Label.source))
    ).join(Label, col(Label.id) == Placement.label_id)
    while rows := session.execute(
        columns.where(col(Placement.run_id) == run.id, col(Placement.example_id) > after)
        .order_by(col(Placement.example_id))
        .limit(BATCH)
    ).all():
        first, after = rows[0][0], rows[-1][0]
        calls, seconds = (
            ledger.spent_on(session, run.id or 0, first, after),
            _seconds(session, run, first, after),
        )
        contents = versions.contents(session, [row[0] for row in rows if row[2] != into.version_id])
        for example_id, value, version_id, source in rows:
            label = into.fitting(value, version_id, contents.get(example_id, {}))
            found = {} if label is None else {
                name: kind.class_of(label.get(name)) for name, kind in into.schema.fields.items()
            }  # fmt: skip
            classes = [f"{name}: {cls}" for name, cls in found.items() if cls is not None]
            spent = calls.get(example_id, NOTHING)
            yield classes, source == "auto", spent, seconds.get(example_id, 0.0)


def _seconds(session: Session, run: Run, first: int, last: int) -> dict[int, float]:
    rows = session.execute(
        wide_select(col(Review.example_id), func.sum(col(Review.seconds)))
        .where(
            *(col(Review.run_id) == run.id, col(Review.example_id).between(first, last)),
            col(Review.verdict) != "undone",
        )
        .group_by(col(Review.example_id))
    )
    return {example_id: float(seconds) for example_id, seconds in rows}
