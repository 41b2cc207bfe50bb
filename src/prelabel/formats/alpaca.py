"""Stanford Alpaca's shape of instruction and response: {"instruction", "input", "output"}."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from prelabel.formats import instruct
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.schema import LabelSchema

SUFFIX = "alpaca.jsonl"
ENDINGS = ("alpaca.jsonl",)
KINDS = None
FOR_TRAINING = True


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The pairs, the output as the label known to be right."""
    return instruct.read_as(stream, schema, "output")


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A line for each record with a settled label; the instruction is the schema's guidelines."""
    return instruct.write_as(records, options, "output")
