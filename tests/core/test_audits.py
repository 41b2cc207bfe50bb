"""Audits of what is accepted: who is drawn, what their answers say, and what happens once they say that drafts have become worse."""

from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from prelabel import review, runs
from prelabel.errors import Conflict
from prelabel.measure.guarantee.hypergeometric import upper_bound
from prelabel.models import JournalEntry, Placement, Slot
from prelabel.reports import report
from prelabel.routing import accepting
from prelabel.routing.accepting import Watch
from prelabel.routing.audits import NOT_ACCEPTING, is_drawn
from prelabel.routing.policy import Policy
from prelabel.store import Store
from tests.factories import FakeDrafter, get_run, labels, make_run, make_user, places, reasons, sure, work_off


def audited_run(store: Store, examples: int = 200, share: float = 0.25, **policy: Any) -> int:
    """A run with sure drafts of which a share is audited; the seed makes the draw the same in each test."""
    run_id = make_run(store, examples, audit_share=share, **policy)
    with store.writing() as session:
        runs.get(session, run_id).seed = 1
    work_off(store, run_id, FakeDrafter(sure))
    return run_id


def answer(store: Store, run_id: int, topics: str) -> None:
    """The next examples of the queue get these labels, one a letter; "-" is a flag."""
    user = make_user(store, uuid4().hex).id or 0
    with store.writing() as session:
        for number, (work, topic) in enumerate(
            zip(review.claim(session, user, len(topics), 60, run_id), topics, strict=True)
        ):
            said = review.Answer(f"token-{number:04}", comment="odd")
            if topic == "-":
                review.flag(session, user, work.slot_id, said)
            else:
                review.submit(session, user, work.slot_id, {"topic": topic}, said)


def test_a_random_share_of_what_would_be_accepted_goes_to_people_unseen(store: Store) -> None:
    run_id = audited_run(store)
    assert set(reasons(store, run_id).values()) == {"audit"}
    assert 30 <= places(store, run_id)["queued"] <= 70
    with store.reading() as session:
        assert all(slot.blind for slot in session.exec(select(Slot).where(Slot.run_id == run_id)))


def test_who_is_drawn_depends_on_the_seed_that_nobody_is_told(store: Store) -> None:
    drawn = [{one for one in range(4_000) if is_drawn(seed, one, 0.2)} for seed in (1, 2)]
    assert all(700 <= len(found) <= 900 for found in drawn)
    assert 100 <= len(drawn[0] & drawn[1]) <= 220
    assert {one for one in range(4_000) if is_drawn(1, one, 0.1)} < drawn[0]
    assert get_run(store, make_run(store, 1)).seed != get_run(store, make_run(store, 1)).seed


def test_without_a_share_nobody_is_asked_about_what_is_accepted(store: Store) -> None:
    run_id = audited_run(store, 40, share=0)
    assert places(store, run_id) == {"settled": 40}
    with store.reading() as session:
        assert report.quality(session, runs.get(session, run_id)).accepted is None


def test_what_is_sent_to_people_anyhow_is_no_audit(store: Store) -> None:
    run_id = make_run(store, 40, audit_share=0.5)
    work_off(store, run_id, FakeDrafter(lambda _content: ("a", 0.3)))
    assert set(reasons(store, run_id).values()) == {"low_confidence"}


def test_answers_to_audits_say_how_many_accepted_labels_are_wrong(store: Store) -> None:
    run_id = audited_run(store)
    asked = places(store, run_id)["queued"]
    answer(store, run_id, "a" * 18 + "b" * 2 + "-")
    with store.reading() as session:
        found = report.quality(session, runs.get(session, run_id)).accepted
    assert found is not None
    assert (found.accepted, found.audited, found.set_aside) == (200 - asked, asked, 1)
    assert (found.accuracy.right, found.accuracy.n) == (18, 20)
    assert found.wrong_left == pytest.approx(0.1 * found.accepted)
    assert found.wrong_left_at_most == upper_bound(3, 200, 21, 0.05) - 3
    sources = {source for _, source in labels(store, run_id).values()}
    assert sources == {"auto", "review"}


def test_an_answer_that_is_taken_back_says_nothing(store: Store) -> None:
    run_id = audited_run(store, 60)
    answer(store, run_id, "b")
    with store.writing() as session:
        user = session.exec(select(Slot.claimed_by).where(Slot.state == "answered")).one()
        review.undo(session, user or 0, 60, "token-undo", 10)
    with store.reading() as session:
        found = report.quality(session, runs.get(session, run_id)).accepted
    assert found is not None
    assert (found.accuracy.n, found.wrong_left, found.wrong_left_at_most) == (0, None, found.accepted)


def test_a_target_without_audits_is_refused() -> None:
    with pytest.raises(ValueError, match="accepted_target: only audits"):
        Policy(accepted_target=0.9)


def test_while_accepting_is_paused_drafting_goes_on_and_people_get_all_of_it(store: Store) -> None:
    run_id = make_run(store, 12, audit_share=0.5)
    with store.writing() as session:
        accepting.pause(session, runs.get(session, run_id), "we look into it", None)
    work_off(store, run_id, FakeDrafter(sure))
    assert places(store, run_id) == {"queued": 12}
    assert set(reasons(store, run_id).values()) == {"low_confidence"}
    with store.reading() as session:
        notes = set(session.exec(select(Placement.note).where(Placement.run_id == run_id)))
    assert notes == {NOT_ACCEPTING}


def test_a_lead_resumes_accepting(store: Store) -> None:
    run_id, lead = make_run(store, 12), make_user(store, "lea", "lead")
    with store.writing() as session:
        run = runs.get(session, run_id)
        accepting.pause(session, run, "we look into it", lead)
        with pytest.raises(Conflict, match="not accepting already: we look into it"):
            accepting.pause(session, run, "again", lead)
        accepting.resume(session, run, lead)
        with pytest.raises(Conflict, match="accepting already"):
            accepting.resume(session, run, lead)
    work_off(store, run_id, FakeDrafter(sure))
    assert places(store, run_id) == {"settled": 12}


def acts(session: Session) -> list[tuple[str, int | None]]:
    entries = session.exec(select(JournalEntry).where(JournalEntry.act != "run.start"))
    return [(entry.act, entry.user_id) for entry in entries]


def test_audits_that_find_worse_drafts_pause_accepting_once(store: Store) -> None:
    run_id = audited_run(store, 300, share=0.5, accepted_target=0.9)
    watch = Watch(store)
    answer(store, run_id, "a" * 30)
    watch.look()
    assert get_run(store, run_id).accepting
    answer(store, run_id, "b" * 12)
    watch.look()
    run = get_run(store, run_id)
    assert not run.accepting
    assert "12 of the last 12 audits found a wrong draft" in run.accepting_note
    answer(store, run_id, "b" * 3)
    watch.look()
    Watch(store).look()
    with store.reading() as session:
        assert acts(session) == [("accepting.pause", None)]


def test_a_resumed_run_is_tested_by_what_comes_after(store: Store) -> None:
    run_id, lead = audited_run(store, 300, share=0.5, accepted_target=0.9), make_user(store, "lea", "lead")
    watch = Watch(store)
    answer(store, run_id, "b" * 15)
    watch.look()
    with store.writing() as session:
        accepting.resume(session, runs.get(session, run_id), lead)
        assert accepting.drift(session, runs.get(session, run_id)).audits == 0
    answer(store, run_id, "b" * 15)
    watch.look()
    assert get_run(store, run_id).accepting


def test_an_alarm_that_comes_while_a_lead_has_paused_it_is_not_raised(store: Store) -> None:
    run_id = audited_run(store, 200, share=0.5, accepted_target=0.9)
    with store.writing() as session:
        accepting.pause(session, runs.get(session, run_id), "by hand", None)
    answer(store, run_id, "b" * 15)
    Watch(store).look()
    assert get_run(store, run_id).accepting_note == "by hand"
