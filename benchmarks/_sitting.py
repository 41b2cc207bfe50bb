"""Somebody signed in before the page, in Chromium, with many examples in the queue, for benchmarks of the page."""

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks._filling import fill
from prelabel.store import Store
from tests.running import TOKEN, running
from tests.web.conftest import FLAGS
from tests.web.person import Person

NOT_OURS = ("code", "native")
"""Types of nodes in a heap snapshot."""


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """Of a benchmark that says of itself what `doc` says: how many examples are queued."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=100_000)
    return parser


@contextmanager
def sitting(examples: int) -> Iterator[tuple[Person, int]]:
    """An admin, and the number of a run with so many examples in the queue. Service, worker and SQLite are real and here."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/prelabel.db"
        with closing(Store(url)) as store:
            store.migrate()
            run_id = fill(store, examples)
        with running(Path(folder), 1, database_url=url) as service, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
            person = Person(page, f"http://127.0.0.1:{service.port}")
            person.sign_in(TOKEN)
            yield person, run_id
            browser.close()


def held(page: Page) -> float:
    """Megabytes of the page's own objects, once rubbish is collected.

    Left out is what grows by running and by being watched, whatever the page does: compiled code, and what the browser holds for the
    page natively, such as the record of every request that it keeps for developer tools while a test is attached.
    """
    session = page.context.new_cdp_session(page)
    parts: list[str] = []
    session.on("HeapProfiler.addHeapSnapshotChunk", lambda event: parts.append(event["chunk"]))
    session.send("HeapProfiler.collectGarbage")
    session.send("HeapProfiler.takeHeapSnapshot")
    session.detach()
    snapshot = json.loads("".join(parts))
    fields, (types, *_) = (snapshot["snapshot"]["meta"][name] for name in ("node_fields", "node_types"))
    kinds, sizes = (snapshot["nodes"][fields.index(name) :: len(fields)] for name in ("type", "self_size"))
    held_bytes: int = sum(
        size for kind, size in zip(kinds, sizes, strict=True) if types[kind] not in NOT_OURS
    )
    return held_bytes / 1e6


@dataclass(frozen=True)
class Memory:
    """What a page holds: megabytes of its own objects and of the whole heap, nodes of documents (also detached ones), listeners."""

    own: float
    heap: float
    nodes: int
    listeners: int

    @classmethod
    def of(cls, page: Page) -> "Memory":
        """As it is now, once rubbish is collected."""
        own = held(page)
        session = page.context.new_cdp_session(page)
        heap, counted = session.send("Runtime.getHeapUsage"), session.send("Memory.getDOMCounters")
        session.detach()
        return cls(own, heap["usedSize"] / 1e6, counted["nodes"], counted["jsEventListeners"])
