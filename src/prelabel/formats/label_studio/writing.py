"""From a label to the regions of a Label Studio result."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.formats.label_studio.controls import FREE_SPAN, NO, STRENGTH, TIE, YES, Control, parts_of
from prelabel.kinds import Kind
from prelabel.kinds.boolean import Boolean
from prelabel.kinds.boxes import Boxes
from prelabel.kinds.marks import Marks
from prelabel.kinds.preference import Preference
from prelabel.kinds.relations import Relations
from prelabel.kinds.spans import Spans
from prelabel.schema import Label, LabelSchema

Region = dict[str, Any]
Ends = tuple[str, int, int]
"""A span as relations point at it: its field, start and end."""


@dataclass
class Result:
    """Builds one `result`. Region ids come from `seed`, which must name this result among all of a file."""

    schema: LabelSchema
    content: Mapping[str, Json]
    controls: Mapping[str, Control]
    seed: str
    lost: Counter[str] = field(default_factory=Counter)
    _regions: list[Region] = field(default_factory=list)
    _spans: dict[Ends, str] = field(default_factory=dict)

    def of(self, label: Label) -> list[Region]:
        """The regions that mean the label; fields without a value have none."""
        last = sorted(self.schema.fields.items(), key=lambda item: isinstance(item[1], Relations))
        for name, kind in last:  # relations point at regions, which have to be there before
            if label.get(name) is not None:
                self._write(name, kind, label[name])
        return self._regions

    def _write(self, name: str, kind: Kind, value: Json) -> None:
        if isinstance(kind, Relations):
            self._relations(name, kind, value)
            return
        control = self.controls.get(name)
        if control is None:
            self.lost[f"the field {name!r}, for which there is no control"] += 1
        elif isinstance(kind, Spans):
            for span in value:
                self._span(control, name, kind, span, span["label"])
        elif isinstance(kind, Boxes):
            for box in value:
                self._add(control, _box(box), self._size(kind))
        elif isinstance(kind, Preference):
            self._preference(name, value)
        else:
            self._add(control, self._plain(control, kind, value))

    def _plain(self, control: Control, kind: Kind, value: Json) -> dict[str, Json]:
        """The value of a region that is about the whole example."""
        if control.tag == "Rating":
            return {"rating": value}
        if control.tag == "Number":
            return {"number": value}
        if control.tag == "TextArea":
            return {"text": list(_texts(value))}
        said = [_offered(control, kind, one) for one in (value if isinstance(value, list) else [value])]
        return (
            {"taxonomy": [parts_of(one) for one in said]} if control.tag == "Taxonomy" else {"choices": said}
        )

    def _add(self, control: Control, value: dict[str, Json], more: Mapping[str, Json] | None = None) -> str:
        region = {"id": self._id(), "from_name": control.name, "to_name": control.to[0], "type": control.type}
        self._regions.append(region | dict(more or {}) | {"value": value})
        return str(region["id"])

    def _id(self) -> str:
        return blake2b(f"{self.seed}/{len(self._regions)}".encode(), digest_size=6).hexdigest()

    def _span(self, control: Control, name: str, kind: Marks, span: Mapping[str, Json], label: str) -> str:
        text = self.content.get(kind.of)
        start, end = span["start"], span["end"]
        quoted = {"text": text[start:end]} if isinstance(text, str) else {}
        region_id = self._add(control, {"start": start, "end": end, **quoted, "labels": [label]})
        return self._spans.setdefault((name, start, end), region_id)

    def _size(self, kind: Boxes) -> dict[str, Json]:
        image = self.content.get(kind.of)
        if not isinstance(image, dict) or not {"width", "height"} <= image.keys():
            return {"image_rotation": 0}
        return {"original_width": image["width"], "original_height": image["height"], "image_rotation": 0}

    def _preference(self, name: str, value: Json) -> None:
        preferred = value["preferred"] if isinstance(value, dict) else value
        sides = {"A": "left", "B": "right"}
        if preferred in sides:
            self._add(self.controls[name], {"selected": sides[preferred]})
        elif tie := self.controls.get(name + TIE):
            self._add(tie, {"choices": ["tie"]})
        else:
            self.lost["ties, for which the label config has no control"] += 1
        if isinstance(value, dict) and preferred in sides:
            if strength := self.controls.get(name + STRENGTH):
                self._add(strength, {"rating": value["strength"]})
            else:
                self.lost["strengths of preferences, for which the label config has no control"] += 1

    def _relations(self, name: str, kind: Relations, value: Json) -> None:
        for relation in value:
            ends = [self._end(name, kind, relation[end]) for end in ("head", "tail")]
            if None in ends:
                self.lost[f"relations of {name!r} whose ends are no spans that the file holds"] += 1
                continue
            self._regions.append(
                {
                    "from_id": ends[0],
                    "to_id": ends[1],
                    "type": "relation",
                    "direction": "right",
                    "labels": [relation["label"]],
                }
            )

    def _end(self, name: str, kind: Relations, span: Mapping[str, Json]) -> str | None:
        """The id of the region that a relation ends at; one without a field of its own is made here."""
        known = self._spans.get((kind.between or name, span["start"], span["end"]))
        if known or kind.between or name not in self.controls:
            return known
        return self._span(self.controls[name], name, kind, span, FREE_SPAN)


def _box(box: Mapping[str, Json]) -> dict[str, Json]:
    """A box in percents of the image."""
    percent = {name: round(100 * box[name], 6) for name in ("x", "y", "width", "height")}
    return {**percent, "rotation": 0, "rectanglelabels": [box["label"]]}


def _texts(value: Json) -> Iterator[str]:
    """A text, or turns as one text each that begins with who speaks."""
    if isinstance(value, str):
        yield value
    else:
        yield from (f"{turn['role']}: {turn['content']}" for turn in value)


def _offered(control: Control, kind: Kind, value: Json) -> str:
    """How the control says this value; a boolean may be put into any words that mean it."""
    if not isinstance(kind, Boolean):
        return str(value)
    for offered in control.values:
        try:
            if kind.parse(offered.name) == value:
                return offered.name
        except LabelError:
            continue
    return YES if value else NO
