"""How long a project's contents are kept, and the removal of what is older."""

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from prelabel import projects
from prelabel.operations import retention
from prelabel.operations.retention import MOST_DAYS, Ages, Removed
from prelabel_api.bodies import Body
from prelabel_api.deps import LeadDep, ReadDep, StoreDep, WriteDep

router = APIRouter(prefix="/projects/{project}", tags=["retention"])
SECONDS = 60
"""How long a request removes."""


class AgesIn(Ages):
    """How long contents are kept, and raw replies of models; null: for ever, and as long as the contents."""

    model_config = ConfigDict(extra="forbid")


class RemovalIn(Body):
    """A removal of what is older than that; with `dry_run`, what it would remove is said and nothing is done."""

    older_than_days: int = Field(ge=1, le=MOST_DAYS)
    dry_run: bool = False


@router.get("/retention")
def get_retention(project: str, _lead: LeadDep, session: ReadDep) -> Ages:
    """How long the contents of a project are kept, and raw replies of models."""
    return Ages.of(projects.find(session, project))


@router.put("/retention")
def set_retention(project: str, body: AgesIn, lead: LeadDep, session: WriteDep) -> Ages:
    """Set after how many days contents are removed, counted from when all runs over an example were closed, and raw replies of models.

    Workers remove what is older within the hour. There is no way back.
    """
    found = projects.find(session, project)
    retention.set_ages(session, found, body, lead)
    return Ages.of(found)


@router.post("/removals")
def remove_contents(project: str, body: RemovalIn, lead: LeadDep, store: StoreDep) -> Removed:
    """Remove contents that are older than so many days now, whatever the project keeps; or say what that would remove.

    After a minute it answers with how many are `left`: ask again. There is no way back.
    """
    ages = Ages(days=body.older_than_days)
    with store.reading() as session:
        found = projects.find(session, project)
        if body.dry_run:
            return retention.plan(session, found, ages)
    return retention.remove(store, found, ages, lead, SECONDS)
