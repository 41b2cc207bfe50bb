"""Traces: nothing of them is loaded where nobody asks, they stay small, and log lines name theirs."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from prelabel.errors import StoppingError
from prelabel.operations import logs, tracing

HTTP = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
LOADED = """
import sys
for name in {missing}: sys.modules[name] = None
import prelabel_api.__main__, prelabel_worker.__main__, prelabel_worker.tracing
prelabel_worker.tracing.set_up("a test")
ours = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "opentelemetry.instrumentation")
print([name for name in sys.modules if name.startswith(ours) and sys.modules[name]])
"""


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def loaded(missing: list[str]) -> tuple[str, str]:
    """What API and worker have loaded of it once they are set up, and what they say."""
    code = LOADED.replace("{missing}", repr(missing))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


def test_without_an_endpoint_nothing_that_makes_or_sends_spans_is_loaded() -> None:
    assert loaded([])[0] == "[]"


def test_an_endpoint_without_the_packages_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", HTTP["OTEL_EXPORTER_OTLP_ENDPOINT"])
    found, said = loaded(["opentelemetry.exporter"])
    assert found == "[]"
    assert "pip install 'prelabel[otel]'" in said


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({}, HTTP["OTEL_EXPORTER_OTLP_ENDPOINT"]),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://other"}, "http://other"),
        ({"OTEL_SDK_DISABLED": "true"}, ""),
        ({"OTEL_TRACES_EXPORTER": "none"}, ""),
    ],
)
def test_the_standard_variables_say_where_traces_go(more: dict[str, str], where: str) -> None:
    assert tracing.endpoint(HTTP | more) == where


def test_the_first_examples_are_in_the_trace_of_their_run_and_the_others_point_to_it(
    kept: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "MOST_IN_TRACE", 1)
    with tracing.span("task"), logs.about(run_id=7):
        for number in range(2):
            with tracing.drafting(number):
                pass
    first, second, task = kept.get_finished_spans()
    assert first.parent is not None
    assert task.context is not None
    assert first.parent.span_id == task.context.span_id
    assert (second.parent, [link.context for link in second.links]) == (None, [task.context])
    assert first.attributes is not None
    assert first.attributes["prelabel.run_id"] == 7


def test_a_span_tells_the_type_of_an_error_and_not_its_text(kept: InMemorySpanExporter) -> None:
    with pytest.raises(StoppingError), tracing.span("call"):
        raise StoppingError("the answer was: secret")
    [span] = kept.get_finished_spans()
    assert "StoppingError" in span.to_json()
    assert "secret" not in span.to_json()


def test_a_json_line_names_its_trace() -> None:
    within = trace.SpanContext(trace_id=0xABC, span_id=1, is_remote=False)
    record = logging.makeLogRecord({"msg": "slow"})
    with trace.use_span(trace.NonRecordingSpan(within)):
        line = json.loads(logs.Json().format(record))
    assert line["trace_id"] == f"{0xABC:032x}"
    assert "trace_id" not in json.loads(logs.Json().format(record))
