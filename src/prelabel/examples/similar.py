"""Settled examples that are most like another one: what a senior compares a disagreement with."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from prelabel.canonical import Json
from prelabel.drafting import lessons, shots
from prelabel.examples.content import as_text
from prelabel.models import Example, Run

MOST_COMPARED = 5_000
"""The newest that people have settled; more would keep the senior waiting."""
LEAST = 0.05
"""Examples with a smaller cosine have hardly a word in common."""


@dataclass(frozen=True)
class Similar:
    """An example that people have settled, and how near it is: the cosine of tf-idf over words, 1 for equal ones."""

    example: str
    content: dict[str, Json]
    label: Mapping[str, Json]
    likeness: float


def to(session: Session, run: Run, example: Example, most: int) -> list[Similar]:
    """Up to `most` examples of the run's project, the nearest first; neither gold nor what audits have settled."""
    known = [one for one in lessons.by_people(session, run, MOST_COMPARED) if one.example_id != example.id]
    if not known:
        return []
    features = shots.features()
    matrix = features.fit_transform([as_text(one.content) for one in known])
    cosines = (features.transform([as_text(example.content)]) @ matrix.T).toarray().ravel().round(6)
    nearest = [at for at in (-cosines).argsort(kind="stable")[:most] if cosines[at] >= LEAST]
    names = _names(session, [known[at].example_id for at in nearest])
    return [
        Similar(names[known[at].example_id], known[at].content, known[at].label, float(cosines[at]))
        for at in nearest
    ]


def _names(session: Session, ids: list[int]) -> dict[int, str]:
    rows = session.exec(select(Example).where(col(Example.id).in_(ids)))
    return {one.id or 0: one.external_id for one in rows}
