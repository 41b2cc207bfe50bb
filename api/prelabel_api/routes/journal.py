"""The journal: who did what that others rely on."""

from typing import Annotated

from fastapi import APIRouter, Query

from prelabel import projects
from prelabel.events import journal
from prelabel.events.journal import Line
from prelabel.people import users
from prelabel_api.deps import AdminDep, ReadDep
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(tags=["journal"])


@router.get("/journal")
def read_journal(
    _admin: AdminDep,
    session: ReadDep,
    user: Annotated[str, Query(description="only what this user did")] = "",
    act: Annotated[
        str,
        Query(pattern="^[a-z.]*$", description="only acts that begin so, as `run.` or `token.issue`"),
    ] = "",
    project: Annotated[str, Query(description="only what was done in this project")] = "",
    after: After = 0,
    limit: Limit = 100,
) -> Page[Line]:
    """Who did what, newest first: users, tokens, projects, schemas, caps, datasets, images, runs, and labels taken out.

    Not the answers of reviewers, which have a history of their own.
    """
    found = journal.lines(
        session,
        after,
        limit + 1,
        users.find(session, user) if user else None,
        act,
        projects.find(session, project) if project else None,
    )
    return page(list(found), [line.id for line in found], limit)
