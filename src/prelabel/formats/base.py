"""What a file format is: a reader of rows, a writer of records, or both."""

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, cast

from prelabel.canonical import Json
from prelabel.errors import FormatError
from prelabel.schema import LabelSchema

LONGEST_LINE = 10_000_000
"""Bytes of one row with the end of its line; a longer one is a bad row."""
TYPES = ("text", "whole", "number", "boolean", "json")
"""What all values of a content field are, None aside; "json" where they are of several types, or objects or lists."""
Record = dict[str, Any]
"""One exported example: id, content, label, source, status, reason, confidence, draft, model, prompt, reviewer, gold, meta;
of a run with a guarantee `uncertainty` and `audited`; and where they were asked for `weight` (a number from 0, or None) and `split`."""


@dataclass(frozen=True)
class Row:
    """One row of a file, counted from 1.

    `value` holds only what every database can keep: no NUL character, half surrogate pair, NaN or infinity. It is None where
    the row could not be read: `fault` then says why, and `field` where in the row, if that is known.

    A format of another tool is read into rows of our own: `content`, and where the file has them `id`, `gold`, `meta` and
    `drafts`, a list of {"model", "label", "confidence"} with what was drafted elsewhere. `lost` says what of the row could not be
    carried over, each in words that are the same for all rows that lose the same.
    """

    number: int
    value: dict[str, Json] | None
    fault: str = ""
    field: str = ""
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class WriteOptions:
    """What a writer knows beforehand of what it writes; it counts in `lost` what the format could not carry, in words.

    `content_fields` are those of all examples, each with the type of its values (of TYPES); only formats that say so in
    NEEDS_CONTENT_FIELDS get them. `extras` are those of "weight" and "split" that every record has.
    """

    schema: LabelSchema
    content_fields: Mapping[str, str] = field(default_factory=dict)
    extras: tuple[str, ...] = ()
    lost: Counter[str] = field(default_factory=Counter)


class Reader(Protocol):
    """Reads rows one by one, in flat memory; a row that cannot be read is a `Row` with its fault. Raises FormatError."""

    def __call__(self, stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
        """The rows of the file; formats that say which field a label is of need the schema."""


class Writer(Protocol):
    """Writes records as chunks of a file, one by one."""

    def __call__(self, records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
        """The file's bytes."""


def unpacked(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or what it holds where it is gzip (known by its first two bytes).

    Reading that raises FormatError where the compressed data is damaged or breaks off.
    """
    buffered = (
        stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, stream))
    )
    if buffered.peek(2)[:2] != b"\x1f\x8b":
        return cast(BinaryIO, buffered)
    return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, _Gzip(fileobj=buffered)), 1 << 18))


class _Gzip(gzip.GzipFile):
    """Raises FormatError where the data is damaged or breaks off."""

    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FormatError(f"the compressed file is damaged or incomplete: {error}") from error


def lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Lines with their ends; None for one that is too long, which is passed over without being held in memory."""
    while line := stream.readline(LONGEST_LINE + 1):
        if len(line) <= LONGEST_LINE:
            yield line
        else:
            _pass_over(line, stream)
            yield None


def not_utf8(error: UnicodeDecodeError) -> str:
    """Which byte of a line cannot be decoded, counted from 1."""
    return f"byte {error.start + 1} of the line (0x{error.object[error.start]:02x}) is not UTF-8"


def _pass_over(line: bytes, stream: BinaryIO) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(1 << 20)
