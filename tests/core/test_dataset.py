"""Rows become examples once, whatever is sent how often; bad rows are named and cost nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from prelabel import projects
from prelabel.dataset import BATCH, ImportReport, bring_in
from prelabel.examples.rows import Mapping
from prelabel.formats.base import Row
from prelabel.models import BadRow, Example, Import
from prelabel.schema import LabelSchema
from prelabel.store import Store

SCHEMA = LabelSchema.load("fields: {topic: [a, b]}")


def make_dataset(store: Store, name: str = "d") -> int:
    with store.writing() as session:
        projects.define(session, "p", SCHEMA)
        return projects.open_dataset(session, projects.find(session, "p"), name).id or 0


@pytest.fixture
def dataset_id(store: Store) -> int:
    return make_dataset(store)


def rows(*values: dict[str, Any]) -> list[Row]:
    return [Row(number, value) for number, value in enumerate(values, 1)]


def add(store: Store, dataset_id: int, *values: dict[str, Any], **mapping: str) -> ImportReport:
    return bring_in(store, dataset_id, SCHEMA, rows(*values), "test", Mapping(**mapping))


def examples(store: Store) -> list[Example]:
    with store.reading() as session:
        return list(session.exec(select(Example).order_by(col(Example.id))))


def test_fields_besides_id_gold_and_meta_are_the_content(store: Store, dataset_id: int) -> None:
    add(store, dataset_id, {"id": 7, "text": "x", "lang": "en", "gold": "a", "meta": {"k": 1}})
    [example] = examples(store)
    assert (example.external_id, example.content) == ("7", {"text": "x", "lang": "en"})
    assert (example.gold, example.meta) == ({"topic": "a"}, {"k": 1})


def test_an_object_under_content_is_the_content(store: Store, dataset_id: int) -> None:
    add(
        store, dataset_id, {"id": "1", "content": {"text": "x"}, "label": {"topic": "a"}, "status": "settled"}
    )
    assert examples(store)[0].content == {"text": "x"}


def test_other_field_names_can_be_mapped(store: Store, dataset_id: int) -> None:
    add(store, dataset_id, {"key": "k", "body": "x", "class": "b"}, id="key", text="body", gold="class")
    [example] = examples(store)
    assert (example.external_id, example.content, example.gold) == ("k", {"text": "x"}, {"topic": "b"})


def test_importing_again_adds_nothing(store: Store, dataset_id: int) -> None:
    values = [{"id": "1", "text": "x"}, {"text": "y"}]
    first, second = add(store, dataset_id, *values), add(store, dataset_id, *values)
    assert (first.added, second.added, second.already_there) == (2, 0, 2)


def test_content_that_stands_twice_is_seen(store: Store, dataset_id: int) -> None:
    report = add(
        store, dataset_id, {"id": "1", "text": "x"}, {"id": "2", "text": "x"}, {"text": "y"}, {"text": "y"}
    )
    assert (report.rows, report.added, report.repeated) == (4, 3, 2)
    assert add(store, dataset_id, {"id": "3", "text": "x"}).repeated == 1


def test_an_id_with_other_content_is_a_bad_row_and_changes_nothing(store: Store, dataset_id: int) -> None:
    add(store, dataset_id, {"id": "1", "text": "x"})
    report = add(
        store, dataset_id, {"id": "1", "text": "other"}, {"id": "2", "text": "a"}, {"id": "2", "text": "b"}
    )
    assert [(bad.row, bad.field) for bad in report.bad_rows] == [(1, "id"), (3, "id")]
    assert [example.content["text"] for example in examples(store)] == ["x", "a"]


@pytest.mark.parametrize(
    ("value", "field", "reason"),
    [
        ({"id": "1"}, "", "nothing to label"),
        ({"id": "1", "text": " "}, "", "nothing to label"),
        ({"id": True, "text": "x"}, "id", "text or a whole number"),
        ({"id": "x" * 201, "text": "x"}, "id", "from 1 to 200 characters"),
        ({"text": "x", "gold": "z"}, "gold.topic", '"z" is not one of the 2 options'),
        ({"text": "x", "gold": {"topix": "a"}}, "gold.topix", "is not a field of the schema"),
        ({"text": "x" * 1_000_001}, "", "larger than 1,000,000 bytes"),
    ],
)
def test_a_bad_row_is_kept_with_number_field_and_reason(
    sqlite_store: Store, value: dict[str, Any], field: str, reason: str
) -> None:
    report = add(sqlite_store, make_dataset(sqlite_store), {"text": "good"}, value, {"text": "better"})
    assert (report.added, report.bad) == (2, 1)
    with sqlite_store.reading() as session:
        [bad] = session.exec(select(BadRow)).all()
    assert (bad.row, bad.field) == (2, field)
    assert reason in bad.reason


def test_an_import_is_on_record(store: Store, dataset_id: int) -> None:
    report = add(store, dataset_id, {"text": "x"}, {})
    with store.reading() as session:
        record = session.get_one(Import, report.import_id)
    assert (record.rows, record.added, record.source) == (2, 1, "test")
    assert record.finished_at is not None


def test_an_import_that_breaks_off_keeps_what_it_had_and_goes_on_when_repeated(
    store: Store, dataset_id: int
) -> None:
    values = [{"id": str(number), "text": f"text {number}"} for number in range(BATCH + 10)]

    def breaking() -> Iterator[Row]:
        yield from rows(*values[: BATCH + 5])
        raise ConnectionError

    with pytest.raises(ConnectionError):
        bring_in(store, dataset_id, SCHEMA, breaking(), "test")
    assert len(examples(store)) == BATCH
    assert add(store, dataset_id, *values).added == 10


VALUES = st.fixed_dictionaries(
    {"text": st.sampled_from(["x", "y", "z"])}, optional={"id": st.sampled_from(["1", "2", 3, None])}
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(VALUES, max_size=8))
def test_every_row_is_accounted_for_exactly_once(sqlite_store: Store, values: list[dict[str, Any]]) -> None:
    dataset_id = make_dataset(sqlite_store, f"d{abs(hash(str(values)))}-{len(examples(sqlite_store))}")
    report = add(sqlite_store, dataset_id, *values)
    kept_twice = report.repeated
    assert report.rows == len(values)
    assert report.added + report.bad <= report.rows <= report.added + report.bad + kept_twice
    with sqlite_store.reading() as session:
        assert (
            len(session.exec(select(Example).where(Example.dataset_id == dataset_id)).all()) == report.added
        )
