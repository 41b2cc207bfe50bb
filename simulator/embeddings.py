"""Vectors of texts in OpenAI's format: hashed words, so that texts with words in common are near each other. Pure."""

import math
import re
from typing import Any
from zlib import crc32

Body = dict[str, Any]
DIMENSIONS = 64


def inputs(request: Body) -> list[str]:
    """The texts of a request. Raises TypeError, KeyError."""
    given = request["input"]
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise TypeError("input is text, or a list of texts, none of them empty")
    return texts


def vector(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """A vector of length 1; a text without words points along the first axis."""
    found = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [""]:
        found[crc32(word.encode()) % dimensions] += 1.0
    length = math.hypot(*found)
    return [value / length for value in found]


def tokens_of(request: Body) -> int:
    """About four characters to a token."""
    return sum(max(1, len(text) // 4) for text in inputs(request))


def embeddings_body(request: Body) -> Body:
    """A vector for each text, in their order."""
    tokens = tokens_of(request)
    vectors = [vector(text, request.get("dimensions") or DIMENSIONS) for text in inputs(request)]
    return {
        "object": "list",
        "model": request.get("model", "simulated"),
        "data": [
            {"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(vectors)
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
