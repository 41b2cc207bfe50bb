"""Labels of a run that contradict each other."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field

from prelabel import conflicts, runs
from prelabel.canonical import Json
from prelabel.conflicts import Doubt, TwoSides
from prelabel.conflicts.acting import MOST_AT_ONCE, SideName
from prelabel.errors import NotFound
from prelabel.events import journal
from prelabel.models import ConflictSearch
from prelabel.review import Answer
from prelabel_api.bodies import AnswerIn, Body, UndoIn
from prelabel_api.deps import Id, LeadDep, LongText, ReadDep, SeniorDep, WriteDep
from prelabel_api.page import After, Limit, Page, page

router = APIRouter(prefix="/runs/{run_id}/conflicts", tags=["conflicts"])


class SearchOut(BaseModel):
    """A search: `share` of it is done; once it is finished, of how many `examples`, or the `failure` that ended it."""

    id: int
    share: float
    examples: int
    failure: str
    created_at: datetime
    finished_at: datetime | None


class QueueIn(Body):
    """How many examples go to people, `above` which score; `people`: also those that people have labeled."""

    most: int = Field(default=100, ge=1, le=MOST_AT_ONCE)
    above: float = Field(default=0, ge=0, le=1)
    people: bool = False


class QueuedOut(BaseModel):
    """Ids of the examples that went."""

    queued: list[str]


class DismissIn(Body):
    """Why both labels are right."""

    comment: LongText = ""


class ResolveIn(AnswerIn):
    """A new label for one side."""

    side: SideName = "example"
    label: dict[str, Json]


def _search(found: ConflictSearch) -> SearchOut:
    return SearchOut.model_validate(found, from_attributes=True)


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def search_conflicts(run_id: Id, lead: LeadDep, session: WriteDep) -> SearchOut:
    """Have a worker search the settled labels of a run for such that contradict each other; `…/search` tells how far it is."""
    run = runs.get(session, run_id)
    search = conflicts.ask(session, run)
    journal.note(session, lead, "conflict.search", run)
    return _search(search)


@router.get("/search")
def get_conflict_search(run_id: Id, _senior: SeniorDep, session: ReadDep) -> SearchOut:
    """The newest search of a run."""
    if (found := conflicts.newest(session, runs.get(session, run_id).id or 0)) is None:
        raise NotFound(f"run {run_id} was never searched for conflicts: POST /v1/runs/{run_id}/conflicts")
    return _search(found)


@router.get("")
def list_conflicts(
    run_id: Id,
    _senior: SeniorDep,
    session: ReadDep,
    above: Annotated[float, Query(ge=0, le=1, description="only those with this score or more")] = 0,
    after: After = 0,
    limit: Limit = 100,
) -> Page[Doubt]:
    """The open conflicts of the newest search, the likeliest wrong label first."""
    found = conflicts.listed(session, runs.get(session, run_id), after, limit + 1, above)
    return page(found, [one.id for one in found], limit)


@router.post("/queue")
def queue_conflicts(run_id: Id, body: QueueIn, lead: LeadDep, session: WriteDep) -> QueuedOut:
    """Send the doubted examples to people, the likeliest wrong first: never gold, never what is or was audited."""
    run = runs.get(session, run_id)
    queued = conflicts.queue(session, run, body.most, body.above, body.people)
    if queued:
        journal.note(session, lead, "conflict.queue", run, examples=len(queued), **body.model_dump())
    return QueuedOut(queued=queued)


@router.get("/{conflict_id}")
def get_conflict(run_id: Id, conflict_id: Id, _senior: SeniorDep, session: ReadDep) -> TwoSides:
    """Both sides of a conflict: what they hold, their labels, and what happened to them."""
    run = runs.get(session, run_id)
    return conflicts.sides(session, run, conflicts.get(session, run, conflict_id))


@router.post("/{conflict_id}/resolve")
def resolve_conflict(
    run_id: Id, conflict_id: Id, body: ResolveIn, senior: SeniorDep, session: WriteDep
) -> TwoSides:
    """Give either side a new label; it settles the example as a senior's answer does."""
    run = runs.get(session, run_id)
    answer = Answer(body.client_token, body.seconds, body.comment)
    conflict = conflicts.get(session, run, conflict_id)
    was_open = conflicts.is_open(session, conflict)
    review = conflicts.resolve(session, run, conflict_id, senior, body.side, body.label, answer)
    if was_open:
        journal.note(session, senior, "conflict.resolve", run, conflict=conflict_id, review=review.id)
    return conflicts.sides(session, run, conflict)


@router.post("/{conflict_id}/queue")
def queue_conflict(run_id: Id, conflict_id: Id, senior: SeniorDep, session: WriteDep) -> QueuedOut:
    """Send one conflict to people, whoever labeled it: never what is gold, nor what is or was audited."""
    run = runs.get(session, run_id)
    sent = conflicts.send(session, run, conflict_id)
    journal.note(session, senior, "conflict.queue", run, conflict=conflict_id, examples=1)
    return QueuedOut(queued=[sent])


@router.post("/{conflict_id}/dismiss")
def dismiss_conflict(
    run_id: Id, conflict_id: Id, body: DismissIn, senior: SeniorDep, session: WriteDep
) -> TwoSides:
    """Let both labels stand: the two do not come again with these labels."""
    run = runs.get(session, run_id)
    is_new = conflicts.get(session, run, conflict_id).dismissed_at is None
    conflict = conflicts.dismiss(session, run, conflict_id, senior, body.comment)
    if is_new:
        journal.note(session, senior, "conflict.dismiss", run, conflict=conflict_id)
    return conflicts.sides(session, run, conflict)


@router.post("/{conflict_id}/undo")
def undo_conflict(
    run_id: Id, conflict_id: Id, body: UndoIn, senior: SeniorDep, session: WriteDep
) -> TwoSides:
    """Take back what was done about it: it is open again, with the labels that it was found with.

    409 where somebody else dismissed or fixed it, or has taken up what was sent to people.
    """
    run = runs.get(session, run_id)
    was_open = conflicts.is_open(session, conflicts.get(session, run, conflict_id))
    conflict = conflicts.take_back(session, run, conflict_id, senior, body.client_token)
    if not was_open:
        journal.note(session, senior, "conflict.undo", run, conflict=conflict_id)
    return conflicts.sides(session, run, conflict)
