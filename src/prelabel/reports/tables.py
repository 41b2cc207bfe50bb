"""Figures as a table that a spreadsheet reads."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from prelabel.formats.csv_ import cell


def as_csv(rows: Sequence[BaseModel], kind: type[BaseModel]) -> str:
    """A header and a line for each row; what is nested gets columns of its own, as `accuracy.low`. Formulas are defused."""
    columns = [name for field in kind.model_fields for name in _columns(kind, field)]
    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\r\n")
    out.writerow(columns)
    for row in rows:
        flat = _flat(row.model_dump(mode="json"))
        out.writerow([cell(flat.get(name)) for name in columns])
    return buffer.getvalue()


def _columns(kind: type[BaseModel], field: str) -> list[str]:
    inner = kind.model_fields[field].annotation
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return [f"{field}.{name}" for name in inner.model_fields]
    return [field]


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            found.update({f"{name}.{inner}": one for inner, one in value.items()})
        else:
            found[name] = value
    return found
