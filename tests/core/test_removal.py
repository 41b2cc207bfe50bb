"""What is left of an example that was removed: no word, every figure, and nobody who meets it."""

import pytest
from sqlalchemy import JSON, CheckConstraint, LargeBinary, Text
from sqlalchemy import select as wide_select
from sqlmodel import Session, SQLModel, col, delete, select
from sqlmodel.sql.sqltypes import AutoString

from prelabel import export, projects, review, runs
from prelabel.dataset import bring_in
from prelabel.drafting import lessons, trials
from prelabel.errors import Conflict, NotFound
from prelabel.events import webhooks
from prelabel.examples import samples
from prelabel.formats.base import Row
from prelabel.formats.label_studio.tasks import OURS
from prelabel.label_studio.drafts import sample_content
from prelabel.label_studio.tasks import placements, read_tasks
from prelabel.leading import by_filter, history, reroute, reviews
from prelabel.leading.browse import Search
from prelabel.leading.requeue import Requeue
from prelabel.models import Conflict as Doubt
from prelabel.models import (
    ConflictSearch,
    Dataset,
    Delivery,
    Draft,
    Example,
    IssuedCertificate,
    KeptFigure,
    Placement,
    Review,
    Run,
    Scratch,
    Slot,
    Webhook,
)
from prelabel.models.columns import NullableJson
from prelabel.operations import retention
from prelabel.people import users
from prelabel.reports import certificates
from prelabel.review import pausing
from prelabel.routing import place
from prelabel.routing.policy import Policy
from prelabel.schema import LabelSchema
from prelabel.schemas import move
from prelabel.settings import Settings
from prelabel.store import Store
from tests.core.test_conflicts import labeled
from tests.core.test_conflicts import search as doubts
from tests.core.test_guarantee_forms import by_language, right_topic, settled
from tests.core.test_retention import BETTER, DAYS, DRAFT, SCHEMA, SECRET, call, closed_run, remove
from tests.factories import age, make_user, places

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
        call(SECRET),
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
        metas = session.exec(select(Example.meta)).all()
        assert all(meta in ({"language": "de"}, {"language": "en"}) for meta in metas)
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


def test_what_someone_who_is_paused_did_is_not_asked_again_of_others(without: tuple[Store, int]) -> None:
    store, run_id = without
    lead = make_user(store, "lea", "lead")
    with store.writing() as session:
        pausing.pause(session, runs.get(session, run_id), users.find(session, f"rita {run_id}"), lead, "why")
    pausing.carry_on(store)
    assert places(store, run_id) == {"settled": 3}


def test_label_studio_is_told_nothing_of_what_was_removed(without: tuple[Store, int]) -> None:
    store, _ = without
    with store.reading() as session:
        project = projects.find(session, "p")
        assert sample_content(session, project) == {"text": ""}
        [task] = read_tasks(session, project, [{"data": {"text": "x"}, "meta": {OURS: {"id": "e1"}}}])
        assert (task.example_id, placements(session, project, [task])) == ("e1", [[]])


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
    wish = move.Wish(label_schema=LabelSchema.load("fields: {topic: [a, c], said: {kind: text}}"))
    move.apply(store, "p", wish, 60)
    assert places(store, run_id) == {"settled": 3}


def test_a_delivery_without_its_body_is_not_sent_again(sqlite_store: Store) -> None:
    run_id = closed_run(sqlite_store)
    with sqlite_store.writing() as session:
        plant(session, run_id)
    age(sqlite_store, DAYS + 1)
    retention.trim(sqlite_store, Settings(webhook_days=DAYS))
    with sqlite_store.writing() as session, pytest.raises(Conflict, match="was removed"):
        webhooks.resend(session, session.get_one(Webhook, 1), 1)


@pytest.fixture
def accepted_otherwise(store: Store) -> tuple[Store, int]:
    """A store with a run whose examples were accepted, the first two alike with labels apart, and then lost their content."""
    run_id = labeled(store)
    webhooks.write_down(store)
    age(store, DAYS + 1)
    assert remove(store).examples == 3
    return store, run_id


def test_what_was_removed_contradicts_nothing(accepted_otherwise: tuple[Store, int]) -> None:
    assert doubts(*accepted_otherwise) == []


def test_another_policy_sends_nothing_that_was_removed_to_people(
    accepted_otherwise: tuple[Store, int],
) -> None:
    store, run_id = accepted_otherwise
    done = reroute.carry_out(store, run_id, Policy(threshold=0.995), 60, make_user(store, "lea", "lead"))
    assert (done.queued, done.left) == (0, {by_filter.REMOVED: 3})
    assert places(store, run_id) == {"settled": 3}
