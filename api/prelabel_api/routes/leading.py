"""What leads do with many examples at once, and how they look for single answers."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from prelabel import runs
from prelabel.leading import by_filter, reroute, reviews, steering
from prelabel.leading.browse import Search
from prelabel.leading.by_filter import Act, Done
from prelabel.leading.requeue import Close, Requeue
from prelabel.leading.reroute import Rerouted
from prelabel.leading.steering import Assign, Prioritize, Unassign
from prelabel.models import User
from prelabel.people import users
from prelabel.routing.order import Stand
from prelabel.routing.policy import Policy
from prelabel.store import Store
from prelabel_api.bodies import Body
from prelabel_api.deps import Id, LeadDep, LongText, Name, ReadDep, SettingsDep, StoreDep
from prelabel_api.page import After, Limit, Page

router = APIRouter(prefix="/runs/{run_id}", tags=["leading"])


class SearchIn(Body):
    """Which examples, as `GET …/examples` takes it: all of it has to hold; empty: all of the run."""

    place: Name = ""
    reason: Name = ""
    text: Name = ""
    where: Annotated[LongText, Field(description="as in `confidence < 0.5 and topic == 'spam'`")] = ""
    corrected: bool = False
    disagreed: bool = False

    def search(self) -> Search:
        """As the core takes it."""
        return Search(self.place, self.reason, self.text, self.where, self.corrected, self.disagreed)


class ActIn(Body):
    """An act on all examples that are found. With `dry_run`, how many that are is said and nothing is done."""

    examples: SearchIn = SearchIn()
    dry_run: bool = False


class NotedIn(ActIn):
    """The same with a note why, which those who see the examples read."""

    note: Annotated[LongText, Field(min_length=1)]


class AssignIn(ActIn):
    """To whom, and for how many days nobody else is asked."""

    user: Name
    days: float = Field(default=3, gt=0, le=365)


class UnassignIn(ActIn):
    """From whom; null: from everyone."""

    user: Name | None = None


class PrioritizeIn(ActIn):
    """Where in the queue: before all others, after all others, or back in its own order."""

    to: Stand


class PolicyIn(Body):
    """Another policy for the run. With `dry_run`, what it would move is said and nothing is done."""

    policy: Policy
    dry_run: bool = False


def _do(store: Store, run_id: int, body: ActIn, act: Act, lead: User) -> Done:
    if body.dry_run:
        return by_filter.plan(store, run_id, body.examples.search(), act)
    return by_filter.carry_out(store, run_id, body.examples.search(), act, lead)


@router.post("/examples/requeue")
def requeue_examples(run_id: Id, body: NotedIn, lead: LeadDep, store: StoreDep) -> Done:
    """Have people look at settled or failed examples again. Their old label stays as history until there is a new one."""
    return _do(store, run_id, body, Requeue(body.note), lead)


@router.post("/examples/close")
def close_examples(run_id: Id, body: NotedIn, lead: LeadDep, store: StoreDep, settings: SettingsDep) -> Done:
    """Ask nobody about queued examples any more: they are set aside as failed. To queue them again, requeue them."""
    return _do(store, run_id, body, Close(body.note, settings.review_lease_seconds), lead)


@router.post("/examples/assign")
def assign_examples(
    run_id: Id, body: AssignIn, lead: LeadDep, store: StoreDep, settings: SettingsDep
) -> Done:
    """Give queued examples to one person, who gets them before all others and alone."""
    with store.reading() as session:
        user = steering.assignee(session, runs.get(session, run_id), body.user)
    act = Assign(user, body.days, settings.review_lease_seconds)
    return _do(store, run_id, body, act, lead)


@router.post("/examples/unassign")
def unassign_examples(
    run_id: Id, body: UnassignIn, lead: LeadDep, store: StoreDep, settings: SettingsDep
) -> Done:
    """Take back what was given to someone and is not open on their page."""
    with store.reading() as session:
        user = users.find(session, body.user) if body.user else None
    return _do(store, run_id, body, Unassign(user, settings.review_lease_seconds), lead)


@router.post("/examples/prioritize")
def prioritize_examples(run_id: Id, body: PrioritizeIn, lead: LeadDep, store: StoreDep) -> Done:
    """Have queued examples stand first or last, or where the queue's own order has them."""
    return _do(store, run_id, body, Prioritize(body.to), lead)


@router.put("/policy")
def change_policy(
    run_id: Id, body: PolicyIn, lead: LeadDep, store: StoreDep, settings: SettingsDep
) -> Rerouted:
    """Give a run another policy and route again what nobody has answered or in hand. No model is asked, nothing is paid."""
    if body.dry_run:
        return reroute.plan(store, run_id, body.policy, settings.review_lease_seconds)
    return reroute.carry_out(store, run_id, body.policy, settings.review_lease_seconds, lead)


def searched(
    reviewer: Annotated[str, Query(description="name of who answered")] = "",
    verdict: Annotated[str, Query(description="confirmed, corrected, skipped or flagged")] = "",
    reason: Annotated[str, Query(description="why the example was in the queue")] = "",
    text: Annotated[str, Query(description="stands in the content or the comment")] = "",
    where: Annotated[str, Query(description="holds for the answer, as in `topic == 'spam'`")] = "",
    since: datetime | None = None,
    until: datetime | None = None,
    undone: Annotated[bool, Query(description="answers that were taken back as well")] = False,
    against: Annotated[
        str, Query(description="`settled`: the example is labeled otherwise; `others`: people differ")
    ] = "",
) -> reviews.Search:
    """What is looked for; all of it has to hold."""
    return reviews.Search(reviewer, verdict, reason, text, where, since, until, undone, against)


@router.get("/reviews")
def list_reviews(
    run_id: Id,
    _lead: LeadDep,
    session: ReadDep,
    search: Annotated[reviews.Search, Depends(searched)],
    after: After = 0,
    limit: Limit = 100,
) -> Page[reviews.Given]:
    """Single answers of a run that are looked for, newest first. A page may hold fewer than asked for, with more to come."""
    found = reviews.search(session, runs.get(session, run_id), search, after, limit)
    return Page(items=found.answers, next=found.next)
