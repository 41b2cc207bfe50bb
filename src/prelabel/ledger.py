"""Money: what calls cost, what is set aside for those in flight, and answers that were paid for once already."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import CursorResult, func
from sqlmodel import Session, col, delete, select, update

from prelabel.draft import CallRecord, Outcome, Reply, Token
from prelabel.models import Call, Reservation, Run, now

ZERO = Decimal(0)


def record(session: Session, run: Run, outcomes: Collection[Outcome]) -> None:
    """Write each call of these outcomes to the ledger, whatever came of it."""
    session.add_all(_row(run, outcome, call) for outcome in outcomes for call in outcome.calls)


def remembered(session: Session, model: str, example_ids: Collection[int]) -> dict[tuple[int, str], Reply]:
    """Replies that were paid for before, by example and request hash: asking again would cost money for nothing."""
    calls = session.exec(
        select(Call).where(
            col(Call.example_id).in_(example_ids),
            Call.model == model,
            col(Call.outcome).in_(("ok", "invalid")),
        )
    )
    return {(call.example_id, call.request_hash): _reply(call) for call in calls}


def spent(session: Session, run_id: int) -> Decimal:
    """Dollars that the run's calls have cost, as far as prices are known."""
    return session.exec(select(func.sum(Call.dollars)).where(Call.run_id == run_id)).one() or ZERO


def reserve(session: Session, run_id: int, owner: str, dollars: Decimal, seconds: float) -> bool:
    """Set money aside for calls about to be made; False where the run's cap does not allow it.

    The run's row is locked first, so two workers cannot both take the last of it.
    """
    run = session.exec(select(Run).where(Run.id == run_id).with_for_update()).one()
    if run.cap is None:
        return True
    if spent(session, run_id) + _reserved(session, run_id) + dollars > run.cap:
        return False
    expires = now() + timedelta(seconds=seconds)
    session.add(Reservation(run_id=run_id, owner=owner, dollars=dollars, expires_at=expires))
    return True


def renew(session: Session, owner: str, seconds: float) -> None:
    """Keep the owner's reservations alive."""
    expires = now() + timedelta(seconds=seconds)
    session.exec(update(Reservation).where(col(Reservation.owner) == owner).values(expires_at=expires))


def release(session: Session, owner: str) -> None:
    """Give back what the owner set aside; its calls are in the ledger now."""
    session.exec(delete(Reservation).where(col(Reservation.owner) == owner))


def forget_expired(session: Session) -> int:
    """Drop reservations of workers that died; returns how many."""
    result: CursorResult[Any] = session.exec(delete(Reservation).where(col(Reservation.expires_at) < now()))
    return result.rowcount


def _reserved(session: Session, run_id: int) -> Decimal:
    live = select(func.sum(Reservation.dollars)).where(
        Reservation.run_id == run_id, col(Reservation.expires_at) >= now()
    )
    return session.exec(live).one() or ZERO


def _row(run: Run, outcome: Outcome, call: CallRecord) -> Call:
    reply = call.reply or Reply("", dollars=ZERO)
    assert run.id is not None
    return Call(
        run_id=run.id,
        example_id=outcome.subject.example_id,
        model=outcome.model,
        purpose=call.purpose,
        request_hash=call.request_hash,
        outcome=call.outcome,
        detail=call.detail,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        tokens_cached=reply.tokens_cached,
        tokens_reasoning=reply.tokens_reasoning,
        dollars=reply.dollars,
        price_version=reply.price_version,
        latency_ms=reply.latency_ms,
        reply=_document(call.reply),
    )


def _document(reply: Reply | None) -> dict[str, Any] | None:
    if reply is None:
        return None
    tokens = [[token.text, token.logprob, token.top] for token in reply.tokens]
    return {"text": reply.text, "tokens": tokens} if tokens else {"text": reply.text}


def _reply(call: Call) -> Reply:
    document = call.reply or {}
    tokens = tuple(Token(text, logprob, top) for text, logprob, top in document.get("tokens", []))
    return Reply(document.get("text", ""), tokens)
