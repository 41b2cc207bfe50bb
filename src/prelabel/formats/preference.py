"""Preference pairs as TRL takes them (DPO, reward models): {"prompt", "chosen", "rejected"}, texts or conversations.

https://huggingface.co/docs/trl/dataset_formats#preference; a strength is written as "margin".
"""

import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from prelabel.canonical import Json
from prelabel.formats import jsonl
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import Found, Misfit, extras, rows_of, take
from prelabel.formats.pairs import Pair, found, pairs
from prelabel.formats.training import turns_in
from prelabel.schema import LabelSchema

SUFFIX = "preference.jsonl"
ENDINGS = ("preference.jsonl",)
KINDS = ("preference",)
FOR_TRAINING = True


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The pairs, each a preference that is known to be right; without "prompt" it is implicit in the responses."""
    return rows_of(jsonl.read(stream, schema), lambda line: _found(line, schema))


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A pair a line; conversations where the prompt is one, which TRL wants of the responses too."""
    for record, pair in pairs(records, options):
        is_talk = turns_in(pair.prompt) is not None
        sides = {"chosen": pair.chosen, "rejected": pair.rejected}
        line = {} if pair.prompt is None else {"prompt": pair.prompt}
        line |= {name: _talk(side) if is_talk else side for name, side in sides.items()}
        line |= {} if pair.strength is None else {"margin": pair.strength}
        yield json.dumps(line | extras(record, options), ensure_ascii=False).encode() + b"\n"


def _talk(side: Json) -> Json:
    return side if turns_in(side) else [{"role": "assistant", "content": side}]


def _found(line: dict[str, Json], schema: LabelSchema) -> Found:
    parts = {name: line.get(name) for name in ("prompt", "chosen", "rejected")}
    for name, value in parts.items():
        if not isinstance(value, str) and turns_in(value) is None and (value is not None or name != "prompt"):
            raise Misfit("must be text or a list of turns", name)
    margin = take(line, "margin", int) if "margin" in line else None
    return found(
        Pair(parts["prompt"], _bare(parts["chosen"]), _bare(parts["rejected"]), margin), schema, line
    )


def _bare(side: Json) -> Json:
    """The text of a response that is one turn of the assistant."""
    return (
        side[0]["content"]
        if isinstance(side, list) and len(side) == 1 and side[0]["role"] == "assistant"
        else side
    )
