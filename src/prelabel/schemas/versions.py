"""What a label that was given under one version of a project's schema is under another.

Drafts, gold and labels each say under which version they came to be, and stay as they were when a run moves to another one:
whoever reads them reads them through a `Translator`.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.models import Dataset, Example, Run, SchemaChange, SchemaVersion
from prelabel.schema import Label, LabelSchema
from prelabel.schemas.change import Move, SchemaMapping, fitted

AT_ONCE = 500
"""Keys in one question to the database; SQLite takes about a thousand."""


class Translator:
    """Turns labels of any version of a project's schema into labels of one; loads other versions when it meets them.

    With `then`, a move from that version which is not made yet, into labels of what it leads to.
    """

    def __init__(self, session: Session, version: SchemaVersion, then: Move | None = None) -> None:
        self._session = session
        self._goal = version.id
        self._then = [then] if then else []
        self._schemas: dict[int, LabelSchema] = {}
        self._paths: dict[int, list[Move]] = {}
        self.version_id = 0 if then else version.id or 0
        self.schema = then.new if then else self._schema(version)

    @classmethod
    def of(cls, session: Session, run: Run) -> "Translator":
        """Into the version that the run has now."""
        return cls(session, session.get_one(SchemaVersion, run.schema_version_id))

    def label(self, label: Label, version_id: int | None, content: Mapping[str, Json]) -> dict[str, Json]:
        """What a label of that version is under this one. Raises LabelError where it does not fit."""
        if version_id == self.version_id:
            return dict(label)
        for move in self._path(version_id or 0):
            label = move.moved(label)
        return fitted(self.schema, label, content)

    def fitting(
        self, label: Label | None, version_id: int | None, content: Mapping[str, Json]
    ) -> dict[str, Json] | None:
        """The same, and None where there is no label or it does not fit."""
        try:
            return None if label is None else self.label(label, version_id, content)
        except LabelError:
            return None

    def confidences(self, confidences: dict[str, float], version_id: int) -> dict[str, float]:
        """Confidences by field, of a draft of that version."""
        for move in self._path(version_id):
            confidences = move.confidences(confidences)
        return confidences

    def alternatives(
        self, alternatives: dict[str, dict[str, float]], version_id: int
    ) -> dict[str, dict[str, float]]:
        """Probabilities by field and class, of a draft of that version."""
        for move in self._path(version_id):
            alternatives = move.alternatives(alternatives)
        return alternatives

    def says_the_same(self, version_id: int) -> bool:
        """Whether labels of that version are labels of this one as they are."""
        return not self._path(version_id)

    def _path(self, version_id: int) -> list[Move]:
        if version_id not in self._paths:
            self._paths[version_id] = self._found(version_id)
        return self._paths[version_id]

    def _found(self, version_id: int) -> list[Move]:
        """The changes that lead from that version to this one, if they do; else the label is tried as it is."""
        origin = self._session.get(SchemaVersion, version_id)
        if origin is None or self._schema(origin).digest() == self.schema.digest():
            return []
        path: list[Move] = []
        at: SchemaVersion | None = origin
        while at is not None and at.id != self._goal:
            change = self._session.exec(select(SchemaChange).where(SchemaChange.from_id == at.id)).first()
            if change is None:
                return [Move(self._schema(origin), self.schema)]
            after = self._session.get_one(SchemaVersion, change.to_id)
            mapping = SchemaMapping.model_validate(change.mapping)
            path.append(Move(self._schema(at), self._schema(after), mapping))
            at = after
        return [*path, *self._then]

    def _schema(self, version: SchemaVersion) -> LabelSchema:
        known = version.id or 0
        if known not in self._schemas:
            self._schemas[known] = LabelSchema.model_validate(version.document)
        return self._schemas[known]


def has_others(session: Session, into: Translator) -> bool:
    """Whether the project's labels may be of another version than that into which they are translated."""
    project = select(SchemaVersion.project_id).where(SchemaVersion.id == into.version_id).scalar_subquery()
    others = select(SchemaVersion.id).where(
        col(SchemaVersion.project_id) == project, SchemaVersion.id != into.version_id
    )
    return session.exec(others.limit(1)).first() is not None


def contents(session: Session, example_ids: Collection[int]) -> dict[int, dict[str, Json]]:
    """What these examples hold, by id: labels of another version are checked against it."""
    ids, found = list(example_ids), dict[int, dict[str, Json]]()
    for start in range(0, len(ids), AT_ONCE):
        which = col(Example.id).in_(ids[start : start + AT_ONCE])
        rows = session.execute(wide_select(col(Example.id), col(Example.content)).where(which))
        found.update((example_id, content) for example_id, content in rows)
    return found


def version_of(session: Session, dataset_id: int, schema: LabelSchema) -> SchemaVersion:
    """The newest version of the dataset's project that says this, or the newest of all where none does."""
    project = select(Dataset.project_id).where(Dataset.id == dataset_id).scalar_subquery()
    versions = session.exec(
        select(SchemaVersion)
        .where(col(SchemaVersion.project_id) == project)
        .order_by(col(SchemaVersion.version).desc())
    ).all()
    digest = schema.digest()
    same = (one for one in versions if LabelSchema.model_validate(one.document).digest() == digest)
    return next(same, versions[0])
