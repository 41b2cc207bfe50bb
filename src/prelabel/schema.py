"""The label schema: the fields that a label has, as a YAML or JSON document, and the labels that fit it."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from prelabel.canonical import Json, digest
from prelabel.errors import LabelError, SchemaError
from prelabel.kinds import AnyKind, known
from prelabel.kinds.base import shown

MOST_BYTES = 1_000_000
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Label = Mapping[str, Json]
"""Values by field name."""


class LabelSchema(BaseModel):
    """Fields in their order, and guidelines for whoever labels."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    guidelines: str = ""
    fields: dict[FieldName, AnyKind] = Field(min_length=1, max_length=50)

    @classmethod
    def load(cls, text: str, source: str = "schema") -> "LabelSchema":
        """From YAML or JSON. Raises SchemaError that names every fault with its line and path, one a line."""
        document, lines = _Document(text, source).read()
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            faults = [_fault(source, fault, lines) for fault in error.errors()]
            raise SchemaError("\n".join(faults)) from error

    @classmethod
    def read(cls, path: Path) -> "LabelSchema":
        """From a file. Raises SchemaError."""
        try:
            return cls.load(path.read_text(encoding="utf-8-sig"), path.name)
        except (OSError, UnicodeDecodeError) as error:
            raise SchemaError(f"{path}: cannot be read: {error}") from error

    def document(self) -> dict[str, Json]:
        """As plain JSON, without what is left at its default; `model_validate` reads it back."""
        fields = {
            name: {"kind": kind.kind} | kind.model_dump(mode="json", exclude_defaults=True)
            for name, kind in self.fields.items()
        }
        return {"guidelines": self.guidelines, "fields": fields} if self.guidelines else {"fields": fields}

    def digest(self) -> str:
        """Names the schema by its content; the order of fields counts."""
        return digest(
            [self.guidelines, [[name, kind.model_dump(mode="json")] for name, kind in self.fields.items()]]
        )

    @cached_property
    def only(self) -> str | None:
        """The name of the one field, or None where there are several."""
        return next(iter(self.fields)) if len(self.fields) == 1 else None

    @cached_property
    def images(self) -> frozenset[str]:
        """The content fields that have to hold an image."""
        return frozenset(name for kind in self.fields.values() for name in kind.images())

    def json_schema(self) -> dict[str, Json]:
        """The JSON schema of a model's answer for the label: an object with all fields and no other."""
        properties = {name: _described(kind) for name, kind in self.fields.items()}
        return {
            "type": "object",
            "properties": properties,
            "required": list(self.fields),
            "additionalProperties": False,
        }

    def validate_label(self, label: Json, content: Mapping[str, Json]) -> None:
        """Raise LabelError with the path of the first fault, unless this is a label of the schema for this content."""
        self._check_fields(label)
        for name, kind in self.fields.items():
            kind.validate_value(label[name], name)
            kind.check(label[name], content, name)

    def read_answer(self, answer: Json, content: Mapping[str, Json]) -> dict[str, Json]:
        """The normalized label that a model's answer means for this content. Raises LabelError."""
        self._check_fields(answer)
        return {name: kind.read_answer(answer[name], content, name) for name, kind in self.fields.items()}

    def as_answer(self, label: Label, content: Mapping[str, Json]) -> dict[str, Json]:
        """What a model would have answered to mean this label; `read_answer` reads it back."""
        return {name: kind.as_answer(label[name], content) for name, kind in self.fields.items()}

    def normalize(self, label: Label) -> dict[str, Json]:
        """The one form that equal labels share."""
        return {name: kind.normalize(label[name]) for name, kind in self.fields.items()}

    def read_gold(self, value: Json, content: Mapping[str, Json]) -> dict[str, Json]:
        """The label that an imported gold means: fields by name, or the bare value of the only field; cells of text are parsed.

        Raises LabelError.
        """
        fields = value if isinstance(value, dict) or self.only is None else {self.only: value}
        if not isinstance(fields, dict):
            raise LabelError("", f"must be an object with {', '.join(self.fields)}, not {shown(value)}")
        label = {name: self._from_cell(name, cell) for name, cell in fields.items()}
        self.validate_label(label, content)
        return self.normalize(label)

    def distances(self, a: Label, b: Label) -> dict[str, float]:
        """How different two labels are, by field."""
        return {name: kind.distance(a[name], b[name]) for name, kind in self.fields.items()}

    def distance(self, a: Label, b: Label) -> float:
        """The largest distance of any field; 0 only where all are the same."""
        return max(self.distances(a, b).values())

    def _check_fields(self, label: Json) -> None:
        if not isinstance(label, dict):
            raise LabelError("", f"a label is an object with {', '.join(self.fields)}, not {shown(label)}")
        for name in label:
            if name not in self.fields:
                raise LabelError(name, f"is not a field of the schema{_nearest(name, list(self.fields))}")
        for name in self.fields:
            if name not in label:
                raise LabelError(name, "is missing")

    def _from_cell(self, name: str, cell: Json) -> Json:
        kind = self.fields.get(name)
        if kind is None or not isinstance(cell, str):
            return cell
        try:
            return kind.parse(cell)
        except LabelError as error:
            raise LabelError(name, error.reason) from error


class _Document:
    """A YAML or JSON text, and the line of each path in it."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source

    def read(self) -> tuple[Any, dict[tuple[str, ...], int]]:
        """The plain document and its lines. Raises SchemaError."""
        if len(self._text) > MOST_BYTES:
            raise SchemaError(f"{self._source}: a schema has at most {MOST_BYTES:,} characters")
        try:
            node = yaml.compose(self._text, yaml.SafeLoader)
            self._refuse_aliases()
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            return self._read_json(error), {}
        if node is None:
            raise SchemaError(f"{self._source} is empty: it needs `fields`")
        lines = dict(self._lines(node, ()))
        try:
            return yaml.SafeLoader(self._text).get_single_data(), lines  # it is the safe loader
        except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
            raise SchemaError(f"{self._source}{_at(error)}: {_problem(error)}") from error

    def _read_json(self, error: Exception) -> Any:
        """JSON that is not YAML (such as with tabs); else the YAML error stands."""
        try:
            return json.loads(self._text)
        except (ValueError, RecursionError):
            raise SchemaError(f"{self._source}{_at(error)}: {_problem(error)}") from error

    def _refuse_aliases(self) -> None:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(self._text, yaml.SafeLoader)):
            raise yaml.YAMLError("a schema may not use YAML aliases (*name): write the part out")

    def _lines(self, node: yaml.Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
        yield path, node.start_mark.line + 1
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                yield from self._lines(item, (*path, str(index)))
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    raise SchemaError(f"{self._source}, line {line}: {key.value!r} stands twice")
                seen.add(str(key.value))
                yield from self._lines(value, (*path, str(key.value)))
                yield (*path, str(key.value)), line


def _fault(source: str, fault: Any, lines: dict[tuple[str, ...], int]) -> str:
    """One fault of a document as a sentence with its line and path."""
    path = [str(part) for part in fault["loc"] if part != "[key]"]
    if len(path) > 2 and path[0] == "fields" and path[2] in known():
        del path[2]  # pydantic's tag of the union, which does not stand in the document
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = f"is not known here{_nearest(path[-1], _keys(path))}"
    elif fault["type"] == "missing":
        message = "is missing"
    found = next(
        (lines[tuple(path[:size])] for size in range(len(path), -1, -1) if tuple(path[:size]) in lines), None
    )
    where = f"{source}, line {found}" if found else source
    return f"{where}, {'.'.join(path)}: {message}" if path else f"{where}: {message}"


def _keys(path: list[str]) -> list[str]:
    """The keys that may stand where this path ends."""
    if len(path) == 1:
        return list(LabelSchema.model_fields)
    return sorted({key for kind in known().values() for key in kind.model_fields})


def _nearest(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _described(kind: AnyKind) -> dict[str, Json]:
    said = "; ".join(part for part in (kind.description, kind.rules()) if part)
    return kind.json_schema() | ({"description": said} if said else {})


def _at(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark else ""


def _problem(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error)
