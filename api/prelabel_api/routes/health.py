"""Is it up, is it ready."""

from fastapi import APIRouter
from pydantic import BaseModel

from prelabel import __version__, runs
from prelabel.errors import Unavailable
from prelabel_api.deps import PUBLIC, QueueDep, StoreDep

router = APIRouter(tags=["health"], dependencies=[PUBLIC])


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"
    version: str = __version__


class Readiness(Health):
    """The database answers and has the tables of this version; `workers` is how many worker processes live.

    `broker` False: workers find new work by themselves only every few seconds. `notice` says what is amiss; empty: nothing.
    """

    workers: int
    broker: bool
    notice: str = ""


NO_WORKER = "no worker is running: nothing is drafted until one is started (prelabel-worker)"


@router.get("/health")
def health() -> Health:
    """Whether this process answers."""
    return Health()


@router.get("/ready")
def ready(store: StoreDep, queue: QueueDep) -> Readiness:
    """Whether this server can work: 503 where the database does not answer or is of another version."""
    if behind := store.behind():
        raise Unavailable(f"{behind}: start the API of one version, which brings it up to date")
    with store.reading() as session:
        alive = runs.workers_alive(session)
    fault = queue.fault()
    amiss = [*([] if alive else [NO_WORKER]), *([fault] if fault else [])]
    return Readiness(workers=alive, broker=not fault, notice="; ".join(amiss))
