"""Alarms of a run: list them, acknowledge one. For leads: their words may speak of audits."""

from fastapi import APIRouter

from prelabel import runs
from prelabel.events import alarms
from prelabel.events.alarms import Raised
from prelabel_api.deps import Id, LeadDep, ReadDep, WriteDep
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(prefix="/runs/{run_id}/alarms", tags=["runs"])


@router.get("")
def list_alarms(
    run_id: Id, _lead: LeadDep, session: ReadDep, after: After = 0, limit: Limit = 100
) -> Page[Raised]:
    """What somebody has to look at in a run, newest first, and who has acknowledged it."""
    found = alarms.of_run(session, runs.get(session, run_id), after, limit + 1)
    return page([*found], [one.id for one in found], limit)


@router.post("/{alarm_id}/acknowledge")
def acknowledge_alarm(run_id: Id, alarm_id: Id, lead: LeadDep, session: WriteDep) -> Raised:
    """Say that you have seen it: it is no longer shown with the run's progress."""
    return alarms.acknowledge(session, runs.get(session, run_id), alarm_id, lead)
