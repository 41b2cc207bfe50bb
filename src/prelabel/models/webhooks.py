"""Who is told of it: webhooks, and what is to be sent to them."""

from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field, SQLModel

from prelabel.models.base import now
from prelabel.models.columns import BigId, Moment


class Webhook(SQLModel, table=True):
    """Where a project's events are sent. Its secret is not kept: it is made of `salt` and a key; `digest` is its SHA-256."""

    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    url: str
    events: list[str] = Field(sa_type=JSON)
    salt: str
    digest: str
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    removed_at: datetime | None = Field(default=None, sa_type=Moment)

    @property
    def host(self) -> str:
        """The part of its URL that is no secret: a path or a query may be one."""
        return urlsplit(self.url).hostname or ""


class UnsentLabel(SQLModel, table=True):
    """A label that a webhook is to be told of, written with the label; many become one delivery, then they are gone."""

    __tablename__ = "unsent_label"
    __table_args__ = (Index(None, "webhook_id", "id"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    webhook_id: int = Field(foreign_key="webhook.id")
    label_id: int = Field(foreign_key="label.id", sa_type=BigId)


class Delivery(SQLModel, table=True):
    """A message for a webhook, written with its event. It is tried when `due_at` comes; None: it arrived or was given up.

    While a worker tries it, `due_at` is when another may. `status` and `note` are of the last attempt.
    """

    __table_args__ = (Index(None, "webhook_id", "id"), Index(None, "due_at"))
    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    webhook_id: int = Field(foreign_key="webhook.id")
    message_id: str = Field(unique=True)
    event: str
    body: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=now, sa_type=Moment)
    due_at: datetime | None = Field(default_factory=now, sa_type=Moment)
    attempts: int = 0
    status: int | None = None
    note: str = Field(default="", sa_type=Text)
    delivered_at: datetime | None = Field(default=None, sa_type=Moment)
