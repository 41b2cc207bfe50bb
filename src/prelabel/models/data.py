"""What is labeled: projects with their schemas, datasets with their examples and images, and what came with them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from prelabel.canonical import Json
from prelabel.models.base import now
from prelabel.models.columns import BigId, Dollars, Moment, NullableJson, index_when

WITH_CONTENT = "removed_at IS NULL"
"""Examples that still have their content; those of a project that keeps nothing for long are few."""


class Project(SQLModel, table=True):
    """One labeling task; its schema versions, datasets and runs hang on it. `cap`: dollars that all its runs may spend.

    `retention_days`: how long contents are kept once nothing is done with them any more, `replies_days`: models' raw replies, where
    these go earlier; None: for ever, and as long as the contents. No worker looks for what is too old before `retention_due_at`.
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    cap: Decimal | None = Field(default=None, sa_type=Dollars)
    retention_days: int | None = None
    replies_days: int | None = None
    retention_due_at: datetime = Field(default_factory=now, sa_type=Moment)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class SchemaVersion(SQLModel, table=True):
    """One version of a project's label schema, as the document that `LabelSchema.model_validate` reads."""

    __tablename__ = "schema_version"
    __table_args__ = (UniqueConstraint("project_id", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    version: int
    document: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class SchemaChange(SQLModel, table=True):
    """The move of runs, with all that was labeled in them, from one schema version to another.

    `mapping` is a document of `prelabel.schemas.change.SchemaMapping`. The runs themselves move at once; their settled labels follow
    in batches, up to the placement `moved_up_to` so far, and all of them once there is a `finished_at`.
    """

    __tablename__ = "schema_change"
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    from_id: int = Field(foreign_key="schema_version.id", unique=True)
    to_id: int = Field(foreign_key="schema_version.id")
    mapping: dict[str, Any] = Field(sa_type=JSON)
    moved_up_to: int = Field(default=0, sa_type=BigId)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)


class Dataset(SQLModel, table=True):
    """Examples that belong together."""

    __table_args__ = (UniqueConstraint("project_id", "name"),)
    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id")
    name: str
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Import(SQLModel, table=True):
    """One bringing-in of a file: the record of what happened, written once at its end."""

    id: int | None = Field(default=None, primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", index=True)
    source: str
    started_at: datetime = Field(default_factory=now, sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)
    rows: int | None = None
    added: int | None = None


class BadRow(SQLModel, table=True):
    """A row that could not become an example, or a draft in one that could not be kept, and why."""

    __tablename__ = "bad_row"
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    import_id: int = Field(foreign_key="import.id", index=True)
    row: int
    field: str
    reason: str = Field(sa_type=Text)


class Example(SQLModel, table=True):
    """One piece of data to label. `content` is what reviewers and models see; `gold` they never see.

    `created_at` is when it was brought in. `schema_version_id` is the version that the gold is of. Since `removed_at` its content is empty, and all that was said of it has
    no word left (`prelabel.operations.removal`); since `replies_removed_at` the raw replies of models are gone.
    """

    __table_args__ = (
        UniqueConstraint("dataset_id", "external_id"),
        Index(None, "dataset_id", "content_hash"),
        index_when(WITH_CONTENT, "ix_example_with_content", "dataset_id", "replies_removed_at", "created_at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    dataset_id: int = Field(foreign_key="dataset.id")
    external_id: str
    content_hash: str
    content: dict[str, Any] = Field(sa_type=JSON)
    gold: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    meta: Json | None = Field(default=None, sa_type=NullableJson)
    schema_version_id: int | None = Field(default=None, foreign_key="schema_version.id")
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    replies_removed_at: datetime | None = Field(default=None, sa_type=Moment)
    removed_at: datetime | None = Field(default=None, sa_type=Moment)


class GivenDraft(SQLModel, table=True):
    """A draft that was made elsewhere and brought in with its example; `confidence` is of the label as a whole, if it has one.

    Runs draft with it as the model `given/MODEL`.
    """

    __tablename__ = "given_draft"
    __table_args__ = (UniqueConstraint("example_id", "model"), Index(None, "dataset_id", "model"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    dataset_id: int = Field(foreign_key="dataset.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    import_id: int = Field(foreign_key="import.id")
    schema_version_id: int = Field(foreign_key="schema_version.id")
    model: str
    label: dict[str, Any] = Field(sa_type=JSON)
    confidence: float | None = None


class Image(SQLModel, table=True):
    """An image as it was brought in, once whoever brings it; `width` and `height` are of it upright. Contents refer to it.

    `created_at` is when it was brought in, or when rows spoke of it again, to half a day; so it is for the names of images.
    """

    sha256: str = Field(primary_key=True)
    type: str
    width: int
    height: int
    data: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class ImageName(SQLModel, table=True):
    """What rows of a dataset call an image."""

    __tablename__ = "image_name"
    dataset_id: int = Field(foreign_key="dataset.id", primary_key=True)
    name: str = Field(primary_key=True)
    sha256: str = Field(foreign_key="image.sha256")
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
