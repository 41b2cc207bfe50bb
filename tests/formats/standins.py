"""Schemas of every kind for the tests of formats, and small stand-ins for kinds that this package does not have (yet)."""

from collections.abc import Mapping
from typing import Any, Literal

from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError
from prelabel.kinds import known
from prelabel.kinds.base import Kind, Options
from prelabel.schema import LabelSchema


class _Listed(Options):
    """A list of objects in the order of their canonical form."""

    def json_schema(self) -> dict[str, Json]:
        return {"type": "array"}

    def validate_value(self, value: Json, path: str) -> None:
        if not isinstance(value, list) or not all(isinstance(one, dict) and "label" in one for one in value):
            raise LabelError(path, "must be a list of objects with a label")
        for one in value:
            self.check_option(one["label"], path)

    def normalize(self, value: Json) -> Json:
        return sorted(value, key=canonical)

    def parse(self, text: str) -> Json:
        import json

        return self.normalize(json.loads(text))

    def write(self, value: Json) -> str:
        return canonical(value)


class Spans(_Listed):
    kind: Literal["spans"] = "spans"
    of: str = "text"
    nested: bool = False
    overlapping: bool = False


class Relations(_Listed):
    kind: Literal["relations"] = "relations"
    of: str = "text"
    between: str | None = None


class Boxes(_Listed):
    kind: Literal["boxes"] = "boxes"
    of: str = "image"


class Preference(Kind):
    kind: Literal["preference"] = "preference"
    a: str = "response_a"
    b: str = "response_b"
    prompt: str = "prompt"
    tie: bool = True
    strength: int | None = None

    def json_schema(self) -> dict[str, Json]:
        return {}

    def validate_value(self, value: Json, path: str) -> None:
        said = value.get("preferred") if isinstance(value, dict) else value
        if said not in ("A", "B", "tie") or isinstance(value, dict) != bool(self.strength):
            raise LabelError(path, "must be a preference")

    def parse(self, text: str) -> Json:
        import json

        return json.loads(text) if self.strength else text

    def write(self, value: Json) -> str:
        return canonical(value) if self.strength else str(value)


STANDINS: dict[str, type[Kind]] = {
    "spans": Spans,
    "relations": Relations,
    "boxes": Boxes,
    "preference": Preference,
}


def kind(name: str, **settings: Any) -> Kind:
    """A field of this kind; its stand-in where there is no such kind."""
    return (known() | {key: made for key, made in STANDINS.items() if key not in known()})[name](**settings)


def schema(fields: Mapping[str, Kind], guidelines: str = "") -> LabelSchema:
    """A schema of these fields."""
    return LabelSchema.model_construct(guidelines=guidelines, fields=dict(fields))


def record(content: Json, label: Json, **parts: Any) -> dict[str, Any]:
    """A record as an export has it."""
    return {
        "id": "e1", "content": content, "label": label, "source": label and "review", "status": "settled", "reason": None,
        "confidence": 0.9, "draft": None, "model": "m", "prompt": "abc", "reviewer": "rita", "gold": None, "meta": None,
    } | parts  # fmt: skip
