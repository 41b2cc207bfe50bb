"""Runs over time: what each day brought, how long people took, the error at each bar, and where the money went."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from prelabel import costs, projects, runs, trends
from prelabel.measure.cost import CostSplit
from prelabel.measure.trends import Bar, Day, Pace
from prelabel.trends import Risk
from prelabel_api.as_table import AsFormat, as_table
from prelabel_api.bodies_measure import CostSplitsOut
from prelabel_api.deps import Id, LeadDep, ReadDep, SettingsDep

router = APIRouter(tags=["measure"])


class DaysOut(BaseModel):
    """The days on which something happened in a run, oldest first."""

    days: list[Day]


class PacesOut(BaseModel):
    """How long answers took, by what came of them."""

    paces: list[Pace]


@router.get("/runs/{run_id}/days", response_model=DaysOut)
def get_days(
    run_id: Id, _lead: LeadDep, session: ReadDep, as_format: AsFormat = "json"
) -> DaysOut | Response:
    """What happened to the drafts day by day: accepted, confirmed, corrected; answers, seconds and dollars."""
    found = trends.days(session, runs.get(session, run_id))
    return DaysOut(days=found) if as_format == "json" else as_table(found, Day, f"run-{run_id}-days")


@router.get("/runs/{run_id}/paces", response_model=PacesOut)
def get_paces(
    run_id: Id, _lead: LeadDep, session: ReadDep, as_format: AsFormat = "json"
) -> PacesOut | Response:
    """Seconds that people took for an example, by whether they confirmed, corrected or saw no draft."""
    found = trends.paces(session, runs.get(session, run_id))
    return PacesOut(paces=found) if as_format == "json" else as_table(found, Pace, f"run-{run_id}-paces")


@router.get("/runs/{run_id}/risk", response_model=Risk)
def get_risk(run_id: Id, _lead: LeadDep, session: ReadDep, as_format: AsFormat = "json") -> Risk | Response:
    """The error of what is accepted without review against the share that is, at each bar of confidence."""
    found = trends.risk(session, runs.get(session, run_id))
    return found if as_format == "json" else as_table(found.points, Bar, f"run-{run_id}-risk")


@router.get("/projects/{project}/cost/splits", response_model=CostSplitsOut)
def get_cost_splits(
    project: str,
    _lead: LeadDep,
    session: ReadDep,
    settings: SettingsDep,
    by: costs.SplitBy = "run",
    as_format: AsFormat = "json",
) -> CostSplitsOut | Response:
    """What the labels of a project cost, into models, review and adjudication, by run, prompt version or models."""
    asked = projects.find(session, project)
    mine = [*projects.runs_of(session, asked), *projects.trials_of(session, asked)]
    found = costs.splits(session, mine, by, settings.hourly_rate)
    if as_format == "csv":
        return as_table(found, CostSplit, f"{project}-cost-splits-by-{by}")
    return CostSplitsOut(by=by, hourly_rate=settings.hourly_rate, splits=found)
