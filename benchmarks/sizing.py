"""How large a database becomes and how long things take, from a real run on each database: the table of docs/operations.md.

    python -m benchmarks.sizing                       # 100,000 examples on SQLite, then on PostgreSQL; some minutes each
    python -m benchmarks.sizing --examples 5000 --database sqlite

Support tickets are brought in, drafted by a simulated provider that answers in 50 ms, and routed, a third of them to people, by two
workers. Then the whole is backed up, and moved to the other database.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.drafting import MODEL, PRICES, Inputs
from benchmarks.replay import empty_postgres
from prelabel.demo.tickets import schema_path
from prelabel.operations import moving
from prelabel.schema import LabelSchema
from prelabel.store import Store
from simulator.process import running as simulator_running
from tests.conftest import REDIS
from tests.running import running


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """URL of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'prelabel.db'}"
    else:
        with empty_postgres() as url:
            yield url


def run(inputs: Inputs, url: str, folder: Path, provider: str) -> dict[str, float]:
    """Seconds that bringing in and drafting take."""
    more = {} if url.startswith("sqlite") else {"broker_url": REDIS}
    settings = {
        "database_url": url,
        "api_base": f"{provider}/v1",
        "prices": PRICES,
        "concurrency": 50,
        **more,
    }
    with running(folder / "home", 2, **settings) as service:
        client = service.client
        client.define_project("p", LabelSchema.read(schema_path()).document())
        began = time.monotonic()
        client.bring_in("p", "d", inputs.rows)
        imported = time.monotonic()
        made = client.start_run("p", "d", model=MODEL, policy={"threshold": 0.9})
        client.wait(made["id"], ("reviewing", "done"), seconds=3_600, every=1)
        return {"import": imported - began, "drafting": time.monotonic() - imported}


def size(store: Store) -> int:
    """Bytes of the database, indices and all."""
    with store.reading() as session:
        if store.is_sqlite:
            pages = session.execute(text("PRAGMA page_count")).scalar_one()
            return int(pages * session.execute(text("PRAGMA page_size")).scalar_one())
        return int(session.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def measure(kind: str, count: int, folder: Path) -> list[str]:
    """A row of the table: examples a second by step, rows a second of the whole, bytes an example."""
    inputs = Inputs.write(folder, count)
    other = "postgres" if kind == "sqlite" else "sqlite"
    (folder / "other").mkdir()
    with (
        simulator_running(answers=inputs.answers, median_ms=50, max_concurrency=200) as provider,
        database(kind, folder) as url,
    ):
        took = run(inputs, url, folder, provider.url)
        with closing(Store(url)) as store:
            began = time.monotonic()
            rows = sum(moving.back_up(store, folder / "backup.db", lambda *_: None).values())
            took["backup"] = time.monotonic() - began
            bytes_each = size(store) / count
            with database(other, folder / "other") as there, closing(Store(there)) as target:
                began = time.monotonic()
                moving.copy(store, target, lambda *_: None)
                took["move"] = time.monotonic() - began
    return [
        kind, f"{count / took['import']:,.0f}", f"{count / took['drafting']:,.0f}", f"{rows / count:.1f}",
        f"{bytes_each:,.0f}", f"{rows / took['backup']:,.0f}", f"{rows / took['move']:,.0f}",
    ]  # fmt: skip


def main() -> None:
    """Measure what is asked for and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--database", choices=("sqlite", "postgres"))
    asked = parser.parse_args()
    table = Table(
        "database", "imported / s", "drafted / s", "rows / example", "bytes / example", "backed up, rows / s",
        "moved to the other, rows / s", title=f"{asked.examples:,} examples",
    )  # fmt: skip
    for kind in [asked.database] if asked.database else ["sqlite", "postgres"]:
        with tempfile.TemporaryDirectory() as folder:
            table.add_row(*measure(kind, asked.examples, Path(folder)))
    Console().print(table)


if __name__ == "__main__":
    main()
