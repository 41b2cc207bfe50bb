"""What the formats of other tools share: which field of a schema goes where, and how a row of theirs becomes one of ours."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.examples.content import as_text
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.kinds.base import Kind, shown
from prelabel.kinds.boolean import Boolean
from prelabel.kinds.choice import Choice
from prelabel.kinds.choices import Choices
from prelabel.kinds.number import Number
from prelabel.kinds.options import Options
from prelabel.kinds.rating import Rating
from prelabel.kinds.relations import Relations
from prelabel.kinds.spans import Spans
from prelabel.kinds.text import Text
from prelabel.schema import LabelSchema

CLASSES = (Choice, Choices, Rating, Number, Boolean)
"""Kinds whose values other tools write as one or several short texts."""
OneKind = TypeVar("OneKind", bound=Kind)


class Named(NamedTuple, Generic[OneKind]):
    """A field of a schema: its name, and its kind with all settings."""

    name: str
    kind: OneKind


class Misfit(Exception):
    """Why a row is not one of its format, and in which of its fields."""

    def __init__(self, reason: str, field: str = "") -> None:
        self.reason = reason
        self.field = field
        super().__init__(reason, field)


@dataclass
class Found:
    """What a row of another tool says: the parts of one of our rows, and what of it is lost."""

    content: dict[str, Json]
    id: Json = None
    gold: dict[str, Json] | None = None
    meta: Json = None
    drafts: list[dict[str, Json]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def row(self, number: int) -> Row:
        """As a row of ours, without what there is none of."""
        parts = {"id": self.id, "content": self.content, "gold": self.gold, "meta": self.meta}
        value = {name: part for name, part in parts.items() if part is not None}
        return Row(
            number,
            value | ({"drafts": self.drafts} if self.drafts else {}),
            lost=tuple(dict.fromkeys(self.lost)),
        )


def rows_of(rows: Iterable[Row], read: Callable[[dict[str, Json]], Found]) -> Iterator[Row]:
    """Rows of another tool as rows of ours; one that `read` cannot make sense of (Misfit) is a bad row."""
    for row in rows:
        if row.value is None:
            yield row
            continue
        try:
            yield read(row.value).row(row.number)
        except Misfit as fault:
            yield Row(row.number, None, fault.reason, fault.field)


def take(row: Mapping[str, Json], name: str, of: type[Any] | tuple[type[Any], ...], path: str = "") -> Any:
    """What stands under a name, of the type wanted. Raises Misfit."""
    value, where = row.get(name), f"{path}.{name}" if path else name
    if name not in row:
        raise Misfit("is missing", where)
    if not isinstance(value, of) or (isinstance(value, bool) and of is not bool):
        raise Misfit(f"must be {_said(of)}, not {shown(value)}", where)
    return value


def items(row: Mapping[str, Json], name: str, of: type[Any] = dict, path: str = "") -> list[Any]:
    """The list under a name, empty where there is none, of items of the type wanted. Raises Misfit."""
    if row.get(name) is None:
        return []
    found, where = take(row, name, list, path), f"{path}.{name}" if path else name
    for index, item in enumerate(found):
        if not isinstance(item, of):
            raise Misfit(f"must be {_said(of)}, not {shown(item)}", f"{where}.{index}")
    return list(found)


def is_talk(kind: Kind) -> bool:
    """Whether the values of a field are conversations."""
    return isinstance(kind, Text) and kind.turns


def first(schema: LabelSchema, *kinds: type[OneKind]) -> Named[OneKind] | None:
    """The first field of these kinds; text of several turns is not text here."""
    fields = (
        Named(name, kind)
        for name, kind in schema.fields.items()
        if isinstance(kind, kinds) and not is_talk(kind)
    )
    return next(fields, None)


def marks_of(schema: LabelSchema) -> tuple[Named[Spans] | None, Named[Relations] | None]:
    """The first field of spans and the first of relations, this one only where it does not join spans of another field."""
    spans, relations = first(schema, Spans), first(schema, Relations)
    if relations and relations.kind.between not in (None, spans and spans.name):
        return spans, None
    return spans, relations


def text_field(schema: LabelSchema) -> str:
    """The content field that is the text: what the first field of spans (or of relations) points into, else "text"."""
    spans, relations = first(schema, Spans), first(schema, Relations)
    return next((marks.kind.of for marks in (spans, relations) if marks), "text")


def text_and_rest(content: Mapping[str, Json], name: str) -> tuple[str, dict[str, Json]]:
    """The content field that is the text, and the others; all fields as one text where there is no such field."""
    if isinstance(content.get(name), str):
        return str(content[name]), {key: value for key, value in content.items() if key != name}
    return as_text(dict(content)), {}


def rest_but(
    rest: Mapping[str, Json], taken: Collection[str], options: WriteOptions, tool: str
) -> dict[str, Json]:
    """The content fields beside the text, without those whose names the tool has another use for: they are counted as lost."""
    for name in rest:
        if name in taken:
            options.lost[f"content field {name!r}: {tool} has another use for this name"] += 1
    return {name: value for name, value in rest.items() if name not in taken}


def count_lost(record: Record, carried: Iterable[str], options: WriteOptions, tool: str) -> None:
    """Count the fields of the record's label that have a value and no place in the file."""
    held = set(carried)
    for name, value in (record["label"] or {}).items():
        if name not in held and value is not None:
            kind = options.schema.fields[name].kind
            options.lost[f"field {name!r} ({kind}): {tool} has no place for it here"] += 1


def whole(
    values: Mapping[str, Json], content: Mapping[str, Json], schema: LabelSchema, lost: list[str]
) -> dict[str, Json] | None:
    """The label of these values, with None for the other fields; None, and a word in `lost`, where one of those is needed.

    What is wrong with the values themselves is for the import to say.
    """
    if all(value is None for value in values.values()):
        return None
    label = {name: values.get(name) for name in schema.fields}
    if all(value is not None for value in label.values()):
        return label
    try:
        schema.validate_label(label, content)
    except LabelError as error:
        at = error.path.partition(".")[0]
        if label.get(at) is None:
            lost.append(f"a label without a value for field {at!r}")
            return None
    return label


def offered(kind: Kind) -> list[str]:
    """The texts that a field of CLASSES offers to choose from; empty where any number will do."""
    return kind.classes() or (kind.values if isinstance(kind, Options) else [])


def span_in(part: Mapping[str, Json], path: str) -> dict[str, Json]:
    """The span that an object with "start", "end" and "label" says. Raises Misfit."""
    return {
        "start": take(part, "start", int, path),
        "end": take(part, "end", int, path),
        "label": take(part, "label", str, path),
    }


def as_texts(kind: Kind, value: Json) -> list[str]:
    """The value of a field of CLASSES as short texts."""
    return list(value) if isinstance(value, list) else [kind.write(value)]


def from_texts(kind: Kind, texts: list[str], lost: list[str]) -> Json:
    """The value that the texts mean, None where there is none; the texts themselves where they mean nothing to this kind."""
    if kind.kind == "choices":
        return texts
    if len(set(texts)) > 1:
        lost.append("several labels in one example, where the schema has room for one")
        return None
    try:
        return kind.parse(texts[0]) if texts else None
    except LabelError:
        return texts[0]


def extras(record: Record, options: WriteOptions) -> dict[str, Json]:
    """The weight and split of a record, where they were asked for."""
    return {name: record[name] for name in options.extras}


def _said(of: type[Any] | tuple[type[Any], ...]) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "text",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
    }
    return " or ".join(names[one] for one in (of if isinstance(of, tuple) else (of,)))
