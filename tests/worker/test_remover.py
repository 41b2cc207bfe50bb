"""A worker removes by itself what its projects keep no longer."""

from prelabel import projects
from prelabel.operations import retention
from prelabel.operations.retention import Ages
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_worker.remover import Remover
from tests.core.test_retention import DAYS, closed_run, removed
from tests.factories import age, make_user
from tests.waiting import wait_until


def test_a_worker_removes_what_is_old_by_itself(store: Store) -> None:
    closed_run(store)
    lead = make_user(store, role="lead")
    with store.writing() as session:
        retention.set_ages(session, projects.find(session, "p"), Ages(days=DAYS), lead)
    age(store, DAYS + 1)
    remover = Remover(store, Settings())
    remover.start()
    wait_until(lambda: len(removed(store)) == 3)
    remover.stop()
    remover.join(60)
    assert not remover.is_alive()
