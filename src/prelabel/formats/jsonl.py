"""JSON Lines: one JSON object a line. Our own export is this, and comes in again as it went out."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from prelabel.canonical import Json
from prelabel.errors import FormatError
from prelabel.formats.base import LONGEST_LINE, Record, Row, WriteOptions, lines, not_utf8, unpacked
from prelabel.kinds.base import keepable, shown
from prelabel.schema import LabelSchema

SUFFIX = "jsonl"
ENDINGS = ("jsonl", "ndjson")
KINDS = None
_BOM = b"\xef\xbb\xbf"


class JsonFault(Exception):
    """Why a line is not a row, and in which of its fields."""

    def __init__(self, reason: str, field: str = "") -> None:
        self.reason = reason
        self.field = field
        super().__init__(reason, field)


def read(stream: BinaryIO, _schema: LabelSchema) -> Iterator[Row]:
    """The lines of the file; blank ones are passed over but counted, and so is the certificate that an export ends with."""
    number = 0
    try:
        for number, line in enumerate(lines(unpacked(stream)), 1):  # used below
            text = line.removeprefix(_BOM) if line and number == 1 else line
            if text is None or text.strip():
                row = _row(number, text)
                if not is_certificate(row.value):
                    yield row
    except FormatError as damage:
        yield Row(number + 1, None, str(damage))


def write(records: Iterable[Record], _options: WriteOptions) -> Iterator[bytes]:
    """A line for each record, with all that is known of the example."""
    for record in records:
        yield json.dumps(record, ensure_ascii=False, separators=(", ", ": ")).encode() + b"\n"


def is_certificate(value: dict[str, Json] | None) -> bool:
    """Whether a line is no example but the certificate of all others."""
    return value is not None and value.keys() == {"certificate"} and isinstance(value["certificate"], dict)


def _row(number: int, line: bytes | None) -> Row:
    try:
        return Row(number, object_in(line))
    except JsonFault as fault:
        return Row(number, None, fault.reason, fault.field)


def object_in(line: bytes | None) -> dict[str, Json]:
    """The JSON object that this text is, holding only what every database can keep. Raises JsonFault; None: it was too long."""
    if line is None:
        raise JsonFault(f"the line is longer than {LONGEST_LINE:,} bytes")
    value = _decoded(line)
    if not isinstance(value, dict):
        raise JsonFault(f"a row is a JSON object, not a {_KINDS[type(value)]}")
    if b"\\u0000" in line or b"\\ud" in line.lower():  # what cannot be kept comes only as an escape
        _check_fields(value)
    return value


def _decoded(line: bytes) -> Json:
    try:
        return JSON.decode(line.decode())
    except UnicodeDecodeError as error:
        raise JsonFault(not_utf8(error)) from error
    except json.JSONDecodeError as error:
        raise JsonFault(f"not JSON: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise JsonFault("the JSON is nested too deeply") from error
    except ValueError as error:  # Python's limit, as the time to convert grows with their square
        raise JsonFault("a whole number has more than 4,300 digits") from error


def _check_fields(row: dict[str, Json]) -> None:
    for name, value in row.items():
        try:
            check_texts(name)
        except ValueError as error:
            raise JsonFault(f"the name of a field {error}") from error
        try:
            check_texts(value)
        except ValueError as error:
            raise JsonFault(f"a text {error}", name) from error


def check_texts(value: Json) -> None:
    """Raise ValueError where a text in the value is one that not every database can keep."""
    if isinstance(value, str):
        keepable(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_texts(name)
            check_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            check_texts(inner)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(again, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise JsonFault(f"{shown(again)} stands twice in one object")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise JsonFault(f"the number {shown(digits)} is too large to be kept")
    return number


def _no_constant(name: str) -> None:
    raise JsonFault(f"{name} is not JSON and cannot be kept")


JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
"""Reads JSON, and raises JsonFault at what is more than JSON: a name that stands twice, NaN, a number too large."""
_KINDS = {str: "text", int: "number", float: "number", bool: "boolean", list: "list", type(None): "null"}
