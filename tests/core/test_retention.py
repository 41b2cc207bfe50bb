"""Removal by age: when an example is old, who removes it, and what keeps it."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import col, select

from prelabel import projects, review, runs
from prelabel.dataset import bring_in
from prelabel.drafting import draft_leases
from prelabel.events import journal, webhooks
from prelabel.formats.base import Row
from prelabel.images import keeping
from prelabel.images.intake import ImageRules
from prelabel.images.reading import Bounds, read
from prelabel.models import (
    Batch,
    Call,
    Example,
    Placement,
    Project,
)
from prelabel.operations import retention
from prelabel.operations.retention import Ages
from prelabel.review import Answer
from prelabel.schema import LabelSchema
from prelabel.settings import Settings
from prelabel.store import Store
from tests.factories import age, make_run, make_user, places, queue_up
from tests.images.making import picture

DAYS = 30
SECRET = "zebrafish"
SCHEMA = LabelSchema.load("fields: {topic: [a, b], said: {kind: text}}")
DRAFT = {"topic": "a", "said": f"a {SECRET} in\na {SECRET} tank"}
BETTER = {"topic": "b", "said": f"one {SECRET} in\na tank"}


def project_of(store: Store) -> Project:
    with store.reading() as session:
        return projects.find(session, "p")


def remove(store: Store, days: int | None = DAYS, replies: int | None = None) -> retention.Removed:
    return retention.remove(store, project_of(store), Ages(days=days, replies_days=replies))


def removed(store: Store) -> set[str]:
    with store.reading() as session:
        return set(session.exec(select(Example.external_id).where(col(Example.removed_at).is_not(None))))


def answer(store: Store, run_id: int, label: Any = BETTER, most: int = 100) -> None:
    """Have one person answer all that is queued."""
    rita = make_user(store, f"rita {run_id}").id or 0
    with store.writing() as session:
        for work in review.claim(session, rita, most, 60, run_id):
            review.submit(session, rita, work.slot_id, label, Answer(f"token {work.slot_id}"))


def closed_run(store: Store, examples: Any = 3, **options: Any) -> int:
    """A run that nothing is left to do in."""
    run_id = queue_up(store, examples, SCHEMA, DRAFT, **options)
    answer(store, run_id)
    webhooks.write_down(store)
    return run_id


@pytest.mark.parametrize(("days", "goes"), [(DAYS - 0.01, 0), (DAYS + 0.01, 3)])
def test_examples_go_once_their_run_was_closed_so_many_days_ago(store: Store, days: float, goes: int) -> None:
    closed_run(store)
    age(store, days)
    assert remove(store).examples == len(removed(store)) == goes


def test_an_example_in_no_run_goes_so_many_days_after_it_was_brought_in(sqlite_store: Store) -> None:
    with sqlite_store.writing() as session:
        projects.define(session, "p", SCHEMA)
        dataset = projects.open_dataset(session, projects.find(session, "p"), "d")
    bring_in(sqlite_store, dataset.id or 0, SCHEMA, [Row(1, {"id": "old", "text": "x"})], "test")
    age(sqlite_store, DAYS + 1)
    bring_in(sqlite_store, dataset.id or 0, SCHEMA, [Row(1, {"id": "new", "text": "y"})], "test")
    remove(sqlite_store)
    assert removed(sqlite_store) == {"old"}


def test_a_run_that_is_still_open_keeps_its_examples(store: Store) -> None:
    run_id = queue_up(store, 3, SCHEMA, DRAFT)
    answer(store, run_id, most=2)
    webhooks.write_down(store)
    age(store, 10 * DAYS)
    assert (remove(store).kept, removed(store)) == (3, set())


def test_the_newest_answer_counts_not_the_end_of_drafting(sqlite_store: Store) -> None:
    run_id = queue_up(sqlite_store, 3, SCHEMA, DRAFT)
    webhooks.write_down(sqlite_store)
    age(sqlite_store, DAYS + 1)
    answer(sqlite_store, run_id)
    assert remove(sqlite_store).examples == 0
    age(sqlite_store, DAYS + 1)
    assert remove(sqlite_store).examples == 3


def test_a_second_run_over_an_example_keeps_it_too(sqlite_store: Store) -> None:
    first = closed_run(sqlite_store)
    age(sqlite_store, DAYS + 1)
    with sqlite_store.writing() as session:
        old = runs.get(session, first)
        session.add(type(old)(**old.model_dump(exclude={"id", "drafted_at", "created_at"})))
        session.flush()
        session.add(Placement(run_id=first + 1, example_id=1))
    remove(sqlite_store)
    assert removed(sqlite_store) == {"e1", "e2"}


def test_of_a_cancelled_run_nobody_is_asked_any_more(store: Store) -> None:
    run_id = queue_up(store, 3, SCHEMA, DRAFT)
    with store.writing() as session:
        runs.cancel(session, runs.get(session, run_id))
    age(store, DAYS + 1)
    assert remove(store).examples == 3
    assert places(store, run_id) == {"failed": 3}
    with store.writing() as session:
        assert not review.claim(session, make_user(store).id or 0, 5, 60)


def test_what_is_in_flight_keeps_its_examples(store: Store) -> None:
    run_id = make_run(store, 2, schema=SCHEMA)
    with store.writing() as session:
        runs.cancel(session, runs.get(session, run_id))
        session.add(Batch(run_id=run_id, owner="batch", model="m", state="submitted", schema_version_id=1))
    age(store, DAYS + 1)
    assert remove(store).examples == 0
    with store.writing() as session:
        session.exec(select(Batch)).one().state = "collected"
        draft_leases.claim(session, run_id, "a-worker", 1, 60)
    assert remove(store).examples == 0
    age(store, 1)
    assert remove(store).examples == 2


def test_what_someone_has_in_hand_keeps_its_examples(sqlite_store: Store) -> None:
    run_id = queue_up(sqlite_store, 2, SCHEMA, DRAFT)
    with sqlite_store.writing() as session:
        runs.cancel(session, runs.get(session, run_id))
    age(sqlite_store, DAYS + 1)
    with sqlite_store.writing() as session:
        review.claim(session, make_user(sqlite_store).id or 0, 1, 60)
    assert remove(sqlite_store).examples == 0


def test_replies_of_models_can_go_before_the_contents(store: Store) -> None:
    closed_run(store)
    with store.writing() as session:
        session.add(call(SECRET))
    age(store, 8)
    found = remove(store, replies=7)
    assert (found.examples, found.replies, removed(store)) == (0, 3, set())
    with store.reading() as session:
        assert session.exec(select(Call.reply, Call.detail)).one() == (None, "")
    assert remove(store, replies=7).replies == 0


def test_a_reply_that_goes_with_the_contents_is_not_counted_twice(sqlite_store: Store) -> None:
    closed_run(sqlite_store)
    age(sqlite_store, DAYS + 1)
    both = Ages(days=DAYS, replies_days=1)
    with sqlite_store.reading() as session:
        to_come = retention.plan(session, projects.find(session, "p"), both)
    assert (to_come.examples, to_come.replies) == (3, 0)
    found = retention.remove(sqlite_store, project_of(sqlite_store), both, seconds=0)
    assert (found.examples, found.left) == (0, 3)


def test_two_workers_at_once_remove_each_example_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 7)
    closed_run(store, 60)
    age(store, DAYS + 1)
    with ThreadPoolExecutor(2) as pool:
        found = [one.result() for one in [pool.submit(remove, store) for _ in range(2)]]
    assert sum(one.examples for one in found) == 60
    with store.reading() as session:
        said = list(journal.lines(session, 0, 100, act="content.remove"))
    assert sum(line.details["examples"] for line in said) == 60


def test_what_breaks_off_goes_on_where_it_was(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    closed_run(sqlite_store, 5)
    age(sqlite_store, DAYS + 1)
    project, ages = project_of(sqlite_store), Ages(days=DAYS)
    first = retention.remove(sqlite_store, project, ages, seconds=0)
    assert (first.examples, first.left) == (0, 5)
    assert (remove(sqlite_store).examples, remove(sqlite_store).left) == (5, 0)


def test_every_project_is_looked_at_by_one_worker_an_hour(store: Store) -> None:
    closed_run(store)
    lead = make_user(store, role="lead")
    with store.writing() as session:
        retention.set_ages(session, projects.find(session, "p"), Ages(days=DAYS), lead)
    age(store, DAYS + 1)
    retention.carry_on(store, Settings())
    assert len(removed(store)) == 3
    age(store, 0.9 / 24)
    assert retention._take(store) is None
    age(store, 0.2 / 24)
    assert retention._take(store) is not None
    assert retention._take(store) is None


def test_lines_of_the_journal_go_by_the_servers_own_age(store: Store) -> None:
    lead = make_user(store, role="lead")
    with store.writing() as session:
        projects.define(session, "p", SCHEMA)
        journal.note(session, lead, "project.define", projects.find(session, "p"))
    age(store, 10)
    retention.trim(store, Settings(journal_days=11))
    with store.reading() as session:
        assert len(journal.lines(session, 0, 10)) == 1
    retention.trim(store, Settings(journal_days=9))
    with store.reading() as session:
        assert not journal.lines(session, 0, 10)


IN_ROW = f"data:image/png;base64,{b64encode(picture()).decode()}"
SEEN = LabelSchema.load("fields: {things: {kind: boxes, options: [cat]}}")


def dataset_of_images(store: Store) -> int:
    with store.writing() as session:
        projects.define(session, "p", SEEN)
        return projects.open_dataset(session, projects.find(session, "p"), "d").id or 0


def show(store: Store, dataset_id: int, number: int, image: str = IN_ROW) -> None:
    row = Row(number, {"id": f"i{number}", "image": image})
    assert bring_in(store, dataset_id, SEEN, [row], "test", images=ImageRules()).added == 1


def test_an_image_goes_with_the_last_example_that_shows_it(store: Store) -> None:
    dataset_id = dataset_of_images(store)
    show(store, dataset_id, 1)
    age(store, DAYS + 1)
    show(store, dataset_id, 2)
    assert (remove(store).images, removed(store)) == (0, {"i1"})
    age(store, DAYS + 1)
    assert (remove(store).images, removed(store)) == (1, {"i1", "i2"})


@pytest.mark.parametrize("said", ["row", "name", "hash"])
def test_an_image_that_a_row_speaks_of_while_it_is_to_be_removed_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    dataset_id, file = dataset_of_images(store), read(picture(), Bounds())
    with store.writing() as session:
        keeping.keep_named(session, dataset_id, "a.png", file)
    show(store, dataset_id, 1)
    age(store, DAYS + 1)
    look = keeping._shown

    def look_and_bring_in(*asked: Any) -> set[str]:
        found = look(*asked)
        show(store, dataset_id, 2, {"row": IN_ROW, "name": "a.png", "hash": file.sha256}[said])
        return found

    monkeypatch.setattr(keeping, "_shown", look_and_bring_in)
    assert remove(store).images == 0
    with store.reading() as session:
        assert keeping.load(session, file.sha256)[1]


def call(said: str) -> Call:
    return Call(
        run_id=1, example_id=1, model="m", purpose="draft", request_hash="h", outcome="ok", detail=said,
        reply={"text": said},
    )  # fmt: skip
