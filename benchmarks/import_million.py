"""Bring a million rows in: rows a second, and memory that does not grow with the file.

    python -m benchmarks.import_million
    python -m benchmarks.import_million --rows 200000 --url postgresql+psycopg://postgres@127.0.0.1/prelabel_import

Each import is a process of its own, so that its peak memory is its own. The database named by --url must be empty.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from prelabel import formats, projects
from prelabel.dataset import bring_in
from prelabel.schema import LabelSchema
from prelabel.store import Store

SCHEMA = LabelSchema.load("fields: {topic: [returns, shipping, billing]}")


def write_rows(path: Path, rows: int, broken_every: int = 0) -> None:
    """A file of short tickets with ids and some gold; every so many a row is broken, in turn in four ways."""
    broken = [
        '{"id": 1, "text": ',
        "[1, 2]",
        '{"id": "g", "text": "x", "gold": "weather"}',
        '{"id": "n", "text": ""}',
    ]
    with path.open("w") as file:
        for number in range(rows):
            if broken_every and number % broken_every == 0:
                file.write(broken[number // broken_every % len(broken)] + "\n")
                continue
            row = {
                "id": f"r{number}",
                "text": f"Ticket {number}: my parcel {number * 7919 % 99991} has not arrived, please help.",
            }
            file.write(json.dumps(row | ({"gold": "shipping"} if number % 50 == 0 else {})) + "\n")


def import_file(
    url: str, path: str, dataset: str, answer: "multiprocessing.Queue[tuple[object, float, float]]"
) -> None:
    """Import a file and answer with the report, the seconds and the peak memory in MB."""
    store = Store(url)
    store.migrate()
    with store.writing() as session:
        projects.define(session, "import", SCHEMA)
        dataset_id = projects.open_dataset(session, projects.find(session, "import"), dataset).id or 0
    began = time.monotonic()
    with Path(path).open("rb") as file:
        report = bring_in(store, dataset_id, SCHEMA, formats.reader("jsonl")(file, SCHEMA), path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer.put((report, time.monotonic() - began, peak))


def measure(table: Table, name: str, url: str, path: Path, dataset: str) -> None:
    """One import as a row of the table."""
    spawn = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[tuple[object, float, float]] = spawn.Queue()
    process = spawn.Process(target=import_file, args=(url, str(path), dataset, answer))
    process.start()
    report, seconds, peak = answer.get()
    process.join()
    counts = vars(report)
    rate = f"{counts['rows'] / seconds:,.0f}"
    cells = (counts[key] for key in ("rows", "added", "already_there", "bad"))
    table.add_row(name, *(f"{cell:,}" for cell in cells), rate, f"{peak:.0f}")


def main() -> None:
    """Import a tenth, all, all again, and a file with broken rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--url", default="", help="an empty database; without it, SQLite in a temporary folder"
    )
    arguments = parser.parse_args()
    table = Table("file", "rows", "added", "already there", "bad", "rows a second", "peak MB", title="import")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = arguments.url or f"sqlite:///{folder / 'import.db'}"
        small, large, broken = folder / "small.jsonl", folder / "large.jsonl", folder / "broken.jsonl"
        write_rows(small, arguments.rows // 10)
        write_rows(large, arguments.rows)
        write_rows(broken, arguments.rows // 10, broken_every=100)
        measure(table, "a tenth", url, small, "small")
        measure(table, "all", url, large, "large")
        measure(table, "all, again", url, large, "large")
        measure(table, "a tenth, 1 % broken", url, broken, "broken")
    Console().print(table)


if __name__ == "__main__":
    main()
