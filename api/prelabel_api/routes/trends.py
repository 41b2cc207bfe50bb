"""Runs over time: what each day brought, how long people took, the error at each bar, and where the money went."""

from fastapi import APIRouter, Response

from prelabel.measure.cost import CostSplit, CostSplits
from prelabel.measure.trends import Bar, Day, Pace
from prelabel.reports import costs
from prelabel.reports.trends import Days, Paces, Risk
from prelabel_api.as_table import AsFormat, as_table
from prelabel_api.deps import Id, KeeperDep, LeadDep, SettingsDep
from prelabel_api.figures import ProjectFigures, RunFigures

router = APIRouter(tags=["measure"])


@router.get("/runs/{run_id}/days", response_model=Days)
def get_days(
    run_id: Id, _lead: LeadDep, run: RunFigures, keeper: KeeperDep, as_format: AsFormat = "json"
) -> Days | Response:
    """What happened to the drafts day by day: accepted, confirmed, corrected; answers, seconds and dollars."""
    found = keeper.get(run.days())
    return found if as_format == "json" else as_table(found.days, Day, f"run-{run_id}-days", found.as_of)


@router.get("/runs/{run_id}/paces", response_model=Paces)
def get_paces(
    run_id: Id, _lead: LeadDep, run: RunFigures, keeper: KeeperDep, as_format: AsFormat = "json"
) -> Paces | Response:
    """Seconds that people took for an example, by whether they confirmed, corrected or saw no draft."""
    found = keeper.get(run.paces())
    return found if as_format == "json" else as_table(found.paces, Pace, f"run-{run_id}-paces", found.as_of)


@router.get("/runs/{run_id}/risk", response_model=Risk)
def get_risk(
    run_id: Id, _lead: LeadDep, run: RunFigures, keeper: KeeperDep, as_format: AsFormat = "json"
) -> Risk | Response:
    """The error of what is accepted without review against the share that is, at each bar of confidence."""
    found = keeper.get(run.risk())
    return found if as_format == "json" else as_table(found.points, Bar, f"run-{run_id}-risk", found.as_of)


@router.get("/projects/{project}/cost/splits", response_model=CostSplits)
def get_cost_splits(
    project: str,
    _lead: LeadDep,
    figures: ProjectFigures,
    keeper: KeeperDep,
    settings: SettingsDep,
    by: costs.SplitBy = "run",
    as_format: AsFormat = "json",
) -> CostSplits | Response:
    """What the labels of a project cost, into models, review and adjudication, by run, prompt version or models."""
    found = keeper.get(figures.cost_splits(by, settings.hourly_rate))
    if as_format == "csv":
        return as_table(found.splits, CostSplit, f"{project}-cost-splits-by-{by}", found.as_of)
    return found
