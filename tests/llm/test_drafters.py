"""Which drafter a run gets, with what it has learned."""

import asyncio
from functools import partial
from typing import Any

import pytest
import respx

from prelabel.draft import Drafter, Outcome, Subject
from prelabel.drafters.cascade import Step
from prelabel.errors import StoppingError
from prelabel.llm.drafters import Drafters
from prelabel.llm.students import StudentDrafter
from prelabel.models import Prompt
from prelabel.recent import Recent
from prelabel.runs import get
from prelabel.schema import LabelSchema
from prelabel.schemas import move
from prelabel.schemas.change import SchemaMapping
from prelabel.schemas.move import Wish
from prelabel.settings import Settings
from prelabel.store import Store
from tests.factories import QUICK, make_run, places, work_off
from tests.llm.wire import GPT, OPENAI, completion

ANSWER = '{"label": {"topic": "a"}, "confidence": {"topic": 0.5}}'


def gold(count: int) -> list[dict[str, Any]]:
    """Texts of two kinds."""
    return [
        {"id": f"g{n}", "text": f"{'red' if n % 2 else 'blue'} thing {n}", "gold": "a" if n % 2 else "b"}
        for n in range(count)
    ]


def built(store: Store, run_id: int, *steps: Step) -> Drafter:
    with store.writing() as session:
        run = get(session, run_id)
        run.steps = [step.model_dump(mode="json") for step in steps]
        return Drafters(store, Settings())(session, run)


def first_outcome(drafter: Drafter, *texts: str) -> Outcome:
    subjects = [Subject(90_000 + number, {"text": text}) for number, text in enumerate(texts)]

    async def draft() -> Outcome:
        await drafter.prepare(subjects)
        return await drafter.draft(subjects[0], lambda *_: None)

    return asyncio.run(draft())


def test_the_student_knows_the_gold_of_earlier_datasets(sqlite_store: Store) -> None:
    make_run(sqlite_store, gold(40))
    drafter = built(sqlite_store, make_run(sqlite_store, 3), Step())
    assert first_outcome(drafter, "a blue one").label == {"topic": "b"}


def test_the_same_lessons_make_one_student_for_all_runs(sqlite_store: Store) -> None:
    make_run(sqlite_store, gold(40))
    one, other = (built(sqlite_store, make_run(sqlite_store, 3), Step()) for _ in range(2))
    assert isinstance(one, StudentDrafter)
    assert isinstance(other, StudentDrafter)
    assert one._student is other._student


def test_a_student_without_lessons_stops_a_run_that_has_nothing_else(sqlite_store: Store) -> None:
    with pytest.raises(StoppingError, match="at least 20 examples"):
        built(sqlite_store, make_run(sqlite_store, 3), Step())


def test_a_student_without_lessons_leaves_the_example_to_the_next_step(
    sqlite_store: Store, wire: respx.MockRouter
) -> None:
    wire.post(OPENAI).respond(json=completion(ANSWER))
    drafter = built(sqlite_store, make_run(sqlite_store, 3), Step(), Step(model=GPT))
    outcome = first_outcome(drafter, "text")
    assert (outcome.model, outcome.step, [one.ending for one in outcome.earlier]) == (GPT, 1, ["failed"])
    assert "at least 20" in outcome.earlier[0].failure


def test_a_run_drafts_with_the_shots_of_its_project(sqlite_store: Store, wire: respx.MockRouter) -> None:
    make_run(sqlite_store, gold(40))
    route = wire.post(OPENAI).respond(json=completion(ANSWER))
    drafter = built(sqlite_store, make_run(sqlite_store, 3), Step(model=GPT, shots=2))
    first_outcome(drafter, "a red one")
    assert route.calls.last.request.content.count(b" thing ") == 2


def test_a_run_of_a_project_without_lessons_drafts_without_shots(
    sqlite_store: Store, wire: respx.MockRouter
) -> None:
    route = wire.post(OPENAI).respond(json=completion(ANSWER))
    drafter = built(sqlite_store, make_run(sqlite_store, 3), Step(model=GPT, shots=2))
    assert first_outcome(drafter, "text").ending == "drafted"
    assert route.call_count == 1


def test_a_run_again_with_the_same_shots_costs_nothing(sqlite_store: Store, wire: respx.MockRouter) -> None:
    make_run(sqlite_store, gold(40))
    route = wire.post(OPENAI).respond(json=completion(ANSWER))
    for _ in range(2):
        run_id = make_run(sqlite_store, 3)
        work_off(sqlite_store, run_id, built(sqlite_store, run_id, Step(model=GPT, shots=2)), QUICK)
        assert places(sqlite_store, run_id) == {"queued": 3}
    assert route.call_count == 3


def test_a_prompt_without_a_place_for_shots_is_not_used_with_them(sqlite_store: Store) -> None:
    run_id = make_run(sqlite_store, 3)
    with sqlite_store.writing() as session:
        prompt = session.get_one(Prompt, get(session, run_id).prompt_id)
        prompt.text = "---\nname: x\n---\n## system\nLabel.\n## user\n{{ example }}\n"
    with pytest.raises(StoppingError, match="no place for 2 shots"):
        built(sqlite_store, run_id, Step(model=GPT, shots=2))


def test_of_what_is_dear_to_make_the_last_used_are_kept() -> None:
    made: list[str] = []
    recent: Recent[None] = Recent(2)
    for key in ("a", "b", "a", "c", "a", "b"):
        recent.get(key, partial(made.append, key))
    assert made == ["a", "b", "c", "b"]


def given_rows(*drafts: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"text": "x", "drafts": [{"model": model, "label": label} for model, label in drafts]}]


def test_given_drafts_are_drafted_with_and_agree_in_a_panel(sqlite_store: Store) -> None:
    run_id = make_run(sqlite_store, given_rows(("m", "a"), ("n", "a"), ("o", "b")), model="given/m")
    drafters = Drafters(sqlite_store, Settings())
    with sqlite_store.reading() as session:
        alone = drafters(session, get(session, run_id))
    panel = built(
        sqlite_store, run_id, Step(model="given/m", confidence="panel", panel=("given/n", "given/o"))
    )
    outcomes = [asyncio.run(drafted(drafter)) for drafter in (alone, panel)]
    assert [outcome.label for outcome in outcomes] == [{"topic": "a"}] * 2
    assert outcomes[0].confidence is None
    assert outcomes[1].confidence == pytest.approx(2 / 3)


async def drafted(drafter: Drafter) -> Outcome:
    subject = Subject(1, {"text": "x"})
    await drafter.prepare([subject])
    return await drafter.draft(subject, lambda *_: None)


def test_given_drafts_are_read_under_the_schema_that_the_run_has(sqlite_store: Store) -> None:
    run_id = make_run(sqlite_store, given_rows(("m", "a")), model="given/m")
    wish = Wish(
        label_schema=LabelSchema.load("fields: {topic: [x, b, c]}"),
        mapping=SchemaMapping(options={"topic": {"a": "x"}}),
    )
    move.apply(sqlite_store, "p", wish, 60)
    with sqlite_store.reading() as session:
        drafter = Drafters(sqlite_store, Settings())(session, get(session, run_id))
    assert asyncio.run(drafted(drafter)).label == {"topic": "x"}
