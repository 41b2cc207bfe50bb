"""The rows behind `measure.scores`: every drafted example of a run or a project, in batches, with its label and its money."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import projects
from prelabel.drafting.lessons import PEOPLE
from prelabel.measure.scores import By, Scored, Scores, ScoreTally
from prelabel.models import Draft, Label, Placement, Project, Prompt, Run
from prelabel.models.columns import as_date, as_json, utc_day
from prelabel.money import ledger
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator

BATCH = 2_000
"""Examples read at once."""


def of_run(session: Session, run: Run, by: By) -> Scores:
    """The drafts of a run."""
    return _scores(session, [run], Translator.of(session, run), by)


def of_project(session: Session, project: Project, by: By) -> Scores:
    """The drafts of all runs of a project, under the newest version of its schema."""
    runs = projects.runs_of(session, project)
    return _scores(session, runs, Translator(session, projects.newest_schema(session, project)), by)


def _scores(session: Session, runs: Sequence[Run], into: Translator, by: By) -> Scores:
    tally = ScoreTally(into.schema, by)
    prompts = dict(session.exec(select(Prompt.digest, Prompt.name)).all())
    has_others = versions.has_others(session, into)
    for run in runs:
        _count_alike(session, run, into, prompts, tally, by)
        for batch in _strange(session, run, into) if has_others else ():
            _count(session, run, batch, into, prompts, tally)
    return tally.report()


def _count_alike(
    session: Session, run: Run, into: Translator, prompts: dict[str, str], tally: ScoreTally, by: By
) -> None:
    """Those drafted, and settled if they are, under the schema as it is: alike ones are counted by the database."""
    calls = ledger.by_example([run.id or 0])
    day = utc_day(session, col(Draft.created_at)) if by == "week" else literal(None)
    alike = (
        *(as_json(col(Draft.label)), col(Draft.model), col(Draft.prompt_digest), day.label("day")),
        *(as_json(col(Label.value)), col(Label.source), col(Placement.reason) == "audit"),
    )
    rows = session.execute(
        wide_select(*alike, func.count(), func.sum(calls.c.dollars), func.sum(calls.c.unpriced))
        .select_from(Placement)
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .join(Label, col(Label.id) == Placement.label_id, isouter=True)
        .join(calls, calls.c.example_id == Placement.example_id, isouter=True)
        .where(col(Placement.run_id) == run.id, *_of_now(into))
        .group_by(*(alike if by == "week" else (*alike[:3], *alike[4:])))
        .execution_options(yield_per=BATCH)
    )
    for label, model, prompt, at, value, source, is_audit, count, dollars, unpriced in rows:
        draft = None if label is None else json.loads(label)
        settled = json.loads(value) if source in PEOPLE else None
        among = _among(run, model, prompts, prompt, None if at is None else as_date(at))
        spent = (dollars or Decimal(0), int(unpriced or 0))
        tally.add(Scored(draft, settled, source == "auto", bool(is_audit), *spent, among, count))


def _of_now(into: Translator) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Draft and label are of the schema as it is, so that they are labels as they stand."""
    label = col(Label.schema_version_id)
    return col(Draft.schema_version_id) == into.version_id, label.is_(None) | (label == into.version_id)


def _strange(session: Session, run: Run, into: Translator) -> Iterator[Sequence[Any]]:
    """Drafted examples that are of another schema, by their id, which is the order of an index."""
    after = 0
    columns = wide_select(
        *(col(Placement.example_id), col(Placement.reason)),
        *(col(Draft.label), col(Draft.schema_version_id), col(Draft.model), col(Draft.prompt_digest)),
        *(col(Draft.created_at), col(Label.value), col(Label.schema_version_id), col(Label.source)),
    ).join(Draft, col(Draft.id) == Placement.draft_id)
    joined = columns.join(Label, col(Label.id) == Placement.label_id, isouter=True)
    while rows := session.execute(
        joined.where(
            *(col(Placement.run_id) == run.id, col(Placement.example_id) > after, ~and_(*_of_now(into)))
        )
        .order_by(col(Placement.example_id))
        .limit(BATCH)
    ).all():
        yield rows
        after = rows[-1][0]


def _count(
    session: Session,
    run: Run,
    rows: Sequence[Any],
    into: Translator,
    prompts: dict[str, str],
    tally: ScoreTally,
) -> None:
    spent = ledger.spent_on(session, run.id or 0, rows[0][0], rows[-1][0])
    contents = versions.contents(session, [row[0] for row in rows])
    for example_id, reason, label, drafted_under, model, prompt, at, value, settled_under, source in rows:
        content, by_people = contents.get(example_id, {}), source in PEOPLE
        draft = into.fitting(label, drafted_under, content)
        settled = into.fitting(value, settled_under, content) if by_people else None
        if by_people and (settled is None or (draft is None and label is not None)):
            tally.leave_out()
            settled = None
        _, unpriced, dollars = spent.get(example_id, ledger.NOTHING)
        among = _among(run, model, prompts, prompt, at.date())
        tally.add(Scored(draft, settled, source == "auto", reason == "audit", dollars, unpriced, among))


def _among(run: Run, model: str, prompts: dict[str, str], prompt: str, day: date | None) -> dict[str, str]:
    """What a draft belongs to, by what it may be divided; without a day, but for its week."""
    found = {
        "model": model,
        "prompt": f"{prompts.get(prompt, 'given')} {prompt[:12]}".strip(),
        "run": str(run.id),
    }
    if day is not None:
        year, week, _ = day.isocalendar()
        found["week"] = f"{year}-W{week:02}"
    return found
