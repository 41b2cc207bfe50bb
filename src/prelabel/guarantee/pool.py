"""The pool of a run: what is drafted and waits for the audit, as the run's schema has it now."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import versions
from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.models import Draft, Example, Placement, Run
from prelabel.policy import Drafted, Policy
from prelabel.slots import ToRoute
from prelabel.versions import Translator

BATCH = 2_000


@dataclass(frozen=True)
class Pooled:
    """A drafted example, with what may tell how likely its draft is to be wrong. `content` is empty where it was not asked for."""

    to_route: ToRoute
    external_id: str
    alternatives: dict[str, dict[str, float]]
    content: dict[str, Json]


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
    """All that is drafted, in the order in which it came in, under lock: others may just be routing some of it."""
    into, after = Translator.of(session, run), 0
    while rows := session.execute(
        wide_select(
            *(col(Placement.id), col(Placement.is_gold), Draft, col(Example.external_id)),
            *(col(Example.gold), col(Example.schema_version_id)),
        )
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .join(Example, col(Example.id) == Placement.example_id)
        .where(
            col(Placement.run_id) == run.id, col(Placement.place) == "drafted", col(Placement.id) > after
        )
        .order_by(col(Placement.id))
        .limit(BATCH)
        .with_for_update(of=Placement)
    ).all():  # fmt: skip
        after = rows[-1][0]
        strange = [
            row[2].example_id for row in rows
            if with_content or row[2].schema_version_id != into.version_id
            or (row[4] and row[5] != into.version_id)
        ]  # fmt: skip
        contents = versions.contents(session, strange)
        for placement_id, is_gold, draft, external_id, gold, gold_under in rows:
            content = contents.get(draft.example_id, {})
            label, note = _label(into, draft, content)
            known = into.fitting(gold, gold_under, content)
            to_route = ToRoute(
                placement_id, draft.example_id, is_gold, draft.id, draft.step,
                Drafted(label, draft.confidence, known), note,
            )  # fmt: skip
            yield Pooled(to_route, external_id, draft.alternatives, content if with_content else {})
            session.expunge(draft)


def _label(into: Translator, draft: Draft, content: dict[str, Json]) -> tuple[dict[str, Json] | None, str]:
    try:
        return draft.label and into.label(draft.label, draft.schema_version_id, content), ""
    except LabelError as error:
        return None, f"drafted before the schema changed: {error}"
