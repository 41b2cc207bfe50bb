"""Vectors come through LiteLLM, many in a call; each is in the ledger with its share of the cost, and paid for once."""

import asyncio
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import litellm
import numpy as np
import openai
import pytest

from prelabel.draft import Subject
from prelabel.drafters.cascade import Step
from prelabel.drafting import patience
from prelabel.drafting.lessons import Lesson
from prelabel.errors import StoppingError
from prelabel.llm.drafters import Drafters
from prelabel.llm.embeddings import Embeddings, LiteLLMEmbedder
from prelabel.llm.student import Student
from prelabel.models import Call, Reservation
from prelabel.money import ledger
from prelabel.money.prices import own_prices
from prelabel.runs import get
from prelabel.schema import LabelSchema
from prelabel.settings import Settings
from prelabel.store import Store
from simulator.process import Provider, running
from tests.factories import all_of, get_run, make_run, work_off
from tests.llm.test_drafters import gold

Vectors = np.ndarray[Any, np.dtype[np.float32]]
NAME = "openai/words"
PRICES = own_prices({NAME: [20, 0]})
SCHEMA = LabelSchema.load("fields: {topic: [a, b]}")


@pytest.fixture(scope="module")
def process() -> Iterator[Provider]:
    with running() as provider:
        yield provider
    # LiteLLM keeps its clients, and their connections would be found open whenever these are forgotten.
    for client in litellm.in_memory_llm_clients_cache.cache_dict.values():
        if isinstance(client, openai.OpenAI):
            client.close()


@pytest.fixture
def provider(process: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setattr(patience, "LONGEST_WAIT", 0.0)
    process.reset()
    yield process
    process.configure(error_rate=0)


def embedded(store: Store, provider: Provider, run_id: int, some: Sequence[Subject]) -> Vectors:
    """Their vectors, had as the service has them: in a thread, since LiteLLM leaves an event loop behind in the main one."""
    embedder = LiteLLMEmbedder(NAME, f"{provider.url}/v1", 5, PRICES)
    embed = Embeddings(store, embedder, run_id, 0, Settings(call_attempts=3))
    return asyncio.run(asyncio.to_thread(embed, some))


def subjects(store: Store, *texts: str) -> list[Subject]:
    """Of examples that are there."""
    make_run(store, len(texts))
    return [Subject(number, {"text": text}) for number, text in enumerate(texts, 1)]


def calls(store: Store) -> Sequence[Call]:
    with store.reading() as session:
        return all_of(session, Call)


def test_texts_with_words_in_common_are_near_each_other(store: Store, provider: Provider) -> None:
    some = subjects(store, "where is my parcel", "my parcel, where is it", "an invoice with VAT")
    one, near, far = embedded(store, provider, 1, some)
    assert one @ near > 0.8
    assert one @ far < 0.5
    assert np.linalg.norm(one) == pytest.approx(1)


def test_one_call_is_shared_out_over_its_examples(store: Store, provider: Provider) -> None:
    embedded(store, provider, 1, subjects(store, "short", "a rather longer text", "x" * 400))
    found = calls(store)
    assert [(call.purpose, call.requests) for call in found] == [("embed", 1), ("embed", 0), ("embed", 0)]
    assert sum(call.tokens_in for call in found) == provider.stats()["tokens_in"] == 106
    with store.reading() as session:
        assert ledger.spent(session, 1) == 106 * Decimal("0.00002")


def test_no_text_is_paid_for_twice(store: Store, provider: Provider) -> None:
    some = subjects(store, "one", "two", "one")
    first = embedded(store, provider, 1, some)
    again = embedded(store, provider, 1, some[::-1])
    assert (first[::-1] == again).all()
    assert (provider.stats()["calls"], len(calls(store))) == (1, 2)


def test_many_texts_take_few_calls(sqlite_store: Store, provider: Provider) -> None:
    some = subjects(sqlite_store, *(f"text {number}" for number in range(150)))
    assert len(embedded(sqlite_store, provider, 1, some)) == 150
    assert provider.stats()["calls"] == 2


def test_what_fails_is_tried_again_noted_and_then_stops_the_run(store: Store, provider: Provider) -> None:
    some = subjects(store, "one", "two")
    provider.configure(error_rate=1)
    with pytest.raises(StoppingError, match=r"no vectors of examples: .*busy"):
        embedded(store, provider, 1, some)
    assert [(call.outcome, call.requests) for call in calls(store)] == [("transient", 1)] * 3
    assert provider.stats()["calls"] == 3


def test_vectors_that_the_cap_does_not_allow_are_not_asked_for(store: Store, provider: Provider) -> None:
    run_id = make_run(store, 2, cap=Decimal("0.00001"))
    with pytest.raises(StoppingError, match="cap does not allow"):
        embedded(store, provider, run_id, [Subject(1, {"text": "a text"})])
    assert provider.stats()["calls"] == 0


def test_what_was_set_aside_is_given_back(store: Store, provider: Provider) -> None:
    run_id = make_run(store, 2, cap=Decimal(1))
    embedded(store, provider, run_id, [Subject(1, {"text": "a text"})])
    with store.reading() as session:
        assert all_of(session, Reservation) == []


class Telling:
    """Vectors that tell the topic where words do not."""

    name = "telling"

    def __call__(self, subjects: Sequence[Subject]) -> Vectors:
        return np.array([[1, 0] if one.example_id % 2 else [0, 1] for one in subjects], dtype=np.float32)


def test_a_student_learns_what_only_vectors_tell() -> None:
    taught = [Lesson(n, {"text": f"thing{n}"}, {"topic": "a" if n % 2 else "b"}) for n in range(60)]
    student = Student.train(SCHEMA, taught, Telling())
    found = student.draft_all([Subject(n, {"text": f"thing{n}"}) for n in range(100, 120)], Telling())
    assert [opinion.label["topic"] for opinion in found] == ["b", "a"] * 10
    assert student.name.endswith("+telling")


def test_a_run_embeds_its_lessons_and_examples_where_that_is_set(
    sqlite_store: Store, provider: Provider
) -> None:
    make_run(sqlite_store, gold(42))
    run_id = make_run(sqlite_store, [{"id": str(n), "text": f"a blue one, {n}"} for n in range(5)])
    used = Settings(student_embeddings=NAME, api_base=f"{provider.url}/v1", prices=PRICES)
    with sqlite_store.writing() as session:
        get(session, run_id).steps = [Step(take_from=0).model_dump(mode="json")]
    with sqlite_store.reading() as session:
        build = asyncio.to_thread(Drafters(sqlite_store, used), session, get(session, run_id))
        drafter = asyncio.run(build)
    work_off(sqlite_store, run_id, drafter)
    assert (get_run(sqlite_store, run_id).state, drafter.name[-13:]) == ("running", f"+{NAME}")
    assert {(call.run_id, call.purpose, call.outcome) for call in calls(sqlite_store)} == {
        (run_id, "embed", "ok")
    }
    assert len(calls(sqlite_store)) == 47
