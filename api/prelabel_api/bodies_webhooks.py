"""What goes in and out over HTTP about webhooks."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from prelabel.events.outbox import Event
from prelabel_api.bodies import Body
from prelabel_api.deps import Name


class WebhookIn(Body):
    """Where events are to be sent, and which."""

    url: Annotated[str, Field(max_length=2_000)]
    events: Annotated[list[Event], Field(min_length=1, max_length=10)]


class WebhookOut(BaseModel):
    """A webhook; never its secret."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    url: str
    events: list[Name]
    created_at: datetime


class WebhookMade(WebhookOut):
    """A new webhook. The secret is shown this once."""

    secret: str


class DeliveryOut(BaseModel):
    """A message for a webhook. `due_at` is when it is tried next: null once it was `delivered_at`, or given up.

    `status` is what the last attempt was answered, `note` why it did not arrive.
    """

    model_config = ConfigDict(from_attributes=True)
    id: int
    message_id: str
    event: str
    body: str
    created_at: datetime
    attempts: int
    status: int | None
    note: str
    due_at: datetime | None
    delivered_at: datetime | None
