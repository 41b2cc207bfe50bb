"""Boxes around what an image shows."""

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, ClassVar, Literal

from pydantic import Field

from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError
from prelabel.kinds.base import Part, json_list, shown
from prelabel.kinds.options import Options

DIGITS = 6
EDGE = 10.0**-DIGITS
"""How far a box may reach over the image's edge: what rounding its numbers does."""
MOST_BOXES = 1_000
SAME_FROM = 0.5
"""Intersection over union from which two boxes of one label are the same; PASCAL VOC's and COCO's AP50 take it too."""
SIDES = ("x", "y", "width", "height")
Box = dict[str, Any]


class Boxes(Options):
    """A value is a list of boxes {"x", "y", "width", "height", "label"}: fractions of the image from its top left corner, 0 to 1.

    `of` is the content field of the image. The image is seen upright, as its EXIF orientation says.
    """

    fewest: ClassVar[int] = 1
    kind: Literal["boxes"] = "boxes"
    of: str = Field(default="image", min_length=1)

    def json_schema(self) -> dict[str, Json]:
        """A list of objects with all five."""
        properties: dict[str, Json] = {name: {"type": "number"} for name in SIDES}
        box = {
            "type": "object",
            "properties": {"label": {"type": "string", "enum": self.values}, **properties},
            "required": ["label", *SIDES],
            "additionalProperties": False,
        }
        return {"type": "array", "items": box}

    def rules(self) -> str:
        """What the numbers are."""
        return (
            f"a list of boxes around what the image in `{self.of}` shows, one for each thing, empty where it shows none; "
            "x and y are the box's left and upper edge, width and height its size, all as fractions of the image's width and "
            "height, from 0 to 1 from its top left corner"
        )

    def images(self) -> tuple[str, ...]:
        """The one that the boxes are on."""
        return (self.of,)

    def validate_value(self, value: Json, path: str) -> None:
        """Only boxes of a positive size within the image are valid."""
        if not isinstance(value, list):
            raise LabelError(path, f"must be a list of boxes, not {shown(value)}")
        if len(value) > MOST_BOXES:
            raise LabelError(path, f"must hold at most {MOST_BOXES:,} boxes, not {len(value):,}")
        for index, box in enumerate(value):
            self._check_box(box, f"{path}.{index}")

    def normalize(self, value: Json) -> Json:
        """Rounded to 6 digits, sorted by place and label, each once."""
        boxes = {canonical(box): box for box in map(_rounded, value)}
        return sorted(boxes.values(), key=lambda box: (*(box[name] for name in SIDES), box["label"]))

    def distance(self, a: Json, b: Json) -> float:
        """1 - F1 of the boxes that match; two empty lists are the same."""
        count = len(self.parts(a)) + len(self.parts(b))
        return 1 - 2 * len(self.matches(a, b)) / count if count else 0.0

    def parts(self, value: Json) -> list[Part]:
        """The boxes: label, and place."""
        return [_part(box) for box in self.normalize(value)]

    def matches(self, a: Json, b: Json) -> dict[Part, float]:
        """Boxes of the same label with an IoU from 0.5 on, as many pairs as there can be, each with its IoU."""
        first, second = self.normalize(a), self.normalize(b)
        return {_part(first[one]): iou(first[one], second[other]) for one, other in _pairs(first, second)}

    def combine(self, votes: Sequence[Json]) -> Json | None:
        """What more than half drew, each edge at the median; None where half drew a box that the other half did not.

        Boxes of different people are of one thing where they match; the order of votes makes no difference.
        """
        things: list[list[Box]] = []
        for vote in sorted(map(self.normalize, votes), key=canonical):
            found = dict(_pairs(vote, [_middle(thing) for thing in things]))
            for index, box in enumerate(vote):
                if index in found:
                    things[found[index]].append(box)
                else:
                    things.append([box])
        if not votes or any(2 * len(thing) == len(votes) for thing in things):
            return None
        return self.normalize([_middle(thing) for thing in things if 2 * len(thing) > len(votes)])

    def mistakes(self, value: Json, content: Mapping[str, Json], rng: Random) -> Iterator[Json]:
        """One box shifted by half of its width and height, or half as large, relabeled, or dropped."""
        boxes = self.normalize(value)
        for index in rng.sample(range(len(boxes)), len(boxes)):
            box, rest = boxes[index], [*boxes[:index], *boxes[index + 1 :]]
            others = [label for label in self.values if label != box["label"]]
            half = {name: max(EDGE, box[name] / 2) for name in ("width", "height")}
            found = [
                [*rest, _shifted(box, rng)],
                [*rest, box | half],
                rest,
                *([*rest, box | {"label": label}] for label in rng.sample(others, len(others))[:1]),
            ]
            yield from rng.sample(found, len(found))

    def parse(self, text: str) -> Json:
        """A JSON list; an empty cell is an empty list."""
        value = json_list(text, "boxes") if text.strip() else []
        self.validate_value(value, "")
        return self.normalize(value)

    def write(self, value: Json) -> str:
        """A JSON list."""
        return json.dumps(value, ensure_ascii=False)

    def _check_box(self, box: Json, path: str) -> None:
        if not isinstance(box, dict) or box.keys() != {*SIDES, "label"}:
            raise LabelError(path, f"must be an object with {', '.join(SIDES)} and label, not {shown(box)}")
        self.check_option(box["label"], f"{path}.label")
        for name in SIDES:
            _check_fraction(box[name], f"{path}.{name}")
        for start, size in (("x", "width"), ("y", "height")):
            if box[size] < EDGE:
                raise LabelError(f"{path}.{size}", f"must be more than 0, not {box[size]:g}")
            if box[start] + box[size] > 1 + EDGE:
                raise LabelError(
                    f"{path}.{size}", f"reaches {box[start] + box[size] - 1:.6f} over the image's edge: "
                    f"{start} + {size} must be at most 1"
                )  # fmt: skip


def _part(box: Box) -> Part:
    return box["label"], canonical([box[name] for name in SIDES])


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    height = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return float(both / (a["width"] * a["height"] + b["width"] * b["height"] - both))


def _pairs(a: Sequence[Box], b: Sequence[Box]) -> list[tuple[int, int]]:
    """Which boxes match which, by index: as many as can be, and of these the pairs that overlap most (Kuhn, 1955).

    Taking the best pair first would leave some unmatched that could be: people draw boxes that overlap each other.
    """
    gains = {
        (first, second): value
        for first, one in enumerate(a)
        for second, other in enumerate(b)
        if one["label"] == other["label"] and (value := iou(one, other)) >= SAME_FROM
    }
    if not gains:
        return []
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    table = np.zeros((len(a), len(b)))
    for pair, value in gains.items():
        table[pair] = len(a) + len(b) + value  # one pair more is worth more than any overlap
    rows, columns = linear_sum_assignment(table, maximize=True)
    found = zip(rows.tolist(), columns.tolist(), strict=True)
    return [pair for pair in found if pair in gains]


def _middle(boxes: Sequence[Box]) -> Box:
    """The box whose edges are the medians."""
    if len(boxes) == 1:
        return boxes[0]
    left, top = (statistics.median(box[name] for box in boxes) for name in ("x", "y"))
    right = statistics.median(box["x"] + box["width"] for box in boxes)
    bottom = statistics.median(box["y"] + box["height"] for box in boxes)
    middle = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    return middle | {"label": boxes[0]["label"]}


def _shifted(box: Box, rng: Random) -> Box:
    """The box half of its width and height away, within the image."""
    found = dict(box)
    for start, size in (("x", "width"), ("y", "height")):
        moved = box[start] + rng.choice((-0.5, 0.5)) * box[size]
        found[start] = min(max(0.0, moved), 1 - box[size])
    return found


def _rounded(box: Box) -> Box:
    x, y = (round(min(box[name], 1 - EDGE), DIGITS) for name in ("x", "y"))
    width = round(min(box["width"], 1 - x), DIGITS)
    height = round(min(box["height"], 1 - y), DIGITS)
    return {"x": x, "y": y, "width": width, "height": height, "label": box["label"]}


def _check_fraction(value: Json, path: str) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:
        raise LabelError(path, f"must be a fraction of the image, from 0 to 1, not {shown(value)}")
