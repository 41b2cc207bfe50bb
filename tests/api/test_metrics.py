"""What Prometheus reads: who may, what is counted, and that it stays cheap."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from prelabel import projects, runs
from prelabel.client import Client
from prelabel.draft import CallRecord, Reply
from prelabel.errors import Unavailable
from prelabel.events import alarms, outbox
from prelabel.models import Webhook
from prelabel.money import ledger
from prelabel.money.ledger import Entry
from prelabel.operations import exposition, gauges, logs, metrics
from prelabel.operations.exposition import text_of
from prelabel.operations.metrics import REGISTRY
from prelabel.operations.supervise import parts
from prelabel.people import users
from prelabel.review import acts, leases
from prelabel.review.acts import Answer
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_api.app import create_app
from tests.api.recording import RecordingQueue
from tests.api.studio import Studio
from tests.factories import make_run, queued_run
from tests.running import free_port


@pytest.fixture
def registry(store: Store) -> CollectorRegistry:
    """The figures of this database, read anew each time."""
    made = CollectorRegistry()
    made.register(gauges.FromDatabase(store, fresh_seconds=0))
    return made


@pytest.fixture
def figures(sqlite_store: Store) -> Iterator[TestClient]:
    used = Settings(metrics_token="a-token-for-prometheus")
    made = CollectorRegistry()
    gauges.add(made, sqlite_store)
    with TestClient(create_app(sqlite_store, used, RecordingQueue(), made)) as client:
        yield client


TOKEN = {"Authorization": "Bearer a-token-for-prometheus"}


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def call(run_id: int, outcome: str = "ok", model: str = "m") -> Entry:
    reply = Reply("{}", tokens_in=7, tokens_out=2, dollars=Decimal("0.25"), latency_ms=1_500)
    return Entry(run_id, 1, CallRecord(model, "draft", "hash", outcome, reply=reply))  # type: ignore[arg-type]


def test_figures_are_for_admins_and_for_who_has_their_token(sqlite_store: Store) -> None:
    made = CollectorRegistry()
    app = create_app(sqlite_store, Settings(metrics_token="a-token-for-prometheus"), RecordingQueue(), made)
    with sqlite_store.writing() as session:
        tokens = {
            role: users.issue_token(session, users.create(session, role, role), "test")
            for role in ("lead", "admin")
        }
    tokens |= {"prometheus": "a-token-for-prometheus", "nobody": "a-token-for-something-else"}
    client = TestClient(app)
    found = {
        who: client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code
        for who, token in tokens.items()
    }
    assert found == {"lead": 403, "admin": 200, "prometheus": 200, "nobody": 401}
    assert client.get("/metrics").status_code == 401


def test_requests_are_counted_by_the_template_of_their_route(web: TestClient, lead: Client) -> None:
    where = {"method": "GET", "route": "/v1/runs/{run_id}", "status": "404"}
    before = counted("prelabel_http_requests_total", **where)
    for number in (8_001, 8_002, 8_003):
        lead._http.get(f"/v1/runs/{number}")
    assert counted("prelabel_http_requests_total", **where) == before + 3
    assert b"/8002" not in text_of(REGISTRY)[0]


def test_what_waits_is_told_by_place_and_by_reason(store: Store, registry: CollectorRegistry) -> None:
    queued_run(store, 4)
    make_run(store, 3)
    value = registry.get_sample_value
    assert value("prelabel_examples", {"place": "queued"}) == 4
    assert value("prelabel_examples", {"place": "waiting"}) == value("prelabel_examples_to_draft") == 3
    assert value("prelabel_queue_slots", {"reason": "low_confidence", "role": "reviewer"}) == 4
    oldest = value("prelabel_queue_oldest_seconds", {"reason": "low_confidence", "role": "reviewer"})
    assert oldest is not None
    assert 0 < oldest < 60
    assert value("prelabel_runs", {"state": "running"}) == 2


def test_leases_alarms_webhooks_and_workers_are_told(store: Store, registry: CollectorRegistry) -> None:
    run_id, value = queued_run(store, 2), registry.get_sample_value
    with store.writing() as session:
        ada = users.create(session, "ada", "reviewer")
        session.flush()
        leases.claim(session, ada.id or 0, 1, 60)
        runs.beat(session, "a-worker")
        alarms.raise_(session, runs.get(session, run_id), "drift", "worse")
        project = projects.find(session, "p")
        hook = Webhook(project_id=project.id or 0, url="http://h/", events=[], salt="", digest="")
        session.add(hook)
        session.flush()
        outbox.deliver(session, hook.id or 0, outbox.TEST, {})
    assert value("prelabel_leases", {"kind": "review"}) == 1
    assert value("prelabel_alarms_open", {"kind": "drift"}) == 1
    assert value("prelabel_webhook_deliveries_pending") == value("prelabel_workers_alive") == 1


def test_calls_are_counted_with_what_they_took_once_they_are_committed(store: Store) -> None:
    run_id = make_run(store, 1)
    with store.writing() as session:
        ledger.record(session, [call(run_id), call(run_id, "limited")])
    with suppress(RuntimeError), store.writing() as session:
        ledger.record(session, [call(run_id, model="lost")])
        raise RuntimeError
    assert counted("prelabel_spent_dollars_total", model="lost") == 0
    assert counted("prelabel_model_tokens_total", model="m", kind="in") >= 14
    where = {"model": "m", "purpose": "draft", "lane": "live"}
    assert counted("prelabel_model_calls_total", **where, outcome="limited") >= 1
    assert counted("prelabel_model_call_duration_seconds_sum", model="m") >= 1.5


def test_drafts_and_reviews_are_counted(sqlite_store: Store) -> None:
    drafted = {"model": "fake", "outcome": "drafted"}
    before = counted("prelabel_drafts_total", **drafted), counted("prelabel_reviews_total", verdict="skipped")
    queued_run(sqlite_store, 3)
    with sqlite_store.writing() as session:
        ada = users.create(session, "ada", "reviewer")
        session.flush()
        [task] = leases.claim(session, ada.id or 0, 1, 60)
        acts.skip(session, ada.id or 0, task.slot_id, Answer("once"))
    assert counted("prelabel_drafts_total", **drafted) == before[0] + 3
    assert counted("prelabel_reviews_total", verdict="skipped") == before[1] + 1


def test_a_database_that_does_not_answer_is_a_figure_too(tmp_path: Path) -> None:
    made = CollectorRegistry()
    gauges.add(made, Store(f"sqlite:///{tmp_path / 'without-tables.db'}"))
    assert made.get_sample_value("prelabel_database_up") == 0
    assert made.get_sample_value("prelabel_workers_alive") is None


@contextmanager
def asked(store: Store) -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    """The statements, with their values, that a store carries out meanwhile."""
    found: list[tuple[str, tuple[object, ...]]] = []

    def note(*about: Any) -> None:
        found.append((about[2], about[3]))

    event.listen(store.engine, "before_cursor_execute", note)
    yield found
    event.remove(store.engine, "before_cursor_execute", note)


def test_the_database_is_asked_once_however_many_scrape(sqlite_store: Store) -> None:
    made = CollectorRegistry()
    gauges.add(made, sqlite_store)
    with asked(sqlite_store) as statements:
        text_of(made)
        once = len(statements)
        text_of(made)
    assert 0 < once == len(statements)


def test_no_figure_reads_a_large_table_row_by_row(sqlite_store: Store) -> None:
    with asked(sqlite_store) as statements, sqlite_store.reading() as session:
        list(gauges.figures(session))
    assert len(statements) > 5
    with sqlite_store.engine.connect() as connection:
        plans = [
            row[3]
            for statement, values in statements
            if statement.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    large = re.compile(r"^SCAN (placement|slot|delivery|example|draft|label)\b(?!.* USING )")
    assert not [plan for plan in plans if large.search(plan)]


def test_models_beyond_a_hundred_share_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_models", set())
    names = {metrics.model_label(f"model-{number}") for number in range(150)}
    assert len(names) == metrics.MOST_MODELS + 1
    assert metrics.model_label("model-3") == "model-3"


def test_every_name_and_unit_is_as_prometheus_wants_them(figures: TestClient) -> None:
    text = (text_of(REGISTRY)[0] + figures.get("/metrics", headers=TOKEN).content).decode()
    families = [family for family in text_string_to_metric_families(text) if "prelabel" in family.name]
    assert len(families) > 20
    for family in families:
        assert re.fullmatch(r"prelabel_[a-z_]+", family.name)
        assert not re.search(r"_(ms|milliseconds|minutes|usd|kilobytes|total_total)$", family.name)
        assert family.documentation.endswith(".")


def test_the_metrics_port_asks_for_the_token_where_there_is_one() -> None:
    used = Settings(metrics_port=free_port(), metrics_token="a-token-for-prometheus")
    exposition.serve(used)
    url = f"http://127.0.0.1:{used.metrics_port}/metrics"
    assert httpx2.get(url).status_code == 401
    assert "prelabel_build_info" in httpx2.get(url, headers=TOKEN).text
    with pytest.raises(Unavailable, match="set PRELABEL_METRICS_PORT"):
        exposition.serve(used)


def test_each_worker_that_up_starts_has_a_port_of_its_own() -> None:
    found = [part.metrics_port for part in parts(Settings(workers=2, concurrency=8, metrics_port=9464))]
    assert found == [9465, 9466]
    assert [part.metrics_port for part in parts(Settings(workers=2, concurrency=8))] == [0, 0]


@pytest.mark.parametrize(("given", "is_kept"), [("job-17/3", True), ("a b\tc", False), ("x" * 101, False)])
def test_an_answer_carries_the_id_of_its_request(web: TestClient, given: str, is_kept: bool) -> None:
    answer = web.get("/health", headers={"X-Request-ID": given})
    assert (answer.headers["x-request-id"] == given) is is_kept
    assert answer.headers["x-request-id"]


def test_an_error_that_nobody_expected_is_counted_and_its_log_line_names_its_request(
    light: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(runs, "workers_alive", fail)
    where = {"method": "GET", "route": "/ready", "status": "500"}
    before = counted("prelabel_http_requests_total", **where)
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(logs.Json())
    monkeypatch.setattr(logging.root, "handlers", [handler])
    answer = light.web.get("/ready", headers={"X-Request-ID": "job-17"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "job-17")
    assert counted("prelabel_http_requests_total", **where) == before + 1
    line = json.loads(stream.getvalue().splitlines()[0])
    assert line["request_id"] == "job-17"
    assert "a fault of ours" in line["traceback"]
