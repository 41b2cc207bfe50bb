"""The journal says who did what that others rely on: no act without its line, no line without its act."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlmodel import Session, SQLModel, col, delete, select

from prelabel import errors, review, runs
from prelabel.client import Client
from prelabel.events import alarms, journal, webhook_sending
from prelabel.models import Conflict, ConflictSearch, Delivery, JournalEntry, Placement, Token, User, now
from prelabel.people import users
from prelabel.review.acts import Answer
from prelabel.route import route_drafted
from prelabel.settings import Settings
from prelabel.store import Store
from tests.api.acts import ACTS, DATASET, EXCEPTIONS, SCHEMA, WIDER, bring_in
from tests.api.conftest import SignIn
from tests.api.recording import RecordingQueue
from tests.api.serving import served
from tests.api.studio import Studio, task
from tests.factories import FakeDrafter, make_run, sure, work_off

SETTINGS = Settings(webhook_key=SecretStr("a key"))


def routes(routers: Iterable[Any]) -> Iterator[APIRoute]:
    """All routes, also those of routers within."""
    for one in routers:
        if isinstance(one, APIRoute):
            yield one
        elif router := getattr(one, "original_router", None):
            yield from routes(router.routes)


def test_every_route_that_writes_has_its_line_in_the_journal_or_a_reason_why_not(light: Studio) -> None:
    app = light.web.app
    assert isinstance(app, FastAPI)
    writing = {route.name for route in routes(app.routes) if (route.methods or set()) - {"GET"}}
    assert len(writing) > 20
    assert writing | {"export_labels"} == set(ACTS) | set(EXCEPTIONS)
    assert not set(ACTS) & set(EXCEPTIONS)


def half_audited(store: Store) -> int:
    """A run of two looks, the first of which `ann` has answered."""
    run_id = make_run(store, 60, rule="guarantee", epsilon=0.4, audits=30, looks=2)
    work_off(store, run_id, FakeDrafter(sure))
    with store.writing() as session:
        ann = session.exec(select(User).where(User.name == "ann")).one().id or 0
        for work in review.claim(session, ann, 30, 60, run_id):
            review.submit(session, ann, work.slot_id, {"topic": "a"}, Answer(f"token-{work.slot_id}"))
    route_drafted(store, run_id)
    return run_id


class World:
    """A run with drafts, user `ann` with a token, and an admin's client `admin`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.run = make_run(store, 2)
        work_off(store, self.run, FakeDrafter(sure))
        with store.writing() as session:
            users.issue_token(session, users.create(session, "ann", "reviewer"), "first")
            token = users.issue_token(session, users.create(session, "root", "admin"), "first")
            hook, _ = webhook_sending.registered(1, "https://example.org", ["run.finished"], SETTINGS)
            session.add(hook)
            session.flush()
            alarms.raise_(session, runs.get(session, self.run), "errors", "the key is wrong")
            session.add(Delivery(webhook_id=hook.id or 0, message_id="msg", event="run.finished", body="{}"))
            search = ConflictSearch(run_id=self.run, finished_at=now())
            session.add(search)
            session.flush()
            doubted = session.exec(select(Placement).order_by(col(Placement.id))).first()
            assert doubted
            session.add(Conflict(
                run_id=self.run, search_id=search.id or 0, digest="d", field="topic", way="model", score=0.9, why="",
                placement_id=doubted.id or 0, label_id=doubted.label_id or 0,
            ))  # fmt: skip
        app = served("journal", store, SETTINGS, RecordingQueue())
        self.admin = Client("http://testserver", token, TestClient(app, raise_server_exceptions=False))
        self.admin.get("/me")  # marks the token as used, which is no act

    def ready_for(self, operation: str) -> None:
        """A run is only resumed where it is paused; only audits that come in several looks can be ended early; a project is only
        deleted where none of its runs goes on."""
        if operation == "certify_now":
            self.run = half_audited(self.store)
        if operation == "delete_project":
            self.admin.post(f"/runs/{self.run}/cancel")
        if operation == "resume_run":
            self.admin.post(f"/runs/{self.run}/pause")
        if operation == "resume_reviewer":
            self.admin.post(f"/runs/{self.run}/reviewers/ann/pause", {})

    def everything(self) -> dict[str, list[Any]]:
        """All rows of all tables."""
        with self.store.reading() as session:
            connection = session.connection()
            return {
                table.name: sorted(map(repr, connection.execute(table.select())))
                for table in SQLModel.metadata.sorted_tables
            }

    def journal(self) -> list[JournalEntry]:
        with self.store.reading() as session:
            return list(session.exec(select(JournalEntry).order_by(JournalEntry.id)))  # type: ignore[arg-type]


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


@pytest.fixture
def light_world(sqlite_store: Store) -> World:
    return World(sqlite_store)


@pytest.mark.parametrize("operation", ACTS)
def test_an_act_leaves_its_lines_and_says_who_did_it(light_world: World, operation: str) -> None:
    light_world.ready_for(operation)
    before = len(light_world.journal())
    ACTS[operation].do(light_world.admin, light_world.run)
    found = list(light_world.admin.items("/journal"))[: len(light_world.journal()) - before]
    assert tuple(line["act"] for line in reversed(found)) == ACTS[operation].lines
    assert {line["user"] for line in found} == {"root"}
    assert {line["project"] for line in found} <= {"p", "q", None}


@pytest.mark.parametrize("operation", ACTS)
def test_an_act_whose_line_cannot_be_written_does_not_happen(
    light_world: World, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    light_world.ready_for(operation)
    before = light_world.everything()

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no line")

    monkeypatch.setattr(journal, "note", fail)
    with pytest.raises(errors.PrelabelError):
        ACTS[operation].do(light_world.admin, light_world.run)
    assert light_world.everything() == before


@pytest.mark.parametrize("operation", ACTS)
def test_an_act_that_is_rolled_back_leaves_no_line(
    light_world: World, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    light_world.ready_for(operation)
    before = light_world.everything()

    def fail(_session: Session) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Session, "commit", fail)
    with pytest.raises(errors.PrelabelError):
        ACTS[operation].do(light_world.admin, light_world.run)
    assert light_world.everything() == before


REPEATED = (
    "define_project",
    "change_schema",
    "cap_project",
    "open_dataset",
    "upload_image",
    "revoke_tokens",
    "queue_conflicts",
    "resolve_conflict",
    "dismiss_conflict",
)


@pytest.mark.parametrize("operation", REPEATED)
def test_what_changes_nothing_has_no_line(light_world: World, operation: str) -> None:
    for _ in range(2):
        ACTS[operation].do(light_world.admin, light_world.run)
    assert tuple(line.act for line in light_world.journal()) == ACTS[operation].lines


def test_an_act_that_is_refused_has_no_line(light_world: World) -> None:
    with pytest.raises(errors.Conflict):
        light_world.admin.post(f"/runs/{light_world.run}/resume", {})
    with pytest.raises(errors.InputError):
        list(light_world.admin.export(light_world.run, where="nonsense >"))
    assert light_world.journal() == []


def test_an_import_that_breaks_off_is_in_the_journal_all_the_same(light_world: World) -> None:
    with pytest.raises(errors.PrelabelError):
        light_world.admin._send("POST", f"{DATASET}/examples?format=parquet", content=b"PAR1, not")
    assert [line.act for line in light_world.journal()] == ["dataset.import"]


def test_lines_say_what_was_done(light_world: World) -> None:
    admin, run = light_world.admin, light_world.run
    admin.put("/projects/p/cap", {"cap": "7.50"})
    admin.put("/projects/p/cap", {"cap": None})
    admin.put("/projects/p/schema", {"schema": WIDER})
    bring_in(admin, run)
    list(admin.export(run, "csv", where="confidence > 0.5"))
    admin.start_run("p", "d0", model="fake", cap="5", policy={"threshold": 0.8})
    said = [(line.act, line.subject, line.details) for line in light_world.journal()]
    assert said == [
        ("cap.set", "project p", {"before": None, "cap": "7.5"}),
        ("cap.set", "project p", {"before": "7.5", "cap": None}),
        ("schema.change", "project p", {"from_version": 1, "to_version": 2, "runs": [run]}),
        ("dataset.import", "dataset d0", {"import_id": 2, "source": "upload"}),
        ("dataset.imported", "dataset d0", {"import_id": 2, "rows": 1, "added": 1, "bad": 0, "drafts": 0}),
        ("export.take", f"run {run}", {"format": "csv", "include": "settled", "where": "confidence > 0.5"}),
        (
            "run.start",
            f"run {run + 1}",
            {"dataset": "d0", "model": "fake", "lane": "live", "schema_version": 2, "threshold": 0.8, "cap": "5"},
        ),
    ]  # fmt: skip


def test_no_token_is_in_the_journal(light_world: World) -> None:
    issued = [light_world.admin.post("/users", {"name": "bob"}), light_world.admin.post("/users/ann/tokens")]
    kept = " ".join(light_world.everything()["journal"])
    assert "token.issue" in kept
    assert not [one for one in issued if one["token"] in kept or one["token"][3:] in kept]


def test_the_journal_is_read_newest_first_page_by_page(world: World) -> None:
    for number in range(5):
        world.admin.put(f"/projects/p/datasets/n{number}")
    first = world.admin.get("/journal", limit=2)
    assert [line["subject"] for line in first["items"]] == ["dataset n4", "dataset n3"]
    world.admin.put("/projects/p/datasets/late")
    second = world.admin.get("/journal", limit=2, after=first["next"])
    assert [line["subject"] for line in second["items"]] == ["dataset n2", "dataset n1"]
    last = world.admin.get("/journal", limit=2, after=second["next"])
    assert ([line["subject"] for line in last["items"]], last["next"]) == (["dataset n0"], None)


def test_the_journal_is_filtered_by_user_act_and_project(world: World, sign_in: SignIn) -> None:
    lead = sign_in("lead")
    lead.define_project("q", SCHEMA)
    world.admin.put("/projects/q/cap", {"cap": 1})
    world.admin.post(f"/runs/{world.run}/pause")
    world.admin.post(f"/runs/{world.run}/cancel")

    def acts(**which: str) -> list[str]:
        return [line["act"] for line in world.admin.items("/journal", limit=1, **which)]

    assert acts(user="a-lead") == ["project.define"]
    assert acts(act="run.") == ["run.cancel", "run.pause"]
    assert acts(act="run.pause") == ["run.pause"]
    assert acts(project="q") == ["cap.set", "project.define"]
    assert acts(project="q", user="root") == ["cap.set"]
    for wrong in ({"user": "nobody"}, {"project": "nothing"}):
        with pytest.raises(errors.NotFound):
            acts(**wrong)
    with pytest.raises(errors.InputError):
        acts(act="run%")


def test_the_first_admin_is_noted_as_made_by_the_server(light: Studio, sqlite_store: Store) -> None:
    with sqlite_store.writing() as session:
        session.exec(delete(Token))
        session.exec(delete(User))
        token = users.ensure_admin(session, "") or ""
    [line] = Client("http://testserver", token, light.web).items("/journal")
    assert (line["user"], line["act"], line["subject"]) == (None, "user.add", "user admin")


def test_label_studio_does_not_import_or_start_unnoted(light: Studio, sqlite_store: Store) -> None:
    make_run(sqlite_store, 1)
    light.predict(task("new"))
    with sqlite_store.reading() as session:
        found = session.exec(select(JournalEntry)).all()
        by = users.find(session, "studio-lead").id
    assert [line.act for line in found] == ["dataset.import", "dataset.imported", "run.start"]
    assert {line.user_id for line in found} == {by}


def test_users_that_label_studio_brings_are_noted(light: Studio, sqlite_store: Store, queued: int) -> None:
    assert light.annotate("text 0", "b").status_code == 201
    with sqlite_store.reading() as session:
        [line] = session.exec(select(JournalEntry)).all()
    assert (line.act, line.subject) == ("user.add", "user label-studio-7")
