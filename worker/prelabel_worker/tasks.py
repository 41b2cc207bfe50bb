"""The tasks: take ids, wake the process's engine, end. Each may run twice or never: the database decides what is done."""

from prelabel_worker.app import app
from prelabel_worker.drafting import drafting


@app.task(name="prelabel.draft")
def draft(run_id: int) -> None:
    """Have this process draft what waits in a run."""
    drafting().wake(run_id)
