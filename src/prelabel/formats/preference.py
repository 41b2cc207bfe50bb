"""Preference pairs as TRL takes them (DPO, reward models): {"prompt", "chosen", "rejected"}, texts or conversations.

https://huggingface.co/docs/trl/dataset_formats#preference; a strength is written as "margin".
"""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from prelabel.canonical import Json
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import Misfit, take
from prelabel.formats.pairs import Line, Pair, bare, read_as, write_as
from prelabel.formats.training import turns_in
from prelabel.schema import LabelSchema

SUFFIX = "preference.jsonl"
ENDINGS = ("preference.jsonl",)
KINDS = ("preference",)
FOR_TRAINING = True


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The pairs, each a preference that is known to be right; without "prompt" it is implicit in the responses."""
    return read_as(stream, schema, _pair)


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A pair a line; conversations where the prompt is one, which TRL wants of the responses too."""
    return write_as(records, options, _line)


def _line(pair: Pair) -> Line:
    is_talk = turns_in(pair.prompt) is not None
    sides = {"chosen": pair.chosen, "rejected": pair.rejected}
    line = {} if pair.prompt is None else {"prompt": pair.prompt}
    line |= {name: _talk(side) if is_talk else side for name, side in sides.items()}
    return line | ({} if pair.strength is None else {"margin": pair.strength})


def _talk(side: Json) -> Json:
    return side if turns_in(side) else [{"role": "assistant", "content": side}]


def _pair(line: Line) -> Pair:
    parts = {name: line.get(name) for name in ("prompt", "chosen", "rejected")}
    for name, value in parts.items():
        if not isinstance(value, str) and turns_in(value) is None and (value is not None or name != "prompt"):
            raise Misfit("must be text or a list of turns", name)
    margin = take(line, "margin", int) if "margin" in line else None
    chosen, rejected = (bare(parts[name], "assistant") for name in ("chosen", "rejected"))
    return Pair(parts["prompt"], chosen, rejected, margin)
