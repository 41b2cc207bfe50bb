"""Labels that contradict each other are searched for by a worker, sent to people, fixed on either side, or let stand."""

import uuid
from typing import Any

import pytest
from sqlmodel import Session, col, select

from prelabel import conflicts, export, review, runs
from prelabel.conflicts import Doubt
from prelabel.errors import Conflict, InputError, LabelError
from prelabel.models import ConflictSearch, Example, Placement, Slot, User, now
from prelabel.review import Answer
from prelabel.store import Store
from tests.factories import (
    FakeDrafter,
    labels,
    make_run,
    make_user,
    places,
    queue_up,
    reasons,
    work_off,
)

SAID = {"e0": "a", "e1": "b", "e2": "c"}
TEXTS = {
    "e0": "When will my new card arrive?",
    "e1": "when will my new card arrive",
    "e2": "What about the rent",
}


def labeled(store: Store, rows: list[dict[str, Any]] | None = None, **policy: Any) -> int:
    """A run in which `e0` and `e1` say the same and are labeled otherwise, all accepted."""
    rows = rows or [{"id": name, "text": text} for name, text in TEXTS.items()]
    run_id = make_run(store, rows, **policy)
    said = {row["text"]: SAID[row["id"]] for row in rows}
    work_off(store, run_id, FakeDrafter(lambda content: (said[content["text"]], 0.99)))
    return run_id


def search(store: Store, run_id: int) -> list[Doubt]:
    with store.writing() as session:
        conflicts.ask(session, runs.get(session, run_id))
    assert conflicts.carry_on(store, "w")
    return listed(store, run_id)


def listed(store: Store, run_id: int, **which: Any) -> list[Doubt]:
    with store.reading() as session:
        return conflicts.listed(session, runs.get(session, run_id), which.pop("after", 0), 100, **which)


def test_a_search_finds_two_near_examples_with_other_labels_once(store: Store) -> None:
    run_id = labeled(store)
    [found] = search(store, run_id)
    assert ({found.example, found.counterpart}, found.field, found.way) == (
        {"e0", "e1"},
        "topic",
        "near_duplicate",
    )
    assert found.score == pytest.approx(0.5, abs=0.05)
    assert listed(store, run_id, above=0.9) == []


def test_without_a_search_there_is_nothing_to_do_or_to_list(store: Store) -> None:
    run_id = labeled(store)
    assert not conflicts.carry_on(store, "w")
    assert listed(store, run_id) == []


def test_one_search_of_a_run_is_under_way_at_a_time(store: Store) -> None:
    run_id = labeled(store)
    with store.writing() as session:
        conflicts.ask(session, runs.get(session, run_id))
    with store.writing() as session, pytest.raises(Conflict, match="already"):
        conflicts.ask(session, runs.get(session, run_id))


def test_a_search_whose_worker_has_gone_is_done_by_another_once_its_lease_is_over(store: Store) -> None:
    run_id = labeled(store)
    with store.writing() as session:
        asked = conflicts.ask(session, runs.get(session, run_id))
        asked.lease_owner, asked.lease_until = "gone", now().replace(year=2100)
    assert not conflicts.carry_on(store, "w")
    with store.writing() as session:
        session.exec(select(ConflictSearch)).one().lease_until = now().replace(year=2000)
    assert conflicts.carry_on(store, "w")
    assert len(listed(store, run_id)) == 1


def test_gold_is_neither_doubted_nor_a_witness(store: Store) -> None:
    rows: list[dict[str, Any]] = [{"id": name, "text": text} for name, text in TEXTS.items()]
    rows[0]["gold"] = {"topic": "a"}
    assert search(store, labeled(store, rows)) == []


def test_the_doubted_example_is_queued_with_a_note_that_names_the_other_and_no_label(store: Store) -> None:
    run_id = labeled(store)
    [found] = search(store, run_id)
    with store.writing() as session:
        assert conflicts.queue(session, runs.get(session, run_id), 10, 0) == [found.example]
    assert reasons(store, run_id) == {found.example: "conflict"}
    rita = make_user(store)
    with store.writing() as session:
        [work] = review.claim(session, rita.id or 0, 10, 60)
    assert (work.example_id, f"example {found.counterpart}" in work.note) == (found.example, True)
    assert listed(store, run_id) == []


def test_what_people_labeled_is_asked_again_only_where_the_lead_wants_it(store: Store) -> None:
    run_id = queue_up(store, [{"id": name, "text": text} for name, text in TEXTS.items()])
    rita = make_user(store)
    with store.writing() as session:
        for work in review.claim(session, rita.id or 0, 10, 60):
            review.submit(
                session, rita.id or 0, work.slot_id, {"topic": SAID[work.example_id]}, Answer(work.example_id)
            )
    [found] = search(store, run_id)
    with store.writing() as session:
        run = runs.get(session, run_id)
        assert conflicts.queue(session, run, 10, 0) == []
        assert conflicts.queue(session, run, 10, 0, people=True) == [found.example]


def test_an_audited_example_never_comes_back_as_a_conflict(store: Store) -> None:
    run_id = labeled(store)
    [found] = search(store, run_id)
    with store.writing() as session:
        for placement in session.exec(select(Placement).where(Placement.run_id == run_id)):
            session.add(Slot(
                placement_id=placement.id or 0, run_id=run_id, example_id=placement.example_id, reason="audit",
                priority=0, state="withdrawn",
            ))  # fmt: skip
        session.flush()
        assert conflicts.queue(session, runs.get(session, run_id), 10, 0, people=True) == []
    assert places(store, run_id) == {"settled": 3}
    assert listed(store, run_id) == [found]


@pytest.mark.parametrize("side", ["example", "counterpart"])
@pytest.mark.parametrize("reviewers", [1, 3])
def test_either_side_is_fixed_in_one_act(store: Store, side: Any, reviewers: int) -> None:
    run_id = labeled(store, reviewers=reviewers)
    [found] = search(store, run_id)
    named = found.example if side == "example" else found.counterpart
    before = labels(store, run_id)
    senior = make_user(store, "sue", "senior")
    for _ in range(2):  # sent twice with one token
        with store.writing() as session:
            answer, label = Answer("t"), {"topic": "c"}
            conflicts.resolve(session, runs.get(session, run_id), found.id, senior, side, label, answer)
    assert labels(store, run_id) == before | {named: ("c", "adjudication")}
    assert places(store, run_id) == {"settled": 3}
    assert listed(store, run_id) == []
    with store.reading() as session:
        run = runs.get(session, run_id)
        shown = conflicts.sides(session, run, conflicts.get(session, run, found.id))
    fixed = shown.example if side == "example" else shown.counterpart
    assert fixed is not None
    assert not shown.is_open
    assert [event.what for event in fixed.history] == ["draft", "label", "corrected", "label"]


@pytest.mark.parametrize("act", ["resolve", "dismiss", "send"])
def test_what_was_done_is_taken_back_and_the_conflict_is_open_as_it_was(store: Store, act: str) -> None:
    run_id = labeled(store, reviewers=2)
    [found] = search(store, run_id)
    before, senior = labels(store, run_id), make_user(store, "sue", "senior")
    with store.writing() as session:
        done(session, run_id, act, found.id, senior)
    assert listed(store, run_id) == []
    for _ in range(2):  # done again, it changes nothing
        with store.writing() as session:
            conflicts.take_back(session, runs.get(session, run_id), found.id, senior, "back")
    assert (labels(store, run_id), listed(store, run_id)) == (before, [found])
    with store.reading() as session:
        assert session.exec(select(Slot).where(Slot.state == "open")).all() == []
        assert {one.reason for one in session.exec(select(Placement))} == {""}
    with store.writing() as session:
        done(session, run_id, act, found.id, senior)  # and may be done anew


@pytest.mark.parametrize("act", ["resolve", "dismiss", "send"])
def test_what_others_have_to_do_with_is_not_taken_back(store: Store, act: str) -> None:
    run_id = labeled(store)
    [found] = search(store, run_id)
    sue, tom = make_user(store, "sue", "senior"), make_user(store, "tom", "senior")
    with store.writing() as session:
        done(session, run_id, act, found.id, sue)
        review.claim(session, tom.id or 0, 1, 60)
    by = sue if act == "send" else tom
    with store.writing() as session, pytest.raises(Conflict, match="somebody"):
        conflicts.take_back(session, runs.get(session, run_id), found.id, by, "back")


def done(session: Session, run_id: int, act: str, conflict_id: int, by: User) -> None:
    run = runs.get(session, run_id)
    if act == "resolve":
        answer = Answer(uuid.uuid4().hex)
        conflicts.resolve(session, run, conflict_id, by, "example", {"topic": "c"}, answer)
    elif act == "dismiss":
        conflicts.dismiss(session, run, conflict_id, by)
    else:
        conflicts.send(session, run, conflict_id)


def test_a_label_that_does_not_fit_changes_nothing(store: Store) -> None:
    run_id = labeled(store)
    [found] = search(store, run_id)
    senior, before = make_user(store, "sue", "senior"), labels(store, run_id)
    with pytest.raises(LabelError), store.writing() as session:
        conflicts.resolve(
            session, runs.get(session, run_id), found.id, senior, "example", {"topic": "z"}, Answer("t")
        )
    assert (labels(store, run_id), listed(store, run_id)) == (before, [found])


def test_a_conflict_that_is_not_open_any_more_is_not_resolved(store: Store) -> None:
    run_id = labeled(store)
    [found] = search(store, run_id)
    senior = make_user(store, "sue", "senior")
    with store.writing() as session:
        conflicts.dismiss(session, runs.get(session, run_id), found.id, senior)
    with pytest.raises(Conflict, match="not open"), store.writing() as session:
        conflicts.resolve(
            session, runs.get(session, run_id), found.id, senior, "example", {"topic": "c"}, Answer("t")
        )


def test_what_has_no_counterpart_has_no_other_side_to_fix(store: Store) -> None:
    run_id = labeled(store)
    [found] = search(store, run_id)
    senior = make_user(store, "sue", "senior")
    with store.writing() as session:
        run = runs.get(session, run_id)
        conflicts.get(session, run, found.id).other_placement_id = None
        with pytest.raises(InputError, match="counterpart"):
            conflicts.resolve(session, run, found.id, senior, "counterpart", {"topic": "c"}, Answer("t"))


def test_dismissed_it_never_comes_again_until_a_label_changes(store: Store) -> None:
    run_id = labeled(store)
    [found] = search(store, run_id)
    senior = make_user(store, "sue", "senior")
    with store.writing() as session:
        conflicts.dismiss(session, runs.get(session, run_id), found.id, senior, "both are right")
    assert listed(store, run_id) == []
    assert search(store, run_id) == []
    with store.writing() as session:
        placement = session.exec(
            select(Placement)
            .join(Example, col(Example.id) == Placement.example_id)
            .where(Example.external_id == "e0")
        ).one()
        slot_id = review.claim_example(session, senior.id or 0, placement, 60)
        review.submit(session, senior.id or 0, slot_id, {"topic": "c"}, Answer("t"))
    assert len(search(store, run_id)) == 1


def test_a_search_that_finds_it_again_keeps_its_number(store: Store) -> None:
    run_id = labeled(store)
    assert [one.id for one in search(store, run_id)] == [one.id for one in search(store, run_id)]


def test_pages_go_on_behind_the_last_one_in_the_order_of_scores(store: Store) -> None:
    rows = [
        {"id": f"e{number}", "text": f"pay my {what}"}
        for number, what in enumerate(["rent"] * 3 + ["tax"] * 2)
    ]
    run_id = make_run(store, rows)
    topics = iter("aabab")
    work_off(store, run_id, FakeDrafter(lambda _: (next(topics), 0.99)))
    found = search(store, run_id)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len(found) > 1
    assert listed(store, run_id, after=found[0].id) == found[1:]


def test_the_report_of_an_export_says_how_many_of_its_labels_are_in_doubt(store: Store) -> None:
    run_id = labeled(store)
    assert export.report(export.Export(store, run_id, "jsonl")).conflicts is None
    search(store, run_id)
    assert export.report(export.Export(store, run_id, "jsonl")).conflicts == 1
