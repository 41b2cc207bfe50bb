"""Labels of every kind at once, and how the tests of Label Studio's tasks write and read them."""

import io
import json
from typing import Any

from hypothesis import strategies as st

from prelabel.formats import label_studio
from prelabel.formats.base import Row, WriteOptions
from prelabel.schema import LabelSchema
from tests.formats.samples import schema_of

TEXT = "Acme süed 𝔅ob in Bonn."
CONTENT = {
    "text": TEXT,
    "response_a": "Yes.",
    "response_b": "No.",
    "image": {"sha256": "a" * 64, "name": "car.png", "width": 600, "height": 400, "type": "image/png"},
}
FIELDS: dict[str, dict[str, Any]] = {
    "topic": {"kind": "choice", "options": ["legal", "a/c", "x, y"]},
    "animal": {"kind": "choice", "options": [{"value": "animal", "options": ["dog", "cat"]}, "oak"]},
    "tags": {"kind": "choices", "options": ["a", "b", "c"]},
    "quality": {"kind": "rating", "min": 1, "max": 5},
    "mood": {"kind": "rating", "min": -2, "max": 2},
    "tox": {"kind": "number"},
    "angry": {"kind": "boolean"},
    "answer": {"kind": "text"},
    "ner": {"kind": "spans", "options": ["ORG", "PER"], "nested": True, "overlapping": True},
    "joins": {"kind": "relations", "options": ["sued", "knows"], "between": "ner"},
    "free": {"kind": "relations", "options": ["sees", "in"]},
    "better": {"kind": "preference"},
    "by_far": {"kind": "preference", "strength": 3},
    "box": {"kind": "boxes", "options": ["Car", "Bus"]},
}
SCHEMA = schema_of(**FIELDS)
DIALOGUE = schema_of(talk={"kind": "text", "turns": True})


def span() -> st.SearchStrategy[dict[str, Any]]:
    ends = st.tuples(st.integers(0, len(TEXT)), st.integers(0, len(TEXT))).filter(
        lambda pair: pair[0] != pair[1]
    )
    whole = ends.map(lambda pair: {"start": min(pair), "end": max(pair)})
    return whole.filter(lambda place: bool(TEXT[place["start"] : place["end"]].strip()))


def relations(names: list[str], ends: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries({"label": st.sampled_from(names), "head": ends, "tail": ends})
    return st.lists(one.filter(lambda relation: relation["head"] != relation["tail"]), max_size=3)


def box() -> st.SearchStrategy[dict[str, Any]]:
    whole = st.integers(0, 499_000)
    sizes = st.tuples(whole, whole, st.integers(1, 500_000), st.integers(1, 500_000))
    return st.tuples(sizes, st.sampled_from(["Car", "Bus"])).map(
        lambda drawn: (
            dict(zip(("x", "y", "width", "height"), (n / 1e6 for n in drawn[0]), strict=True))
            | {"label": drawn[1]}
        )
    )


def strong() -> st.SearchStrategy[dict[str, Any]]:
    sides = st.builds(
        lambda side, by: {"preferred": side, "strength": by}, st.sampled_from("AB"), st.integers(1, 3)
    )
    return sides | st.just({"preferred": "tie", "strength": 0})


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
    lambda text: bool(LabelSchema.load("{fields: {t: {kind: text}}}").fields["t"].normalize(text))
)


@st.composite
def labels(draw: st.DrawFn) -> dict[str, Any]:
    ner = draw(
        st.lists(
            st.tuples(span(), st.sampled_from(["ORG", "PER"])).map(lambda one: one[0] | {"label": one[1]}),
            max_size=4,
        )
    )
    places = [{"start": one["start"], "end": one["end"]} for one in ner]
    joined = (
        relations(["sued", "knows"], st.sampled_from(places))
        if any(one != places[0] for one in places)
        else st.just([])
    )
    label = {
        "topic": draw(st.sampled_from(FIELDS["topic"]["options"])),
        "animal": draw(st.sampled_from(["animal/dog", "animal/cat", "oak"])),
        "tags": draw(st.lists(st.sampled_from("abc"))),
        "quality": draw(st.integers(1, 5)),
        "mood": draw(st.integers(-2, 2)),
        "tox": draw(st.floats(-1e9, 1e9)),
        "angry": draw(st.booleans()),
        "answer": draw(WORDS),
        "ner": ner,
        "joins": draw(joined),
        "free": draw(relations(["sees", "in"], span())),
        "better": draw(st.sampled_from(["A", "B", "tie"])),
        "by_far": draw(strong()),
        "box": draw(st.lists(box(), max_size=3)),
    }
    return SCHEMA.normalize(label)


def record(label: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": "t1", "content": CONTENT, "label": label, "source": "review" if label else None, "status": "settled",
        "reason": None, "confidence": 0.91, "draft": None, "model": "gpt-x", "prompt": "0123456789ab",
        "reviewer": None, "gold": None, "meta": None,
    } | more  # fmt: skip


def write(*records: dict[str, Any], schema: LabelSchema = SCHEMA) -> tuple[bytes, dict[str, int]]:
    options = WriteOptions(schema)
    return b"".join(label_studio.write(records, options)), dict(options.lost)


def read(data: bytes, schema: LabelSchema = SCHEMA) -> list[Row]:
    return list(label_studio.read(io.BytesIO(data), schema))


def task(regions: list[dict[str, Any]]) -> bytes:
    """A task with one annotation."""
    return json.dumps([{"data": CONTENT, "annotations": [{"result": regions}]}]).encode()
