"""Kinds that are not here yet, as far as a format looks at them: shape and settings, in the words of the real ones.

`schema_of` takes the real kind as soon as there is one.
"""

from typing import Any, Literal

from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError
from prelabel.kinds import known
from prelabel.kinds.base import Kind, Option, Options
from prelabel.kinds.text import Text
from prelabel.schema import LabelSchema


class _Listed(Options):
    """A list of objects with a label, each once."""

    parts: frozenset[str] = frozenset()
    of: str = "text"

    def json_schema(self) -> dict[str, Json]:
        return {"type": "array"}

    def validate_value(self, value: Json, path: str) -> None:
        if not isinstance(value, list):
            raise LabelError(path, "must be a list")
        for part in value:
            if not isinstance(part, dict) or part.keys() - {"text"} != self.parts:
                raise LabelError(path, f"must hold {sorted(self.parts)}")
            self.check_option(part["label"], path)

    def normalize(self, value: Json) -> Json:
        bare = [{name: inner for name, inner in part.items() if name != "text"} for part in value]
        return sorted({canonical(part): part for part in bare}.values(), key=canonical)

    def parse(self, text: str) -> Json:
        raise NotImplementedError

    def write(self, value: Json) -> str:
        raise NotImplementedError


class Spans(_Listed):
    kind: Literal["spans"] = "spans"
    parts: frozenset[str] = frozenset({"start", "end", "label"})
    nested: bool = False
    overlapping: bool = False


class Relations(_Listed):
    kind: Literal["relations"] = "relations"
    parts: frozenset[str] = frozenset({"head", "tail", "label"})
    between: str | None = None


class Boxes(_Listed):
    kind: Literal["boxes"] = "boxes"
    of: str = "image"
    parts: frozenset[str] = frozenset({"x", "y", "width", "height", "label"})


class Preference(Kind):
    kind: Literal["preference"] = "preference"
    a: str = "response_a"
    b: str = "response_b"
    prompt: str = "prompt"
    tie: bool = True
    strength: int | None = None

    def json_schema(self) -> dict[str, Json]:
        return {"type": "string"}

    def validate_value(self, value: Json, path: str) -> None:
        preferred = value.get("preferred") if isinstance(value, dict) else value
        if preferred not in ("A", "B", "tie") or isinstance(value, dict) != bool(self.strength):
            raise LabelError(path, "must be A, B or tie")

    def parse(self, text: str) -> Json:
        raise NotImplementedError

    def write(self, value: Json) -> str:
        raise NotImplementedError


class Turns(Text):
    turns: bool = True

    def validate_value(self, value: Json, path: str) -> None:
        if not isinstance(value, list) or not all(turn["role"] and turn["content"] for turn in value):
            raise LabelError(path, "must be a list of turns")

    def normalize(self, value: Json) -> Json:
        return value


STANDINS: dict[str, type[Kind]] = {
    "spans": Spans, "relations": Relations, "boxes": Boxes, "preference": Preference,
}  # fmt: skip


def schema_of(**fields: dict[str, Any]) -> LabelSchema:
    """A schema of these fields, each of its real kind where that is known."""
    real = all(field["kind"] in known() for field in fields.values())
    if real and not any("turns" in field for field in fields.values() if "turns" not in Text.model_fields):
        return LabelSchema.model_validate({"fields": fields})
    return LabelSchema.model_construct(
        guidelines="", fields={name: _kind(one) for name, one in fields.items()}
    )


def _kind(field: dict[str, Any]) -> Kind:
    kind = STANDINS.get(field["kind"]) or known()[field["kind"]]
    if "turns" in field:
        kind = Turns
    options = [Option(value=option) for option in field.get("options", ())]
    made: Kind = kind.model_validate(field | ({"options": options} if options else {}))
    return made
