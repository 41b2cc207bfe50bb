"""Drafts that were made elsewhere come in with their examples, and are drafted with, routed and measured like ours."""

import gzip
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from prelabel import projects, runs
from prelabel.dataset import ImportReport, bring_in
from prelabel.draft import Subject
from prelabel.drafters.cascade import Cascade, Step, check_for_batches
from prelabel.drafters.given import GivenDrafter, find
from prelabel.drafters.panel import PanelDrafter
from prelabel.errors import InputError
from prelabel.examples.rows import Mapping
from prelabel.export import Export
from prelabel.formats.base import Row
from prelabel.models import BadRow, Draft, GivenDraft
from prelabel.money import ledger, quote
from prelabel.prompt import load_prompt
from prelabel.reports import report
from prelabel.routing.policy import Policy
from prelabel.runs import Plan
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator
from prelabel.settings import Settings
from prelabel.store import Store
from tests.factories import FakeDrafter, all_of, labels, make_run, places, reasons, sure, work_off

AT_ONCE = Settings(chunk_size=500, concurrency=500)
SCHEMA = LabelSchema.load("fields: {topic: [a, b, c]}")


def draft(model: str, label: Any, confidence: float | None = None) -> dict[str, Any]:
    return {"model": model, "label": label, "confidence": confidence}


def bring(store: Store, *values: dict[str, Any], dataset: str = "d0", **mapping: str) -> ImportReport:
    with store.writing() as session:
        projects.define(session, "p", SCHEMA)
        found = projects.open_dataset(session, projects.find(session, "p"), dataset)
    rows = [Row(number, value) for number, value in enumerate(values, 1)]
    return bring_in(store, found.id or 0, SCHEMA, rows, "test", Mapping(**mapping))


def kept(store: Store) -> list[tuple[str, str, float | None]]:
    with store.reading() as session:
        return [(one.model, one.label["topic"], one.confidence) for one in all_of(session, GivenDraft)]


def drafter(store: Store, run_id: int, name: str) -> GivenDrafter:
    def look_up(subjects: Sequence[Subject]) -> Any:
        with store.reading() as session:
            return find(session, name, subjects, Translator.of(session, runs.get(session, run_id)))

    return GivenDrafter(name, look_up)


def test_drafts_come_in_with_their_example_and_again_add_nothing(store: Store) -> None:
    row = {"id": "1", "text": "x", "drafts": [draft("m", "a", 0.8), draft("n", {"topic": "b"})]}
    first, second = bring(store, row), bring(store, row)
    assert (first.added, first.drafts, first.models) == (1, 2, {"m": 1, "n": 1})
    assert (second.already_there, second.drafts, second.models) == (1, 0, {"m": 1, "n": 1})
    assert kept(store) == [("m", "a", 0.8), ("n", "b", None)]


def test_a_newer_file_adds_drafts_to_examples_that_are_there(store: Store) -> None:
    bring(store, {"id": "1", "text": "x"}, {"text": "y"})
    report = bring(
        store,
        {"id": "1", "text": "x", "drafts": [draft("m", "a")]},
        {"text": "y", "drafts": [draft("m", "b")]},
    )
    assert (report.added, report.already_there, report.drafts) == (0, 2, 2)


def test_a_row_without_an_id_brings_drafts_to_the_example_with_its_content(store: Store) -> None:
    bring(store, {"id": "own", "text": "x"})
    assert bring(store, {"text": "x", "drafts": [draft("m", "a")]}).drafts == 1


def test_the_field_of_drafts_may_be_called_otherwise(store: Store) -> None:
    assert bring(store, {"text": "x", "llms": [draft("m", "a")]}, drafts="llms").drafts == 1


@pytest.mark.parametrize(
    ("drafts", "field", "reason"),
    [
        ("a", "drafts", "must be a list of"),
        ([draft("m", "a")] * 101, "drafts", "holds 101 drafts"),
        (["a"], "drafts.0", "a draft is"),
        ([draft("m", "z")], "drafts.0.label.topic", '"z" is not one of the 3 options'),
        ([draft("m", {"topix": "a"})], "drafts.0.label.topix", "is not a field"),
        ([draft("m", None)], "drafts.0.label", "is missing"),
        ([{"label": "a"}], "drafts.0.model", "is missing"),
        ([draft(" ", "a")], "drafts.0.model", "1 to 190 characters"),
        ([draft("m", "a", 1.5)], "drafts.0.confidence", "from 0 to 1"),
        ([{"model": "m", "label": "a", "confidence": True}], "drafts.0.confidence", "from 0 to 1"),
    ],
)
def test_a_bad_draft_is_named_and_costs_neither_its_row_nor_other_drafts(
    sqlite_store: Store, drafts: Any, field: str, reason: str
) -> None:
    rest = [draft("other", "c")] if isinstance(drafts, list) and len(drafts) < 100 else []
    value = [*drafts, *rest] if rest else drafts
    report = bring(sqlite_store, {"text": "x", "drafts": value}, {"text": "y"})
    assert (report.added, report.bad, report.bad_drafts, report.drafts) == (2, 0, 1, len(rest))
    with sqlite_store.reading() as session:
        [bad] = session.exec(select(BadRow)).all()
    assert (bad.row, bad.field) == (1, field)
    assert reason in bad.reason


def test_another_draft_of_the_same_model_is_a_fault_and_overwrites_nothing(store: Store) -> None:
    bring(store, {"id": "1", "text": "x", "drafts": [draft("m", "a")]})
    report = bring(store, {"id": "1", "text": "x", "drafts": [draft("m", "b"), draft("n", "b")]})
    assert (report.drafts, report.bad_drafts) == (1, 1)
    assert [bad.field for bad in report.bad_rows] == ["drafts.0.model"]
    assert kept(store) == [("m", "a", None), ("n", "b", None)]


def test_a_row_whose_id_is_taken_brings_no_drafts(store: Store) -> None:
    bring(store, {"id": "1", "text": "x"})
    report = bring(store, {"id": "1", "text": "other", "drafts": [draft("m", "a")]})
    assert (report.bad, report.drafts, kept(store)) == (1, 0, [])


def given_run(store: Store, *values: dict[str, Any], model: str = "given/m", **policy: Any) -> int:
    """A run over these rows, drafted by what came with them, and then by `sure` where that is not enough."""
    return make_run(store, values, steps=[Step(model=model), Step(model="fake")], **policy)


def test_given_drafts_are_routed_by_their_confidence_and_cost_nothing(store: Store) -> None:
    run_id = make_run(
        store,
        [
            {"id": "sure", "text": "1", "drafts": [draft("m", "b", 0.95)]},
            {"id": "unsure", "text": "2", "drafts": [draft("m", "b", 0.5)]},
            {"id": "silent", "text": "3", "drafts": [draft("m", "b")]},
            {"id": "none", "text": "4", "drafts": [draft("n", "b", 0.9)]},
        ],
        model="given/m",
    )
    work_off(store, run_id, drafter(store, run_id, "given/m"))
    assert labels(store, run_id) == {"sure": ("b", "auto")}
    assert reasons(store, run_id) == {
        "unsure": "low_confidence",
        "silent": "low_confidence",
        "none": "draft_failed",
    }
    with store.reading() as session:
        drafts = all_of(session, Draft)
        assert ledger.spent(session, run_id) == 0
    assert {one.model for one in drafts} == {"given/m"}
    assert [one.failure for one in drafts if one.failure] == ["no draft by m was brought in for this example"]


def test_an_example_without_a_given_draft_goes_to_the_next_step(store: Store) -> None:
    run_id = given_run(
        store,
        {"id": "1", "text": "x", "drafts": [draft("m", "b", 0.95)]},
        {"id": "2", "text": "y", "drafts": [draft("n", "b")]},
        {"id": "3", "text": "z", "drafts": [draft("m", "c")]},
    )
    asked = FakeDrafter(sure)
    work_off(store, run_id, Cascade([(drafter(store, run_id, "given/m"), 0.9), (asked, 0.9)]))
    assert labels(store, run_id) == {"1": ("b", "auto"), "2": ("a", "auto"), "3": ("a", "auto")}
    assert len(asked.asked) == 2


def test_given_alone_means_the_only_ones_that_there_are(store: Store) -> None:
    run_id = given_run(store, {"text": "x", "drafts": [draft("bert/crf", "a")]}, model="given")
    with store.reading() as session:
        assert runs.get(session, run_id).steps[0]["model"] == "given/bert/crf"


@pytest.mark.parametrize(
    ("model", "models", "message"),
    [
        ("given", ["m", "n"], "given: drafts of several models were brought in, say which: given/m, given/n"),
        (
            "given/x",
            ["m"],
            "given/x: no drafts of that name were brought in with this dataset; there are given/m",
        ),
        ("given", [], "given: no drafts were brought in with this dataset"),
    ],
)
def test_a_wrong_name_is_an_error_that_names_those_that_there_are(
    sqlite_store: Store, model: str, models: list[str], message: str
) -> None:
    row = {"text": "x", "drafts": [draft(one, "a") for one in models]}
    with pytest.raises(InputError, match=message):
        given_run(sqlite_store, row, model=model)


def test_given_drafts_are_quoted_as_free_with_how_far_they_reach(sqlite_store: Store) -> None:
    bring(
        sqlite_store,
        {"text": "x", "drafts": [draft("m", "a", 0.5)]},
        {"text": "y", "drafts": [draft("m", "a")]},
    )
    with sqlite_store.reading() as session:
        project = projects.find(session, "p")
        dataset, version = (
            projects.find_dataset(session, project, "d0"),
            projects.newest_schema(session, project),
        )
        planned = Plan(dataset, version, load_prompt("label"), [Step(model="given")])
        found = quote.quote(session, planned, {}, Decimal(20))
    assert found.most == 0
    assert "given/m has drafts of 2 of 2 examples, and costs nothing" in found.notes
    assert any("1 drafts of given/m came without a confidence" in note for note in found.notes)


def test_given_drafts_are_no_batch_and_may_stand_before_one() -> None:
    with pytest.raises(InputError, match="given/m costs nothing, let it run live"):
        check_for_batches([Step(model="given/m")])
    check_for_batches([Step(model="given/m"), Step(model="openai/gpt-4o")])


@pytest.mark.parametrize("options", [{"shots": 2}, {"per_call": 2}, {"confidence": "samples"}])
def test_given_drafts_take_no_options_of_a_model(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="taken as they came"):
        Step.model_validate({"model": "given/m", **options})


def test_an_export_gives_drafts_back_so_that_they_come_in_again(store: Store) -> None:
    run_id = given_run(store, {"id": "1", "text": "x", "drafts": [draft("m", "a", 0.95), draft("n", "b")]})
    work_off(store, run_id, drafter(store, run_id, "given/m"))
    written = b"".join(Export(store, run_id, "jsonl").chunks())
    [row] = map(json.loads, written.splitlines())
    assert row["drafts"] == [draft("m", {"topic": "a"}, 0.95), draft("n", {"topic": "b"})]
    assert bring(store, row, dataset="again").drafts == 2


def recorded(shared_data: Path, name: str) -> tuple[list[dict[str, Any]], LabelSchema]:
    """Rows of recorded answers, and a schema with every label that stands in them."""
    with gzip.open(shared_data / "multi_llm" / f"{name}.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    found = {row["gold"] for row in rows} | {one["label"] for row in rows for one in row["llms"]}
    options = sorted(label for label in found if label is not None)
    return rows, LabelSchema.model_validate({"fields": {"label": options}})


def recorded_run(store: Store, rows: list[dict[str, Any]], schema: LabelSchema, model: str) -> int:
    with store.writing() as session:
        version = projects.define(session, "recorded", schema)
        dataset = projects.open_dataset(session, projects.find(session, "recorded"), "d")
    bring_in(
        store,
        dataset.id or 0,
        schema,
        [Row(*one) for one in enumerate(rows, 1)],
        "test",
        Mapping(drafts="llms"),
    )
    with store.writing() as session:
        steps, policy = [Step(model=f"given/{model}")], Policy(gold="measure")
        plan = Plan(dataset, version, load_prompt("label"), steps, policy)
        return runs.start(session, plan).id or 0


@pytest.mark.parametrize(
    ("name", "model", "accuracy"),
    [
        ("css_emotion", "chatgpt", 0.462),
        ("css_semeval_stance", "chatgpt", 0.720),
        ("banking77_frontier", "gpt-5.2", 0.622),
        ("banking77_frontier", "gpt-5-mini", 0.612),
    ],
)
def test_the_accuracy_of_recorded_models_is_the_published_one(
    sqlite_store: Store, shared_data: Path, name: str, model: str, accuracy: float
) -> None:
    rows, schema = recorded(shared_data, name)
    run_id = recorded_run(sqlite_store, rows, schema, model)
    work_off(sqlite_store, run_id, drafter(sqlite_store, run_id, f"given/{model}"), AT_ONCE)
    with sqlite_store.reading() as session:
        gold = report.outlook(session, runs.get(session, run_id)).gold
    assert gold.n == len(rows)
    assert gold.right / gold.n == pytest.approx(accuracy, abs=0.0006)


def test_a_panel_of_given_drafts_has_its_agreement_as_confidence(
    sqlite_store: Store, shared_data: Path
) -> None:
    rows, schema = recorded(shared_data, "banking77_frontier")
    run_id = recorded_run(sqlite_store, rows, schema, "gpt-5.2")
    names = ("given/gpt-5.2", "given/claude-4.5-sonnet", "given/gpt-5-mini")
    members = [drafter(sqlite_store, run_id, name) for name in names]
    work_off(sqlite_store, run_id, PanelDrafter(schema, members), AT_ONCE)
    with sqlite_store.reading() as session:
        sure_ones = session.exec(select(Draft).where(Draft.confidence == 1)).all()
    assert len(sure_ones) == 356  # "all three agree on 356 rows"
    assert places(sqlite_store, run_id) == {"settled": 356, "queued": 144}
