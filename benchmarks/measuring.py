"""Seconds and memory that the figures of a large run take: ledger, comparison, calibration, cost, quality.

    python -m benchmarks.measuring
    python -m benchmarks.measuring --database sqlite --examples 100000

Needs Linux, for the memory.

Every example of two runs is drafted and settled by a person, the worst case: all of them are counted.
"""

import argparse
import contextlib
import random
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url
from sqlmodel import Session, select

from prelabel import projects, runs
from prelabel.bulk import insert_for_ids, insert_rows, update_rows
from prelabel.drafters.cascade import Step
from prelabel.models import Call, Dataset, Draft, Label, Placement, Run, now
from prelabel.prompt import load_prompt
from prelabel.reports import comparison, costs, report, scores
from prelabel.runs import Plan
from prelabel.schemas.versions import Translator
from prelabel.store import Store
from tests.conftest import POSTGRES
from tests.factories import make_run

AT_ONCE = 5_000
CLASSES = "abc"


def fill(store: Store, count: int) -> list[int]:
    """Two runs over the same examples, all of them settled; their numbers."""
    first = make_run(store, count)
    with store.writing() as session:
        dataset = session.get_one(Dataset, runs.get(session, first).dataset_id)
        version = projects.newest_schema(session, projects.find(session, "p"))
        prompt, steps = load_prompt("label"), [Step(model="fake")]
        second = runs.start(session, Plan(dataset, version, prompt, steps)).id or 0
    for run_id in (first, second):
        with store.writing() as session:
            rows = session.exec(
                select(Placement.id, Placement.example_id).where(Placement.run_id == run_id)
            ).all()
        for start in range(0, len(rows), AT_ONCE):
            with store.writing() as session:
                settle(session, runs.get(session, run_id), rows[start : start + AT_ONCE])
    with store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    return [first, second]


def settle(session: Session, run: Run, rows: Sequence[Any]) -> None:
    """Draft these examples, right in four of five, and settle them by a person; every fifth was an audit."""
    draw, run_id = random.Random(run.id), run.id or 0
    same = {"run_id": run_id, "schema_version_id": run.schema_version_id, "created_at": now()}
    said = [(example_id, draw.choice(CLASSES), draw.random()) for _, example_id in rows]
    drafts = insert_for_ids(session, Draft, [
        same | {"example_id": one, "step": 0, "model": "fake", "prompt_digest": "", "label": {"topic": topic},
                "confidence": sure, "confidences": {}, "alternatives": {}, "failure": ""}
        for one, topic, sure in said
    ])  # fmt: skip
    labels = insert_for_ids(session, Label, [
        same | {"example_id": one, "value": {"topic": topic if draw.random() < 0.8 else draw.choice(CLASSES)},
                "source": "review", "draft_id": drafts[run_id, one]}
        for one, topic, _ in said
    ])  # fmt: skip
    insert_rows(session, Call, [
        {"run_id": run_id, "example_id": one, "step": 0, "model": "fake", "purpose": "draft", "lane": "live", "requests": 1,
         "request_hash": f"{run_id}/{one}", "outcome": "ok", "detail": "", "tokens_in": 100, "tokens_out": 10, "tokens_cached": 0,
         "tokens_reasoning": 0, "dollars": Decimal("0.0001"), "price_version": "", "latency_ms": 1, "created_at": now()}
        for one, _, _ in said
    ])  # fmt: skip
    update_rows(session, Placement, [
        {"id": placement_id, "place": "settled", "draft_id": drafts[run_id, one], "label_id": labels[run_id, one],
         "reason": "low_confidence" if placement_id % 5 else "audit"}
        for placement_id, one in rows
    ])  # fmt: skip


def figures(session: Session, first: int, second: int) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    run = runs.get(session, first)
    into = Translator.of(session, run)
    return {
        "ledger by class": lambda: scores.of_run(session, run, "class"),
        "ledger by week": lambda: scores.of_run(session, run, "week"),
        "comparison": lambda: comparison.compare(session, comparison.of_runs(session, first, second)),
        "first page of examples": lambda: comparison.discordant(
            session, comparison.of_runs(session, first, second), 0, 20
        ),
        "calibration": lambda: report.calibration(session, run),
        "quality": lambda: report.quality(session, run),
        "cost": lambda: report.cost(session, run, Decimal(20)),
        "cost by class": lambda: costs.parts(session, [run], into, "class", Decimal(20)),
    }


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[Store]:
    """A fresh store, gone at the end."""
    if kind == "sqlite":
        store = Store(f"sqlite:///{folder}/measuring.db")
        store.migrate()
        yield store
        store.close()
        return
    name, server = f"prelabel_bench_{uuid.uuid4().hex[:8]}", POSTGRES.replace("+psycopg", "")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        store = Store(make_url(POSTGRES).set(database=name).render_as_string(hide_password=False))
        try:
            store.migrate()
            yield store
        finally:
            store.close()
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def main() -> None:
    """Fill, time, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--database", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"]
    )
    parser.add_argument("--examples", type=int, default=100_000)
    asked = parser.parse_args()
    table = Table("database", "figure", "seconds", "of these of our own CPU", "memory at most, MB more")
    for kind in asked.database:
        with tempfile.TemporaryDirectory() as folder, database(kind, Path(folder)) as store:
            first, second = fill(store, asked.examples)
            with store.reading() as session:
                for name, work in figures(session, first, second).items():
                    before, began, busy = memory("VmRSS"), time.monotonic(), time.process_time()
                    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew
                    work()
                    spent, took = time.process_time() - busy, time.monotonic() - began
                    table.add_row(
                        kind, name, f"{took:.1f}", f"{spent:.1f}", f"{memory('VmHWM') - before:.0f}"
                    )
    Console().print(table)


def memory(what: str) -> float:
    """What Linux says of this process, in MB: VmRSS is the memory that it has, VmHWM the most that it has had."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
