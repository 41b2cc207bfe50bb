"""The provider without a process of its own."""

import json
from typing import Any

import httpx
import httpx2
import openai
import pytest
import respx
from starlette.testclient import TestClient

from simulator.answers import Answers
from simulator.faults import Behaviour
from simulator.provider import ProviderApp
from tests.simulator.conftest import ANSWER, ROWS, as_schema, asking


@pytest.fixture
def app() -> ProviderApp:
    return ProviderApp(Answers(ROWS))


def content(body: dict[str, Any]) -> Any:
    return json.loads(body["choices"][0]["message"]["content"])


def test_a_response_is_had_without_a_server(app: ProviderApp) -> None:
    status, headers, body = app.respond(asking(), "openai")
    assert (status, headers, content(body)) == (200, {}, ANSWER)
    assert app.stats()["examples_answered"] == 1


def test_a_call_that_would_hang_gets_its_504_at_once() -> None:
    app = ProviderApp(behaviour=Behaviour(hang_rate=1, median_ms=60_000))
    assert app.respond(asking(), "anthropic")[0] == 504


def test_limits_hold_without_a_server() -> None:
    app = ProviderApp(behaviour=Behaviour(rpm=60))
    assert [app.respond(asking(), "openai")[0] for _ in range(2)] == [200, 429]


def test_a_repair_meets_a_sticky_fault_again() -> None:
    app = ProviderApp(Answers(ROWS), Behaviour(malformed_rate=0.5, sticky=True, spoiled="empty"))
    texts = [f"example {number}" for number in range(40)]
    repairs = [asking(text)["messages"] + [{"role": "user", "content": "Again."}] for text in texts]
    first = [app.respond(asking(text), "openai")[2]["choices"] for text in texts]
    second = [app.respond({"messages": repair}, "openai")[2]["choices"] for repair in repairs]
    assert first == second
    assert 0 < app.stats()["faults"]["empty"] < 80


def test_every_call_is_counted_once() -> None:
    app = ProviderApp(Answers(ROWS), Behaviour(error_rate=0.3, malformed_rate=0.3, rpm=60 * 80))
    for number in range(100):
        app.respond(asking() if number % 10 else {}, "openai")
    stats = app.stats()
    assert stats["calls"] == 100 == stats["ok"] + stats["invalid"] + sum(stats["faults"].values())
    assert min(stats["ok"], stats["invalid"], stats["faults"]["rpm"], stats["faults"]["error"]) > 0


def test_starlettes_client_can_drive_it(app: ProviderApp) -> None:
    with TestClient(app) as client:
        assert content(client.post("/v1/chat/completions", json=asking()).json()) == ANSWER
        assert client.post("/v1/chat/completions", content=b"{").status_code == 400
        assert client.get("/health").status_code == 200
        assert client.get("/v1/messages").status_code == 404
        assert client.get("/reset").status_code == 405


def test_respx_can_put_it_in_a_providers_place(app: ProviderApp) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        status, headers, body = app.respond(json.loads(request.content), "openai")
        return httpx.Response(status, headers=headers, json=body)

    with respx.mock() as routes:
        routes.post("https://api.example/v1/chat/completions").mock(side_effect=answer)
        response = httpx.post("https://api.example/v1/chat/completions", json=asking())
    assert content(response.json()) == ANSWER


def test_a_vendors_client_can_have_it_as_its_transport(app: ProviderApp) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        status, headers, body = app.respond(json.loads(request.content), "openai")
        return httpx2.Response(status, headers=headers, json=body)

    with openai.OpenAI(
        api_key="none", http_client=httpx2.Client(transport=httpx2.MockTransport(answer))
    ) as client:
        completion = client.chat.completions.create(**asking(response_format=as_schema()))
    assert json.loads(completion.choices[0].message.content or "") == ANSWER
