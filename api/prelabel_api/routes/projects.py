"""Projects and their schemas."""

import json

from fastapi import APIRouter
from sqlmodel import Session, col, select

from prelabel import ledger, projects, runs
from prelabel.models import Project
from prelabel.schema import LabelSchema
from prelabel_api.bodies import CapIn, CapOut, ProjectIn, ProjectOut
from prelabel_api.deps import LeadDep, ReadDep, ReviewerDep, WriteDep
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(prefix="/projects", tags=["projects"])


def _out(session: Session, project: Project) -> ProjectOut:
    newest = projects.schema_versions(session, project)[0]
    return ProjectOut(
        name=project.name,
        schema_version=newest.version,
        schema_=newest.document,
        spent=ledger.spent_in_project(session, project.id or 0),
        cap=project.cap,
        created_at=project.created_at,
    )


def _cap(session: Session, project: Project) -> CapOut:
    return CapOut(
        project=project.name,
        spent=ledger.spent_in_project(session, project.id or 0),
        cap=project.cap,
        stopped_runs=[run.id or 0 for run in runs.over_budget(session, project)],
    )


@router.get("")
def list_projects(
    _user: ReviewerDep, session: ReadDep, after: After = 0, limit: Limit = 100
) -> Page[ProjectOut]:
    """All projects, oldest first."""
    found = session.exec(
        select(Project).where(col(Project.id) > after).order_by(col(Project.id)).limit(limit + 1)
    ).all()
    return page([_out(session, project) for project in found], [project.id or 0 for project in found], limit)


@router.get("/{project}")
def get_project(project: str, _user: ReviewerDep, session: ReadDep) -> ProjectOut:
    """A project with its newest schema and guidelines."""
    return _out(session, projects.find(session, project))


@router.put("/{project}")
def define_project(project: str, body: ProjectIn, _lead: LeadDep, session: WriteDep) -> ProjectOut:
    """Make a project, or give it a new version of its schema; the same schema again changes nothing."""
    text = (
        body.schema_ if isinstance(body.schema_, str) else json.dumps(body.schema_)
    )  # the order of fields counts
    projects.define(session, project, LabelSchema.load(text))
    return _out(session, projects.find(session, project))


@router.put("/{project}/cap")
def cap_project(project: str, body: CapIn, _lead: LeadDep, session: WriteDep) -> CapOut:
    """Set what all runs of the project may spend together, or take the cap away.

    Runs that a cap has stopped stay stopped: resume each that is to go on.
    """
    found = projects.find(session, project)
    projects.set_cap(session, found, body.cap)
    return _cap(session, found)


@router.get("/{project}/cap")
def get_cap(project: str, _lead: LeadDep, session: ReadDep) -> CapOut:
    """What all runs of the project may spend together, have spent, and which of them a cap has stopped."""
    return _cap(session, projects.find(session, project))
