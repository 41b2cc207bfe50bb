"""What a change of the label schema means for labels: pure, of an old schema, a new one, and a mapping of names between them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from prelabel.canonical import Json
from prelabel.errors import LabelError, SchemaError
from prelabel.kinds.base import Kind, shown
from prelabel.kinds.options import Options
from prelabel.schema import Label, LabelSchema

What = Literal[
    "guidelines", "field_added", "field_removed", "field_renamed", "field_moved", "kind", "settings", "option_added",
    "option_removed", "option_renamed", "options_merged", "option_left_out",
]  # fmt: skip


class SchemaMapping(BaseModel):
    """Where the names of an old schema went in a new one; names that both have need not be said.

    `fields`: new names of fields by old ones. `options`: by field as the old schema calls it, new options by old ones. Old
    options that become the same one are merged; one that becomes None is left out of values that are lists. `defaults`: by
    field as the new schema calls it, the value of labels that have none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    fields: dict[str, str] = Field(default_factory=dict)
    options: dict[str, dict[str, str | None]] = Field(default_factory=dict)
    defaults: dict[str, Json] = Field(default_factory=dict)


class Change(BaseModel):
    """One difference between two schemas, and a sentence that says it."""

    field: str
    what: What
    said: str


@dataclass(frozen=True)
class Move:
    """Two schemas and the mapping from the old one to the new one."""

    old: LabelSchema
    new: LabelSchema
    mapping: SchemaMapping = field(default_factory=SchemaMapping)

    def check(self) -> None:
        """Raise SchemaError, with one line for each fault, where the mapping does not speak of these two schemas."""
        faults = [*self._faults_of_fields(), *self._faults_of_options(), *self._faults_of_defaults()]
        if faults:
            raise SchemaError("\n".join(faults))

    def moved(self, label: Label) -> dict[str, Json]:
        """The label with the names of the new schema, unchecked; None where a field of it has no value."""
        return {name: self._moved(name, label) for name in self.new.fields}

    def label(self, label: Label, content: Mapping[str, Json]) -> dict[str, Json]:
        """What a label of the old schema is under the new one. Raises LabelError where it does not fit."""
        return fitted(self.new, self.moved(label), content)

    def confidences(self, confidences: Mapping[str, float]) -> dict[str, float]:
        """Confidences by field, with the new names; of merged options the least is kept, which is that of the one chosen."""
        return {name: confidences[source] for name, source in self._sources.items() if source in confidences}

    def alternatives(self, alternatives: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
        """Probabilities by field and class, with the new names; those of merged options are added up."""
        found: dict[str, dict[str, float]] = {}
        for name, source in self._sources.items():
            if source in alternatives:
                sums: dict[str, float] = defaultdict(float)
                for option, probability in alternatives[source].items():
                    if (new := self.mapping.options.get(source, {}).get(option, option)) is not None:
                        sums[new] += probability
                found[name] = dict(sums)
        return found

    def changes(self) -> list[Change]:
        """Every difference, in the order of the new schema's fields, then what is gone."""
        found = [] if self.old.guidelines == self.new.guidelines else [
            Change(field="", what="guidelines", said="the guidelines are others")
        ]  # fmt: skip
        for name in self.new.fields:
            found += self._changes_of(name)
        for name in self.old.fields:
            if name not in self._sources.values():
                found.append(_change(name, "field_removed", "is removed: its values are left out of labels"))
        kept = [name for name in self.new.fields if name in self._sources]
        if [self._sources[name] for name in kept] != [
            name for name in self.old.fields if name in self._sources.values()
        ]:
            found.append(Change(field="", what="field_moved", said="the fields stand in another order"))
        return found

    @cached_property
    def _sources(self) -> dict[str, str]:
        """The old field that each field of the new schema has its values from; new ones are not among them."""
        found = {new: old for old, new in self.mapping.fields.items() if new in self.new.fields}
        for name in self.old.fields:
            if name in self.new.fields and name not in self.mapping.fields:
                found.setdefault(name, name)
        return found

    def _moved(self, name: str, label: Label) -> Json:
        source = self._sources.get(name)
        value = None if source is None else label.get(source)
        if source is not None and value is not None:
            value = _renamed(value, self.mapping.options.get(source, {}))
        return self.mapping.defaults.get(name) if value is None else value

    def _faults_of_fields(self) -> Iterator[str]:
        for old, new in self.mapping.fields.items():
            if old not in self.old.fields:
                yield f"mapping, fields.{old}: the old schema has no such field (it has {', '.join(self.old.fields)})"
            if new not in self.new.fields:
                yield f"mapping, fields.{old}: the new schema has no field {new!r} (it has {', '.join(self.new.fields)})"
        stay = [
            name for name in self.old.fields if name in self.new.fields and name not in self.mapping.fields
        ]
        for name, times in Counter([*self.mapping.fields.values(), *stay]).items():
            if times > 1:
                yield f"mapping, fields: {times} fields would become {name!r}, which can have the values of one only"

    def _faults_of_options(self) -> Iterator[str]:
        for name, options in self.mapping.options.items():
            if name not in self.old.fields:
                yield f"mapping, options.{name}: the old schema has no such field"
                continue
            before = _options(self.old.fields[name])
            target = next((new for new, source in self._sources.items() if source == name), None)
            after = _options(self.new.fields[target]) if target else []
            for old, new in options.items():
                if old not in before:
                    yield f"mapping, options.{name}: {shown(old)} is not an option of the old schema"
                if new is not None and new not in after:
                    yield f"mapping, options.{name}.{old}: {shown(new)} is not an option of the new schema"

    def _faults_of_defaults(self) -> Iterator[str]:
        for name, value in self.mapping.defaults.items():
            if name not in self.new.fields:
                yield f"mapping, defaults.{name}: the new schema has no such field"
                continue
            try:
                self.new.fields[name].validate_value(value, f"mapping, defaults.{name}")
            except LabelError as error:
                yield str(error)

    def _changes_of(self, name: str) -> Iterator[Change]:
        source = self._sources.get(name)
        if source is None:
            default = self.mapping.defaults.get(name)
            rest = f"; labels that there are get {shown(default)}" if default is not None else ""
            yield _change(name, "field_added", f"is new{rest}")
            return
        if source != name:
            yield _change(name, "field_renamed", f"was called {source!r}")
        before, after = self.old.fields[source], self.new.fields[name]
        if before.kind != after.kind:
            yield _change(name, "kind", f"is of kind {after.kind}, no longer {before.kind}")
            return
        yield from self._changes_of_options(name, source)
        for setting in _settings(before, after):
            was, now = getattr(before, setting, None), getattr(after, setting, None)
            yield _change(name, "settings", f"{setting} is {_said(now)}, no longer {_said(was)}")

    def _changes_of_options(self, name: str, source: str) -> Iterator[Change]:
        before, after = _options(self.old.fields[source]), _options(self.new.fields[name])
        mapping = self.mapping.options.get(source, {})
        merged: dict[str, list[str]] = defaultdict(list)
        for option in before:
            new = mapping.get(option, option)
            if new is None:
                yield _change(name, "option_left_out", f"option {option!r} is left out of lists")
            elif new in after:
                merged[new].append(option)
            else:
                yield _change(name, "option_removed", f"option {option!r} is removed")
        for new in after:
            old = merged.get(new, [])
            if not old:
                yield _change(name, "option_added", f"option {new!r} is new")
            elif len(old) > 1:
                yield _change(name, "options_merged", f"options {_listed(old)} are all {new!r}")
            elif old != [new]:
                yield _change(name, "option_renamed", f"option {old[0]!r} is called {new!r}")


def fitted(schema: LabelSchema, label: Label, content: Mapping[str, Json]) -> dict[str, Json]:
    """The label in its normal form. Raises LabelError unless it is one of the schema for this content."""
    try:
        schema.validate_label(label, content)
    except LabelError as error:
        if error.path in label and label[error.path] is None:
            raise LabelError(error.path, "has no value") from error
        raise
    return schema.normalize(label)


def _renamed(value: Json, options: Mapping[str, str | None]) -> Json:
    """A value with its options renamed, wherever they stand in it: alone, in lists, as labels of spans, relations and boxes."""
    if not options:
        return value
    if isinstance(value, str):
        return options.get(value, value)
    if isinstance(value, list):
        return [new for item in value if (new := _renamed(item, options)) is not None]
    if isinstance(value, dict) and isinstance(value.get("label"), str):
        label = options.get(value["label"], value["label"])
        return None if label is None else value | {"label": label}
    return value


def _options(kind: Kind) -> list[str]:
    """The options of a field; none where its kind has none."""
    return kind.values if isinstance(kind, Options) else []


def _settings(before: Kind, after: Kind) -> list[str]:
    """Settings besides the options that differ."""
    names = [name for name in type(after).model_fields if name not in ("kind", "options")]
    return [name for name in names if getattr(before, name, None) != getattr(after, name, None)]


def _said(value: Json) -> str:
    return "not set" if value is None or value == "" else shown(value)


def _listed(options: list[str]) -> str:
    return f"{', '.join(map(repr, options[:-1]))} and {options[-1]!r}"


def _change(name: str, what: What, said: str) -> Change:
    return Change(field=name, what=what, said=f"{name}: {said}")
