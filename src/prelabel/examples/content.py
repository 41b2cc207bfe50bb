"""An example's content as text, as models and fine-tuning files get it, and the images in it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prelabel.canonical import Json, canonical

IMAGE_KEYS = frozenset({"sha256", "name", "width", "height", "type"})
"""What stands in a content for an image; its bytes are in the database, under their SHA-256."""
Message = dict[str, Any]
"""One turn of a conversation with a model: `role`, and as `content` a text or a list of parts {"type": "text", "text"} and
{"type": "image", "image": {sha256, type, width, height}}; the bytes are put in as it is sent."""
SHA256 = re.compile(r"[0-9a-f]{64}")


def is_image(value: Json) -> bool:
    """Whether a field of a content stands for an image."""
    return isinstance(value, dict) and value.keys() == IMAGE_KEYS


def images_of(content: Mapping[str, Json]) -> list[dict[str, Any]]:
    """The images of a content, in the order of its fields."""
    return [value for value in content.values() if is_image(value)]


def texts_in(messages: Iterable[Message]) -> Iterator[str]:
    """The text of each message, without its images."""
    for message in messages:
        content = message["content"]
        yield content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def images_in(messages: Iterable[Message]) -> Iterator[dict[str, Any]]:
    """The images of all messages: sha256, type, width and height of each."""
    for message in messages:
        if not isinstance(message["content"], str):
            yield from (part["image"] for part in message["content"] if part["type"] == "image")


def as_text(content: Mapping[str, Json], first_image: int = 1) -> str:
    """The bare text where the content has only that, else a line for each field; images by their number in the order of fields."""
    if content.keys() == {"text"} and isinstance(content["text"], str):
        return content["text"]
    lines, number = [], first_image
    for name, value in content.items():
        if is_image(value):
            lines.append(f"{name}: [image {number}]")
            number += 1
        else:
            lines.append(f"{name}: {value if isinstance(value, str) else canonical(value)}")
    return "\n".join(lines)
