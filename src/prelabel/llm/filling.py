"""Images put into messages as they are sent: requests refer to them by SHA-256, so that they stay small and keep their digest."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

from prelabel.errors import NotFound, RefusedError
from prelabel.examples.content import Message
from prelabel.images import keeping
from prelabel.images.reading import as_sent
from prelabel.store import Store

LoadImage = Callable[[str], tuple[str, bytes]]
"""From an image's SHA-256 to its type and bytes as a model is sent them. Raises NotFound."""


def loader(store: Store) -> LoadImage:
    """Loads what the database keeps; blocks."""

    def load(sha256: str) -> tuple[str, bytes]:
        with store.reading() as session:
            kind, data = keeping.load(session, sha256)
        return as_sent(kind, data)

    return load


def nothing(sha256: str) -> tuple[str, bytes]:
    """Stands in where there is no store."""
    raise NotFound(f"there is no image {sha256[:12]}…")


def filled(messages: Sequence[Message], load: LoadImage) -> list[dict[str, Any]]:
    """The messages in OpenAI's form, which LiteLLM puts into that of any provider. Raises RefusedError where an image is gone."""
    try:
        return [
            dict(message)
            if isinstance(message["content"], str)
            else {**message, "content": [_part(part, load) for part in message["content"]]}
            for message in messages
        ]
    except NotFound as gone:
        raise RefusedError(str(gone)) from gone


def uri(kind: str, encoded: str) -> str:
    """A data: URI of bytes in base64."""
    return f"data:{kind};base64,{encoded}"


def encoded(data: bytes) -> str:
    """In base64."""
    return base64.b64encode(data).decode()


def _part(part: dict[str, Any], load: LoadImage) -> dict[str, Any]:
    if part["type"] != "image":
        return part
    kind, data = load(part["image"]["sha256"])
    # "high" bounds what an image costs: left to themselves, the newest models take four times as many tokens of a photograph.
    return {"type": "image_url", "image_url": {"url": uri(kind, encoded(data)), "detail": "high"}}
