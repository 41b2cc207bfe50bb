"""Planted faults: checks that show a wrong draft look like all others, and nothing is ever made of what they show."""

import json
from typing import Any

from sqlmodel import select

from prelabel import review, runs
from prelabel.drafting import lessons
from prelabel.models import Draft, Review, Slot
from prelabel.reports import report
from prelabel.review import Answer, Work
from prelabel.store import Store
from tests.core.test_checks import checks, rows, work_on
from tests.core.test_redundancy import skip, team
from tests.core.test_review import claim, submit, undo
from tests.factories import SCHEMA, FakeDrafter, all_of, labels, make_run, queue_up, work_off


def planted(store: Store, plain: int = 1, gold: int = 1, **policy: Any) -> int:
    return queue_up(store, rows(plain, gold), **{"gold_share": 0.5, "seeded_share": 1} | policy)


def shown(work: Work) -> str:
    assert work.draft is not None
    return str(work.draft["topic"])


def test_a_share_of_the_checks_shows_a_wrong_draft(store: Store) -> None:
    planted(store, 100, 100, seeded_share=0.3)
    wrong = [slot for slot in checks(store) if slot.shown_draft]
    assert len(checks(store)) == 100
    assert 18 <= len(wrong) <= 42
    assert {slot.shown_draft["label"]["topic"] for slot in wrong} == {"b", "c"}  # type: ignore[index]


def test_the_verdict_is_relative_to_what_was_shown_and_the_row_names_no_draft(store: Store) -> None:
    run_id = planted(store, 1, 2, reviewers={"check": 2}, gold_share=0.5)
    rita, sam = team(store, 2)
    name, work = next((name, work) for name, work in work_on(store, rita).items() if name[0] == "g")
    missed = submit(store, rita, work, shown(work))
    found = submit(store, sam, work_on(store, sam)[name], "a", "found-it")
    assert (missed.verdict, found.verdict) == ("confirmed", "corrected")
    assert (missed.draft_id, found.draft_id) == (None, None)
    assert labels(store, run_id)[name] == ("a", "gold")


def test_no_figure_lesson_or_draft_is_made_of_a_planted_fault(store: Store) -> None:
    run_id = planted(store)
    [rita] = team(store, 1)
    for name, work in work_on(store, rita).items():
        submit(store, rita, work, shown(work), f"token-{name}")
    with store.reading() as session:
        run = runs.get(session, run_id)
        run.learned_label_id = 1_000
        assert {draft.label["topic"] for draft in all_of(session, Draft)} == {"a"}
        assert report.quality(session, run).judged == 1
        outlook = report.outlook(session, run)
        assert {lesson.label["topic"] for lesson in lessons.of_run(session, run, SCHEMA)} == {"a"}
    assert (outlook.gold.right, outlook.reviewed, outlook.corrected.right) == (1, 1, 0)


def test_a_skipped_fault_is_shown_to_the_next_person_and_one_taken_back_to_the_same(store: Store) -> None:
    planted(store)
    rita, sam = team(store, 2)
    submit(store, rita, work_on(store, rita)["e0"], "a")
    skip(store, rita)
    [work] = claim(store, sam)
    submit(store, sam, work, shown(work))
    again = undo(store, sam)
    assert (again.example_id, shown(again), again.scratch and again.scratch.label) == (
        "g0", shown(work), {"topic": shown(work)},
    )  # fmt: skip
    assert submit(store, sam, again, "a", "better").verdict == "corrected"


def test_a_fault_in_a_sure_draft_looks_as_unsure_as_the_drafts_that_people_see(store: Store) -> None:
    run_id = make_run(store, rows(20, 20), gold_share=0.5, seeded_share=1)
    sure = FakeDrafter(lambda content: ("a", 0.99 if "gold" in content["text"] else 0.4))
    work_off(store, run_id, sure)
    [rita] = team(store, 1)
    works = claim(store, rita, 100)
    assert len(works) == 40
    looks = {json.dumps([work.confidences, work.alternatives, work.note]) for work in works}
    assert looks == {'[{"topic": 0.4}, {}, ""]'}


def test_probabilities_are_those_of_an_unsure_draft_with_what_is_shown_on_top(store: Store) -> None:
    run_id = make_run(store, rows(1, 1), gold_share=0.5, seeded_share=1)
    odds = {"text 0": {"c": 0.5, "b": 0.3, "a": 0.2}, "gold 0": {"a": 0.98, "c": 0.02}}

    class Odd(FakeDrafter):
        async def draft(self, subject: Any, keep: Any) -> Any:
            outcome = await super().draft(subject, keep)
            outcome.alternatives["topic"] = odds[subject.content["text"]]
            return outcome

    work_off(store, run_id, Odd(lambda content: ("a", 0.99) if "gold" in content["text"] else ("c", 0.5)))
    [rita] = team(store, 1)
    work = work_on(store, rita)["g0"]
    assert (work.draft, work.alternatives) == ({"topic": "c"}, {"topic": {"c": 0.5, "a": 0.3, "b": 0.2}})


def test_the_history_tells_a_senior_that_a_draft_was_planted(store: Store) -> None:
    from prelabel.models import Placement
    from prelabel.routing import place
    from prelabel.routing.policy import Policy

    run_id = planted(store, reviewers={"requested": 2})
    people = team(store, 3)
    [senior] = team(store, 1, "senior")
    work = work_on(store, people[0])["g0"]
    submit(store, people[0], work, shown(work))
    with store.writing() as session:
        run = runs.get(session, run_id)
        gold = session.exec(select(Placement).where(Placement.run_id == run_id, Placement.is_gold)).one()
        place.call_back(session, [(gold, "again")], Policy.model_validate(run.policy))
    for user, topic in zip(people[1:], "bc", strict=True):
        submit(store, user, work_on(store, user)["g0"], topic)
    with store.writing() as session:
        [case] = review.claim(session, senior, 1, 60, for_senior=True)
        history = [(one.what, one.who) for one in review.case_of(session, senior, case.slot_id).history]
    assert history.index(("planted", "check")) < history.index(("confirmed", "reviewer-0"))


def test_an_act_sent_twice_is_done_once_for_a_planted_fault_too(store: Store) -> None:
    planted(store)
    [rita] = team(store, 1)
    work = work_on(store, rita)["g0"]
    with store.writing() as session:
        said = [
            review.submit(session, rita, work.slot_id, {"topic": "a"}, Answer("twice-0001")).id
            for _ in range(2)
        ]
        assert len(session.exec(select(Review).where(Review.slot_id == work.slot_id)).all()) == 1
        assert session.get_one(Slot, work.slot_id).state == "answered"
    assert said[0] == said[1]
