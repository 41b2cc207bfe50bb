"""Examples of a dataset drawn at random, without writing down which: the same ones each time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import BigInteger, SQLColumnExpression, func, literal
from sqlmodel import Session, col, select

from prelabel.canonical import Json
from prelabel.models import Example

SAMPLE, SEED = 200, 1
_SPREAD, _PRIME = 2_654_435_761, 4_294_967_291


@dataclass(frozen=True)
class Sampled:
    """Some of so many `examples` of a dataset: contents, and content and label of those that have gold."""

    examples: int
    contents: Sequence[dict[str, Json]]
    golds: Sequence[tuple[dict[str, Json], dict[str, Json]]]


def drawn(session: Session, dataset_id: int, size: int = SAMPLE, seed: int = SEED) -> Sampled:
    """Up to `size` examples drawn at random without replacement; the same seed draws the same ones. Of those that have their content."""
    mine = (col(Example.dataset_id) == dataset_id, col(Example.removed_at).is_(None))
    examples = session.exec(select(func.count()).select_from(Example).where(*mine)).one()
    ids = session.exec(select(Example.id).where(*mine).order_by(*shuffled(seed)).limit(size)).all()
    return replace(of(session, ids), examples=examples)


def of(session: Session, ids: Collection[int | None]) -> Sampled:
    """These examples, as a sample of themselves."""
    rows = session.exec(select(Example.content, Example.gold).where(col(Example.id).in_(ids))).all()
    golds = [(dict(content), dict(gold)) for content, gold in rows if gold]
    return Sampled(len(rows), [dict(content) for content, _ in rows], golds)


def shuffled(seed: int = SEED) -> tuple[SQLColumnExpression[Any], ...]:
    """An order of examples in which the first ones are as good as drawn at random; the same for the same seed."""
    # Ids that follow each other land far apart here, on both databases alike.
    spread = (col(Example.id) * literal(_SPREAD, BigInteger) + seed * 7_919) % literal(_PRIME, BigInteger)
    return spread, col(Example.id)
