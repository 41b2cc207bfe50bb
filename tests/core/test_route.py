"""Where a draft goes, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel import review, runs
from prelabel.drafting import lessons
from prelabel.errors import StoppingError
from prelabel.measure.gate import judge_gold
from prelabel.models import Draft, User
from prelabel.reports import report
from prelabel.routing import place
from prelabel.routing.policy import Decision, Drafted, Policy, decide
from prelabel.store import Store
from tests.factories import (
    SCHEMA,
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

OPEN = judge_gold([], None)


def where(drafted: Drafted, **policy: object) -> Decision:
    return decide(drafted, SCHEMA, Policy.model_validate(policy), OPEN, lambda confidence: confidence)


@pytest.mark.parametrize(
    ("drafted", "decision"),
    [
        (Drafted({"topic": "a"}, 0.9), Decision(0.9, source="auto")),
        (Drafted({"topic": "a"}, 0.89), Decision(0.89, reason="low_confidence")),
        (Drafted({"topic": "a"}, None), Decision(None, reason="low_confidence")),
        (Drafted(None, None), Decision(None, reason="draft_failed")),
        (Drafted({"topic": "a"}, 0.1, gold={"topic": "a"}), Decision(0.1, source="gold")),
        (Drafted({"topic": "a"}, 0.4, gold={"topic": "b"}), Decision(0.4, reason="gold_failed")),
        (Drafted({"topic": "a"}, 1.0, gold={"topic": "b"}), Decision(1.0, reason="gold_failed", blind=True)),
    ],
)
def test_confidence_gold_and_failure_decide(drafted: Drafted, decision: Decision) -> None:
    assert where(drafted, threshold=0.9) == decision


def test_gold_that_only_measures_does_not_decide() -> None:
    assert where(Drafted({"topic": "a"}, 0.95, gold={"topic": "b"}), gold="measure").source == "auto"


def test_a_step_with_a_bar_of_its_own_is_measured_by_it() -> None:
    assert where(Drafted({"topic": "a"}, 0.7, take_from=0.6), threshold=0.9).source == "auto"
    assert where(Drafted({"topic": "a"}, 0.95, take_from=0.99), threshold=0.9).reason == "low_confidence"


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_threshold_never_accepts_more(confidence: float, lax: float, strict: float) -> None:
    lax, strict = sorted((lax, strict))
    drafted = Drafted({"topic": "a"}, confidence)
    assert where(drafted, threshold=lax).source or not where(drafted, threshold=strict).source


def gold_rows(right: int, wrong: int, others: int) -> list[dict[str, str]]:
    """Gold that a drafter of "a" gets right and wrong, and examples without gold."""
    rows = [{"id": f"r{number}", "text": "x", "gold": "a"} for number in range(right)]
    rows += [{"id": f"w{number}", "text": "x", "gold": "b"} for number in range(wrong)]
    return rows + [{"id": f"o{number}", "text": "x"} for number in range(others)]


def test_a_run_under_its_gold_target_accepts_nothing(store: Store) -> None:
    run_id = make_run(store, gold_rows(8, 4, 5), gold_target=0.8)
    work_off(store, run_id, FakeDrafter(lambda _content: ("a", 0.99)))
    assert {source for _, source in labels(store, run_id).values()} == {"gold"}
    assert reasons(store, run_id)["o0"] == "gold_failed"


def test_a_run_surely_over_its_gold_target_accepts(store: Store) -> None:
    run_id = make_run(store, gold_rows(40, 1, 5), gold_target=0.8)
    work_off(store, run_id, FakeDrafter(lambda _content: ("a", 0.99)))
    assert labels(store, run_id)["o0"] == ("a", "auto")
    assert reasons(store, run_id) == {"w0": "gold_failed"}


def test_examples_wait_for_all_gold_to_be_drafted(store: Store) -> None:
    run_id = make_run(store, gold_rows(12, 0, 30))
    left = iter(range(10))
    stop = StoppingError("enough")
    work_off(store, run_id, FakeDrafter(lambda _content: stop if next(left, None) is None else ("a", 0.99)))
    assert places(store, run_id) == {"waiting": 32, "drafted": 10}


def test_calibrated_confidence_learns_from_gold_how_far_to_believe_the_model(store: Store) -> None:
    rows = [
        {"id": f"g{number}", "text": "x", "gold": "a" if number % 10 < 6 else "b"} for number in range(250)
    ]
    run_id = make_run(store, [*rows, {"id": "o", "text": "x"}], confidence="calibrated", threshold=0.9)
    work_off(store, run_id, FakeDrafter(lambda content: ("a", 0.95)))
    assert reasons(store, run_id)["o"] == "low_confidence"


def test_what_was_accepted_is_measured_against_gold_that_only_measures(store: Store) -> None:
    run_id = make_run(store, gold_rows(3, 2, 5), gold="measure")
    work_off(store, run_id, FakeDrafter(lambda _content: ("a", 0.99)))
    with store.reading() as session:
        outlook = report.outlook(session, runs.get(session, run_id))
    assert (outlook.accepted.right, outlook.accepted.n) == (10, 10)
    assert (outlook.accepted_wrong.right, outlook.accepted_wrong.n) == (2, 5)
    assert (outlook.gold.right, outlook.gold.n) == (3, 5)


def people_settle(store: Store, run_id: int, user: User, count: int) -> None:
    with store.writing() as session:
        for work in review.claim(session, user.id or 0, count, 60, run_id):
            review.submit(
                session, user.id or 0, work.slot_id, {"topic": "b"}, review.Answer(f"token-{work.slot_id}")
            )


def test_what_a_step_takes_is_accepted_at_its_own_bar(store: Store) -> None:
    run_id = make_run(store, 4)
    with store.writing() as session:
        runs.get(session, run_id).steps = [{"model": "fake", "take_from": 0.3}]
    work_off(store, run_id, FakeDrafter(unsure))
    assert places(store, run_id) == {"settled": 4}


def test_the_student_learns_anew_once_people_have_settled_enough(store: Store) -> None:
    run_id = make_run(store, 120, model="student")
    work_off(store, run_id, FakeDrafter(unsure))
    rita = make_user(store)
    people_settle(store, run_id, rita, runs.LEARN_AT_LEAST - 1)
    with store.writing() as session:
        assert runs.learn_anew(session, runs.get(session, run_id)) == 0
    people_settle(store, run_id, rita, 1)
    with store.writing() as session:
        assert runs.learn_anew(session, runs.get(session, run_id)) == 70
        assert len(lessons.of_run(session, runs.get(session, run_id), SCHEMA)) == runs.LEARN_AT_LEAST
    assert places(store, run_id) == {"settled": 50, "waiting": 70}


def test_examples_that_a_reviewer_holds_are_not_called_back(store: Store) -> None:
    run_id = make_run(store, 10)
    work_off(store, run_id, FakeDrafter(unsure))
    rita = make_user(store)
    with store.writing() as session:
        held = review.claim(session, rita.id or 0, 3, 60, run_id)
    with store.writing() as session:
        assert place.draft_again(session, runs.get(session, run_id)) == 7
    with store.writing() as session:
        review.submit(session, rita.id or 0, held[0].slot_id, {"topic": "a"}, review.Answer("token-one"))
    work_off(store, run_id, FakeDrafter(lambda _content: ("c", 0.99)))
    assert places(store, run_id) == {"queued": 2, "settled": 8}


def test_drafts_are_kept_when_a_newer_one_takes_their_place(store: Store) -> None:
    run_id = make_run(store, 4)
    work_off(store, run_id, FakeDrafter(unsure))
    with store.writing() as session:
        place.draft_again(session, runs.get(session, run_id))
    work_off(store, run_id, FakeDrafter(lambda _content: ("c", 0.99)))
    with store.reading() as session:
        assert [draft.label["topic"] for draft in all_of(session, Draft)] == ["a"] * 4 + ["c"] * 4
