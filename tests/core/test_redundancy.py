"""Several people for one example: as many as are asked for, different ones, and a senior where they disagree."""

from typing import Any

import pytest

from prelabel import review, runs
from prelabel.errors import Conflict, NotAllowed, NotFound
from prelabel.models import Label, Placement, Review, Scratch, Slot
from prelabel.review import Answer, Case, Unsent, Work
from prelabel.routing import place
from prelabel.store import Store
from tests.core.test_review import claim, run_out, submit, undo
from tests.factories import (
    FakeDrafter,
    all_of,
    labels,
    make_run,
    make_user,
    places,
    reasons,
    unsure,
    work_off,
)


def queued(store: Store, examples: Any = 1, **policy: Any) -> int:
    run_id = make_run(store, examples, **{"reviewers": 2} | policy)
    work_off(store, run_id, FakeDrafter(unsure))
    return run_id


def team(store: Store, count: int, role: str = "reviewer") -> list[int]:
    return [make_user(store, f"{role}-{number}", role).id or 0 for number in range(count)]


def answer(store: Store, user: int, topic: str, comment: str = "") -> Review:
    """The user claims one example and labels it."""
    [work] = claim(store, user, 1)
    with store.writing() as session:
        said = Answer(f"{topic}-{work.slot_id}-{work.version}", comment=comment)
        return review.submit(session, user, work.slot_id, {"topic": topic}, said)


def skip(store: Store, user: int) -> None:
    [work] = claim(store, user, 1)
    with store.writing() as session:
        review.skip(session, user, work.slot_id, Answer(f"skip-{work.slot_id}-{work.version}", comment="?"))


def flag(store: Store, user: int) -> None:
    [work] = claim(store, user, 1)
    with store.writing() as session:
        review.flag(session, user, work.slot_id, Answer(f"flag-{work.slot_id}", comment="is empty"))


def to_settle(store: Store, user: int) -> list[Work]:
    with store.writing() as session:
        return review.claim(session, user, 10, 60, for_senior=True)


def case_of(store: Store, user: int, slot_id: int) -> Case:
    with store.reading() as session:
        return review.case_of(session, user, slot_id)


def test_an_example_is_settled_once_all_have_answered_and_agree(store: Store) -> None:
    run_id = queued(store)
    rita, sam, tom = team(store, 3)
    answer(store, rita, "b")
    assert labels(store, run_id) == {}
    answer(store, sam, "b")
    assert labels(store, run_id) == {"e0": ("b", "consensus")}
    assert claim(store, tom) == []


def test_a_reviewer_never_gets_an_example_twice(store: Store) -> None:
    queued(store, 3)
    [rita] = team(store, 1)
    page = claim(store, rita, 10)
    assert sorted(work.example_id for work in page) == ["e0", "e1", "e2"]
    submit(store, rita, page[0])
    with store.writing() as session:
        review.skip(session, rita, page[1].slot_id, Answer("skip-0001"))
        review.release(session, rita, [page[2].slot_id])
    assert [work.example_id for work in claim(store, rita, 10)] == [page[2].example_id]


def test_slots_that_have_run_out_do_not_bring_an_example_twice(store: Store) -> None:
    queued(store, 2, reviewers=3)
    rita, sam, tom = team(store, 3)
    for user in (rita, sam):
        assert len(claim(store, user, 10)) == 2
    run_out(store)
    assert sorted(work.example_id for work in claim(store, tom, 10)) == ["e0", "e1"]


def test_an_answer_that_was_taken_back_and_let_go_can_be_given_again_but_counts_once(store: Store) -> None:
    run_id = queued(store)
    rita, sam = team(store, 2)
    answer(store, rita, "b")
    undo(store, rita)
    with store.writing() as session:
        review.release(session, rita)
    answer(store, rita, "c")
    assert claim(store, rita) == []
    answer(store, sam, "c")
    assert labels(store, run_id) == {"e0": ("c", "consensus")}


def test_how_many_answer_depends_on_the_reason(store: Store) -> None:
    run_id = make_run(store, 1, reviewers={"draft_failed": 3, "low_confidence": 1})
    work_off(store, run_id, FakeDrafter(unsure))
    [rita] = team(store, 1)
    assert answer(store, rita, "b").verdict == "corrected"
    assert labels(store, run_id) == {"e0": ("b", "review")}


def test_disagreement_goes_to_a_senior_who_has_not_answered(store: Store) -> None:
    run_id = queued(store)
    [rita] = team(store, 1)
    sue, sol = team(store, 2, "senior")
    answer(store, rita, "b", "says so")
    answer(store, sue, "c")
    assert places(store, run_id) == {"queued": 1}
    assert claim(store, sol) == to_settle(store, sue) == []
    [work] = to_settle(store, sol)
    case = case_of(store, sol, work.slot_id)
    assert case.apart == {"topic": 1.0}
    assert [(one.reviewer, one.label, one.comment) for one in case.answers] == [
        ("reviewer-0", {"topic": "b"}, "says so"),
        ("senior-0", {"topic": "c"}, ""),
    ]
    assert [event.what for event in case.history] == ["draft", "corrected", "corrected"]
    submit(store, sol, work, "b")
    assert labels(store, run_id) == {"e0": ("b", "adjudication")}


def test_only_who_holds_a_case_sees_it(store: Store) -> None:
    queued(store)
    for user, topic in zip(team(store, 2), "bc", strict=True):
        answer(store, user, topic)
    sue, sol = team(store, 2, "senior")
    [work] = to_settle(store, sue)
    with pytest.raises(NotAllowed, match="claim it first"):
        case_of(store, sol, work.slot_id)
    with pytest.raises(NotFound, match="for a senior"):
        case_of(store, sue, work.slot_id - 1)


def test_what_is_furthest_apart_comes_to_the_senior_first(store: Store) -> None:
    queued(store, [{"id": name, "text": name} for name in "xyz"])
    rita, sam = team(store, 2)
    first, second, third = claim(store, rita, 3)
    for work, topic in ((first, "b"), (second, "b"), (third, "b")):
        submit(store, rita, work, topic)
    others = {work.example_id: work for work in claim(store, sam, 3)}
    submit(store, sam, others[first.example_id], "c")
    with store.writing() as session:
        said = Answer("flag-0001", comment="no")
        review.flag(session, sam, others[second.example_id].slot_id, said)
    submit(store, sam, others[third.example_id], "b")
    [sue] = team(store, 1, "senior")
    assert {work.example_id for work in to_settle(store, sue)} == {first.example_id, second.example_id}


def test_a_senior_takes_a_settlement_back_and_the_history_keeps_both(store: Store) -> None:
    run_id = queued(store)
    for user, topic in zip(team(store, 2), "bc", strict=True):
        answer(store, user, topic)
    [sue] = team(store, 1, "senior")
    [work] = to_settle(store, sue)
    submit(store, sue, work, "b")
    again = undo(store, sue)
    assert (again.slot_id, again.for_senior, again.scratch) == (work.slot_id, True, Unsent({"topic": "b"}))
    assert labels(store, run_id) == {}
    submit(store, sue, again, "c", "token-again")
    assert labels(store, run_id) == {"e0": ("c", "adjudication")}
    with store.reading() as session:
        assert [label.value["topic"] for label in all_of(session, Label)] == ["b", "c"]


def test_an_answer_can_be_taken_back_from_the_senior_until_one_has_it(store: Store) -> None:
    run_id = queued(store)
    rita, sam = team(store, 2)
    [sue] = team(store, 1, "senior")
    answer(store, rita, "b")
    answer(store, sam, "c")
    work = undo(store, sam)
    assert to_settle(store, sue) == []
    submit(store, sam, work, "a", "token-again")
    assert len(to_settle(store, sue)) == 1
    with pytest.raises(Conflict, match="senior has taken up"):
        undo(store, sam, "undo-0002")
    assert places(store, run_id) == {"queued": 1}


def test_taking_back_one_of_two_equal_answers_opens_the_example_again(store: Store) -> None:
    run_id = queued(store)
    rita, sam = team(store, 2)
    answer(store, rita, "b")
    answer(store, sam, "b")
    work = undo(store, rita)
    assert labels(store, run_id) == {}
    submit(store, rita, work, "b", "token-again")
    assert labels(store, run_id) == {"e0": ("b", "consensus")}


def test_a_skip_asks_one_more_person_and_can_be_taken_back_until_they_come(store: Store) -> None:
    run_id = queued(store)
    rita, sam, tom = team(store, 3)
    skip(store, rita)
    undo(store, rita)
    with store.reading() as session:
        assert sorted(slot.state for slot in all_of(session, Slot)) == ["open", "open", "withdrawn"]
    skip(store, rita)
    answer(store, sam, "b")
    [work] = claim(store, tom, 1)
    with pytest.raises(Conflict, match="someone else"):
        undo(store, rita, "undo-0002")
    submit(store, tom, work, "b")
    assert labels(store, run_id) == {"e0": ("b", "consensus")}


def test_an_example_that_some_answer_and_many_skip_goes_to_the_senior(store: Store) -> None:
    run_id = queued(store)
    first, *others = team(store, 4)
    answer(store, first, "b")
    for user in others:
        skip(store, user)
    assert places(store, run_id) == {"queued": 1}
    [sue] = team(store, 1, "senior")
    [work] = to_settle(store, sue)
    assert len(case_of(store, sue, work.slot_id).answers) == 1


def test_an_example_that_all_who_could_answer_have_skipped_is_set_aside(store: Store) -> None:
    run_id = queued(store, reviewers=1)
    rita, sam = team(store, 2)
    skip(store, rita)
    assert places(store, run_id) == {"queued": 1}
    skip(store, sam)
    assert reasons(store, run_id) == {"e0": "skipped by 2 reviewers"}
    undo(store, sam)
    assert places(store, run_id) == {"queued": 1}


def test_a_disagreement_that_every_senior_has_skipped_is_set_aside(store: Store) -> None:
    run_id = queued(store)
    for user, topic in zip(team(store, 2), "ab", strict=True):
        answer(store, user, topic)
    seniors = team(store, 2, "senior")
    for senior in seniors:
        [work] = to_settle(store, senior)
        with store.writing() as session:
            review.skip(session, senior, work.slot_id, Answer(f"skip-{senior}-000"))
    assert reasons(store, run_id) == {"e0": "skipped by 2 reviewers"}


def test_flags_are_answers_too(store: Store) -> None:
    run_id = queued(store, 2)
    rita, sam = team(store, 2)
    flag(store, rita)
    answer(store, rita, "b")
    flag(store, sam)
    flag(store, sam)
    assert list(reasons(store, run_id).values()).count("flagged: is empty; is empty") == 1
    assert places(store, run_id) == {"queued": 1, "failed": 1}
    [sue] = team(store, 1, "senior")
    [work] = to_settle(store, sue)
    assert {one.verdict for one in case_of(store, sue, work.slot_id).answers} == {"corrected", "flagged"}


def test_the_draft_may_have_a_vote(store: Store) -> None:
    run_id = queued(store, draft_votes=True)
    rita, sam = team(store, 2)
    answer(store, rita, "b")
    answer(store, sam, "a")
    assert labels(store, run_id) == {"e0": ("a", "consensus")}


@pytest.mark.parametrize("shown", [True, False])
def test_reviewers_see_how_their_answers_were_settled_where_the_policy_shows_it(
    store: Store, shown: bool
) -> None:
    queued(store, feedback=shown)
    rita, sam, tom = team(store, 3)
    [sue] = team(store, 1, "senior")
    answer(store, rita, "b")
    answer(store, sam, "c")
    [work] = to_settle(store, sue)
    with store.writing() as session:
        review.submit(
            session, sue, work.slot_id, {"topic": "c"}, Answer("settled-1", comment="see the guidelines")
        )
    with store.reading() as session:
        found = {user: review.feedback(session, user, 0, 10) for user in (rita, sam, tom, sue)}
        if shown:
            [one] = found[rita]
            assert review.feedback(session, rita, one.id, 10) == []
            assert (one.yours, one.settled, one.distances) == ({"topic": "b"}, {"topic": "c"}, {"topic": 1.0})
            assert one.comment == "see the guidelines"
    assert {user for user, rows in found.items() if rows} == ({rita, sam} if shown else set())


def test_what_is_hidden_lies_anywhere_in_the_queue_and_looks_like_the_rest(store: Store) -> None:
    gold = [{"id": f"g{number}", "text": "9", "gold": "b"} for number in range(40)]
    plain = [{"id": f"e{number}", "text": str(number % 8)} for number in range(160)]
    run_id = make_run(store, [*gold, *plain], threshold=0.85)
    work_off(store, run_id, FakeDrafter(lambda content: ("a", int(content["text"]) / 10)))
    [rita] = team(store, 1)
    order = [work for _ in range(2) for work in _page(store, rita)]
    places_of_gold = [number for number, work in enumerate(order) if work.example_id.startswith("g")]
    assert len(order) == 200
    assert 70 < sum(places_of_gold) / len(places_of_gold) < 130
    assert any(work.example_id.startswith("e") for work in order[-20:])
    assert all(
        work.draft is None and not work.confidences for work in order if work.example_id.startswith("g")
    )
    confidences = [work.confidences["topic"] for work in order if work.confidences]
    assert confidences == sorted(confidences)


def _page(store: Store, user: int) -> list[Work]:
    page = claim(store, user, 100)
    for work in page:
        submit(store, user, work)
    return page


def test_an_answer_without_sight_of_the_draft_does_not_tell_whether_it_met_it(store: Store) -> None:
    run_id = make_run(store, [{"id": "g", "text": "x", "gold": "b"}])
    work_off(store, run_id, FakeDrafter(lambda _content: ("a", 0.99)))
    [rita] = team(store, 1)
    row = answer(store, rita, "a")
    with store.reading() as session:
        assert (row.verdict, review.shown_verdict(row, session.get_one(Slot, row.slot_id))) == (
            "confirmed",
            "corrected",
        )


def test_a_scratch_comes_back_with_the_claim_and_goes_with_the_answer(store: Store) -> None:
    queued(store)
    rita, sam = team(store, 2)
    [work] = claim(store, rita, 1)
    unfinished = Unsent({"topic": "not yet a topic"}, "because")
    with store.writing() as session:
        review.keep(session, rita, work.slot_id, unfinished)
    assert claim(store, sam, 1)[0].scratch is None
    run_out(store)
    assert [one.scratch for one in claim(store, rita, 1)] == [unfinished]
    submit(store, rita, work)
    with store.reading() as session:
        assert all_of_scratch(session) == []
        assert review.kept(session, rita, work.slot_id) is None


def all_of_scratch(session: Any) -> list[Any]:
    from sqlmodel import select

    return list(session.exec(select(Scratch)).all())


def test_an_answer_to_what_the_slot_was_before_is_refused(store: Store) -> None:
    queued(store, reviewers=1)
    [rita] = team(store, 1)
    [old] = claim(store, rita, 1)
    submit(store, rita, old, "b")
    new = undo(store, rita)
    with store.writing() as session, pytest.raises(Conflict, match="has changed since you claimed it"):
        review.submit(session, rita, old.slot_id, {"topic": "c"}, Answer("late-0001", version=old.version))
    with store.writing() as session, pytest.raises(Conflict, match="has changed since"):
        review.keep(session, rita, old.slot_id, Unsent({"topic": "c"}), old.version)
    with store.writing() as session:
        review.submit(session, rita, new.slot_id, {"topic": "c"}, Answer("late-0002", version=new.version))


def test_only_the_newest_answers_can_be_taken_back(store: Store) -> None:
    queued(store, 4, reviewers=1)
    [rita] = team(store, 1)
    for work in claim(store, rita, 4):
        submit(store, rita, work)
    for number in range(2):
        undo(store, rita, f"undo-000{number}", limit=2)
    with pytest.raises(NotFound, match="among your newest 2"):
        undo(store, rita, "undo-0009", limit=2)


def test_an_example_called_back_for_a_better_draft_is_one_that_nobody_has_answered(store: Store) -> None:
    run_id = queued(store, 3)
    [rita] = team(store, 1)
    answer(store, rita, "b")
    with store.writing() as session:
        assert place.draft_again(session, runs.get(session, run_id)) == 2
    work_off(store, run_id, FakeDrafter(unsure))
    with store.reading() as session:
        states = [slot.state for slot in all_of(session, Slot)]
        assert {placement.place for placement in all_of(session, Placement)} == {"queued"}
    assert (states.count("open"), states.count("withdrawn")) == (5, 4)
