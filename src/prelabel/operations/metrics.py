"""What this process counts for Prometheus, each after its commit: what was rolled back is not counted.

Every process of Prelabel has a registry of its own and is scraped by itself, so nothing is shared and nothing is left over from a
process that is gone. Counters begin at nought when the process does, as Prometheus expects.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

MOST_MODELS = 100
"""Names of models that have series of their own in one process; further ones are counted as `OTHER` together."""
OTHER = "other"
HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CALL_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0)

# As many series again, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library's own
REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

BUILD = Info("prelabel_build", "Which version of Prelabel this process runs.", registry=REGISTRY)
REQUESTS = Counter(
    "prelabel_http_requests", "HTTP requests answered.", ("method", "route", "status"), registry=REGISTRY
)
REQUEST_SECONDS = Histogram(
    "prelabel_http_request_duration_seconds",
    "Time until the answer of an HTTP request began.",
    ("method", "route"),
    buckets=HTTP_SECONDS,
    registry=REGISTRY,
)
DRAFTS = Counter(
    "prelabel_drafts",
    "Draftings that ended, by how: drafted, failed, postponed, stopped.",
    ("model", "outcome"),
    registry=REGISTRY,
)
CALLS = Counter(
    "prelabel_model_calls",
    "Requests sent to providers of models, by how they ended; outcome limited is a 429.",
    ("model", "purpose", "lane", "outcome"),
    registry=REGISTRY,
)
CALL_DURATION = Histogram(
    "prelabel_model_call_duration_seconds",
    "Time that answered live model calls took.",
    ("model",),
    buckets=CALL_SECONDS,
    registry=REGISTRY,
)
RETRIES = Counter(
    "prelabel_model_retries", "Model calls that were a further attempt.", ("model",), registry=REGISTRY
)
IN_FLIGHT = Gauge(
    "prelabel_model_calls_in_flight", "Live model calls in flight.", ("model",), registry=REGISTRY
)
TOKENS = Counter(
    "prelabel_model_tokens",
    "Tokens that model calls took, by kind: in, out, cached (part of in), reasoning (part of out).",
    ("model", "kind"),
    registry=REGISTRY,
)
DOLLARS = Counter(
    "prelabel_spent_dollars",
    "Dollars that model calls of known price have cost.",
    ("model",),
    registry=REGISTRY,
)
REVIEWS = Counter("prelabel_reviews", "Answers of people, by verdict.", ("verdict",), registry=REGISTRY)

_models: set[str] = set()
_naming = threading.Lock()


def model_label(name: str) -> str:
    """The value of the label `model`: the name itself, for the first `MOST_MODELS` of them."""
    with _naming:
        if name in _models or len(_models) < MOST_MODELS:
            _models.add(name)
            return name
    return OTHER


@contextmanager
def in_flight(model: str) -> Iterator[None]:
    """Count a model call as in flight while the block lasts."""
    gauge = IN_FLIGHT.labels(model_label(model))
    gauge.inc()
    try:
        yield
    finally:
        gauge.dec()


def count_drafts(ended: Mapping[tuple[str, str], int]) -> None:
    """Count draftings by their model and how they ended."""
    for (model, outcome), count in ended.items():
        DRAFTS.labels(model_label(model), outcome).inc(count)


def count_spending(model: str, dollars: Decimal | None, **tokens: int) -> None:
    """Count what a call took."""
    label = model_label(model)
    for kind, count in tokens.items():
        TOKENS.labels(label, kind).inc(count)
    if dollars is not None:
        DOLLARS.labels(label).inc(float(dollars))
