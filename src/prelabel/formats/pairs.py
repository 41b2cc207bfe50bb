"""What the formats of preferences share: a prompt, the response that was chosen, and the one that was not."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from prelabel.canonical import Json, canonical
from prelabel.errors import FormatError
from prelabel.formats.base import Record, WriteOptions
from prelabel.formats.fields import Found, count_lost, first, setting
from prelabel.formats.training import settled
from prelabel.kinds.base import Kind
from prelabel.schema import LabelSchema


@dataclass(frozen=True)
class Pair:
    """One preference. Prompt and responses are texts or conversations; `strength` is None where none was asked for."""

    prompt: Json
    chosen: Json
    rejected: Json
    strength: int | None = None


def pairs(records: Iterable[Record], options: WriteOptions) -> Iterator[tuple[Record, Pair]]:
    """The settled preferences; a tie has no place in such a file and is counted as lost."""
    name, kind = field_of(options.schema)
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
        sides = [content.get(setting(kind, side)) for side in ("a", "b")]
        used = {setting(kind, part) for part in ("a", "b", "prompt")}
        for key in content.keys() - used:
            options.lost[f"content field {key!r}: it is neither the prompt nor a response"] += 1
        chosen, rejected = sides if preferred == "A" else reversed(sides)
        strength = value["strength"] if isinstance(value, dict) else None
        yield record, Pair(content.get(setting(kind, "prompt")), chosen, rejected, strength)


def field_of(schema: LabelSchema) -> tuple[str, Kind]:
    """The schema's first field of preference. Raises FormatError."""
    name = first(schema, "preference")
    if name is None:
        raise FormatError("the format holds preferences, but the schema has no field of this kind")
    return name, schema.fields[name]


def found(pair: Pair, schema: LabelSchema, line: dict[str, Json]) -> Found:
    """A pair as a row of ours.

    Which response becomes A is decided by a hash of both, so that it says nothing of which was chosen; half of them are A.
    """
    name, kind = field_of(schema)
    key = canonical(sorted([canonical(pair.chosen), canonical(pair.rejected)])).encode()
    is_first = canonical(pair.chosen) <= canonical(pair.rejected)
    preferred = "A" if is_first == bool(hashlib.sha256(key).digest()[0] % 2) else "B"
    sides = (pair.chosen, pair.rejected) if preferred == "A" else (pair.rejected, pair.chosen)
    parts: dict[str, Any] = {setting(kind, "prompt"): pair.prompt} if pair.prompt is not None else {}
    read = Found(parts | {setting(kind, "a"): sides[0], setting(kind, "b"): sides[1]}, id=line.get("id"))
    others = [other for other in schema.fields if other != name]
    if others:
        read.lost.append(f"preference: the schema asks for {', '.join(others)} too")
    elif not setting(kind, "strength"):
        read.gold = {name: preferred}
    elif pair.strength is not None:
        read.gold = {name: {"preferred": preferred, "strength": pair.strength}}
    else:
        read.lost.append("preference without the strength that the schema asks for")
    return read
