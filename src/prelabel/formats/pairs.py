"""What the formats of preferences share: a prompt, the response that was chosen, and the one that was not."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from prelabel.canonical import Json, canonical
from prelabel.errors import FormatError
from prelabel.formats import jsonl
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import Found, Named, count_lost, extras, first, rows_of
from prelabel.formats.training import settled
from prelabel.kinds.preference import Preference
from prelabel.schema import LabelSchema

Line = dict[str, Json]


@dataclass(frozen=True)
class Pair:
    """One preference. Prompt and responses are texts or conversations; `strength` is None where none was asked for."""

    prompt: Json
    chosen: Json
    rejected: Json
    strength: int | None = None


def read_as(stream: BinaryIO, schema: LabelSchema, meant: Callable[[Line], Pair]) -> Iterator[Row]:
    """The pairs that the lines of a file mean; `meant` raises Misfit where a line means none."""
    return rows_of(jsonl.read(stream, schema), lambda line: _found(meant(line), schema, line.get("id")))


def write_as(
    records: Iterable[Record], options: WriteOptions, line_of: Callable[[Pair], Line | None]
) -> Iterator[bytes]:
    """A line for each settled preference that `line_of` has one for."""
    for record, pair in _pairs(records, options):
        line = line_of(pair)
        if line is not None:
            yield json.dumps(line | extras(record, options), ensure_ascii=False).encode() + b"\n"


def bare(said: Json, role: str) -> Json:
    """The text of a conversation that is one turn of this role; anything else as it is."""
    is_one = isinstance(said, list) and len(said) == 1 and said[0]["role"] == role
    return said[0]["content"] if is_one else said


def _pairs(records: Iterable[Record], options: WriteOptions) -> Iterator[tuple[Record, Pair]]:
    """The settled preferences; a tie has no place in such a file and is counted as lost."""
    name, kind = _field_of(options.schema)
    for record in settled(records, options):
        count_lost(record, [name], options, "a preference pair")
        value = record["label"][name]
        preferred = value["preferred"] if isinstance(value, dict) else value
        if preferred not in ("A", "B"):
            options.lost[
                "tie: neither response was chosen" if preferred else "preference without a value"
            ] += 1
            continue
        content = record["content"]
        sides = [content.get(kind.a), content.get(kind.b)]
        for key in content.keys() - {kind.a, kind.b, kind.prompt}:
            options.lost[f"content field {key!r}: it is neither the prompt nor a response"] += 1
        chosen, rejected = sides if preferred == "A" else reversed(sides)
        strength = value["strength"] if isinstance(value, dict) else None
        yield record, Pair(content.get(kind.prompt), chosen, rejected, strength)


def _field_of(schema: LabelSchema) -> Named[Preference]:
    """The schema's first field of preference. Raises FormatError."""
    field = first(schema, Preference)
    if field is None:
        raise FormatError("the format holds preferences, but the schema has no field of this kind")
    return field


def _found(pair: Pair, schema: LabelSchema, own_id: Json) -> Found:
    """A pair as a row of ours.

    Which response becomes A is decided by a hash of both, so that it says nothing of which was chosen; half of them are A.
    """
    name, kind = _field_of(schema)
    key = canonical(sorted([canonical(pair.chosen), canonical(pair.rejected)])).encode()
    is_first = canonical(pair.chosen) <= canonical(pair.rejected)
    preferred = "A" if is_first == bool(hashlib.sha256(key).digest()[0] % 2) else "B"
    sides = (pair.chosen, pair.rejected) if preferred == "A" else (pair.rejected, pair.chosen)
    prompt: dict[str, Any] = {} if pair.prompt is None else {kind.prompt: pair.prompt}
    read = Found(prompt | {kind.a: sides[0], kind.b: sides[1]}, id=own_id)
    others = [other for other in schema.fields if other != name]
    if others:
        read.lost.append(f"preference: the schema asks for {', '.join(others)} too")
    elif not kind.strength:
        read.gold = {name: preferred}
    elif pair.strength is not None:
        read.gold = {name: {"preferred": preferred, "strength": pair.strength}}
    else:
        read.lost.append("preference without the strength that the schema asks for")
    return read
