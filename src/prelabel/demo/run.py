"""The demo: 10,000 support tickets from import to export on an embedded server, and one table of what came of it."""

import json
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from prelabel.cli import screen
from prelabel.client import Client
from prelabel.demo.reviewers import Habits, SimulatedReviewer
from prelabel.demo.tickets import Ticket, schema_path, tickets
from prelabel.errors import Unavailable
from prelabel.figures import share
from prelabel.measure.intervals import wilson
from prelabel.operations.supervise import serving
from prelabel.schema import LabelSchema
from prelabel.settings import settings

PROJECT = "support-tickets"
REVIEWERS = {
    "simulated-ada": Habits(0.98, 8),
    "simulated-ben": Habits(0.96, 6),
    "simulated-cleo": Habits(0.97, 7),
}
THRESHOLD = 0.9
LONGEST_SECONDS = 1_800


@dataclass(frozen=True)
class Outcome:
    """What the export holds against the truth, which the server never saw."""

    labels: int
    wrong: int
    accepted: int
    accepted_wrong: int
    drafts_right: int


def play(out: Console, model: str, examples: int, keep: Path | None) -> dict[str, Any]:
    """Run it all, print the table, and answer with its figures. With `keep`, database, export and logs stay in that folder."""
    with _folder(keep) as folder:
        used = settings().model_copy(
            update={
                "home": folder,
                "port": _free_port(),
                "sweep_seconds": 1.0,
                "database_url": "",
                "broker_url": "",
                "url": "",
            }
        )
        out.print(f"starting a server at {used.server}, its data in {folder}")
        with serving(used), Client.from_settings(used) as client:
            outcome = _play(out, client, model, examples, folder)
        if keep:
            out.print(f"kept in {folder}: open it again with  prelabel up --home {folder}")
    return outcome


def _play(out: Console, client: Client, model: str, examples: int, folder: Path) -> dict[str, Any]:
    began = time.monotonic()
    made = list(tickets(examples))
    schema = LabelSchema.read(schema_path()).document()
    imported = client.submit([ticket.row() for ticket in made], PROJECT, "tickets", schema)
    screen.imported(out, imported)
    run = client.start_run(PROJECT, "tickets", model=model, policy={"threshold": THRESHOLD})
    out.print(f"drafting with {model}; {len(REVIEWERS)} simulated reviewers answer through the API")
    team = _team(client, run["id"], made)
    try:
        _watch(out, client, run["id"], team)
    finally:
        for reviewer in team:
            reviewer.stop()
        for reviewer in team:
            reviewer.join()
    labels = run.export(folder / "labels.jsonl")
    figures = {name: client.get(f"/runs/{run['id']}/{name}") for name in ("outlook", "cost")}
    outcome, seconds = compare(labels, made), time.monotonic() - began
    out.print(_table(figures, outcome, seconds))
    return {**figures, "against_the_truth": asdict(outcome), "seconds": seconds}


def compare(labels: Path, made: Sequence[Ticket]) -> Outcome:
    """Count an export against the truth."""
    truth = {ticket.id: ticket.truth for ticket in made}
    labeled = wrong = accepted = accepted_wrong = drafts_right = 0
    with labels.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            is_wrong = record["label"]["category"] != truth[record["id"]]
            is_accepted = record["source"] in ("auto", "gold")
            labeled, wrong = labeled + 1, wrong + is_wrong
            accepted, accepted_wrong = accepted + is_accepted, accepted_wrong + (is_accepted and is_wrong)
            drafts_right += (record["draft"] or {}).get("category") == truth[record["id"]]
    return Outcome(labeled, wrong, accepted, accepted_wrong, drafts_right)


def _team(client: Client, run_id: int, made: Sequence[Ticket]) -> list[SimulatedReviewer]:
    truth = {ticket.id: ticket.truth for ticket in made}
    classes = sorted(set(truth.values()))
    team = []
    for name, habits in REVIEWERS.items():
        token = client.add_user(name)
        team.append(SimulatedReviewer(Client(client.url, token), name, run_id, truth, classes, habits))
    for reviewer in team:
        reviewer.start()
    return team


def _watch(out: Console, client: Client, run_id: int, team: Sequence[SimulatedReviewer]) -> None:
    """Show how it goes until every example has its label. Raises Unavailable where it cannot go on."""
    until = time.monotonic() + LONGEST_SECONDS
    with Live(console=out, refresh_per_second=4, transient=True) as live:
        while (run := client.run(run_id))["stage"] != "done":
            failures = [reviewer.failure for reviewer in team if reviewer.failure]
            if run["stage"] in ("paused", "over_budget", "cancelled"):
                raise Unavailable(f"the run is {run['stage']}: {run['note']}")
            if failures:
                raise failures[0]
            if time.monotonic() > until:
                raise Unavailable(f"not done after {LONGEST_SECONDS} s: {run['places']}")
            places = ", ".join(f"{count:,} {place}" for place, count in run["places"].items() if count)
            live.update(f"{places}; {sum(reviewer.answered for reviewer in team):,} reviewed")
            time.sleep(0.5)


def _table(figures: Mapping[str, Any], outcome: Outcome, seconds: float) -> Table:
    seen, cost = figures["outlook"], figures["cost"]
    table = Table("support tickets", "", show_header=False, title="what came of it")
    right = share(wilson(outcome.drafts_right, outcome.labels).model_dump())
    wrong = share(wilson(outcome.accepted_wrong, outcome.accepted).model_dump())
    rows = {
        "drafted": f"{seen['examples']:,}",
        "accepted without review": f"{outcome.accepted:,} ({outcome.accepted / outcome.labels:.1%})",
        "reviewed by simulated people": f"{seen['reviewed']:,}",
        "corrected, of those reviewed": share(seen["corrected"]),
        "draft accuracy on gold": share(seen["gold"]),
        "draft accuracy against the truth": right,
        "accepted and wrong, against the truth": wrong,
        "all labels wrong, against the truth": f"{outcome.wrong / outcome.labels:.1%}",
        "model money": f"${float(cost['model_dollars']):.2f}"
        + ("" if cost["complete"] else " and calls of unknown price"),
        "people's time": f"{cost['review_seconds'] / 3600:.1f} h, simulated, at ${cost['hourly_rate']} an hour",
        "cost per example": f"${float(cost['per_example']):.4f}, by hand ${float(cost['by_hand_per_example'] or 0):.4f}",
        "saved against labeling by hand": f"{cost['saved'] or 0:.0%}",
        "time": f"{seconds:.0f} s",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="prelabel-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
