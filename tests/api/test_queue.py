"""The queue over HTTP: what a reviewer is sent, scratches, disagreement from end to end, and acts that come too late."""

import json
from typing import Any

import pytest

from prelabel import errors
from prelabel.client import Client
from prelabel.store import Store
from tests.api.conftest import SignIn
from tests.factories import labels, queue_up


def claim(client: Client, what: str = "claim", **body: Any) -> list[dict[str, Any]]:
    return list(client.post(f"/queue/{what}", body))


def submit(client: Client, work: dict[str, Any], topic: str, **body: Any) -> Any:
    label = {"topic": topic}
    token = f"{topic}-token-{work['slot_id']}-{work['version']}"
    return client.post(f"/queue/{work['slot_id']}/submit", {"label": label, "client_token": token, **body})


def test_disagreement_goes_to_a_senior_and_comes_back_as_feedback(
    store: Store, sign_in: SignIn, reviewer: Client, lead: Client
) -> None:
    run_id = queue_up(store, 1, reviewers=2, feedback=True)
    senior = sign_in("senior")
    submit(reviewer, claim(reviewer)[0], "b", comment="it says so")
    submit(lead, claim(lead)[0], "c")
    with pytest.raises(errors.NotAllowed, match="role senior"):
        claim(reviewer, "adjudications/claim")
    assert claim(lead, "adjudications/claim") == claim(senior) == []
    [work] = claim(senior, "adjudications/claim")
    case = senior.get(f"/queue/{work['slot_id']}/case")
    assert (work["for_senior"], case["apart"]) == (True, {"topic": 1.0})
    assert [(one["reviewer"], one["label"]["topic"], one["comment"]) for one in case["answers"]] == [
        ("a-reviewer", "b", "it says so"),
        ("a-lead", "c", ""),
    ]
    submit(senior, work, "c", comment="see page 2")
    assert labels(store, run_id) == {"e0": ("c", "adjudication")}
    [told] = reviewer.items("/queue/feedback")
    assert (told["yours"]["topic"], told["settled"]["topic"], told["comment"]) == ("b", "c", "see page 2")


def test_nothing_that_a_reviewer_is_sent_tells_gold_or_reason(store: Store, reviewer: Client) -> None:
    queue_up(store, [{"id": "x1", "text": "x", "gold": "b"}, {"id": "x2", "text": "y"}])
    works = claim(reviewer)
    sent = json.dumps([works, submit(reviewer, works[0], "a"), submit(reviewer, works[1], "a")])
    assert len(works) == 2
    assert works[0].keys() == works[1].keys()
    assert not [word for word in ("gold", "reason", "audit", 'confidence"', "priority") if word in sent]


def test_a_scratch_is_kept_given_back_and_gone_after_the_answer(store: Store, reviewer: Client) -> None:
    queue_up(store, 1)
    [work] = claim(reviewer)
    path = f"/queue/{work['slot_id']}/scratch"
    assert reviewer.get(path) is None
    reviewer.put(path, {"label": {"topic": 7}, "comment": "hm", "version": work["version"]})
    kept = {"label": {"topic": 7}, "comment": "hm"}
    assert claim(reviewer)[0]["scratch"] == reviewer.get(path) == kept
    submit(reviewer, work, "b")
    assert reviewer.get(path) is None


@pytest.mark.parametrize("label", ['{"topic": NaN}', '{"topic": "\\ud800"}', "[" * 500 + "]" * 500])
def test_a_scratch_that_could_not_be_given_back_is_refused(
    store: Store, reviewer: Client, label: str
) -> None:
    queue_up(store, 1)
    [work] = claim(reviewer)
    answer = reviewer._http.put(
        f"/v1/queue/{work['slot_id']}/scratch",
        content=f'{{"label": {label}}}',
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["error"]) == (422, "InputError")
    assert len(claim(reviewer)) == 1


def test_an_answer_to_an_older_state_of_the_slot_is_refused(store: Store, reviewer: Client) -> None:
    queue_up(store, 1)
    [work] = claim(reviewer)
    submit(reviewer, work, "b", version=work["version"])
    again = reviewer.post("/queue/undo", {"client_token": "undo-0001"})
    assert again["scratch"]["label"] == {"topic": "b"}
    with pytest.raises(errors.Conflict, match="claim again to see it"):
        submit(reviewer, work, "c", version=work["version"])
    submit(reviewer, again, "c", version=again["version"])


def test_leaving_gives_all_slots_back_at_once(store: Store, reviewer: Client, lead: Client) -> None:
    queue_up(store, 3)
    assert len(claim(reviewer)) == 3
    assert claim(lead) == []
    reviewer.post("/queue/release", {})
    assert len(claim(lead)) == 3


def test_a_policy_may_name_people_by_reason_and_only_fields_of_the_schema(lead: Client, store: Store) -> None:
    queue_up(store, 1)
    run = lead.start_run("p", "d0", policy={"reviewers": {"audit": 2}, "tolerance": {"topic": 0.2}})
    assert run["policy"]["reviewers"] == {"audit": 2}
    for wrong in ({"reviewers": {"adit": 2}}, {"reviewers": 51}, {"tolerance": {"tpic": 0.2}}):
        with pytest.raises(errors.InputError, match=r"reviewers|tpic"):
            lead.start_run("p", "d0", policy=wrong)


def test_checks_tell_neither_reviewers_nor_anyone_but_leads_who_is_right(
    store: Store, reviewer: Client, lead: Client
) -> None:
    rows = [{"id": "x1", "text": "x", "gold": "a"}, {"id": "x2", "text": "y"}]
    run_id = queue_up(store, rows, gold_share=0.5, seeded_share=0, feedback=True)
    works = {work["example_id"]: work for work in claim(reviewer)}
    assert works.keys() == {"x1", "x2"}
    told = {name: submit(reviewer, work, "b") for name, work in works.items()}
    own = {"id", "slot_id", "example_id", "content", "label", "created_at", "lease_until"}
    for sent in (works, told):
        assert {k: v for k, v in sent["x1"].items() if k not in own} == {
            k: v for k, v in sent["x2"].items() if k not in own
        }
    assert list(reviewer.items("/queue/feedback")) == []
    with pytest.raises(errors.NotAllowed, match="role lead"):
        reviewer.get(f"/runs/{run_id}/reviewers")
    [one] = lead.items(f"/runs/{run_id}/reviewers")
    assert (one["name"], one["gold"]["right"], one["gold"]["n"], one["checks"]["n"]) == (
        "a-reviewer",
        0,
        1,
        1,
    )
    assert lead.get(f"/runs/{run_id}/reviewers", after=one["id"])["items"] == []
    assert labels(store, run_id) == {"x1": ("a", "gold"), "x2": ("b", "review")}


@pytest.mark.parametrize("act", ["submit", "flag", "skip"])
@pytest.mark.parametrize("example", ["x1", "x2"])
def test_how_far_the_run_is_does_not_tell_a_reviewer_what_was_a_check(
    store: Store, reviewer: Client, lead: Client, act: str, example: str
) -> None:
    rows = [{"id": "x1", "text": "x", "gold": "a"}, {"id": "x2", "text": "y"}]
    run_id = queue_up(store, rows, gold_share=0.5)
    works = {work["example_id"]: work for work in claim(reviewer)}

    def seen(path: str = f"/runs/{run_id}") -> tuple[int, int, str]:
        run = reviewer.get(path)
        places = run["places"]
        return places["queued"], places["settled"] + places["failed"], run["stage"]

    assert seen() == seen(f"/runs/{run_id}/progress") == (2, 0, "reviewing")
    assert lead.get(f"/runs/{run_id}")["places"]["settled"] == 1
    if act == "submit":
        submit(reviewer, works[example], "a")
    else:
        body = {"client_token": "token-0001", "comment": "odd"}
        reviewer.post(f"/queue/{works[example]['slot_id']}/{act}", body)
    after = (2, 0, "reviewing") if act == "skip" else (1, 1, "reviewing")
    assert seen() == seen(f"/runs/{run_id}/progress") == after
    [run] = reviewer.items("/runs")
    assert (run["places"]["queued"], run["stage"]) == (after[0], after[2])


def test_a_lead_pauses_a_person_and_lets_them_go_on(store: Store, reviewer: Client, lead: Client) -> None:
    run_id = queue_up(store, 2)
    submit(reviewer, claim(reviewer)[0], "b")
    told = lead.post(f"/runs/{run_id}/reviewers/a-reviewer/pause", {"why": "too quick"})
    assert (told["paused"], told["by"], told["why"]) == (True, "a-lead", "too quick")
    with pytest.raises(errors.NotAllowed, match="a lead would like to talk with you") as refused:
        claim(reviewer)
    assert not {"check", "gold", "wrong", "too quick"} & set(str(refused.value).split())
    with pytest.raises(errors.Conflict, match="paused in run"):
        lead.post(f"/runs/{run_id}/reviewers/a-reviewer/pause", {})
    for act in ("pause", "resume"):
        with pytest.raises(errors.NotAllowed, match="role lead"):
            reviewer.post(f"/runs/{run_id}/reviewers/a-reviewer/{act}", {})
        with pytest.raises(errors.NotFound):
            lead.post(f"/runs/{run_id}/reviewers/nobody/{act}", {})
    [one] = lead.items(f"/runs/{run_id}/reviewers")
    assert (one["name"], one["is_paused"], one["answers"]) == ("a-reviewer", True, 1)
    lead.post(f"/runs/{run_id}/reviewers/a-reviewer/resume", {"why": "we talked"})
    assert claim(reviewer)


def test_nothing_that_a_reviewer_is_sent_tells_a_planted_fault(store: Store, reviewer: Client) -> None:
    rows = [{"id": "x1", "text": "x", "gold": "a"}, {"id": "x2", "text": "y"}]
    queue_up(store, rows, gold_share=0.5, seeded_share=1)
    works = {work["example_id"]: work for work in claim(reviewer)}
    shown = works["x1"]["draft"]["topic"]
    assert shown != "a"
    assert works["x1"].keys() == works["x2"].keys()
    assert works["x1"]["confidences"] == works["x2"]["confidences"]
    told = [submit(reviewer, works["x1"], shown), submit(reviewer, works["x2"], "a")]
    assert [one["verdict"] for one in told] == ["confirmed", "confirmed"]
    assert told[0].keys() == told[1].keys()


def test_a_senior_sees_settled_examples_that_are_like_theirs_and_no_gold(
    store: Store, sign_in: SignIn, reviewer: Client, lead: Client
) -> None:
    texts = ["the invoice is wrong", "an invoice came twice", "hello there", "the invoice is paid"]
    rows = [{"id": f"s{at}", "text": text} for at, text in enumerate(texts)]
    queue_up(store, [*rows[:3], rows[3] | {"gold": "a"}], reviewers=2)
    senior = sign_in("senior")
    for client in (reviewer, lead):
        for work in claim(client):
            is_asked = work["example_id"] == "s0" and client is lead
            submit(client, work, "c" if is_asked else "b")
    [work] = [one for one in claim(senior, "adjudications/claim") if one["example_id"] == "s0"]
    near = senior.get(f"/queue/{work['slot_id']}/similar")
    assert [(one["example"], one["label"]) for one in near] == [("s1", {"topic": "b"})]
    with pytest.raises(errors.NotAllowed, match="not yours"):
        sign_in("senior", "another").get(f"/queue/{work['slot_id']}/similar")
