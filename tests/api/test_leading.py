"""Leads move many examples at once over HTTP, and look for single answers; nobody's work in hand is touched."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, col, select

from prelabel import errors
from prelabel.canonical import Json
from prelabel.client import Client
from prelabel.leading import reroute
from prelabel.models import Label, Placement, Run, Slot
from prelabel.routing.policy import Policy
from prelabel.store import Store
from tests.api.conftest import SignIn
from tests.factories import FakeDrafter, labels, make_run, places, queue_up, reasons, work_off


def by_number(content: dict[str, Any]) -> tuple[str, float]:
    """As sure as the number in the text says."""
    return "a", int(content["text"].split()[1]) / 10


@pytest.fixture
def run_id(store: Store) -> int:
    """Ten examples, 0.0 to 0.9 sure; those from 0.5 on are accepted."""
    run_id = make_run(store, 10, threshold=0.5)
    work_off(store, run_id, FakeDrafter(by_number))
    return run_id


def act(lead: Client, run_id: int, name: str, **body: Json) -> dict[str, Any]:
    return dict(lead.post(f"/runs/{run_id}/examples/{name}", body))


def policy(lead: Client, run_id: int, dry_run: bool = False, **changes: Json) -> dict[str, Any]:
    body = {"policy": lead.run(run_id)["policy"] | changes, "dry_run": dry_run}
    return dict(lead.put(f"/runs/{run_id}/policy", body))


def answer(client: Client, work: dict[str, Any], label: str) -> None:
    body: dict[str, Json] = {"label": {"topic": label}, "client_token": f"a-token-{work['slot_id']}"}
    client.post(f"/queue/{work['slot_id']}/submit", body)


def claim(client: Client, limit: int = 10) -> list[dict[str, Any]]:
    return list(client.post("/queue/claim", {"limit": limit}))


def test_a_dry_run_says_what_would_be_done_and_does_nothing(lead: Client, store: Store, run_id: int) -> None:
    search = {"place": "settled", "where": "confidence < 0.7"}
    done = act(lead, run_id, "requeue", examples=search, note="look again", dry_run=True)
    assert done == {"act": None, "examples": 2, "left": {}}
    assert places(store, run_id) == {"settled": 5, "queued": 5}


def test_accepted_examples_go_back_to_people_with_a_note(lead: Client, store: Store, run_id: int) -> None:
    search = {"place": "settled", "where": "confidence < 0.7"}
    assert act(lead, run_id, "requeue", examples=search, note="look again")["examples"] == 2
    assert places(store, run_id) == {"settled": 3, "queued": 7}
    assert sorted(reasons(store, run_id).values()) == ["low_confidence"] * 5 + ["requested"] * 2
    with store.reading() as session:
        assert len(session.exec(select(Label)).all()) == 5, "the old labels stay as history"


def test_who_claims_next_gets_what_was_asked_for_again_with_its_note(
    lead: Client, reviewer: Client, run_id: int
) -> None:
    act(lead, run_id, "requeue", examples={"text": "text 9"}, note="check the date")
    (first,) = claim(reviewer, 1)
    assert (first["example_id"], first["note"]) == ("e9", "check the date")


def test_what_is_closed_is_asked_of_nobody_and_can_be_queued_again(
    lead: Client, reviewer: Client, store: Store, run_id: int
) -> None:
    (held,) = claim(reviewer, 1)
    done = act(lead, run_id, "close", examples={"place": "queued"}, note="out of scope")
    assert (done["examples"], done["left"]) == (4, {"someone has it in hand": 1})
    assert places(store, run_id) == {"settled": 5, "queued": 1, "failed": 4}
    assert [work["slot_id"] for work in claim(reviewer)] == [held["slot_id"]]
    assert act(lead, run_id, "requeue", examples={"place": "failed"}, note="in scope")["examples"] == 4
    assert len(claim(reviewer)) == 5


def test_what_is_assigned_comes_to_that_person_alone(
    lead: Client, sign_in: SignIn, store: Store, run_id: int
) -> None:
    ann, bob = sign_in("reviewer", "ann"), sign_in("reviewer", "bob")
    done = act(lead, run_id, "assign", examples={"where": "confidence < 0.2"}, user="bob", days=2)
    assert done["examples"] == 2
    assert {work["example_id"] for work in claim(ann)} == {"e2", "e3", "e4"}
    ann.post("/queue/release", {})
    assert [work["example_id"] for work in claim(bob, 2)] == ["e0", "e1"]


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("/runs/{}/reviewers/bob/pause", {"why": "a talk"}, "paused"),
        ("/projects/p/members/ann", None, "no member"),
        ("/users/bob", {"disabled": True}, "closed"),
    ],
)
def test_nothing_is_assigned_to_who_would_never_see_it(
    run_id: int, sign_in: SignIn, path: str, body: Json, why: str
) -> None:
    admin = sign_in("admin")
    for name in ("ann", "bob"):
        sign_in("reviewer", name)
    method = "PATCH" if "users" in path else "POST" if body else "PUT"
    admin._http.request(method, "/v1" + path.format(run_id), json=body).raise_for_status()
    with pytest.raises(errors.Conflict, match=why):
        act(admin, run_id, "assign", user="bob")


def test_what_is_assigned_stays_theirs_when_they_leave_and_can_be_taken_back(
    lead: Client, sign_in: SignIn, run_id: int
) -> None:
    ann, bob = sign_in("reviewer", "ann"), sign_in("reviewer", "bob")
    act(lead, run_id, "assign", examples={"where": "confidence < 0.2"}, user="bob", days=2)
    claim(bob, 1)
    bob.post("/queue/release", {})
    assert len(claim(ann)) == 3
    assert act(lead, run_id, "unassign", user="bob")["examples"] == 2
    assert len(claim(ann)) == 5


@pytest.mark.parametrize(("to", "first"), [("first", "e4"), ("last", "e0")])
def test_a_lead_puts_examples_first_or_last(
    lead: Client, reviewer: Client, run_id: int, to: str, first: str
) -> None:
    act(lead, run_id, "prioritize", examples={"text": "text 4"}, to=to)
    order = [work["example_id"] for work in claim(reviewer)]
    assert order[0 if to == "first" else -1] == "e4"
    assert order[0] == first
    reviewer.post("/queue/release", {})
    act(lead, run_id, "prioritize", examples={"text": "text 4"}, to="own")
    assert [work["example_id"] for work in claim(reviewer)] == ["e0", "e1", "e2", "e3", "e4"]


def test_another_threshold_moves_what_nobody_has_answered_both_ways_and_costs_nothing(
    lead: Client, store: Store, run_id: int
) -> None:
    spent = lead.run(run_id)["spent"]
    lower = policy(lead, run_id, threshold=0.25)
    assert (lower["accepted"], lower["queued"], lower["answers"]) == (2, 0, -2)
    assert places(store, run_id) == {"settled": 7, "queued": 3}
    higher = policy(lead, run_id, threshold=0.85)
    assert (higher["accepted"], higher["queued"], higher["answers"]) == (0, 6, 6)
    assert places(store, run_id) == {"settled": 1, "queued": 9}
    assert lead.run(run_id)["spent"] == spent
    assert lead.run(run_id)["policy"]["threshold"] == 0.85


def test_what_people_settled_or_hold_or_were_asked_for_stays(
    lead: Client, reviewer: Client, store: Store, run_id: int
) -> None:
    first, second = claim(reviewer, 2)
    answer(reviewer, first, "b")
    act(lead, run_id, "requeue", examples={"text": "text 9"}, note="again")
    done = policy(lead, run_id, threshold=0.0)
    assert done["accepted"] == 3
    assert done["left"] == {
        "it stays where it is": 4,
        "people or gold have settled it": 1,
        "someone has it in hand": 1,
    }
    assert labels(store, run_id)["e0"] == ("b", "review")
    assert set(reasons(store, run_id)) == {second["example_id"], "e9"}


def test_a_plan_of_another_policy_says_just_what_it_then_does(
    lead: Client, store: Store, run_id: int
) -> None:
    planned = policy(lead, run_id, dry_run=True, threshold=0.75)
    assert places(store, run_id) == {"settled": 5, "queued": 5}
    done = policy(lead, run_id, threshold=0.75)
    assert {**done, "act": None} == planned
    assert planned["queued"] == 3


def test_more_people_are_asked_under_a_policy_that_wants_more(
    lead: Client, reviewer: Client, store: Store, run_id: int
) -> None:
    claim(reviewer, 1)
    done = policy(lead, run_id, reviewers=2)
    assert (done["asked"], done["answers"]) == (4, 4)
    with store.reading() as session:
        open_slots = session.exec(select(Slot).where(Slot.state == "open")).all()
    assert len(open_slots) == 1 + 2 * 4


def test_a_run_keeps_its_rule(lead: Client, run_id: int) -> None:
    with pytest.raises(errors.InputError, match=r"policy.rule: a run keeps its rule"):
        policy(lead, run_id, rule="guarantee", epsilon=0.05)


def test_every_policy_that_a_run_has_had_is_in_the_journal(
    sign_in: SignIn, lead: Client, run_id: int
) -> None:
    policy(lead, run_id, threshold=0.3)
    (line,) = [one for one in sign_in("admin").items("/journal") if one["act"] == "run.policy"]
    assert (line["details"]["before"]["threshold"], line["details"]["after"]["threshold"]) == (0.5, 0.3)


def test_while_people_claim_and_answer_nothing_is_lost_or_doubled(store: Store, sign_in: SignIn) -> None:
    run_id = queue_up(store, 200)
    crew = [sign_in("reviewer", f"r{number}") for number in range(4)]
    lead = sign_in("lead", "lena")
    errors_seen: list[str] = []

    def work(client: Client) -> None:
        for _ in range(15):
            for one in claim(client, 3):
                try:
                    answer(client, one, "b")
                except errors.Conflict as error:
                    errors_seen.append(str(error))

    def steer() -> None:
        for threshold in (0.3, 0.9, 0.3, 0.95):
            policy(lead, run_id, threshold=threshold)
            act(
                lead,
                run_id,
                "requeue",
                examples={"place": "settled", "where": "source == 'auto'"},
                note="again",
            )

    threads = [threading.Thread(target=work, args=[client]) for client in crew] + [
        threading.Thread(target=steer)
    ]
    run_all(threads)
    with store.reading() as session:
        _holds_together(session, run_id)
    assert not errors_seen


def run_all(threads: list[threading.Thread]) -> None:
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def _holds_together(session: Session, run_id: int) -> None:
    """Every example is settled with a label, or queued with slots to be answered."""
    for row in session.exec(select(Placement).where(Placement.run_id == run_id)):
        slots = session.exec(select(Slot).where(col(Slot.placement_id) == row.id)).all()
        is_open = [slot for slot in slots if slot.state == "open"]
        assert row.place in ("settled", "queued")
        assert bool(is_open) == (row.place == "queued"), (row, slots)
        assert (row.label_id is not None) == (row.place == "settled")
        assert len(is_open) <= 1


@pytest.fixture
def answered(lead: Client, sign_in: SignIn, store: Store) -> int:
    """Three examples, each answered by ann and bob, who differ on e1; e2 was flagged by ann."""
    run_id = queue_up(store, 3, reviewers=2)
    for name, said in (("ann", {"e0": "a", "e1": "a"}), ("bob", {"e0": "a", "e1": "b", "e2": "a"})):
        client = sign_in("reviewer", name)
        for work in claim(client):
            if work["example_id"] in said:
                answer(client, work, said[work["example_id"]])
            else:
                body: dict[str, Json] = {"client_token": "flag-flag", "comment": "cut off"}
                client.post(f"/queue/{work['slot_id']}/flag", body)
    return run_id


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({}, {("ann", "e0"), ("ann", "e1"), ("ann", "e2"), ("bob", "e0"), ("bob", "e1"), ("bob", "e2")}),
        ({"reviewer": "bob"}, {("bob", "e0"), ("bob", "e1"), ("bob", "e2")}),
        ({"verdict": "flagged"}, {("ann", "e2")}),
        ({"text": "CUT OFF"}, {("ann", "e2")}),
        ({"where": "topic == 'b'"}, {("bob", "e1")}),
        ({"against": "others"}, {("ann", "e1"), ("bob", "e1"), ("ann", "e2"), ("bob", "e2")}),
        ({"since": "2999-01-01T00:00:00Z"}, set()),
    ],
)
def test_single_answers_are_found(
    lead: Client, answered: int, search: dict[str, Json], found: set[tuple[str, str]]
) -> None:
    reviews = list(lead.items(f"/runs/{answered}/reviews", **search))
    assert {(one["reviewer"], one["example_id"]) for one in reviews} == found


def test_answers_come_page_by_page_newest_first(lead: Client, answered: int) -> None:
    reviews = list(lead.items(f"/runs/{answered}/reviews", limit=2))
    assert [one["id"] for one in reviews] == sorted((one["id"] for one in reviews), reverse=True)
    assert len(reviews) == 6


def test_examples_on_which_people_differ_are_found(lead: Client, answered: int) -> None:
    assert [one["id"] for one in lead.items(f"/runs/{answered}/examples", disagreed=True)] == ["e1", "e2"]


@pytest.mark.parametrize(
    "do",
    [
        lambda client, run_id: act(client, run_id, "requeue", examples={"place": "nowhere"}, note="x"),
        lambda client, run_id: act(client, run_id, "close", examples={"where": "nothing == 1"}, note="x"),
        lambda client, run_id: act(client, run_id, "requeue", note=""),
        lambda client, run_id: act(client, run_id, "prioritize", to="middle"),
        lambda client, run_id: list(client.items(f"/runs/{run_id}/reviews", verdict="perhaps")),
    ],
)
def test_what_makes_no_sense_is_refused(lead: Client, run_id: int, do: Callable[..., Any]) -> None:
    with pytest.raises(errors.InputError):
        do(lead, run_id)


def test_the_plan_of_a_policy_writes_nothing(store: Store, run_id: int) -> None:
    with store.reading() as session:
        before = session.get_one(Run, run_id).policy
    reroute.plan(store, run_id, Policy(threshold=0.1), 60)
    with store.reading() as session:
        assert session.get_one(Run, run_id).policy == before
