"""Figures of each person: planted faults found, drafts confirmed, pace, and what seniors made of their answers."""

from datetime import UTC, datetime, timedelta

import pytest

from prelabel import runs
from prelabel.measure.people import median, per_hour
from prelabel.reports import reviewers
from prelabel.reports.reviewers import Figures
from prelabel.store import Store
from tests.core.test_checks import of, rows, work_on
from tests.core.test_pausing import by_lead
from tests.core.test_redundancy import team, to_settle
from tests.core.test_review import submit
from tests.factories import queue_up


def figures(store: Store, run_id: int) -> dict[str, Figures]:
    with store.reading() as session:
        return {one.name: one for one in reviewers.figures(session, runs.get(session, run_id), 0, 100)}


def test_who_confirms_all_is_told_from_who_looks(store: Store) -> None:
    run_id = queue_up(store, rows(10, 10), gold_share=0.5, seeded_share=1, reviewers={"check": 2})
    rita, sam = team(store, 2)
    for user in (rita, sam):
        for name, work in work_on(store, user).items():
            shown = str(work.draft and work.draft["topic"])
            submit(store, user, work, shown if user == rita else "a", f"{user}-{name}")
    found = figures(store, run_id)
    blind, careful = found["reviewer-0"], found["reviewer-1"]
    assert (of(blind.planted), of(blind.gold), of(blind.confirmed)) == ((0, 10), (0, 10), (20, 20))
    assert (blind.remark, careful.remark) == ("accepts everything: missed 10 of 10 planted faults", "")
    assert (of(careful.planted), of(careful.gold), of(careful.checks)) == ((10, 10), (10, 10), (0, 0))
    assert (careful.answers, of(careful.confirmed), blind.planted.low) == (10, (0, 10), 0)


def test_a_few_missed_faults_are_said_of_nobody(store: Store) -> None:
    run_id = queue_up(store, rows(2, 2), gold_share=0.5, seeded_share=1)
    [rita] = team(store, 1)
    for name, work in work_on(store, rita).items():
        submit(store, rita, work, str(work.draft and work.draft["topic"]), f"{rita}-{name}")
    assert (of(figures(store, run_id)["reviewer-0"].planted), figures(store, run_id)["reviewer-0"].remark) == (
        (0, 2), "",
    )  # fmt: skip


def test_answers_are_held_against_what_a_senior_settled(store: Store) -> None:
    run_id = queue_up(store, rows(1, 0), reviewers=2)
    rita, sam = team(store, 2)
    [senior] = team(store, 1, "senior")
    for user, topic in ((rita, "b"), (sam, "c")):
        submit(store, user, work_on(store, user)["e0"], topic)
    submit(store, senior, to_settle(store, senior)[0], "c", "settled-1")
    found = figures(store, run_id)
    assert {name: of(one.agreed) for name, one in found.items()} == {
        "reviewer-0": (0, 1),
        "reviewer-1": (1, 1),
    }


def test_who_was_paused_is_shown_with_all_pauses_though_they_have_answered_nothing(store: Store) -> None:
    run_id = queue_up(store, rows(1, 0))
    [rita] = team(store, 1)
    by_lead(store, run_id, rita)
    one = figures(store, run_id)["reviewer-0"]
    assert (one.is_paused, one.answers, one.seconds, one.per_hour) == (True, 0, None, None)
    by_lead(store, run_id, rita, "resume")
    one = figures(store, run_id)["reviewer-0"]
    assert (one.is_paused, [(row.paused, row.by, row.why) for row in one.pauses]) == (
        False, [(True, "lea", "a talk"), (False, "lea", "a talk")],
    )  # fmt: skip


def test_the_median_lies_in_its_interval_which_narrows_with_more() -> None:
    few, many = median([1, 2, 3, 4, 90]), median([float(one) for one in range(1, 1_001)])
    assert few is not None and many is not None  # noqa: PT018 # for the type checker
    assert (few.value, few.low, few.high, median([])) == (3, 1, 90, None)
    assert many.value == pytest.approx(500.5)
    assert 450 < many.low < 500.5 < many.high < 550


def test_pauses_are_no_work() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    morning = [begin + timedelta(seconds=10 * one) for one in range(10)]
    after_lunch = [one + timedelta(hours=2) for one in morning]
    found = per_hour([*morning, *after_lunch])
    assert found is not None
    assert (found.value, found.n) == (360, 18)
    assert per_hour([begin]) is None
