"""Conflicts over HTTP: a lead has them searched for, seniors see both sides and fix either."""

import pytest

from prelabel import conflicts, errors
from prelabel.store import Store
from tests.api.conftest import SignIn
from tests.factories import FakeDrafter, make_run, work_off

TEXTS = ("When will my new card arrive?", "when will my new card arrive")


@pytest.fixture
def run(store: Store) -> int:
    run_id = make_run(store, [{"id": f"e{number}", "text": text} for number, text in enumerate(TEXTS)])
    said = dict(zip(TEXTS, "ab", strict=True))
    work_off(store, run_id, FakeDrafter(lambda content: (said[content["text"]], 0.99)))
    return run_id


def test_a_lead_searches_and_a_senior_sees_both_sides_and_fixes_one(
    store: Store, run: int, sign_in: SignIn
) -> None:
    lead, senior, path = sign_in("lead"), sign_in("senior"), f"/runs/{run}/conflicts"
    assert lead.post(path)["finished_at"] is None
    assert senior.get(f"{path}/search")["share"] == 0
    conflicts.carry_on(store, "w")
    assert senior.get(f"{path}/search")["examples"] == 2
    [found] = senior.items(path)
    shown = senior.get(f"{path}/{found['id']}")
    assert {shown[side]["content"]["text"] for side in ("example", "counterpart")} == set(TEXTS)
    body = {"side": "counterpart", "label": shown["example"]["label"], "client_token": "token-01"}
    fixed = senior.post(f"{path}/{found['id']}/resolve", body)
    assert fixed["counterpart"]["label"] == fixed["example"]["label"]
    assert fixed["counterpart"]["source"] == "adjudication"
    assert list(senior.items(path)) == []


def test_a_lead_sends_them_to_people_and_a_senior_lets_them_stand(
    store: Store, run: int, sign_in: SignIn
) -> None:
    lead, senior, path = sign_in("lead"), sign_in("senior"), f"/runs/{run}/conflicts"
    lead.post(path)
    conflicts.carry_on(store, "w")
    [found] = senior.items(path)
    shown = senior.post(f"{path}/{found['id']}/dismiss", {"comment": "both are right"})
    assert (shown["is_open"], shown["comment"]) == (False, "both are right")
    assert lead.post(f"{path}/queue", {})["queued"] == []
    assert lead.get(f"/runs/{run}/export/report")["conflicts"] == 0


def test_what_is_not_there_or_not_theirs_is_refused(run: int, sign_in: SignIn) -> None:
    lead, senior, reviewer = sign_in("lead"), sign_in("senior"), sign_in("reviewer")
    path = f"/runs/{run}/conflicts"
    for missing in (f"{path}/search", f"{path}/7", "/runs/99/conflicts"):
        with pytest.raises(errors.NotFound):
            lead.get(missing)
    with pytest.raises(errors.NotFound):
        lead.get(path, after=7)
    with pytest.raises(errors.InputError):
        lead.post(f"{path}/queue", {"above": 2})
    with pytest.raises(errors.NotAllowed):
        senior.post(path)
    with pytest.raises(errors.NotAllowed):
        reviewer.get(path)


def test_a_senior_sends_one_to_people_once(store: Store, run: int, sign_in: SignIn) -> None:
    lead, senior, path = sign_in("lead"), sign_in("senior"), f"/runs/{run}/conflicts"
    lead.post(path)
    conflicts.carry_on(store, "w")
    [found] = senior.items(path)
    assert senior.post(f"{path}/{found['id']}/queue")["queued"] == [found["example"]]
    assert [one["id"] for one in lead.items(f"/runs/{run}/examples", reason="conflict")] == [found["example"]]
    with pytest.raises(errors.Conflict, match="not open any more"):
        senior.post(f"{path}/{found['id']}/queue")
    undone = senior.post(f"{path}/{found['id']}/undo", {"client_token": "token-of-undo"})
    assert (undone["is_open"], list(senior.items(path))) == (True, [found])
