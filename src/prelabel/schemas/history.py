"""The versions that a project's schema has had, and what each changed."""

from collections.abc import Iterator
from itertools import pairwise

from sqlmodel import Session, select

from prelabel import projects
from prelabel.models import Project, SchemaChange, SchemaVersion
from prelabel.schema import LabelSchema
from prelabel.schemas.change import Change, Move, SchemaMapping


def versions(session: Session, project: Project) -> Iterator[tuple[SchemaVersion, list[Change]]]:
    """All versions of a project, newest first, with what each changed in the one before it: nothing, in the first.

    Names are followed by the mapping that the runs moved with, where they did.
    """
    found = projects.schema_versions(session, project)
    made = session.exec(select(SchemaChange).where(SchemaChange.project_id == project.id)).all()
    mappings = {(one.from_id, one.to_id): one.mapping for one in made}
    for after, before in pairwise(found):
        mapping = SchemaMapping.model_validate(mappings.get((before.id or 0, after.id or 0), {}))
        yield after, Move(_schema(before), _schema(after), mapping).changes()
    yield found[-1], []


def _schema(version: SchemaVersion) -> LabelSchema:
    return LabelSchema.model_validate(version.document)
