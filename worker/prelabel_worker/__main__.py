"""`prelabel-worker`: draft what runs ask for. `prelabel-worker check`: is this machine's worker alive?"""

import logging
import os
import socket
import sys
import threading
import warnings

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from prelabel import runs
from prelabel.errors import PrelabelError
from prelabel.lanes.batch import Batches
from prelabel.llm.drafters import Drafters
from prelabel.llm.litellm_model import warm_up
from prelabel.models import Worker
from prelabel.operations import exposition, logs
from prelabel.operations.parent import end_with_parent
from prelabel.settings import settings
from prelabel.store import store
from prelabel_worker import tracing
from prelabel_worker.app import app
from prelabel_worker.batcher import Batcher
from prelabel_worker.courier import Courier
from prelabel_worker.drafting import drafting
from prelabel_worker.remover import Remover
from prelabel_worker.searcher import Searcher
from prelabel_worker.sweeper import Sweeper, worker_name

USAGE = """usage: prelabel-worker [check]

Drafts what runs ask for, in one process with PRELABEL_CONCURRENCY calls in flight. One process keeps about one core busy:
start as many as there are cores, on as many machines as you like. `check` ends with 0 where one of this machine is alive."""
OPTIONS = (
    "--pool",
    "threads",
    "--concurrency",
    "2",
    "--without-gossip",
    "--without-mingle",
    "--without-heartbeat",
)


def main() -> None:
    """Start a worker."""
    arguments = sys.argv[1:]
    if arguments == ["check"]:
        sys.exit(check())
    if arguments:
        print(USAGE)  # noqa: T201 # a command's own help
        sys.exit(0 if {"-h", "--help"} & set(arguments) else 2)
    end_with_parent()
    logs.set_up(settings())
    tracing.set_up("prelabel-worker")
    logging.getLogger("celery").setLevel(logging.WARNING)
    logging.getLogger("kombu").setLevel(logging.ERROR)  # it warns that files have no host name
    # Celery warns about running as root, which is how containers and sandboxes often run.
    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
    try:
        store().migrate()
        exposition.serve(settings())
    except PrelabelError as error:
        sys.exit(f"prelabel-worker: {error}")
    app.worker_main(["--quiet", "worker", "--loglevel", "WARNING", *OPTIONS])


def check() -> int:
    """0 where a worker of this machine has said in the last half minute that it lives."""
    here = socket.gethostname() + ":"
    try:
        with store().reading() as session:
            seen = session.exec(
                select(Worker).where(col(Worker.name).startswith(here, autoescape=True))
            ).all()
    except SQLAlchemyError:
        return 1
    return 0 if any(runs.is_alive(worker) for worker in seen) else 1


@worker_ready.connect
def _start_sweeping(**_: object) -> None:
    sweeper = Sweeper(store(), settings(), drafting())
    batcher = Batcher(Batches(store(), settings(), Drafters(store(), settings())), settings())
    courier = Courier(store(), settings())
    searcher = Searcher(store(), settings(), worker_name())
    remover = Remover(store(), settings())
    rounds = (sweeper, batcher, courier, searcher, remover)
    for thread in (*rounds, threading.Thread(target=_warm_up, daemon=True)):
        thread.start()

    def stop(**_: object) -> None:
        for one in rounds:
            one.stop()

    worker_shutting_down.connect(stop, weak=False)


def _warm_up() -> None:
    """Loading LiteLLM takes seconds: a worker that has a provider does it before its first run."""
    if settings().api_base or any(name.endswith("_API_KEY") for name in os.environ):
        warm_up()


@worker_shutdown.connect
def _finish(**_: object) -> None:
    drafting().stop()


if __name__ == "__main__":
    main()
