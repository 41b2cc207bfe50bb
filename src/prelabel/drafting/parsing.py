"""From the text of a model's answer to a label that fits the schema. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.schema import LabelSchema


def parse_answer(
    schema: LabelSchema, text: str, content: Mapping[str, Json], states: bool
) -> tuple[dict[str, Json], dict[str, float]]:
    """The normalized label of a model's answer about this content, and the confidences by field that applies where it `states` them.

    Raises LabelError where it is not JSON, not an object, does not fit the schema, or states no usable confidence.
    """
    answer = _json_object(text)
    if "label" not in answer:
        raise LabelError("label", "is missing from the answer")
    label = schema.read_answer(answer["label"], content)
    if not states:
        return label, {}
    stated = answer.get("confidence")
    if not isinstance(stated, dict):
        raise LabelError("confidence", "is missing from the answer")
    applying = schema.applying(label)
    return label, {name: _probability(stated.get(name), f"confidence.{name}") for name in applying}


def _json_object(text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabelError("", f"the answer is not JSON ({error})") from error
    if not isinstance(answer, dict):
        raise LabelError("", "the answer is not a JSON object")
    return answer


def _probability(value: Json, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise LabelError(path, f"must be a number from 0 to 1, not {json.dumps(value)[:40]}")
    return float(value)
