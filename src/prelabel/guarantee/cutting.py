"""After the audits: the cut, and the cut anew where an audit's label has changed since."""

from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import drawn, place, runs
from prelabel.canonical import Json
from prelabel.drawn import Audits
from prelabel.guarantee import pool
from prelabel.guarantee.drawing import follow
from prelabel.measure.guarantee.certificate import Judged, Pool, Record, Terms, judge
from prelabel.models import AuditCut, AuditDraw, Draft, Drawn, Example, Label, Placement, Run
from prelabel.policy import Decision, Policy
from prelabel.slots import ToRoute
from prelabel.store import Store
from prelabel.versions import Translator

CALLED_BACK = "an audit was answered anew: fewer drafts can be accepted than before"


def go_on(store: Store, run_id: int) -> None:
    """Cut the pool of a run once all of its audits are answered, and again where an answer has changed since."""
    with store.reading() as session:
        if not is_due(session, runs.get(session, run_id)):
            return
    with store.writing() as session:
        run = pool.locked(session, run_id)
        if (audits := is_due(session, run, lock=True)) and (draw := drawn.draw_of(session, run)):
            _cut(session, run, draw, audits)


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


def _cut(session: Session, run: Run, draw: AuditDraw, audits: Audits) -> None:
    policy = Policy.model_validate(run.policy)
    terms, ids = Terms.model_validate(draw.terms), dict[str, int]()
    ranked = Pool.of(_records(session, run, ids), terms)
    found = judge(ranked, terms, draw.examples)
    accepted = {ids[record.id] for record in ranked.records[: found.cut.size] if not record.audited}
    routed = [_routed(one.to_route, accepted) for one in pool.read(session, run) if one.external_id in ids]
    follow(session, run, routed, policy)
    called_back = _call_back(session, run, accepted, policy)
    session.add(_kept(run, audits, found, called_back))


def _routed(one: ToRoute, accepted: set[int]) -> tuple[ToRoute, Decision]:
    if one.example_id in accepted:
        return one, Decision(one.drafted.confidence, source="auto")
    return one, Decision(one.drafted.confidence, reason="low_confidence")


def _records(session: Session, run: Run, ids: dict[str, int]) -> list[Record]:
    """The pool as far as the cut depends on it; `ids` gets the example of each id."""
    into, found = Translator.of(session, run), []
    audited = _audited(session, run, into)
    rows = session.execute(
        wide_select(col(Drawn.example_id), col(Example.external_id), col(Drawn.uncertainty))
        .join(Example, col(Example.id) == Drawn.example_id)
        .where(col(Drawn.run_id) == run.id)
        .order_by(col(Drawn.id))
    )
    for example_id, external_id, uncertainty in rows:
        ids[external_id] = example_id
        known = audited.get(example_id, {"draft": {}, "label": None, "source": None, "audited": False})
        found.append(Record(id=external_id, uncertainty=uncertainty, **known))
    return found


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
        .where(col(Drawn.run_id) == run.id, col(Drawn.audited))
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
    """Queue what an earlier cut had accepted and this one does not; returns how many."""
    rows = session.exec(
        select(Placement)
        .join(Label, col(Label.id) == Placement.label_id)
        .where(Placement.run_id == run.id, Placement.place == "settled", Label.source == "auto")
        .order_by(col(Placement.id))
        .with_for_update(of=Placement)
    ).all()
    beyond = [row for row in rows if row.example_id not in accepted]
    for placement in beyond:
        place.ask(session, placement, "low_confidence", policy)
        placement.note = CALLED_BACK
    return len(beyond)


def _kept(run: Run, audits: Audits, found: Judged, called_back: int) -> AuditCut:
    return AuditCut(
        run_id=run.id or 0,
        answered=audits.answered,
        failed=audits.failed,
        newest_label_id=audits.newest_label_id,
        size=found.cut.size,
        errors=found.cut.errors,
        called_back=called_back,
    )
