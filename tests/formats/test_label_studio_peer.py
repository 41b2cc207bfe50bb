"""Label Studio's own reader, where it is installed, accepts what we write; and we read what it writes."""

import importlib
import json
import warnings
from typing import Any

import pytest
from hypothesis import given, settings

from prelabel.formats.label_studio.config import write_config
from tests.conftest import skip_at_home
from tests.formats.label_studio_labels import CONTENT, FIELDS, SCHEMA, labels, read, record, task, write
from tests.formats.samples import schema_of


@pytest.fixture(scope="module")
def interface() -> Any:
    """Label Studio's own reader of configs, predictions and annotations."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("label_studio_sdk.label_interface").LabelInterface
    except ImportError as missing:
        skip_at_home(f"label-studio-sdk is not installed ({missing}): pip install --group peers")


def test_label_studio_accepts_our_config_predictions_and_annotations(interface: Any) -> None:
    reads = interface(write_config(SCHEMA, CONTENT))
    reads.validate()

    @settings(max_examples=15)
    @given(labels(), labels())
    def check(label: Any, draft: Any) -> None:
        [one] = json.loads(write(record(label, draft=draft))[0])
        assert reads.validate_prediction(one["predictions"][0], return_errors=True) == []
        assert reads.validate_annotation(one["annotations"][0] | {"completed_by": 1})

    check()


def test_what_label_studio_s_own_sdk_writes_is_read(interface: Any) -> None:
    schema = schema_of(
        **{name: FIELDS[name] for name in ("topic", "tags", "quality", "answer", "ner", "better", "box")}
    )
    reads = interface(write_config(schema, CONTENT))
    told = {
        "topic": "legal", "tags": ["a", "c"], "quality": 4, "answer": "Because…",
        "ner": [{"start": 0, "end": 4, "labels": ["ORG"]}], "better": "left",
        "box": [{"x": 5, "y": 10, "width": 20, "height": 30, "rectanglelabels": ["Car"]}],
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses what pydantic calls old
        regions = [region._dict() for region in reads.create_regions(told)]
    [row] = read(task(regions), schema)
    assert row.value is not None
    assert row.value["gold"] == {
        "topic": "legal", "tags": ["a", "c"], "quality": 4, "answer": "Because…",
        "ner": [{"start": 0, "end": 4, "label": "ORG"}], "better": "A",
        "box": [{"x": 0.05, "y": 0.1, "width": 0.2, "height": 0.3, "label": "Car"}],
    }  # fmt: skip
