"""The tasks: take ids, call the core, end. Each may run twice or never: the database's leases decide what is done."""

from prelabel.chunk import draft_chunk
from prelabel.settings import settings
from prelabel.store import store
from prelabel_worker.app import app
from prelabel_worker.loop import loop
from prelabel_worker.queue import CeleryQueue


@app.task(name="prelabel.draft")
def draft(run_id: int) -> None:
    """Draft one chunk of a run, and ask for the next one as long as there was something to do."""
    from prelabel.llm.drafters import drafter_for

    used = loop()
    if used.run(draft_chunk(store(), settings(), run_id, drafter_for, used.slots)):
        CeleryQueue().draft(run_id)
