"""Money: what calls cost, what is set aside for those to come, and answers that were paid for once already."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, CursorResult, Subquery, case, func, or_, text
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, delete, select, update

from prelabel.bulk import insert_rows
from prelabel.draft import CallRecord, Reply, Token
from prelabel.models import LIMITED, Call, Dataset, Project, Reservation, Run, now
from prelabel.operations import metrics
from prelabel.store import after_commit

ZERO = Decimal(0)
RUNS_CAP = "the run's cap"
TRIALS_CAP = "the cap of the trial"
MOST_RECALLED = 500
"""Keys in one question to the database; SQLite takes about a thousand."""


@dataclass(frozen=True)
class Entry:
    """A call on its way into the ledger."""

    run_id: int
    example_id: int
    call: CallRecord
    lane: str = "live"
    at: datetime = field(default_factory=now)


@dataclass(frozen=True)
class Purse:
    """What a cap leaves: `spent` and `reserved` dollars of `cap`, `whose` names it for people."""

    cap: Decimal
    spent: Decimal
    reserved: Decimal
    whose: str


@dataclass(frozen=True)
class Sum:
    """Calls of a run that are alike: how many requests, their dollars, and how many rows have no known price."""

    step: int
    model: str
    purpose: str
    lane: str
    outcome: str
    requests: int
    dollars: Decimal
    unpriced: int


class Taken(NamedTuple):
    """One call about one example."""

    example_id: int
    step: int
    model: str
    purpose: str
    outcome: str
    tokens_out: int
    dollars: Decimal | None


class SpentOn(NamedTuple):
    """What all calls of a run about one example took: requests, calls of unknown price, dollars."""

    requests: int
    unpriced: int
    dollars: Decimal


NOTHING = SpentOn(0, 0, ZERO)


def record(session: Session, entries: Iterable[Entry]) -> None:
    """Write calls to the ledger, whatever came of them."""
    rows = [_row(entry) for entry in entries]
    insert_rows(session, Call, rows)
    after_commit(session, lambda: _count(rows))


def holds(session: Session, entry: Entry) -> bool:
    """Whether this very entry was written before: by a commit that was lost sight of when the database went away."""
    same = select(Call.id).where(
        Call.example_id == entry.example_id,
        Call.request_hash == entry.call.request_hash,
        Call.created_at == entry.at,
    )
    return session.exec(same.limit(1)).first() is not None


def recall(
    session: Session,
    models: Collection[str],
    example_ids: Collection[int],
    hashes: Collection[str],
) -> list[tuple[int, str, Reply]]:
    """Replies of these models that were paid for before: to these examples, and to requests of these hashes.

    Of a request about several examples, each has its own part of the reply, under a hash that no whole request has.
    """
    ids, digests = list(example_ids), list(hashes)
    found: dict[tuple[int, str], Reply] = {}
    for start in range(0, max(len(ids), len(digests)), MOST_RECALLED):
        some, others = ids[start : start + MOST_RECALLED], digests[start : start + MOST_RECALLED]
        calls = session.exec(
            select(Call).where(
                or_(col(Call.example_id).in_(some), col(Call.request_hash).in_(others)),
                col(Call.model).in_(models),
                col(Call.outcome).in_(("ok", "invalid")),
            )
        )
        found |= {(call.example_id, call.request_hash): _reply(call) for call in calls}
    return [(example_id, request_hash, reply) for (example_id, request_hash), reply in found.items()]


def spent(session: Session, run_id: int) -> Decimal:
    """Dollars that the run's calls have cost, as far as prices are known."""
    return spent_by_run(session, [run_id])[run_id]


def spent_by_run(session: Session, run_ids: Collection[int]) -> dict[int, Decimal]:
    """Dollars that the calls of each of these runs have cost, as far as prices are known."""
    paid = select(Call.run_id, func.sum(Call.dollars)).where(col(Call.run_id).in_(run_ids))
    sums = session.exec(paid.group_by(col(Call.run_id)))
    return dict.fromkeys(run_ids, ZERO) | {run_id: dollars or ZERO for run_id, dollars in sums}


def spent_in_project(session: Session, project_id: int) -> Decimal:
    """Dollars that the calls of all runs of a project have cost, as far as prices are known."""
    mine = select(Run.id).where(_in_project(project_id))
    return session.exec(select(func.sum(Call.dollars)).where(col(Call.run_id).in_(mine))).one() or ZERO


def sums(session: Session, run_id: int) -> list[Sum]:
    """The run's calls by step, model, purpose, lane and outcome."""
    alike = (col(Call.step), col(Call.model), col(Call.purpose), col(Call.lane), col(Call.outcome))
    rows = session.execute(
        wide_select(
            *alike,
            func.sum(col(Call.requests)),
            func.sum(col(Call.dollars)),
            func.count() - func.count(col(Call.dollars)),
        )
        .where(col(Call.run_id) == run_id)
        .group_by(*alike)
        .order_by(*alike)
    )
    return [
        Sum(step, model, purpose, lane, outcome, int(requests), dollars or ZERO, unpriced)
        for step, model, purpose, lane, outcome, requests, dollars, unpriced in rows
    ]


def limited(session: Session, run_id: int, since: datetime) -> int:
    """How many of the run's calls have met a limit of their provider since then."""
    calls = select(func.count()).select_from(Call).where(text(LIMITED))
    return session.exec(calls.where(Call.run_id == run_id, Call.created_at >= since)).one()


def taken(session: Session, run_id: int, example_ids: Collection[int]) -> list[Taken]:
    """What each of the run's calls about these examples took."""
    rows = session.execute(
        wide_select(
            col(Call.example_id), col(Call.step), col(Call.model), col(Call.purpose),
            col(Call.outcome), col(Call.tokens_out), col(Call.dollars),
        ).where(col(Call.example_id).in_(example_ids), col(Call.run_id) == run_id)
    )  # fmt: skip
    return [Taken(*row) for row in rows]


def spent_on(session: Session, run_id: int, first: int, last: int) -> dict[int, SpentOn]:
    """What the run's calls took, for each example with an id from one to another that there were any about."""
    is_of_run = col(Call.run_id) + 0 == run_id  # so that no database reads the whole run by its index
    rows = session.execute(
        wide_select(
            *(col(Call.example_id), func.sum(col(Call.requests))),
            *(func.count() - func.count(col(Call.dollars)), func.sum(col(Call.dollars))),
        )
        .where(col(Call.example_id).between(first, last), is_of_run)
        .group_by(col(Call.example_id))
    )
    return {one: SpentOn(int(calls), unpriced, dollars or ZERO) for one, calls, unpriced, dollars in rows}


def by_example(run_ids: Collection[int]) -> Subquery:
    """What the calls of these runs took, as a row for each run and example, to be joined: `requests`, `unpriced`, `dollars`."""
    return (
        wide_select(
            *(col(Call.run_id), col(Call.example_id), func.sum(col(Call.requests)).label("requests")),
            (func.count() - func.count(col(Call.dollars))).label("unpriced"),
            func.sum(col(Call.dollars)).label("dollars"),
        )
        .where(col(Call.run_id).in_(run_ids))
        .group_by(col(Call.run_id), col(Call.example_id))
        .subquery()
    )


def answered(session: Session, model: str, hashes: Collection[str]) -> set[str]:
    """Which of these requests the model has answered, and will be paid for no more."""
    digests, found = list(hashes), set[str]()
    for start in range(0, len(digests), MOST_RECALLED):
        found |= set(
            session.exec(
                select(Call.request_hash).where(
                    col(Call.request_hash).in_(digests[start : start + MOST_RECALLED]),
                    Call.model == model,
                    col(Call.outcome).in_(("ok", "invalid")),
                    Call.requests == 1,
                )
            )
        )
    return found


def is_capped(session: Session, run: Run) -> bool:
    """Whether the run or its project has a cap."""
    return run.cap is not None or project_of(session, run).cap is not None


def reserve(session: Session, run: Run, owner: str, costs: Sequence[Decimal], seconds: float) -> int:
    """Set money aside for calls about to be made: as many of the costs, from the front, as the caps allow; returns how many.

    The rows that hold the caps are locked first, so two workers cannot both take the last of it.
    """
    purses = _purses(session, run)
    affordable, total = 0, ZERO
    for cost in costs:
        if any(purse.spent + purse.reserved + total + cost > purse.cap for purse in purses):
            break
        affordable, total = affordable + 1, total + cost
    if purses and affordable:
        _set_aside(session, run.id or 0, owner, total, seconds)
    return affordable


def exhausted(session: Session, run: Run, cost: Decimal) -> str:
    """Which cap would be passed by one more call of this cost, even if nothing that is reserved were spent; empty: none."""
    for purse in _purses(session, run):
        if purse.spent + cost > purse.cap:
            return purse.whose
    return ""


def use(session: Session, run_id: int, owner: str, dollars: Decimal) -> None:
    """Take what was reserved for calls that are in the ledger now off the owner's reservation."""
    session.exec(
        update(Reservation)
        .where(col(Reservation.run_id) == run_id, col(Reservation.owner) == owner)
        .values(dollars=case((col(Reservation.dollars) > dollars, Reservation.dollars - dollars), else_=0))
    )


def renew(session: Session, owner: str, seconds: float) -> None:
    """Keep the owner's reservations alive."""
    expires = now() + timedelta(seconds=seconds)
    session.exec(update(Reservation).where(col(Reservation.owner) == owner).values(expires_at=expires))


def release(session: Session, owner: str, run_id: int | None = None) -> None:
    """Give back what the owner set aside, for one run or for all; its calls are in the ledger now."""
    own: list[ColumnElement[bool]] = [col(Reservation.owner) == owner]
    if run_id is not None:
        own.append(col(Reservation.run_id) == run_id)
    session.exec(delete(Reservation).where(*own))


def forget_expired(session: Session) -> int:
    """Drop reservations of workers that died; returns how many."""
    result: CursorResult[Any] = session.exec(delete(Reservation).where(col(Reservation.expires_at) < now()))
    return result.rowcount


def _purses(session: Session, run: Run) -> list[Purse]:
    """What the caps of the run and of its project leave, under lock; none where there is no cap."""
    project, found = project_of(session, run), []
    if project.cap is not None:
        session.refresh(project, with_for_update=True)
        found.append(
            _purse(
                session,
                project.cap or ZERO,
                f"the cap of project {project.name!r}",
                _in_project(project.id or 0),
            )
        )
    session.refresh(run, with_for_update=True)
    if run.cap is not None:
        whose = TRIALS_CAP if run.trial else RUNS_CAP
        found.append(_purse(session, run.cap, whose, col(Run.id) == run.id))
    return found


def project_of(session: Session, run: Run) -> Project:
    """The project whose dataset the run drafts."""
    joined = select(Project).join(Dataset, col(Dataset.project_id) == Project.id)
    return session.exec(joined.where(Dataset.id == run.dataset_id)).one()


def _in_project(project_id: int) -> ColumnElement[bool]:
    """Runs on the project's datasets."""
    return col(Run.dataset_id).in_(select(Dataset.id).where(Dataset.project_id == project_id))


def _purse(session: Session, cap: Decimal, whose: str, which: ColumnElement[bool]) -> Purse:
    """Both sums by one statement: between two, a worker could move money from one to the other unseen."""
    runs = select(Run.id).where(which)
    paid = select(func.sum(Call.dollars)).where(col(Call.run_id).in_(runs)).scalar_subquery()
    held = (
        select(func.sum(Reservation.dollars))
        .where(col(Reservation.run_id).in_(runs), col(Reservation.expires_at) >= now())
        .scalar_subquery()
    )
    paid_sum, held_sum = session.execute(wide_select(paid, held)).one()
    return Purse(cap, paid_sum or ZERO, held_sum or ZERO, whose)


def _set_aside(session: Session, run_id: int, owner: str, dollars: Decimal, seconds: float) -> None:
    expires = now() + timedelta(seconds=seconds)
    more = session.exec(
        update(Reservation)
        .where(col(Reservation.run_id) == run_id, col(Reservation.owner) == owner)
        .values(dollars=Reservation.dollars + dollars, expires_at=expires)
    )
    if not more.rowcount:
        session.add(Reservation(run_id=run_id, owner=owner, dollars=dollars, expires_at=expires))


def _row(entry: Entry) -> dict[str, Any]:
    call = entry.call
    reply = call.reply or Reply("", dollars=ZERO)
    return {
        "run_id": entry.run_id,
        "example_id": entry.example_id,
        "step": call.step,
        "model": call.model,
        "purpose": call.purpose,
        "lane": entry.lane,
        "requests": call.requests,
        "request_hash": call.request_hash,
        "outcome": call.outcome,
        "detail": call.detail,
        "tokens_in": reply.tokens_in,
        "tokens_out": reply.tokens_out,
        "tokens_cached": reply.tokens_cached,
        "tokens_reasoning": reply.tokens_reasoning,
        "dollars": reply.dollars,
        "price_version": reply.price_version,
        "latency_ms": reply.latency_ms,
        "reply": _document(call.reply),
        "created_at": entry.at,
    }


def _count(rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        name, lane, outcome = metrics.model_label(row["model"]), row["lane"], row["outcome"]
        metrics.CALLS.labels(name, row["purpose"], lane, outcome).inc(row["requests"])
        kinds = {kind: row[f"tokens_{kind}"] for kind in ("in", "out", "cached", "reasoning")}
        metrics.count_spending(row["model"], row["dollars"], **kinds)
        if row["requests"] and lane == "live" and outcome in ("ok", "invalid"):
            metrics.CALL_DURATION.labels(name).observe(row["latency_ms"] / 1000)


def _document(reply: Reply | None) -> dict[str, Any] | None:
    if reply is None:
        return None
    document: dict[str, Any] = {"text": reply.text}
    if reply.tokens:
        document["tokens"] = [[token.text, token.logprob, token.top] for token in reply.tokens]
    if reply.more:
        document["more"] = list(reply.more)
    return document


def _reply(call: Call) -> Reply:
    document = call.reply or {}
    tokens = tuple(Token(text, logprob, top) for text, logprob, top in document.get("tokens", []))
    return Reply(document.get("text", ""), tokens, more=tuple(document.get("more", ())))
