"""The guarantee of a run: the draw of its audit sample, the cuts that the audits led to, and the certificates. All append-only."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from prelabel.models.base import now
from prelabel.models.columns import BigId, Moment, NullableJson


class AuditDraw(SQLModel, table=True):
    """The draw of a run's audit sample, at most one a run: `terms` are `prelabel.measure.guarantee.certificate.Terms`.

    `examples` counts all of the run, `pool` those that the sample was drawn from. `ranked_by` is "confidence" or "learned",
    `note` says what that and the size of the sample rest on. `planned` is what was expected of it
    (`prelabel.measure.guarantee.planning.Plan`), None where its size was asked for.
    """

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", unique=True)
    terms: dict[str, Any] = Field(sa_type=JSON)
    schema_version_id: int = Field(foreign_key="schema_version.id")
    examples: int
    pool: int
    ranked_by: str
    note: str = Field(default="", sa_type=Text)
    planned: dict[str, Any] | None = Field(default=None, sa_type=NullableJson)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class AuditLook(SQLModel, table=True):
    """People were asked for the audits of this look, the first being 1: each after those of the look before were answered."""

    __table_args__ = (UniqueConstraint("run_id", "look"),)
    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id")
    look: int
    created_at: datetime = Field(default_factory=now, sa_type=Moment)


class Drawn(SQLModel, table=True):
    """An example of the pool as it was when the audit sample was drawn: what its draft was ranked by, and by which `look` it is
    audited; 0 where by none. Those of a look that never came were not audited (`AuditCut.look`).
    """

    __table_args__ = (UniqueConstraint("run_id", "example_id"), Index(None, "run_id", "look"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    example_id: int = Field(foreign_key="example.id", sa_type=BigId)
    draft_id: int = Field(sa_type=BigId)
    uncertainty: float
    look: int


class AuditCut(SQLModel, table=True):
    """A cut: the first `size` of the pool were accepted, with `errors` wrong drafts of the sample among them; `sizes` are those
    of each slice, or of the pool under the empty name.

    It was made at a `look`, the last one that counts. It was worked out when `answered` audits had a label, `newest_label_id` being the newest of these, and `failed` had none;
    Not finished: some of what it accepts or sends to people has not moved yet.
    """

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    look: int
    answered: int
    failed: int
    newest_label_id: int = Field(sa_type=BigId)
    size: int
    sizes: dict[str, int] = Field(sa_type=JSON)
    errors: int
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)


class IssuedCertificate(SQLModel, table=True):
    """A certificate (`prelabel.measure.guarantee.certificate.Certificate`) of a run; the newest holds as long as its labels do.

    `newest_label_id` and `failed` tell of which state of the run it is.
    """

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    document: dict[str, Any] = Field(sa_type=JSON)
    newest_label_id: int = Field(sa_type=BigId)
    failed: int
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
