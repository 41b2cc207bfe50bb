"""From the regions of a Label Studio result to a label."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.formats.label_studio.controls import STRENGTH, TIE
from prelabel.kinds import Kind
from prelabel.kinds.boxes import Boxes
from prelabel.kinds.choice import Choice
from prelabel.kinds.choices import Choices
from prelabel.kinds.preference import Preference
from prelabel.kinds.relations import Relations
from prelabel.kinds.spans import Spans
from prelabel.kinds.text import Text
from prelabel.schema import LabelSchema

FARTHEST = 1e6
"""Percents beyond this are left as they are, for the check to refuse: a whole number may be too large to be divided."""
ROLES = ("user", "assistant", "system")
HOLDS = {
    "choices": ("choice", "choices", "boolean", "rating"),
    "taxonomy": ("choice", "choices"),
    "rating": ("rating", "number"),
    "number": ("number", "rating"),
    "textarea": ("text",),
    "chatmessage": ("text",),
    "labels": ("spans", "relations"),
    "hypertextlabels": ("spans", "relations"),
    "rectanglelabels": ("boxes",),
    "pairwise": ("preference",),
}
"""The kinds of field that regions of each type can be values of."""


def field_name(name: str) -> str:
    """A control's name as a field may be called."""
    bare = re.sub(r"\W", "_", name, flags=re.ASCII)[:64]
    return bare if re.match(r"[A-Za-z_]", bare) else f"_{bare}"[:64]


class Results:
    """Reads results under one schema; names of controls that are no fields are given to the one field that can hold them."""

    def __init__(self, schema: LabelSchema) -> None:
        self._schema = schema
        self._inferred: dict[str, str] = {}

    def label(self, result: Json, lost: set[str]) -> dict[str, Json]:
        """What the regions mean, not checked: fields in the schema's order, None where there is no region.

        What could not be carried over is added to `lost`.
        """
        regions = (
            [region for region in result if isinstance(region, dict)] if isinstance(result, list) else []
        )
        by_field: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for region in regions:
            if region.get("type") != "relation" and (name := self._field_of(region, lost)):
                by_field[name].append(region)
        label = {name: _read(kind, by_field[name], lost) for name, kind in self._schema.fields.items()}
        for name, relation in self._relations(regions, by_field, lost):
            label[name] = [*(label[name] or []), relation]
        for name in self._schema.fields:
            if label[name] == [] and not self._schema.applies(name, label):
                label[name] = None
        return label

    def _field_of(self, region: Mapping[str, Any], lost: set[str]) -> str | None:
        name, kind_of_region = str(region.get("from_name")), str(region.get("type"))
        if kind_of_region not in HOLDS:
            lost.add(f"regions of type {kind_of_region!r}")
            return None
        if (
            "choices" in str(kind_of_region)
            and isinstance(region.get("value"), dict)
            and region["value"].keys() & {"start", "x"}
        ):
            lost.add("choices that were made for one region instead of for the example")
            return None
        bare = name.removesuffix(TIE).removesuffix(STRENGTH)
        for field in (bare, field_name(bare)):
            if field in self._schema.fields:
                return field
        if name not in self._inferred and (inferred := self._infer(kind_of_region)):
            self._inferred[name] = inferred
        if name not in self._inferred:
            lost.add(f"regions of the control {name!r}, which is not a field of the schema")
        return self._inferred.get(name)

    def _infer(self, kind_of_region: str) -> str | None:
        """The one field that can hold such regions, if there is one and no other control has it already."""
        fitting = [name for name, kind in self._schema.fields.items() if kind.kind in HOLDS[kind_of_region]]
        return fitting[0] if len(fitting) == 1 and fitting[0] not in self._inferred.values() else None

    def _relations(
        self,
        regions: Iterable[Mapping[str, Any]],
        by_field: Mapping[str, list[Mapping[str, Any]]],
        lost: set[str],
    ) -> Iterator[tuple[str, dict[str, Json]]]:
        ends = {
            str(region.get("id")): (name, {"start": value.get("start"), "end": value.get("end")})
            for name, some in by_field.items()
            for region in some
            if (value := _value(region)).keys() >= {"start", "end"}
        }
        for region in regions:
            if region.get("type") != "relation":
                continue
            head, tail = (ends.get(str(region.get(end))) for end in ("from_id", "to_id"))
            labels = region.get("labels")
            if head is None or tail is None:
                lost.add("relations between regions that are no spans")
            elif not isinstance(labels, list) or not labels:
                lost.add("relations without a label")
            else:
                for label in labels:
                    if name := self._relation_field(head[0], label):
                        yield from ((name, one) for one in _directed(region, label, head[1], tail[1]))
                    else:
                        lost.add(f"relations {label!r}, which no field of the schema has")

    def _relation_field(self, spans_field: str, label: Json) -> str | None:
        for name, kind in self._schema.fields.items():
            if not isinstance(kind, Relations) or (kind.between or name) != spans_field:
                continue
            if name == spans_field or label in kind.values:
                return name
        return None


def _directed(
    region: Mapping[str, Any], label: Json, head: Mapping[str, Json], tail: Mapping[str, Json]
) -> Iterator[dict[str, Json]]:
    direction = region.get("direction", "right")
    if direction in ("right", "bi"):
        yield {"label": label, "head": dict(head), "tail": dict(tail)}
    if direction in ("left", "bi"):
        yield {"label": label, "head": dict(tail), "tail": dict(head)}


def _value(region: Mapping[str, Any]) -> dict[str, Any]:
    value = region.get("value")
    return value if isinstance(value, dict) else {}


def _read(kind: Kind, regions: list[Mapping[str, Any]], lost: set[str]) -> Json:
    """The value that a field's regions mean."""
    none: Json = None if kind.optional else []
    if isinstance(kind, Spans | Boxes):
        parts = _spans if isinstance(kind, Spans) else _boxes
        return [part for region in regions for part in parts(region, lost)] or none
    if isinstance(kind, Preference):
        return _preference(kind, regions)
    if isinstance(kind, Text):
        return _text(kind, [text for region in regions for text in _texts(region)], lost)
    if isinstance(kind, Relations):
        return none  # they are no regions of their own: what joins two of them
    said = [one for region in regions for one in _said(region)]
    if isinstance(kind, Choices):
        return said or none
    read = [_parsed(kind, one) for one in said]
    return read[0] if len(read) == 1 else read or None


def _said(region: Mapping[str, Any]) -> list[Json]:
    """What was chosen or entered, as texts and numbers."""
    value = _value(region)
    if isinstance(paths := value.get("taxonomy"), list):
        return ["/".join(map(str, path)) if isinstance(path, list) else path for path in paths]
    chosen = value.get("choices", value.get("rating", value.get("number")))
    if isinstance(chosen, list):
        return chosen
    return [] if chosen is None else [chosen]


def _parsed(kind: Kind, said: Json) -> Json:
    """Words for a boolean, a rating or a number as what they mean; what cannot be read stays, for the check to refuse."""
    if isinstance(kind, Choice) or not isinstance(said, str):
        return said
    try:
        return kind.parse(said)
    except LabelError:
        return said


def _texts(region: Mapping[str, Any]) -> list[Json]:
    value = _value(region)
    if isinstance(message := value.get("chatmessage"), dict):
        return [{"role": message.get("role"), "content": message.get("content")}]
    text = value.get("text")
    return text if isinstance(text, list) else [] if text is None else [text]


def _text(kind: Text, texts: list[Json], lost: set[str]) -> Json:
    if kind.turns:
        return [_turn(text) for text in texts] or None
    if any(not isinstance(text, str) for text in texts):
        lost.add("who spoke in a chat, as the field takes plain text")
        texts = [text.get("content") if isinstance(text, dict) else text for text in texts]
    if len(texts) > 1 and all(isinstance(text, str) for text in texts):
        lost.add("that a text was entered in several parts: they are joined by line breaks")
        return "\n".join(texts)
    return texts[0] if texts else None


def _turn(text: Json) -> Json:
    if not isinstance(text, str):
        return text
    role, colon, content = text.partition(": ")
    return (
        {"role": role, "content": content} if colon and role in ROLES else {"role": ROLES[1], "content": text}
    )


def _spans(region: Mapping[str, Any], lost: set[str]) -> Iterator[dict[str, Json]]:
    value = _value(region)
    labels = value.get("labels", value.get("hypertextlabels"))
    if "startOffset" in value or region.get("type") == "hypertextlabels":
        lost.add("spans in HTML: their places are paths in the page and no offsets in the text")
    elif not isinstance(labels, list) or not labels:
        lost.add("spans without a label")
    else:
        quoted = {"text": value["text"]} if isinstance(value.get("text"), str) else {}
        for label in labels:
            yield {"start": value.get("start"), "end": value.get("end"), "label": label} | quoted


def _boxes(region: Mapping[str, Any], lost: set[str]) -> Iterator[dict[str, Json]]:
    value = _value(region)
    labels = value.get("rectanglelabels")
    if value.get("rotation") or region.get("image_rotation"):
        lost.add("boxes that are turned, or on an image that is")
    elif not isinstance(labels, list) or not labels:
        lost.add("boxes without a label")
    else:
        for label in labels:
            yield _fractions(value) | {"label": label}


def _fractions(value: Mapping[str, Any]) -> dict[str, Json]:
    """Percents as fractions; a far edge that rounding has moved beyond the image is moved back."""
    box: dict[str, Any] = {name: _share(value.get(name)) for name in ("x", "y", "width", "height")}
    for start, size in (("x", "width"), ("y", "height")):
        are_numbers = isinstance(box[start], float) and isinstance(box[size], float)
        if are_numbers and 1 < box[start] + box[size] < 1.00001:
            box[size] = round(1 - box[start], 6)
    return box


def _share(percent: Json) -> Json:
    is_number = isinstance(percent, int | float) and not isinstance(percent, bool)
    return round(percent / 100, 6) if is_number and abs(percent) <= FARTHEST else percent


def _preference(kind: Preference, regions: list[Mapping[str, Any]]) -> Json:
    preferred, strength = None, None
    for region in regions:
        value = _value(region)
        if isinstance(value.get("selected"), str):
            preferred = {"left": "A", "right": "B"}.get(value["selected"], value["selected"])
        elif value.get("choices") == ["tie"]:
            preferred = "tie"
        elif "rating" in value:
            strength = value["rating"]
    if not kind.strength or preferred is None:
        return preferred
    return {"preferred": preferred, "strength": 0 if preferred == "tie" else strength}
