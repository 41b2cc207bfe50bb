"""Export a run in each format and read the file again: rows a second, and memory that does not grow with the file.

    python -m benchmarks.formats
    python -m benchmarks.formats --rows 100000 --only csv parquet

The rows go through the real export, from a database, with three fields of a label each; a tenth of them is exported beside all of them.
Each file is written and read in a process of its own, so that its peak memory is its own.
"""

import argparse
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlmodel import select

from prelabel import formats, projects, runs
from prelabel.bulk import insert_rows, update_rows
from prelabel.dataset import bring_in
from prelabel.drafters.cascade import Step
from prelabel.examples.subset import Selection
from prelabel.export import Export, report
from prelabel.formats.base import Row
from prelabel.models import Draft, Label, Placement, now
from prelabel.prompt import load_prompt
from prelabel.runs import Plan
from prelabel.schema import LabelSchema
from prelabel.store import Store

SCHEMA = LabelSchema.load(
    "fields: {topic: [returns, shipping, billing], stars: {kind: rating}, note: {kind: text}}"
)
WORDS = [f"word{number:04d}" for number in range(3_000)]


def fill(url: str, rows: int) -> int:
    """A run all of whose examples are drafted and settled; answers with its id."""
    store, drawn = Store(url), random.Random(1)
    store.migrate()
    with store.writing() as session:
        version = projects.define(session, "formats", SCHEMA)
        dataset = projects.open_dataset(session, projects.find(session, "formats"), "d")
    values = ({"id": f"r{number}", "text": " ".join(drawn.choices(WORDS, k=40))} for number in range(rows))
    bring_in(
        store, dataset.id or 0, SCHEMA, (Row(number, value) for number, value in enumerate(values, 1)), "made"
    )
    with store.writing() as session:
        steps, prompt = [Step(model="student")], load_prompt("label")
        run = runs.start(session, Plan(dataset, version, prompt, steps))
    settle(store, run.id or 0, version.id or 0)
    store.close()
    return run.id or 0


def settle(store: Store, run_id: int, version_id: int) -> None:
    """Give every example of a run a draft and a label, as an accepting policy would have."""
    drawn = random.Random(2)
    with store.writing() as session:
        ids = session.exec(select(Placement.id, Placement.example_id).where(Placement.run_id == run_id)).all()
        for at in range(0, len(ids), 5_000):
            labels, drafts, places = [], [], []
            for key, example in ids[at : at + 5_000]:
                label = {
                    "topic": drawn.choice(["returns", "shipping", "billing"]),
                    "stars": drawn.randint(1, 5),
                    "note": "as said",
                }
                base = {
                    "id": key,
                    "run_id": run_id,
                    "example_id": example,
                    "schema_version_id": version_id,
                    "created_at": now(),
                }
                confidence = drawn.random()
                drafts.append(
                    base | {"step": 0, "model": "m", "prompt_digest": "0" * 64, "label": label, "confidence": confidence,
                            "confidences": {}, "alternatives": {}, "failure": ""}
                )  # fmt: skip
                labels.append(base | {"value": label, "source": "auto", "draft_id": key, "review_id": None})
                places.append({"id": key, "place": "settled", "draft_id": key, "label_id": key})
            insert_rows(session, Draft, drafts)
            insert_rows(session, Label, labels)
            update_rows(session, Placement, places)


def write_file(url: str, run_id: int, form: str, path: str) -> int:
    """Write a run's labels; answers with how many."""
    export = Export(Store(url), run_id, form)
    with Path(path).open("wb") as file:
        file.writelines(export.chunks())
    return export.report().records


def read_file(_url: str, _run_id: int, form: str, path: str) -> int:
    """Read a file; answers with how many rows it has."""
    with Path(path).open("rb") as file:
        return sum(row.value is not None for row in formats.reader(form)(file, SCHEMA))


def split_all(url: str, run_id: int, form: str, _path: str) -> int:
    """Split a run with near-duplicates together; answers with how many rows it has."""
    return report(Export(Store(url), run_id, form, selection=Selection(split="0.8/0.1/0.1"))).records


Work = Callable[[str, int, str, str], int]


def apart(work: Work, answer: Any, *arguments: Any) -> None:
    """Do the work in this process and answer with rows, seconds and peak memory in MB."""
    began = time.monotonic()
    rows = work(*arguments)
    answer.put((rows, time.monotonic() - began, peak_mb()))


def peak_mb() -> float:
    """The largest resident size of this process; what `getrusage` says counts that of its parent before it was started."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        / 1024
    )


def measure(work: Work, *arguments: Any) -> tuple[int, float, float]:
    """What the work took in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[tuple[int, float, float]] = spawn.Queue()
    process = spawn.Process(target=apart, args=(work, answer, *arguments))
    process.start()
    found = answer.get()
    process.join()
    return found


def main() -> None:
    """Each format, a tenth and all, written and read; then a split."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--only", nargs="*", help="formats; without it, all that can hold the schema")
    arguments = parser.parse_args()
    held = {kind.kind for kind in SCHEMA.fields.values()}
    fitting = [name for name in formats.known() if held & set(formats.about(name).kinds or held)]
    names = ("format", "rows", "MB", "written a second", "peak MB", "read a second", "peak MB")
    table = Table(*names, title="export and import of files")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        urls = [
            (f"sqlite:///{folder / f'{rows}.db'}", rows) for rows in (arguments.rows // 10, arguments.rows)
        ]
        filled = [(url, rows, fill(url, rows)) for url, rows in urls]
        for form in arguments.only or fitting:
            for url, rows, run_id in filled:
                path = folder / f"out.{formats.suffix(form)}"
                row = (url, run_id, form, str(path))
                count, seconds, peak = measure(write_file, *row)
                size = path.stat().st_size / 1e6
                again, reading, read_peak = measure(read_file, *row)
                assert count == again == rows, (form, count, again)
                rates = (
                    f"{count / seconds:,.0f}",
                    f"{peak:.0f}",
                    f"{again / reading:,.0f}",
                    f"{read_peak:.0f}",
                )
                table.add_row(form, f"{count:,}", f"{size:.1f}", *rates)
        for url, _, run_id in filled:
            count, seconds, peak = measure(split_all, url, run_id, "jsonl", "")
            table.add_row("jsonl, split", f"{count:,}", "", f"{count / seconds:,.0f}", f"{peak:.0f}", "", "")
    Console().print(table)


if __name__ == "__main__":
    main()
