"""The rows behind `measure.scores`: every drafted example of a run or a project, in batches, with its label and its money."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import ledger, projects, versions
from prelabel.ledger import SpentOn
from prelabel.lessons import PEOPLE
from prelabel.measure.scores import By, Scored, Scores, ScoreTally
from prelabel.models import Draft, Label, Placement, Project, Prompt, Run
from prelabel.versions import Translator

BATCH = 2_000
"""Examples read at once."""
FREE = SpentOn(0, 0, Decimal(0))


def of_run(session: Session, run: Run, by: By) -> Scores:
    """The drafts of a run."""
    return _scores(session, [run], Translator.of(session, run), by)


def of_project(session: Session, project: Project, by: By) -> Scores:
    """The drafts of all runs of a project, under the newest version of its schema."""
    runs = projects.runs_of(session, project)
    return _scores(session, runs, Translator(session, projects.schema_versions(session, project)[0]), by)


def _scores(session: Session, runs: Sequence[Run], into: Translator, by: By) -> Scores:
    tally = ScoreTally(into.schema, by)
    prompts = dict(session.exec(select(Prompt.digest, Prompt.name)).all())
    for run in runs:
        for batch in _batches(session, run):
            _count(session, run, batch, into, prompts, tally)
    return tally.report()


def _batches(session: Session, run: Run) -> Iterator[Sequence[Any]]:
    """Drafted examples of a run by their id, which is the order of an index."""
    after = 0
    columns = wide_select(
        *(col(Placement.example_id), col(Placement.reason)),
        *(col(Draft.label), col(Draft.schema_version_id), col(Draft.model), col(Draft.prompt_digest)),
        *(col(Draft.created_at), col(Label.value), col(Label.schema_version_id), col(Label.source)),
    ).join(Draft, col(Draft.id) == Placement.draft_id)
    joined = columns.join(Label, col(Label.id) == Placement.label_id, isouter=True)
    while rows := session.execute(
        joined.where(col(Placement.run_id) == run.id, col(Placement.example_id) > after)
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
    known = into.version_id
    strange = [row[0] for row in rows if row[3] != known or (row[7] and row[8] != known)]
    contents = versions.contents(session, strange)
    for example_id, reason, label, drafted_under, model, prompt, at, value, settled_under, source in rows:
        content, by_people = contents.get(example_id, {}), source in PEOPLE
        draft = into.fitting(label, drafted_under, content)
        settled = into.fitting(value, settled_under, content) if by_people else None
        if by_people and (settled is None or (draft is None and label is not None)):
            tally.leave_out()
            settled = None
        _, unpriced, dollars = spent.get(example_id, FREE)
        year, week, _ = at.isocalendar()
        among = {
            "model": model,
            "prompt": f"{prompts.get(prompt, 'given')} {prompt[:12]}".strip(),
            "week": f"{year}-W{week:02}",
            "run": str(run.id),
        }
        tally.add(Scored(draft, settled, source == "auto", reason == "audit", dollars, unpriced, among))
