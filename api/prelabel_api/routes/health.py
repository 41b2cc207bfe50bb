"""Is it up, is it ready."""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from prelabel import __version__, runs
from prelabel_api.deps import PUBLIC, ReadDep

router = APIRouter(tags=["health"], dependencies=[PUBLIC])


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"
    version: str = __version__


class Readiness(Health):
    """The database answers; `workers` is how many worker processes live, `notice` says what that means if none does."""

    workers: int
    notice: str = ""


@router.get("/health")
def health() -> Health:
    """Whether this process answers."""
    return Health()


@router.get("/ready")
def ready(session: ReadDep) -> Readiness:
    """Whether the database answers and workers live."""
    session.execute(text("SELECT 1"))
    alive = runs.workers_alive(session)
    notice = (
        "" if alive else "no worker is running: nothing is drafted until one is started (prelabel-worker)"
    )
    return Readiness(workers=alive, notice=notice)
