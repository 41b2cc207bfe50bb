"""Instruction / response JSON Lines, for fine-tuning: {"instruction", "input", "response"}. Only written."""

import json
from collections.abc import Iterable, Iterator

from prelabel.canonical import canonical
from prelabel.content import as_text
from prelabel.formats.base import Record, WriteOptions

SUFFIX = "instruct.jsonl"


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A line for each labeled record; the response is the bare value where the schema has one field, else JSON."""
    for record in records:
        if record["label"] is not None:
            line = {
                "instruction": options.schema.guidelines,
                "input": as_text(record["content"]),
                "response": _response(record["label"]),
            }
            yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _response(label: dict[str, object]) -> str:
    values = list(label.values())
    if len(values) > 1:
        return canonical(label)
    return values[0] if isinstance(values[0], str) else canonical(values[0])
