"""Looking through the examples of a run."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from prelabel import runs
from prelabel.leading import browse, history
from prelabel.leading.browse import Outline, Search
from prelabel.leading.history import Act
from prelabel_api.deps import Id, LeadDep, ReadDep
from prelabel_api.page import After, Limit, Page

router = APIRouter(tags=["examples"])


class ExampleOut(BaseModel):
    """An example in a run, as an export has it: what it says, what was drafted, what it is labeled, and by whom.

    Since `removed_at` its content is empty, and its labels have numbers in place of words.
    """

    id: str
    content: dict[str, Any]
    status: str
    reason: str | None
    draft: dict[str, Any] | None
    confidence: float | None
    model: str | None
    prompt: str | None
    label: dict[str, Any] | None
    source: str | None
    reviewer: str | None
    gold: dict[str, Any] | None
    meta: Any = None
    drafts: list[dict[str, Any]] = []
    removed_at: datetime | None = None


class HistoryOut(BaseModel):
    """An example and all that happened to it. `wanted`: who has each answer that is still to come, "" for nobody yet."""

    record: ExampleOut
    note: str
    wanted: list[str]
    acts: list[Act]


def searched(
    place: Annotated[str, Query(description="where it is: waiting, drafted, queued, settled or failed")] = "",
    reason: Annotated[str, Query(description="why it is in the queue, as in `low_confidence`")] = "",
    text: Annotated[str, Query(description="stands in its content, in any case of letters")] = "",
    where: Annotated[
        str, Query(description="holds for it, as in `confidence < 0.5 and topic == 'spam'`")
    ] = "",
    corrected: Annotated[bool, Query(description="has a label that is not what was drafted")] = False,
    disagreed: Annotated[bool, Query(description="people gave answers to it that differ")] = False,
) -> Search:
    """What is looked for; all of it has to hold."""
    return Search(place, reason, text, where, corrected, disagreed)


@router.get("/runs/{run_id}/examples")
def list_examples(
    run_id: Id,
    _lead: LeadDep,
    session: ReadDep,
    search: Annotated[Search, Depends(searched)],
    after: After = 0,
    limit: Limit = 100,
) -> Page[ExampleOut]:
    """The examples of a run that are looked for, in the order they came in. A page may hold fewer than asked for, with more to come."""
    found = browse.search(session, runs.get(session, run_id), search, after, limit)
    return Page(items=[ExampleOut.model_validate(one) for one in found.records], next=found.next)


@router.get("/runs/{run_id}/examples/outline")
def outline_examples(
    run_id: Id,
    _lead: LeadDep,
    session: ReadDep,
    search: Annotated[Search, Depends(searched)],
    after: After = 0,
    size: Limit = 100,
) -> Outline:
    """How many examples are looked for, and what fetches each page of `size`: for a list in which one can go anywhere at once."""
    return browse.outline(session, runs.get(session, run_id), search, after, size)


@router.get("/runs/{run_id}/examples/history")
def get_history(
    run_id: Id, _lead: LeadDep, session: ReadDep, example: Annotated[str, Query(description="its id")]
) -> HistoryOut:
    """All that happened to an example: drafts with what they cost, answers, labels, in the order of time."""
    return HistoryOut.model_validate(
        history.of(session, runs.get(session, run_id), example), from_attributes=True
    )
