"""Checks: gold that people are asked about as well, unseen; it measures them and changes nothing else."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import select

from prelabel import review, runs
from prelabel.dataset import bring_in
from prelabel.errors import Conflict, RefusedError
from prelabel.formats.base import Row
from prelabel.models import Label, Placement, Slot
from prelabel.reports import report, reviewers
from prelabel.reports.reviewers import Figures
from prelabel.review import Answer, Work
from prelabel.routing import checks as gold_checks
from prelabel.routing import place
from prelabel.routing.policy import Decision, Drafted, Policy
from prelabel.routing.slots import ToRoute
from prelabel.store import Store
from tests import factories
from tests.core.test_redundancy import flag, skip, team
from tests.core.test_review import claim, submit, undo
from tests.factories import SCHEMA, FakeDrafter, all_of, labels, make_run, places, reasons, work_off


def queue_up(store: Store, examples: Any, **policy: Any) -> int:
    """Without planted faults, which have tests of their own."""
    return factories.queue_up(store, examples, **{"seeded_share": 0} | policy)


def rows(plain: int, gold: int, says: str = "a") -> list[dict[str, str]]:
    """Examples without gold, and with gold that the drafts of `queue_up`, all "a", meet or miss."""
    return [
        *({"id": f"e{number}", "text": f"text {number}"} for number in range(plain)),
        *({"id": f"g{number}", "text": f"gold {number}", "gold": says} for number in range(gold)),
    ]


def checks(store: Store) -> list[Slot]:
    with store.reading() as session:
        return [slot for slot in all_of(session, Slot) if slot.reason == "check"]


def work_on(store: Store, user: int) -> dict[str, Work]:
    """All that a person is given, by external id."""
    return {work.example_id: work for work in claim(store, user, 100)}


def on_gold(store: Store, run_id: int, after: int = 0, limit: int = 100) -> list[Figures]:
    with store.reading() as session:
        return reviewers.figures(session, runs.get(session, run_id), after, limit)


def of(share: Any) -> tuple[int, int]:
    return share.right, share.n


def test_without_a_share_gold_that_was_met_is_asked_of_nobody(store: Store) -> None:
    queue_up(store, rows(4, 4))
    assert checks(store) == []


@pytest.mark.parametrize(("share", "expected"), [(0.1, 5), (0.25, 15), (0.5, 30)])
def test_checks_are_the_share_of_the_queue_that_the_policy_says(
    store: Store, share: float, expected: int
) -> None:
    run_id = queue_up(store, rows(45, 30), gold_share=share)
    assert len(checks(store)) == expected
    assert places(store, run_id) == {"settled": 30, "queued": 45}


def test_checks_of_many_small_batches_are_about_the_share_too(store: Store) -> None:
    run_id = make_run(store, rows(0, 30), gold_share=0.2)
    work_off(store, run_id, FakeDrafter(lambda _content: ("a", 0.4)))
    with store.writing() as session:
        dataset = runs.get(session, run_id).dataset_id
    for number in range(60):
        row = Row(1, {"id": f"late{number}", "text": f"late {number}"})
        bring_in(store, dataset, SCHEMA, [row], "test")
        with store.writing() as session:
            place.fill(session, runs.get(session, run_id))
        work_off(store, run_id, FakeDrafter(lambda _content: ("a", 0.4)))
    assert 8 <= len(checks(store)) <= 15


def test_examples_that_are_called_back_and_routed_again_bring_no_further_checks(store: Store) -> None:
    run_id = queue_up(store, rows(8, 8), gold_share=0.2)
    with store.writing() as session:
        assert place.draft_again(session, runs.get(session, run_id)) == 8
    work_off(store, run_id, FakeDrafter(lambda _content: ("a", 0.4)))
    assert (places(store, run_id), len(checks(store))) == ({"queued": 8, "settled": 8}, 2)


def test_a_check_is_asked_of_as_many_people_as_the_policy_says(store: Store) -> None:
    queue_up(store, rows(2, 1), gold_share=0.4, reviewers={"check": 3})
    people = team(store, 4)
    assert [("g0" in work_on(store, user)) for user in people] == [True, True, True, False]


def test_an_answer_to_a_check_changes_nothing_of_its_example(store: Store) -> None:
    run_id = queue_up(store, rows(1, 1), gold_share=0.5)
    [rita] = team(store, 1)
    row = submit(store, rita, work_on(store, rita)["g0"], "b")
    assert (row.verdict, row.label) == ("corrected", {"topic": "b"})
    assert labels(store, run_id) == {"g0": ("a", "gold")}
    assert reasons(store, run_id).keys() == {"e0"}
    with store.reading() as session:
        assert len(all_of(session, Label)) == 1
        outlook = report.outlook(session, runs.get(session, run_id))
        quality = report.quality(session, runs.get(session, run_id))
    assert (outlook.reviewed, of(outlook.corrected), quality.judged) == (0, (0, 0), 0)
    assert of(outlook.gold) == (1, 1)


@pytest.mark.parametrize("act", [skip, flag])
def test_a_check_that_is_skipped_or_flagged_stays_as_it_is(store: Store, act: Any) -> None:
    run_id = queue_up(store, rows(1, 1), gold_share=0.5)
    rita, sam = team(store, 2)
    submit(store, rita, work_on(store, rita)["e0"], "a")
    act(store, rita)
    assert labels(store, run_id)["g0"] == ("a", "gold")
    assert places(store, run_id) == {"settled": 2}
    assert undo(store, rita).example_id == "g0"
    assert places(store, run_id) == {"settled": 2}
    assert claim(store, sam) == []


def test_a_check_that_one_skips_comes_to_someone_else_and_to_nobody_once_all_have(store: Store) -> None:
    run_id = queue_up(store, rows(1, 1), gold_share=0.5)
    rita, sam = team(store, 2)
    submit(store, rita, work_on(store, rita)["e0"], "a")
    skip(store, rita)
    assert claim(store, rita) == []
    skip(store, sam)
    assert places(store, run_id) == {"settled": 2}
    assert {slot.state for slot in checks(store)} == {"answered"}


def test_an_answer_to_a_check_is_taken_back_like_any_other(store: Store) -> None:
    run_id = queue_up(store, rows(1, 1), gold_share=0.5)
    [rita] = team(store, 1)
    submit(store, rita, work_on(store, rita)["g0"], "b")
    again = undo(store, rita)
    assert (again.example_id, again.scratch and again.scratch.label) == ("g0", {"topic": "b"})
    assert on_gold(store, run_id) == []
    submit(store, rita, again, "a", "token-again")
    assert [of(one.checks) for one in on_gold(store, run_id)] == [(1, 1)]


def test_checks_lie_anywhere_in_the_queue_and_their_slots_are_numbered_among_the_others(store: Store) -> None:
    queue_up(store, rows(150, 50), gold_share=0.25)
    [rita] = team(store, 1)
    order = []
    for _ in range(2):
        page = claim(store, rita, 100)
        for work in page:
            submit(store, rita, work, "a")
        order += page
    for names in (order, sorted(order, key=lambda work: work.slot_id)):
        found = [number for number, work in enumerate(names) if work.example_id.startswith("g")]
        assert len(found) == 50
        assert 80 < sum(found) / 50 < 120
    assert {(str(work.draft), str(work.confidences), work.note, work.for_senior) for work in order} == {
        ("{'topic': 'a'}", "{'topic': 0.4}", "", False)
    }


def test_a_check_whose_draft_would_have_been_accepted_looks_as_unsure_as_the_others(store: Store) -> None:
    run_id = make_run(store, rows(1, 1), gold_share=0.5, seeded_share=0)
    work_off(store, run_id, FakeDrafter(lambda content: ("a", 0.99 if "gold" in content["text"] else 0.4)))
    [rita] = team(store, 1)
    found = work_on(store, rita)
    assert (found["g0"].draft, found["g0"].confidences) == ({"topic": "a"}, {"topic": 0.4})
    assert (found["e0"].draft, found["e0"].confidences) == ({"topic": "a"}, {"topic": 0.4})
    assert submit(store, rita, found["g0"], "a").verdict == "confirmed"


def test_a_check_shows_nothing_where_no_draft_that_people_see_is_there_to_look_like(store: Store) -> None:
    run_id = make_run(store, rows(1, 1), gold_share=0.5)
    say = lambda content: ("a", 0.99) if "gold" in content["text"] else RefusedError("no")
    work_off(store, run_id, FakeDrafter(say))
    [rita] = team(store, 1)
    assert {name: work.draft for name, work in work_on(store, rita).items()} == {"e0": None, "g0": None}


def test_a_check_is_no_answer_where_its_example_is_asked_about_later(store: Store) -> None:
    run_id = queue_up(store, rows(1, 1), gold_share=0.5, reviewers=2)
    rita, sam, tom, eva = team(store, 4)
    submit(store, rita, work_on(store, rita)["g0"], "b")
    with store.writing() as session:
        placement = session.exec(select(Placement).where(Placement.run_id == run_id, Placement.is_gold)).one()
        policy = Policy.model_validate(runs.get(session, run_id).policy)
        place.call_back(session, [(placement, "the schema has changed")], policy)
    assert {slot.state for slot in checks(store)} == {"withdrawn"}
    submit(store, sam, work_on(store, sam)["g0"], "c")
    assert "g0" not in labels(store, run_id)
    submit(store, tom, work_on(store, tom)["g0"], "c")
    assert labels(store, run_id)["g0"] == ("c", "consensus")
    assert "g0" not in work_on(store, eva)


def test_two_workers_that_route_at_once_make_no_example_a_check_twice(postgres_store: Store) -> None:
    store = postgres_store
    run_id = queue_up(store, rows(0, 4), gold_share=0.5)
    asked = [
        (ToRoute(0, 10_000 + number, False, 0, 0, Drafted(None, 0.4)), Decision(0.4, reason="low_confidence"))
        for number in range(2)
    ]
    with store.writing() as one, store.writing() as other:
        run, policy = runs.get(one, run_id), Policy(gold_share=0.5)
        first = gold_checks.pick(one, run, asked, policy)
        second = gold_checks.pick(other, run, asked, policy)
    assert len(first) == 2
    assert not {check.placement_id for check in first} & {check.placement_id for check in second}


def test_checks_need_gold_that_settles() -> None:
    with pytest.raises(ValidationError, match="gold_share: checks are of gold that settles"):
        Policy(gold="measure", gold_share=0.1)


def test_people_are_measured_on_checks_and_where_the_draft_missed(store: Store) -> None:
    golds = [*rows(2, 2), {"id": "m0", "text": "x", "gold": "c"}, {"id": "m1", "text": "y", "gold": "c"}]
    run_id = queue_up(store, golds, gold_share=0.5, reviewers=2)
    rita, sam = team(store, 2)
    for user, topics in ((rita, {"m0": "c"}), (sam, {"m0": "c", "m1": "c", "g0": "b"})):
        for name, work in work_on(store, user).items():
            submit(store, user, work, topics.get(name, "a"), f"token-{user}-{name}")
    first, second = on_gold(store, run_id)
    assert (first.name, of(first.gold), of(first.checks), of(first.missed)) == (
        "reviewer-0", (3, 4), (2, 2), (1, 2),
    )  # fmt: skip
    assert (second.name, of(second.checks), of(second.missed)) == ("reviewer-1", (1, 2), (2, 2))
    assert 0 < first.gold.low < 0.75 < first.gold.high < 1
    assert [one.name for one in on_gold(store, run_id, after=first.id)] == ["reviewer-1"]
    assert on_gold(store, run_id, limit=1) == [first]


def test_skips_are_not_measured_and_flags_are_wrong(store: Store) -> None:
    run_id = queue_up(store, rows(2, 2), gold_share=0.5)
    [rita] = team(store, 1)
    found = work_on(store, rita)
    with store.writing() as session:
        review.skip(session, rita, found["g0"].slot_id, Answer("skip-0001"))
        review.flag(session, rita, found["g1"].slot_id, Answer("flag-0001", comment="is empty"))
    assert [of(one.gold) for one in on_gold(store, run_id)] == [(0, 1)]


def test_what_a_person_answered_to_examples_without_gold_does_not_measure_them(store: Store) -> None:
    run_id = queue_up(store, rows(2, 0))
    [rita] = team(store, 1)
    for work in work_on(store, rita).values():
        submit(store, rita, work, "a")
    assert [(of(one.gold), one.answers) for one in on_gold(store, run_id)] == [((0, 0), 2)]


def test_a_check_cannot_be_answered_twice(store: Store) -> None:
    queue_up(store, rows(1, 1), gold_share=0.5)
    [rita] = team(store, 1)
    work = work_on(store, rita)["g0"]
    submit(store, rita, work, "a")
    with pytest.raises(Conflict, match="answered already"):
        submit(store, rita, work, "b", "token-other")
