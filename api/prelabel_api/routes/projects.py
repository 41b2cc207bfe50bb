"""Projects and their schemas."""

import json

from fastapi import APIRouter, status
from sqlmodel import Session, col, select

from prelabel import projects, runs
from prelabel.canonical import Json
from prelabel.events import journal
from prelabel.models import Project
from prelabel.money import ledger
from prelabel.operations import forgetting
from prelabel.people import membership
from prelabel.schema import LabelSchema
from prelabel.schemas import history, move
from prelabel.schemas.move import ChangePlan, Wish
from prelabel_api.bodies import CapIn, CapOut, ProjectIn, ProjectOut, SchemaIn, SchemaVersionOut
from prelabel_api.deps import AdminDep, LeadDep, ReadDep, ReviewerDep, StoreDep, WriteDep
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(prefix="/projects", tags=["projects"])
MOVE_SECONDS = 60
"""How long a request moves labels itself, before it leaves the rest to workers."""


def _out(session: Session, project: Project) -> ProjectOut:
    newest = projects.newest_schema(session, project)
    return ProjectOut(
        name=project.name,
        schema_version=newest.version,
        schema_=newest.document,
        spent=ledger.spent_in_project(session, project.id or 0),
        cap=project.cap,
        created_at=project.created_at,
    )


def _schema(given: dict[str, Json] | str) -> LabelSchema:
    return LabelSchema.load(
        given if isinstance(given, str) else json.dumps(given)
    )  # the order of fields counts


def _cap(session: Session, project: Project) -> CapOut:
    return CapOut(
        project=project.name,
        spent=ledger.spent_in_project(session, project.id or 0),
        cap=project.cap,
        stopped_runs=[run.id or 0 for run in runs.over_budget(session, project)],
    )


@router.get("")
def list_projects(
    user: ReviewerDep, session: ReadDep, after: After = 0, limit: Limit = 100
) -> Page[ProjectOut]:
    """All projects that you see, oldest first."""
    seen = (
        col(Project.id) > after,
        col(Project.id).not_in(membership.hidden_projects(session, user.id or 0)),
    )
    found = session.exec(select(Project).where(*seen).order_by(col(Project.id)).limit(limit + 1)).all()
    return page([_out(session, project) for project in found], [project.id or 0 for project in found], limit)


@router.get("/{project}")
def get_project(project: str, _user: ReviewerDep, session: ReadDep) -> ProjectOut:
    """A project with its newest schema and guidelines."""
    return _out(session, projects.find(session, project))


@router.put("/{project}")
def define_project(project: str, body: ProjectIn, lead: LeadDep, session: WriteDep) -> ProjectOut:
    """Make a project, or give it a new version of its schema for new runs; the same schema again changes nothing.

    Runs that there are keep the version that they have, until PUT …/schema moves them.
    """
    before = projects.newest_version(session, project)
    version = projects.define(session, project, _schema(body.schema_)).version
    found = projects.find(session, project)
    if version > before:
        journal.note(session, lead, "project.define", found, schema_version=version)
    return _out(session, found)


@router.get("/{project}/schema")
def list_schema_versions(project: str, _lead: LeadDep, session: ReadDep) -> Page[SchemaVersionOut]:
    """All versions of a project's schema, newest first, with what each changed and the runs that have it."""
    found = projects.find(session, project)
    newest = projects.newest_schema(session, found)
    return Page(
        items=[
            SchemaVersionOut(
                version=version.version,
                schema_=version.document,
                text=LabelSchema.model_validate(version.document).text(),
                changes=changes,
                runs=[run.id or 0 for run in projects.runs_at(session, version)],
                left=move.left(session, found) if version is newest else 0,
                created_at=version.created_at,
            )
            for version, changes in history.versions(session, found)
        ]
    )


@router.put("/{project}/schema")
def change_schema(project: str, body: SchemaIn, lead: LeadDep, store: StoreDep) -> ChangePlan:
    """Change the schema of a project and of its runs, while work goes on; or say what that would do, with `dry_run`.

    What does not fit goes to people, nothing is overwritten. `left` examples are moved by workers after the answer.
    """
    wish = Wish(label_schema=_schema(body.schema_), mapping=body.mapping, from_version=body.from_version)
    if body.dry_run:
        with store.reading() as session:
            return move.plan(session, projects.find(session, project), wish)
    return move.apply(store, project, wish, MOVE_SECONDS, by=lead)


@router.put("/{project}/cap")
def cap_project(project: str, body: CapIn, lead: LeadDep, session: WriteDep) -> CapOut:
    """Set what all runs of the project may spend together, or take the cap away.

    Runs that a cap has stopped stay stopped: resume each that is to go on.
    """
    found = projects.find(session, project)
    if body.cap != found.cap:
        journal.note(
            session, lead, "cap.set", found, before=journal.dollars(found.cap), cap=journal.dollars(body.cap)
        )
    projects.set_cap(session, found, body.cap)
    return _cap(session, found)


@router.get("/{project}/cap")
def get_cap(project: str, _lead: LeadDep, session: ReadDep) -> CapOut:
    """What all runs of the project may spend together, have spent, and which of them a cap has stopped."""
    return _cap(session, projects.find(session, project))


@router.delete("/{project}", status_code=status.HTTP_204_NO_CONTENT)
def delete_project(project: str, admin: AdminDep, session: WriteDep) -> None:
    """Delete a project for good, with all that hangs on it. Minutes, where it is large; others who want to write wait."""
    forgetting.forget_project(session, projects.find(session, project), admin)
