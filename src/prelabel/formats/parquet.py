"""Parquet, for pandas, DuckDB, Spark and `datasets`: a typed column for all that is known of an example.

Needs the extra `prelabel[parquet]`.
"""

import io
import json
import math
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date, time
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

from prelabel.canonical import Json, canonical
from prelabel.errors import FormatError
from prelabel.formats.base import Record, Row, WriteOptions, unpacked
from prelabel.formats.fields import is_talk
from prelabel.kinds.base import Kind, keepable
from prelabel.kinds.preference import Preference
from prelabel.schema import LabelSchema

SUFFIX = "parquet"
ENDINGS = ("parquet",)
KINDS = None
NEEDS_CONTENT_FIELDS = True
REQUIRES = ("pyarrow", "parquet")
ROWS = 2_000
"""Rows of a row group: what is in memory at once."""
_IN_MEMORY = 1 << 24
_JSON = {b"json": b"1"}
"""Metadata of a column whose texts are JSON."""


class _Unkept(Exception):
    """Why a value cannot be kept."""


def read(stream: BinaryIO, _schema: LabelSchema) -> Iterator[Row]:
    """The rows, each an object of its columns without those that are null. Raises FormatError.

    The file is kept in a temporary one first, because a Parquet file is read from its end.
    """
    import pyarrow
    import pyarrow.parquet

    number = 0
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as kept:
        shutil.copyfileobj(unpacked(stream), kept)
        kept.seek(0)
        try:
            file = pyarrow.parquet.ParquetFile(kept)
            fields = list(file.schema_arrow)
            for batch in file.iter_batches(ROWS):
                for values in batch.to_pylist():
                    number += 1
                    yield _row(number, values, fields)
        except (pyarrow.ArrowException, OSError) as error:
            if not number:
                raise FormatError(f"not a Parquet file, or a damaged one: {error}") from error
            yield Row(number + 1, None, f"the file is damaged from here on: {error}")


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A row for each record; `content` and `label` are structs with a column for each field, `meta` is JSON."""
    import pyarrow
    import pyarrow.parquet

    schema = pyarrow.schema(_columns(options))
    sink, coming = _Sink(), iter(records)
    with pyarrow.parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        while group := list(islice(coming, ROWS)):
            rows = [{field.name: _fit(record[field.name], field) for field in schema} for record in group]
            writer.write_table(pyarrow.Table.from_pylist(rows, schema))
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that is handed on as it is written."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._chunks.append(bytes(data))
        self._size += len(self._chunks[-1])
        return len(self._chunks[-1])

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        """What was written since the last time."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)


def _columns(options: WriteOptions) -> list[Any]:
    import pyarrow as pa

    content = pa.struct([_typed(name, kind) for name, kind in options.content_fields.items()])
    label = pa.struct([_field(name, kind) for name, kind in options.schema.fields.items()])
    types = {
        "id": pa.string(),
        "content": content,
        "label": label,
        "draft": label,
        "gold": label,
        "confidence": pa.float64(),
    }
    names = (
        "id",
        "content",
        "label",
        "source",
        "status",
        "reason",
        "confidence",
        "draft",
        "model",
        "prompt",
        "reviewer",
        "gold",
    )
    extras = {"weight": pa.float64(), "split": pa.string()}
    return [
        *(pa.field(name, types.get(name, pa.string())) for name in names),
        pa.field("meta", pa.string(), metadata=_JSON),
        *(pa.field(name, extras[name]) for name in options.extras),
    ]


def _typed(name: str, type_name: str) -> Any:
    """The column of a content field whose values are all of one of TYPES."""
    import pyarrow as pa

    types = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    if type_name in types:
        return pa.field(name, types[type_name])
    return pa.field(name, pa.string(), metadata=_JSON)


def _field(name: str, kind: Kind) -> Any:
    """The column of a label's field; JSON for kinds that are not known here."""
    import pyarrow as pa

    place = {"start": pa.int64(), "end": pa.int64()}
    listed = {
        "choices": pa.string(),
        "spans": _struct(place | {"label": pa.string()}),
        "relations": _struct({"label": pa.string(), "head": _struct(place), "tail": _struct(place)}),
        "boxes": _struct(dict.fromkeys(("x", "y", "width", "height"), pa.float64()) | {"label": pa.string()}),
    }
    plain = {
        "choice": pa.string(),
        "rating": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "text": pa.string(),
    }
    plain["preference"] = pa.string()
    if kind.kind in listed:
        return pa.field(name, pa.list_(listed[kind.kind]))
    if is_talk(kind):
        return pa.field(name, pa.list_(_struct({"role": pa.string(), "content": pa.string()})))
    if isinstance(kind, Preference) and kind.strength:
        return pa.field(name, _struct({"preferred": pa.string(), "strength": pa.int64()}))
    if kind.kind in plain:
        return pa.field(name, plain[kind.kind])
    return pa.field(name, pa.string(), metadata=_JSON)


def _struct(types: dict[str, Any]) -> Any:
    import pyarrow as pa

    return pa.struct(list(types.items()))


def _is_json(field: Any) -> bool:
    return bool(field.metadata and field.metadata.get(b"json") == b"1")


def _fit(value: Json, field: Any) -> Json:
    """A value as its column takes it: JSON where the column is of JSON, at whatever depth."""
    import pyarrow as pa

    if value is None:
        return None
    if _is_json(field):
        return canonical(value)
    if pa.types.is_struct(field.type) and isinstance(value, dict):
        return {inner.name: _fit(value.get(inner.name), inner) for inner in field.type}
    return value


def _row(number: int, values: dict[str, Any], fields: list[Any]) -> Row:
    lost: list[str] = []
    value: dict[str, Json] = {}
    for field in fields:
        try:
            found = _read(values[field.name], field, lost)
        except _Unkept as fault:
            return Row(number, None, str(fault), field.name)
        if found is not None:
            value[field.name] = found
    if isinstance(value.get("content"), dict):
        value["content"] = {name: inner for name, inner in value["content"].items() if inner is not None}
    return Row(number, value, lost=tuple(dict.fromkeys(lost)))


def _read(value: Any, field: Any, lost: list[str]) -> Json:
    """The JSON that a value of this column means."""
    import pyarrow as pa

    if value is None:
        return None
    if _is_json(field):
        try:
            return json.loads(value)
        except (ValueError, TypeError, RecursionError) as error:
            raise _Unkept(f"is said to be JSON, but is not: {error}") from error
    if pa.types.is_struct(field.type):
        return {inner.name: _read(value[inner.name], inner, lost) for inner in field.type}
    return _plain(value, lost)


def _plain(value: Any, lost: list[str]) -> Json:
    if isinstance(value, bytes):
        lost.append("binary values")
        return None
    if isinstance(value, dict):
        return {str(name): _plain(inner, lost) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, lost) for inner in value]
    return _scalar(value)


def _scalar(value: Any) -> Json:
    if isinstance(value, str):
        try:
            return keepable(value)
        except ValueError as error:
            raise _Unkept(f"a text {error}") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise _Unkept(f"{value} cannot be kept")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value if isinstance(value, bool | int | float) or value is None else str(value)
