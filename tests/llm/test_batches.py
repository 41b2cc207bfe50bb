"""Both batch lanes, with the providers' own clients against the simulated provider."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from prelabel.draft import Reply, Request
from prelabel.errors import ModelError, RefusedError, StoppingError, TransientError
from prelabel.lanes.endpoint import BatchLane, Progress, Result
from prelabel.llm.batches import lane_for
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.llm.openai_batches import OpenAILane, failure_of
from simulator.process import Provider, running
from tests.llm.conftest import KEY
from tests.llm.wire import CLAUDE, GPT

LABELS = ["good", "bad"]


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": LABELS}},
    "required": ["label"],
    "additionalProperties": False,
}


TOOL_CLAUDE = "anthropic/claude-opus-4-1"
"""A model that answers to a schema by the call of a tool."""


ROWS = 30


KEY_OF_BATCH = "run-7-part-1"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    path: Path = tmp_path_factory.mktemp("batches") / "answers.jsonl"
    rows = [{"text": f"text {n}", "answer": {"label": LABELS[n % 2]}} for n in range(ROWS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with running(path) as provider:
        yield provider


@pytest.fixture
def provider(process: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{process.url}/v1")
    monkeypatch.setenv("ANTHROPIC_API_BASE", f"{process.url}/v1/messages")
    process.reset()
    yield process
    process.configure(
        batch_seconds=0, batch_failed_rate=0, batch_expired_rate=0, max_batches=0, key="", malformed_rate=0,
        offlist_rate=0,
    )  # fmt: skip


@pytest.fixture(params=[GPT, CLAUDE])
def lane(request: pytest.FixtureRequest, provider: Provider) -> BatchLane:
    return lane_for(request.param)


def asking(number: int, want_logprobs: bool = False) -> Request:
    talk = [{"role": "system", "content": "Label it."}, {"role": "user", "content": fenced(f"text {number}")}]
    return Request("m", talk, SCHEMA, want_logprobs)


def fenced(text: str) -> str:
    return f"<example-0123abcd>\n{text}\n</example-0123abcd>"


def requests(count: int = ROWS, want_logprobs: bool = False) -> list[tuple[str, Request]]:
    return [(str(number), asking(number, want_logprobs)) for number in range(count)]


def now() -> datetime:
    return datetime.now(UTC)


def label_of(result: Result) -> str:
    assert isinstance(result, Reply)
    return str(json.loads(result.text)["label"])


def test_each_request_gets_its_own_answer(lane: BatchLane) -> None:
    name = lane.submit(KEY_OF_BATCH, requests())
    assert lane.poll(name) == Progress("ended", ROWS, ROWS)
    results = dict(lane.results(name))
    assert {row: label_of(found) for row, found in results.items()} == {
        str(number): LABELS[number % 2] for number in range(ROWS)
    }
    assert list(results) != [row for row, _ in requests()]


def test_a_model_that_answers_by_a_tool_does_so_in_batches(provider: Provider) -> None:
    lane = lane_for(TOOL_CLAUDE)
    results = dict(lane.results(lane.submit("k", requests(2))))
    assert [label_of(results[row]) for row in "01"] == LABELS


@pytest.mark.parametrize("model", [GPT, CLAUDE])
def test_an_answer_is_that_of_a_live_call_for_half_the_money(provider: Provider, model: str) -> None:
    lane, wants = lane_for(model), model == GPT
    [(_, found)] = lane.results(lane.submit("k", requests(1, wants)))
    live = asyncio.run(LiteLLMModel(model).ask(asking(0, wants)))
    assert isinstance(found, Reply)
    assert live.dollars is not None
    assert (found.text, found.tokens, found.tokens_in, found.tokens_out) == (
        live.text, live.tokens, live.tokens_in, live.tokens_out,
    )  # fmt: skip
    assert found.dollars == live.dollars / 2 > 0
    assert found.price_version == live.price_version
    assert bool(found.tokens) == wants


def test_money_and_tokens_are_those_that_the_provider_counted(lane: BatchLane, provider: Provider) -> None:
    results = [found for _, found in lane.results(lane.submit("k", requests())) if isinstance(found, Reply)]
    stats = provider.stats()
    assert sum(found.tokens_in for found in results) == stats["batch_tokens_in"] == stats["tokens_in"]
    assert sum(found.tokens_out for found in results) == stats["batch_tokens_out"]


def test_what_fails_and_what_expires_can_be_asked_again(lane: BatchLane, provider: Provider) -> None:
    provider.configure(batch_failed_rate=0.3, batch_expired_rate=0.3)
    name = lane.submit("k", requests())
    results, progress = dict(lane.results(name)), lane.poll(name)
    failures = [found for found in results.values() if isinstance(found, ModelError)]
    assert {type(found) for found in failures} == {TransientError}
    assert any("busy" in str(found) for found in failures)
    assert any("without an answer" in str(found) for found in failures)
    assert (len(results), progress.state, progress.unanswered) == (ROWS, "ended", len(failures))
    assert progress.answered == ROWS - len(failures) == provider.stats()["batch_answered"] > 0


def test_an_answer_that_is_malformed_comes_as_it_is(lane: BatchLane, provider: Provider) -> None:
    provider.configure(malformed_rate=1, spoiled="prose")
    [(_, found)] = lane.results(lane.submit("k", requests(1)))
    assert isinstance(found, Reply)
    assert found.text.startswith("I would say")


def test_an_empty_answer_is_refused_and_its_cost_is_kept(lane: BatchLane, provider: Provider) -> None:
    provider.configure(malformed_rate=1, spoiled="empty")
    [(_, found)] = lane.results(lane.submit("k", requests(1)))
    assert isinstance(found, RefusedError)
    assert found.reply.dollars > 0


def test_a_batch_is_worked_on_until_it_is_cancelled(lane: BatchLane, provider: Provider) -> None:
    provider.configure(batch_seconds=3600)
    name = lane.submit("k", requests())
    assert lane.poll(name).state == "working"
    lane.cancel(name)
    assert lane.poll(name) == Progress("cancelled", ROWS, 0, ROWS)
    assert {type(found) for _, found in lane.results(name)} == {TransientError}
    lane.cancel(name)  # what is over stays as it is


def test_a_batch_that_was_sent_before_a_crash_is_found_again(lane: BatchLane, provider: Provider) -> None:
    since = now()
    other = lane.submit("run-7-part-12", requests())
    name = lane.submit(KEY_OF_BATCH, requests())
    lane.submit("run-7-part-3", requests())
    assert lane.find(KEY_OF_BATCH, since, ROWS) == name
    assert lane.find("run-7-part-12", since, ROWS) == other
    assert lane.find("run-7", since, ROWS) is None


def test_a_batch_that_is_recorded_or_older_is_not_the_one_looked_for(lane: BatchLane) -> None:
    name = lane.submit(KEY_OF_BATCH, requests(2))
    assert lane.find(KEY_OF_BATCH, now(), 2) == name
    assert lane.find(KEY_OF_BATCH, now(), 2, known={name}) is None
    assert lane.find(KEY_OF_BATCH, now() + timedelta(minutes=6), 2) is None


def test_a_batch_is_found_behind_many_others(lane: BatchLane) -> None:
    since = now()
    name = lane.submit(KEY_OF_BATCH, requests(2))
    for number in range(101):  # one more than a page holds
        lane.submit(f"other-{number}", requests(1))
    assert lane.find(KEY_OF_BATCH, since, 2) == name


def test_openai_tells_of_a_batch_while_it_is_worked_on(provider: Provider) -> None:
    provider.configure(batch_seconds=3600)
    lane, since = lane_for(GPT), now()
    name = lane.submit(KEY_OF_BATCH, requests())
    assert lane.find(KEY_OF_BATCH, since, ROWS) == name
    assert lane.find("another", since, ROWS) is None


def test_anthropic_can_tell_only_once_batches_of_that_size_have_ended(provider: Provider) -> None:
    provider.configure(batch_seconds=3600)
    lane, since = lane_for(CLAUDE), now()
    name = lane.submit(KEY_OF_BATCH, requests())
    with pytest.raises(TransientError, match=name):
        lane.find(KEY_OF_BATCH, since, ROWS)
    assert lane.find(KEY_OF_BATCH, since, ROWS + 1) is None
    assert lane.find(KEY_OF_BATCH, since, ROWS, known=[name]) is None
    provider.configure(batch_seconds=0)
    assert lane.find(KEY_OF_BATCH, since, ROWS) == name


def test_a_batch_that_openai_refuses_as_a_whole_says_why(provider: Provider) -> None:
    lane = lane_for(GPT)
    progress = lane.poll(lane.submit("k", [*requests(1), *requests(1)]))
    assert progress.state == "failed"
    assert isinstance(progress.failure, StoppingError)
    assert "came before" in str(progress.failure)


def test_a_batch_that_anthropic_refuses_is_none(provider: Provider) -> None:
    with pytest.raises(StoppingError, match="must be unique"):
        lane_for(CLAUDE).submit("k", [*requests(1), *requests(1)])
    assert lane_for(CLAUDE).find("k", now(), 2) is None


def test_results_can_be_left_before_their_end_and_read_again(lane: BatchLane) -> None:
    name = lane.submit("k", requests())
    rows = lane.results(name)
    first = next(rows)
    del rows
    assert next(lane.results(name)) == first


def test_what_the_provider_keeps_is_deleted_once(lane: BatchLane, provider: Provider) -> None:
    name = lane.submit("k", requests())
    for _ in range(2):
        lane.forget(name)
    with pytest.raises(StoppingError, match="404"):
        list(lane.results(name))


def test_many_threads_may_use_one_lane(lane: BatchLane) -> None:
    found: list[int] = []

    def work(number: int) -> None:
        found.append(len(list(lane.results(lane.submit(f"k-{number}", requests(3))))))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3, 3, 3, 3]


def test_a_key_that_is_refused_stops_and_is_not_told(lane: BatchLane, provider: Provider) -> None:
    provider.configure(key="another")
    with pytest.raises(StoppingError, match=r"401.*\[secret\]") as told:
        lane.submit("k", requests(1))
    assert KEY not in str(told.value)
    with pytest.raises(StoppingError, match=r"401.*\[secret\]"):
        lane.poll("x")


def test_too_many_batches_may_be_sent_later(lane: BatchLane, provider: Provider) -> None:
    provider.configure(batch_seconds=3600, max_batches=1)
    lane.submit("k-1", requests(1))
    with pytest.raises(TransientError, match="429"):
        lane.submit("k-2", requests(1))
    if isinstance(lane, OpenAILane):
        files = httpx2.get(f"{provider.url}/v1/files").json()["data"]
        assert [file["filename"] for file in files] == ["k-1.jsonl"]


def test_openais_full_queue_is_a_failure_that_passes() -> None:
    fault = SimpleNamespace(code="token_limit_exceeded", message="Enqueued token limit reached")
    batch = SimpleNamespace(errors=SimpleNamespace(data=[fault]))
    assert isinstance(failure_of(batch), TransientError)


@pytest.mark.parametrize("model", [GPT, CLAUDE])
def test_a_provider_that_cannot_be_reached_may_be_later(monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    lane = lane_for(model)
    with pytest.raises(TransientError):
        lane.submit("k", requests(1))
    with pytest.raises(TransientError):
        lane.find("k", now(), 1)
    with pytest.raises(TransientError):
        next(lane.results("x"))


def test_a_server_of_ones_own_has_a_lane_too(
    process: Provider, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    lane = lane_for("openai/qwen3", f"{process.url}/v1")
    [(_, found)] = lane.results(lane.submit("k", requests(1)))
    assert isinstance(found, Reply)
    assert found.dollars is None


def test_other_providers_have_no_lane_and_the_error_says_which_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "x")
    with pytest.raises(StoppingError, match="openai/ and anthropic/"):
        lane_for("groq/openai/gpt-oss-120b")


def test_a_lane_without_a_key_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(StoppingError, match="ANTHROPIC_API_KEY"):
        lane_for(CLAUDE)


def test_the_most_is_above_what_a_batch_did_cost(lane: BatchLane) -> None:
    most = lane.most(asking(0))
    [(_, found)] = lane.results(lane.submit("k", requests(1)))
    assert isinstance(found, Reply)
    assert most is not None
    assert found.dollars is not None
    assert found.dollars < most < Decimal("0.01")


def test_a_lane_cuts_by_what_its_bodies_take(lane: BatchLane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prelabel.llm.openai_batches.PART_BYTES", 4_000)
    monkeypatch.setattr("prelabel.llm.anthropic_batches.PART_BYTES", 4_000)
    parts = list(lane.parts(requests()))
    assert [row for part in parts for row in part] == requests()
    assert 3 < len(parts[0]) < 10
