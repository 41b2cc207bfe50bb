"""doccano's JSON Lines: classes, spans, relations, written answers (seq2seq) and boxes in pixels.

The shapes are those of doccano's `data_import` and `data_export` pipelines: one label a line, of the type of its project.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from prelabel.canonical import Json
from prelabel.formats import jsonl, pixels
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import (
    CLASSES,
    Found,
    Misfit,
    Named,
    as_texts,
    count_lost,
    extras,
    first,
    from_texts,
    items,
    marks_of,
    rest_but,
    rows_of,
    span_in,
    take,
    text_and_rest,
    text_field,
    whole,
)
from prelabel.kinds.boxes import Boxes
from prelabel.kinds.text import Text
from prelabel.schema import LabelSchema

SUFFIX = "doccano.jsonl"
ENDINGS = ("doccano.jsonl",)
KINDS = ("choice", "choices", "rating", "number", "boolean", "text", "spans", "relations", "boxes")
_OWN = {
    "id",
    "text",
    "label",
    "labels",
    "entities",
    "relations",
    "cats",
    "filename",
    "bbox",
    "Comments",
    "comments",
}
_Parts = dict[str, Json]


@dataclass(frozen=True)
class _Plan:
    """Which field of the schema stands where in a line; a project of doccano has one type, so that some have no place."""

    spans: str | None
    relations: str | None
    boxes: Named[Boxes] | None
    short: str | None
    """The field of classes, or else of written text."""

    @classmethod
    def of(cls, schema: LabelSchema) -> "_Plan":
        (spans, relations), boxes = marks_of(schema), first(schema, Boxes)
        if relations:
            return cls(relations.kind.between, relations.name, None, None)
        if boxes and not spans:
            return cls(None, None, boxes, None)
        short = first(schema, *CLASSES) or (None if spans else first(schema, Text))
        return cls(spans and spans.name, None, None, short and short.name)

    def carried(self) -> list[str]:
        """The fields that have a place."""
        boxes = self.boxes and self.boxes.name
        return [name for name in (self.spans, self.relations, boxes, self.short) if name]


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The lines; each has one label, which is taken as known to be right. Columns that doccano does not know are content.

    An empty list says that there is nothing to label: export from doccano only what has been approved.
    """
    plan = _Plan.of(schema)
    return rows_of(jsonl.read(stream, schema), lambda line: _found(line, schema, plan))


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A line for each record; other content fields are columns, which doccano keeps as metadata."""
    schema, plan = options.schema, _Plan.of(options.schema)
    name = text_field(schema)
    for record in records:
        label: Mapping[str, Json] = record["label"] or {}
        if record["label"] is None and record["draft"] is not None:
            options.lost["draft of an example without a label"] += 1
        count_lost(record, plan.carried(), options, "doccano")
        line = {"id": record["id"]}
        if plan.boxes:
            line |= _boxes_line(record, plan.boxes, options)
        else:
            text, rest = text_and_rest(record["content"], name)
            line |= rest_but(rest, _OWN, options, "doccano") | {"text": text}
            line |= _text_line(label, schema, plan, options)
        line |= extras(record, options)
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _text_line(label: Mapping[str, Json], schema: LabelSchema, plan: _Plan, options: WriteOptions) -> _Parts:
    """The parts of a line that hold the label of a text."""
    if plan.relations:
        return _related(label, plan, options) if label else {}
    spans, short = label.get(plan.spans or ""), label.get(plan.short or "")
    entities = None if spans is None else [[span["start"], span["end"], span["label"]] for span in spans]
    texts = None if short is None or not plan.short else as_texts(schema.fields[plan.short], short)
    if plan.spans and plan.short:
        parts = {"entities": entities, "cats": texts}
    else:
        parts = {"label": entities if plan.spans else texts}
    return {key: value for key, value in parts.items() if value is not None}


def _related(label: Mapping[str, Json], plan: _Plan, options: WriteOptions) -> _Parts:
    """Entities with their numbers, and the relations between them."""
    relations = label[plan.relations or ""] or []
    ends = sorted({(end["start"], end["end"]) for one in relations for end in (one["head"], one["tail"])})
    spans = (
        label[plan.spans] or []
        if plan.spans
        else [{"start": start, "end": end, "label": "span"} for start, end in ends]
    )
    number = {(span["start"], span["end"]): index for index, span in reversed(list(enumerate(spans)))}
    entities = [
        {"id": index, "start_offset": span["start"], "end_offset": span["end"], "label": span["label"]}
        for index, span in enumerate(spans)
    ]
    found: list[_Parts] = []
    for one in relations:
        head, tail = (number.get((one[end]["start"], one[end]["end"])) for end in ("head", "tail"))
        if head is None or tail is None:
            options.lost["relation whose head or tail is no span of the label"] += 1
        else:
            found.append({"id": len(found), "from_id": head, "to_id": tail, "type": one["label"]})
    return {"entities": entities, "relations": found}


def _boxes_line(record: Record, field: Named[Boxes], options: WriteOptions) -> _Parts:
    of = field.kind.of
    image = record["content"].get(of)
    for key in record["content"].keys() - {of}:
        options.lost[f"content field {key!r}: doccano's images have no room for it"] += 1
    line: _Parts = {"filename": pixels.file_name(image)}
    boxes = (record["label"] or {}).get(field.name)
    if boxes is None:
        return line
    size = pixels.size(image)
    if size is None:
        options.lost["boxes of an image whose size is not known"] += 1
        return line
    line["bbox"] = [pixels.as_object(box, size) | {"label": box["label"]} for box in boxes]
    return line | {"width": size[0], "height": size[1]}


def _found(line: dict[str, Json], schema: LabelSchema, plan: _Plan) -> Found:
    rest = {key: value for key, value in line.items() if key not in _OWN}
    if plan.boxes:
        return _image(line, rest, schema, plan.boxes)
    found = Found({text_field(schema): take(line, "text", str)} | rest, id=line.get("id"))
    label = line.get("label", line.get("labels"))
    values: dict[str, Json] = {}
    entities = line.get("entities")
    if plan.spans and (entities is not None or _holds_spans(label)):
        entities = label if entities is None else entities
        values[plan.spans] = [
            _span(one, f"entities.{index}") for index, one in enumerate(_list(entities, "entities"))
        ]
    if plan.relations and line.get("relations") is not None:
        values[plan.relations] = _relations(line)
    short = line.get("cats") if plan.spans else label
    if plan.short and short is not None:
        texts = [_text(one, f"label.{index}") for index, one in enumerate(_list(short, "label"))]
        values[plan.short] = from_texts(schema.fields[plan.short], texts, found.lost)
    found.gold = whole(values, found.content, schema, found.lost)
    if not values and (label or line.get("entities")):
        found.lost.append("label of a type for which the schema has no field")
    return found


def _image(line: dict[str, Json], rest: dict[str, Json], schema: LabelSchema, field: Named[Boxes]) -> Found:
    width, height = rest.pop("width", None), rest.pop("height", None)
    found = Found({field.kind.of: take(line, "filename", str)} | rest, id=line.get("id"))
    if line.get("bbox") is None:
        return found
    size = pixels.size({"width": width, "height": height})
    if size is None:
        found.lost.append("boxes of an image whose width and height the file does not say")
        return found
    boxes = [pixels.from_object(box, size, f"bbox.{index}") for index, box in enumerate(items(line, "bbox"))]
    found.gold = whole({field.name: pixels.ordered(boxes)}, found.content, schema, found.lost)
    return found


def _relations(line: dict[str, Json]) -> Json:
    ends = {
        _key(take(one, "id", (int, str), "entities")): {
            "start": take(one, "start_offset", int),
            "end": take(one, "end_offset", int),
        }
        for one in items(line, "entities")
    }
    found = []
    for index, one in enumerate(items(line, "relations")):
        head, tail = (_key(take(one, end, (int, str), f"relations.{index}")) for end in ("from_id", "to_id"))
        if head not in ends or tail not in ends:
            raise Misfit("names an entity that is not there", f"relations.{index}")
        label = take(one, "type", str, f"relations.{index}")
        found.append({"label": label, "head": ends[head], "tail": ends[tail]})
    return found


def _key(number: Json) -> str:
    return str(number)


def _span(one: Json, path: str) -> dict[str, Json]:
    """A span, of either shape."""
    if isinstance(one, dict):
        start, end = take(one, "start_offset", int, path), take(one, "end_offset", int, path)
        return {"start": start, "end": end, "label": take(one, "label", str, path)}
    if not isinstance(one, list) or len(one) < 3:
        raise Misfit("must be [start, end, label]", path)
    return span_in(dict(zip(("start", "end", "label"), one, strict=False)), path)


def _holds_spans(label: Json) -> bool:
    return isinstance(label, list) and all(isinstance(one, list | dict) for one in label)


def _list(value: Json, name: str) -> list[Json]:
    return list(take({name: value}, name, list))


def _text(value: Json, path: str) -> str:
    if not isinstance(value, str):
        raise Misfit("must be text", path)
    return value
