"""Deletion: what goes, what stays because figures rest on it, and that nobody else loses anything."""

from base64 import b64encode

import pytest
from sqlalchemy import select as wide_select
from sqlmodel import Session, SQLModel, col, select

from prelabel import projects, runs
from prelabel.dataset import bring_in
from prelabel.drafting import draft_leases
from prelabel.errors import Conflict
from prelabel.events import journal
from prelabel.formats.base import Row
from prelabel.images.intake import ImageRules
from prelabel.models import IssuedCertificate, Project, Review, Run, Slot, Token, User
from prelabel.operations import forgetting
from prelabel.people import users
from prelabel.review import acts, leases
from prelabel.review.acts import Answer
from prelabel.schema import LabelSchema
from prelabel.store import Store
from tests.everything import ROWS, fill
from tests.factories import make_run, make_user, queued_run
from tests.images.making import picture

Rows = dict[str, list[tuple[object, ...]]]
SHARED = {"users", "token", "sign_in", "invitation", "attempt", "prompt", "worker"}
"""Tables that hang on no project."""


def rows_of(store: Store) -> Rows:
    with store.engine.connect() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(wide_select(table).order_by(*table.primary_key))
            ]
            for table in SQLModel.metadata.sorted_tables
        }


def ended(session: Session, project_id: int) -> Project:
    """A project nothing of which is at work, whatever its rows say."""
    for run in session.exec(select(Run)):
        run.state = "cancelled"
    session.connection().exec_driver_sql("UPDATE placement SET lease_until = NULL")
    session.connection().exec_driver_sql("UPDATE batch SET state = 'collected'")
    session.flush()
    return session.get_one(Project, project_id)


@pytest.fixture
def full(store: Store) -> Store:
    """A store with rows in every table, those numbered 1 hanging on the first project, those numbered 2 on the second, …"""
    fill(store)
    return store


def test_a_project_goes_with_all_that_hangs_on_it_and_the_others_keep_everything(full: Store) -> None:
    with full.writing() as session:
        project = ended(session, 2)
    before = rows_of(full)
    with full.writing() as session:
        admin = session.get_one(User, 1)
        gone = forgetting.forget_project(session, session.get_one(Project, 2), admin)
    after = rows_of(full)
    assert project.name not in str(after | {"journal": []})
    for name in before.keys() - {"journal", "image"}:
        left = ROWS if name in SHARED else ROWS - 1
        assert len(after[name]) == left == ROWS - gone.get(name, 0), name
        assert set(map(str, after[name])) <= set(map(str, before[name]))


def test_no_index_that_deletion_takes_is_left(full: Store) -> None:
    with full.writing() as session:
        forgetting.forget_project(session, ended(session, 1), session.get_one(User, 1))
    catalog = "sqlite_master" if full.is_sqlite else "(SELECT indexname AS name FROM pg_indexes) AS indices"
    with full.engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT name FROM {catalog}").scalars().all()
    assert len(found) > 30
    assert not [name for name in found if "forgetting" in name]


def test_an_image_that_another_project_shows_too_stays(sqlite_store: Store) -> None:
    fill(sqlite_store)
    with sqlite_store.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE image_name SET sha256 = (SELECT min(sha256) FROM image) WHERE dataset_id < 3"
        )
        forgetting.forget_project(session, ended(session, 1), session.get_one(User, 1))
        forgetting.forget_project(session, ended(session, 3), session.get_one(User, 1))
    kept = [str(row[0])[:8] for row in rows_of(sqlite_store)["image"]]
    assert kept == ["sha256-1", "sha256-2"]


def test_an_image_that_stood_in_a_row_itself_goes_with_the_last_project_whose_examples_show_it(
    store: Store,
) -> None:
    seen = LabelSchema.load("fields: {things: {kind: boxes, options: [cat]}}")
    shown = {"id": "i1", "image": f"data:image/png;base64,{b64encode(picture()).decode()}"}
    admin, left = make_user(store, role="admin"), []
    for name in ("one", "other"):
        with store.writing() as session:
            projects.define(session, name, seen)
            dataset = projects.open_dataset(session, projects.find(session, name), "d")
        bring_in(store, dataset.id or 0, seen, [Row(1, shown)], "test", images=ImageRules())
    for name in ("one", "other"):
        with store.writing() as session:
            forgetting.forget_project(session, projects.find(session, name), admin)
        left.append(len(rows_of(store)["image"]))
    assert left == [1, 0]


def test_the_journal_says_who_deleted_what_and_keeps_its_lines(store: Store) -> None:
    run_id = make_run(store, 4)
    with store.writing() as session:
        ada = users.create(session, "ada", "admin")
        journal.note(session, ada, "run.start", runs.get(session, run_id))
        runs.cancel(session, runs.get(session, run_id))
        forgetting.forget_project(session, projects.find(session, "p"), ada)
    with store.reading() as session:
        newest, before, *_ = journal.lines(session, 0, 10)
    assert (newest.act, newest.user, newest.subject, newest.project) == (
        "project.delete",
        "ada",
        "project p",
        None,
    )
    assert newest.details["rows"]["example"] == 4
    assert (before.act, before.subject) == ("run.start", f"run {run_id}")


@pytest.mark.parametrize(
    ("state", "says"), [("running", "cancel it first"), ("paused", "still on their way")]
)
def test_a_project_at_work_is_not_deleted(sqlite_store: Store, state: str, says: str) -> None:
    run_id = make_run(sqlite_store, 2)
    with sqlite_store.writing() as session:
        draft_leases.claim(session, run_id, "a-worker", 1, 60)
        runs.get(session, run_id).state = state
        ada = users.create(session, "ada", "admin")
    before = rows_of(sqlite_store)
    with sqlite_store.writing() as session, pytest.raises(Conflict, match=says):
        forgetting.forget_project(session, projects.find(session, "p"), ada)
    assert rows_of(sqlite_store) == before


def test_a_person_leaves_their_answers_and_nothing_that_tells_who_they_were(store: Store) -> None:
    run_id = queued_run(store, 3)
    with store.writing() as session:
        ada, bob = users.create(session, "ada", "admin"), users.create(session, "bob", "reviewer")
        users.issue_token(session, bob, "bob's laptop")
        first, *_ = leases.claim(session, bob.id or 0, 3, 60)
        acts.submit(
            session, bob.id or 0, first.slot_id, {"topic": "b"}, Answer("once", comment="bob was here")
        )
        journal.note(
            session, ada, "examples.assign", runs.get(session, run_id), to="bob", people=["bob", "ada"]
        )
        journal.note(session, ada, "user.add", bob)
        certificate = {"reviewers": ["bob"], "examples": 3}
        session.add(IssuedCertificate(run_id=run_id, document=certificate, newest_label_id=0, failed=0))
    with store.writing() as session:
        known_as = forgetting.forget_person(session, users.find(session, "bob"), users.find(session, "ada"))
    with store.reading() as session:
        assert session.exec(select(Review.verdict)).all() == ["corrected"]
        assert not session.exec(select(Token.id)).first()
        held = select(Slot.id).where(col(Slot.claimed_by).is_not(None), Slot.state == "open")
        assert not session.exec(held).first()
        assert session.exec(select(IssuedCertificate.document)).one()["reviewers"] == [known_as]
        assert session.exec(select(User.disabled_at).where(User.name == known_as)).one()
        assert journal.lines(session, 0, 1)[0].act == "user.forget"
    assert "bob" not in str(rows_of(store))
    assert "ada" in str(rows_of(store))


def test_the_only_admin_cannot_be_forgotten(sqlite_store: Store) -> None:
    with sqlite_store.writing() as session:
        ada = users.create(session, "ada", "admin")
        with pytest.raises(Conflict, match="only admin"):
            forgetting.forget_person(session, ada, ada)
