"""Instruction and response, for fine-tuning: {"instruction", "input", "response"}."""

import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from prelabel.canonical import Json
from prelabel.examples.content import as_text
from prelabel.formats import jsonl
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import Found, Misfit, extras, rows_of, take
from prelabel.formats.training import label_of, response, settled
from prelabel.schema import LabelSchema

SUFFIX = "instruct.jsonl"
ENDINGS = ("instruct.jsonl",)
KINDS = None
FOR_TRAINING = True


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The pairs, the response as the label known to be right."""
    return read_as(stream, schema, "response")


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A line for each record with a settled label; the instruction is the schema's guidelines."""
    return write_as(records, options, "response")


def read_as(stream: BinaryIO, schema: LabelSchema, name: str) -> Iterator[Row]:
    """The pairs, with the response under this name."""
    return rows_of(jsonl.read(stream, schema), lambda line: _found(line, schema, name))


def write_as(records: Iterable[Record], options: WriteOptions, name: str) -> Iterator[bytes]:
    """The pairs, with the response under this name."""
    for record in settled(records, options):
        line = {
            "instruction": options.schema.guidelines,
            "input": as_text(record["content"]),
            name: response(record, options.schema),
        } | extras(record, options)
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _found(line: dict[str, Json], schema: LabelSchema, name: str) -> Found:
    """The input alone is "text" where the instruction is empty or the schema's own; without an input the instruction is."""
    said = {part: take(line, part, str) if line.get(part) else "" for part in ("instruction", "input", name)}
    asked, given = said["instruction"], said["input"]
    if not asked and not given:
        raise Misfit("holds neither an instruction nor an input")
    if given and asked in ("", schema.guidelines):
        content = {"text": given}
    else:
        content = {"instruction": asked, "input": given} if given else {"text": asked}
    found = Found(content, id=line.get("id"))
    if said[name]:
        found.gold = label_of(said[name], content, schema)
        if found.gold is None:
            found.lost.append(f"{name} that is no label of the schema")
    return found
