"""The rule "guarantee" in a run: what waits, what is asked of whom, what is accepted, and that only draws decide."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from prelabel import review, route, runs
from prelabel.errors import RefusedError
from prelabel.guarantee import drawing, pool
from prelabel.measure.gate import judge_gold
from prelabel.models import AuditCut, AuditDraw, Draft, Drawn, Example, Label, Placement, Review, Run, Slot
from prelabel.review.acts import Answer
from prelabel.routing import drawn, place
from prelabel.routing.policy import Decision, Drafted, Policy, decide
from prelabel.store import Store
from tests.factories import SCHEMA, FakeDrafter, all_of, make_run, make_user, places, work_off

SIZE = 300
PROMISE: dict[str, Any] = {"rule": "guarantee", "epsilon": 0.1, "audits": 80}


@pytest.fixture(autouse=True)
def one_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The draw is the same each time: one in twenty fails its bound, and a test cannot. So is whom people are asked for before it."""
    seeded = np.random.default_rng
    monkeypatch.setattr(drawing, "new_seed", lambda: "5eed" * 8)
    monkeypatch.setattr(np.random, "default_rng", lambda seed=5: seeded(seed))


def number(content: dict[str, Any]) -> int:
    return int(content["text"].split()[1])


def say(content: dict[str, Any]) -> tuple[str, float]:
    """Always "a", the surer the lower its number."""
    return "a", 1 - number(content) / (2 * SIZE)


def right(index: int) -> str:
    """Right is "a" but for every seventh, and for most of the last third."""
    return "b" if index % 7 == 3 or (index > 2 * SIZE // 3 and index % 3) else "a"


def promised(store: Store, size: int = SIZE, **policy: Any) -> int:
    run_id = make_run(store, size, **(PROMISE | policy))
    work_off(store, run_id, FakeDrafter(say))
    return run_id


def answer_all(store: Store, user: int, run_id: int, most: int = 10_000) -> int:
    """Answer what is in the queue with what is right; how many there were."""
    answered = 0
    while answered < most:
        with store.writing() as session:
            works = review.claim(session, user, min(50, most - answered), 60, run_id)
        if not works:
            break
        for work in works:
            with store.writing() as session:
                label = {"topic": right(number(work.content))}
                review.submit(session, user, work.slot_id, label, Answer(f"token-{work.slot_id}"))
        answered += len(works)
    return answered


def rows(store: Store, table: type[Any]) -> Any:
    with store.reading() as session:
        return all_of(session, table)


def reasons(store: Store, run_id: int) -> Counter[str]:
    with store.reading() as session:
        found = session.exec(
            select(Slot.reason).where(Slot.run_id == run_id, Slot.state == "open", ~col(Slot.for_senior))
        )
        return Counter(found)


def wrong_among_accepted(store: Store, run_id: int) -> int:
    with store.reading() as session:
        found = session.execute(
            select(Example.content, Label.value)
            .join(Placement, col(Placement.example_id) == Example.id)
            .join(Label, col(Label.id) == Placement.label_id)
            .where(Placement.run_id == run_id, Label.source == "auto")
        ).all()
    return sum(label["topic"] != right(number(content)) for content, label in found)


def test_nothing_is_accepted_before_all_is_drafted_and_the_audits_are_answered(store: Store) -> None:
    run_id = promised(store)
    assert places(store, run_id) == {"drafted": SIZE - 80, "queued": 80}
    assert reasons(store, run_id) == {"audit": 80}
    rita = make_user(store).id or 0
    assert answer_all(store, rita, run_id, 79) == 79
    route.route_drafted(store, run_id)
    assert places(store, run_id) == {"drafted": SIZE - 80, "queued": 1, "settled": 79}
    answer_all(store, rita, run_id)
    route.route_drafted(store, run_id)
    [cut] = rows(store, AuditCut)
    found = places(store, run_id)
    assert "drafted" not in found
    assert found["settled"] > 80
    assert reasons(store, run_id) == {"low_confidence": found["queued"]}
    assert cut.size > 100
    assert wrong_among_accepted(store, run_id) <= 0.1 * SIZE


def test_two_who_draw_at_once_draw_once(store: Store) -> None:
    run_id = make_run(store, 120, **PROMISE)
    hold(store, run_id)
    both(lambda: route.route_drafted(store, run_id))
    assert len(rows(store, AuditDraw)) == 1
    assert len(rows(store, Drawn)) == 120
    assert reasons(store, run_id) == {"audit": 80}
    answer_all(store, make_user(store).id or 0, run_id)
    both(lambda: route.route_drafted(store, run_id))
    assert len(rows(store, AuditCut)) == 1
    assert len(rows(store, Label)) == places(store, run_id)["settled"]


def test_a_draw_that_was_cut_off_leaves_nothing_and_is_done_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = make_run(store, 120, **PROMISE)
    follow = place.follow

    def cut_off(*arguments: Any) -> None:
        follow(*arguments)
        raise KeyboardInterrupt

    hold(store, run_id)
    monkeypatch.setattr(place, "follow", cut_off)
    with pytest.raises(KeyboardInterrupt):
        route.route_drafted(store, run_id)
    assert (rows(store, AuditDraw), rows(store, Drawn), rows(store, Slot)) == ([], [], [])
    monkeypatch.setattr(place, "follow", follow)
    route.route_drafted(store, run_id)
    assert reasons(store, run_id) == {"audit": 80}


def test_an_audit_shows_no_draft_to_a_reviewer_nor_when_it_is_asked_again(store: Store) -> None:
    run_id, rita = promised(store), make_user(store).id or 0
    with store.writing() as session:
        works = review.claim(session, rita, 80, 60, run_id)
    assert {work.draft is None for work in works} == {True}
    assert {work.note for work in works} == {""}
    answer_all(store, rita, run_id)
    with store.writing() as session:
        run = runs.get(session, run_id)
        audited = session.exec(select(Drawn.example_id).where(Drawn.look > 0)).first()
        placement = session.exec(select(Placement).where(Placement.example_id == audited)).one()
        place.call_back(session, [(placement, "look again")], Policy.model_validate(run.policy))
        [slot] = session.exec(select(Slot).where(Slot.placement_id == placement.id, Slot.state == "open"))
        assert slot.blind


def test_an_audit_that_is_answered_otherwise_cuts_anew_and_what_lies_beyond_goes_to_people(
    store: Store,
) -> None:
    run_id, rita = promised(store), make_user(store).id or 0
    answer_all(store, rita, run_id)
    route.route_drafted(store, run_id)
    before = accepted(store, run_id)
    with store.writing() as session:
        first = session.exec(
            select(Drawn.example_id).where(Drawn.look > 0).order_by(col(Drawn.uncertainty))
        ).all()[:12]
        for example_id in first:  # the surest drafts turn out to be wrong
            found = session.exec(select(Review).where(Review.example_id == example_id)).one()
            review.take_back(session, found, f"undo-{example_id}")
    route.route_drafted(store, run_id)
    assert accepted(store, run_id) == before  # nothing moves while an audit is open
    with store.writing() as session:
        for slot in session.exec(
            select(Slot).where(col(Slot.example_id).in_(first), Slot.state == "open")
        ).all():
            review.submit(session, rita, slot.id or 0, {"topic": "c"}, Answer(f"again-{slot.id}"))
    route.route_drafted(store, run_id)
    assert accepted(store, run_id) < before
    first_cut, second = rows(store, AuditCut)
    assert second.size < first_cut.size
    assert reasons(store, run_id)["low_confidence"] >= len(before) - len(accepted(store, run_id)) > 0
    answer_all(store, rita, run_id)
    assert places(store, run_id) == {"settled": SIZE}


def test_a_cut_that_reaches_further_afterwards_accepts_no_more(store: Store) -> None:
    run_id, rita = promised(store), make_user(store).id or 0
    answer_all(store, rita, run_id)
    route.route_drafted(store, run_id)
    before, settled = accepted(store, run_id), places(store, run_id)["settled"]
    with store.writing() as session:
        corrected = session.exec(select(Review).where(Review.verdict == "corrected")).all()
        for found in corrected:
            slot = review.take_back(session, found, f"undo-{found.id}")
            review.submit(session, rita, slot.id or 0, {"topic": "a"}, Answer(f"again-{slot.id}"))
    route.route_drafted(store, run_id)
    assert [cut.size for cut in rows(store, AuditCut)][1] == SIZE
    assert (accepted(store, run_id), places(store, run_id)["settled"]) == (before, settled)


def test_an_audit_that_nobody_can_label_counts_as_wrong(store: Store) -> None:
    run_id, rita = promised(store), make_user(store).id or 0
    answer_all(store, rita, run_id, 70)
    with store.writing() as session:
        for work in review.claim(session, rita, 10, 60, run_id):
            review.flag(session, rita, work.slot_id, Answer(f"flag-{work.slot_id}", comment="cannot be read"))
    route.route_drafted(store, run_id)
    [cut] = rows(store, AuditCut)
    assert (cut.answered, cut.failed) == (70, 10)


def test_what_fails_goes_to_people_at_once_and_is_not_in_the_pool(store: Store) -> None:
    run_id = make_run(store, 120, **PROMISE)
    work_off(store, run_id, FakeDrafter(lambda said: RefusedError("no") if number(said) < 5 else say(said)))
    assert reasons(store, run_id) == {"draft_failed": 5, "audit": 80}
    [draw] = rows(store, AuditDraw)
    assert (draw.examples, draw.pool) == (120, 115)


def test_gold_settles_its_examples_and_counts_among_all(store: Store) -> None:
    gold = [{"id": f"g{at}", "text": f"text {at}", "gold": "a"} for at in range(40)]
    run_id = make_run(
        store, [*gold, *({"id": f"e{at}", "text": f"text {at}"} for at in range(40, 200))], **PROMISE
    )
    work_off(store, run_id, FakeDrafter(say))
    [draw] = rows(store, AuditDraw)
    assert (draw.examples, draw.pool) == (200, 160)
    assert places(store, run_id) == {"settled": 40, "drafted": 80, "queued": 80}


def test_without_a_number_of_audits_people_first_answer_what_plans_them(store: Store) -> None:
    run_id, rita = promised(store, audits="auto"), make_user(store).id or 0
    first = reasons(store, run_id)
    assert first.keys() == {"low_confidence"}
    assert 60 <= first["low_confidence"] <= 100
    rounds = []
    while not rows(store, AuditDraw):
        rounds.append(answer_all(store, rita, run_id))
        route.route_drafted(store, run_id)
    assert len(rounds) > 1
    assert SIZE // 50 <= min(rounds[1:]) <= max(rounds[1:]) <= SIZE // 8
    [draw] = rows(store, AuditDraw)
    assert draw.planned is not None
    assert "settled drafts" in draw.note
    assert reasons(store, run_id) == {"audit": draw.terms["audits"][0]}


def test_another_run_plans_from_what_the_first_has_shown(store: Store) -> None:
    run_id, rita = promised(store), make_user(store).id or 0
    answer_all(store, rita, run_id)
    route.route_drafted(store, run_id)
    answer_all(store, rita, run_id)
    again = promised(store, audits="auto", uncertainty="learned")
    for _ in range(6):
        answer_all(store, rita, again, 10_000 if "audit" not in reasons(store, again) else 0)
        route.route_drafted(store, again)
    draw = rows(store, AuditDraw)[-1]
    assert (draw.run_id, draw.ranked_by) == (again, "learned")


def test_what_is_drawn_from_is_not_drafted_again(store: Store) -> None:
    run_id = promised(store)
    with store.writing() as session:
        assert runs.learn_anew(session, runs.get(session, run_id)) == 0
        assert drawn.guarantee_is_drawn(session, runs.get(session, run_id))


def test_what_two_disagree_on_of_an_audit_a_senior_settles_without_the_draft(store: Store) -> None:
    run_id = promised(store, 120, reviewers=2)
    rita, sam = make_user(store).id or 0, make_user(store, "sam").id or 0
    boss = make_user(store, "boss", "senior").id or 0
    answer_all(store, rita, run_id)
    with store.writing() as session:
        for work in review.claim(session, sam, 80, 60, run_id):
            review.submit(session, sam, work.slot_id, {"topic": "c"}, Answer(f"token-{work.slot_id}"))
        works = review.claim(session, boss, 80, 60, run_id, for_senior=True)
        assert {work.draft is None for work in works} == {True}
        assert len(works) == 80
        for work in works:
            review.submit(session, boss, work.slot_id, {"topic": "a"}, Answer(f"token-{work.slot_id}"))
    route.route_drafted(store, run_id)
    [cut] = rows(store, AuditCut)
    assert (cut.answered, cut.errors, cut.size) == (80, 0, 120)


def test_the_pool_waits_and_gold_that_was_missed_is_asked_without_the_draft() -> None:
    policy, open_gate = Policy.model_validate(PROMISE), judge_gold([], None)

    def where(drafted: Drafted) -> Decision:
        return decide(drafted, SCHEMA, policy, open_gate, lambda confidence: confidence)

    assert where(Drafted({"topic": "a"}, 1.0)).waits
    assert where(Drafted({"topic": "a"}, None)).waits
    assert where(Drafted(None, None)).reason == "draft_failed"
    missed = where(Drafted({"topic": "a"}, 0.1, gold={"topic": "b"}))
    assert (missed.reason, missed.blind) == ("gold_failed", True)


def test_a_cut_that_was_left_half_way_is_followed_to_its_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = promised(store)
    answer_all(store, make_user(store).id or 0, run_id)
    monkeypatch.setattr(pool, "BATCH", 50)
    follow, calls = place.follow, list[int]()

    def cut_off(*arguments: Any) -> None:
        follow(*arguments)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(place, "follow", cut_off)
    with pytest.raises(KeyboardInterrupt):
        route.route_drafted(store, run_id)
    assert places(store, run_id)["drafted"] == SIZE - 80 - 50
    assert rows(store, AuditCut)[0].finished_at is None
    route.route_drafted(store, run_id)
    [cut] = rows(store, AuditCut)
    assert cut.finished_at is not None
    assert "drafted" not in places(store, run_id)
    assert len(rows(store, Label)) == places(store, run_id)["settled"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rule": "guarantee"}, "epsilon: say which share"),
        ({"rule": "guarantee", "epsilon": 0.05, "blind_audit": False}, "blind_audit: an audit that shows"),
        ({"epsilon": 0.05}, "epsilon: goes with the rule"),
        ({"audits": 100}, "audits: goes with the rule"),
        ({"rule": "guarantee", "epsilon": 0}, "greater than 0"),
        ({"rule": "guarantee", "epsilon": 0.05, "audits": 0}, "greater than or equal to 1"),
    ],
)
def test_a_policy_that_does_not_go_together_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Policy.model_validate(given)


def accepted(store: Store, run_id: int) -> set[int]:
    with store.reading() as session:
        found = session.exec(
            select(Placement.example_id)
            .join(Label, col(Label.id) == Placement.label_id)
            .where(Placement.run_id == run_id, Placement.place == "settled", Label.source == "auto")
        )
        return set(found)


def hold(store: Store, run_id: int) -> None:
    """Draft all of a run, and route nothing."""
    with store.writing() as session:
        session.get_one(Run, run_id).state = "paused"
    with store.writing() as session:
        version_id = runs.get(session, run_id).schema_version_id
        for row in session.exec(select(Placement).where(Placement.run_id == run_id)).all():
            draft = Draft(
                run_id=run_id, example_id=row.example_id, schema_version_id=version_id, model="fake",
                prompt_digest="", label={"topic": "a"}, confidence=0.9,
            )  # fmt: skip
            session.add(draft)
            session.flush()
            row.place, row.draft_id = "drafted", draft.id
        session.get_one(Run, run_id).state = "running"


def both(act: Callable[[], object]) -> None:
    """Do it in two threads at once."""
    start = threading.Barrier(2)

    def run() -> None:
        start.wait()
        act()

    with ThreadPoolExecutor(2) as threads:
        for future in [threads.submit(run) for _ in range(2)]:
            future.result()
