"""Traces through real processes, to a collector: one trace from the request to the calls, and nothing private in it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from simulator import process
from tests.receiver import Receiver
from tests.running import Running, running
from tests.service.test_every_kind import bring_in
from tests.waiting import wait_until

MODEL, KEY, WORDS = "openai/gpt-4o-mini", "sk-a-key-that-nobody-sees", "a letter about money"
STARTS = "POST /v1/projects/{project}/datasets/{dataset}/runs"


@pytest.fixture
def collector() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.status = 200
    yield receiver
    receiver.close()


@pytest.fixture
def service(tmp_path: Path, collector: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    # Its first sweep is over before there is a run, the next does not come before the message that carries the trace.
    with (
        process.running() as provider,
        running(tmp_path / "home", 1, sweep_seconds=60, api_base=f"{provider.url}/v1") as service,
    ):
        wait_until(lambda: httpx2.get(f"{service.client.url}/ready").json()["workers"], service.logs)
        yield service


def spans_of(collector: Receiver) -> list[tuple[str, Any, dict[str, Any]]]:
    """Service, span and attributes of all that has arrived."""
    found = []
    for _, body in list(collector.got):
        for part in ExportTraceServiceRequest.FromString(body).resource_spans:
            [service] = [
                one.value.string_value for one in part.resource.attributes if one.key == "service.name"
            ]
            for scope in part.scope_spans:
                found += [(service, span, values(span)) for span in scope.spans]
    return found


def values(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in span.attributes}


def way_up(spans: list[tuple[str, Any, dict[str, Any]]], last: Any) -> list[tuple[str, str]]:
    """From a span to the root of its trace: services and names."""
    by_id = {span.span_id: (service, span) for service, span, _ in spans if span.trace_id == last.trace_id}
    way, at = [], last.span_id
    while at:
        service, span = by_id[at]
        way.append((service, span.name))
        at = span.parent_span_id
    return way


def test_a_run_is_one_trace_from_its_request_to_its_calls(service: Running, collector: Receiver) -> None:
    lead = service.client
    lead.define_project("p", {"fields": {"topic": ["money", "other"]}})
    bring_in(lead, "p", "d", [{"id": str(number), "text": f"{WORDS} {number}"} for number in range(3)])
    lead.get("/projects", q=WORDS)
    run = lead.start_run("p", "d", model=MODEL)["id"]
    lead.wait(run, ("reviewing", "finished"), seconds=60, every=0.1)
    until_told(collector, service)
    spans = spans_of(collector)
    calls = [(span, said) for _, span, said in spans if span.name == f"chat {MODEL}"]
    assert len({span.trace_id for span, _ in calls}) == 1
    assert {tuple(way_up(spans, span)) for span, _ in calls} == {(
        ("prelabel-worker", f"chat {MODEL}"),
        ("prelabel-worker", "draft example"),
        ("prelabel-worker", "run/prelabel.draft"),
        ("prelabel-api", "apply_async/prelabel.draft"),
        ("prelabel-api", STARTS),
    )}  # fmt: skip
    assert {said["prelabel.run_id"] for _, said in calls} == {run}
    assert len({said["prelabel.example_id"] for _, said in calls}) == 3
    for _, said in calls:
        assert (said["gen_ai.provider.name"], said["gen_ai.request.model"]) == ("openai", MODEL)
        assert said["gen_ai.usage.input_tokens"] > said["gen_ai.usage.output_tokens"] > 0
    everything = b"".join(body for _, body in collector.got)
    assert not any(word.encode() in everything for word in (WORDS, WORDS.replace(" ", "+"), KEY, "money"))
    assert not any(said.get("url.path") in ("/ready", "/health") for _, _, said in spans)


def until_told(collector: Receiver, service: Running) -> None:
    def names() -> list[str]:
        return [span.name for _, span, _ in spans_of(collector)]

    wait_until(
        lambda: names().count("draft example") == 3 and STARTS in names(),
        lambda: json.dumps(names()) + service.logs(),
    )
