"""A schema is changed while work goes on: every example stays in exactly one place, no history is overwritten, nothing is lost."""

import asyncio
import threading
import time
from typing import Any

import pytest
from sqlmodel import select

from prelabel import export, projects, review, runs
from prelabel.draft import Keep, Outcome, Subject
from prelabel.drafting import lessons
from prelabel.errors import Conflict, InputError, LabelError, NotFound
from prelabel.models import Label, Placement, Review, SchemaChange, SchemaVersion, Slot
from prelabel.reports import report
from prelabel.review import Answer
from prelabel.schema import LabelSchema
from prelabel.schemas import schema_move
from prelabel.schemas.schema_change import SchemaMapping
from prelabel.schemas.schema_move import ChangePlan, Wish
from prelabel.store import Store
from tests.batching import Crash, CrashingStore, Factory, FakeProvider, Fuse, batch_run, batches, done
from tests.factories import (
    FakeDrafter,
    all_of,
    get_run,
    labels,
    make_run,
    make_user,
    places,
    queued_run,
    reasons,
    unsure,
    work_off,
)

MERGED = LabelSchema.load("fields: {topic: [b, c]}")
"""The factory's schema has a, b, c."""
TO_B = SchemaMapping(options={"topic": {"a": "b"}})
TEAM = (("rita", "reviewer"), ("sam", "reviewer"), ("sue", "senior"))
RENAMED = LabelSchema.load("fields: {subject: [x, b, c]}")
TO_SUBJECT = SchemaMapping(fields={"topic": "subject"}, options={"topic": {"a": "x"}})


def change(
    store: Store, schema: LabelSchema, mapping: SchemaMapping | None = None, from_version: int | None = None
) -> ChangePlan:
    wish = Wish(label_schema=schema, mapping=mapping or SchemaMapping(), from_version=from_version)
    return schema_move.apply(store, "p", wish, 60)


def dry(store: Store, schema: LabelSchema, mapping: SchemaMapping | None = None) -> ChangePlan:
    with store.reading() as session:
        wish = Wish(label_schema=schema, mapping=mapping or SchemaMapping())
        return schema_move.plan(session, projects.find(session, "p"), wish)


def by_text(content: dict[str, Any]) -> tuple[str, float]:
    """a, b, c by turns, the last third of all examples unsurely."""
    number = int(content["text"].split()[1])
    return "abc"[number % 3], 0.95 if number < 8 else 0.3


def mixed_run(store: Store, examples: int = 12) -> int:
    """Eight settled examples, three of them "a", and four that wait for people, one of them "a"."""
    run_id = make_run(store, examples)
    work_off(store, run_id, FakeDrafter(by_text))
    return run_id


def values(store: Store, run_id: int) -> dict[str, dict[str, Any]]:
    """Labels of an export, by example."""
    with store.reading() as session:
        run = runs.get(session, run_id)
    return {record["id"]: record["label"] for record in export.records(store, run)}


def check_places(store: Store, run_id: int, examples: int) -> None:
    """Each example is in one place, with what belongs there."""
    with store.reading() as session:
        placements = session.exec(select(Placement).where(Placement.run_id == run_id)).all()
        open_slots = session.exec(select(Slot).where(Slot.run_id == run_id, Slot.state == "open")).all()
    assert len(placements) == examples
    queued = sorted(one.id or 0 for one in placements if one.place == "queued")
    assert sorted(slot.placement_id for slot in open_slots) == queued
    assert all((one.label_id is not None) == (one.place == "settled") for one in placements)


def test_merged_classes_are_mapped_as_new_labels_that_say_where_they_came_from(store: Store) -> None:
    run_id = mixed_run(store)
    made = change(store, MERGED, TO_B)
    assert (made.labels.same, made.labels.mapped, made.labels.unfit, made.left) == (5, 3, 0, 0)
    assert labels(store, run_id)["e0"] == ("b", "auto")
    with store.reading() as session:
        rows = all_of(session, Label)
        new = [row for row in rows if row.mapped_from]
        old = {row.id: row for row in rows}
    assert len(rows) == 8 + 3
    assert [(old[row.mapped_from].value, row.value) for row in new] == [({"topic": "a"}, {"topic": "b"})] * 3
    assert all(row.draft_id == old[row.mapped_from].draft_id for row in new)
    check_places(store, run_id, 12)


def test_the_plan_says_what_will_be_and_writes_nothing(store: Store) -> None:
    run_id = mixed_run(store)
    planned = dry(store, MERGED)
    assert [one.said for one in planned.changes] == ["topic: option 'a' is removed"]
    assert (planned.from_version, planned.to_version, planned.runs) == (1, 2, [run_id])
    assert (planned.labels.same, planned.labels.unfit, planned.drafts.unfit) == (5, 3, 1)
    assert planned.labels.reasons == {'topic: "a" is not one of the 2 options': 3}
    with store.reading() as session:
        assert len(all_of(session, SchemaVersion)) == 1
    made = change(store, MERGED)
    assert made == planned
    assert places(store, run_id) == {"settled": 5, "queued": 7}


def test_a_removed_class_queues_its_examples_and_says_why(store: Store) -> None:
    run_id = mixed_run(store)
    change(store, MERGED)
    assert {key: why for key, why in reasons(store, run_id).items() if why == "requested"} == {
        "e0": "requested", "e3": "requested", "e6": "requested",
    }  # fmt: skip
    rita = make_user(store).id or 0
    with store.writing() as session:
        works = {work.example_id: work for work in review.claim(session, rita, 20, 60)}
    assert works["e0"].note == 'the schema has changed: topic: "a" is not one of the 2 options'
    assert (works["e0"].draft, works["e8"].draft) == (None, {"topic": "c"})
    with store.reading() as session:
        assert [row.value for row in all_of(session, Label)].count({"topic": "a"}) == 3
    check_places(store, run_id, 12)


def answer_all(store: Store, user_id: int, label: dict[str, Any]) -> int:
    with store.writing() as session:
        works = review.claim(session, user_id, 100, 60)
        for work in works:
            review.submit(session, user_id, work.slot_id, label, Answer(f"token-{work.slot_id}"))
    return len(works)


def test_who_reviewed_an_example_may_review_it_again_and_cannot_take_the_old_answer_back(
    store: Store,
) -> None:
    run_id, rita = queued_run(store, 3), make_user(store).id or 0
    answer_all(store, rita, {"topic": "a"})
    change(store, MERGED)
    with store.writing() as session, pytest.raises(Conflict, match="queued anew since"):
        review.undo(session, rita, 60, "undo-1", 20)
    check_places(store, run_id, 3)
    assert answer_all(store, rita, {"topic": "c"}) == 3
    assert set(labels(store, run_id).values()) == {("c", "review")}
    with store.reading() as session:
        assert len(all_of(session, Review)) == 6


@pytest.mark.parametrize(
    ("mapping", "ended"), [(TO_B, {"settled": 2}), (SchemaMapping(), {"queued": 2})], ids=["mapped", "unfit"]
)
def test_an_answer_of_two_that_came_before_the_change_counts_as_what_it_is_now(
    store: Store, mapping: SchemaMapping, ended: dict[str, int]
) -> None:
    run_id = make_run(store, 2, reviewers=2)
    work_off(store, run_id, FakeDrafter(unsure))
    rita, sam, sue = (make_user(store, name, role).id or 0 for name, role in TEAM)
    answer_all(store, rita, {"topic": "a"})
    change(store, MERGED, mapping)
    answer_all(store, sam, {"topic": "b"})
    check_places(store, run_id, 2)
    assert places(store, run_id) == ended
    with store.writing() as session:
        for work in review.claim(session, sue, 10, 60, for_senior=True):
            assert len(review.case_of(session, sue, work.slot_id).answers) == 2
            assert review.case_of(session, sue, work.slot_id).apart == {"topic": 1.0}
            review.submit(session, sue, work.slot_id, {"topic": "c"}, Answer(f"token-{work.slot_id}"))
    source = "consensus" if mapping == TO_B else "adjudication"
    assert {found for _, found in labels(store, run_id).values()} == {source}


def test_an_answer_under_the_old_schema_is_refused_with_its_reason(store: Store) -> None:
    queued_run(store, 1)
    rita = make_user(store).id or 0
    with store.writing() as session:
        [work] = review.claim(session, rita, 1, 60)
    change(store, MERGED)
    with store.writing() as session, pytest.raises(LabelError, match="not one of the 2 options"):
        review.submit(session, rita, work.slot_id, {"topic": "a"}, Answer("token-01"))
    answer_all(store, rita, {"topic": "b"})


def test_people_are_shown_drafts_under_the_new_names(store: Store) -> None:
    mixed_run(store)
    change(store, RENAMED, TO_SUBJECT)
    rita = make_user(store).id or 0
    with store.writing() as session:
        works = {work.example_id: work for work in review.claim(session, rita, 20, 60)}
        assert works["e9"].draft == {"subject": "x"}
        assert works["e9"].confidences == {"subject": 0.3}
        given = review.submit(session, rita, works["e9"].slot_id, {"subject": "x"}, Answer("token-01"))
    assert given.verdict == "confirmed"


def test_figures_gold_and_export_are_those_of_the_new_schema(store: Store) -> None:
    rows = [{"id": f"e{n}", "text": f"text {n}", "gold": "abc"[n % 3]} for n in range(6)]
    run_id = make_run(store, rows)
    work_off(store, run_id, FakeDrafter(by_text))
    change(store, RENAMED, TO_SUBJECT)
    with store.reading() as session:
        run = runs.get(session, run_id)
        assert report.outlook(session, run).gold.right == 6
        assert report.quality(session, run).fields[0].name == "subject"
        known = lessons.of_run(session, run, runs.schema_of(session, run))
        records = list(export.records(store, run))
    assert [lesson.label for lesson in known][-1] == {"subject": "x"}
    assert [record["gold"] for record in records][:2] == [{"subject": "x"}, {"subject": "b"}]
    assert all(record["label"] == record["gold"] == record["draft"] for record in records)


class LateDrafter(FakeDrafter):
    """Has the schema changed while its calls are in flight."""

    def __init__(self, store: Store, schema: LabelSchema, mapping: SchemaMapping | None = None) -> None:
        super().__init__(lambda content: by_text({"text": content["text"]}))
        self._store, self._schema, self._mapping = store, schema, mapping

    async def draft(self, subject: Subject, keep: Keep) -> Outcome:
        outcome = await super().draft(subject, keep)
        await asyncio.to_thread(change, self._store, self._schema, self._mapping)
        return outcome


def test_answers_in_flight_are_mapped_or_go_to_people(store: Store) -> None:
    run_id = make_run(store, 6)
    work_off(store, run_id, LateDrafter(store, MERGED))
    assert labels(store, run_id) == {
        "e1": ("b", "auto"), "e4": ("b", "auto"), "e2": ("c", "auto"), "e5": ("c", "auto"),
    }  # fmt: skip
    assert reasons(store, run_id) == {"e0": "draft_failed", "e3": "draft_failed"}
    with store.reading() as session:
        notes = [one.note for one in all_of(session, Placement) if one.note]
    assert notes == ['drafted before the schema changed: topic: "a" is not one of the 2 options'] * 2


def test_answers_in_flight_get_the_new_names(store: Store) -> None:
    run_id = make_run(store, 3)
    work_off(store, run_id, LateDrafter(store, RENAMED, TO_SUBJECT))
    assert values(store, run_id) == {"e0": {"subject": "x"}, "e1": {"subject": "b"}, "e2": {"subject": "c"}}


def test_a_change_survives_a_crash_at_any_moment(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_move, "BATCH", 5)
    run_id, crashes = mixed_run(sqlite_store), 0
    for schema, mapping in ((MERGED, TO_B), (RENAMED, SchemaMapping(fields={"topic": "subject"}))):
        for left in range(1, 20):
            fuse = Fuse(left)
            try:
                change(CrashingStore(sqlite_store, fuse), schema, mapping)
                break
            except Crash:
                crashes += 1
                check_places(sqlite_store, run_id, 12)
                exported = values(sqlite_store, run_id)
                assert all(
                    set(label) == set(schema_now(sqlite_store, run_id).fields) for label in exported.values()
                )
    assert crashes > 6
    check_places(sqlite_store, run_id, 12)
    assert values(sqlite_store, run_id)["e0"] == {"subject": "b"}
    with sqlite_store.reading() as session:
        assert [row.finished_at is not None for row in all_of(session, SchemaChange)] == [True, True]
        pairs = [(row.run_id, row.example_id, row.schema_version_id) for row in all_of(session, Label)]
    assert len(pairs) == len(set(pairs))


def schema_now(store: Store, run_id: int) -> LabelSchema:
    with store.reading() as session:
        return runs.schema_of(session, runs.get(session, run_id))


def test_what_a_request_leaves_is_moved_by_whoever_comes_next(store: Store) -> None:
    run_id = mixed_run(store)
    wish = Wish(label_schema=MERGED)
    assert schema_move.apply(store, "p", wish, 0).left == 12
    assert len(values(store, run_id)) == 5
    schema_move.carry_on(store)
    assert places(store, run_id) == {"settled": 5, "queued": 7}


def test_doing_it_again_changes_nothing(store: Store) -> None:
    run_id = mixed_run(store)
    change(store, MERGED, TO_B)
    before = values(store, run_id)
    assert change(store, MERGED).changes == []
    assert change(store, MERGED, TO_B).runs == []
    with pytest.raises(InputError, match="the schema is the one that holds already"):
        change(store, MERGED, SchemaMapping(options={"topic": {"b": "c"}}))
    with store.reading() as session:
        assert (len(all_of(session, SchemaVersion)), len(all_of(session, Label))) == (2, 11)
    assert values(store, run_id) == before


def test_going_back_brings_merged_labels_back_and_keeps_what_people_said_meanwhile(store: Store) -> None:
    run_id = mixed_run(store)
    before = values(store, run_id)
    old = schema_now(store, run_id)
    change(store, MERGED, TO_B)
    answer_all(store, make_user(store).id or 0, {"topic": "b"})
    made = change(store, old)
    assert (made.to_version, made.labels.unfit) == (3, 0)
    after = values(store, run_id)
    assert {key: after[key] for key in before} == before
    assert {after[key]["topic"] for key in after.keys() - before.keys()} == {"b"}


def test_names_that_are_used_again_for_others_are_not_mixed_up(store: Store) -> None:
    run_id = mixed_run(store)
    swapped = LabelSchema.load("fields: {topic: [b, a, c]}")
    for _ in range(2):
        change(store, swapped, SchemaMapping(options={"topic": {"a": "b", "b": "a"}}))
    settled = {key: value for key, (value, _) in labels(store, run_id).items()}
    assert settled == {f"e{number}": "bac"[number % 3] for number in range(8)}


def test_a_document_that_is_put_makes_a_version_for_new_runs_only(store: Store) -> None:
    old = mixed_run(store)
    with store.writing() as session:
        version = projects.define(session, "p", MERGED)
        assert get_run(store, old).schema_version_id != version.id
    assert dry(store, MERGED).changes == []
    made = change(store, MERGED, TO_B, from_version=1)
    assert (made.from_version, made.to_version, made.runs) == (1, 2, [old])
    assert labels(store, old)["e0"] == ("b", "auto")


def test_a_version_can_be_left_once(store: Store) -> None:
    mixed_run(store)
    change(store, MERGED, TO_B)
    with pytest.raises(Conflict, match="the runs at version 1 have moved to version 2 already"):
        change(store, RENAMED, TO_SUBJECT, from_version=1)
    with pytest.raises(NotFound, match="no schema version 9"):
        change(store, RENAMED, TO_SUBJECT, from_version=9)


def test_gold_that_fits_no_more_is_gold_no_more_and_comes_back_with_the_old_schema(store: Store) -> None:
    run_id = make_run(store, [{"id": "g", "text": "text 0", "gold": "a"}, {"id": "e", "text": "text 1"}])
    old = schema_now(store, run_id)
    change(store, MERGED)
    work_off(store, run_id, FakeDrafter(lambda _content: ("b", 0.95)))
    assert labels(store, run_id) == {"g": ("b", "auto"), "e": ("b", "auto")}
    change(store, old)
    with store.reading() as session:
        assert report.outlook(session, runs.get(session, run_id)).gold.n == 1


def test_an_answer_that_is_being_given_while_the_schema_changes_is_moved_too(postgres_store: Store) -> None:
    run_id, rita = queued_run(postgres_store, 1), make_user(postgres_store).id or 0
    with postgres_store.writing() as session:
        [work] = review.claim(session, rita, 1, 60)
    with postgres_store.writing() as session:
        review.submit(session, rita, work.slot_id, {"topic": "a"}, Answer("token-01"))
        with postgres_store.writing() as other:
            schema_move.begin(other, projects.find(other, "p"), Wish(label_schema=MERGED))
        mover = threading.Thread(target=schema_move.carry_on, args=(postgres_store,))
        mover.start()
        time.sleep(0.3)
        assert mover.is_alive()  # it waits for the answer that is not committed yet
    mover.join()
    assert places(postgres_store, run_id) == {"queued": 1}
    check_places(postgres_store, run_id, 1)


def test_a_batch_that_is_with_its_provider_is_read_under_the_schema_that_it_asked_with(store: Store) -> None:
    provider = FakeProvider()
    run_id = batch_run(store)
    used = batches(store, Factory(store, provider))
    assert used.prepare(run_id)
    used.advance(used.take() or 0)
    change(store, RENAMED, TO_SUBJECT)
    done(store, run_id, provider)
    assert provider.asked == {}
    assert {label["subject"] for label in values(store, run_id).values()} == {"x"}
