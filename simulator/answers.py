"""Recorded answers, found by the example that stands between the fence lines of a request.

An image in it is known by its bytes: "[image 1]" becomes "[image <SHA-256>]".
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_OPENING = re.compile(r"^<example-([0-9a-f]{8})>$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """The content of an answer; `chances` gives the text of values the probability that logprobs report, 0 to 1."""

    content: str
    chances: dict[str, float] = field(default_factory=dict)


class Answers:
    """Answers by the exact text of the example, without white space around."""

    def __init__(self, rows: Iterable[dict[str, Any]] = ()) -> None:
        self._by_text: dict[str, Answer] = {}
        for number, row in enumerate(rows, 1):
            text, answer = _read(row, number)
            if self._by_text.setdefault(text, answer) != answer:
                raise ValueError(f"row {number}: its text was answered otherwise before: {text[:80]!r}")

    @classmethod
    def read(cls, path: Path) -> "Answers":
        """From JSON Lines of `text`, `answer` (JSON, or text sent as it is), optional `logprobs` {value: probability}.

        Raises ValueError that names the row, counted from 1.
        """
        with path.open(encoding="utf-8") as lines:
            return cls(_rows(lines))

    def __len__(self) -> int:
        return len(self._by_text)

    def find(self, text: str) -> Answer | None:
        """The answer recorded for an example, if there is one."""
        return self._by_text.get(text.strip())


def question(messages: list[dict[str, Any]]) -> str:
    """What a conversation is about: the last example fenced in a user's message, else the whole last user's message.

    A repair goes on in messages without an example, so it is still about the one that was fenced before.
    """
    texts = [text_of(message.get("content")) for message in messages if message.get("role") == "user"]
    for text in reversed(texts):
        if examples := list(_fenced(text)):
            return examples[-1]
    return texts[-1].strip() if texts else ""


def questions(messages: list[dict[str, Any]]) -> list[str]:
    """All examples fenced in the last message of a user that holds any."""
    texts = [text_of(message.get("content")) for message in messages if message.get("role") == "user"]
    return next((found for text in reversed(texts) if (found := list(_fenced(text)))), [])


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or a list of blocks of which the texts count, with images named in them."""
    if not isinstance(content, list):
        return str(content or "")
    blocks = [block for block in content if isinstance(block, dict)]
    images = [image for block in blocks if (image := _image(block))]
    text = "\n".join(str(block["text"]) for block in blocks if "text" in block)
    for number, name in enumerate(images, 1):
        text = text.replace(f"[image {number}]", f"[image {name}]")
    return text


def _image(block: dict[str, Any]) -> str:
    """The SHA-256 of a block's image, in OpenAI's form or Anthropic's; empty where it holds none. Raises ValueError."""
    if block.get("type") == "image_url":
        head, _, data = block["image_url"]["url"].partition(",")
        if not head.startswith("data:image/") or not head.endswith(";base64"):
            raise ValueError(f"images are simulated from data: URIs alone, not {head[:40]!r}")
    elif block.get("type") == "image":
        data = block["source"]["data"]
    else:
        return ""
    try:
        return hashlib.sha256(base64.b64decode(data, validate=True)).hexdigest()
    except binascii.Error as error:
        raise ValueError(f"an image is not base64: {error}") from error


def _fenced(text: str) -> Iterator[str]:
    """From the front, so that what looks like a fence inside an example stays part of it."""
    at = 0
    while opening := _OPENING.search(text, at):
        end = text.find(f"\n</example-{opening[1]}>", opening.end())
        at = opening.end()
        if end >= 0:
            yield text[at:end].strip()
            at = end


def _rows(lines: Iterable[str]) -> Iterator[Any]:
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise ValueError(f"row {number}: is not JSON ({error})") from error


def _read(row: Any, number: int) -> tuple[str, Answer]:
    try:
        text, answer, chances = row["text"], row["answer"], row.get("logprobs") or {}
        content = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        return text.strip(), Answer(content, {str(value): float(chance) for value, chance in chances.items()})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"row {number}: needs text, answer and perhaps logprobs ({error!r})") from error
