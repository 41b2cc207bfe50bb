"""Argilla 2 records as JSON Lines: labels as submitted responses, drafts as suggestions.

The shapes are those of the SDK's `Record.to_dict` and of `records.to_list(flatten=True)`.
"""

import io
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO, cast

from prelabel.canonical import Json, canonical
from prelabel.errors import FormatError, LabelError
from prelabel.formats import document, jsonl
from prelabel.formats.base import Record, Row, WriteOptions, unpacked
from prelabel.formats.fields import Found, count_lost, extras, is_talk, items, rows_of, take, whole
from prelabel.kinds.base import Kind
from prelabel.schema import LabelSchema

SUFFIX = "argilla.jsonl"
ENDINGS = ("argilla.jsonl",)
KINDS = ("choice", "choices", "rating", "number", "boolean", "text", "spans", "preference")
_AS_TEXT = ("number", "boolean", "preference")
"""Kinds for which Argilla has no question of its own: a label or text question holds the value as a CSV cell would."""
_PARTS = ("fields", "metadata", "suggestions", "responses", "vectors")
_AROUND = {"id", "_server_id", "status", "score"}
Values = dict[str, Json]


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The records, nested or flattened, one a line or as the list that `records.to_json` writes.

    Responses that are submitted and agree are taken as known to be right.
    """
    opened = unpacked(stream)
    rows = _listed(opened) if _is_list(opened) else jsonl.read(opened, schema)
    return rows_of(rows, lambda record: _found(record, schema))


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A nested record a line, as `rg.Record.from_dict` takes it.

    Argilla knows users by UUID: that of a response is made from the reviewer's name, or from where the label came from.
    """
    names = [name for name, kind in options.schema.fields.items() if _is_held(kind)]
    for record in records:
        count_lost(record, names, options, "Argilla")
        line = {
            "id": record["id"],
            "fields": _fields(record["content"], options),
            "metadata": _metadata(record, options),
            "suggestions": _suggestions(record, options.schema, names),
            "responses": _responses(record, options.schema, names),
            "status": "completed" if record["label"] is not None else "pending",
        }
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _is_list(stream: BinaryIO) -> bool:
    begins = cast(io.BufferedReader, stream).peek(64)[:64]
    return begins.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _is_held(kind: Kind) -> bool:
    return kind.kind in KINDS and not is_talk(kind)


def _fields(content: Mapping[str, Json], options: WriteOptions) -> Values:
    """Text, chat (a list of turns) and custom (an object) as they are; anything else as its JSON."""
    found = {}
    for name, value in content.items():
        found[name] = value if isinstance(value, str | list | dict) else canonical(value)
        if not isinstance(value, str | list | dict) and value is not None:
            options.lost[f"content field {name!r}: Argilla has it as text"] += 1
    return {name: value for name, value in found.items() if content[name] is not None}


def _metadata(record: Record, options: WriteOptions) -> Values:
    meta = record["meta"] if isinstance(record["meta"], dict) else {}
    plain = {name: value for name, value in meta.items() if isinstance(value, str | int | float)}
    if record["meta"] is not None and plain != record["meta"]:
        options.lost["meta that is no number or text by name"] += 1
    return plain | extras(record, options)


def _suggestions(record: Record, schema: LabelSchema, names: list[str]) -> Values:
    about = {"score": record["confidence"], "agent": record["model"]}
    return {
        name: {"value": _value(schema.fields[name], value), **about}
        for name, value in (record["draft"] or {}).items()
        if name in names and value is not None
    }


def _responses(record: Record, schema: LabelSchema, names: list[str]) -> Values:
    user = str(uuid.uuid5(uuid.NAMESPACE_URL, f"prelabel:{record['reviewer'] or record['source']}"))
    return {
        name: [{"value": _value(schema.fields[name], value), "user_id": user, "status": "submitted"}]
        for name, value in (record["label"] or {}).items()
        if name in names and value is not None
    }


def _value(kind: Kind, value: Json) -> Json:
    return kind.write(value) if kind.kind in _AS_TEXT else value


def _listed(stream: BinaryIO) -> Iterator[Row]:
    number = 0
    try:
        for number, (_, item) in enumerate(document.pieces(stream), 1):  # used below
            good = isinstance(item, dict)
            yield Row(number, item) if good else Row(number, None, "a record is a JSON object")
    except FormatError as damage:
        yield Row(number + 1, None, str(damage))


def _found(record: Values, schema: LabelSchema) -> Found:
    nested = record if isinstance(record.get("fields"), dict) else _nested(record, schema)
    for part in _PARTS:
        if nested.get(part) is not None:
            take(nested, part, dict)
    content = {name: value for name, value in nested["fields"].items() if value is not None}
    found = Found(content, id=record.get("id"), meta=nested.get("metadata") or None)
    if nested.get("vectors"):
        found.lost.append("vectors")
    found.gold = whole(_answers(nested, schema, found), content, schema, found.lost)
    _add_draft(nested.get("suggestions") or {}, schema, found)
    return found


def _nested(flat: Values, schema: LabelSchema) -> Values:
    """A flattened record in its nested shape; what is no question's is a field, as metadata cannot be told apart there."""
    rest = {name: value for name, value in flat.items() if name not in _AROUND and value is not None}
    suggestions, responses = {}, {}
    for name in schema.fields:
        value, score, agent = (rest.pop(f"{name}.suggestion{end}", None) for end in ("", ".score", ".agent"))
        if value is not None:
            suggestions[name] = {"value": value, "score": score, "agent": agent}
        values, _, statuses = (
            items({"x": rest.pop(f"{name}.responses{end}", None)}, "x", object)
            for end in ("", ".users", ".status")
        )
        responses[name] = [
            {"value": answer, "status": statuses[index] if index < len(statuses) else None}
            for index, answer in enumerate(values)
        ]
    return {"fields": rest, "suggestions": suggestions, "responses": responses, "status": flat.get("status")}


def _answers(nested: Values, schema: LabelSchema, found: Found) -> Values:
    """What the submitted responses agree on, by question; nothing where those to any question do not agree."""
    agreed: Values = {}
    for name, given in (nested.get("responses") or {}).items():
        answers = [
            one for one in items({name: given}, name, path="responses") if _is_submitted(one, nested, found)
        ]
        if name not in schema.fields:
            found.lost.extend([f"responses to {name!r}, which is no field of the schema"] if answers else [])
            continue
        values = {canonical(one.get("value")): one.get("value") for one in answers}
        if len(values) > 1:
            found.lost.append(f"responses that do not agree on {name!r}")
            return {}
        if values:
            agreed[name] = _read_value(schema.fields[name], next(iter(values.values())))
    return agreed


def _is_submitted(response: Values, nested: Values, found: Found) -> bool:
    """Whether a response counts; where it does not say, as in the SDK's nested export, the record's status does."""
    status = response.get("status")
    if status is None and nested.get("status") == "pending":
        found.lost.append("responses of a pending record that do not say whether they are submitted")
        return False
    if status not in (None, "submitted"):
        found.lost.append("responses that are drafts or were discarded")
    return status in (None, "submitted")


def _add_draft(suggestions: Values, schema: LabelSchema, found: Found) -> None:
    """The suggestions as one draft for each agent that made them."""
    by_agent: dict[str, tuple[Values, list[float]]] = {}
    for name in suggestions:
        one = take(suggestions, name, dict, "suggestions")
        if name not in schema.fields:
            found.lost.append(f"suggestion for {name!r}, which is no field of the schema")
            continue
        values, scores = by_agent.setdefault(str(one.get("agent") or "argilla"), ({}, []))
        values[name] = _read_value(schema.fields[name], one.get("value"))
        score = one.get("score")
        scores += [
            one for one in (score if isinstance(score, list) else [score]) if isinstance(one, int | float)
        ]
    for agent, (values, scores) in by_agent.items():
        if label := whole(values, found.content, schema, found.lost):
            confidence = min(scores) if scores else None
            found.drafts.append({"model": agent, "label": label, "confidence": confidence})


def _read_value(kind: Kind, value: Json) -> Json:
    """The value of a field; one that cannot be read stays as it is, for the import to say what is wrong with it."""
    if kind.kind == "spans" and isinstance(value, list):
        keys = ("start", "end", "label")
        return [
            {key: span[key] for key in keys if key in span} if isinstance(span, dict) else span
            for span in value
        ]
    if kind.kind not in _AS_TEXT or not isinstance(value, str):
        return value
    try:
        return kind.parse(value)
    except LabelError:
        return value
