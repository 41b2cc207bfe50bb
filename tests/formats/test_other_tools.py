"""Files as other tools write them: what is taken from them, what of them is lost, and what they get from us."""

import io
import json
from typing import Any

import pytest

from prelabel import formats
from prelabel.canonical import Json
from prelabel.errors import FormatError
from prelabel.formats.base import Row, WriteOptions
from prelabel.schema import LabelSchema
from tests.formats.samples import kind, record, schema
from tests.formats.test_round_trips import IMAGE, need

TOPIC = schema({"topic": kind("choice", options=["pos", "neg"])})
ENTITIES = schema({"entities": kind("spans", options=["ORG", "MISC"])})
LINKED = schema(
    {
        "entities": kind("spans", options=["ORG", "DATE"]),
        "links": kind("relations", options=["foundedAt", "ownedBy"], between="entities"),
    }
)
THINGS = schema({"things": kind("boxes", options=["cat", "dog"])})
BETTER = schema({"better": kind("preference")})
ACME = [{"start": 0, "end": 4, "label": "ORG"}]


def read(name: str, made: LabelSchema, *rows: Json) -> list[Row]:
    need(name)
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return list(formats.reader(name)(io.BytesIO(data), made))


def row(name: str, made: LabelSchema, value: Json) -> tuple[dict[str, Json], tuple[str, ...]]:
    [found] = read(name, made, value)
    assert found.value is not None, found.fault
    return found.value, found.lost


def write(name: str, made: LabelSchema, *records: Any, **options: Any) -> tuple[list[Any], dict[str, int]]:
    need(name)
    settings = WriteOptions(made, **options)
    data = b"".join(formats.writer(name)(records, settings))
    return [json.loads(line) for line in data.splitlines()], dict(settings.lost)


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


def test_messages_hold_guidelines_content_and_the_label_as_it_was_asked_for() -> None:
    made = schema(dict(TOPIC.fields), guidelines="Sort it.")
    [line], _ = write("messages", made, record({"text": "Fine."}, {"topic": "pos"}))
    assert line == {
        "messages": [
            {"role": "system", "content": "Sort it."},
            {"role": "user", "content": "Fine."},
            {"role": "assistant", "content": "pos"},
        ]
    }
    [line], _ = write("messages-anthropic", made, record({"text": "Fine."}, {"topic": "pos"}))
    assert line["system"] == "Sort it."
    assert [turn["role"] for turn in line["messages"]] == ["user", "assistant"]


def test_a_conversation_to_label_keeps_its_turns() -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "Go"},
    ]
    [line], _ = write("messages", TOPIC, record({"chat": turns}, {"topic": "neg"}))
    assert line["messages"] == [*turns, {"role": "assistant", "content": "neg"}]


def test_anthropic_takes_no_weight_and_no_conversation_that_the_assistant_begins() -> None:
    turns = [{"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Go"}]
    rows = [
        record({"chat": turns}, {"topic": "neg"}, weight=1.0),
        record({"text": "x"}, {"topic": "pos"}, weight=0.5),
    ]
    lines, lost = write("messages-anthropic", TOPIC, *rows, extras=("weight",))
    assert [set(line) for line in lines] == [{"messages"}]
    assert lost == {
        "conversation that does not begin with the user and end with the assistant": 1,
        "weight: Anthropic allows no other keys": 1,
    }


def test_an_answer_that_is_no_label_is_content_without_gold() -> None:
    messages = [{"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A cat."}]
    value, lost = row("messages", TOPIC, {"messages": messages})
    assert value == {"content": {"text": "What is it?"}}
    assert lost == ("last message of the assistant: it is no label of the schema",)


PAIR = {"prompt": "p", "response_a": "yes", "response_b": "no"}


def test_a_tie_has_no_place_in_preference_pairs() -> None:
    rows = [record(PAIR, {"better": better}) for better in ("A", "B", "tie")]
    lines, lost = write("preference", BETTER, *rows)
    assert lines == [
        {"prompt": "p", "chosen": "yes", "rejected": "no"},
        {"prompt": "p", "chosen": "no", "rejected": "yes"},
    ]
    assert lost == {"tie: neither response was chosen": 1}
    [line], _ = write("preference-openai", BETTER, rows[0])
    assert line == {
        "input": {"messages": [{"role": "user", "content": "p"}], "tools": [], "parallel_tool_calls": True},
        "preferred_output": [{"role": "assistant", "content": "yes"}],
        "non_preferred_output": [{"role": "assistant", "content": "no"}],
    }


def test_which_side_a_chosen_response_gets_says_nothing_of_its_being_chosen() -> None:
    rows = read(
        "preference",
        BETTER,
        *({"prompt": "p", "chosen": f"{n} yes", "rejected": f"{n} no"} for n in range(200)),
    )
    first = sum((row.value or {})["gold"]["better"] == "A" for row in rows)
    assert 70 < first < 130


def test_alpaca_calls_the_response_output() -> None:
    [line], _ = write("alpaca", TOPIC, record({"text": "x"}, {"topic": "pos"}))
    assert line == {"instruction": "", "input": "x", "output": "pos"}
    value, _ = row("alpaca", TOPIC, {"instruction": "Sort it.", "input": "x", "output": "pos"})
    assert value == {"content": {"instruction": "Sort it.", "input": "x"}, "gold": {"topic": "pos"}}


def test_boxes_of_an_image_of_unknown_size_are_lost_and_said_so() -> None:
    label = {"things": [{"x": 0.1, "y": 0, "width": 0.5, "height": 0.1, "label": "cat"}]}
    rows = [record({"image": {"name": "a.png"}}, label), record({"image": IMAGE}, label)]
    options = WriteOptions(THINGS)
    document = json.loads(b"".join(formats.writer("coco")(rows, options)))
    assert [(one["image_id"], one["bbox"]) for one in document["annotations"]] == [(2, [60, 0, 300, 40.3])]
    assert options.lost == {"boxes of an image whose size is not known": 1}


def test_a_format_that_can_hold_nothing_of_a_schema_is_refused_beforehand() -> None:
    with pytest.raises(FormatError, match="'coco' holds boxes, but the schema has only choice"):
        formats.check_holds("coco", TOPIC)


def test_a_format_whose_library_is_not_installed_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FormatError, match=r"needs pyarrow.*pip install 'prelabel\[parquet\]'"):
        formats.reader("parquet")


def test_csv_takes_our_own_export_apart_again_formulas_and_all() -> None:
    contents = [{"text": "=1+1", "from": "x"}, {"text": "'=1", "note": "a, b"}, {"text": "'plain"}]
    fields = dict.fromkeys(("text", "from", "note"), "text")
    rows = [record(content, {"topic": "pos"}, weight=0.5) for content in contents]
    options = WriteOptions(TOPIC, fields, ("weight",))
    data = b"".join(formats.writer("csv")(rows, options))
    found = [row.value for row in formats.reader("csv")(io.BytesIO(data), TOPIC)]
    assert found == [{"id": "e1", "content": content, "label": {"topic": "pos"}} for content in contents]
