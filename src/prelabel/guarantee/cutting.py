"""After the audits: the cut, and the cut anew where an audit's label has changed since."""

from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.canonical import Json
from prelabel.errors import Conflict
from prelabel.events import journal
from prelabel.guarantee import pool
from prelabel.guarantee.drawing import ask_look, follow
from prelabel.measure.guarantee.cut import Cut
from prelabel.measure.guarantee.judging import accepted_ids, judge, pools
from prelabel.measure.guarantee.terms import Record, Terms
from prelabel.models import AuditCut, AuditDraw, Draft, Drawn, Example, Label, Placement, Run, User, now
from prelabel.routing import drawn, place
from prelabel.routing.drawn import Audits
from prelabel.routing.policy import Decision, Policy
from prelabel.routing.slots import ToRoute
from prelabel.schemas.versions import Translator
from prelabel.store import Store

CALLED_BACK = "an audit was answered anew: fewer drafts can be accepted than before"


def go_on(store: Store, run_id: int) -> None:
    """Cut the pool of a run once all of its audits are answered, and again where an answer has changed since.

    While further looks are planned, people are asked for the next one's audits instead; not while the run is paused, and no more once it
    is cancelled. The cut is decided in one transaction, and followed in batches by whoever comes, until it is finished.
    """
    with store.reading() as session:
        run = runs.get(session, run_id)
        if not is_due(session, run) and is_finished(newest(session, run)):
            return
    with store.writing() as session:
        run = pool.locked(session, run_id)
        if (audits := is_due(session, run, lock=True)) and (draw := drawn.draw_of(session, run)):
            look = drawn.look_of(session, run)
            goes_on = newest(session, run) is None and look < len(draw.terms["audits"])
            if goes_on and run.state == "running":
                ask_look(session, run, look + 1)
            elif not goes_on or run.state == "cancelled":
                session.add(_cut(session, run, draw, audits, look))
    _follow(store, run_id)


def stop(store: Store, run_id: int, by: User | None = None) -> None:
    """Ask for no further look, and cut by the last one that is answered; audits of a look that is not go to people as they are.

    Raises Conflict where no look is answered, or nothing could be accepted by it.
    """
    with store.writing() as session:
        run = pool.locked(session, run_id)
        draw, look = drawn.draw_of(session, run), drawn.look_of(session, run)
        if draw is None or newest(session, run) is not None or len(draw.terms["audits"]) == 1:
            raise Conflict(
                f"run {run_id} has no look to end at now: several are planned with --looks, and end with the last"
            )
        if not drawn.audits(session, run).is_over:
            look -= 1
        audits = drawn.audits(session, run, lock=True, look=look)
        if not look or not audits.is_over:
            raise Conflict(f"run {run_id} cannot end its audits yet: no look is answered")
        cut = _cut(session, run, draw, audits, look)
        if not cut.size:
            raise Conflict(
                f"run {run_id} cannot end its audits yet: by look {look} nothing could be accepted"
            )
        session.add(cut)
        journal.note(session, by, "run.certify", run, look=look, audits=draw.terms["audits"][look - 1])
    _follow(store, run_id)


def is_finished(cut: AuditCut | None) -> bool:
    """Whether nothing is left to be moved by a cut; so where there was none."""
    return cut is None or cut.finished_at is not None


def newest(session: Session, run: Run) -> AuditCut | None:
    """The cut that holds, if there was one."""
    cuts = select(AuditCut).where(AuditCut.run_id == run.id).order_by(col(AuditCut.id).desc())
    return session.exec(cuts.limit(1)).first()


def is_due(session: Session, run: Run, lock: bool = False) -> Audits | None:
    """The audits, where all are answered and no cut was made of these answers yet; with `lock` held as they are."""
    audits = drawn.audits(session, run, lock)
    if not audits.drawn or not audits.is_over:
        return None
    last = newest(session, run)
    made_of = last and (last.answered, last.failed, last.newest_label_id)
    return None if made_of == (audits.answered, audits.failed, audits.newest_label_id) else audits


def records_of(session: Session, run: Run, terms: Terms) -> list[tuple[int, Record]]:
    """The pool as far as the cut depends on it, each record with the id of its example."""
    into, found = Translator.of(session, run), []
    audited = _audited(session, run, into)
    unread: dict[str, Json] = {"draft": {}, "label": None, "source": None, "audited": False}
    rows = session.execute(
        wide_select(
            col(Drawn.example_id), col(Example.external_id), col(Drawn.uncertainty), col(Example.meta)
        )
        .join(Example, col(Example.id) == Drawn.example_id)
        .where(col(Drawn.run_id) == run.id)
        .order_by(col(Drawn.id))
    ).all()
    drafts = _drafts(session, run, into) if terms.slices else {}
    for example_id, external_id, uncertainty, meta in rows:
        known = audited.get(example_id) or (unread | {"draft": drafts.get(example_id, {})})
        found.append((example_id, Record(id=external_id, uncertainty=uncertainty, meta=meta, **known)))
    return found


def cuts_at(session: Session, run: Run, draw: AuditDraw, look: int) -> dict[str, Cut]:
    """Where the audits up to a look, all answered, cut each slice, or the pool under the empty name."""
    terms = Terms.model_validate(draw.terms).at_look(look)
    records = [record for _, record in records_of(session, run, terms)]
    return {pool.name: judge(pool, terms, draw.examples).cut for pool in pools(records, terms)}


def _cut(session: Session, run: Run, draw: AuditDraw, audits: Audits, look: int) -> AuditCut:
    cuts = cuts_at(session, run, draw, look)
    return AuditCut(
        run_id=run.id or 0,
        look=look,
        answered=audits.answered,
        failed=audits.failed,
        newest_label_id=audits.newest_label_id,
        size=sum(cut.size for cut in cuts.values()),
        sizes={name: cut.size for name, cut in cuts.items()},
        errors=sum(cut.errors for cut in cuts.values()),
    )


def _follow(store: Store, run_id: int) -> None:
    """Accept what lies before the newest cut, and queue the rest."""
    with store.reading() as session:
        run = runs.get(session, run_id)
        cut, draw = newest(session, run), drawn.draw_of(session, run)
        if cut is None or draw is None or cut.finished_at:
            return
        accepted = _accepted(session, run, draw, cut)
    while _follow_some(store, run_id, cut.id or 0, accepted):
        pass


def _follow_some(store: Store, run_id: int, cut_id: int, accepted: set[int]) -> bool:
    """Move a batch by a cut; False once it is finished, or another one has taken its place."""
    with store.writing() as session:
        run = pool.locked(session, run_id)
        cut, policy = newest(session, run), Policy.model_validate(run.policy)
        if cut is None or cut.id != cut_id or cut.finished_at:
            return False
        batch = pool.read_batch(session, run, Translator.of(session, run), 0, lock=True)
        follow(session, run, [_routed(one.to_route, accepted) for one in batch], policy)
        if not batch and not _call_back(session, run, accepted, policy):
            cut.finished_at = now()
            return False
        return True


def _accepted(session: Session, run: Run, draw: AuditDraw, cut: AuditCut) -> set[int]:
    """The examples that a cut accepts without review."""
    terms = Terms.model_validate(draw.terms).at_look(cut.look)
    rows = records_of(session, run, terms)
    accepted = accepted_ids(pools([record for _, record in rows], terms), cut.sizes)
    return {example_id for example_id, record in rows if record.id in accepted}


def _routed(one: ToRoute, accepted: set[int]) -> tuple[ToRoute, Decision]:
    if one.example_id in accepted:
        return one, Decision(one.drafted.confidence, source="auto")
    return one, Decision(one.drafted.confidence, reason="low_confidence")


def _drafts(session: Session, run: Run, into: Translator) -> dict[int, dict[str, Json]]:
    """The draft of each example of the pool, which its slice may follow from."""
    rows = session.execute(
        wide_select(
            col(Drawn.example_id), col(Draft.label), col(Draft.schema_version_id), col(Example.content)
        )
        .join(Draft, col(Draft.id) == Drawn.draft_id)
        .join(Example, col(Example.id) == Drawn.example_id)
        .where(col(Drawn.run_id) == run.id)
    )
    return {
        example_id: into.fitting(label, under, content) or {} for example_id, label, under, content in rows
    }


def _audited(session: Session, run: Run, into: Translator) -> dict[int, dict[str, Json]]:
    """Draft and label of each audited example, as the run's schema has them."""
    rows = session.execute(
        wide_select(Draft, Label, col(Example.content), col(Placement.place))
        .select_from(Drawn)
        .join(
            Placement,
            (col(Placement.run_id) == Drawn.run_id) & (col(Placement.example_id) == Drawn.example_id),
        )
        .join(Draft, col(Draft.id) == Drawn.draft_id)
        .join(Example, col(Example.id) == Drawn.example_id)
        .join(Label, col(Label.id) == Placement.label_id, isouter=True)
        .where(col(Drawn.run_id) == run.id, col(Drawn.look) > 0)
    ).all()
    return {
        draft.example_id: {
            "draft": into.fitting(draft.label, draft.schema_version_id, content) or {},
            "label": into.fitting(label.value, label.schema_version_id, content) if label else None,
            "source": label.source if label else None,
            "audited": True,
            "status": where,
        }
        for draft, label, content, where in rows
    }


def _call_back(session: Session, run: Run, accepted: set[int], policy: Policy) -> int:
    """Queue some of what an earlier cut had accepted and this one does not; returns how many."""
    found = session.exec(
        select(Placement.id, Placement.example_id)
        .join(Label, col(Label.id) == Placement.label_id)
        .where(Placement.run_id == run.id, Placement.place == "settled", Label.source == "auto")
        .order_by(col(Placement.id))
    ).all()
    beyond = [placement_id for placement_id, example_id in found if example_id not in accepted]
    locked = session.exec(
        select(Placement)
        .where(col(Placement.id).in_(beyond[: place.BATCH]))
        .order_by(col(Placement.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for placement in locked:
        if placement.place == "settled" and session.get_one(Label, placement.label_id).source == "auto":
            place.ask(session, placement, "low_confidence", policy)
            placement.note = CALLED_BACK
    return len(locked)
