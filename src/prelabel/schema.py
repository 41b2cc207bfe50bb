"""The label schema: the fields that a label has, as a YAML or JSON document, and the labels that fit it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from pathlib import Path
from random import Random
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from prelabel.canonical import Json, digest
from prelabel.errors import Fault, LabelError, SchemaError
from prelabel.kinds import AnyKind, Kind, known
from prelabel.kinds.base import shown
from prelabel.kinds.options import Option
from prelabel.schemas import conditions
from prelabel.schemas.document import Document

FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Label = Mapping[str, Json]
"""Values by field name."""
MOST_MISTAKES = 20
"""Wrong values of a field that are tried until one fits."""


class LabelSchema(BaseModel):
    """Fields in their order, and guidelines for whoever labels."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    guidelines: str = ""
    fields: dict[FieldName, AnyKind] = Field(min_length=1, max_length=50)

    @classmethod
    def load(cls, text: str, source: str = "schema") -> "LabelSchema":
        """From YAML or JSON. Raises SchemaError that names every fault with its line and path, one a line."""
        document, lines = Document(text, source).read()
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            faults = [_said(fault, lines) for fault in _apart(error.errors())]
            raise SchemaError.of(source, *faults) from error

    @classmethod
    def read(cls, path: Path) -> "LabelSchema":
        """From a file. Raises SchemaError."""
        try:
            return cls.load(path.read_text(encoding="utf-8-sig"), path.name)
        except (OSError, UnicodeDecodeError) as error:
            raise SchemaError(f"{path}: cannot be read: {error}") from error

    def document(self) -> dict[str, Json]:
        """As plain JSON, without what is left at its default; `model_validate` reads it back."""
        fields = {name: _document(kind) for name, kind in self.fields.items()}
        return {"guidelines": self.guidelines, "fields": fields} if self.guidelines else {"fields": fields}

    def text(self) -> str:
        """Its fields as YAML, as people write them; `load` reads it back. The guidelines are not in it."""
        fields = {name: _short(_document(kind)) for name, kind in self.fields.items()}
        return yaml.safe_dump({"fields": fields}, sort_keys=False, allow_unicode=True, width=110)

    def digest(self) -> str:
        """Names the schema by its content; the order of fields counts."""
        return digest([self.guidelines, [[name, _document(kind)] for name, kind in self.fields.items()]])

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

    def applies(self, name: str, label: Label) -> bool:
        """Whether the field can have a value in this label, by those of the fields before it."""
        return conditions.applies(self.fields, name, label)

    def applying(self, label: Label) -> list[str]:
        """The fields that can have a value in this label."""
        return [name for name in self.fields if self.applies(name, label)]

    def validate_label(self, label: Json, content: Mapping[str, Json]) -> None:
        """Raise LabelError with the path of the first fault, unless this is a label of the schema for this content.

        A field that does not apply, or that is optional, is None or left out. Any valid label fits a content that was removed: it is empty.
        """
        for name, kind in self._each(label):
            if content:
                kind.check(label.get(name), content, name)

    def read_answer(self, answer: Json, content: Mapping[str, Json]) -> dict[str, Json]:
        """The normalized label that a model's answer means for this content; what does not apply is dropped. Raises LabelError."""
        self._check_names(answer)
        label: dict[str, Json] = {}
        for name, kind in self.fields.items():
            label[name] = None
            if self.applies(name, label):
                self._check_presence(name, answer)
                label[name] = kind.beside(label).read_answer(answer.get(name), content, name)
        return label

    def as_answer(self, label: Label, content: Mapping[str, Json]) -> dict[str, Json]:
        """What a model would have answered to mean this label; `read_answer` reads it back."""
        return {
            name: kind.beside(label).as_answer(label.get(name), content) for name, kind in self.fields.items()
        }

    def normalize(self, label: Label) -> dict[str, Json]:
        """The one form that equal labels share, with every field in it."""
        return {name: kind.normalize(label.get(name)) for name, kind in self.fields.items()}

    def without_words(self, label: Label, numbered: Callable[[str], str]) -> dict[str, Json]:
        """The label with nothing left in it that was written by hand (`Kind.without_words`)."""
        return {
            name: kind.without_words(label[name], numbered)
            for name, kind in self.fields.items()
            if name in label
        }

    def combine(self, labels: Sequence[Label]) -> dict[str, Json] | None:
        """What more than half of the labels agree on, field by field; None where the senior has to settle it.

        A field has no value where more than half give none, or where it does not apply beside what the earlier ones come to.
        """
        settled: dict[str, Json] = {}
        for name, kind in self.fields.items():
            votes = [label.get(name) for label in labels]
            settled[name] = None
            if self.applies(name, settled) and 2 * votes.count(None) <= len(votes):
                settled[name] = kind.combine(votes)
                if settled[name] is None:
                    return None
        return settled if self.holds_together(settled) else None

    def holds_together(self, label: Label) -> bool:
        """Whether values that are valid each for itself make a label, whatever its content."""
        try:
            list(self._each(label))
        except LabelError:
            return False
        return True

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

    def fitting(self, label: Json, content: Mapping[str, Json]) -> dict[str, Json] | None:
        """The label normalized; None where it does not fit, as one that was given under another schema may not."""
        try:
            self.validate_label(label, content)
        except LabelError:
            return None
        return self.normalize(label)

    def mistaken(
        self,
        label: Label,
        content: Mapping[str, Json],
        rng: Random,
        rivals: Mapping[str, Sequence[str]] | None = None,
    ) -> dict[str, Json] | None:
        """A label that fits the content and is plausible, but not the same as this one; None where there is none.

        One field is wrong, drawn at random, by preference as the first of its `rivals`, the classes by field that the drafter
        thought of as well. Fields that no longer apply beside it have no value.
        """
        names = [name for name in self.fields if label.get(name) is not None]
        for name in rng.sample(names, len(names)):
            kind = self.fields[name].beside(label)
            classes = set(kind.classes() or ())
            likely = [kind.parse(rival) for rival in (rivals or {}).get(name, ()) if rival in classes]
            tried = islice(kind.mistakes(label[name], content, rng), MOST_MISTAKES)
            for value in (*likely, *tried):
                wrong = self.fitting(self._beside_each_other({**label, name: value}), content)
                if wrong is not None and self.distance(wrong, label) > 0:
                    return wrong
        return None

    def _beside_each_other(self, label: Label) -> dict[str, Json]:
        """The label without values of fields that do not apply beside the others."""
        fitting: dict[str, Json] = {}
        for name in self.fields:
            fitting[name] = None
            if self.applies(name, fitting):
                fitting[name] = label.get(name)
        return fitting

    def distances(self, a: Label, b: Label) -> dict[str, float]:
        """How different two labels are, by field; a value and none are as different as can be."""
        return {name: kind.distance(a.get(name), b.get(name)) for name, kind in self.fields.items()}

    def distance(self, a: Label, b: Label) -> float:
        """The largest distance of any field; 0 only where all are the same."""
        return max(self.distances(a, b).values())

    @model_validator(mode="after")
    def _check_references(self) -> "LabelSchema":
        faults: list[tuple[str, str]] = []
        earlier: dict[str, Kind] = {}
        for name, kind in self.fields.items():
            try:
                conditions.check(self.fields, name)
                kind.check_references(earlier)
            except LabelError as error:
                faults.append((f"fields.{name}.{error.path}", error.reason))
            earlier[name] = kind
        if faults:
            said = "; ".join(f"{path}: {reason}" for path, reason in faults)
            raise PydanticCustomError("references", "{said}", {"said": said, "faults": faults})
        return self

    def _each(self, label: Json) -> Iterator[tuple[str, Kind]]:
        """The fields that apply in a label, after each value was found valid in itself. Raises LabelError."""
        self._check_names(label)
        for name, kind in self.fields.items():
            if self.applies(name, label):
                self._check_presence(name, label)
                bound = kind.beside(label)
                bound.validate_value(label.get(name), name)
                yield name, bound
            elif label.get(name) is not None:
                raise LabelError(name, f"must be left out: it applies {conditions.in_words(kind)}")

    def _check_names(self, label: Json) -> None:
        if not isinstance(label, dict):
            raise LabelError("", f"a label is an object with {', '.join(self.fields)}, not {shown(label)}")
        for name in label:
            if name not in self.fields:
                raise LabelError(name, f"is not a field of the schema{_nearest(name, list(self.fields))}")

    def _check_presence(self, name: str, label: Label) -> None:
        if name not in label and not self.fields[name].optional:
            raise LabelError(name, "is missing")

    def _from_cell(self, name: str, cell: Json) -> Json:
        kind = self.fields.get(name)
        if kind is None or not isinstance(cell, str):
            return cell
        try:
            return kind.parse(cell)
        except LabelError as error:
            raise LabelError(name, error.reason) from error


def _document(kind: Kind) -> dict[str, Json]:
    return {"kind": kind.kind} | kind.model_dump(mode="json", exclude_defaults=True)


def _short(document: Json) -> Json:
    """A part of a document with options that have nothing but a value written as that value."""
    if isinstance(document, list):
        return [_short(part) for part in document]
    if not isinstance(document, dict):
        return document
    return (
        document["value"]
        if document.keys() == {"value"}
        else {name: _short(part) for name, part in document.items()}
    )


def _apart(faults: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    """Faults one by one, also those that were found together."""
    for fault in faults:
        if fault["type"] != "references":
            yield fault
            continue
        for path, reason in fault["ctx"]["faults"]:
            yield {"type": "reference", "loc": tuple(path.split(".")), "msg": reason}


def _said(fault: Mapping[str, Any], lines: dict[tuple[str, ...], int]) -> Fault:
    """One fault of a document in our words, with its line and path."""
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
    return Fault(message, found, ".".join(path))


def _keys(path: list[str]) -> list[str]:
    """The keys that may stand where this path ends."""
    if len(path) == 1:
        return list(LabelSchema.model_fields)
    return sorted({key for kind in known().values() for key in kind.model_fields} | set(Option.model_fields))


def _nearest(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _described(kind: Kind) -> dict[str, Json]:
    said = "; ".join(filter(None, [kind.description, kind.rules(), conditions.in_words(kind)]))
    form = {"anyOf": [kind.json_schema(), {"type": "null"}]} if kind.can_be_none else kind.json_schema()
    return form | ({"description": said} if said else {})
