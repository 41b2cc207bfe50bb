"""The guarantee of a run: where it stands, its certificates, and what another one would cost."""

from typing import Annotated

from fastapi import APIRouter, Query

from prelabel import projects, runs
from prelabel.guarantee import cutting
from prelabel.measure.guarantee.terms import Loss
from prelabel.reports import certificates, plans
from prelabel.reports.certificates import Certified, Issued
from prelabel.reports.plans import GuaranteePlan
from prelabel_api.deps import Id, LeadDep, ReadDep, SettingsDep, StoreDep
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(tags=["guarantee"])
Epsilons = Annotated[
    list[Annotated[float, Query(gt=0, lt=1)]] | None,
    Query(
        alias="epsilon",
        max_length=20,
        description="shares of the labels that may be wrong at most, as in 0.05",
    ),
]


@router.get("/runs/{run_id}/certificate")
def get_certificate(run_id: Id, _lead: LeadDep, store: StoreDep) -> Certified:
    """The certificate of a run, or what it still waits for and how its audits stand."""
    return certificates.certified(store, run_id)


@router.post("/runs/{run_id}/certificate/now")
def certify_now(run_id: Id, lead: LeadDep, store: StoreDep) -> Certified:
    """End the audits of a run with several looks at the last one that is answered: the rest is accepted or queued by it."""
    cutting.stop(store, run_id, lead)
    return certificates.certified(store, run_id)


@router.get("/runs/{run_id}/certificates")
def list_certificates(
    run_id: Id, _lead: LeadDep, session: ReadDep, after: After = 0, limit: Limit = 100
) -> Page[Issued]:
    """All certificates that a run has had, oldest first; a later one was issued where labels had changed."""
    found = certificates.history(session, runs.get(session, run_id), after, limit + 1)
    return page(found, [one.id for one in found], limit)


@router.get("/runs/{run_id}/plan")
def plan_run(
    run_id: Id, _lead: LeadDep, session: ReadDep, settings: SettingsDep, epsilons: Epsilons = None,
    loss: Loss | None = None,
) -> GuaranteePlan:  # fmt: skip
    """What a guarantee costs people at several epsilons, from the drafts of a run and what people answered."""
    return plans.of_run(
        session, runs.get(session, run_id), settings.hourly_rate, epsilons or plans.EPSILONS, loss
    )


@router.get("/projects/{project}/datasets/{dataset}/plan")
def plan_dataset(
    project: str, dataset: str, _lead: LeadDep, session: ReadDep, settings: SettingsDep,
    epsilons: Epsilons = None, loss: Loss = "wrong",
) -> GuaranteePlan:  # fmt: skip
    """What a guarantee will cost people at several epsilons, from what past runs of the project have shown."""
    found = projects.find(session, project)
    return plans.of_dataset(
        session,
        projects.find_dataset(session, found, dataset),
        settings.hourly_rate,
        epsilons or plans.EPSILONS,
        loss,
    )
