"""The figures of a run over HTTP, from a run of many settled examples: latency of each endpoint that tells how a run went.

    python -m benchmarks.dashboard
    python -m benchmarks.dashboard --examples 10000 1000000 --asks 20

Of the examples 70 % are accepted, 20 % confirmed (a tenth of these were audits) and 9 % corrected by people over 28 days, 1 % is
gold; a second run has drafts alone, to compare with. Each endpoint is asked by one client on PostgreSQL: "first" is the time until
there is an answer at all, the others are of the asks after it. Large runs are answered from what was kept, and as nothing is
believed to be settled before a minute is over, they are also computed anew meanwhile. Rows are printed as they come.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl

from rich.console import Console
from sqlalchemy import text

from benchmarks._filling import NUMBERS_INTO_EXAMPLE, examples_into_draft
from benchmarks.queue import database, percentile
from prelabel.client import Client
from prelabel.errors import Unavailable
from prelabel.models import Dataset, Run
from prelabel.people import users
from prelabel.store import Store
from tests.factories import make_run, make_user
from tests.running import running

PATHS = (
    "/runs/{run}/progress",
    "/runs/{run}/outlook",
    "/runs/{run}/quality",
    "/runs/{run}/drift",
    "/runs/{run}/calibration",
    "/runs/{run}/agreement",
    "/runs/{run}/days",
    "/runs/{run}/paces",
    "/runs/{run}/risk",
    "/runs/{run}/ledger?by=field",
    "/runs/{run}/ledger?by=class",
    "/runs/{run}/ledger?by=prompt",
    "/runs/{run}/cost",
    "/runs/{run}/cost/parts?by=class",
    "/runs/{run}/cost/parts?by=model",
    "/projects/p/ledger",
    "/projects/p/cost/parts",
    "/projects/p/cost/splits",
    "/compare?runs={run},{other}",
)
ENOUGH_SECONDS = 8
"""An endpoint is asked again until this is over, at least twice."""

DRAFTS = examples_into_draft(
    "'a'", "(id * 7919 % 1000) / 1000.0", "CURRENT_TIMESTAMP - (id % 28) * INTERVAL '1 day'"
)
GOLD = """
    UPDATE example SET gold = '{"topic": "a"}', schema_version_id = :version WHERE dataset_id = :dataset AND id % 100 = 99"""
CALLS = """
    INSERT INTO call (run_id, example_id, step, model, purpose, lane, requests, request_hash, outcome, detail, tokens_in,
        tokens_out, tokens_cached, tokens_reasoning, dollars, price_version, latency_ms, created_at)
    SELECT run_id, example_id, 0, 'none', 'draft', 'live', 1, 'h' || example_id, 'ok', '', 200, 10, 0, 0, 100000, '1', 300,
        created_at FROM draft WHERE run_id = :run"""
PLACEMENTS = """
    INSERT INTO placement (run_id, example_id, is_gold, place, lane, reason, note, confidence, draft_id, attempts)
    SELECT run_id, example_id, example_id % 100 = 99, 'settled', 'live', CASE WHEN example_id % 100 < 70 THEN ''
        WHEN example_id % 100 < 72 THEN 'audit' ELSE 'low_confidence' END, '', confidence, id, 1 FROM draft WHERE run_id = :run"""
SLOTS = """
    INSERT INTO slot (placement_id, run_id, example_id, reason, priority, for_senior, blind, wanted, state, version, asked_at)
    SELECT id, run_id, example_id, reason, 0, false, false, 1, 'answered', 1, CURRENT_TIMESTAMP
    FROM placement WHERE run_id = :run AND example_id % 100 BETWEEN 70 AND 98"""
REVIEWS = """
    INSERT INTO review (slot_id, run_id, example_id, draft_id, user_id, schema_version_id, verdict, label, seconds, comment,
        client_token, created_at)
    SELECT slot.id, slot.run_id, slot.example_id, draft.id, :person, :version,
        CASE WHEN slot.example_id % 100 < 90 THEN 'confirmed' ELSE 'corrected' END,
        CASE WHEN slot.example_id % 100 < 90 THEN '{"topic": "a"}' ELSE '{"topic": "b"}' END::json,
        1 + (slot.example_id * 7919 % 300) / 10.0, '', 't' || slot.id, draft.created_at
    FROM slot JOIN draft ON draft.run_id = slot.run_id AND draft.example_id = slot.example_id WHERE slot.run_id = :run"""
LABELS = """
    INSERT INTO label (run_id, example_id, value, source, draft_id, review_id, schema_version_id, created_at)
    SELECT draft.run_id, draft.example_id, COALESCE(review.label, draft.label),
        CASE WHEN review.id IS NOT NULL THEN 'review' WHEN draft.example_id % 100 = 99 THEN 'gold' ELSE 'auto' END,
        draft.id, review.id, :version, draft.created_at
    FROM draft LEFT JOIN review ON review.run_id = draft.run_id AND review.example_id = draft.example_id
    WHERE draft.run_id = :run"""
HELD = """
    UPDATE placement SET label_id = label.id FROM label
    WHERE label.run_id = placement.run_id AND label.example_id = placement.example_id AND placement.run_id = :run"""


def fill(store: Store, count: int) -> tuple[int, int]:
    """A run with so many settled examples and one that has drafted them as well, written straight into the tables; their numbers."""
    run_id, person = make_run(store, 1, audit_share=0.03), make_user(store).id
    with store.writing() as session:
        run = session.get_one(Run, run_id)
        run.state = "cancelled"  # nothing is to be drafted
        dataset = session.get_one(Dataset, run.dataset_id)
        other = Run.model_validate(run.model_dump(exclude={"id", "created_at"}))
        session.add(other)
        session.flush()
        session.execute(text("DELETE FROM placement"))
        session.execute(text("DELETE FROM example"))
        many = {
            "count": count,
            "dataset": dataset.id,
            "run": run_id,
            "version": run.schema_version_id,
            "person": person,
        }
        for statement in (
            *(NUMBERS_INTO_EXAMPLE, GOLD, DRAFTS, CALLS, PLACEMENTS, SLOTS, REVIEWS),
            *(LABELS, HELD),
        ):
            bound = {name: many[name] for name in many if f":{name}" in statement}
            session.execute(text(statement.replace("JSON", "::json")), bound)
        bound = {"run": other.id, "version": other.schema_version_id, "dataset": dataset.id}
        session.execute(text(DRAFTS.replace("JSON", "::json")), bound)
    with store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")
    return run_id, other.id or 0


def token(store: Store) -> str:
    """Of somebody who may see every figure."""
    with store.writing() as session:
        return users.issue_token(session, users.create(session, "lena", "admin"), "benchmark")


def _get(client: Client, path: str) -> None:
    where, _, asked = path.partition("?")
    client.get(where, **dict(parse_qsl(asked)))


def first(client: Client, path: str) -> float:
    """Seconds until there is an answer: one that is computed for the first time may have to be asked for again and again."""
    began = time.perf_counter()
    while True:
        try:
            _get(client, path)
            return time.perf_counter() - began
        except Unavailable:
            time.sleep(1)


def measure(client: Client, path: str, asks: int) -> list[float]:
    """Milliseconds of each answer."""
    took: list[float] = []
    until = time.monotonic() + ENOUGH_SECONDS
    while len(took) < asks and (time.monotonic() < until or len(took) < 2):
        began = time.perf_counter()
        _get(client, path)
        took.append((time.perf_counter() - began) * 1000)
    return took


def told(path: str, seconds: float, took: Sequence[float]) -> str:
    """A row."""
    return f"{path:36}{seconds:10.2f}{len(took):8}{percentile(took, 0.5):10.0f}{percentile(took, 0.95):10.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", nargs="+", type=int, default=[10_000, 100_000])
    parser.add_argument("--asks", type=int, default=40)
    asked = parser.parse_args()
    out = Console(highlight=False)
    for count in asked.examples:
        with tempfile.TemporaryDirectory() as folder, database("postgres", Path(folder)) as url:
            store = Store(url)
            store.migrate()
            run_id, other = fill(store, count)
            out.print(f"{count:,} examples".ljust(36) + "   first s   asked    p50 ms    p95 ms")
            with running(Path(folder), 0, database_url=url) as service:
                client = Client(f"http://127.0.0.1:{service.port}", token(store))
                for path in (one.format(run=run_id, other=other) for one in PATHS):
                    seconds = first(client, path)
                    out.print(told(path, seconds, measure(client, path, asked.asks)))
            store.close()


if __name__ == "__main__":
    main()
