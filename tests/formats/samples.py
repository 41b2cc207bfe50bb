"""Schemas of every kind, and records of labels, for the tests of formats."""

from collections.abc import Mapping
from typing import Any

from prelabel.canonical import Json
from prelabel.kinds import Kind, known
from prelabel.schema import LabelSchema


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
