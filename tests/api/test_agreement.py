"""Leads see how far people agree, settle anew by their skill, and bring in answers from elsewhere."""

import io
import json
from typing import Any

import pytest

from prelabel import errors
from prelabel.canonical import Json
from prelabel.client import Client
from prelabel.store import Store
from tests.api.conftest import SignIn
from tests.factories import labels, make_user, places, queue_up


@pytest.fixture
def run_id(store: Store) -> int:
    """Six examples, each for three people: ann, ben and cleo."""
    for name in ("ann", "ben", "cleo"):
        make_user(store, name)
    return queue_up(store, 6, reviewers=3)


def bring(lead: Client, run_id: int, *rows: dict[str, Any]) -> dict[str, Any]:
    return dict(
        lead.send_file(f"/runs/{run_id}/reviews", io.BytesIO("\n".join(map(json.dumps, rows)).encode()))
    )


def said(example: str, reviewer: str, label: Json) -> dict[str, Any]:
    return {"example": example, "reviewer": reviewer, "label": label}


def all_say(lead: Client, run_id: int, answers: str) -> None:
    """What ann, ben and cleo say of one example after the other, as in "aab abb"."""
    rows = [
        said(f"e{number}", name, one)
        for number, word in enumerate(answers.split())
        for name, one in zip(("ann", "ben", "cleo"), word, strict=True)
    ]
    assert bring(lead, run_id, *rows)["bad"] == 0


def test_answers_from_elsewhere_settle_examples_like_answers_given_here(
    lead: Client, store: Store, run_id: int
) -> None:
    all_say(lead, run_id, "aaa aab")
    assert labels(store, run_id) == {"e0": ("a", "consensus"), "e1": ("a", "consensus")}
    assert places(store, run_id) == {"settled": 2, "queued": 4}


def test_rows_that_cannot_be_taken_are_listed_and_cost_nothing_else(
    lead: Client, store: Store, run_id: int
) -> None:
    report = bring(
        lead, run_id,
        said("e0", "ann", "a"),
        said("nowhere", "ann", "a"),
        said("e1", "nobody", "a"),
        said("e1", "ann", "z"),
        said("e0", "ann", "b"),
        said("e1", "ann", {"topic": "b"}) | {"sceonds": 3},
        said("e1", "ben", {"topic": "b"}) | {"seconds": 4.5, "comment": "odd"},
    )  # fmt: skip
    assert (report["rows"], report["taken"], report["bad"]) == (7, 2, 5)
    assert [(one["row"], one["reason"].split(":")[0]) for one in report["bad_rows"]] == [
        (2, "example"),
        (3, "reviewer"),
        (4, "topic"),
        (5, "you have answered the example already"),
        (6, "sceonds"),
    ]


def test_the_same_answers_again_change_nothing(lead: Client, store: Store, run_id: int) -> None:
    all_say(lead, run_id, "aaa")
    report = bring(lead, run_id, said("e0", "ann", "a"), said("e0", "ben", "a"))
    assert (report["taken"], report["already_there"], report["bad"]) == (0, 2, 0)


def test_what_is_no_json_is_refused(lead: Client, run_id: int) -> None:
    with pytest.raises(errors.InputError, match="line 2: is not JSON"):
        lead.send_file(f"/runs/{run_id}/reviews", io.BytesIO(b'{"example": "e0"}\nnonsense\n'))


def test_agreement_is_that_of_people_who_answered_the_same_examples(lead: Client, run_id: int) -> None:
    nothing = lead.get(f"/runs/{run_id}/agreement")
    assert (nothing["examples"], nothing["fields"][0]["people"]["value"]) == (0, None)
    all_say(lead, run_id, "aaa bbb aaa bbb aab bba")
    found = lead.get(f"/runs/{run_id}/agreement")
    (field,) = found["fields"]
    assert (found["examples"], found["people"]) == (6, 3)
    assert field["people"]["low"] < field["people"]["value"] < 1
    assert "three people with 30 answers" in found["why_not"]


def test_one_whose_answers_are_worth_nothing_no_longer_outvotes(
    lead: Client, store: Store, run_id: int
) -> None:
    """Cleo says the opposite of what the others agree on; where ann and ben differ, she does not decide it for good."""
    all_say(lead, run_id, "aab aab bba bba aab bba")
    planned = lead.post(f"/runs/{run_id}/consensus", {"dry_run": True})
    assert planned["changed"] == 0
    skill = {one["name"]: one["accuracy"] for one in planned["skills"]}
    assert skill["ann"] > 0.9
    assert skill["cleo"] < 0.1


def test_a_consensus_is_renewed_as_planned_and_the_old_one_stays_as_history(
    lead: Client, sign_in: SignIn, store: Store
) -> None:
    for name in ("ann", "ben", "cleo"):
        make_user(store, name)
    run_id = queue_up(store, 30, reviewers=3)
    all_say(lead, run_id, " ".join(["aaa", "bbb"] * 10 + ["abb"] + ["aab"] * 4 + ["bba"] * 4))
    planned = lead.post(f"/runs/{run_id}/consensus", {"dry_run": True})
    before = labels(store, run_id)
    done = lead.post(f"/runs/{run_id}/consensus", {})
    assert {**done, "act": None} == planned
    after = labels(store, run_id)
    assert sum(before[name] != after[name] for name in before) == done["changed"]
    again = lead.post(f"/runs/{run_id}/consensus", {"dry_run": True})
    assert (again["changed"], again["settled"]) == (0, 0)
    (line, *_) = sign_in("admin").items("/journal")
    assert (line["act"], line["details"]["changed"]) == ("consensus.renew", done["changed"])


def test_skill_is_told_of_classes_only(lead: Client, store: Store) -> None:
    lead.define_project("p2", {"fields": {"summary": {"kind": "text"}}})
    lead.bring_in("p2", "d", io.BytesIO(b'{"text": "hello"}\n'))
    run = lead.start_run("p2", "d", model="fake")
    with pytest.raises(errors.InputError, match="summary: is of kind text"):
        lead.post(f"/runs/{run['id']}/consensus", {})
