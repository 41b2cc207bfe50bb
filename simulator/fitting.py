"""Values by JSON schema: the plainest one that fits, and one that is on no list of it. Pure."""

import re
from typing import Any

Schema = dict[str, Any]
OFF_LIST = "something else entirely"


_SOURCE = re.compile(r"quoted letter by letter from `(\w+)`")


def fitting(schema: Schema, root: Schema | None = None, example: str = "") -> Any:
    """The plainest value that fits: the first of a list, else one of the listed, the least number.

    Where quotes of the example are asked for, its first two words are labeled, and the one is joined to the other.
    """
    root = schema if root is None else root
    schema = _resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = _type(schema)
    if kind == "object":
        return {name: fitting(inner, root, example) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        items = _resolved(schema.get("items", {}), root)
        if quoted := _quoted(set(items.get("properties", {})), _words(example, root)):
            return [quote | {"label": fitting(items["properties"]["label"], root)} for quote in quoted]
        return [fitting(items, root)] * schema.get("minItems", 1 if _is_closed(items) else 0)
    plain: dict[str, Any] = {"number": 0.5, "integer": 0, "boolean": False, "null": None}
    return schema.get("minimum", plain.get(kind, "as the text says"))


def _quoted(properties: set[str], words: list[str]) -> list[dict[str, str]]:
    """Quotes in the form that these properties make; none where they are of something else."""
    if properties == {"text", "label"}:
        return [{"text": word} for word in words]
    if properties == {"head", "tail", "label"} and len(words) == 2:
        return [{"head": words[0], "tail": words[1]}]
    return []


def _words(example: str, root: Schema) -> list[str]:
    """The first two words of the example, or of the field of it that the schema wants to be quoted."""
    source = _SOURCE.search(str(root))
    line = re.search(rf"^{source[1]}: (.*)", example, re.MULTILINE) if source else None
    return list(dict.fromkeys((line[1] if line else example).split()))[:2]


def off_list(value: Any, schema: Schema, root: Schema | None = None) -> Any:
    """The value with all that the schema lists exchanged for what it does not; without a schema, all its texts."""
    root = schema if root is None else root
    schema = _resolved(schema, root)
    if "enum" in schema or (not schema and isinstance(value, str)):
        listed = schema.get("enum", [])
        numbers = [option for option in listed if isinstance(option, int)]
        return max(numbers) + 1 if numbers else OFF_LIST
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return {name: off_list(inner, properties.get(name, {}), root) for name, inner in value.items()}
    if isinstance(value, list):
        items = schema.get("items", {})
        return [off_list(inner, items, root) for inner in value or [fitting(items, root)]]
    return value


def _is_closed(items: Schema) -> bool:
    """Whether what fits is right for any example: free text may have to stand in it."""
    if _type(items) == "object":
        return all(_is_closed(inner) for inner in items["properties"].values())
    return "enum" in items or _type(items) in ("number", "integer", "boolean")


def _resolved(schema: Schema, root: Schema) -> Schema:
    """What a reference or the first real choice of several leads to."""
    while True:
        choices = schema.get("anyOf") or schema.get("oneOf")
        if "$ref" in schema:
            target: Any = root
            for step in schema["$ref"].removeprefix("#").strip("/").split("/"):
                target = target[step]
            schema = target
        elif choices:
            schema = next((choice for choice in choices if choice.get("type") != "null"), choices[0])
        else:
            return schema


def _type(schema: Schema) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return str(kind if isinstance(kind, str) else next((one for one in kind if one != "null"), "null"))
