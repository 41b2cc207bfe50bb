"""Schemas of every kind, records of labels, and files of them, for the tests of formats."""

import io
import json
from collections.abc import Mapping
from typing import Any

from prelabel import formats
from prelabel.canonical import Json
from prelabel.errors import FormatError
from prelabel.formats.base import Row, WriteOptions
from prelabel.kinds import Kind, known
from prelabel.schema import LabelSchema
from tests.conftest import skip_at_home

IMAGE = {"sha256": "0" * 64, "name": "cat.png", "width": 600, "height": 403, "type": "image/png"}


def kind(name: str, **settings: Any) -> Kind:
    """A field of this kind."""
    return known()[name].model_validate(settings)


def schema(fields: Mapping[str, Kind], guidelines: str = "") -> LabelSchema:
    """A schema of these fields."""
    return LabelSchema(guidelines=guidelines, fields=dict(fields))


def schema_of(**fields: dict[str, Any]) -> LabelSchema:
    """A schema of these fields, each as a document has it."""
    return LabelSchema.model_validate({"fields": fields})


def record(content: Json, label: Json, **parts: Any) -> dict[str, Any]:
    """A record as an export has it."""
    return {
        "id": "e1", "content": content, "label": label, "source": label and "review", "status": "settled", "reason": None,
        "confidence": 0.9, "draft": None, "model": "m", "prompt": "abc", "reviewer": "rita", "gold": None, "meta": None,
    } | parts  # fmt: skip


def need(name: str) -> None:
    """Skip where the format's library is not installed."""
    module = formats.known()[name]
    if hasattr(module, "REQUIRES"):
        try:
            formats.reader(name)
        except FormatError as error:
            skip_at_home(str(error))


def read(name: str, made: LabelSchema, *rows: Json) -> list[Row]:
    """What a format reads of a file with these lines."""
    need(name)
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return list(formats.reader(name)(io.BytesIO(data), made))


def row(name: str, made: LabelSchema, value: Json) -> tuple[dict[str, Json], tuple[str, ...]]:
    """What a format reads of one line, and what of it is lost."""
    [found] = read(name, made, value)
    assert found.value is not None, found.fault
    return found.value, found.lost


def write(name: str, made: LabelSchema, *records: Any, **options: Any) -> tuple[list[Any], dict[str, int]]:
    """The lines that a format writes of these records, and what of them is lost."""
    need(name)
    settings = WriteOptions(made, **options)
    data = b"".join(formats.writer(name)(records, settings))
    return [json.loads(line) for line in data.splitlines()], dict(settings.lost)
