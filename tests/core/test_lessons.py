"""What a run may learn from: all that the project knows, and nothing that the run is judged by."""

from collections.abc import Collection, Sequence
from decimal import Decimal

import pytest
from sqlmodel import col, select, update

from prelabel import projects, review, runs
from prelabel.draft import Asker, ModelDrafter, Reply, Request
from prelabel.drafters.cascade import Cascade, Step
from prelabel.drafting import lessons
from prelabel.drafting.lessons import Lesson
from prelabel.llm.students import UntaughtDrafter
from prelabel.models import Example, Placement, Run
from prelabel.money import ledger
from prelabel.prompt import Instructions, load_prompt
from prelabel.routing import place
from prelabel.runs import Plan
from prelabel.schema import LabelSchema
from prelabel.store import Store
from tests.core.test_route import people_settle
from tests.factories import (
    PRICE,
    SCHEMA,
    FakeDrafter,
    get_run,
    make_run,
    make_user,
    places,
    queued_run,
    unsure,
    work_off,
)


def learned(store: Store, run_id: int, schema: LabelSchema = SCHEMA) -> dict[str, str]:
    """Text and topic of the run's lessons."""
    with store.reading() as session:
        found = lessons.of_run(session, runs.get(session, run_id), schema)
    return {lesson.content["text"]: lesson.label["topic"] for lesson in found}


def move_mark(store: Store, run_id: int) -> None:
    with store.writing() as session:
        run = runs.get(session, run_id)
        run.learned_label_id = lessons.newest(session, run.dataset_id)


def audit(store: Store, run_id: int, *external_ids: str) -> None:
    """As if these had been queued to judge the run by."""
    with store.writing() as session:
        which = select(Example.id).where(col(Example.external_id).in_(external_ids))
        session.exec(
            update(Placement)
            .where(col(Placement.run_id) == run_id, col(Placement.example_id).in_(which))
            .values(reason="audit")
        )


def cascade(store: Store, model: "CountingModel") -> Cascade:
    """One that is never sure, then the model, which recalls what the ledger has."""

    def remembered(example_ids: Collection[int], hashes: Collection[str]) -> Sequence[tuple[int, str, Reply]]:
        with store.reading() as session:
            return ledger.recall(session, [model.name], example_ids, hashes)

    told = Instructions(load_prompt("label"), SCHEMA, "stated")
    second = ModelDrafter(model, told, lambda *_: ({}, {}), Asker(recall=remembered, step=1))
    return Cascade([(UntaughtDrafter("has seen nothing"), 0.9), (second, 0.9)])


def test_a_new_run_knows_what_people_settled_in_earlier_runs_of_the_project(store: Store) -> None:
    people_settle(store, queued_run(store, 5), make_user(store), 3)
    run_id = make_run(store, [{"id": "n", "text": "new"}])
    assert learned(store, run_id) == {"text 0": "b", "text 1": "b", "text 2": "b"}


def test_gold_of_every_dataset_of_the_project_is_learned(store: Store) -> None:
    make_run(store, [{"id": "g", "text": "golden", "gold": "c"}])
    run_id = make_run(store, [{"id": "h", "text": "own", "gold": "a"}, {"id": "n", "text": "new"}])
    assert learned(store, run_id) == {"golden": "c", "own": "a"}


def test_nothing_of_another_project_is_learned(store: Store) -> None:
    people_settle(store, queued_run(store, 5), make_user(store), 3)
    with store.writing() as session:
        version = projects.define(session, "other", SCHEMA)
        dataset = projects.open_dataset(session, projects.find(session, "other"), "d")
        session.add(Example(dataset_id=dataset.id or 0, external_id="x", content_hash="x", content={}))
        session.flush()
        run = runs.start(session, Plan(dataset, version, load_prompt("label"), [Step()]))
    assert (run.learned_label_id, learned(store, run.id or 0)) == (0, {})


def test_what_is_settled_after_the_mark_waits_for_it_to_move(store: Store) -> None:
    run_id = queued_run(store, 5)
    people_settle(store, run_id, make_user(store), 3)
    assert learned(store, run_id) == {}
    move_mark(store, run_id)
    assert len(learned(store, run_id)) == 3


def test_an_answer_that_was_taken_back_is_not_learned(store: Store) -> None:
    run_id, rita = queued_run(store, 5), make_user(store)
    people_settle(store, run_id, rita, 2)
    with store.writing() as session:
        review.undo(session, rita.id or 0, 60, "undo", 20)
    move_mark(store, run_id)
    assert len(learned(store, run_id)) == 1


def test_of_two_answers_to_one_example_the_newer_is_learned(store: Store) -> None:
    first, rita = queued_run(store, 1), make_user(store)
    people_settle(store, first, rita, 1)
    with store.writing() as session:
        again = Run(**runs.get(session, first).model_dump(exclude={"id"}))
        session.add(again)
        session.flush()
        place.fill(session, again)
    work_off(store, again.id or 0, FakeDrafter(unsure))
    with store.writing() as session:
        [work] = review.claim(session, rita.id or 0, 1, 60, again.id)
        review.submit(session, rita.id or 0, work.slot_id, {"topic": "c"}, review.Answer("later"))
    move_mark(store, first)
    assert learned(store, first) == {"text 0": "c"}


def test_a_label_that_does_not_fit_the_schema_of_the_run_is_left_out(store: Store) -> None:
    make_run(store, [{"id": "g", "text": "kept", "gold": "a"}, {"id": "h", "text": "gone", "gold": "c"}])
    run_id = make_run(store, 1)
    assert learned(store, run_id, LabelSchema.load("fields: {topic: [a, b]}")) == {"kept": "a"}


def test_audits_of_the_run_and_examples_like_them_are_never_learned(store: Store) -> None:
    make_run(store, [{"id": "t", "text": "text 3", "gold": "c"}])
    run_id = queued_run(store, 5)
    audit(store, run_id, "e3", "e4")
    people_settle(store, run_id, make_user(store), 5)
    move_mark(store, run_id)
    assert set(learned(store, run_id)) == {"text 0", "text 1", "text 2"}


def test_audits_of_one_run_are_lessons_of_another(store: Store) -> None:
    run_id = queued_run(store, 2)
    audit(store, run_id, "e0")
    people_settle(store, run_id, make_user(store), 2)
    assert set(learned(store, make_run(store, 3))) == {"text 0", "text 1"}


def test_of_more_lessons_than_can_be_learned_the_newest_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    people_settle(store, queued_run(store, 5), make_user(store), 4)
    monkeypatch.setattr(lessons, "MOST_LESSONS", 2)
    run_id = make_run(store, [{"id": str(n), "text": f"gold {n}", "gold": "a"} for n in range(3)])
    assert set(learned(store, run_id)) == {"text 2", "text 3", "gold 1", "gold 2"}


def test_a_version_names_exactly_its_lessons() -> None:
    one, other = Lesson(1, {"text": "x"}, {"topic": "a"}), Lesson(2, {"text": "y"}, {"topic": "b"})
    changed = Lesson(2, {"text": "y"}, {"topic": "c"})
    named = lessons.version(SCHEMA, [one, other])
    assert named == lessons.version(SCHEMA, [other, one])
    assert named not in (lessons.version(SCHEMA, [one, changed]), lessons.version(SCHEMA, [one]))


def test_people_elsewhere_in_the_project_teach_a_running_run(store: Store) -> None:
    run_id = make_run(store, 10, model="student")
    work_off(store, run_id, FakeDrafter(unsure))
    people_settle(store, queued_run(store, 60), make_user(store), runs.LEARN_AT_LEAST)
    with store.writing() as session:
        assert runs.learn_anew(session, runs.get(session, run_id)) == 10
        assert runs.learn_anew(session, runs.get(session, run_id)) == 0
    assert len(learned(store, run_id)) == runs.LEARN_AT_LEAST


def test_where_calling_back_would_cost_only_the_mark_moves(store: Store) -> None:
    run_id = queued_run(store, 60)
    with store.writing() as session:
        shown = Step(model="openai/m", shots=3).model_dump(mode="json")
        runs.get(session, run_id).steps = [Step().model_dump(mode="json"), shown]
    people_settle(store, run_id, make_user(store), runs.LEARN_AT_LEAST)
    with store.writing() as session:
        assert runs.learn_anew(session, runs.get(session, run_id)) == 0
    assert get_run(store, run_id).learned_label_id > 0
    assert places(store, run_id) == {"queued": 10, "settled": 50}


class CountingModel:
    """Answers "a", unsure, and counts."""

    name = "counting"

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self, request: Request) -> Reply:
        self.asked += 1
        return Reply('{"label": {"topic": "a"}, "confidence": {"topic": 0.5}}', dollars=PRICE)

    def most(self, request: Request) -> Decimal:
        return PRICE


def test_an_example_that_is_called_back_does_not_pay_its_model_again(store: Store) -> None:
    run_id, model = make_run(store, 6, cap=7 * PRICE), CountingModel()
    with store.writing() as session:
        steps = Step(), Step(model=model.name)
        runs.get(session, run_id).steps = [step.model_dump(mode="json") for step in steps]
    work_off(store, run_id, cascade(store, model))
    with store.writing() as session:
        assert place.draft_again(session, runs.get(session, run_id)) == 6
    work_off(store, run_id, cascade(store, model))
    assert (model.asked, places(store, run_id)) == (6, {"queued": 6})
    with store.reading() as session:
        assert ledger.spent(session, run_id) == 6 * PRICE
