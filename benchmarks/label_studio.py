"""Drive a real Label Studio: it takes our export as tasks, gets drafts from our ML backend, and its annotations come back.

    python -m benchmarks.label_studio

Label Studio is installed into an environment of its own under .bench/ the first time, which takes some minutes, and runs on SQLite.
Prelabel's drafter is the student, so no key is needed. Prints what was carried, and how long each step took.
"""

import argparse
import io
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from rich.console import Console
from rich.table import Table

from prelabel.demo import tickets
from tests.running import CLONE, TOKEN, Running, free_port, running

PROJECT = "tickets"
CATEGORIES = ["delivery", "refund", "account", "other"]
SCHEMA = {
    "fields": {
        "urgent": {"kind": "boolean", "description": "does it have to be answered today?"},
        "category": {"kind": "choice", "options": CATEGORIES},
        "anger": {"kind": "rating", "min": 1, "max": 3},
    }
}
NEW = 5
"""Tasks that only Label Studio has."""
Found = TypeVar("Found")


class Bench:
    """Both servers, and a table of what was seen."""

    def __init__(self, prelabel: Running, studio: httpx2.Client) -> None:
        self.prelabel = prelabel
        self.studio = studio
        self.table = Table("step", "seen", "s")
        self.faults: list[str] = []

    def step(self, name: str, act: Callable[[], tuple[object, bool]]) -> None:
        """Do something and note what came of it; False with it means that it is not what should have come."""
        began = time.monotonic()
        seen, is_right = act()
        self.table.add_row(
            name, str(seen) if is_right else f"[red]{seen}[/]", f"{time.monotonic() - began:.2f}"
        )
        if not is_right:
            self.faults.append(name)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """What Label Studio's API answers."""
        answer = self.studio.request(method, f"/api{path}", **options)
        if answer.is_error:
            raise SystemExit(f"{method} /api{path}: {answer.status_code} {answer.text[:2000]}")
        return answer.json() if answer.content else None


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Tickets, two thirds of them with gold to learn from."""
    for number, ticket in enumerate(tickets.tickets(count)):
        gold = {
            "urgent": "!" in ticket.body,
            "category": CATEGORIES[sum(map(ord, ticket.truth)) % len(CATEGORIES)],
            "anger": 1 + ticket.body.count("!") % 3,
        }
        row = {"id": ticket.id, "text": f"{ticket.subject}\n{ticket.body}"}
        yield row | ({"gold": gold} if number % 3 else {})


def until(ask: Callable[[], Found | None], what: str, seconds: float = 120) -> Found:
    """The first answer that there is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (found := ask()) is not None:
            return found
        time.sleep(0.2)
    raise SystemExit(f"waited {seconds:.0f} s in vain for {what}")


def installed(environment: Path, out: Console) -> Path:
    """Label Studio's command in this environment, which is made if it is not there."""
    command = environment / "bin" / "label-studio"
    if not command.exists():
        out.print(f"installing label-studio into {environment}, which takes some minutes")
        began = time.monotonic()
        venv.create(environment, with_pip=True)
        pip = [
            str(environment / "bin" / "python"),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "-q",
        ]
        subprocess.run([*pip, "label-studio"], check=True)
        out.print(f"installed in {time.monotonic() - began:.0f} s")
    return command


@contextmanager
def label_studio(command: Path, home: Path) -> Iterator[httpx2.Client]:
    """A running Label Studio of its own, signed in to. It refuses addresses of this machine unless it is told not to."""
    port, token = free_port(), secrets.token_hex(20)
    settings = {
        "SSRF_PROTECTION_ENABLED": "false", "ML_BLOCK_LOCAL_IP": "false", "LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "DJANGO_DB": "sqlite",
    }  # fmt: skip
    arguments = [
        "start",
        "--no-browser",
        "--port",
        str(port),
        "--data-dir",
        str(home),
        "--username",
        "bench@example.org",
    ]
    arguments += ["--password", secrets.token_hex(12), "--user-token", token, "--log-level", "WARNING"]
    home.mkdir()
    with (home / "label-studio.log").open("wb") as log:
        process = subprocess.Popen(
            [str(command), *arguments],
            env=os.environ | settings,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    client = httpx2.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Token {token}"}, timeout=120
    )
    try:
        until(lambda: _is_up(client, process, home), "Label Studio's start", 600)
        _allow_token(home)
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(20)


def _is_up(client: httpx2.Client, process: subprocess.Popen[bytes], home: Path) -> bool | None:
    if process.poll() is not None:
        raise SystemExit((home / "label-studio.log").read_text()[-5000:])
    try:
        return True if client.get("/health", timeout=5).status_code == 200 else None
    except httpx2.HTTPError:
        return None


def _allow_token(home: Path) -> None:
    """New installations only take tokens that are made on the page; the one from the command line has to be allowed."""
    with closing(sqlite3.connect(home / "label_studio.sqlite3", timeout=30)) as database:
        database.execute("UPDATE jwt_auth_jwtsettings SET legacy_api_tokens_enabled = 1")
        database.commit()


def drafted(bench: Bench, examples: int) -> int:
    """A run in Prelabel that has drafted them all; nearly all wait for people."""
    client = bench.prelabel.client
    client.define_project(PROJECT, SCHEMA)
    text = "".join(json.dumps(row) + "\n" for row in rows(examples))
    client.bring_in(PROJECT, "first", io.BytesIO(text.encode()))
    run = client.start_run(PROJECT, "first", model="student", policy={"threshold": 0.999, "gold": "measure"})
    return int(client.wait(run["id"], ("reviewing", "done"))["id"])


def exported(bench: Bench, run: int) -> dict[str, dict[str, Any]]:
    """All records of a run by the text of their example."""
    lines = b"".join(bench.prelabel.client.export(run, "jsonl", "all")).splitlines()
    return {record["content"]["text"]: record for record in map(json.loads, lines)}


def drive(bench: Bench, examples: int) -> None:
    """All steps, each of which needs those before it."""
    run = drafted(bench, examples)
    records = exported(bench, run)
    config = httpx2.get(
        f"{bench.prelabel.client.url}/v1/projects/{PROJECT}/label-studio-config",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ).text
    made = bench.call("POST", "/projects", json={"title": "Tickets", "label_config": config})
    bench.table.add_row("project with our config", f"{len(config)} characters taken", "")
    file = b"".join(bench.prelabel.client.export(run, "label-studio" if _hyphen() else "label_studio", "all"))
    bench.step("our export imported", lambda: imported(bench, made["id"], file, records))
    bench.step("predictions as we wrote them", lambda: compared(bench, made["id"], file))
    backend = f"{bench.prelabel.client.url}/label-studio/{PROJECT}"
    bench.step("ML backend connected", lambda: connected(bench, made["id"], backend))
    new = imported_new(bench, made["id"])
    bench.step("drafts asked for new tasks, first time", lambda: asked(bench, made["id"], new, 0))
    bench.step("the standing run drafts them", lambda: standing(bench, run))
    bench.step("drafts asked for again", lambda: asked(bench, made["id"], new, NEW))
    hook = {"url": f"{backend}/webhook", "project": made["id"], "send_payload": True, "send_for_all_actions": True, "headers": {"Authorization": f"Bearer {TOKEN}"}, "is_active": True}  # fmt: skip
    bench.call("POST", "/webhooks/", json=hook)
    reviews(bench, made["id"], run, records)
    bench.step("Label Studio's export brought in", lambda: back(bench, made["id"]))


def _hyphen() -> bool:
    from prelabel import formats

    return "label-studio" in formats.known()


def imported(bench: Bench, project: int, file: bytes, records: dict[str, Any]) -> tuple[object, bool]:
    """What Label Studio counts of our file."""
    said = bench.call("POST", f"/projects/{project}/import?commit_to_project=true", content=file, headers={"Content-Type": "application/json"})  # fmt: skip
    seen = {name: said.get(name) for name in ("task_count", "prediction_count", "annotation_count")}
    drafts = sum(record["draft"] is not None for record in records.values())
    return seen, (seen["task_count"], seen["prediction_count"]) == (len(records), drafts)


def tasks(bench: Bench, project: int) -> list[dict[str, Any]]:
    """All tasks of a project with what hangs on them."""
    found: list[dict[str, Any]] = bench.call("GET", f"/projects/{project}/export?exportType=JSON&download_all_tasks=true")  # fmt: skip
    return found


def compared(bench: Bench, project: int, file: bytes) -> tuple[object, bool]:
    """Regions, scores and meta, as they are in Label Studio and in our file."""
    ours = {one["data"]["text"]: one for one in json.loads(file)}
    same = 0
    for task in tasks(bench, project):
        mine, [prediction] = ours[task["data"]["text"]], bench.call("GET", f"/predictions?task={task['id']}")
        [written] = mine["predictions"]
        same += (
            prediction["result"] == written["result"]
            and abs(prediction["score"] - written["score"]) < 1e-9
            and prediction["model_version"] == written["model_version"]
            and task["meta"] == mine["meta"]
        )
    return f"{same} of {len(ours)} the same", same == len(ours)


def connected(bench: Bench, project: int, url: str) -> tuple[object, bool]:
    """Whether Label Studio takes our URL, with a token of ours as the password."""
    body = {"project": project, "url": url, "title": "Prelabel", "auth_method": "BASIC_AUTH", "basic_auth_user": "prelabel", "basic_auth_pass": TOKEN}  # fmt: skip
    said = bench.call("POST", "/ml", json=body)
    return f"{said['readable_state']}, version {said['model_version']!r}", said[
        "readable_state"
    ] == "Connected"


def imported_new(bench: Bench, project: int) -> list[int]:
    """Ids of tasks that Prelabel has never seen."""
    before = {task["id"] for task in tasks(bench, project)}
    bodies = [{"data": {"text": f"Where is my parcel number {number}?!"}} for number in range(NEW)]
    bench.call("POST", f"/projects/{project}/import?commit_to_project=true", json=bodies)
    return [task["id"] for task in tasks(bench, project) if task["id"] not in before]


def asked(bench: Bench, project: int, new: list[int], wanted: int) -> tuple[object, bool]:
    """How many of the tasks have a prediction, once Label Studio was told to fetch them."""
    chosen = {
        "selectedItems": {"all": False, "included": new},
        "filters": {"conjunction": "and", "items": []},
    }
    bench.call("POST", f"/dm/actions?id=retrieve_tasks_predictions&project={project}", json=chosen)
    found = sum(bool(bench.call("GET", f"/predictions?task={task}")) for task in new)
    return f"{found} of {len(new)} tasks have one", found == wanted


def standing(bench: Bench, first: int) -> tuple[object, bool]:
    """The run that the request began."""
    run = max(int(run["id"]) for run in bench.prelabel.client.items("/runs"))
    done = bench.prelabel.client.wait(run, ("reviewing", "done"))
    return f"run {run} on {done['dataset']}: {sum(done['places'].values())} examples", run != first


def reviews(bench: Bench, project: int, run: int, records: dict[str, Any]) -> None:
    """An annotation is made, changed and deleted in Label Studio."""
    queued = {text for text, record in records.items() if record["status"] == "queued"}
    task = next(task for task in tasks(bench, project) if task["data"]["text"] in queued)
    text = task["data"]["text"]
    [prediction] = bench.call("GET", f"/predictions?task={task['id']}")[-1:]
    result = prediction["result"]

    def label() -> Any:
        record = exported(bench, run)[text]
        return (record["label"] or {}).get("anger"), record["source"], record["reviewer"]

    def settled(anger: int | None) -> Callable[[], Any]:
        return lambda: found if (found := label())[0] == anger else None

    def rated(anger: int) -> list[dict[str, Any]]:
        changed = [one for one in result if one["from_name"] != "anger"]
        stars = {
            "id": "r",
            "from_name": "anger",
            "to_name": "text",
            "type": "rating",
            "value": {"rating": anger},
        }
        return [*changed, stars]

    def create() -> tuple[object, bool]:
        body = {"result": rated(3), "lead_time": 4.2}
        made.append(bench.call("POST", f"/tasks/{task['id']}/annotations", json=body)["id"])
        return until(settled(3), "the review"), True

    def change() -> tuple[object, bool]:
        bench.call("PATCH", f"/annotations/{made[0]}", json={"result": rated(1)})
        return until(settled(1), "the changed review"), True

    def delete() -> tuple[object, bool]:
        bench.call("DELETE", f"/annotations/{made[0]}")
        return until(settled(None), "the review to go"), True

    made: list[int] = []
    bench.step("annotation created: anger, source, reviewer", create)
    bench.step("annotation changed", change)
    bench.step("annotation deleted", delete)


def back(bench: Bench, project: int) -> tuple[object, bool]:
    """What Prelabel takes of Label Studio's own export."""
    answer = bench.studio.get(f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true")
    name = "label-studio" if _hyphen() else "label_studio"
    report = bench.prelabel.client.bring_in(PROJECT, "back", io.BytesIO(answer.content), name)
    seen = {name: report[name] for name in ("rows", "added", "bad")}
    return seen, report["bad"] == 0 and report["rows"] == len(answer.json())


def main() -> None:
    """Install, start both, drive, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=150)
    parser.add_argument("--environment", type=Path, default=CLONE / ".bench" / "label-studio", help="where Label Studio is installed")  # fmt: skip
    asked_for = parser.parse_args()
    out = Console()
    command = installed(asked_for.environment.absolute(), out)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        began = time.monotonic()
        with (
            running(home / "prelabel", workers=1) as prelabel,
            label_studio(command, home / "studio") as studio,
        ):
            out.print(f"both run after {time.monotonic() - began:.0f} s")
            bench = Bench(prelabel, studio)
            try:
                drive(bench, asked_for.examples)
            finally:
                out.print(bench.table)
    sys.exit(f"not as it should be: {', '.join(bench.faults)}" if bench.faults else 0)


if __name__ == "__main__":
    main()
