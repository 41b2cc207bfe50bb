"""Claim and submit over HTTP, from a queue of many examples, by many clients at once: latencies, and requests a second.

    python -m benchmarks.queue
    python -m benchmarks.queue --database postgres --examples 10000 1000000 --clients 1 8 32

One API process, clients in this one, each signed in as a reviewer of its own: "next example", then "submit", over and over.
Latencies of one client alone are the service's; with more clients than cores they are mostly waiting for a core.
Peers' figures are for the same two steps on 20,000 tasks (Label Studio 1.23.2, doccano 1.8.4; two cores, medians), by us.
"""

import argparse
import contextlib
import http.client
import json
import os
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url
from sqlmodel import Session

from benchmarks._filling import fill
from prelabel.people import users
from prelabel.store import Store
from tests.conftest import POSTGRES
from tests.running import Running, running

PEERS = (
    ("Label Studio, SQLite", "20,000", 1, "100", "147", "-", "95", "138", "9.4", "-", "-"),
    ("Label Studio, SQLite", "20,000", 8, "502", "2,800", "-", "320", "700", "12.4", "-", "36 to 46 of 496"),
    ("Label Studio, PostgreSQL", "20,000", 1, "118", "158", "-", "112", "150", "8.2", "-", "-"),
    ("Label Studio, PostgreSQL", "20,000", 8, "420", "652", "-", "467", "749", "17.2", "-", "0"),
    ("Label Studio, SQLite", "100,000", 1, "140", "156", "-", "88", "-", "8.4", "-", "-"),
    ("Label Studio, SQLite", "100,000", 8, "764", "4,300", "-", "412", "-", "8.4", "-", "20 of 496"),
    ("doccano, SQLite", "20,000", 1, "54", "63", "-", "7.7", "11", "31.2", "-", "-"),
    ("doccano, SQLite", "20,000", 8, "250", "430", "-", "91", "190", "43.6", "-", "26 to 29 of 496"),
)


@dataclass
class Timed:
    """Milliseconds of each claim and each submit, the service's of CPU for a request; slots that two clients were given."""

    claims: list[float]
    submits: list[float]
    per_second: float
    cpu_ms: float
    doubled: int


class Reviewer(threading.Thread):
    """One client on one kept connection."""

    def __init__(self, port: int, token: str, run_id: int, until: float) -> None:
        super().__init__()
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._run_id, self._until = run_id, until
        self.claims: list[float] = []
        self.submits: list[float] = []
        self.slots: list[int] = []

    def run(self) -> None:
        """Claim one and answer it, until the time is over."""
        while time.monotonic() < self._until:
            took, [work] = self._post("/v1/queue/claim", {"limit": 1, "run_id": self._run_id})
            self.claims.append(took)
            self.slots.append(work["slot_id"])
            body = {
                "label": {"topic": "class_1"},
                "client_token": uuid.uuid4().hex,
                "version": work["version"],
            }
            self.submits.append(self._post(f"/v1/queue/{work['slot_id']}/submit", body)[0])

    def _post(self, path: str, body: object) -> tuple[float, list[dict[str, int]]]:
        sent = json.dumps(body)
        began = time.perf_counter()
        self._connection.request("POST", path, sent, self._headers)
        answer = self._connection.getresponse()
        data = answer.read()
        took = (time.perf_counter() - began) * 1000
        assert answer.status == 200, data
        return took, json.loads(data)


def measure(store: Store, service: Running, run_id: int, clients: int, seconds: float) -> Timed:
    """So many clients at once, for so long, after a second of warming up."""
    with store.writing() as session:
        tokens = [_token(session) for _ in range(clients)]
    _race([Reviewer(service.port, token, run_id, time.monotonic() + 1) for token in tokens])
    crew = [Reviewer(service.port, token, run_id, time.monotonic() + seconds) for token in tokens]
    began, used = time.monotonic(), _cpu_seconds(service)
    _race(crew)
    took, used = time.monotonic() - began, _cpu_seconds(service) - used
    slots = [slot for one in crew for slot in one.slots]
    return Timed(
        [value for one in crew for value in one.claims],
        [value for one in crew for value in one.submits],
        2 * len(slots) / took,
        used * 1000 / (2 * len(slots)),
        len(slots) - len(set(slots)),
    )


def _cpu_seconds(service: Running) -> float:
    fields = Path(f"/proc/{service.api.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _token(session: Session) -> str:
    return users.issue_token(session, users.create(session, uuid.uuid4().hex, "reviewer"), "benchmark")


def _race(crew: Sequence[Reviewer]) -> None:
    for one in crew:
        one.start()
    for one in crew:
        one.join()


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """URL of an empty database of this kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'queue.db'}"
        return
    name = f"prelabel_queue_{uuid.uuid4().hex[:8]}"
    plain = POSTGRES.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def percentile(values: Sequence[float], share: float) -> float:
    """The value under which this share of them lie."""
    return statistics.quantiles(values, n=1000, method="inclusive")[int(share * 1000) - 1]


def row(name: str, examples: int, clients: int, timed: Timed) -> list[str]:
    claims = [f"{percentile(timed.claims, share):.1f}" for share in (0.5, 0.95, 0.99)]
    submits = [f"{percentile(timed.submits, share):.1f}" for share in (0.5, 0.95)]
    return [
        name, f"{examples:,}", str(clients), *claims, *submits, f"{timed.per_second:.0f}", f"{timed.cpu_ms:.1f}", str(timed.doubled)
    ]  # fmt: skip


def main() -> None:
    """Measure what is asked for and print the table, with the peers below it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--database", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"]
    )
    parser.add_argument("--examples", nargs="+", type=int, default=[10_000, 100_000])
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=10)
    asked = parser.parse_args()
    table = Table(
        "",
        "queued",
        "clients",
        "claim p50 ms",
        "p95",
        "p99",
        "submit p50",
        "p95",
        "requests / s",
        "CPU ms each",
        "given to two",
    )
    p95: dict[tuple[str, int, int], float] = {}
    for kind in asked.database:
        for examples in asked.examples:
            with tempfile.TemporaryDirectory() as folder, database(kind, Path(folder)) as url:
                store = Store(url)
                store.migrate()
                run_id = fill(store, examples)
                with running(Path(folder), 0, database_url=url, admin_token="pl_benchmark") as service:
                    for clients in asked.clients:
                        timed = measure(store, service, run_id, clients, asked.seconds)
                        p95[kind, examples, clients] = percentile(timed.claims, 0.95)
                        table.add_row(*row(f"Prelabel, {kind}", examples, clients, timed))
                store.close()
    table.add_section()
    for peer in PEERS:
        table.add_row(*map(str, peer))
    console = Console(width=170)
    console.print(table)
    small, large = min(asked.examples), max(asked.examples)
    for kind in asked.database:
        for clients in asked.clients:
            ratio = p95[kind, large, clients] / p95[kind, small, clients]
            console.print(
                f"{kind}, {clients} clients: claim p95 at {large:,} is {ratio:.2f} x that at {small:,}"
            )


if __name__ == "__main__":
    main()
