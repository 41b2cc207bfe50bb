"""Replay answers that a real model gave once, through the whole service, and compare what it measures with the file itself.

    python -m benchmarks.replay ../shared/data/llm/stance_gpt4o.jsonl.gz
    python -m benchmarks.replay FILE --mode distributed --kill

A simulated provider gives each example its own recorded label and confidence; LiteLLM, the workers, routing and the figures
are the real ones. Gold only measures here (policy "measure"). With --kill the workers are killed (-9) in the middle.
Exits with 1 where a figure differs from the file's own.
"""

import argparse
import contextlib
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from prelabel.examples.content import as_text
from simulator.process import Provider
from simulator.process import running as simulator_running
from tests.conftest import POSTGRES, REDIS
from tests.running import Running, running

FIELD = "label"
CONCURRENCY = 16


@dataclass(frozen=True)
class Recorded:
    """A recorded example; `label` None: the model's answer could not be parsed."""

    id: str
    text: str
    gold: str
    label: str | None
    confidence: float

    @property
    def content(self) -> dict[str, str]:
        """With its id: texts that stand twice have different recorded answers."""
        return {"id": self.id, "text": self.text}

    def answer(self) -> dict[str, Any]:
        """What the simulated provider is to answer to this example."""
        if self.label is None:
            return {"text": as_text(self.content), "answer": "I cannot tell."}
        answer = {"label": {FIELD: self.label}, "confidence": {FIELD: self.confidence}}
        return {"text": as_text(self.content), "answer": answer}


@dataclass(frozen=True)
class Figures:
    """What is compared: all, accepted, wrong among them, and drafts that failed."""

    examples: int
    accepted: int
    wrong: int
    failed: int


def read(path: Path) -> list[Recorded]:
    """The recorded rows of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        Recorded(
            row["id"], row["text"], row["gold"], row["llm"]["label"], row["llm"].get("confidence") or 0.0
        )
        for row in rows
    ]


def by_hand(recorded: list[Recorded], threshold: float) -> Figures:
    """The figures counted from the file alone."""
    classes = {row.gold for row in recorded}
    accepted = [row for row in recorded if row.label in classes and row.confidence >= threshold]
    wrong = sum(row.label != row.gold for row in accepted)
    return Figures(len(recorded), len(accepted), wrong, sum(row.label not in classes for row in recorded))


def replay(
    service: Running, provider: Provider, recorded: list[Recorded], threshold: float, kill: bool, folder: Path
) -> tuple[Figures, float]:
    """Bring the examples in, draft and route them; the figures that the service measured, and the seconds it took."""
    client = service.client
    classes = sorted({row.gold for row in recorded})
    client.define_project("replay", {"fields": {FIELD: {"kind": "choice", "options": classes}}})
    rows = folder / "rows.jsonl"
    rows.write_text(
        "".join(
            json.dumps({"id": row.id, "content": row.content, "gold": row.gold}) + "\n" for row in recorded
        )
    )
    client.bring_in("replay", "recorded", rows)
    began = time.monotonic()
    policy = {"threshold": threshold, "gold": "measure"}
    run = client.start_run("replay", "recorded", model="openai/recorded", policy=policy)
    if kill:
        kill_half_way(service, run["id"], len(recorded))
    client.wait(run["id"], ("reviewing", "done", "paused"), seconds=900, every=0.2)
    seconds = time.monotonic() - began
    found = client.get(f"/runs/{run['id']}/outlook")
    places = found["places"]
    assert sum(places.values()) == places["settled"] + places["queued"], (
        f"not all examples are settled or queued: {places}"
    )
    return (
        Figures(
            found["examples"],
            found["accepted"]["right"],
            found["accepted_wrong"]["right"],
            found["draft_failed"],
        ),
        seconds,
    )


def kill_half_way(service: Running, run_id: int, examples: int) -> None:
    """Kill all workers once about half of the examples are drafted, and start as many again."""
    while service.client.run(run_id)["places"]["waiting"] > examples / 2:
        time.sleep(0.05)
    count = len(service.workers)
    service.kill_workers()
    for _ in range(count):
        service.start_worker()


@contextlib.contextmanager
def service(mode: str, folder: Path, provider: Provider) -> Iterator[Running]:
    """The service in one of its two modes, on empty databases."""
    settings: dict[str, Any] = {"api_base": f"{provider.url}/v1", "concurrency": CONCURRENCY, "lease_seconds": 5,
        "sweep_seconds": 1, "prices": '{"openai/recorded": [1, 2]}'}  # fmt: skip
    if mode == "embedded":
        with running(folder, 1, **settings) as started:
            yield started
        return
    with (
        empty_postgres() as url,
        running(folder, 2, database_url=url, broker_url=REDIS, **settings) as started,
    ):
        yield started


@contextlib.contextmanager
def empty_postgres() -> Iterator[str]:
    """A database of its own, dropped at the end."""
    server = POSTGRES.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS prelabel_replay WITH (FORCE)")
        connection.execute("CREATE DATABASE prelabel_replay")
        yield POSTGRES.rsplit("/", 1)[0] + "/prelabel_replay"
        connection.execute("DROP DATABASE prelabel_replay WITH (FORCE)")


def main() -> None:
    """Replay a file in the modes asked for and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--threshold", type=float, default=0.9)
    parser.add_argument("--mode", choices=["embedded", "distributed", "both"], default="both")
    parser.add_argument(
        "--kill", action="store_true", help="kill -9 all workers half-way, and start them again"
    )
    parser.add_argument("--median-ms", type=float, default=100, help="the simulated provider's latency")
    arguments = parser.parse_args()
    recorded = read(arguments.file)
    expected = by_hand(recorded, arguments.threshold)
    table = Table(
        "",
        "examples",
        "accepted",
        "wrong of these",
        "drafts failed",
        "paid twice",
        "seconds",
        title=arguments.file.name,
    )
    table.add_row("counted from the file", *map(str, vars(expected).values()), "", "")
    same = True
    modes = ["embedded", "distributed"] if arguments.mode == "both" else [arguments.mode]
    for mode in modes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            answers = folder / "answers.jsonl"
            answers.write_text("".join(json.dumps(row.answer()) + "\n" for row in recorded))
            with (
                simulator_running(answers=answers, median_ms=arguments.median_ms) as provider,
                service(mode, folder / "home", provider) as started,
            ):
                figures, seconds = replay(
                    started, provider, recorded, arguments.threshold, arguments.kill, folder
                )
                twice = provider.stats()["answers_repeated"] - figures.failed
        same &= figures == expected
        table.add_row(f"measured, {mode}", *map(str, vars(figures).values()), str(twice), f"{seconds:.1f}")
    Console().print(table)
    if not same:
        sys.exit("the service measured something else than the file says")


if __name__ == "__main__":
    main()
