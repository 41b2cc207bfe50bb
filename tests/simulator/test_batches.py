"""Both providers' batches, as their own clients send and read them."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import anthropic
import openai
import pytest
from starlette.testclient import TestClient

from simulator import anthropic_batches, openai_batches
from simulator.answers import Answers
from simulator.process import Provider
from simulator.provider import ProviderApp
from tests.simulator.conftest import ANSWER, ROWS, asking, fenced

TEXTS = ["a hoax", "two\nlines", *(f"unknown {number}" for number in range(18))]
URL: Final = "/v1/chat/completions"


@pytest.fixture
def gpt(provider: Provider) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="right", base_url=f"{provider.url}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(provider: Provider) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="right", base_url=provider.url, max_retries=0) as client:
        yield client


def line(name: str, text: str = "a hoax", **changes: Any) -> str:
    row = {"custom_id": name, "method": "POST", "url": URL, "body": asking(text)} | changes
    return json.dumps(row) + "\n"


def lines() -> str:
    return "".join(line(f"n-{number}", text) for number, text in enumerate(TEXTS))


def sent(gpt: openai.OpenAI, data: str = "", **metadata: str) -> str:
    file = gpt.files.create(file=("rows.jsonl", (data or lines()).encode()), purpose="batch")
    batch = gpt.batches.create(
        input_file_id=file.id, endpoint=URL, completion_window="24h", metadata=metadata
    )
    assert (batch.status, batch.metadata) == ("validating", metadata)
    return batch.id


def rows_of(gpt: openai.OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    return [json.loads(row) for row in gpt.files.content(file_id).text.splitlines()] if file_id else []


def messages(texts: list[str] = TEXTS) -> list[Any]:
    return [
        {
            "custom_id": f"n-{number}",
            "params": {
                "model": "simulated",
                "max_tokens": 9,
                "messages": [{"role": "user", "content": fenced(text)}],
            },
        }
        for number, text in enumerate(texts)
    ]


def ends(claude: anthropic.Anthropic, name: str) -> Counter[str]:
    return Counter(row.result.type for row in claude.messages.batches.results(name))


def test_openais_answers_are_those_of_live_calls_in_another_order(gpt: openai.OpenAI) -> None:
    batch = gpt.batches.retrieve(sent(gpt))
    rows = rows_of(gpt, batch.output_file_id)
    live = gpt.chat.completions.create(**asking(TEXTS[0])).to_dict()
    by_name = {row["custom_id"]: row["response"]["body"] for row in rows}
    assert (batch.status, batch.error_file_id, len(by_name)) == ("completed", None, len(TEXTS))
    assert by_name["n-0"]["choices"] == live["choices"]
    assert by_name["n-0"]["usage"] == live["usage"]
    assert [row["custom_id"] for row in rows] != [f"n-{number}" for number in range(len(TEXTS))]


def test_anthropics_answers_are_the_recorded_ones_in_another_order(claude: anthropic.Anthropic) -> None:
    batch = claude.messages.batches.create(requests=messages())
    rows = list(claude.messages.batches.results(batch.id))
    [first] = [row.result for row in rows if row.custom_id == "n-0"]
    assert first.type == "succeeded"
    assert json.loads(first.message.content[0].text) == ANSWER  # type: ignore[union-attr]
    assert rows[0].custom_id != "n-0"


def test_tokens_of_batches_are_counted_apart_and_among_all(gpt: openai.OpenAI, provider: Provider) -> None:
    batch = gpt.batches.retrieve(sent(gpt))
    usages = [row["response"]["body"]["usage"] for row in rows_of(gpt, batch.output_file_id)]
    live = gpt.chat.completions.create(**asking()).usage
    stats = provider.stats()
    assert live is not None
    assert stats["batch_tokens_in"] == sum(usage["prompt_tokens"] for usage in usages)
    assert stats["batch_tokens_out"] == sum(usage["completion_tokens"] for usage in usages)
    assert stats["tokens_in"] == stats["batch_tokens_in"] + live.prompt_tokens
    assert (stats["calls"], stats["batches"], stats["batch_requests"], stats["ok"]) == (1, 1, 20, 21)


def test_a_batch_is_worked_on_for_its_time(
    gpt: openai.OpenAI, claude: anthropic.Anthropic, provider: Provider
) -> None:
    provider.configure(batch_seconds=3600)
    name, other = sent(gpt), claude.messages.batches.create(requests=messages()).id
    assert gpt.batches.retrieve(name).status == "in_progress"
    assert claude.messages.batches.retrieve(other).request_counts.processing == 20
    assert provider.stats()["batch_requests"] == 0
    provider.configure(batch_seconds=0)
    assert gpt.batches.retrieve(name).status == "completed"
    assert claude.messages.batches.retrieve(other).processing_status == "ended"


def test_what_fails_and_what_expires_is_in_openais_other_file(gpt: openai.OpenAI, provider: Provider) -> None:
    provider.configure(batch_failed_rate=0.3, batch_expired_rate=0.3)
    batch = gpt.batches.retrieve(sent(gpt))
    good, bad = rows_of(gpt, batch.output_file_id), rows_of(gpt, batch.error_file_id)
    failed = [row["response"]["status_code"] for row in bad if row["response"]]
    expired = [row["error"]["code"] for row in bad if row["error"]]
    assert (batch.status, set(failed), set(expired)) == ("expired", {500}, {"batch_expired"})
    assert len(good) + len(bad) == len(TEXTS)
    stats = provider.stats()
    assert (stats["batch_answered"], stats["batch_requests"]) == (len(good), len(TEXTS))
    assert (stats["faults"]["batch_failed"], stats["faults"]["batch_expired"]) == (len(failed), len(expired))


def test_what_fails_and_what_expires_is_in_anthropics_stream(
    claude: anthropic.Anthropic, provider: Provider
) -> None:
    provider.configure(batch_failed_rate=0.3, batch_expired_rate=0.3)
    batch = claude.messages.batches.create(requests=messages())
    counts = claude.messages.batches.retrieve(batch.id).request_counts
    found = ends(claude, batch.id)
    assert found == {"succeeded": counts.succeeded, "errored": counts.errored, "expired": counts.expired}
    assert min(found.values()) > 0


def test_faults_of_answers_are_those_of_live_calls_where_they_are_sticky(
    gpt: openai.OpenAI, provider: Provider
) -> None:
    provider.configure(malformed_rate=0.5, spoiled="empty", sticky=True, batch_failed_rate=0.1)
    batch = gpt.batches.retrieve(sent(gpt))
    bodies = {row["custom_id"]: row["response"]["body"] for row in rows_of(gpt, batch.output_file_id)}
    said = [body["choices"][0]["message"]["content"] for _, body in sorted(bodies.items())]
    texts = [TEXTS[int(name[2:])] for name in sorted(bodies)]
    live = [gpt.chat.completions.create(**asking(text)).choices[0].message.content for text in texts]
    assert said == live
    assert 0 < said.count("") < len(said)


def test_a_request_that_cannot_be_read_fails_alone(gpt: openai.OpenAI, provider: Provider) -> None:
    batch = gpt.batches.retrieve(sent(gpt, line("a") + line("b", body={"messages": []})))
    [bad] = rows_of(gpt, batch.error_file_id)
    assert (bad["custom_id"], bad["response"]["status_code"]) == ("b", 400)
    assert (batch.status, provider.stats()["invalid"]) == ("completed", 1)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("no JSON\n", "invalid_json_line"),
        ("\n", "empty_file"),
        ('{"custom_id": "a"}\n', "invalid_json_line"),
        (line("a", method="GET"), "invalid_request"),
        (line("a", url="/v1/embeddings"), "invalid_request"),
        (line("a") + line("a"), "duplicate_custom_id"),
    ],
)
def test_openai_refuses_a_file_that_is_not_right_as_a_failed_batch(
    gpt: openai.OpenAI, provider: Provider, data: str, code: str
) -> None:
    batch = gpt.batches.retrieve(sent(gpt, data))
    assert batch.errors is not None
    assert [fault.code for fault in batch.errors.data or []] == [code]
    assert (batch.status, batch.output_file_id, provider.stats()["batch_requests"]) == ("failed", None, 0)


def test_openai_takes_no_more_than_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_batches, "MOST_REQUESTS", 2)
    faults = [openai_batches.read("".join(map(line, names)).encode())[1] for names in ("ab", "abc")]
    assert (faults[0], faults[1][0]["code"]) == ([], "too_many_tasks")
    monkeypatch.setattr(openai_batches, "MOST_BYTES", 10)
    assert openai_batches.read(line("a").encode())[1][0]["code"] == "file_too_large"


@pytest.mark.parametrize("name", ["", "a b", "ü", "x" * 65, "n-1"])
def test_anthropic_refuses_ids_that_are_wrong_or_come_twice(claude: anthropic.Anthropic, name: str) -> None:
    requests = messages()
    requests[0]["custom_id"] = name
    with pytest.raises(anthropic.BadRequestError, match="custom_id"):
        claude.messages.batches.create(requests=requests)


def test_anthropic_takes_no_more_than_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anthropic_batches, "MOST_REQUESTS", 2)
    monkeypatch.setattr(anthropic_batches, "MOST_BYTES", 2_000)
    with TestClient(ProviderApp(Answers(ROWS))) as client:
        path = "/v1/messages/batches"
        assert client.post(path, json={"requests": messages()[:2]}).status_code == 200
        assert client.post(path, json={"requests": messages()[:3]}).status_code == 400
        assert client.post(path, json={"requests": messages(["x" * 2_000])}).status_code == 413


def test_lists_come_in_pages_from_the_newest_on(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    names = [sent(gpt, line("a"), number=str(number)) for number in range(5)]
    found = list(gpt.batches.list(limit=2))
    others = [claude.messages.batches.create(requests=messages()).id for _ in range(5)]
    assert [batch.id for batch in found] == names[::-1]
    assert [batch.metadata for batch in found] == [{"number": str(number)} for number in (4, 3, 2, 1, 0)]
    assert [batch.id for batch in claude.messages.batches.list(limit=2)] == others[::-1]


def test_a_cancelled_batch_has_answers_only_to_what_was_through(
    gpt: openai.OpenAI, claude: anthropic.Anthropic, provider: Provider
) -> None:
    provider.configure(batch_seconds=3600)
    name, other = sent(gpt), claude.messages.batches.create(requests=messages()).id
    batch = gpt.batches.cancel(name)
    claude.messages.batches.cancel(other)
    codes = {row["error"]["code"] for row in rows_of(gpt, batch.error_file_id)}
    assert (batch.status, batch.output_file_id, codes) == ("cancelled", None, {"batch_cancelled"})
    assert ends(claude, other) == {"canceled": len(TEXTS)}
    assert (provider.stats()["batch_requests"], provider.stats()["tokens_in"]) == (0, 0)


def test_a_batch_that_is_over_cannot_be_cancelled(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    name, other = sent(gpt), claude.messages.batches.create(requests=messages()).id
    with pytest.raises(openai.ConflictError, match="completed"):
        gpt.batches.cancel(name)
    with pytest.raises(anthropic.BadRequestError):
        claude.messages.batches.cancel(other)


def test_files_are_kept_until_they_are_deleted(gpt: openai.OpenAI) -> None:
    data = b"--a\r\n\r\nb\r\n"
    file = gpt.files.create(file=("x.jsonl", data), purpose="batch")
    assert (gpt.files.retrieve(file.id).bytes, gpt.files.content(file.id).content) == (len(data), data)
    assert gpt.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        gpt.files.content(file.id)


def test_too_many_batches_at_once_are_told_to_wait(
    gpt: openai.OpenAI, claude: anthropic.Anthropic, provider: Provider
) -> None:
    provider.configure(batch_seconds=3600, max_batches=1)
    sent(gpt)
    with pytest.raises(openai.RateLimitError):
        sent(gpt)
    with pytest.raises(anthropic.RateLimitError):
        claude.messages.batches.create(requests=messages())


def test_a_wrong_key_is_refused(gpt: openai.OpenAI, claude: anthropic.Anthropic, provider: Provider) -> None:
    provider.configure(key="right")
    sent(gpt)
    claude.messages.batches.list()
    provider.configure(key="another")
    with pytest.raises(openai.AuthenticationError):
        sent(gpt)
    with pytest.raises(anthropic.AuthenticationError):
        claude.messages.batches.list()


def test_a_reset_forgets_batches(gpt: openai.OpenAI, provider: Provider) -> None:
    name = sent(gpt)
    provider.reset()
    with pytest.raises(openai.NotFoundError):
        gpt.batches.retrieve(name)
