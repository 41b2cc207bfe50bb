"""Which example a Label Studio task is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from prelabel import projects
from prelabel.bulk import among
from prelabel.canonical import Json
from prelabel.errors import LabelError, RowError
from prelabel.examples.rows import Mapping as Fields
from prelabel.examples.rows import read_row
from prelabel.formats.base import Row
from prelabel.formats.label_studio.tasks import OURS
from prelabel.models import Dataset, Example, Placement, Project, Run
from prelabel.schema import LabelSchema


@dataclass(frozen=True)
class Task:
    """What a task says of the example that it is: the id that we gave it at export, if it has one, and its content.

    `fault` says why its data could not be an example of ours.
    """

    content: dict[str, Json]
    content_hash: str = ""
    example_id: str = ""
    fault: str = ""


def read_tasks(session: Session, project: Project, given: Sequence[Json]) -> list[Task]:
    """Tasks as Label Studio sends them, in their order."""
    schema = LabelSchema.model_validate(projects.newest_schema(session, project).document)
    return [_task(number, one, schema) for number, one in enumerate(given, 1)]


def _task(number: int, given: Json, schema: LabelSchema) -> Task:
    data = given.get("data") if isinstance(given, dict) else None
    if not isinstance(data, dict):
        return Task({}, fault="a task is an object with its data")
    meta = given.get("meta")
    ours = meta.get(OURS) if isinstance(meta, dict) else None
    own_id = ours.get("id") if isinstance(ours, dict) else None
    try:
        candidate = read_row(Row(number, {"content": data}), schema, Fields())
    except (RowError, LabelError) as fault:
        return Task(data, example_id=str(own_id or ""), fault=str(fault))
    return Task(data, candidate.content_hash, str(own_id or ""))


def placements(session: Session, project: Project, tasks: Sequence[Task]) -> list[list[Placement]]:
    """For each task the placements of its example, those of the newest run first.

    A task is the example whose id it carries, or else those with its content.
    """
    ids = {task.example_id for task in tasks if task.example_id}
    hashes = {task.content_hash for task in tasks if task.content_hash}
    found = _examples(session, project, ids, hashes)
    by_id = _grouped((example.external_id, example.id or 0) for example in found)
    by_hash = _grouped((example.content_hash, example.id or 0) for example in found)
    placed = _placed(session, project, [example.id or 0 for example in found])
    result = []
    for task in tasks:
        examples = by_id.get(task.example_id) or by_hash.get(task.content_hash, [])
        own = [placement for example in examples for placement in placed.get(example, [])]
        result.append(sorted(own, key=lambda placement: -placement.run_id))
    return result


def _examples(session: Session, project: Project, ids: set[str], hashes: set[str]) -> Sequence[Example]:
    datasets = select(Dataset.id).where(Dataset.project_id == project.id)
    within = select(Example).where(col(Example.dataset_id).in_(datasets), col(Example.removed_at).is_(None))
    found: dict[int | None, Example] = {}
    for column, values in (("external_id", ids), ("content_hash", hashes)):
        if values:
            matching = within.where(among(session, getattr(Example, column), values))
            found |= {example.id: example for example in session.exec(matching)}
    return list(found.values())


def _placed(session: Session, project: Project, examples: Sequence[int]) -> Mapping[int, list[Placement]]:
    datasets = select(Dataset.id).where(Dataset.project_id == project.id)
    runs = select(Run.id).where(col(Run.dataset_id).in_(datasets), ~col(Run.trial))
    rows = session.exec(
        select(Placement).where(col(Placement.run_id).in_(runs), col(Placement.example_id).in_(examples))
    )
    return _grouped((placement.example_id, placement) for placement in rows)


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups
