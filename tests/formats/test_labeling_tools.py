"""Files as other labeling tools write them: what is taken from them, what of them is lost, and what they get from us."""

import io
import json
from typing import Any

import pytest

from prelabel import formats
from prelabel.canonical import Json
from prelabel.errors import FormatError
from prelabel.formats.base import WriteOptions
from prelabel.schema import LabelSchema
from tests.formats.samples import IMAGE, kind, read, record, row, schema, write

TOPIC = schema({"topic": kind("choice", options=["pos", "neg"])})
ENTITIES = schema({"entities": kind("spans", options=["ORG", "MISC"])})
LINKED = schema(
    {
        "entities": kind("spans", options=["ORG", "DATE"]),
        "links": kind("relations", options=["foundedAt", "ownedBy"], between="entities"),
    }
)
THINGS = schema({"things": kind("boxes", options=["cat", "dog"])})
ACME = [{"start": 0, "end": 4, "label": "ORG"}]


@pytest.mark.parametrize(
    ("made", "line", "gold"),
    [
        (TOPIC, {"text": "Terrible service.", "label": ["neg"]}, {"topic": "neg"}),
        (ENTITIES, {"text": "Acme sued Bob.", "label": [[0, 4, "ORG"]]}, {"entities": ACME}),
        (
            ENTITIES,
            {
                "text": "Acme sued",
                "entities": [{"id": 7, "start_offset": 0, "end_offset": 4, "label": "ORG"}],
            },
            {"entities": ACME},
        ),
        (
            LINKED,
            {
                "text": "Google 1998",
                "entities": [
                    {"id": 5, "start_offset": 0, "end_offset": 6, "label": "ORG"},
                    {"id": 9, "start_offset": 7, "end_offset": 11, "label": "DATE"},
                ],
                "relations": [{"from_id": 5, "to_id": 9, "type": "foundedAt"}],
            },
            {
                "entities": [
                    {"start": 0, "end": 6, "label": "ORG"},
                    {"start": 7, "end": 11, "label": "DATE"},
                ],
                "links": [
                    {"label": "foundedAt", "head": {"start": 0, "end": 6}, "tail": {"start": 7, "end": 11}}
                ],
            },
        ),
    ],
)
def test_every_shape_of_doccano_is_read(made: LabelSchema, line: Json, gold: Json) -> None:
    value, lost = row("doccano", made, line | {"source": "mail", "Comments": []})
    assert (value["gold"], lost) == (gold, ())
    assert value["content"] == {"text": line["text"], "source": "mail"}


def test_doccano_boxes_are_pixels_and_of_no_use_without_the_size_of_the_image() -> None:
    line = {"filename": "cat.png", "bbox": [{"x": 60, "y": 0, "width": 300, "height": 40.3, "label": "cat"}]}
    value, lost = row("doccano", THINGS, line)
    assert ("gold" in value, lost) == (
        False,
        ("boxes of an image whose width and height the file does not say",),
    )
    value, _ = row("doccano", THINGS, line | {"width": 600, "height": 403})
    assert value["gold"] == {"things": [{"x": 0.1, "y": 0.0, "width": 0.5, "height": 0.1, "label": "cat"}]}


def test_a_broken_doccano_line_is_a_bad_row_that_names_the_place() -> None:
    bad, good = read(
        "doccano", ENTITIES, {"text": "Acme", "label": [[0, "x", "ORG"]]}, {"text": "Acme", "label": []}
    )
    assert (bad.value, bad.field) == (None, "entities.0.end")
    assert "whole number" in bad.fault
    assert (good.value or {})["gold"] == {"entities": []}


def test_several_classes_in_doccano_are_no_gold_of_a_schema_that_has_room_for_one() -> None:
    value, lost = row("doccano", TOPIC, {"text": "x", "label": ["pos", "neg"]})
    assert "gold" not in value
    assert lost == ("several labels in one example, where the schema has room for one",)


def test_what_doccano_has_no_place_for_is_counted() -> None:
    made = schema({"topic": kind("choice", options=["pos", "neg"]), "why": kind("text")})
    label = {"topic": "pos", "why": "because"}
    lines, lost = write(
        "doccano",
        made,
        record({"text": "x"}, label),
        record({"text": "y"}, label),
        record({"text": "z"}, None, draft=label),
    )
    assert [line.get("label") for line in lines] == [["pos"], ["pos"], None]
    assert lost == {
        "field 'why' (text): doccano has no place for it here": 2,
        "draft of an example without a label": 1,
    }


NESTED = {
    "id": "doc-1",
    "fields": {"text": "Acme sued"},
    "metadata": {"source": "a"},
    "suggestions": {"topic": {"value": "pos", "score": 0.9, "agent": "gpt-x"}},
    "responses": {"topic": [{"value": "neg", "user_id": "u1", "status": "submitted"}]},
    "status": "completed",
}


def test_a_nested_argilla_record_is_content_gold_and_draft() -> None:
    value, lost = row("argilla", TOPIC, NESTED)
    assert value == {
        "id": "doc-1",
        "content": {"text": "Acme sued"},
        "gold": {"topic": "neg"},
        "meta": {"source": "a"},
        "drafts": [{"model": "gpt-x", "label": {"topic": "pos"}, "confidence": 0.9}],
    }
    assert lost == ()


def test_a_flattened_argilla_record_says_the_same() -> None:
    flat = {
        "id": "doc-1", "status": "completed", "_server_id": "s", "text": "Acme sued", "topic.suggestion": "pos",
        "topic.suggestion.score": 0.9, "topic.suggestion.agent": "gpt-x", "topic.responses": ["neg", "pos"],
        "topic.responses.users": ["u1", "u2"], "topic.responses.status": ["submitted", "draft"],
    }  # fmt: skip
    value, lost = row("argilla", TOPIC, flat)
    nested, _ = row("argilla", TOPIC, NESTED)
    assert {key: value[key] for key in ("content", "gold", "drafts")} == {
        key: nested[key] for key in ("content", "gold", "drafts")
    }
    assert lost == ("responses that are drafts or were discarded",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"responses": {"topic": [{"value": value, "status": "submitted"} for value in ("pos", "neg")]}},
            "responses that do not agree on 'topic'",
        ),
        (
            {"responses": {"topic": [{"value": "pos"}]}, "status": "pending"},
            "responses of a pending record that do not say whether they are submitted",
        ),
        (
            {"responses": {"tpoic": [{"value": "pos"}]}},
            "responses to 'tpoic', which is no field of the schema",
        ),
    ],
)
def test_argilla_responses_that_are_no_truth_are_lost_and_said_so(change: dict[str, Json], said: str) -> None:
    value, lost = row("argilla", TOPIC, NESTED | change)
    assert ("gold" in value, lost) == (False, (said,))


def test_a_list_as_argilla_writes_it_is_read_as_well_as_lines() -> None:
    rows = list(formats.reader("argilla")(io.BytesIO(json.dumps([NESTED, 7, NESTED]).encode()), TOPIC))
    assert [row.number for row in rows if row.value] == [1, 3]
    assert rows[1].fault == "a record is a JSON object"


def test_prodigy_answers_decide_between_gold_draft_and_nothing() -> None:
    task = {"text": "Acme sued", "spans": ACME, "meta": {"score": 0.7}, "_task_hash": 1}
    accepted, rejected, open_ = read(
        "prodigy", ENTITIES, task | {"answer": "accept"}, task | {"answer": "reject"}, task
    )
    assert (accepted.value or {})["gold"] == {"entities": ACME}
    assert rejected.lost == ("tasks that were answered by 'reject'",)
    assert (open_.value or {})["drafts"] == [
        {"model": "prodigy", "label": {"entities": ACME}, "confidence": 0.7}
    ]
    assert all((one.value or {})["content"] == {"text": "Acme sued"} for one in (accepted, rejected, open_))


def test_prodigy_relations_are_between_the_spans_around_their_tokens() -> None:
    task = {
        "text": "Google 1998",
        "tokens": [
            {"id": 0, "start": 0, "end": 6, "text": "Google"},
            {"id": 1, "start": 7, "end": 11, "text": "1998"},
        ],
        "spans": [{"start": 0, "end": 6, "label": "ORG"}, {"start": 7, "end": 11, "label": "DATE"}],
        "relations": [{"head": 0, "child": 1, "label": "foundedAt"}],
        "answer": "accept",
    }
    value, _ = row("prodigy", LINKED, task)
    assert value["gold"]["links"] == [
        {"label": "foundedAt", "head": {"start": 0, "end": 6}, "tail": {"start": 7, "end": 11}}
    ]


COCO: dict[str, Any] = {
    "info": {},
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [60, 0, 300, 40.3], "iscrowd": 0},
        {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 1, 1], "iscrowd": 1},
        {"id": 3, "image_id": 9, "category_id": 4, "bbox": [0, 0, 300, 403], "score": 0.5},
        {"id": 4, "image_id": 9, "category_id": 3, "bbox": [300, 0, 300, 403], "score": 0.8},
    ],
    "images": [{"id": 7, "file_name": "a.jpg", "width": 600, "height": 403}, {"id": 9, "file_name": "b.jpg", "width": 600, "height": 403}],
    "categories": [{"id": 3, "name": "cat"}, {"id": 4, "name": "dog"}],
}  # fmt: skip


def test_coco_boxes_are_gold_and_those_with_a_score_a_draft_whatever_the_order_of_the_document() -> None:
    first, second = read("coco", THINGS, COCO)
    assert first.value == {
        "id": "7",
        "content": {"image": "a.jpg"},
        "gold": {"things": [{"x": 0.1, "y": 0.0, "width": 0.5, "height": 0.1, "label": "cat"}]},
    }
    assert first.lost == ("a crowd of objects (iscrowd), which is no box",)
    assert (second.value or {})["drafts"] == [
        {
            "model": "coco",
            "label": {
                "things": [
                    {"x": 0.0, "y": 0.0, "width": 0.5, "height": 1.0, "label": "dog"},
                    {"x": 0.5, "y": 0.0, "width": 0.5, "height": 1.0, "label": "cat"},
                ]
            },
            "confidence": 0.5,
        }
    ]


def test_coco_results_are_drafts_where_their_images_stand_in_the_same_document() -> None:
    results = [one for one in COCO["annotations"] if "score" in one]
    _, second = read("coco", THINGS, COCO | {"annotations": [], "results": results})
    assert (second.value or {})["drafts"][0]["confidence"] == 0.5
    with pytest.raises(FormatError, match="does not say how large the images are"):
        read("coco", THINGS, results)


def test_an_image_of_coco_without_its_size_is_kept_without_its_boxes() -> None:
    images = [{"id": 7, "file_name": "a.jpg"}]
    value, lost = row("coco", THINGS, COCO | {"images": images})
    assert (value["content"], "gold" in value) == ({"image": "a.jpg"}, False)
    assert "width and height the file does not say" in lost[0]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ('{"images": [{"id": 1}, {"id": 1}]}', "stands twice"),
        ('{"images": [{"id": 1}', "damaged"),
        ('{"images": [{"file_name": "x"}]}', "id is missing"),
        ('{"images": []} 8', "goes on after its end"),
        ("7", "begins with a brace"),
        ('{"images": [NaN]}', "NaN is not JSON"),
    ],
)
def test_a_document_that_is_no_coco_is_refused_with_a_sentence(document: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        list(formats.reader("coco")(io.BytesIO(document.encode()), THINGS))


def test_boxes_of_an_image_of_unknown_size_are_lost_and_said_so() -> None:
    label = {"things": [{"x": 0.1, "y": 0, "width": 0.5, "height": 0.1, "label": "cat"}]}
    rows = [record({"image": {"name": "a.png"}}, label), record({"image": IMAGE}, label)]
    options = WriteOptions(THINGS)
    document = json.loads(b"".join(formats.writer("coco")(rows, options)))
    assert [(one["image_id"], one["bbox"]) for one in document["annotations"]] == [(2, [60, 0, 300, 40.3])]
    assert options.lost == {"boxes of an image whose size is not known": 1}
