"""COCO object detection: boxes in pixels, as one JSON document of images, categories and annotations.

Format data: https://cocodataset.org/#format-data; results: https://cocodataset.org/#format-results.
"""

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, BinaryIO

from prelabel.canonical import Json
from prelabel.errors import FormatError
from prelabel.formats import document, pixels
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import Found, Misfit, Named, count_lost, extras, first, rows_of, take, whole
from prelabel.kinds.boxes import Boxes
from prelabel.schema import LabelSchema

SUFFIX = "coco.json"
ENDINGS = ("coco.json",)
KINDS = ("boxes",)
IN_MEMORY = 1 << 20
_HEAD = '{"info": {"description": "labels of Prelabel"}, "licenses": [], "categories": %s, "images": ['
_TABLES = """
CREATE TABLE image (number INTEGER PRIMARY KEY, id TEXT UNIQUE, body TEXT);
CREATE TABLE box (image TEXT, body TEXT);
"""


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The images, each with its boxes: as gold, or as a draft where a box has a "score" or stands under "results".

    An image without boxes has gold only where our own "labeled" says so. The document is read once, in any order of its parts, into a temporary file. Raises FormatError.
    """
    field = _field(schema)
    with closing(
        sqlite3.connect("", isolation_level=None)
    ) as kept:  # "": a file that is gone when it is closed
        kept.executescript(_TABLES + "BEGIN")
        categories = _keep(stream, kept)
        kept.execute("CREATE INDEX box_image ON box (image)")
        rows = (
            Row(number, {"image": json.loads(body), "boxes": _boxes(kept, image)})
            for number, image, body in kept.execute("SELECT number, id, body FROM image ORDER BY number")
        )
        yield from rows_of(rows, lambda row: _found(row, schema, field, categories))


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """One document; the annotations wait in a temporary file until all images are written."""
    field = _field(options.schema)
    categories = {value: number for number, value in enumerate(field.kind.values, 1)}
    listed = [{"id": number, "name": value, "supercategory": ""} for value, number in categories.items()]
    yield (_HEAD % json.dumps(listed, ensure_ascii=False)).encode()
    number = 0
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as waiting:
        for image_id, record in enumerate(records, 1):
            yield (
                (b"" if image_id == 1 else b",")
                + b"\n"
                + _json(_image(image_id, record, field.kind.of, options))
            )
            count_lost(record, [field.name], options, "COCO")
            for annotation in _annotations(image_id, record, field, categories, options):
                waiting.write(
                    (b",\n" if number else b"\n") + _json({"id": (number := number + 1)} | annotation)
                )
        yield b'\n], "annotations": ['
        waiting.seek(0)
        yield from iter(lambda: waiting.read(document.CHUNK), b"")
    yield b"\n]}\n"


def _field(schema: LabelSchema) -> Named[Boxes]:
    field = first(schema, Boxes)
    if field is None:
        raise FormatError("COCO holds boxes, but the schema has no field of this kind")
    return field


def _image(image_id: int, record: Record, of: str, options: WriteOptions) -> dict[str, Json]:
    image = record["content"].get(of)
    for key in record["content"].keys() - {of}:
        options.lost[f"content field {key!r}: COCO's images have no room for it"] += 1
    size = pixels.size(image)
    sides = {"width": _whole(size[0]), "height": _whole(size[1])} if size else {}
    about = {"id": image_id, "file_name": pixels.file_name(image), **sides}
    return about | {"example": record["id"], "labeled": record["label"] is not None} | extras(record, options)


def _annotations(
    image_id: int, record: Record, field: Named[Boxes], categories: dict[str, int], options: WriteOptions
) -> Iterator[dict[str, Json]]:
    """The boxes of a label; where there is none, those of the draft with their score, as COCO's results have it."""
    label, score = record["label"], {}
    if label is None and record["draft"] is not None:
        label, score = record["draft"], {"score": record["confidence"]}
    boxes = (label or {}).get(field.name)
    size = pixels.size(record["content"].get(field.kind.of))
    if boxes and size is None:
        options.lost["boxes of an image whose size is not known"] += 1
    for box in boxes or [] if size else []:
        sides = pixels.as_list(box, size or (1, 1))
        yield {
            "image_id": image_id,
            "category_id": categories[box["label"]],
            "bbox": sides,
            "area": sides[2] * sides[3],
            "segmentation": [],
            "iscrowd": 0,
            **score,
        }


def _keep(stream: BinaryIO, kept: sqlite3.Connection) -> dict[str, str]:
    """Images and boxes into the tables; returns the categories' names by id."""
    categories: dict[str, str] = {}
    insert = {
        "images": "INSERT INTO image (id, body) VALUES (?, ?)",
        "annotations": "INSERT INTO box VALUES (?, ?)",
    }
    insert["results"] = insert["annotations"]
    try:
        for number, (part, item) in enumerate(document.pieces(stream)):
            if part == "":
                raise FormatError(
                    'a list of COCO results does not say how large the images are: add it as "results" to the document'
                    " that has their images and categories"
                )
            if part == "categories":
                categories[_id(item, "id", number)] = take(item, "name", str, "categories")
            elif part in insert:
                kept.execute(
                    insert[part],
                    (_id(item, "id" if part == "images" else "image_id", number), json.dumps(item)),
                )
    except Misfit as fault:
        raise FormatError(f"not a COCO document: {fault.field} {fault.reason}") from fault
    except sqlite3.IntegrityError as error:
        raise FormatError(
            f"not a COCO document: an image's id stands twice ({_id(item, 'id', 0)})"
        ) from error
    return categories


def _id(item: Json, name: str, number: int) -> str:
    if not isinstance(item, dict):
        raise Misfit("must be an object", f"item {number}")
    return str(take(item, name, (int, str)))


def _boxes(kept: sqlite3.Connection, image: str) -> list[dict[str, Json]]:
    return [
        json.loads(body)
        for (body,) in kept.execute("SELECT body FROM box WHERE image = ? ORDER BY rowid", (image,))
    ]


def _found(
    row: dict[str, Json], schema: LabelSchema, field: Named[Boxes], categories: dict[str, str]
) -> Found:
    image: dict[str, Any] = row["image"]
    content: dict[str, Json] = {field.kind.of: take(image, "file_name", str)}
    found = Found(content, id=str(image.get("example") or image["id"]))
    size = pixels.size(image)
    if row["boxes"] and size is None:
        found.lost.append("boxes of an image whose width and height the file does not say")
        return found
    sure, scored, scores = _sorted_out(row["boxes"], size or (1, 1), categories, found.lost)
    if sure or image.get("labeled") is True:
        found.gold = whole({field.name: pixels.ordered(sure)}, content, schema, found.lost)
    if scored:
        draft = whole({field.name: pixels.ordered(scored)}, content, schema, found.lost)
        found.drafts = [{"model": "coco", "label": draft, "confidence": min(scores)}] if draft else []
    return found


def _sorted_out(
    boxes: list[dict[str, Json]], size: pixels.Size, categories: dict[str, str], lost: list[str]
) -> tuple[list[dict[str, Json]], list[dict[str, Json]], list[float]]:
    """The boxes without a score, those with one, and the scores. Raises Misfit."""
    sure: list[dict[str, Json]] = []
    scored: list[dict[str, Json]] = []
    scores: list[float] = []
    for index, box in enumerate(boxes):
        path = f"annotations.{index}"
        label = categories.get(str(box.get("category_id")))
        if label is None:
            raise Misfit(f"{box.get('category_id')!r} is no category of the document", f"{path}.category_id")
        if box.get("iscrowd"):
            lost.append("a crowd of objects (iscrowd), which is no box")
            continue
        if box.get("segmentation"):
            lost.append("the outline of an object (segmentation): only its box is kept")
        made = pixels.from_list(box.get("bbox"), size, label, f"{path}.bbox")
        if box.get("score") is None:
            sure.append(made)
        else:
            scored.append(made)
            scores.append(take(box, "score", (int, float), path))
    return sure, scored, scores


def _whole(side: float) -> float:
    return int(side) if side.is_integer() else side


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
