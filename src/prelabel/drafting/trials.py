"""Trials: a prompt is tried out on a few examples of a dataset, for a few cents, before anything big is started.

A trial is a run (`prelabel.models.Run.trial`), so its money is held, its calls are kept, and nothing is paid for twice: a run with
the same prompt finds its answers. But nobody is asked about its drafts, and none becomes a label.
"""

import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, true
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from prelabel import projects, runs
from prelabel.canonical import Json
from prelabel.drafters.cascade import Step, steps_of
from prelabel.drafting.lessons import PEOPLE
from prelabel.errors import NotFound
from prelabel.examples.samples import shuffled
from prelabel.measure.intervals import Share, wilson
from prelabel.models import (
    Call,
    Dataset,
    Draft,
    Example,
    Label,
    Placement,
    Project,
    Prompt,
    Run,
    SchemaVersion,
)
from prelabel.money import ledger
from prelabel.routing import place
from prelabel.schemas.versions import Translator

USUAL, MOST = 5, 20
"""Examples of a trial."""
LISTED = 50
"""Trials that are listed, the newest."""


class Tried(BaseModel):
    """One example of a trial.

    `draft` None: it failed, for the reason in `failure`, or is still to come. `known` is its gold, or else what people have settled
    it as in any run; `right` is whether the draft is the same, None where either is missing. `calls` 0: the answers were paid for
    before. `dollars` None: no price is known. `seconds` are those of its calls.
    """

    example: str
    content: dict[str, Any]
    draft: dict[str, Any] | None
    confidence: float | None
    failure: str
    known: dict[str, Any] | None
    known_from: str
    right: bool | None
    calls: int
    dollars: Decimal | None
    seconds: float


class Trial(BaseModel):
    """A trial and what came of it. `stage` is "drafting", "done", or "cancelled" before it was; `note` says why.

    `right` is of the drafts whose label is known; a failure is not right. `complete` False: some calls have no known price, so
    `spent` is a lower bound. `per_example` is what those cost that were asked about now, None where there are none; `whole`
    is what all examples of the dataset would cost at that price.
    """

    id: int
    project: str
    dataset: str
    prompt: str
    digest: str
    steps: list[Step]
    schema_version: int
    state: str
    stage: str
    note: str
    examples: int
    drafted: int
    failed: int
    right: Share
    spent: Decimal
    complete: bool
    cap: Decimal | None
    per_example: Decimal | None
    dataset_examples: int
    whole: Decimal | None
    seconds: float | None
    created_at: datetime


class TrialReport(Trial):
    """A trial with each of its examples."""

    tried: list[Tried]


def pick(session: Session, dataset: Dataset, asked: int | Sequence[str]) -> list[int]:
    """The examples of a trial by their ids: those named, or so many. Raises NotFound.

    Those whose label is known come first, gold before what people have settled; among these the same ones each time, so that one
    prompt can be held against another.
    """
    mine = (col(Example.dataset_id) == dataset.id) & col(Example.removed_at).is_(None)
    if not isinstance(asked, int):
        found = dict(
            session.exec(
                select(Example.external_id, Example.id).where(mine, col(Example.external_id).in_(asked))
            ).all()
        )
        if missing := [name for name in dict.fromkeys(asked) if name not in found]:
            raise NotFound(f"dataset {dataset.name!r} has no example {', '.join(map(repr, missing))}")
        return [found[name] or 0 for name in dict.fromkeys(asked)]
    ids: list[int] = []
    for which in (col(Example.gold).is_not(None), col(Example.id).in_(_settled_in(dataset)), true()):
        others = select(Example.id).where(mine, which, col(Example.id).not_in(ids)).order_by(*shuffled())
        ids += [one or 0 for one in session.exec(others.limit(asked - len(ids)))]
    return ids


def _settled_in(dataset: Dataset) -> SelectOfScalar[int]:
    """Examples of a dataset that people have settled in one of its runs."""
    held = select(Placement.example_id).join(Label, col(Label.id) == Placement.label_id)
    mine = col(Placement.run_id).in_(select(Run.id).where(Run.dataset_id == dataset.id))
    return held.where(mine, col(Label.source).in_(PEOPLE))


def names(session: Session, example_ids: Sequence[int]) -> list[str]:
    """What these examples are called, in their order."""
    rows = session.exec(select(Example.id, Example.external_id).where(col(Example.id).in_(example_ids)))
    found = dict(rows.all())
    return [found[one] for one in example_ids]


def get(session: Session, run_id: int) -> Run:
    """The trial, or NotFound."""
    run = session.get(Run, run_id)
    if run is None or not run.trial:
        raise NotFound(f"there is no trial {run_id}")
    return run


def of_project(session: Session, project: Project) -> list[Trial]:
    """The project's trials, the newest first, without their examples."""
    newest = projects.trials_of(session, project)[: -LISTED - 1 : -1]
    return [Trial.model_validate(report(session, run).model_dump()) for run in newest]


def report(session: Session, run: Run) -> TrialReport:
    """What came of a trial so far."""
    run_id, dataset = run.id or 0, session.get_one(Dataset, run.dataset_id)
    prompt, version = (
        session.get_one(Prompt, run.prompt_id),
        session.get_one(SchemaVersion, run.schema_version_id),
    )
    tried, sums = _tried(session, run), ledger.sums(session, run_id)
    asked = [one.dollars for one in tried if one.calls]
    priced = [dollars for dollars in asked if dollars is not None]
    mean = sum(priced, Decimal(0)) / len(priced) if priced and len(priced) == len(asked) else None
    if all(step.is_free for step in steps_of(run)):
        mean = Decimal(0)
    size = session.exec(select(func.count()).where(Example.dataset_id == dataset.id)).one()
    judged = [one.right for one in tried if one.right is not None]
    took = [one.seconds for one in tried if one.calls]
    return TrialReport(
        id=run_id,
        project=session.get_one(Project, dataset.project_id).name,
        dataset=dataset.name,
        prompt=prompt.name,
        digest=prompt.digest,
        steps=list(steps_of(run)),
        schema_version=version.version,
        state=run.state,
        stage=runs.stage(run, place.counts(session, run_id)),
        note=run.note,
        examples=len(tried),
        drafted=sum(bool(one.draft or one.failure) for one in tried),
        failed=sum(bool(one.failure) for one in tried),
        right=wilson(sum(judged), len(judged)),
        spent=sum((one.dollars for one in sums), Decimal(0)),
        complete=not any(one.unpriced for one in sums),
        cap=run.cap,
        per_example=mean,
        dataset_examples=size,
        whole=None if mean is None else mean * size,
        seconds=statistics.median(took) if took else None,
        created_at=run.created_at,
        tried=tried,
    )


def _tried(session: Session, run: Run) -> list[Tried]:
    """The examples of a trial, those whose label is known first."""
    rows = session.execute(
        wide_select(Example, Draft)
        .join(Placement, col(Placement.example_id) == Example.id)
        .join(Draft, col(Draft.id) == Placement.draft_id, isouter=True)
        .where(col(Placement.run_id) == run.id)
        .order_by(col(Placement.is_gold).desc(), col(Placement.id))
    ).all()
    into, ids = Translator.of(session, run), [example.id for example, _ in rows]
    labels, calls = _settled(session, run, ids, into), _calls(session, run)
    return [_one(example, draft, into, labels, calls) for example, draft in rows]


Calls = tuple[int, Decimal | None, float]
"""Requests, dollars if all prices are known, seconds."""


def _one(
    example: Example,
    draft: Draft | None,
    into: Translator,
    labels: Mapping[int, Mapping[str, Json]],
    calls: Mapping[int, Calls],
) -> Tried:
    example_id = example.id or 0
    gold = into.fitting(example.gold, example.schema_version_id, example.content)
    known, source = (gold, "gold") if gold is not None else (labels.get(example_id), "people")
    requests, dollars, seconds = calls.get(example_id, (0, Decimal(0), 0.0))
    is_right = None
    if draft is not None and known is not None:
        is_right = draft.label is not None and into.schema.distance(draft.label, known) == 0
    return Tried(
        example=example.external_id,
        content=example.content,
        draft=draft.label if draft else None,
        confidence=draft.confidence if draft else None,
        failure=draft.failure if draft else "",
        known=None if known is None else dict(known),
        known_from="" if known is None else source,
        right=is_right,
        calls=requests,
        dollars=dollars,
        seconds=seconds,
    )


def _settled(
    session: Session, run: Run, example_ids: Sequence[int | None], into: Translator
) -> dict[int, Mapping[str, Json]]:
    """What people have settled these examples as, in any run, the newest of each, where it fits the schema."""
    rows = session.execute(
        wide_select(
            col(Label.example_id), col(Label.value), col(Label.schema_version_id), col(Example.content)
        )
        .join(Placement, col(Placement.label_id) == Label.id)
        .join(Example, col(Example.id) == Label.example_id)
        .where(
            col(Placement.run_id).in_(select(Run.id).where(Run.dataset_id == run.dataset_id)),
            *(col(Placement.example_id).in_(example_ids), col(Label.source).in_(PEOPLE)),
        )
        .order_by(col(Label.id))
    )
    fitting = ((one, into.fitting(value, version, content)) for one, value, version, content in rows)
    return {example_id: label for example_id, label in fitting if label is not None}


def _calls(session: Session, run: Run) -> dict[int, Calls]:
    dollars, unpriced = func.sum(Call.dollars), func.count() - func.count(col(Call.dollars))
    rows = session.execute(
        wide_select(
            col(Call.example_id), func.sum(Call.requests), dollars, unpriced, func.sum(Call.latency_ms)
        )
        .where(col(Call.run_id) == run.id)
        .group_by(col(Call.example_id))
    )
    return {
        example_id: (int(requests), None if missing else paid or Decimal(0), float(ms) / 1_000)
        for example_id, requests, paid, missing, ms in rows
    }
