"""Trials: what a prompt makes of a few examples, before anything big is started."""

from fastapi import APIRouter, status
from sqlmodel import Session

from prelabel import projects, runs
from prelabel.drafters import cascade
from prelabel.drafting import prompts, trials
from prelabel.drafting.trials import Trial, TrialReport
from prelabel.events import journal
from prelabel.examples import samples
from prelabel.measure.quote import Quote
from prelabel.money import quote
from prelabel.runs import Plan
from prelabel.store import after_commit
from prelabel_api.bodies import TrialIn
from prelabel_api.deps import Id, LeadDep, QueueDep, ReadDep, SettingsDep, WriteDep
from prelabel_api.page import Page

router = APIRouter(tags=["trials"])


def _plan(session: Session, project: str, dataset: str, body: TrialIn) -> tuple[Plan, list[int]]:
    """What is asked for, as the core takes it, and the examples by their ids."""
    found = projects.find(session, project)
    plan = Plan(
        projects.find_dataset(session, found, dataset),
        projects.newest_schema(session, found),
        prompts.find(session, found, body.prompt),
        body.all_steps,
        cap=body.cap,
    )
    return plan, trials.pick(session, plan.dataset, body.examples)


@router.post("/projects/{project}/datasets/{dataset}/trials/quotes")
def quote_trial(
    project: str, dataset: str, body: TrialIn, _lead: LeadDep, session: ReadDep, settings: SettingsDep
) -> Quote:
    """What trying a prompt out on these examples would cost. Nothing is started or spent."""
    plan, ids = _plan(session, project, dataset, body)
    sampled = samples.of(session, ids)
    return quote.quote(session, plan, settings.prices, settings.hourly_rate, sampled)


@router.post("/projects/{project}/datasets/{dataset}/trials", status_code=status.HTTP_201_CREATED)
def start_trial(
    project: str, dataset: str, body: TrialIn, lead: LeadDep, session: WriteDep, queue: QueueDep
) -> TrialReport:
    """Have a few examples drafted to see what the prompt makes of them. Nobody reviews the drafts, and none becomes a label."""
    plan, ids = _plan(session, project, dataset, body)
    run = runs.start(session, plan, trial_of=ids)
    journal.note(
        session, lead, "trial.start", run, dataset=plan.dataset.name, model=cascade.named(plan.steps),
        prompt=plan.template.digest[:12], examples=len(ids), cap=journal.dollars(run.cap),
    )  # fmt: skip
    after_commit(session, lambda: queue.draft(run.id or 0))
    return trials.report(session, run)


@router.get("/projects/{project}/trials")
def list_trials(project: str, _lead: LeadDep, session: ReadDep) -> Page[Trial]:
    """The project's newest trials, the newest first: how many drafts were right with which prompt, and what they cost."""
    return Page(items=trials.of_project(session, projects.find(session, project)))


@router.get("/trials/{run_id}")
def get_trial(run_id: Id, _lead: LeadDep, session: ReadDep) -> TrialReport:
    """A trial with each of its examples: draft, what is known of its label, failures with their reason, dollars and seconds."""
    return trials.report(session, trials.get(session, run_id))


@router.post("/trials/{run_id}/cancel")
def cancel_trial(run_id: Id, lead: LeadDep, session: WriteDep) -> TrialReport:
    """Make no further calls for a trial; what is drafted stays."""
    run = trials.get(session, run_id)
    runs.cancel(session, run)
    journal.note(session, lead, "trial.cancel", run)
    return trials.report(session, run)
