"""OpenTelemetry traces: from the request that starts a run, through its task, to each example and each model call.

The code around asks the API of OpenTelemetry for spans, which does nothing until `set_up` finds an endpoint in the standard
variables and loads the SDK (`pip install prelabel[otel]`). Spans hold ids, names of models and counts, never a content, a prompt,
an answer, a key, or the text of an error.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, StatusCode

from prelabel import __version__
from prelabel.operations import logs

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger(__name__)
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
OURS = "http/protobuf"
PACKAGES = ("sdk", "exporter", "instrumentation")
"""Parts of `opentelemetry` that the extra brings, and nothing else that we need."""
INSTALL = "pip install 'prelabel[otel]'"
MOST_IN_TRACE = 500
"""Examples of a run that one process adds to the trace of what started it; each further one has a trace of its own with a link
to that: no backend shows a trace of a million spans, and so a sampler can thin them out."""
_tracer = trace.get_tracer("prelabel", __version__)


def endpoint(environment: Mapping[str, str] = os.environ) -> str:
    """Where traces are to be sent; empty: nowhere."""
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if is_off or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return ""
    return _first(environment, ENDPOINTS)


def obstacle(environment: Mapping[str, str] = os.environ) -> str:
    """What keeps traces from being sent where there is an endpoint; empty: nothing."""
    protocol = _first(environment, PROTOCOLS) or OURS
    if protocol != OURS:
        return f"{PROTOCOLS[1]} is {protocol}, and traces are sent by {OURS} only (as a rule to port 4318)"
    is_complete = all(find_spec(f"opentelemetry.{name}") for name in PACKAGES)
    return "" if is_complete else f"the packages for them are not installed: {INSTALL}"


def set_up(service: str) -> "TracerProvider | None":
    """Send the spans of this process from now on, if there is an endpoint. OTEL_SERVICE_NAME goes before `service`."""
    if not endpoint():
        return None
    if amiss := obstacle():
        log.warning("no traces are sent: %s", amiss)
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    class WithoutQueries(SpanProcessor):
        """Queries hold what people look for, which is text of examples."""

        def on_start(self, span: Any, parent_context: Context | None = None) -> None:
            if span.attributes and "url.query" in span.attributes:
                span.set_attribute("url.query", "REDACTED")

    ours = Resource({"service.name": service, "service.version": __version__})
    # Without events: libraries put the messages of errors there, which repeat what they were about.
    provider = TracerProvider(
        resource=Resource.create().merge(ours).merge(OTELResourceDetector().detect()),
        span_limits=SpanLimits(max_events=0),
    )
    provider.add_span_processor(WithoutQueries())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


@contextmanager
def span(name: str, kind: SpanKind = SpanKind.INTERNAL, **options: Any) -> Iterator[Span]:
    """A span around the block, with the ids of what it is about; of an error it says the type. `options` are those of a tracer."""
    made = _tracer.start_as_current_span(
        name, kind=kind, record_exception=False, set_status_on_exception=False, **options
    )
    with made as opened:
        if opened.is_recording():
            opened.set_attributes({f"prelabel.{name}": value for name, value in logs.known().items()})
        try:
            yield opened
        except Exception as error:
            opened.set_attribute("error.type", type(error).__name__)
            opened.set_status(StatusCode.ERROR)
            raise


def drafting(number: int) -> AbstractContextManager[Span]:
    """A span around the drafting of one example, before which this process has begun so many of its run."""
    if number < MOST_IN_TRACE:
        return span("draft example")
    began = trace.get_current_span().get_span_context()
    return span("draft example", context=Context(), links=[Link(began)] if began.is_valid else [])


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")
