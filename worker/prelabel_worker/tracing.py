"""Traces of a process that sends or takes tasks: their messages carry the trace on."""

from prelabel.operations import tracing


def set_up(service: str) -> None:
    """Send this process's spans, tasks included, where an endpoint says so (`prelabel.operations.tracing`)."""
    if tracing.set_up(service):
        from opentelemetry.instrumentation.celery import CeleryInstrumentor

        CeleryInstrumentor().instrument()  # type: ignore[no-untyped-call] # the library's own
