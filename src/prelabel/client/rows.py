"""Rows of a data frame, of a Hugging Face dataset or of a list as JSON lines. Neither library is needed, or loaded, here."""

import base64
import datetime
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from prelabel.canonical import Json
from prelabel.errors import InputError

Names = Mapping[str, Callable[[int], str]]
MISSING = ("NAType", "NaTType")
"""Types of what pandas has where there is no value, beside NaN."""
Rows = Any
"""A `pandas.DataFrame`, a `datasets.Dataset`, or any iterable of mappings: neither library is a dependency, so no type names them."""


def json_lines(data: Rows) -> Iterator[bytes]:
    """A line of JSON for each row, made as it is asked for. Raises InputError at a row that cannot be sent, naming it."""
    names = _class_names(data)
    for number, row in enumerate(_rows(data), 1):
        if not isinstance(row, Mapping):
            raise InputError(f"row {number}: is no object with fields, but {type(row).__name__}")
        yield json.dumps(_sent(number, row, names), ensure_ascii=False).encode() + b"\n"


def _rows(data: Rows) -> Iterable[Any]:
    if isinstance(data, Mapping):
        raise InputError(f"the data are several: choose one of {', '.join(map(str, data))}")
    if hasattr(
        data, "itertuples"
    ):  # a data frame; rows as mappings keep the names of the columns, whatever they are
        columns = [str(name) for name in data.columns]
        return (dict(zip(columns, row, strict=True)) for row in data.itertuples(index=False, name=None))
    if not isinstance(data, Iterable) or isinstance(data, (str, bytes)):
        raise InputError(
            f"rows come from a data frame, a dataset or a list of objects, not {type(data).__name__}"
        )
    return data


def _class_names(data: Rows) -> Names:
    """Columns of a dataset that hold classes by number, with what names them."""
    features = getattr(data, "features", None) or {}
    return {name: one.int2str for name, one in features.items() if hasattr(one, "int2str")}


def _sent(number: int, row: Mapping[Any, Any], names: Names) -> dict[str, Json]:
    """A row without what is missing in it."""
    sent = {}
    for field, value in row.items():
        plain = _plain(value, f"row {number}, {field}")
        if isinstance(plain, int) and field in names:
            plain = (
                names[field](plain) if plain >= 0 else None
            )  # -1: a dataset says that the class is not known
        if plain is not None:
            sent[str(field)] = plain
    return sent


def _plain(value: Any, where: str) -> Json:  # noqa: PLR0911 # one case a line
    """A value as JSON has it."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(one, where) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one, where) for one in value]
    if type(value).__name__ in MISSING:
        return None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (Decimal, Path)):
        return str(value)
    if hasattr(value, "tolist"):  # an array or a number of NumPy
        return _plain(value.tolist(), where)
    if hasattr(value, "save") and hasattr(value, "getbands"):
        return _data_uri(value)
    raise InputError(f"{where}: a value of type {type(value).__name__} cannot be sent: make it text first")


def _data_uri(image: Any) -> str:
    """An image of Pillow as rows have it, without loss."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
