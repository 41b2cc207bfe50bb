"""Label Studio tasks: what we write we read, and what is lost is told."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prelabel.formats import label_studio
from prelabel.formats.base import LONGEST_LINE
from tests.formats.label_studio_labels import (
    CONTENT,
    DIALOGUE,
    FIELDS,
    SCHEMA,
    labels,
    read,
    record,
    task,
    write,
)
from tests.formats.samples import schema_of


def choice(option: str, name: str = "topic") -> list[dict[str, Any]]:
    return [{"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": [option]}}]


TOPIC = schema_of(topic=FIELDS["topic"])


@settings(max_examples=25)
@given(labels(), labels())
def test_labels_and_drafts_of_every_kind_are_read_as_they_were_written(label: Any, draft: Any) -> None:
    data, lost = write(record(label, draft=draft, meta={"from": "mail"}))
    [row] = read(data)
    assert row.value is not None
    assert row.value["gold"] == label
    [drafted] = row.value["drafts"]
    assert SCHEMA.normalize(drafted["label"]) == draft
    assert (drafted["model"], drafted["confidence"], row.value["id"]) == ("gpt-x", 0.91, "t1")
    assert row.value["meta"] == {"from": "mail"}
    assert row.lost == ()
    assert lost == {"images: the file only names them": 1}


def test_turns_are_entered_one_by_one_each_with_who_speaks() -> None:
    turns = [{"role": "user", "content": "Why: tell me?"}, {"role": "assistant", "content": "Be\ncause"}]
    data, _ = write(record({"talk": turns}), schema=DIALOGUE)
    assert json.loads(data)[0]["annotations"][0]["result"][0]["value"]["text"][0] == "user: Why: tell me?"
    [row] = read(data, DIALOGUE)
    assert row.value is not None
    assert row.value["gold"] == {"talk": turns}


def test_no_two_results_of_a_file_share_the_id_of_a_region() -> None:
    label = {"topic": "legal"}
    data, _ = write(*(record(label, id=str(number), draft=label) for number in range(20)), schema=TOPIC)
    found = [
        region["id"]
        for one in json.loads(data)
        for part in one["predictions"] + one["annotations"]
        for region in part["result"]
    ]
    assert len(set(found)) == len(found) == 40


def test_an_accepted_draft_is_a_prediction_and_comes_back_as_a_draft_not_as_gold() -> None:
    data, lost = write(record({"topic": "legal"}, source="auto", draft={"topic": "legal"}), schema=TOPIC)
    [row] = read(data, TOPIC)
    assert row.value is not None
    assert "gold" not in row.value
    assert row.value["drafts"][0]["label"] == {"topic": "legal"}
    assert any("that a draft was accepted" in what for what in lost)


def test_gold_is_ground_truth_beside_what_people_say() -> None:
    data, _ = write(record({"topic": "legal"}, gold={"topic": "a/c"}), schema=TOPIC)
    [one] = json.loads(data)
    assert [annotation["ground_truth"] for annotation in one["annotations"]] == [False, True]
    [row] = read(data, TOPIC)
    assert row.value is not None
    assert row.value["gold"] == {"topic": "a/c"}
    assert row.lost == ("annotations beside a ground truth",)


def test_the_file_of_no_records_is_an_empty_list() -> None:
    assert json.loads(write()[0]) == []


@pytest.mark.parametrize(
    ("annotations", "gold", "lost"),
    [
        ([{"result": choice("legal")}, {"result": choice("legal")}], {"topic": "legal"}, ()),
        ([{"result": choice("legal")}, {"result": choice("a/c")}], None, ("annotations that disagree: none of them is gold",)),
        ([{"result": choice("legal"), "was_cancelled": True}], None, ("annotations that were cancelled",)),
        ([{"result": []}], None, ("annotations that are no label of the schema, by their field 'topic'",)),
        ([{"result": choice("no such")}], None, ("annotations that are no label of the schema, by their field 'topic'",)),
        ([], None, ()),
    ],
)  # fmt: skip
def test_annotations_are_gold_where_all_agree(annotations: Any, gold: Any, lost: tuple[str, ...]) -> None:
    [row] = read(json.dumps([{"data": {"text": "x"}, "annotations": annotations}]).encode(), TOPIC)
    assert row.value is not None
    assert (row.value.get("gold"), row.lost) == (gold, lost)


def test_a_control_of_another_name_is_the_one_field_that_can_hold_it() -> None:
    schema = schema_of(topic=FIELDS["topic"], quality=FIELDS["quality"])
    stars = {"from_name": "stars!", "to_name": "t", "type": "rating", "value": {"rating": 4}}
    [row] = read(task([*choice("legal"), stars]), schema)
    assert row.value is not None
    assert row.value["gold"] == {"topic": "legal", "quality": 4}


def test_a_control_that_two_fields_could_hold_is_told_as_lost() -> None:
    schema = schema_of(topic=FIELDS["topic"], animal=FIELDS["animal"])
    [row] = read(task(choice("legal", "label")), schema)
    assert "regions of the control 'label', which is not a field of the schema" in row.lost


@pytest.mark.parametrize("to_name", ["better", "text1", "response_a,response_b"])
def test_a_pairwise_choice_is_read_whatever_it_points_at(to_name: str) -> None:
    region = {"from_name": "better", "to_name": to_name, "type": "pairwise", "value": {"selected": "right"}}
    [row] = read(task([region]), schema_of(better=FIELDS["better"]))
    assert row.value is not None
    assert row.value["gold"] == {"better": "B"}


@pytest.mark.parametrize(
    ("region", "lost"),
    [
        ({"type": "brushlabels", "value": {"rle": []}}, "regions of type 'brushlabels'"),
        ({"type": "rectanglelabels", "value": {"x": 1, "y": 1, "width": 2, "height": 2, "rotation": 7, "rectanglelabels": ["Car"]}}, "boxes that are turned, or on an image that is"),
        ({"type": "rectanglelabels", "value": {"x": 1, "y": 1, "width": 2, "height": 2}}, "boxes without a label"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_over_is_told(region: dict[str, Any], lost: str) -> None:
    schema = schema_of(box=FIELDS["box"])
    [row] = read(task([{"from_name": "box", "to_name": "image"} | region]), schema)
    assert row.value is not None
    assert row.lost == (lost,)
    assert row.value["gold"] == {"box": []}


def test_a_box_in_percent_becomes_a_box_in_shares_of_the_image() -> None:
    value = {
        "x": 4.98,
        "y": 12.82,
        "width": 95.02,
        "height": 44.91,
        "rotation": 0,
        "rectanglelabels": ["Car"],
    }
    region = {"from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": value}
    [row] = read(task([region]), schema_of(box=FIELDS["box"]))
    assert row.value is not None
    assert row.value["gold"]["box"] == [
        {"x": 0.0498, "y": 0.1282, "width": 0.9502, "height": 0.4491, "label": "Car"}
    ]


def test_relations_follow_their_direction() -> None:
    schema = schema_of(ner=FIELDS["ner"], joins=FIELDS["joins"])

    def entity(name: str, start: int, end: int) -> dict[str, Any]:
        return {"id": name, "from_name": "ner", "to_name": "text", "type": "labels", "value": {"start": start, "end": end, "labels": ["ORG"]}}  # fmt: skip

    relation = {"from_id": "s1", "to_id": "s2", "type": "relation", "direction": "left", "labels": ["sued"]}
    [row] = read(task([relation, entity("s1", 0, 4), entity("s2", 10, 13)]), schema)
    assert row.value is not None
    assert row.value["gold"]["joins"] == [
        {"label": "sued", "head": {"start": 10, "end": 13}, "tail": {"start": 0, "end": 4}}
    ]


@pytest.mark.parametrize(
    "data", [b'[{"data": {"a": 1}}, {"data": {"a": 2}}]', b'{"data": {"a": 1}}\n{"a": 2}\n']
)
def test_a_list_and_lines_are_read_alike(data: bytes) -> None:
    assert [row.value for row in read(b"\xef\xbb\xbf \n" + data)] == [
        {"content": {"a": 1}},
        {"content": {"a": 2}},
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (b'{"data": nope}', "not JSON"),
        (b'{"data": {"a": "\\u0000"}}', "NUL"),
        (b'{"data": 7}', "must be an object"),
        (b"7", "a row is a JSON object, not a number"),
        (b'["]"]', "not a list"),
        (b'{"data": {"a": "]}"}, "data": 1}', "stands twice"),
        (b"{" + b" " * LONGEST_LINE + b"}", "longer than 10,000,000 bytes"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_task_is_named_with_its_number_and_the_others_are_kept(entry: bytes, said: str) -> None:
    first, bad, last = read(b'[{"data": {"a": 1}},' + entry + b',\n{"data": {"a": "\\"]"}}]')
    assert (first.value, last.value) == ({"content": {"a": 1}}, {"content": {"a": '"]'}})
    assert said in bad.fault
    assert bad.number == 2


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (b"", "the file breaks off"),
        (b', {"data"', "breaks off in its last entry"),
        (b', {"data": "', "breaks off in its last entry"),
        (b"] x", "something follows"),
    ],
)
def test_a_list_that_does_not_end_well_keeps_its_tasks_and_says_so(ending: bytes, said: str) -> None:
    good, bad = read(b'[{"data": {"a": 1}}' + ending)
    assert good.value == {"content": {"a": 1}}
    assert said in bad.fault


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_reader(data: bytes) -> None:
    for text in (data, b"[" + data, b'[{"data": ' + data + b"}]"):
        assert all(row.value is not None or row.fault for row in read(text))


JSON = st.recursive(
    st.none() | st.integers() | st.sampled_from(["left", "A", "legal", "tie"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["start", "end", "choices", "text", "labels", "x", "rating", "role"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=80)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "id": JSON,
                "from_name": st.sampled_from([*FIELDS, "better-tie", "x"]) | JSON,
                "type": st.sampled_from(["choices", "taxonomy", "labels", "relation", "rating", "textarea", "pairwise", "rectanglelabels", "chatmessage"]) | JSON,
                "value": JSON,
                "labels": JSON,
                "from_id": JSON,
                "to_id": JSON,
                "direction": JSON,
            },
        ),
        max_size=4,
    )
)  # fmt: skip
def test_no_result_however_odd_stops_the_reader(regions: list[dict[str, Any]]) -> None:
    prediction = {"result": regions, "score": 2, "model_version": 7}
    [row] = read(
        json.dumps(
            [{"data": CONTENT, "annotations": [{"result": regions}], "predictions": [prediction]}]
        ).encode()
    )
    assert row.value is not None
    assert "scores that are not from 0 to 1" in row.lost


def test_a_list_of_many_tasks_is_read_in_flat_memory(tmp_path: Path) -> None:
    one = json.dumps({"data": {"text": "x" * 2_000}}).encode()
    path = tmp_path / "many.label_studio.json"
    path.write_bytes(b"[" + b",".join([one] * 10_000) + b"]")
    tracemalloc.start()
    with path.open("rb") as file:
        count = sum(row.value is not None for row in label_studio.read(file, SCHEMA))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 10_000
    assert peak < path.stat().st_size / 10
