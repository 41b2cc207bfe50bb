"""What happens, as it happens: server-sent events of a run and of the queue."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from prelabel import runs
from prelabel.people import users
from prelabel_api.deps import HubDep, Id, ReadDep, ReviewerDep
from prelabel_api.streams import EventStream, QueueTopic, RunTopic

router = APIRouter()
Known = Annotated[str, Header(alias="Last-Event-ID", max_length=100)]
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get("/runs/{run_id}/events", tags=["runs"], response_class=StreamingResponse, responses=STREAM)
def follow_run(
    run_id: Id, user: ReviewerDep, session: ReadDep, hub: HubDep, known: Known = ""
) -> StreamingResponse:
    """Follow a run: an event `run` with its state now, and another whenever it has changed, at most one a second."""
    runs.get(session, run_id)
    return EventStream(hub.stream(RunTopic(run_id, users.may(user, "lead")), known))


@router.get("/queue/events", tags=["queue"], response_class=StreamingResponse, responses=STREAM)
def follow_queue(user: ReviewerDep, hub: HubDep, known: Known = "") -> StreamingResponse:
    """Follow the queue: an event `queue` with what it has for you now, and another whenever that has changed."""
    return EventStream(hub.stream(QueueTopic(user.id or 0, users.may(user, "senior")), known))
