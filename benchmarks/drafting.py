"""How fast the service drafts, against the provider's ceiling and against bare LiteLLM with a semaphore.

    python -m benchmarks.drafting                      # all scenes, three rounds
    python -m benchmarks.drafting --scene ceiling --rounds 1

ceiling    1 s a call, 200 calls at once: how much of the provider's 200 a second is used
saturated  200 ms a call, 200 calls at once: the processors are the limit, so what counts is the rate beside bare LiteLLM's
embedded   as saturated, on SQLite and files
faults     5 % of calls fail, 5 % hang, 5 % of answers are malformed, and 6,000 requests a minute are allowed over both workers

The provider is simulated, in a process of its own. Every example is a durable row: claimed, called, written to the ledger,
drafted, routed. "bare" sends the same requests with `litellm.acompletion` and keeps nothing. CPU is that of the workers alone.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.replay import empty_postgres
from prelabel.demo.tickets import schema_path, tickets
from prelabel.examples.content import as_text
from prelabel.prompt import Instructions, load_prompt
from prelabel.schema import LabelSchema
from simulator.process import Provider
from simulator.process import running as simulator_running
from tests.conftest import REDIS
from tests.running import Running, running

MODEL = "openai/simulated"
PRICES = json.dumps({MODEL: [1, 2]})
AT_ONCE = 200
WARM_UP = 20
"""Examples of a run before the one that is measured."""
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Scene:
    """One thing to measure."""

    name: str
    median_ms: float
    workers: int
    embedded: bool = False

    @property
    def ceiling(self) -> float:
        """Calls a second that the provider answers at most."""
        return AT_ONCE / (self.median_ms / 1000)


SCENES = {
    scene.name: scene
    for scene in (
        Scene("ceiling", 1_000, 2),
        Scene("saturated", 200, 2),
        Scene("embedded", 200, 2, embedded=True),
    )
}


@dataclass(frozen=True)
class Measured:
    """Examples a second, and CPU milliseconds an example."""

    rate: float
    cpu_ms: float


def bare(scene: Scene, url: str, contents: list[dict[str, Any]]) -> Measured:
    """The same requests by `litellm.acompletion` behind a semaphore, in as many processes."""
    spawn = multiprocessing.get_context("spawn")
    ready, begin = spawn.Barrier(scene.workers + 1), spawn.Barrier(scene.workers + 1)
    answers: multiprocessing.Queue[float] = spawn.Queue()
    parts = [contents[start :: scene.workers] for start in range(scene.workers)]
    processes = [
        spawn.Process(target=_bare, args=(url, part, AT_ONCE // scene.workers, ready, begin, answers))
        for part in parts
    ]
    for process in processes:
        process.start()
    ready.wait()
    began = time.monotonic()
    begin.wait()
    cpu = sum(answers.get() for _ in processes)
    seconds = time.monotonic() - began
    for process in processes:
        process.join()
    return Measured(len(contents) / seconds, 1000 * cpu / len(contents))


def _bare(
    url: str, contents: list[dict[str, Any]], at_once: int, ready: Any, begin: Any, answers: Any
) -> None:
    import litellm

    import prelabel  # noqa: F401 # keeps LiteLLM off the network

    told = Instructions(load_prompt("label"), LabelSchema.read(schema_path()), "stated")
    form = {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": told.answer_schema},
    }

    async def call(content: dict[str, Any], slots: asyncio.Semaphore) -> None:
        async with slots:
            await litellm.acompletion(
                model=MODEL, messages=told.messages(content), response_format=form, temperature=0,
                max_tokens=500, api_base=f"{url}/v1", api_key="none", timeout=60, max_retries=0, num_retries=0,
            )  # fmt: skip

    async def all_calls(some: list[dict[str, Any]]) -> None:
        slots = asyncio.Semaphore(at_once)
        await asyncio.gather(*(call(content, slots) for content in some))

    async def main() -> None:
        await all_calls(contents[:5])  # imports, connections
        ready.wait()
        begin.wait()
        began = time.process_time()
        await all_calls(contents)
        answers.put(time.process_time() - began)

    asyncio.run(main())


def ours(scene: Scene, url: str, rows: Path, count: int, **more: Any) -> Measured:
    """The service, from a run's first claim until every example is settled or queued; `more` are further settings.

    Workers claim once the run is committed, quote and all, which is when `start_run` returns.
    """
    settings: dict[str, Any] = {
        "api_base": f"{url}/v1",
        "concurrency": AT_ONCE // scene.workers,
        "prices": PRICES,
        **more,
    }
    with tempfile.TemporaryDirectory() as name, _service(scene, Path(name), settings) as service:
        client = service.client
        client.define_project("p", LabelSchema.read(schema_path()).document())
        client.bring_in("p", "warm-up", _first(rows, WARM_UP))
        client.bring_in("p", "d", rows)
        policy = {"threshold": 0.9, "gold": "measure"}
        warm = client.start_run("p", "warm-up", model=MODEL, policy=policy)
        client.wait(warm["id"], ("reviewing", "done", "paused"), seconds=60, every=0.1)
        time.sleep(6)  # every worker has looked for work and is awake
        before = sum(_cpu(worker.pid) for worker in service.workers)
        run = client.start_run("p", "d", model=MODEL, policy=policy)
        began = time.monotonic()
        ended = client.wait(run["id"], ("reviewing", "done", "paused"), seconds=600, every=0.1)
        seconds = time.monotonic() - began
        assert ended["places"]["settled"] + ended["places"]["queued"] == count, f"{ended}\n{service.logs()}"
        cpu = sum(_cpu(worker.pid) for worker in service.workers) - before
    return Measured(count / seconds, 1000 * cpu / count)


@contextlib.contextmanager
def _service(scene: Scene, folder: Path, settings: dict[str, Any]) -> Iterator[Running]:
    if scene.embedded:
        with running(folder, scene.workers, **settings) as service:
            yield service
        return
    with (
        empty_postgres() as url,
        running(folder, scene.workers, database_url=url, broker_url=REDIS, **settings) as service,
    ):
        yield service


def _first(rows: Path, count: int) -> Path:
    path = rows.with_name("first.jsonl")
    path.write_text("\n".join(rows.read_text().splitlines()[:count]))
    return path


def _cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / TICK


@dataclass(frozen=True)
class Inputs:
    """The same examples as a file to bring in, as contents, and as recorded answers."""

    rows: Path
    answers: Path
    contents: list[dict[str, Any]]

    @classmethod
    def write(cls, folder: Path, count: int) -> "Inputs":
        """Support tickets; every third answer is not sure enough to be accepted."""
        made = list(tickets(count))
        contents = [
            {"subject": ticket.subject, "body": f"{ticket.body} [{number}]"}
            for number, ticket in enumerate(made)
        ]
        rows, answers = folder / "rows.jsonl", folder / "answers.jsonl"
        rows.write_text(
            "".join(json.dumps({"id": str(n), **content}) + "\n" for n, content in enumerate(contents))
        )
        with answers.open("w") as file:
            for number, (ticket, content) in enumerate(zip(made, contents, strict=True)):
                sure = 0.5 if number % 3 == 0 else 0.97
                answer = {"label": {"category": ticket.truth}, "confidence": {"category": sure}}
                file.write(json.dumps({"text": as_text(content), "answer": answer}) + "\n")
        return cls(rows, answers, contents)


def measure(
    scene: Scene, inputs: Inputs, rounds: int, say: Callable[[str], None]
) -> list[tuple[Measured, Measured]]:
    """Bare and ours in turn."""
    found = []
    with simulator_running(
        answers=inputs.answers, median_ms=scene.median_ms, max_concurrency=AT_ONCE
    ) as provider:
        for number in range(rounds):
            pair = (
                bare(scene, provider.url, inputs.contents),
                ours(scene, provider.url, inputs.rows, len(inputs.contents)),
            )
            found.append(pair)
            say(
                f"{scene.name}, round {number + 1}: bare {pair[0].rate:.0f}/s, ours {pair[1].rate:.0f}/s{_refused(provider)}"
            )
            provider.reset()
    return found


FAULTY = {"error_rate": 0.05, "hang_rate": 0.05, "malformed_rate": 0.05}
A_MINUTE = 6_000


def faults(inputs: Inputs, say: Callable[[Any], None]) -> None:
    """Print what a faulty provider with a limit costs in calls, and how well the limit is kept."""
    scene, count = Scene("faults", 200, 2), len(inputs.contents)
    limits = json.dumps({MODEL: {"rpm": A_MINUTE}})
    with simulator_running(
        answers=inputs.answers, median_ms=scene.median_ms, rpm=A_MINUTE, **FAULTY
    ) as provider:
        measured = ours(
            scene, provider.url, inputs.rows, count, limits=limits, call_timeout=4, retry_seconds=1
        )
        stats = provider.stats()
    over = stats["faults"]["rpm"]
    table = Table(
        "examples", "seconds", "calls", "calls / example", "over the limit", title="faults and a limit"
    )
    table.add_row(
        f"{count:,}, all settled or queued",
        f"{count / measured.rate:.0f}",
        f"{stats['calls']:,}",
        f"{stats['calls'] / (count + WARM_UP):.3f}",
        f"{over} ({over / stats['calls']:.2%})",
    )
    say(table)


def _refused(provider: Provider) -> str:
    refused = provider.stats()["faults"]["concurrency"]
    return f", {refused} calls over the limit" if refused else ""


def main() -> None:
    """Run the scenes and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scene", choices=[*SCENES, "faults", "all"], default="all")
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    table = Table("scene", "provider's ceiling", "bare LiteLLM", "ours", "of the ceiling", "of bare", "CPU ms, bare",
                  "CPU ms, ours", title=f"{arguments.examples:,} examples, medians of {arguments.rounds} rounds")  # fmt: skip
    console = Console()
    if arguments.scene in ("faults", "all"):
        with tempfile.TemporaryDirectory() as name:
            faults(Inputs.write(Path(name), arguments.examples), console.print)
    for scene in [scene for scene in SCENES.values() if arguments.scene in (scene.name, "all")]:
        with tempfile.TemporaryDirectory() as name:
            pairs = measure(
                scene, Inputs.write(Path(name), arguments.examples), arguments.rounds, console.print
            )
        rate = statistics.median(mine.rate for _, mine in pairs)
        table.add_row(
            scene.name,
            f"{scene.ceiling:.0f}/s",
            f"{statistics.median(other.rate for other, _ in pairs):.0f}/s",
            f"{rate:.0f}/s",
            f"{rate / scene.ceiling:.1%}",
            f"{statistics.median(mine.rate / other.rate for other, mine in pairs):.2f}",
            f"{statistics.median(other.cpu_ms for other, _ in pairs):.2f}",
            f"{statistics.median(mine.cpu_ms for _, mine in pairs):.2f}",
        )
    if table.rows:
        console.print(table)


if __name__ == "__main__":
    main()
