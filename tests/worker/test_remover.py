"""A worker removes by itself what its projects keep no longer."""

import time

from prelabel import projects
from prelabel.operations import retention
from prelabel.operations.retention import Ages
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_worker.remover import Remover
from tests.core.test_retention import DAYS, closed_run, removed
from tests.factories import age, make_user


def test_a_worker_removes_what_is_old_by_itself(store: Store) -> None:
    closed_run(store)
    lead = make_user(store, role="lead")
    with store.writing() as session:
        retention.set_ages(session, projects.find(session, "p"), Ages(days=DAYS), lead)
    age(store, DAYS + 1)
    remover = Remover(store, Settings())
    remover.start()
    until = time.monotonic() + 60
    while len(removed(store)) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    remover.stop()
    remover.join(60)
    assert (len(removed(store)), remover.is_alive()) == (3, False)
