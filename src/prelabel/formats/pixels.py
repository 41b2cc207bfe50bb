"""Boxes in pixels, as other tools have them, and as shares of the image, as labels here have them."""

from collections.abc import Mapping
from typing import Any

from prelabel.canonical import Json
from prelabel.formats.fields import Misfit, take

DIGITS = 6
"""Decimals of a share: a thousandth of a pixel in an image of a thousand."""
Size = tuple[float, float]
_SIDES = ("x", "y", "width", "height")


def file_name(image: Json) -> str:
    """What the image's file is called."""
    return (
        str(image.get("name") or image.get("sha256") or "") if isinstance(image, dict) else str(image or "")
    )


def size(image: Json) -> Size | None:
    """Width and height in pixels, where they are known."""
    if not isinstance(image, dict):
        return None
    sides = [image.get(side) for side in ("width", "height")]
    if any(isinstance(side, bool) or not isinstance(side, int | float) or side <= 0 for side in sides):
        return None
    return float(sides[0]), float(sides[1])  # type: ignore[arg-type] # checked above


def as_object(box: Mapping[str, Any], size: Size) -> dict[str, float]:
    """The sides of a box in pixels, by name."""
    return {side: round(box[side] * size[index % 2], DIGITS + 2) for index, side in enumerate(_SIDES)}


def as_list(box: Mapping[str, Any], size: Size) -> list[float]:
    """[x, y, width, height] in pixels."""
    return list(as_object(box, size).values())


def from_object(found: Mapping[str, Json], size: Size, path: str) -> dict[str, Json]:
    """A box of ours from an object of its sides in pixels and its label. Raises Misfit."""
    sides = {
        side: round(take(found, side, (int, float), path) / size[index % 2], DIGITS)
        for index, side in enumerate(_SIDES)
    }
    return sides | {"label": take(found, "label", str, path)}


def from_list(found: Json, size: Size, label: str, path: str) -> dict[str, Json]:
    """A box of ours from [x, y, width, height] in pixels. Raises Misfit."""
    if not isinstance(found, list) or len(found) != len(_SIDES):
        raise Misfit("must be [x, y, width, height]", path)
    return from_object({"label": label, **dict(zip(_SIDES, found, strict=True))}, size, path)


def ordered(boxes: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """In the order in which a label has them, each once."""
    found = {tuple(box[side] for side in (*_SIDES, "label")): box for box in boxes}
    return [found[key] for key in sorted(found)]
