"""What is fixed once a run has drawn its audit sample: the terms, the order of the pool, and who is audited."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select as wide_select
from sqlmodel import Session, col, func, select

from prelabel.errors import Conflict
from prelabel.models import AuditCut, AuditDraw, AuditLook, Drawn, Placement, Run


@dataclass(frozen=True)
class Audits:
    """How far the audits of a run are. `newest_label_id` is the newest of the labels that they have now."""

    drawn: int
    answered: int
    failed: int
    newest_label_id: int

    @property
    def is_over(self) -> bool:
        """Whether each has a label, or people could not give it one."""
        return self.answered + self.failed == self.drawn


def draw_of(session: Session, run: Run) -> AuditDraw | None:
    """The draw of a run's audit sample, if there was one."""
    return session.exec(select(AuditDraw).where(AuditDraw.run_id == run.id)).first()


def guarantee_is_drawn(session: Session, run: Run) -> bool:
    """Whether the run has drawn its audit sample: from then on neither its schema nor its policy may change."""
    return draw_of(session, run) is not None


def refuse_where_drawn(session: Session, runs: Collection[int], what: str) -> None:
    """Raise Conflict where one of these runs has drawn its audit sample; `what` says what is not to be changed any more."""
    found = session.exec(
        select(AuditDraw.run_id).where(col(AuditDraw.run_id).in_(runs)).order_by(col(AuditDraw.run_id))
    ).first()
    if found is not None:
        raise Conflict(
            f"run {found} has drawn the audit sample of its guarantee: {what} would make it void. Start a new run instead; "
            "what was paid for before costs nothing again"
        )


def is_audited(session: Session, run_id: int, example_id: int) -> bool:
    """Whether the example is in the audit sample of a run, or will be at a later look."""
    found = select(Drawn.id).where(Drawn.run_id == run_id, Drawn.example_id == example_id, Drawn.look > 0)
    return session.exec(found).first() is not None


def look_of(session: Session, run: Run) -> int:
    """The look that a run is at: the one that it was cut at, or the last that people were asked for; 0 before the draw."""
    cuts = select(AuditCut.look).where(AuditCut.run_id == run.id).order_by(col(AuditCut.id).desc()).limit(1)
    if (cut := session.exec(cuts).first()) is not None:
        return cut
    return session.exec(select(func.max(AuditLook.look)).where(AuditLook.run_id == run.id)).one() or 0


def audits(session: Session, run: Run, lock: bool = False, look: int | None = None) -> Audits:
    """How far the audits up to a look are, by default the one that the run is at; with `lock` they stay so until the transaction ends."""
    statement = (
        wide_select(col(Placement.place), col(Placement.label_id))
        .join(
            Drawn, (col(Drawn.run_id) == Placement.run_id) & (col(Drawn.example_id) == Placement.example_id)
        )
        .where(
            col(Drawn.run_id) == run.id,
            col(Drawn.look).between(1, look_of(session, run) if look is None else look),
        )
        .order_by(col(Placement.id))
    )
    rows = session.execute(statement.with_for_update(of=Placement) if lock else statement).all()
    labels = [label_id for place, label_id in rows if place == "settled" and label_id is not None]
    failed = sum(place == "failed" for place, _ in rows)
    return Audits(len(rows), len(labels), failed, max(labels, default=0))


def marks(session: Session, run: Run, example_ids: Collection[int]) -> dict[int, tuple[float, bool]]:
    """Of these examples those of the pool: what each was ranked by, and whether it is audited."""
    rows = session.execute(
        wide_select(col(Drawn.example_id), col(Drawn.uncertainty), col(Drawn.look)).where(
            col(Drawn.run_id) == run.id, col(Drawn.example_id).in_(example_ids)
        )
    )
    last = look_of(session, run)
    return {example_id: (uncertainty, 0 < look <= last) for example_id, uncertainty, look in rows}
