"""Pausing a person in a run: at once, with nothing lost, and others are asked what they alone have answered."""

from typing import Any

import pytest
from sqlmodel import col, select

from prelabel import review, runs
from prelabel.errors import Conflict, LeaseLost, NotAllowed, NotFound
from prelabel.models import JournalEntry, Placement, Review, ReviewerPause, Slot, User
from prelabel.people import users
from prelabel.review import Work, pausing
from prelabel.review.closed import closed_runs
from prelabel.store import Store
from tests.books import Books
from tests.core.test_checks import rows, work_on
from tests.core.test_redundancy import flag, team
from tests.core.test_review import claim, submit, undo
from tests.factories import labels, make_user, places, queue_up

BAR: dict[str, Any] = {"gold_share": 0.5, "seeded_share": 1, "reviewer_bar": 0.8, "reviewer_bar_after": 5}


def by_lead(store: Store, run_id: int, user: int, act: str = "pause") -> None:
    with store.writing() as session:
        lead = session.exec(select(User).where(User.name == "lea")).first() or users.create(
            session, "lea", "lead"
        )
        getattr(pausing, act)(session, runs.get(session, run_id), session.get_one(User, user), lead, "a talk")


def confirm_all(store: Store, user: int, page: int = 100) -> list[Work]:
    """Answer what was shown, to all of a page, as whoever clicks through does."""
    done = []
    for work in claim(store, user, page):
        try:
            submit(store, user, work, str((work.draft or {"topic": "a"})["topic"]), f"{user}-{work.slot_id}")
        except LeaseLost:
            break
        done.append(work)
    return done


def is_closed(store: Store, user: int) -> bool:
    with store.reading() as session:
        return bool(closed_runs(session, user))


def standing(store: Store, run_id: int, wanted: int) -> dict[str, int]:
    with store.reading() as session:
        Books.of(session, run_id).check(wanted)
    return places(store, run_id)


def test_whoever_confirms_planted_faults_is_paused_and_others_answer_anew(store: Store) -> None:
    run_id = queue_up(store, rows(12, 12), **BAR)
    rita, sam = team(store, 2)
    confirm_all(store, rita)
    assert is_closed(store, rita)
    assert pausing.carry_on(store) == 1
    assert standing(store, run_id, 1) == {"settled": 12, "queued": 12}
    with pytest.raises(NotAllowed, match="a lead would like to talk with you"):
        claim(store, rita)
    again = work_on(store, sam)
    assert {name for name in again if name[0] == "e"} == {f"e{number}" for number in range(12)}
    for name, work in again.items():
        submit(store, sam, work, "b", f"sam-{name}")
    assert {labels(store, run_id)[f"e{number}"] for number in range(12)} == {("b", "review")}
    assert standing(store, run_id, 1) == {"settled": 24}


def test_whoever_looks_is_not_paused(store: Store) -> None:
    run_id = queue_up(store, rows(12, 12), **BAR)
    [rita] = team(store, 1)
    for name, work in work_on(store, rita).items():
        submit(store, rita, work, "a", f"rita-{name}")
    assert not is_closed(store, rita)
    assert (pausing.carry_on(store), standing(store, run_id, 1)) == (0, {"settled": 24})


def test_the_pause_is_written_with_its_reason_and_a_line_that_names_no_person_as_its_cause(
    store: Store,
) -> None:
    queue_up(store, rows(12, 12), **BAR)
    [rita] = team(store, 1)
    confirm_all(store, rita)
    with store.reading() as session:
        [row] = session.exec(select(ReviewerPause)).all()
        [line] = session.exec(select(JournalEntry).where(JournalEntry.act == "reviewer.pause")).all()
    assert (row.by_id, row.why) == (None, "0 of 5 answers to gold right: surely under the bar of 80%")
    assert (line.user_id, line.details["reviewer"]) == (None, "reviewer-0")


def test_what_a_paused_person_held_goes_back_and_what_they_have_typed_is_kept(store: Store) -> None:
    run_id = queue_up(store, rows(3, 0))
    rita, sam = team(store, 2)
    held = claim(store, rita, 2)
    with store.writing() as session:
        review.keep(session, rita, held[0].slot_id, review.Unsent({"topic": "c"}))
    by_lead(store, run_id, rita)
    pausing.carry_on(store)
    assert len(claim(store, sam, 3)) == 3
    with pytest.raises(LeaseLost):
        submit(store, rita, held[0], "a")
    with store.reading() as session:
        assert review.kept(session, rita, held[0].slot_id) == review.Unsent({"topic": "c"})


def test_an_answer_that_others_have_confirmed_stays_and_one_that_waits_for_others_is_asked_anew(
    store: Store,
) -> None:
    run_id = queue_up(store, rows(2, 0), reviewers=2)
    rita, sam, tom = team(store, 3)
    agreed, waiting = claim(store, rita, 2)
    submit(store, rita, agreed, "b")
    submit(store, rita, waiting, "b")
    submit(store, sam, work_on(store, sam)[agreed.example_id], "b", "sam-0001")
    by_lead(store, run_id, rita)
    pausing.carry_on(store)
    assert standing(store, run_id, 2) == {"settled": 1, "queued": 1}
    for user, name in ((sam, "sam-0002"), (tom, "tom-0001")):
        submit(store, user, work_on(store, user)[waiting.example_id], "c", name)
    assert labels(store, run_id) == {
        agreed.example_id: ("b", "consensus"),
        waiting.example_id: ("c", "consensus"),
    }


def test_what_one_person_alone_has_flagged_is_asked_anew(store: Store) -> None:
    run_id = queue_up(store, rows(1, 0))
    rita, sam = team(store, 2)
    flag(store, rita)
    assert places(store, run_id) == {"failed": 1}
    by_lead(store, run_id, rita)
    pausing.carry_on(store)
    submit(store, sam, claim(store, sam)[0], "a")
    assert standing(store, run_id, 1) == {"settled": 1}


@pytest.mark.parametrize(("most", "asked"), [(0, 0), (2, 2), (None, 4)])
def test_the_policy_says_how_many_of_the_newest_answers_are_asked_anew(
    store: Store, most: int | None, asked: int
) -> None:
    run_id = queue_up(store, rows(4, 0), reviewer_recall=most)
    [rita] = team(store, 1)
    works = claim(store, rita, 4)
    for work in works:
        submit(store, rita, work, "b")
    by_lead(store, run_id, rita)
    pausing.carry_on(store)
    assert places(store, run_id).get("queued", 0) == asked
    assert set(labels(store, run_id)) == {work.example_id for work in works[: 4 - asked]}


def test_a_paused_person_takes_nothing_back_there_and_goes_on_elsewhere(store: Store) -> None:
    other = queue_up(store, rows(1, 0))
    [rita] = team(store, 1)
    submit(store, rita, claim(store, rita)[0], "b", "other-run")
    run_id = queue_up(store, rows(2, 0))
    submit(store, rita, claim(store, rita, 1)[0], "b", "this-run")
    by_lead(store, run_id, rita)
    assert undo(store, rita).run_id == other
    assert [work.run_id for work in claim(store, rita)] == [other]
    with pytest.raises(NotAllowed, match=f"run {run_id}"), store.writing() as session:
        review.claim(session, rita, 1, 60, run_id)


def test_who_was_let_go_on_works_again_never_on_the_same_and_is_judged_anew(store: Store) -> None:
    run_id = queue_up(store, rows(40, 40), **BAR)
    rita, _sam = team(store, 2)
    before = confirm_all(store, rita, 20)
    assert is_closed(store, rita)
    pausing.carry_on(store)
    by_lead(store, run_id, rita, "resume")
    assert not is_closed(store, rita)
    after = claim(store, rita, 100)
    assert not {work.example_id for work in after} & {work.example_id for work in before}
    for work in after[:4]:
        submit(store, rita, work, "a", f"again-{work.slot_id}")
    assert not is_closed(store, rita)
    for work in after[4:]:
        submit(store, rita, work, str(work.draft and work.draft["topic"]), f"again-{work.slot_id}")
    assert is_closed(store, rita)


def test_pausing_twice_or_resuming_who_works_is_a_conflict(store: Store) -> None:
    run_id = queue_up(store, rows(1, 0))
    [rita] = team(store, 1)
    with pytest.raises(Conflict, match="is not paused"):
        by_lead(store, run_id, rita, "resume")
    by_lead(store, run_id, rita)
    with pytest.raises(Conflict, match="paused in run"):
        by_lead(store, run_id, rita)


def test_an_answer_that_was_asked_anew_cannot_be_taken_back_after_the_pause(store: Store) -> None:
    run_id = queue_up(store, rows(1, 0))
    [rita] = team(store, 1)
    submit(store, rita, claim(store, rita)[0], "b")
    by_lead(store, run_id, rita)
    with pytest.raises(NotFound):
        undo(store, rita)
    pausing.carry_on(store)
    by_lead(store, run_id, rita, "resume")
    with pytest.raises(Conflict, match="counts no longer"):
        undo(store, rita)
    assert standing(store, run_id, 1) == {"queued": 1}


def test_a_pause_that_ended_before_it_was_carried_out_takes_nothing_back(store: Store) -> None:
    run_id = queue_up(store, rows(1, 0))
    [rita] = team(store, 1)
    submit(store, rita, claim(store, rita)[0], "b")
    by_lead(store, run_id, rita)
    by_lead(store, run_id, rita, "resume")
    assert (pausing.carry_on(store), pausing.carry_on(store)) == (1, 0)
    assert places(store, run_id) == {"settled": 1}


def test_history_keeps_every_answer_of_who_was_paused(store: Store) -> None:
    run_id = queue_up(store, rows(5, 0))
    [rita] = team(store, 1)
    works: list[Any] = claim(store, rita, 5)
    for work in works:
        submit(store, rita, work, "b")
    by_lead(store, run_id, rita)
    pausing.carry_on(store)
    with store.reading() as session:
        assert len(session.exec(select(Review).where(Review.user_id == rita)).all()) == 5
        withdrawn = session.exec(select(Slot).where(col(Slot.state) == "withdrawn")).all()
        assert {slot.claimed_by for slot in withdrawn} == {rita}
        assert {row.note for row in session.exec(select(Placement))} == {pausing.NOTE}


def test_a_lead_without_answers_can_be_paused_too(store: Store) -> None:
    run_id = queue_up(store, rows(1, 0))
    user = make_user(store, "newcomer").id or 0
    by_lead(store, run_id, user)
    with pytest.raises(NotAllowed):
        claim(store, user)
