"""What drafts were worth and what they cost: quality, audits, cost."""

from fastapi import APIRouter

from prelabel import accepting, report, runs
from prelabel.measure.cost import CostReport
from prelabel.measure.drift import Drift
from prelabel.measure.quality import QualityReport
from prelabel.report import Outlook
from prelabel_api.deps import Id, LeadDep, ReadDep, SettingsDep

router = APIRouter(tags=["measure"])


@router.get("/runs/{run_id}/outlook")
def get_outlook(run_id: Id, _lead: LeadDep, session: ReadDep) -> Outlook:
    """Accepted, reviewed, corrected, and the drafts against gold."""
    return report.outlook(session, runs.get(session, run_id))


@router.get("/runs/{run_id}/quality")
def get_quality(run_id: Id, _lead: LeadDep, session: ReadDep) -> QualityReport:
    """Drafts against settled labels: accuracy by field and class, corrections, with intervals and what they rest on."""
    return report.quality(session, runs.get(session, run_id))


@router.get("/runs/{run_id}/drift")
def get_drift(run_id: Id, _lead: LeadDep, session: ReadDep) -> Drift:
    """Whether the audits show that drafts have become worse, since the test last began."""
    return accepting.drift(session, runs.get(session, run_id))


@router.get("/runs/{run_id}/cost")
def get_cost(run_id: Id, _lead: LeadDep, session: ReadDep, settings: SettingsDep) -> CostReport:
    """Model money and people's time, per example and against labeling by hand."""
    return report.cost(session, runs.get(session, run_id), settings.hourly_rate)
