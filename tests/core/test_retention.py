"""Removal by age: when an example is old, what goes of it and what stays, and that nobody meets what is left of it."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import JSON, CheckConstraint, LargeBinary, Text
from sqlalchemy import select as wide_select
from sqlmodel import Session, SQLModel, col, delete, select
from sqlmodel.sql.sqltypes import AutoString

from prelabel import export, projects, review, runs
from prelabel.dataset import bring_in
from prelabel.drafting import draft_leases, lessons, trials
from prelabel.errors import Conflict, NotFound
from prelabel.events import journal, webhooks
from prelabel.examples import samples
from prelabel.formats.base import Row
from prelabel.images.intake import ImageRules
from prelabel.leading import by_filter, history, reviews
from prelabel.leading.browse import Search
from prelabel.leading.requeue import Requeue
from prelabel.models import (
    Batch,
    Call,
    ConflictSearch,
    Dataset,
    Delivery,
    Draft,
    Example,
    IssuedCertificate,
    KeptFigure,
    Placement,
    Project,
    Review,
    Run,
    Scratch,
    Slot,
    Webhook,
)
from prelabel.models import Conflict as Doubt
from prelabel.models.columns import NullableJson
from prelabel.operations import retention
from prelabel.operations.retention import Ages
from prelabel.reports import certificates
from prelabel.review import Answer
from prelabel.routing import place
from prelabel.schema import LabelSchema
from prelabel.schemas import schema_move
from prelabel.settings import Settings
from prelabel.store import Store
from tests.core.test_guarantee_forms import by_language, right_topic, settled
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
        session.add(_call(SECRET))
    age(store, 8)
    found = remove(store, replies=7)
    assert (found.examples, found.replies, removed(store)) == (0, 3, set())
    with store.reading() as session:
        assert session.exec(select(Call.reply, Call.detail)).one() == (None, "")
    assert remove(store, replies=7).replies == 0


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


GOES = """
    image.data image.sha256 image.type image_name.name kept_figure.name kept_figure.value kept_figure.mark
    example.content example.content_hash example.gold example.meta bad_row.field bad_row.reason given_draft.label
    draft.label draft.alternatives draft.failure call.detail call.reply label.value review.label review.comment
    slot.shown_draft scratch.label scratch.comment placement.reason placement.note conflict.why conflict.comment delivery.body
"""
STAYS = """
    project.name dataset.name example.external_id import.source schema_version.document schema_change.mapping
    run.steps run.policy run.quote run.note run.accepting_note auditdraw.terms auditdraw.ranked_by auditdraw.note
    auditdraw.planned auditcut.sizes issuedcertificate.document alarm.kind alarm.text alarm.details reviewer_pause.why
    journal.act journal.subject journal.details webhook.url webhook.events webhook.salt webhook.digest
    delivery.message_id delivery.event delivery.note conflict_search.failure conflict_search.lease_owner
    conflict.digest conflict.field conflict.way given_draft.model draft.model draft.prompt_digest draft.confidences
    call.model call.request_hash call.price_version review.client_token placement.lease_owner reservation.owner
    batch.owner batch.model batch.remote_id batch.note
"""
"""What holds text and is set up by leads, told by machines, or names things; docs/operations.md says so to people."""
TEXTS = (AutoString, Text, JSON, NullableJson, LargeBinary)


def test_of_every_column_that_holds_text_it_is_decided_whether_it_goes() -> None:
    apart = {"prompt", "users", "token", "sign_in", "invitation", "attempt", "worker"}  # hang on no project
    found = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if table.name not in apart and isinstance(column.type, TEXTS) and not column.foreign_keys
        and not any(f"{column.name} IN" in str(one.sqltext) for one in table.constraints if isinstance(one, CheckConstraint))
    }  # fmt: skip
    assert found == {*GOES.split(), *STAYS.split()}


def columns_with(store: Store, word: str) -> set[str]:
    """All columns of the database in which a word stands."""
    with store.engine.connect() as connection:
        return {
            f"{table.name}.{column.name}"
            for table in SQLModel.metadata.sorted_tables
            for column in table.columns
            for value in connection.execute(wide_select(column)).scalars()
            if word in str(value)
        }


def plant(session: Session, run_id: int) -> None:
    """A word wherever the words of an example, or what was said of it, may come to stand."""
    draft, slot = session.exec(select(Draft)).first(), session.exec(select(Slot)).first()
    assert draft is not None
    assert slot is not None
    draft.alternatives = {"topic": {"a": 0.5}, "said": {SECRET: 0.5}}
    draft.failure = f"no answer: {SECRET}"
    shown = {"label": BETTER, "alternatives": draft.alternatives, "schema_version_id": 1, "wrong": True}
    slot.shown_draft = shown
    placement = session.get_one(Placement, slot.placement_id)
    placement.reason, placement.note = f"flagged: {SECRET}", SECRET
    session.exec(select(Review)).first().comment = SECRET  # type: ignore[union-attr] # there are three
    search = ConflictSearch(run_id=run_id)
    session.add(search)
    session.flush()
    hook = Webhook(project_id=1, url="https://example.org", events=[], salt="", digest="")
    session.add(hook)
    session.flush()
    for one in (
        Doubt(run_id=run_id, search_id=search.id or 0, digest="d", field="said", way="same_text", score=1, why=SECRET,
              placement_id=slot.placement_id, label_id=1, comment=SECRET),
        Scratch(user_id=1, placement_id=slot.placement_id, label=BETTER, comment=SECRET),
        KeptFigure(project_id=1, name="f", value={"said": SECRET}),
        Delivery(webhook_id=hook.id or 0, message_id="m", event="label.settled", body=SECRET),
        _call(SECRET),
    ):  # fmt: skip
        session.add(one)
    session.flush()
    session.exec(select(Delivery)).one().due_at = None  # it was sent


ROWS = [
    {
        "id": "e1", "text": f"a {SECRET} in a tank", "meta": {"keeper": SECRET}, "gold": BETTER,
        "drafts": [{"model": "m", "label": DRAFT}],
    },
    {"id": "e2", "text": SECRET},
    {"id": "e3", "text": f"{SECRET} again"},
    {"id": "bad", "text": "x", "gold": {"topic": SECRET}},
]  # fmt: skip


def test_no_word_of_an_example_is_left_in_any_column_of_any_table(store: Store) -> None:
    run_id = closed_run(store, ROWS)
    with store.writing() as session:
        plant(session, run_id)
    others = {
        "image",
        "image_name",
        "example.content_hash",
        "kept_figure.name",
        "kept_figure.mark",
        "bad_row.field",
    }
    planted = {one for one in GOES.split() if not others & {one, one.partition(".")[0]}}
    assert columns_with(store, SECRET) == planted
    age(store, DAYS + 1)
    remove(store)
    assert columns_with(store, SECRET) == set()
    assert columns_with(store, "tank") == set()


def test_labels_are_as_far_apart_as_they_were(store: Store) -> None:
    def apart() -> list[dict[str, float]]:
        with store.reading() as session:
            rows = session.execute(
                wide_select(col(Draft.label), col(Review.label)).where(
                    col(Draft.example_id) == Review.example_id
                )
            )
            return [SCHEMA.distances(draft, said) for draft, said in rows]

    closed_run(store)
    before = apart()
    age(store, DAYS + 1)
    remove(store)
    assert apart() == before
    assert 0.01 < before[0]["said"] < 1


def test_a_certificate_stays_and_would_come_out_the_same_again(sqlite_store: Store) -> None:
    run_id = by_language(sqlite_store)
    _, before = settled(sqlite_store, run_id, right_topic)
    webhooks.write_down(sqlite_store)
    age(sqlite_store, DAYS + 1)
    assert remove(sqlite_store).examples == 400
    assert certificates.certificate_or_refuse(sqlite_store, run_id) == before
    with sqlite_store.writing() as session:
        session.exec(delete(IssuedCertificate))
        assert session.exec(select(Example)).first().meta in ({"language": "de"}, {"language": "en"})  # type: ignore[union-attr] # there are 400
    again = certificates.certificate_or_refuse(sqlite_store, run_id)
    assert again.model_copy(update={"records": before.records}) == before


@pytest.fixture
def without(store: Store) -> tuple[Store, int]:
    """A store with a run whose examples have all lost their content."""
    run_id = closed_run(store)
    age(store, DAYS + 1)
    remove(store)
    return store, run_id


def test_an_export_leaves_out_what_was_removed_and_says_how_many(without: tuple[Store, int]) -> None:
    store, run_id = without
    found = export.report(export.Export(store, run_id, "jsonl"))
    assert (found.records, found.left_out) == (0, {export.REMOVED: 3})


def test_the_history_of_an_example_says_since_when_its_content_is_gone(without: tuple[Store, int]) -> None:
    store, run_id = without
    with store.reading() as session:
        found = history.of(session, runs.get(session, run_id), "e1")
        assert not reviews.search(session, runs.get(session, run_id), reviews.Search(), 0, 10).answers
    assert (found.record["content"], "removed_at" in found.record) == ({}, True)
    assert found.record["label"] == {"topic": "b", "said": found.record["label"]["said"]}


def test_nobody_is_asked_about_what_was_removed(without: tuple[Store, int]) -> None:
    store, run_id = without
    lead = make_user(store, "lea", "lead")
    done = by_filter.carry_out(store, run_id, Search(), Requeue("again"), lead)
    assert (done.examples, done.left) == (0, {by_filter.REMOVED: 3})
    with store.writing() as session, pytest.raises(Conflict, match="was removed"):
        review.claim_example(session, lead.id or 0, session.get_one(Placement, 1), 60)
    with store.writing() as session, pytest.raises(Conflict, match="content of its example was removed"):
        review.undo(session, session.exec(select(Review.user_id)).first() or 0, 60, "undo-001", 20)


def test_no_model_is_asked_about_what_was_removed(without: tuple[Store, int]) -> None:
    store, run_id = without
    with store.writing() as session:
        run = runs.get(session, run_id)
        dataset = session.get_one(Dataset, run.dataset_id)
        assert lessons.by_people(session, run, 10) == []
        assert samples.drawn(session, dataset.id or 0).examples == 0
        assert trials.pick(session, dataset, 5) == []
        with pytest.raises(NotFound):
            trials.pick(session, dataset, ["e1"])
        session.add(again := Run(**run.model_dump(exclude={"id"})))
        session.flush()
        assert place.fill(session, again) == 0


def test_a_row_with_the_id_of_a_removed_example_is_told_so(without: tuple[Store, int]) -> None:
    store, _ = without
    row = Row(1, {"id": "e1", "text": "text 1"})
    report = bring_in(store, 1, SCHEMA, [row], "test")
    assert (report.added, report.bad) == (0, 1)
    assert "whose content was removed" in report.bad_rows[0].reason


def test_a_schema_change_does_not_send_what_was_removed_to_people(without: tuple[Store, int]) -> None:
    store, run_id = without
    wish = schema_move.Wish(label_schema=LabelSchema.load("fields: {topic: [a, c], said: {kind: text}}"))
    schema_move.apply(store, "p", wish, 60)
    assert places(store, run_id) == {"settled": 3}


def test_a_delivery_without_its_body_is_not_sent_again(sqlite_store: Store) -> None:
    run_id = closed_run(sqlite_store)
    with sqlite_store.writing() as session:
        plant(session, run_id)
    age(sqlite_store, DAYS + 1)
    retention.trim(sqlite_store, Settings(webhook_days=DAYS))
    with sqlite_store.writing() as session, pytest.raises(Conflict, match="was removed"):
        webhooks.resend(session, session.get_one(Webhook, 1), 1)


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


def test_an_image_goes_with_the_last_example_that_shows_it(store: Store) -> None:
    def shown(number: int) -> Row:
        return Row(
            number, {"id": f"i{number}", "image": f"data:image/png;base64,{b64encode(picture()).decode()}"}
        )

    seen = LabelSchema.load("fields: {things: {kind: boxes, options: [cat]}}")
    with store.writing() as session:
        projects.define(session, "p", seen)
        dataset = projects.open_dataset(session, projects.find(session, "p"), "d")
    bring_in(store, dataset.id or 0, seen, [shown(1)], "test", images=ImageRules())
    age(store, DAYS + 1)
    bring_in(store, dataset.id or 0, seen, [shown(2)], "test", images=ImageRules())
    assert (remove(store).images, removed(store)) == (0, {"i1"})
    age(store, DAYS + 1)
    assert (remove(store).images, removed(store)) == (1, {"i1", "i2"})


def _call(said: str) -> Call:
    return Call(
        run_id=1, example_id=1, model="m", purpose="draft", request_hash="h", outcome="ok", detail=said,
        reply={"text": said},
    )  # fmt: skip
