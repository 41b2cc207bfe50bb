"""The review queue: no slot is held by two, nothing is answered twice, everything can be taken back."""

import threading
from datetime import timedelta

import pytest

from prelabel import review, runs
from prelabel.errors import Conflict, InputError, LabelError, LeaseLost, NotFound
from prelabel.models import Label, Review, Slot, now
from prelabel.reports import report
from prelabel.review import Answer, Work
from prelabel.store import Store
from tests.factories import (
    FakeDrafter,
    all_of,
    labels,
    make_run,
    make_user,
    places,
    queued_run,
    reasons,
    work_off,
)


def claim(store: Store, user: int, limit: int = 5) -> list[Work]:
    with store.writing() as session:
        return review.claim(session, user, limit, 60)


def submit(store: Store, user: int, work: Work, topic: str = "b", token: str = "") -> Review:
    with store.writing() as session:
        return review.submit(
            session, user, work.slot_id, {"topic": topic}, Answer(token or f"token-{work.slot_id}-{topic}")
        )


def undo(store: Store, user: int, token: str = "undo-0001", limit: int = 20) -> Work:
    with store.writing() as session:
        return review.undo(session, user, 60, token, limit)


def run_out(store: Store) -> None:
    """All leases are over."""
    with store.writing() as session:
        for slot in all_of(session, Slot):
            slot.lease_until = slot.lease_until and now() - timedelta(seconds=1)


@pytest.fixture
def run_id(store: Store) -> int:
    return queued_run(store, 6)


@pytest.fixture
def rita(store: Store, run_id: int) -> int:
    return make_user(store, "rita").id or 0


@pytest.fixture
def sam(store: Store, run_id: int) -> int:
    return make_user(store, "sam").id or 0


def test_a_reviewer_sees_the_example_and_its_draft(store: Store, rita: int) -> None:
    work = claim(store, rita, 1)[0]
    assert (work.draft, work.confidences) == ({"topic": "a"}, {"topic": 0.4})
    assert work.content["text"].startswith("text ")


def test_nothing_that_a_reviewer_sees_speaks_of_gold(store: Store) -> None:
    run = make_run(store, [{"id": "g", "text": "x", "gold": "b"}])
    work_off(store, run, FakeDrafter(lambda _content: ("a", 0.99)))
    [work] = claim(store, make_user(store).id or 0)
    assert reasons(store, run) == {"g": "gold_failed"}
    assert "gold" not in repr(work)


def test_no_slot_is_handed_to_two(store: Store, rita: int, sam: int) -> None:
    first, second = claim(store, rita, 4), claim(store, sam, 4)
    assert (len(first), len(second)) == (4, 2)
    assert not {work.slot_id for work in first} & {work.slot_id for work in second}


def test_claiming_again_gives_the_same_slots_first(store: Store, rita: int) -> None:
    before = [work.slot_id for work in claim(store, rita, 2)]
    assert [work.slot_id for work in claim(store, rita, 3)][:2] == before


def test_the_least_sure_come_first(store: Store) -> None:
    run = make_run(store, [{"id": str(number), "text": str(number)} for number in range(5)])
    work_off(store, run, FakeDrafter(lambda content: ("a", int(content["text"]) / 10)))
    assert [work.example_id for work in claim(store, make_user(store).id or 0)] == list("01234")


def test_an_answer_that_equals_the_draft_confirms_it(store: Store, run_id: int, rita: int) -> None:
    first, second = claim(store, rita, 2)
    assert submit(store, rita, first, "a").verdict == "confirmed"
    assert submit(store, rita, second, "b").verdict == "corrected"
    assert sorted(labels(store, run_id).values()) == [("a", "review"), ("b", "review")]


def test_the_same_answer_sent_twice_counts_once(store: Store, rita: int) -> None:
    work = claim(store, rita)[0]
    assert (
        submit(store, rita, work, token="same-token").id == submit(store, rita, work, token="same-token").id
    )
    with store.reading() as session:
        assert len(all_of(session, Review)) == len(all_of(session, Label)) == 1


def test_a_token_that_says_something_else_now_is_refused(store: Store, rita: int) -> None:
    first, second = claim(store, rita, 2)
    submit(store, rita, first, "b", "same-token")
    for work, topic in ((first, "c"), (second, "b")):
        with pytest.raises(Conflict, match="another answer"):
            submit(store, rita, work, topic, "same-token")


def test_a_label_that_does_not_fit_is_refused_and_the_slot_stays(store: Store, rita: int) -> None:
    work = claim(store, rita)[0]
    with pytest.raises(LabelError, match="topic"):
        submit(store, rita, work, "nonsense")
    submit(store, rita, work, "b")


def test_a_late_answer_counts_while_nobody_else_has_the_slot(store: Store, rita: int) -> None:
    work = claim(store, rita)[0]
    run_out(store)
    assert submit(store, rita, work).verdict == "corrected"


def test_a_late_answer_to_a_slot_that_someone_else_holds_is_refused(
    store: Store, rita: int, sam: int
) -> None:
    work = claim(store, rita, 6)[0]
    run_out(store)
    assert len(claim(store, sam, 6)) == 6
    with pytest.raises(LeaseLost, match="went back to the queue"):
        submit(store, rita, work)


def test_renewing_keeps_slots_and_releasing_gives_them_back(store: Store, rita: int, sam: int) -> None:
    ids = [work.slot_id for work in claim(store, rita, 6)]
    run_out(store)
    with store.writing() as session:
        assert review.renew(session, rita, ids, 60) == sorted(ids)
    assert claim(store, sam) == []
    with store.writing() as session:
        review.release(session, rita, ids[:2])
    assert {work.slot_id for work in claim(store, sam)} == set(ids[:2])


def test_a_skipped_example_goes_to_someone_else_and_never_comes_back(
    store: Store, rita: int, sam: int
) -> None:
    work = claim(store, rita, 1)[0]
    with store.writing() as session:
        assert review.skip(session, rita, work.slot_id, Answer("skip-0001")).verdict == "skipped"
    assert work.example_id not in {other.example_id for other in claim(store, rita, 6)}
    assert work.example_id in {other.example_id for other in claim(store, sam, 6)}


def test_an_example_that_three_people_skip_is_set_aside(store: Store, run_id: int) -> None:
    skipped = ""
    users = [make_user(store, f"user-{number}").id or 0 for number in range(review.SKIPS_TO_FAIL + 1)]
    for user in users[: review.SKIPS_TO_FAIL]:
        work = next(work for work in claim(store, user, 6) if work.example_id == (skipped or work.example_id))
        skipped = work.example_id
        with store.writing() as session:
            review.skip(session, user, work.slot_id, Answer("skip-0001"))
        run_out(store)
    assert reasons(store, run_id)[skipped] == "skipped by 3 reviewers"
    assert places(store, run_id) == {"queued": 5, "failed": 1}


def test_a_flagged_example_is_set_aside_with_what_was_said(store: Store, run_id: int, rita: int) -> None:
    work = claim(store, rita)[0]
    with store.writing() as session, pytest.raises(InputError, match="comment"):
        review.flag(session, rita, work.slot_id, Answer("flag-0001"))
    with store.writing() as session:
        review.flag(session, rita, work.slot_id, Answer("flag-0001", comment="is empty"))
    assert reasons(store, run_id)[work.example_id] == "flagged: is empty"


def test_undo_takes_back_answer_after_answer_and_keeps_the_history(
    store: Store, run_id: int, rita: int
) -> None:
    first, second = claim(store, rita, 2)
    submit(store, rita, first)
    submit(store, rita, second)
    assert undo(store, rita, "undo-0001").slot_id == second.slot_id
    assert undo(store, rita, "undo-0002").slot_id == first.slot_id
    assert labels(store, run_id) == {}
    with store.reading() as session:
        assert [row.verdict for row in all_of(session, Review)] == ["corrected"] * 2 + ["undone"] * 2
        assert len(all_of(session, Label)) == 2


def test_an_answer_that_was_taken_back_can_be_given_again(store: Store, run_id: int, rita: int) -> None:
    work = claim(store, rita, 1)[0]
    submit(store, rita, work, "b")
    submit(store, rita, undo(store, rita), "c", "token-again")
    assert labels(store, run_id) == {work.example_id: ("c", "review")}


def test_undo_sent_twice_takes_back_one_answer(store: Store, rita: int) -> None:
    for work in claim(store, rita, 2):
        submit(store, rita, work)
    assert undo(store, rita, "undo-0001").slot_id == undo(store, rita, "undo-0001").slot_id
    with store.reading() as session:
        assert [row.verdict for row in all_of(session, Review)].count("undone") == 1


def test_a_skip_can_be_taken_back_until_someone_else_has_the_example(
    store: Store, rita: int, sam: int
) -> None:
    work = claim(store, rita, 1)[0]
    with store.writing() as session:
        review.skip(session, rita, work.slot_id, Answer("skip-0001"))
    assert undo(store, rita).slot_id == work.slot_id
    with store.writing() as session:
        review.skip(session, rita, work.slot_id, Answer("skip-0002"))
    claim(store, sam, 6)
    with pytest.raises(Conflict, match="someone else"):
        undo(store, rita, "undo-0002")


def test_a_flag_can_be_taken_back(store: Store, run_id: int, rita: int) -> None:
    work = claim(store, rita, 1)[0]
    with store.writing() as session:
        review.flag(session, rita, work.slot_id, Answer("flag-0001", comment="?"))
    undo(store, rita)
    assert places(store, run_id) == {"queued": 6}
    submit(store, rita, work)


def test_there_is_nothing_to_take_back_at_first(store: Store, rita: int) -> None:
    with pytest.raises(NotFound, match="no answer of yours"):
        undo(store, rita)


def test_a_slot_that_there_is_not_is_not_found(store: Store, rita: int) -> None:
    with store.writing() as session, pytest.raises(NotFound):
        review.submit(session, rita, 999_999, {"topic": "a"}, Answer("token-none"))


def test_answers_that_were_taken_back_are_in_no_figure_but_their_time_is(
    store: Store, run_id: int, rita: int
) -> None:
    first, second = claim(store, rita, 2)
    submit(store, rita, first, "b")
    submit(store, rita, second, "a")
    undo(store, rita)
    with store.reading() as session:
        run = runs.get(session, run_id)
        outlook, quality = report.outlook(session, run), report.quality(session, run)
    assert (outlook.reviewed, outlook.corrected.right) == (1, 1)
    assert (quality.judged, quality.accuracy.right) == (1, 0)


def test_reviewers_who_race_never_get_the_same_slot(store: Store) -> None:
    run_id = queued_run(store, 60)
    users = [make_user(store, f"user-{number}").id or 0 for number in range(6)]
    answered: list[int] = []

    def work(user: int) -> None:
        while page := claim(store, user, 4):
            for one in page:
                submit(store, user, one)
                answered.append(one.slot_id)

    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answered) == len(set(answered)) == 60
    assert places(store, run_id) == {"settled": 60}
