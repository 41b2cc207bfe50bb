"""The pool of a run: what is drafted and waits for the audit, as the run's schema has it now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.models import Draft, Drawn, Example, Placement, Run
from prelabel.routing.policy import Drafted, Policy
from prelabel.routing.slots import ToRoute
from prelabel.schemas import versions
from prelabel.schemas.versions import Translator

BATCH = 2_000
_COLUMNS: tuple[Any, ...] = (
    col(Placement.id).label("placement_id"), col(Placement.is_gold), col(Draft.id).label("draft_id"), col(Draft.step),
    col(Draft.label), col(Draft.schema_version_id).label("under"), col(Draft.confidence), col(Draft.alternatives),
    col(Example.id).label("example_id"), col(Example.external_id), col(Example.gold), col(Example.meta),
    col(Example.schema_version_id).label("gold_under"),
)  # fmt: skip


@dataclass(frozen=True)
class Pooled:
    """A drafted example, with what may tell how likely its draft is to be wrong. `content` is empty where it was not asked for."""

    to_route: ToRoute
    external_id: str
    alternatives: dict[str, dict[str, float]]
    content: dict[str, Json]
    meta: Json


def routable(policy: Policy) -> tuple[ColumnElement[bool], ...]:
    """Which drafted examples are routed at once: all, or under a guarantee what failed and what gold settles."""
    if policy.rule != "guarantee":
        return ()
    failed = col(Draft.failure) != ""
    return (or_(failed, col(Placement.is_gold)) if policy.gold == "gate" else failed,)


def locked(session: Session, run_id: int) -> Run:
    """The run, held against all others who would draw or cut; rows that point at it may still be added."""
    return session.exec(
        select(Run)
        .where(Run.id == run_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def read(session: Session, run: Run, with_content: bool = False) -> Iterator[Pooled]:
    """All that is drafted, in the order in which it came in."""
    into, after = Translator.of(session, run), 0
    while batch := read_batch(session, run, into, after, with_content):
        yield from batch
        after = batch[-1].to_route.placement_id


def read_batch(
    session: Session,
    run: Run,
    into: Translator,
    after: int,
    with_content: bool = False,
    lock: bool = False,
    look: int | None = None,
) -> list[Pooled]:
    """What is drafted behind the placement `after`, a batch of it, or of what is drawn for a look; with `lock` it stays so until
    the transaction ends.
    """
    statement = (
        wide_select(*_COLUMNS)
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .join(Example, col(Example.id) == Placement.example_id)
        .where(col(Placement.run_id) == run.id, col(Placement.place) == "drafted", col(Placement.id) > after)
        .order_by(col(Placement.id))
        .limit(BATCH)
    )
    if look is not None:
        of_look = select(Drawn.example_id).where(Drawn.run_id == run.id, Drawn.look == look)
        statement = statement.where(col(Placement.example_id).in_(of_look))
    rows = session.execute(statement.with_for_update(of=Placement) if lock else statement).all()
    strange = [
        row.example_id for row in rows
        if with_content or row.under != into.version_id or (row.gold and row.gold_under != into.version_id)
    ]  # fmt: skip
    contents = versions.contents(session, strange)
    return [_pooled(row, into, contents.get(row.example_id, {}), with_content) for row in rows]


def _pooled(row: Any, into: Translator, content: dict[str, Json], with_content: bool) -> Pooled:
    label, note = _label(into, row.label, row.under, content)
    drafted = Drafted(label, row.confidence, into.fitting(row.gold, row.gold_under, content))
    to_route = ToRoute(row.placement_id, row.example_id, row.is_gold, row.draft_id, row.step, drafted, note)
    return Pooled(to_route, row.external_id, row.alternatives, content if with_content else {}, row.meta)


def held(session: Session, run: Run) -> int:
    """Lock all that is drafted, once whoever is just routing some of it is done; returns how many they are."""
    drafted = select(Placement.id).where(Placement.run_id == run.id, Placement.place == "drafted")
    return len(session.exec(drafted.order_by(col(Placement.id)).with_for_update()).all())


def _label(
    into: Translator, value: dict[str, Json] | None, under: int, content: dict[str, Json]
) -> tuple[dict[str, Json] | None, str]:
    try:
        return value and into.label(value, under, content), ""
    except LabelError as error:
        return None, f"drafted before the schema changed: {error}"
