"""Kinds that are not here yet, as far as a format looks at them: shape and settings, in the words of the real ones.

`schema_of` takes the real kind as soon as there is one.
"""

from typing import Any, Literal

from pydantic import BaseModel, ValidationError, model_validator

from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError
from prelabel.kinds import known
from prelabel.kinds.base import Kind
from prelabel.kinds.text import Text
from prelabel.schema import LabelSchema


class _Listed(Kind):
    """A list of objects with a label, each once."""

    needs: frozenset[str] = frozenset()
    of: str = "text"
    options: tuple[str, ...] = ()

    @property
    def values(self) -> list[str]:
        return list(self.options)

    def json_schema(self) -> dict[str, Json]:
        return {"type": "array"}

    def validate_value(self, value: Json, path: str) -> None:
        if not isinstance(value, list):
            raise LabelError(path, "must be a list")
        for part in value:
            if not isinstance(part, dict) or part.keys() - {"text"} != self.needs:
                raise LabelError(path, f"must hold {sorted(self.needs)}")
            if part["label"] not in self.options:
                raise LabelError(path, "is no option")

    def normalize(self, value: Json) -> Json:
        bare = [{name: inner for name, inner in part.items() if name != "text"} for part in value]
        return sorted({canonical(part): part for part in bare}.values(), key=canonical)

    def parse(self, text: str) -> Json:
        raise NotImplementedError

    def write(self, value: Json) -> str:
        raise NotImplementedError


class Spans(_Listed):
    kind: Literal["spans"] = "spans"
    needs: frozenset[str] = frozenset({"start", "end", "label"})
    nested: bool = False
    overlapping: bool = False


class Relations(_Listed):
    kind: Literal["relations"] = "relations"
    needs: frozenset[str] = frozenset({"head", "tail", "label"})
    between: str | None = None


class Boxes(_Listed):
    kind: Literal["boxes"] = "boxes"
    of: str = "image"
    needs: frozenset[str] = frozenset({"x", "y", "width", "height", "label"})


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


class Branch(BaseModel):
    value: str
    description: str = ""
    options: tuple["Branch", ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        return {"value": given} if isinstance(given, str) else given

    def paths(self, above: str = "") -> list[str]:
        below = [path for option in self.options for path in option.paths(f"{above}{self.value}/")]
        return below or [above + self.value]


class Tree(Kind):
    kind: Literal["choice"] = "choice"
    options: tuple[Branch, ...]
    inner: bool = False

    @property
    def values(self) -> list[str]:
        return [path for option in self.options for path in option.paths()]

    def json_schema(self) -> dict[str, Json]:
        return {"type": "string"}

    def validate_value(self, value: Json, path: str) -> None:
        if value not in self.values:
            raise LabelError(path, "is no option")

    def parse(self, text: str) -> Json:
        return text

    def write(self, value: Json) -> str:
        return str(value)


STANDINS: dict[str, type[Kind]] = {
    "spans": Spans, "relations": Relations, "boxes": Boxes, "preference": Preference,
}  # fmt: skip


def schema_of(**fields: dict[str, Any]) -> LabelSchema:
    """A schema of these fields, each of its real kind as soon as all of them are there."""
    try:
        return LabelSchema.model_validate({"fields": fields})
    except ValidationError:
        kinds = {name: _kind(field) for name, field in fields.items()}
        return LabelSchema.model_construct(guidelines="", fields=kinds)


def _kind(field: dict[str, Any]) -> Kind:
    if real := known().get(field["kind"]):
        try:
            return real.model_validate(field)
        except ValidationError:
            return (Turns if "turns" in field else Tree).model_validate(field)
    return STANDINS[field["kind"]].model_validate(field)
