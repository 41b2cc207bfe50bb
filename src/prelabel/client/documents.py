"""What the server answers, typed: JSON objects whose usual fields are attributes as well."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from prelabel.client import shown

Label = dict[str, Any]
"""A label: its values by field."""


class Answer(dict[str, Any]):
    """A JSON object as the API answered it: every field as an item, `run["stage"]`, those that the class names also as attributes,
    `run.stage`, of the type that it says there."""

    if (
        not TYPE_CHECKING
    ):  # for a type checker the annotations are all there is, so that a misspelt one is an error

        def __getattr__(self, name: str) -> Any:
            hint = _hints(type(self)).get(name)
            if hint is None or name not in self:
                raise AttributeError(f"{type(self).__name__} has no {name!r}; it has {', '.join(self)}")
            return hint.validate_python(self[name])

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls)


@cache
def _hints(kind: type[Answer]) -> Mapping[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(hint) for name, hint in get_type_hints(kind).items()}


class Project(Answer):
    """A project with its newest schema, under `["schema"]`; dollars that all its runs have spent, and may spend."""

    name: str
    schema_version: int
    spent: Decimal
    cap: Decimal | None
    created_at: datetime

    def _repr_html_(self) -> str:
        return shown.facts(f"project {self.name}", self, ("schema_version", "spent", "cap", "created_at"))


class BadRow(Answer):
    """A row that was not brought in: its number, from 1, the field if one is at fault, and why."""

    row: int
    field: str
    reason: str


class Imported(Answer):
    """What came of an import; `bad_rows` are all rows that were not taken, `lost` what of the others could not be carried over."""

    import_id: int
    rows: int
    added: int
    already_there: int
    repeated: int
    bad: int
    bad_rows: list[BadRow]
    drafts: int
    bad_drafts: int
    models: dict[str, int]
    lost: dict[str, int]

    def _repr_html_(self) -> str:
        counts = shown.facts("imported", self, ("rows", "added", "already_there", "repeated", "bad"))
        return counts + (shown.table(self["bad_rows"], ("row", "field", "reason")) if self.bad_rows else "")


class Quoted(Answer):
    """What a run would cost in dollars: what is expected, with the ends of its interval, and the most that it can be."""

    examples: int
    sampled: int
    lane: str
    dollars: dict[str, Decimal]
    most: Decimal
    per_example: Decimal
    notes: list[str]

    def _repr_html_(self) -> str:
        return shown.quote(self)


class Example(Answer):
    """An example in a run: what it says, where it is and why, what was drafted, what it is labeled, and by whom."""

    id: str
    content: dict[str, Any]
    status: str
    reason: str | None
    draft: Label | None
    confidence: float | None
    model: str | None
    prompt: str | None
    label: Label | None
    source: str | None
    reviewer: str | None
    gold: Label | None
    meta: Any
    drafts: list[dict[str, Any]]


class LabelRecord(Answer):
    """A line of an export: an example with its settled label and where that came from."""

    id: str
    content: dict[str, Any]
    label: Label | None
    source: str | None
    confidence: float | None
    draft: Label | None
    reviewer: str | None
    meta: Any


class Review(Answer):
    """One person's answer; `settled` is what the example is labeled now, `apart` how far the answer is from that (0 to 1)."""

    id: int
    example_id: str
    content: dict[str, Any]
    reviewer: str
    verdict: str
    reason: str
    label: Label | None
    settled: Label | None
    apart: float | None
    comment: str
    seconds: float
    for_senior: bool
    is_undone: bool
    created_at: datetime
