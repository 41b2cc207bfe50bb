"""What answers look like that fit a JSON schema, for those who need to know how long they get. Pure.

Schemas are those that `prelabel.prompt` asks with: objects whose properties are all required, arrays, enums, plain values, and
any of these or null.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from prelabel.canonical import Json

End = Literal["low", "mean", "high"]
ENDS: tuple[End, ...] = ("low", "mean", "high")
LONGEST = 4_096
"""Bytes taken for free text at its longest."""
TEXT: dict[End, str] = {
    "low": "yes",
    "mean": "a sentence or two " * 3,
    "high": "a whole paragraph of text " * 16,
}
QUOTE: dict[End, str] = {"low": "word", "mean": "some words", "high": "a whole sentence that is quoted"}
"""What is quoted to be labeled, as spans are."""
CONFIDENCE = 0.85


def ends(schema: Mapping[str, Json]) -> dict[End, str]:
    """A short, a usual and a long answer, as models write them."""
    return {end: json.dumps(_answer(schema, end), ensure_ascii=False) for end in ENDS}


def of_label(schema: Mapping[str, Any], label: Json) -> str:
    """The answer that gives this label; what the schema asks for besides is filled in."""
    filled = {name: _answer(part, "mean") for name, part in schema["properties"].items()}
    return json.dumps(filled | {"label": label}, ensure_ascii=False)


def longest(schema: Mapping[str, Any]) -> int:
    """Bytes of the longest answer, with spaces between its parts."""
    if "anyOf" in schema:
        return max(map(longest, schema["anyOf"]))
    if "enum" in schema:
        return max(len(json.dumps(value)) for value in schema["enum"])
    if schema.get("type") == "object":
        return 4 + sum(
            len(json.dumps(name)) + 4 + longest(part) for name, part in schema["properties"].items()
        )
    if schema.get("type") == "array" and "enum" in schema["items"]:
        return len(json.dumps(schema["items"]["enum"])) + 2
    return {"boolean": 5, "integer": 24, "number": 24, "null": 4}.get(str(schema.get("type")), LONGEST)


def _answer(schema: Mapping[str, Any], end: End, texts: Mapping[End, str] = TEXT) -> Json:
    if "anyOf" in schema:
        return _answer(schema["anyOf"][0], end)
    if "enum" in schema:
        values = sorted(schema["enum"], key=lambda value: len(json.dumps(value)))
        return values[{"low": 0, "mean": len(values) // 2, "high": -1}[end]]
    if schema.get("type") == "object":
        return {name: _answer(part, end, texts) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        texts = QUOTE if "label" in schema["items"].get("properties", {}) else TEXT
        return [_answer(schema["items"], end, texts)] * {"low": 0, "mean": 2, "high": 6}[end]
    return {"boolean": False, "integer": 3, "number": CONFIDENCE}.get(str(schema.get("type")), texts[end])
