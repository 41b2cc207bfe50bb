"""The people of a run: how right, careful and fast they are, and who is paused there."""

from fastapi import APIRouter
from sqlmodel import Session

from prelabel import runs
from prelabel.models import Run, User
from prelabel.people import users
from prelabel.reports import reviewers
from prelabel.reports.reviewers import Figures, Pause
from prelabel.review import pausing
from prelabel_api.bodies import WhyIn
from prelabel_api.deps import Id, LeadDep, ReadDep, WriteDep
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(prefix="/runs/{run_id}/reviewers", tags=["reviewers"])


def _newest(session: Session, run: Run, user: User) -> Pause:
    return reviewers.pauses(session, run, [user.id or 0])[user.id or 0][-1]


@router.get("")
def list_reviewers(
    run_id: Id, _lead: LeadDep, session: ReadDep, after: After = 0, limit: Limit = 100
) -> Page[Figures]:
    """How right, careful and fast each person is in the run, and whether they are paused there and why."""
    found = reviewers.figures(session, runs.get(session, run_id), after, limit + 1)
    return page(found, [one.id for one in found], limit)


@router.post("/{user}/pause")
def pause_reviewer(run_id: Id, user: str, body: WhyIn, lead: LeadDep, session: WriteDep) -> Pause:
    """Give a person nothing more of the run. What they hold goes back, and others are asked what they alone have answered."""
    run, person = runs.get(session, run_id), users.find(session, user)
    pausing.pause(session, run, person, lead, body.why)
    return _newest(session, run, person)


@router.post("/{user}/resume")
def resume_reviewer(run_id: Id, user: str, body: WhyIn, lead: LeadDep, session: WriteDep) -> Pause:
    """Let a person go on with the run; the bar of its policy judges them by what they answer from now on."""
    run, person = runs.get(session, run_id), users.find(session, user)
    pausing.resume(session, run, person, lead, body.why)
    return _newest(session, run, person)
