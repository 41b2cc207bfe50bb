"""Certificates of runs: worked out from the very records that an export holds, kept, and worked out anew where labels change."""

import json
import logging
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel
from sqlmodel import Session, col, func, select

from prelabel import export, runs
from prelabel.errors import Conflict, PrelabelError
from prelabel.guarantee import cutting, pool, standing
from prelabel.guarantee.standing import Standing
from prelabel.measure.guarantee.certificate import Certificate, certify
from prelabel.measure.guarantee.terms import Record, Terms
from prelabel.models import IssuedCertificate, Placement, Review, Run, User
from prelabel.route import route_drafted
from prelabel.routing import drawn
from prelabel.store import Store

log = logging.getLogger(__name__)
State = tuple[int, int]
"""The newest label that a run has, and how many of its examples failed: any change of what is settled changes it."""


class Certified(Standing):
    """Where a run's guarantee stands, and its certificate with its `sentence` once all is settled.

    `issued` counts the certificates of the run so far: a later one takes the place of those before it.
    """

    certificate: Certificate | None = None
    sentence: str = ""
    issued: int = 0


class Issued(BaseModel):
    """A certificate as it was issued."""

    id: int
    certificate: Certificate
    created_at: datetime


def certified(store: Store, run_id: int) -> Certified:
    """Where the guarantee stands now, with the certificate that holds for the labels as they are now, if there is one."""
    with store.reading() as session:
        now_at = standing.standing(session, runs.get(session, run_id))
    found = issue(store, run_id) if now_at.status == "settled" else None
    with store.reading() as session:
        issued = session.exec(select(func.count()).where(IssuedCertificate.run_id == run_id)).one()
    sentence = found.sentence() if found else ""
    return Certified(**now_at.model_dump(), certificate=found, sentence=sentence, issued=issued)


def certificate_or_refuse(store: Store, run_id: int) -> Certificate:
    """The certificate. Raises Conflict, with what it waits for, where there is none yet."""
    found = certified(store, run_id)
    if found.certificate is None:
        waits_for = found.waits_for or "nothing: people gave all labels, so there is nothing to certify"
        raise Conflict(f"run {run_id} has no certificate yet; it waits for {waits_for}")
    return found.certificate


def history(session: Session, run: Run, after: int, limit: int) -> list[Issued]:
    """All certificates of a run, oldest first."""
    rows = session.exec(
        select(IssuedCertificate)
        .where(IssuedCertificate.run_id == run.id, col(IssuedCertificate.id) > after)
        .order_by(col(IssuedCertificate.id))
        .limit(limit)
    ).all()
    return [
        Issued(
            id=row.id or 0, certificate=Certificate.model_validate(row.document), created_at=row.created_at
        )
        for row in rows
    ]


def carry_on(store: Store) -> None:
    """Do for each run with a guarantee what is due: draw, cut, cut anew, and issue the first certificate."""
    with store.reading() as session:
        promising = [run.id or 0 for run in runs.that_promise(session)]
    for run_id in promising:
        try:
            _carry_on(store, run_id)
        except PrelabelError as error:
            log.warning("run %s: its guarantee waits: %s", run_id, error)


def _carry_on(store: Store, run_id: int) -> None:
    with store.reading() as session:
        run = runs.get(session, run_id)
        is_drawn = drawn.guarantee_is_drawn(session, run)
        is_issued = _newest(session, run) is not None
        has_work = not is_drawn and run.state == "running" and _is_anywhere(session, run, ("drafted",))
    if has_work:
        route_drafted(store, run_id)
    if is_drawn:
        cutting.go_on(store, run_id)
        if not is_issued:
            issue(store, run_id)


def issue(store: Store, run_id: int) -> Certificate | None:
    """The certificate of the run as it is now, kept where it is another than the one before; None while anything is open."""
    with store.reading() as session:
        run = runs.get(session, run_id)
        if (state := _settled_state(session, run)) is None:
            return None
        if (last := _newest(session, run)) and (last.newest_label_id, last.failed) == state:
            return Certificate.model_validate(last.document)
        draw, reviewers = drawn.draw_of(session, run), _reviewers(session, run)
        look = drawn.look_of(session, run)
    assert draw is not None
    terms = Terms.model_validate(draw.terms).at_look(look)
    records = [Record.model_validate(record) for record in export.records(store, run, "all")]
    found = certify(records, terms, reviewers)
    with store.writing() as session:
        run = pool.locked(session, run_id)
        if _settled_state(session, run) != state:
            return None  # something has changed meanwhile: the next who asks gets it
        last = _newest(session, run)
        if last is None or (last.newest_label_id, last.failed) != state:
            session.add(
                IssuedCertificate(
                    run_id=run_id,
                    document=found.model_dump(mode="json"),
                    newest_label_id=state[0],
                    failed=state[1],
                )
            )
    return found


def as_line(certificate: Certificate) -> bytes:
    """The certificate as the last line of a JSONL file."""
    document = {"certificate": certificate.model_dump(mode="json")}
    return json.dumps(document, ensure_ascii=False, separators=(", ", ": ")).encode() + b"\n"


def _newest(session: Session, run: Run) -> IssuedCertificate | None:
    issued = select(IssuedCertificate).where(IssuedCertificate.run_id == run.id)
    return session.exec(issued.order_by(col(IssuedCertificate.id).desc()).limit(1)).first()


def _settled_state(session: Session, run: Run) -> State | None:
    """The state of a run all of whose examples are settled or failed, by the newest cut; None of any other."""
    audits = drawn.audits(session, run)
    if not audits.drawn or not audits.is_over or cutting.is_due(session, run):
        return None
    is_finished = cutting.is_finished(cutting.newest(session, run))
    if not is_finished or _is_anywhere(session, run, ("waiting", "drafted", "queued")):
        return None
    newest_label, failed = session.exec(
        select(
            func.max(Placement.label_id),
            func.count().filter(col(Placement.place) == "failed"),
        ).where(Placement.run_id == run.id)
    ).one()
    return newest_label or 0, failed


def _is_anywhere(session: Session, run: Run, places: Sequence[str]) -> bool:
    return any(
        session.exec(
            select(Placement.id).where(Placement.run_id == run.id, Placement.place == where).limit(1)
        ).first()
        for where in places
    )


def _reviewers(session: Session, run: Run) -> list[str]:
    """Who has answered in the run."""
    answered = select(User.name).join(Review, col(Review.user_id) == User.id).where(Review.run_id == run.id)
    return list(session.exec(answered.distinct().order_by(User.name)))
