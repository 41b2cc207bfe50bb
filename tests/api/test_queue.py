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
    for wrong in ({"reviewers": {"adit": 2}}, {"reviewers": 10}, {"tolerance": {"tpic": 0.2}}):
        with pytest.raises(errors.InputError, match=r"reviewers|tpic"):
            lead.start_run("p", "d0", policy=wrong)
