"""A label of any kind that a format can hold comes back from its file as it was."""

import gzip
import io
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prelabel import formats
from prelabel.canonical import Json
from prelabel.errors import FormatError
from prelabel.formats.base import WriteOptions
from prelabel.schema import LabelSchema
from tests.formats.samples import IMAGE, kind, need, record, schema

OWN = ("jsonl", "csv", "parquet")
OPTIONS = ["a", "b", "c d"]
TREE, LEAVES = (
    [{"value": "animal", "options": ["dog", "cat"]}, "plant"],
    ["animal/dog", "animal/cat", "plant"],
)
WORDS = st.lists(st.text("abcdeäßЖ日", min_size=1, max_size=6), min_size=2, max_size=8)
KEEPABLE = st.characters(codec="utf-8", exclude_characters="\0")


@dataclass(frozen=True)
class Case:
    """A schema, and how to draw a content and a label of it."""

    name: str
    schema: LabelSchema
    drawn: st.SearchStrategy[tuple[dict[str, Json], dict[str, Json]]]

    @property
    def kinds(self) -> set[str]:
        return {kind.kind for kind in self.schema.fields.values()}


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, list[dict[str, Json]]]:
    """A text of words, and spans of whole words that do not overlap."""
    words = draw(WORDS)
    ends = sorted(draw(st.sets(st.integers(0, len(words)), max_size=6)))
    starts = [sum(len(word) + 1 for word in words[:index]) for index in range(len(words) + 1)]
    found = [
        {"start": starts[first], "end": starts[last] - 1, "label": draw(st.sampled_from(OPTIONS))}
        for first, last in zip(ends[::2], ends[1::2], strict=False)
    ]
    return " ".join(words), found


@st.composite
def related(draw: st.DrawFn, is_free: bool) -> tuple[dict[str, Json], dict[str, Json]]:
    text, entities = draw(spans())
    ends = [{"start": one["start"], "end": one["end"]} for one in entities]
    pairs = [(head, tail) for head in ends for tail in ends if head != tail]
    chosen = draw(st.lists(st.sampled_from(pairs), unique_by=str, max_size=3)) if pairs else []
    links = [{"label": draw(st.sampled_from(OPTIONS)), "head": head, "tail": tail} for head, tail in chosen]
    label = {"links": links} if is_free else {"entities": entities, "links": links}
    return {"text": text}, label


def single(name: str, values: st.SearchStrategy[Any], **options: Any) -> Case:
    """A schema of one field over a plain text."""
    made = schema({"x": kind(name, **options)})
    return Case(
        name + "".join(f"-{key}" for key, value in options.items() if value is True or key == "strength"),
        made,
        st.tuples(
            st.text(KEEPABLE, min_size=1, max_size=30).filter(str.strip).map(lambda text: {"text": text}),
            values.map(lambda value: made.normalize({"x": value})),
        ),
    )


SIDES = st.fixed_dictionaries(
    {name: st.text("abc ", min_size=1).filter(str.strip) for name in ("prompt", "response_a", "response_b")}
)
SHARE = st.integers(0, 500_000).map(lambda number: number / 1_000_000)
BOX = st.fixed_dictionaries(
    {
        "x": SHARE,
        "y": SHARE,
        "width": SHARE.filter(bool),
        "height": SHARE.filter(bool),
        "label": st.sampled_from(OPTIONS),
    }
)


def preferences(name: str, values: st.SearchStrategy[Any], **options: Any) -> Case:
    made = schema({"better": kind("preference", **options)})
    return Case(name, made, st.tuples(SIDES, values.map(lambda value: {"better": value})))


def ordered(boxes: list[dict[str, Json]]) -> dict[str, Json]:
    return {
        "things": sorted(
            boxes, key=lambda box: [box[side] for side in ("x", "y", "width", "height", "label")]
        )
    }


CASES = [
    single("choice", st.sampled_from(OPTIONS), options=OPTIONS),
    single("choices", st.lists(st.sampled_from(OPTIONS), unique=True), options=OPTIONS),
    single("rating", st.integers(1, 5)),
    single("number", st.floats(-1e6, 1e6) | st.integers(-(2**50), 2**50)),
    single("boolean", st.booleans()),
    single("text", st.text(KEEPABLE, min_size=1).filter(lambda text: text.strip() and not text.isspace())),
    Case(
        "several",
        schema({"topic": kind("choice", options=OPTIONS), "stars": kind("rating"), "why": kind("text")}),
        st.tuples(
            st.just({"text": "x"}),
            st.fixed_dictionaries({"topic": st.sampled_from(OPTIONS), "stars": st.integers(1, 5), "why": st.just("yes, no")}),
        ),
    ),
    Case(
        "spans", schema({"entities": kind("spans", options=OPTIONS)}),
        spans().map(lambda drawn: ({"text": drawn[0]}, {"entities": drawn[1]})),
    ),
    Case(
        "spans-overlapping", schema({"entities": kind("spans", options=OPTIONS, overlapping=True)}),
        spans().map(lambda drawn: ({"text": drawn[0]}, {"entities": drawn[1]})),
    ),
    Case(
        "spans-and-choice", schema({"topic": kind("choice", options=OPTIONS), "entities": kind("spans", options=OPTIONS)}),
        st.tuples(spans(), st.sampled_from(OPTIONS)).map(
            lambda drawn: ({"text": drawn[0][0]}, {"topic": drawn[1], "entities": drawn[0][1]})
        ),
    ),
    Case(
        "relations",
        schema({"entities": kind("spans", options=OPTIONS), "links": kind("relations", options=OPTIONS, between="entities")}),
        related(is_free=False),
    ),
    Case("relations-free", schema({"links": kind("relations", options=OPTIONS)}), related(is_free=True)),
    preferences("preference", st.sampled_from(["A", "B", "tie"])),
    preferences(
        "preference-strength",
        st.tuples(st.sampled_from("AB"), st.integers(1, 3)).map(lambda drawn: {"preferred": drawn[0], "strength": drawn[1]}),
        strength=3,
    ),
    Case(
        "boxes", schema({"things": kind("boxes", options=OPTIONS)}),
        st.lists(BOX, max_size=3, unique_by=str).map(lambda boxes: ({"image": IMAGE}, ordered(boxes))),
    ),
]  # fmt: skip
CASES += [
    replace(single("choice", st.sampled_from(LEAVES), options=TREE), name="choice-tree"),
    replace(single("choices", st.lists(st.sampled_from(LEAVES), unique=True), options=TREE), name="choices-tree"),
    Case(
        "boxes-tree", schema({"things": kind("boxes", options=TREE)}),
        st.lists(st.builds(lambda box, label: box | {"label": label}, BOX, st.sampled_from(LEAVES)), max_size=3, unique_by=str).map(
            lambda boxes: ({"image": IMAGE}, ordered(boxes))
        ),
    ),
]  # fmt: skip
TURNS = st.lists(st.text("abc", min_size=1), min_size=1, max_size=4).map(
    lambda said: [
        {"role": ("user", "assistant")[index % 2], "content": one} for index, one in enumerate(said)
    ]
)
CASES.append(single("text", TURNS, turns=True))
HELD_IN_PART = {
    ("doccano", "several"), ("prodigy", "several"), ("spacy", "several"), ("spacy", "relations"), ("argilla", "relations"),
    ("preference-openai", "preference-strength"), ("argilla", "text-turns"), ("doccano", "text-turns"), ("prodigy", "text-turns"),
}  # fmt: skip
"""What a format says in `lost` that it cannot hold whole."""
NOT_READ = {
    *((name, f"preference{end}") for name in ("messages", "messages-anthropic", "instruct", "alpaca") for end in ("", "-strength")),
    ("messages", "text-turns"), ("messages-anthropic", "text-turns"),
}  # fmt: skip
"""What is written for training and not found again: two responses are one text there, and a conversation is all that there is."""


def holds(name: str, case: Case) -> bool:
    held = formats.about(name).kinds
    return (held is None or case.kinds <= set(held)) and (name, case.name) not in HELD_IN_PART | NOT_READ


HELD = [
    pytest.param(name, case, id=f"{name}-{case.name}")
    for name in formats.known()
    for case in CASES
    if holds(name, case)
]


def written(name: str, case: Case, records: list[dict[str, Any]]) -> tuple[bytes, WriteOptions]:
    fields = {
        key: "text" if isinstance(value, str) else "json"
        for one in records
        for key, value in one["content"].items()
    }
    options = WriteOptions(case.schema, content_fields=fields)
    return b"".join(formats.writer(name)(records, options)), options


def read_back(name: str, case: Case, data: bytes, contents: list[dict[str, Json]]) -> list[Any]:
    rows = list(formats.reader(name)(io.BytesIO(data), case.schema))
    values = [row.value for row in rows if row.value is not None]
    assert len(values) == len(rows), rows
    gold = "label" if name in OWN else "gold"
    return [
        None if value.get(gold) is None else case.schema.read_gold(value[gold], content)
        for value, content in zip(values, contents, strict=True)
    ]


@pytest.mark.parametrize(("name", "case"), HELD)
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_label_comes_back_from_its_file_as_it_was(name: str, case: Case, data: st.DataObject) -> None:
    need(name)
    drawn = data.draw(st.lists(case.drawn, min_size=1, max_size=3))
    if name.startswith("preference"):
        drawn = [(content, label) for content, label in drawn if label["better"] != "tie"]
    records = [record(content, label, id=f"e{number}") for number, (content, label) in enumerate(drawn)]
    if not records:
        return
    file, options = written(name, case, records)
    assert not {said for said in options.lost if said.startswith("field")}
    labels = read_back(name, case, file, [content for content, _ in drawn])
    if name.startswith("preference"):
        rows = [row.value or {} for row in formats.reader(name)(io.BytesIO(file), case.schema)]
        assert [better(row["content"], row["gold"]) for row in rows] == [better(*pair) for pair in drawn]
    else:
        assert labels == [case.schema.normalize(label) for _, label in drawn]


def better(content: Mapping[str, Json], label: Mapping[str, Json]) -> tuple[Json, ...]:
    """The text that a preference is for, whichever side it stands on, and how strongly."""
    value = label["better"]
    side, strength = (value["preferred"], value["strength"]) if isinstance(value, dict) else (value, None)
    return content["prompt"], content["response_a" if side == "A" else "response_b"], strength


@pytest.mark.parametrize("name", list(formats.known()))
def test_an_example_without_a_label_comes_back_without_one(name: str) -> None:
    need(name)
    case = next(case for case in CASES if holds(name, case))
    content = {"text": "x", "prompt": "p", "response_a": "a", "response_b": "b", "image": IMAGE}
    file, options = written(name, case, [record(content, None)])
    rows = list(formats.reader(name)(io.BytesIO(file), case.schema))
    if formats.about(name).for_training:
        assert not rows
        assert options.lost["example without a settled label: nothing to train on"] == 1
    else:
        assert [(row.value or {}).get("label" if name in OWN else "gold") for row in rows] == [None]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(KEEPABLE, max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from([
    "id", "text", "label", "labels", "entities", "relations", "cats", "bbox", "filename", "width", "height", "spans", "tokens",
    "accept", "answer", "meta", "fields", "metadata", "suggestions", "responses", "vectors", "x.suggestion", "x.responses",
    "messages", "system", "instruction", "input", "response", "output", "prompt", "chosen", "rejected", "margin",
    "preferred_output", "non_preferred_output", "images", "annotations", "categories", "links", "things", "topic",
])  # fmt: skip


@pytest.mark.parametrize(
    "name", [name for name in formats.known() if name not in ("parquet", "spacy", "csv")]
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.dictionaries(KEYS, JSON, max_size=6), max_size=3), case=st.sampled_from(CASES))
def test_no_json_makes_a_reader_stumble(name: str, rows: list[dict[str, Json]], case: Case) -> None:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    try:
        formats.check_holds(name, case.schema)
        read = list(formats.reader(name)(io.BytesIO(data), case.schema))
    except FormatError:
        return
    assert all(row.value is not None or row.fault for row in read)


@pytest.mark.parametrize("name", ["parquet", "spacy", "coco", "argilla"])
@settings(max_examples=50)
@given(data=st.binary(max_size=200))
def test_no_bytes_make_a_reader_stumble(name: str, data: bytes) -> None:
    need(name)
    try:
        rows = list(formats.reader(name)(io.BytesIO(data), CASES[-1].schema))
    except FormatError:
        return
    assert all(row.value is not None or row.fault for row in rows)


@pytest.mark.parametrize("name", [name for name in formats.known() if formats.about(name).reads])
def test_a_packed_file_that_breaks_off_or_is_damaged_is_said_to_be(name: str) -> None:
    need(name)
    made = schema({"topic": kind("choice", options=OPTIONS), "things": kind("boxes", options=OPTIONS)})
    packed = gzip.compress(random.Random(1).randbytes(5_000))
    for data in (packed[:3], packed[:-9], packed[:20] + b"?" + packed[21:]):
        try:
            said = [row.fault for row in formats.reader(name)(io.BytesIO(data), made)][-1]
        except FormatError as error:
            said = str(error)
        assert "the compressed file is damaged or incomplete" in said
