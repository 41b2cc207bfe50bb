"""The tools that our files are for read them with their own readers, and we read what they write."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from prelabel import formats
from prelabel.canonical import Json
from prelabel.formats.base import WriteOptions
from prelabel.schema import LabelSchema
from tests.conftest import skip_at_home
from tests.formats.samples import IMAGE, kind, record, schema

pytestmark = pytest.mark.filterwarnings("ignore")  # theirs
TEXT = {"text": "Acme sued Bob."}
ENTITIES = [{"start": 0, "end": 4, "label": "ORG"}, {"start": 10, "end": 13, "label": "PER"}]
MIXED = schema(
    {"topic": kind("choice", options=["legal", "sport"]), "entities": kind("spans", options=["ORG", "PER"])}
)
LABEL = {"topic": "legal", "entities": ENTITIES}
THINGS = schema({"things": kind("boxes", options=["cat", "dog"])})
BOXES = [{"x": 0.1, "y": 0.0, "width": 0.5, "height": 0.1, "label": "dog"}]


def peer(name: str) -> Any:
    """The peer's package, or skip."""
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        return skip_at_home(f"{error}: install the dependency group `peers`")


def write(name: str, path: Path, made: LabelSchema, *records: Any, **options: Any) -> Path:
    path.write_bytes(b"".join(formats.writer(name)(records, WriteOptions(made, **options))))
    return path


def read(name: str, data: bytes, made: LabelSchema) -> dict[str, Json]:
    [row] = list(formats.reader(name)(io.BytesIO(data), made))
    assert row.value is not None, row.fault
    assert row.lost == ()
    return row.value


@pytest.mark.parametrize("is_flat", [False, True])
def test_argilla_reads_our_records_and_we_what_it_writes(tmp_path: Path, is_flat: bool) -> None:
    argilla = peer("argilla")
    draft = {"topic": "sport", "entities": ENTITIES[:1]}
    path = write(
        "argilla", tmp_path / "a.jsonl", MIXED, record(TEXT, LABEL, draft=draft, meta={"from": "mail"})
    )
    theirs = argilla.Record.from_dict(json.loads(path.read_text()))
    assert theirs.responses["topic"][0].value == "legal"
    assert theirs.suggestions["entities"].value == ENTITIES[:1]
    from argilla.records._io import GenericIO

    listed = GenericIO.to_list([theirs], flatten=is_flat)
    listed = [one | {"status": "completed"} for one in listed]
    value = read("argilla", json.dumps(listed, default=str).encode(), MIXED)
    assert value["gold"] == LABEL
    assert value["drafts"] == [{"model": "m", "label": draft, "confidence": 0.9}]
    assert value["content"]["text"] == TEXT["text"]


def test_spacy_trains_on_our_docs_and_we_read_its_own(tmp_path: Path) -> None:
    spacy = peer("spacy")
    from spacy.tokens import DocBin

    path = write("spacy", tmp_path / "train.spacy", MIXED, record(TEXT, LABEL))
    language = spacy.blank("en")
    [doc] = DocBin().from_disk(path).get_docs(language.vocab)
    assert [(span.text, span.label_) for span in doc.ents] == [("Acme", "ORG"), ("Bob", "PER")]
    assert doc.cats == {"legal": 1.0, "sport": 0.0}
    theirs = language(TEXT["text"])
    theirs.ents = [theirs.char_span(0, 4, "ORG"), theirs.char_span(10, 13, "PER")]
    theirs.cats = {"legal": 1.0, "sport": 0.0}
    assert read("spacy", DocBin(docs=[theirs]).to_bytes(), MIXED)["gold"] == LABEL


def test_a_span_within_a_token_of_spacy_is_lost_and_said_so(tmp_path: Path) -> None:
    peer("spacy")
    options = WriteOptions(MIXED)
    label = {"topic": "legal", "entities": [{"start": 1, "end": 3, "label": "ORG"}, ENTITIES[1]]}
    data = b"".join(formats.writer("spacy")([record(TEXT, label)], options))
    assert options.lost == {"span that does not begin and end with a token of spaCy": 1}
    assert read("spacy", data, MIXED)["gold"]["entities"] == ENTITIES[1:]


def test_datasets_reads_our_parquet_with_its_types_and_we_what_it_writes(tmp_path: Path) -> None:
    datasets = peer("datasets")
    content = {"text": "x", "stars": 4, "deep": {"a": [1]}}
    fields = {"text": "text", "stars": "whole", "deep": "json"}
    rows = [record(content, LABEL, meta={"n": 1}), record({"text": "y"}, None)]
    path = write("parquet", tmp_path / "a.parquet", MIXED, *rows, content_fields=fields)
    loaded = datasets.Dataset.from_parquet(str(path), cache_dir=str(tmp_path))
    assert loaded[0]["label"] == LABEL
    assert loaded[0]["content"] == {"text": "x", "stars": 4, "deep": '{"a":[1]}'}
    ours, second = (
        row.value or {} for row in formats.reader("parquet")(io.BytesIO(path.read_bytes()), MIXED)
    )
    assert (ours["content"], ours["label"], ours["meta"]) == (content, LABEL, {"n": 1})
    assert (second["content"], second.get("label")) == ({"text": "y"}, None)
    datasets.Dataset.from_list([{"id": "1", "text": "z", "gold": {"topic": "legal"}}]).to_parquet(
        tmp_path / "b.parquet"
    )
    value = read("parquet", (tmp_path / "b.parquet").read_bytes(), MIXED)
    assert value == {"id": "1", "text": "z", "gold": {"topic": "legal"}}


@pytest.mark.parametrize("name", ["messages", "messages-anthropic", "instruct", "alpaca"])
def test_datasets_reads_our_training_files(tmp_path: Path, name: str) -> None:
    datasets = peer("datasets")
    path = write(name, tmp_path / "a.jsonl", MIXED, record(TEXT, LABEL))
    [line] = datasets.Dataset.from_json(str(path), cache_dir=str(tmp_path)).to_list()
    assert line == json.loads(path.read_text())


def test_pycocotools_reads_our_boxes_and_we_those_of_its_results(tmp_path: Path) -> None:
    coco = peer("pycocotools.coco")
    rows = [
        record({"image": IMAGE}, {"things": BOXES}),
        record({"image": IMAGE | {"name": "b.png"}}, {"things": []}),
    ]
    path = write("coco", tmp_path / "a.json", THINGS, *rows)
    theirs = coco.COCO(str(path))
    assert theirs.getImgIds() == [1, 2]
    [annotation] = theirs.loadAnns(theirs.getAnnIds(imgIds=[1], catIds=theirs.getCatIds(catNms=["dog"])))
    assert annotation["bbox"] == [60, 0, 300, 40.3]
    results = theirs.loadRes([{"image_id": 1, "category_id": 2, "bbox": [60, 0, 300, 40.3], "score": 0.75}])
    rows_read = list(formats.reader("coco")(io.BytesIO(json.dumps(results.dataset).encode()), THINGS))
    assert (rows_read[0].value or {})["drafts"] == [
        {"model": "coco", "label": {"things": BOXES}, "confidence": 0.75}
    ]
