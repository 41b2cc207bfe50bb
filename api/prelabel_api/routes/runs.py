"""Runs: quote, start, follow, pause, measure."""

from collections.abc import Sequence

from fastapi import APIRouter, status
from sqlmodel import Session, col, select

from prelabel import projects, runs
from prelabel.drafters import cascade
from prelabel.drafting import prompts
from prelabel.errors import InputError
from prelabel.events import journal
from prelabel.lanes import batch
from prelabel.measure.quote import Money, Quote
from prelabel.models import Run, User
from prelabel.money import ledger, quote
from prelabel.people import membership, users
from prelabel.reports.progress import Progress
from prelabel.routing import accepting, checks, place
from prelabel.routing.policy import Policy
from prelabel.runs import Plan
from prelabel.schemas import form
from prelabel.schemas.form import Form
from prelabel.settings import Settings
from prelabel.store import Store, after_commit
from prelabel_api.bodies import AcceptingIn, BatchOut, ResumeIn, RunIn, RunOut
from prelabel_api.deps import (
    Id,
    KeeperDep,
    LeadDep,
    QueueDep,
    ReadDep,
    ReviewerDep,
    SettingsDep,
    StoreDep,
    WriteDep,
)
from prelabel_api.figures import RunFigures
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(tags=["runs"])


def _out(session: Session, run: Run, user: User) -> RunOut:
    return _listed(session, [run], user)[0]


def _listed(session: Session, found: Sequence[Run], user: User) -> list[RunOut]:
    """Runs as this user may know them, by as many queries as for one."""
    ids = [run.id or 0 for run in found]
    places, spent = place.counts_by_run(session, ids), ledger.spent_by_run(session, ids)
    whose, alive = projects.of_runs(session, ids), runs.workers_alive(session)
    is_lead = users.may(user, "lead")
    out = []
    for run in found:
        run_id, steps = run.id or 0, cascade.steps_of(run)
        dataset, project = whose[run_id]
        seen = places[run_id] if is_lead else checks.seen_by_reviewers(session, run, places[run_id])
        out.append(
            RunOut(
                id=run_id,
                project=project.name,
                dataset=dataset.name,
                model=cascade.named(steps),
                steps=list(steps),
                lane=run.lane,
                policy=Policy.model_validate(run.policy),
                state=run.state,
                note=run.note,
                stage=runs.stage(run, seen),
                accepting=run.accepting,
                accepting_note=run.accepting_note if is_lead else "",  # it may speak of audits
                accepting_since=run.accepting_since,
                places=seen,
                spent=spent[run_id],
                cap=run.cap,
                project_cap=project.cap,
                workers=alive,
                created_at=run.created_at,
            )
        )
    return out


def _plan(session: Session, project: str, dataset: str, body: RunIn) -> Plan:
    """What is asked for, as the core takes it."""
    found = projects.find(session, project)
    return Plan(
        projects.find_dataset(session, found, dataset),
        projects.newest_schema(session, found),
        prompts.find(session, found, body.prompt),
        body.all_steps,
        body.policy,
        body.lane,
        body.cap,
    )


def _expected(store: Store, settings: Settings, project: str, dataset: str, body: RunIn) -> Money | None:
    """What the run is expected to cost, if that can be said."""
    try:
        with store.reading() as session:
            plan = _plan(session, project, dataset, body)
            return quote.quote(session, plan, settings.prices, settings.hourly_rate).dollars
    except InputError:
        return None


@router.post("/projects/{project}/datasets/{dataset}/quotes")
def quote_run(
    project: str, dataset: str, body: RunIn, _lead: LeadDep, session: ReadDep, settings: SettingsDep
) -> Quote:
    """What a run would cost, from a sample of the dataset and what past runs have taken. Nothing is started or spent."""
    plan = _plan(session, project, dataset, body)
    return quote.quote(session, plan, settings.prices, settings.hourly_rate)


@router.post("/projects/{project}/datasets/{dataset}/runs", status_code=status.HTTP_201_CREATED)
def start_run(
    project: str,
    dataset: str,
    body: RunIn,
    lead: LeadDep,
    store: StoreDep,
    session: WriteDep,
    settings: SettingsDep,
    queue: QueueDep,
) -> RunOut:
    """Start drafting all examples of a dataset under the project's newest schema."""
    expected = _expected(store, settings, project, dataset, body)  # before the transaction that writes begins
    run = runs.start(session, _plan(session, project, dataset, body), expected)
    journal.note(session, lead, "run.start", run, **runs.described(session, run))
    after_commit(session, lambda: queue.draft(run.id or 0))
    return _out(session, run, lead)


@router.get("/runs")
def list_runs(user: ReviewerDep, session: ReadDep, after: After = 0, limit: Limit = 100) -> Page[RunOut]:
    """All runs that you see, oldest first; trials are none."""
    hidden = membership.hidden_runs(session, user.id or 0)
    seen = (col(Run.id) > after, col(Run.id).not_in(hidden), ~col(Run.trial))
    found = session.exec(select(Run).where(*seen).order_by(col(Run.id)).limit(limit + 1)).all()
    return page(_listed(session, found, user), [run.id or 0 for run in found], limit)


@router.get("/runs/{run_id}")
def get_run(run_id: Id, user: ReviewerDep, session: ReadDep) -> RunOut:
    """A run and how far it is."""
    return _out(session, runs.get(session, run_id), user)


@router.get("/runs/{run_id}/form")
def get_form(run_id: Id, _reviewer: ReviewerDep, session: ReadDep) -> Form:
    """What people fill in for an example of the run: its fields with their options, and the guidelines."""
    return form.of_run(session, runs.get(session, run_id))


@router.get("/runs/{run_id}/progress")
def get_progress(user: ReviewerDep, figures: RunFigures, keeper: KeeperDep) -> Progress:
    """How fast a run goes, what it has spent and will have spent, and what goes wrong on the way."""
    is_lead = users.may(user, "lead")
    return keeper.get(figures.progress() if is_lead else figures.progress_for_reviewers())


@router.get("/runs/{run_id}/batches")
def list_batches(
    run_id: Id, _lead: LeadDep, session: ReadDep, after: After = 0, limit: Limit = 100
) -> Page[BatchOut]:
    """The provider's batches that draft a run, oldest first; none where it is drafted live."""
    found = batch.of_run(session, runs.get(session, run_id), after, limit + 1)
    out = [BatchOut.model_validate(one, from_attributes=True) for one in found]
    return page(out, [one.id for one in out], limit)


@router.post("/runs/{run_id}/pause")
def pause_run(run_id: Id, lead: LeadDep, session: WriteDep) -> RunOut:
    """Stop making model calls; those in flight are kept."""
    run = runs.get(session, run_id)
    runs.pause(session, run, "paused by a lead")
    journal.note(session, lead, "run.pause", run)
    return _out(session, run, lead)


@router.post("/runs/{run_id}/resume")
def resume_run(run_id: Id, body: ResumeIn, lead: LeadDep, session: WriteDep, queue: QueueDep) -> RunOut:
    """Go on after a pause; a `cap` given replaces the old one, also of a run that goes on."""
    run = runs.get(session, run_id)
    runs.resume(session, run, body.cap)
    journal.note(session, lead, "run.resume", run, cap=journal.dollars(run.cap))
    after_commit(session, lambda: queue.draft(run_id))
    return _out(session, run, lead)


@router.post("/runs/{run_id}/cancel")
def cancel_run(run_id: Id, lead: LeadDep, session: WriteDep) -> RunOut:
    """End the drafting for good; what is queued can still be reviewed and exported."""
    run = runs.get(session, run_id)
    runs.cancel(session, run)
    journal.note(session, lead, "run.cancel", run)
    return _out(session, run, lead)


@router.post("/runs/{run_id}/accepting")
def set_accepting(run_id: Id, body: AcceptingIn, lead: LeadDep, session: WriteDep) -> RunOut:
    """Pause accepting drafts without review, or resume it: the test of the audits then begins anew. Drafting goes on."""
    run = runs.get(session, run_id)
    if body.accepting:
        accepting.resume(session, run, lead)
    else:
        accepting.pause(session, run, body.note, lead)
    return _out(session, run, lead)
