"""A run's steps become drafters; what a step cannot do is refused before anything is asked."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from prelabel import runs
from prelabel.draft import Drafter
from prelabel.drafters.cascade import Step
from prelabel.errors import StoppingError
from prelabel.lanes.engine import Engine
from prelabel.llm.drafters import Drafters
from prelabel.models import Call, Draft, Prompt
from prelabel.settings import Settings
from prelabel.store import Store
from simulator.process import Provider, running
from tests.factories import QUICK, all_of, get_run, make_run, places, work_off_by

FREE = '{"openai/one": [0, 0], "openai/two": [0, 0], "openai/dear": [1, 2]}'
GPT = "openai/gpt-4o-mini"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Answers for `text 0` to `text 9`, each with the label "a" and a confidence of 0.95."""
    path = tmp_path_factory.mktemp("provider") / "answers.jsonl"
    answer = {"label": {"topic": "a"}, "confidence": {"topic": 0.95}}
    rows = ({"text": f"text {number}", "answer": answer} for number in range(10))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with running(answers=path) as started:
        yield started


def build(store: Store, *steps: Step, used: Settings = QUICK) -> Drafter:
    run_id = make_run(store, 3, steps=steps)
    with store.reading() as session:
        return Drafters(store, used)(session, runs.get(session, run_id))


def draft_all(store: Store, provider: Provider, step: Step) -> tuple[int, list[Call]]:
    """Draft ten examples; the run and its calls."""
    provider.reset()
    used = Settings(**QUICK.model_dump() | {"api_base": f"{provider.url}/v1", "prices": FREE})
    run_id = make_run(store, 10, steps=[step], threshold=0.9)
    work_off_by(store, run_id, Drafters(store, used), used)
    with store.reading() as session:
        return run_id, list(all_of(session, Call))


def test_a_run_that_asks_several_times_settles_what_the_answers_agree_on(
    sqlite_store: Store, provider: Provider
) -> None:
    run_id, calls = draft_all(
        sqlite_store, provider, Step(model="openai/one", confidence="samples", samples=3)
    )
    assert places(sqlite_store, run_id) == {"settled": 10}
    assert sorted(call.purpose for call in calls) == ["draft"] * 10 + ["sample"] * 20


def test_a_run_with_a_panel_names_each_model_in_the_ledger(sqlite_store: Store, provider: Provider) -> None:
    step = Step(model="openai/one", confidence="panel", panel=("openai/two",))
    run_id, calls = draft_all(sqlite_store, provider, step)
    assert places(sqlite_store, run_id) == {"settled": 10}
    assert sorted(call.model for call in calls) == ["openai/one"] * 10 + ["openai/two"] * 10
    with sqlite_store.reading() as session:
        assert {draft.model for draft in all_of(session, Draft)} == {"openai/one + openai/two"}


def test_a_run_with_several_examples_a_call_makes_fewer_calls_at_less_cost(
    sqlite_store: Store, provider: Provider
) -> None:
    run_id, calls = draft_all(sqlite_store, provider, Step(model="openai/dear", per_call=5))
    assert places(sqlite_store, run_id) == {"settled": 10}
    assert len(calls) == 10
    assert (
        2 <= sum(call.requests for call in calls) == provider.stats()["calls"] <= 4
    )  # by when they are claimed
    assert sum(call.tokens_in for call in calls) == provider.stats()["tokens_in"]
    assert all(call.dollars for call in calls)


REFUSED: list[tuple[Step, str]] = [
    (Step(model="anthropic/claude-haiku-4-5", confidence="logprobs"), "gives no token probabilities"),
    (Step(model="openai/gpt-5-mini", confidence="samples"), "takes no temperature"),
    (Step(model=GPT, confidence="panel", panel=("nonsense",)), "'nonsense' is not known"),
    (Step(model=GPT, confidence="panel", panel=("groq/llama-3.3-70b-versatile",)), "GROQ_API_KEY"),
    (Step(model=GPT, confidence="panel", panel=("openai/qwen3",)), "no price is known for openai/qwen3"),
    (Step(model="openai/qwen3"), """PRELABEL_PRICES='{"openai/qwen3": [0, 0]}'"""),
]


@pytest.mark.parametrize(("step", "said"), REFUSED)
def test_what_a_step_cannot_do_is_refused_whichever_step_it_is(
    sqlite_store: Store, step: Step, said: str
) -> None:
    with pytest.raises(StoppingError) as refused:
        build(sqlite_store, Step(model=GPT), step)
    assert said in str(refused.value)


def test_a_run_that_is_refused_pauses_and_says_why_before_its_first_call(sqlite_store: Store) -> None:
    run_id = make_run(sqlite_store, 3, steps=[Step(model=GPT), Step(model="openai/qwen3")])

    async def work() -> None:
        line = Engine(sqlite_store, QUICK, Drafters(sqlite_store, QUICK)).wake(run_id)
        assert line is not None
        await line

    asyncio.run(work())
    run = get_run(sqlite_store, run_id)
    assert (run.state, "no price is known for openai/qwen3" in run.note) == ("paused", True)
    with sqlite_store.reading() as session:
        assert all_of(session, Call) == []


def test_a_batch_needs_a_price_of_its_own(sqlite_store: Store) -> None:
    run_id = make_run(sqlite_store, 3, steps=[Step(model="openai/one")])
    used = Settings(prices=FREE)
    with sqlite_store.writing() as session:
        run = runs.get(session, run_id)
        run.lane = "batch"
        assert Drafters(sqlite_store, used)(session, run).name == "openai/one"
        run.steps = [Step(model="openai/ft:gpt-4o-2024-11-20:me::x").model_dump(mode="json")]
        with pytest.raises(
            StoppingError, match="no batch price is known for openai/ft:gpt-4o-2024-11-20:me::x"
        ):
            Drafters(sqlite_store, used)(session, run)


def test_a_prompt_that_knows_one_example_only_is_not_used_for_several(sqlite_store: Store) -> None:
    run_id = make_run(sqlite_store, 3, steps=[Step(model=GPT, per_call=5)])
    with sqlite_store.writing() as session:
        run = runs.get(session, run_id)
        prompt = session.get_one(Prompt, run.prompt_id)
        prompt.text = "---\nname: mine\n---\n## system\nLabel it.\n## user\n{{ example }}\n"
        with pytest.raises(StoppingError, match="'mine' does not say how to answer for several"):
            Drafters(sqlite_store, QUICK)(session, run)


def test_steps_of_all_ways_are_built_together(sqlite_store: Store) -> None:
    built = build(
        sqlite_store,
        Step(model=GPT, per_call=7),
        Step(model=GPT, confidence="logprobs"),
        Step(model=GPT, confidence="samples"),
        Step(model=GPT, confidence="panel", panel=("anthropic/claude-haiku-4-5",)),
    )
    assert built.name == " > ".join([GPT, GPT, GPT, f"{GPT} + anthropic/claude-haiku-4-5"])
    assert built.together == 7
