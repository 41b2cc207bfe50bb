"""Leads see how far people agree, settle anew by their skill, and bring in answers from elsewhere."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from prelabel import errors
from prelabel.canonical import Json
from prelabel.client import Client
from prelabel.schema import LabelSchema
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


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nonsense", "not JSON"),
        (b"[1]", "a row is a JSON object, not a list"),
        (b'{"example": "e1", "reviewer": "ann", "label": "a", "seconds": NaN}', "NaN is not JSON"),
        (b'{"example": "e1", "reviewer": "ann", "label": "a", "comment": "\\u0000"}', "comment: a text"),
        (b'{"example": "e1", "reviewer": "ann", "label": "a", "comment": 5}', "comment: must be a text"),
        (b'{"example": "\xff"}', "not UTF-8"),
    ],
)
def test_a_line_that_cannot_be_read_is_listed_with_its_number(
    lead: Client, store: Store, run_id: int, line: bytes, why: str
) -> None:
    good = json.dumps(said("e0", "ann", "a")).encode()
    report = lead.send_file(f"/runs/{run_id}/reviews", io.BytesIO(b"\n".join((good, b"", line, good))))
    ((row, reason),) = [(one["row"], one["reason"]) for one in report["bad_rows"]]
    assert (report["rows"], report["taken"], report["already_there"], report["bad"]) == (3, 1, 1, 1)
    assert row == 3
    assert why in reason


def test_two_leads_may_bring_in_answers_of_the_same_people_at_once(
    lead: Client, store: Store, run_id: int
) -> None:
    """Each in an order of their own; neither waits for what the other waits for."""
    rows = [said(f"e{number}", name, "a") for number in range(6) for name in ("ann", "ben", "cleo")]
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda some: bring(lead, run_id, *some), (rows, rows[::-1])))
    assert [one["bad"] for one in reports] == [0, 0]
    assert sum(one["taken"] for one in reports) == 18
    assert places(store, run_id) == {"settled": 6}


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


def test_an_example_that_someone_says_cannot_be_labeled_is_not_settled_by_skill(
    lead: Client, sign_in: SignIn, store: Store, run_id: int
) -> None:
    all_say(lead, run_id, "aab bba aab")
    dan = sign_in("reviewer", "dan")
    (work,) = dan.post("/queue/claim", {"limit": 1})
    dan.post(f"/queue/{work['slot_id']}/flag", {"client_token": "a-token-1", "comment": "cut off"})
    bring(lead, run_id, said(work["example_id"], "ben", "a"), said(work["example_id"], "cleo", "a"))
    assert lead.post(f"/runs/{run_id}/consensus", {"dry_run": True})["examples"] == 3


def test_a_field_that_was_left_empty_says_nothing_of_the_model(lead: Client, store: Store) -> None:
    """All drafts say 4. Half of the rows have one person who disagrees with the rest, half one who says nothing at all."""
    schema = LabelSchema.load("fields: {stars: {kind: rating, min: 1, max: 5, optional: true}}")
    people = ("ann", "ben", "cleo")
    for name in people:
        make_user(store, name)
    run_id = queue_up(store, 60, schema=schema, label={"stars": 4}, reviewers=3)
    for number in range(60):
        given: list[int | None] = [4, 4, 5]
        given = given if number % 2 else [4, 4, None]
        turned = given[number // 2 % 3 :] + given[: number // 2 % 3]
        rows = zip(people, turned, strict=True)
        bring(lead, run_id, *(said(f"e{number}", name, {"stars": stars}) for name, stars in rows))
    found = lead.get(f"/runs/{run_id}/agreement")
    assert found["examples"] == 60
    assert found["why_not"] == ""
    assert found["may_replace"] == {"people": 3, "winning_rate": 1.0, "advantage": 1.0, "passed": True}


def test_with_the_model_its_drafts_count_for_as_much_as_they_prove_to_be_worth(
    lead: Client, store: Store
) -> None:
    """All drafts say "a". Where people agree it mostly is; so it decides between two who differ, and outvotes nobody who is sure."""
    for name in ("ann", "ben", "cleo"):
        make_user(store, name)
    run_id = queue_up(store, 30, reviewers=2)
    bring(lead, run_id, *(said(f"e{at}", name, "a") for at in range(24) for name in ("ann", "ben")))
    bring(lead, run_id, *(said(f"e{at}", name, "b") for at in (24, 25) for name in ("ann", "ben")))
    bring(lead, run_id, said("e26", "ann", "a"), said("e26", "ben", "b"))
    done = lead.post(f"/runs/{run_id}/consensus", {"with_model": True})
    assert (done["changed"], done["settled"], done["unsure"]) == (0, 1, 0)
    assert labels(store, run_id)["e26"] == ("a", "consensus")
    assert labels(store, run_id)["e24"] == ("b", "consensus")
    assert 0.8 < done["model"] < 1


def test_what_is_too_unsure_stays_with_seniors_the_least_sure_first(
    lead: Client, sign_in: SignIn, store: Store
) -> None:
    for name in ("ann", "ben", "cleo"):
        make_user(store, name)
    run_id = queue_up(store, 30, reviewers=3, consensus="unanimous")
    all_say(lead, run_id, " ".join(["aaa", "bbb"] * 12 + ["aac"] * 3 + ["cab", "abc", "bba"]))
    done = lead.post(f"/runs/{run_id}/consensus", {"with_model": True, "at_least": 0.95})
    assert (done["settled"], done["unsure"]) == (4, 2)
    work = sign_in("senior").post("/queue/adjudications/claim", {"limit": 5})
    assert [one["example_id"] for one in work] == ["e28", "e27"]
    again = lead.post(f"/runs/{run_id}/consensus", {"at_least": 0.5, "dry_run": True})
    assert (again["settled"], again["unsure"]) == (0, 0), "a senior has it in hand"


def test_audits_keep_what_people_say_without_sight_of_the_draft(lead: Client, store: Store) -> None:
    """The model must not have a say in the figure that tells how good it is."""
    for name in ("ann", "ben"):
        make_user(store, name)
    run_id = queue_up(store, 20, threshold=0.3, audit_share=0.5, reviewers=2)
    *others, last = [one["id"] for one in lead.items(f"/runs/{run_id}/examples", place="queued")]
    assert others
    bring(lead, run_id, *(said(example, name, "a") for example in others for name in ("ann", "ben")))
    bring(lead, run_id, said(last, "ann", "a"), said(last, "ben", "b"))
    by_people = lead.post(f"/runs/{run_id}/consensus", {"dry_run": True})
    with_model = lead.post(f"/runs/{run_id}/consensus", {"dry_run": True, "with_model": True})
    assert (by_people["settled"], with_model["settled"]) == (1, 0)
