"""Rows that speak of images become examples that refer to them, or bad rows with a reason."""

import base64
from typing import Any

import pytest
from sqlmodel import select

from prelabel import projects
from prelabel.dataset import ImportReport, bring_in
from prelabel.errors import Conflict, InputError
from prelabel.examples.rows import Mapping
from prelabel.formats.base import Row
from prelabel.images import keeping
from prelabel.images.fetching import Fetcher
from prelabel.images.intake import ImageRules
from prelabel.images.reading import Bounds, read
from prelabel.models import Example, Image
from prelabel.schema import LabelSchema
from prelabel.store import Store
from tests.images.making import picture

BOXES = LabelSchema.load("fields: {cells: {kind: boxes, options: [cell]}}")
TOPIC = LabelSchema.load("fields: {topic: [a, b]}")
FILE = read(picture(), Bounds())
BOX = {"x": 0.1, "y": 0.1, "width": 0.5, "height": 0.5, "label": "cell"}


@pytest.fixture
def dataset_id(store: Store) -> int:
    with store.writing() as session:
        projects.define(session, "p", BOXES)
        found = projects.open_dataset(session, projects.find(session, "p"), "d").id or 0
        keeping.keep_named(session, found, "cells/one.png", FILE)
    return found


def take_in(
    store: Store, dataset_id: int, *values: Any, schema: LabelSchema = BOXES, **options: Any
) -> ImportReport:
    rows = [Row(number, value) for number, value in enumerate(values, 1)]
    return bring_in(store, dataset_id, schema, rows, "test", **options)


def contents(store: Store) -> list[dict[str, Any]]:
    with store.reading() as session:
        return [dict(one) for one in session.exec(select(Example.content).order_by(Example.external_id))]


def written_out(data: bytes = FILE.data) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def test_a_name_a_hash_and_the_bytes_themselves_all_lead_to_the_image(store: Store, dataset_id: int) -> None:
    report = take_in(
        store,
        dataset_id,
        {"id": "1", "image": "cells/one.png", "gold": {"cells": [BOX]}},
        {"id": "2", "image": FILE.sha256},
        {"id": "3", "content": {"image": written_out(), "note": "x"}},
        {"id": "4", "image": written_out(picture(shade=1))},
    )
    assert (report.added, report.bad_rows) == (4, [])
    one, two, three, four = contents(store)
    assert one["image"] == {
        "sha256": FILE.sha256, "name": "cells/one.png", "width": 30, "height": 20, "type": "image/png",
    }  # fmt: skip
    assert two["image"]["name"] == f"{FILE.sha256[:12]}.png"
    assert three == {"image": two["image"], "note": "x"}
    assert four["image"]["sha256"] != FILE.sha256
    with store.reading() as session:
        assert len(session.exec(select(Image.sha256)).all()) == 2
        assert keeping.load(session, FILE.sha256) == ("image/png", FILE.data)


def test_a_row_without_its_image_is_bad_and_costs_no_other(store: Store, dataset_id: int) -> None:
    report = take_in(
        store,
        dataset_id,
        {"id": "1", "image": "two.png"},
        {"id": "2", "image": "0" * 64},
        {"id": "3", "text": "x"},
        {"id": "4", "image": 7},
        {"id": "5", "image": "data:image/png;base64,aGVsbG8="},
        {"id": "6", "image": "http://127.0.0.1/x.png"},
        {"id": "7", "image": "cells/one.png"},
    )
    assert report.added == 1
    assert [(bad.row, bad.field) for bad in report.bad_rows] == [(row, "image") for row in range(1, 7)]
    for bad, said in zip(
        report.bad_rows,
        [
            'no image called "two.png" was uploaded',
            "there is no image 000000000000…",
            "is missing: the schema has labels on this image",
            "must be an image's name, its SHA-256, a data: URI or a URL, not 7",
            "no image of a known type",
            "images are not fetched from other servers",
        ],
        strict=True,
    ):
        assert said in bad.reason


def test_where_fetching_is_allowed_an_address_of_this_machine_is_refused(
    store: Store, dataset_id: int
) -> None:
    report = take_in(store, dataset_id, {"image": "http://127.0.0.1:1/x.png"}, images=ImageRules(fetch=True))
    assert "127.0.0.1 is at 127.0.0.1, which is not a public address" in report.bad_rows[0].reason


def test_what_is_fetched_is_kept_and_called_as_the_url_ends(
    store: Store, dataset_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fetcher, "fetch", lambda *_: FILE.data)
    take_in(store, dataset_id, {"image": "https://a.example/b/cell.png?x=/y"}, images=ImageRules(fetch=True))
    assert contents(store)[0]["image"]["name"] == "cell.png"


def test_what_was_exported_comes_in_again_under_any_schema(store: Store, dataset_id: int) -> None:
    reference = keeping.reference(FILE.sha256, FILE.type, FILE.width, FILE.height, "a.png")
    lost = reference | {"sha256": "1" * 64}
    rows = [{"id": "1", "content": {"photo": reference | {"width": 9}}}, {"id": "2", "photo": lost}]
    report = take_in(store, dataset_id, *rows, schema=TOPIC)
    assert [(bad.row, bad.field) for bad in report.bad_rows] == [(2, "photo")]
    assert contents(store) == [{"photo": reference}]


def test_a_field_may_be_said_to_be_an_image_and_else_stays_text(store: Store, dataset_id: int) -> None:
    row = {"image": "cells/one.png", "text": "x"}
    take_in(store, dataset_id, row, {"text": "no image"}, schema=TOPIC, mapping=Mapping(image="image"))
    take_in(store, dataset_id, {"image": "docker.io/redis"}, schema=TOPIC)
    found = contents(store)
    assert {FILE.sha256} == {one["image"]["sha256"] for one in found if isinstance(one.get("image"), dict)}
    assert {"image": "docker.io/redis"} in found


def test_rows_stay_in_their_order_across_many(store: Store, dataset_id: int) -> None:
    rows = [
        {"id": f"{number:04}", "image": "cells/one.png" if number % 3 else "none.png", "text": str(number)}
        for number in range(250)
    ]
    report = take_in(store, dataset_id, *rows)
    assert report.added == 166
    assert [bad.row for bad in report.bad_rows] == [number + 1 for number in range(250) if not number % 3]


def test_a_name_is_that_of_one_image_for_good(store: Store, dataset_id: int) -> None:
    with store.writing() as session:
        keeping.keep_named(session, dataset_id, "cells/one.png", FILE)
    with pytest.raises(Conflict, match="another image of this dataset"), store.writing() as session:
        keeping.keep_named(session, dataset_id, "cells/one.png", read(picture(shade=3), Bounds()))
    with pytest.raises(InputError, match="from 1 to 200"), store.writing() as session:
        keeping.keep_named(session, dataset_id, " ", FILE)
