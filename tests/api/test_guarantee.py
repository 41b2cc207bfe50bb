"""What leads are told of a guarantee, what reviewers are not, and the certificate through everything that happens after it."""

import json
from typing import Any

import pytest

from prelabel import errors, route
from prelabel.client import Client
from prelabel.guarantee import drawing
from prelabel.measure.guarantee.certificate import Certificate
from prelabel.measure.guarantee.terms import Record
from prelabel.measure.guarantee.verify import verify
from prelabel.reports import certificates
from prelabel.store import Store
from tests.factories import FakeDrafter, make_run, work_off

SIZE, AUDITS = 200, 60
PROMISE: dict[str, Any] = {"rule": "guarantee", "epsilon": 0.2, "audits": AUDITS}


@pytest.fixture(autouse=True)
def one_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "new_seed", lambda: "5eed" * 8)


def number(content: dict[str, Any]) -> int:
    return int(content["text"].split()[1])


@pytest.fixture
def run_id(store: Store) -> int:
    """A run whose audits wait for people."""
    run_id = make_run(store, SIZE, **PROMISE)
    work_off(store, run_id, FakeDrafter(lambda said: ("a", 1 - number(said) / (2 * SIZE))))
    return run_id


def right(content: dict[str, Any]) -> dict[str, str]:
    return {"topic": "b" if number(content) % 5 == 2 else "a"}


def answer(reviewer: Client, run_id: int, flag: int = 0, seconds: float = 6) -> None:
    """Answer all that is in the queue; the first of it is flagged."""
    while works := reviewer.post("/queue/claim", {"limit": 20, "run_id": run_id}):
        for work in works:
            said: dict[str, Any] = {"client_token": f"slot-token-{work['slot_id']}", "seconds": seconds}
            what = "flag" if flag > 0 else "submit"
            said |= {"comment": "not readable"} if flag > 0 else {"label": right(work["content"])}
            reviewer.post(f"/queue/{work['slot_id']}/{what}", said)
            flag -= 1


def settle(store: Store, reviewer: Client, run_id: int, flag: int = 0) -> None:
    answer(reviewer, run_id, flag)
    route.route_drafted(store, run_id)
    answer(reviewer, run_id)


def file_of(lead: Client, run_id: int) -> tuple[list[Record], Certificate]:
    *lines, last = b"".join(lead.export(run_id, certificate="inline")).splitlines()
    found = Certificate.model_validate(json.loads(last)["certificate"])
    return [Record.model_validate_json(line) for line in lines], found


def test_it_is_said_what_the_guarantee_waits_for_until_there_is_a_certificate(
    run_id: int, store: Store, lead: Client, reviewer: Client
) -> None:
    found = lead.certificate(run_id)
    assert (found["status"], found["answered"], found["audits"]) == ("auditing", 0, AUDITS)
    assert found["waits_for"].startswith("60 of 60 audits")
    assert lead.get(f"/runs/{run_id}/progress")["waits_for"] == found["waits_for"]
    with pytest.raises(errors.Conflict, match="no certificate yet; it waits for 60 of 60 audits"):
        b"".join(lead.export(run_id, certificate="inline"))
    answer(reviewer, run_id)
    assert lead.certificate(run_id)["errors"] > 0
    route.route_drafted(store, run_id)
    found = lead.certificate(run_id)
    assert (found["status"], found["certificate"]) == ("reviewing", None)
    answer(reviewer, run_id)
    found = lead.certificate(run_id)
    assert (found["status"], found["issued"]) == ("settled", 1)
    assert found["sentence"].startswith("At most 40 of 200 labels")
    assert found["saved"] == found["certificate"]["unreviewed"] > 20


def test_a_reviewer_cannot_tell_that_there_are_audits(run_id: int, reviewer: Client) -> None:
    for path in ("certificate", "certificates", "plan"):
        with pytest.raises(errors.NotAllowed):
            reviewer.get(f"/runs/{run_id}/{path}")
    seen = reviewer.get(f"/runs/{run_id}/progress")
    assert seen["waits_for"] == ""
    assert (seen["places"]["drafted"], seen["places"]["queued"]) == (0, SIZE)
    assert reviewer.run(run_id)["places"]["queued"] == SIZE
    [work] = reviewer.post("/queue/claim", {"limit": 1, "run_id": run_id})
    assert "audit" not in json.dumps(work)


def test_the_file_keeps_its_certificate_also_where_people_could_not_label_an_audit(
    run_id: int, store: Store, lead: Client, reviewer: Client
) -> None:
    settle(store, reviewer, run_id, flag=3)
    records, certificate = file_of(lead, run_id)
    assert verify(records, certificate) == []
    assert (certificate.unlabeled, len(records)) == (3, SIZE)
    assert "3 have no label" in certificate.sentence()
    wrong = sum(record.is_unlabelable or record.label != record.draft for record in records if record.audited)
    assert certificate.errors == wrong


def test_a_label_that_changes_afterwards_makes_another_certificate_and_the_first_stays(
    run_id: int, store: Store, lead: Client, reviewer: Client
) -> None:
    settle(store, reviewer, run_id)
    _, first = file_of(lead, run_id)
    taken_back = reviewer.post("/queue/undo", {"client_token": "undo-token-1"})
    assert lead.certificate(run_id)["certificate"] is None
    reviewer.post(
        f"/queue/{taken_back['slot_id']}/submit", {"label": {"topic": "c"}, "client_token": "again-token-1"}
    )
    records, second = file_of(lead, run_id)
    assert second != first
    assert verify(records, second) == []
    kept = lead.get(f"/runs/{run_id}/certificates")["items"]
    assert [Certificate.model_validate(one["certificate"]) for one in kept] == [first, second]


def test_workers_issue_it_without_being_asked(
    run_id: int, store: Store, lead: Client, reviewer: Client
) -> None:
    answer(reviewer, run_id)
    certificates.carry_on(store)
    answer(reviewer, run_id)
    certificates.carry_on(store)
    assert len(lead.get(f"/runs/{run_id}/certificates")["items"]) == 1
    certificates.carry_on(store)
    assert len(lead.get(f"/runs/{run_id}/certificates")["items"]) == 1


def test_a_schema_that_would_change_under_a_guarantee_is_refused(run_id: int, lead: Client) -> None:
    schema = {"fields": {"topic": ["a", "b", "c", "d"]}}
    with pytest.raises(errors.Conflict, match=f"run {run_id} has drawn the audit sample of its guarantee"):
        lead.put("/projects/p/schema", {"schema": schema})
    assert lead.certificate(run_id)["status"] == "auditing"


def test_a_certificate_is_about_all_of_a_run_in_jsonl(
    run_id: int, store: Store, lead: Client, reviewer: Client
) -> None:
    settle(store, reviewer, run_id)
    for asked in ({"file_format": "csv"}, {"where": "confidence > 0.5"}):
        with pytest.raises(errors.InputError, match="about all labels of the run in JSONL"):
            b"".join(lead.export(run_id, **asked, certificate="inline"))


def test_a_run_by_a_threshold_has_nothing_to_certify(store: Store, lead: Client) -> None:
    with pytest.raises(errors.InputError, match="routes by a threshold, which guarantees nothing"):
        lead.certificate(make_run(store, 3))


def test_a_plan_tells_what_each_epsilon_costs(
    run_id: int, store: Store, lead: Client, reviewer: Client
) -> None:
    before = lead.get("/projects/p/datasets/d0/plan", epsilon=[0.3])
    assert before["based_on"].startswith("nothing of this project is known yet")
    settle(store, reviewer, run_id)
    found = lead.get(f"/runs/{run_id}/plan", epsilon=[0.2, 0.05])
    strict, lax = found["lines"]
    assert (strict["epsilon"], lax["epsilon"]) == (0.05, 0.2)
    assert strict["saved"] <= lax["saved"]
    assert lax["saved"] > 0
    assert lax["labels"] == SIZE - lax["saved"]
    assert lax["hours"] == pytest.approx(lax["labels"] * 6 / 3600)
    assert "people answered" in found["based_on"]
    again = lead.get("/projects/p/datasets/d0/plan")
    assert again["based_on"].startswith(f"the drafts of run {run_id}")
    assert [line["epsilon"] for line in again["lines"]] == [0.01, 0.02, 0.05, 0.1]
    apart = lead.get(f"/runs/{run_id}/plan", epsilon=[0.2], loss="distance")
    assert (apart["loss"], apart["lines"][0]["labels"]) == ("distance", SIZE - apart["lines"][0]["saved"])


def test_audits_that_take_longer_than_other_reviews_are_planned_and_priced_so(
    run_id: int, store: Store, lead: Client, reviewer: Client
) -> None:
    answer(reviewer, run_id, seconds=30)
    route.route_drafted(store, run_id)
    answer(reviewer, run_id, seconds=5)
    found = lead.get(f"/runs/{run_id}/plan", epsilon=[0.2])
    assert (found["seconds_audit"], found["seconds_each"]) == (30, 5)
    [line] = found["lines"]
    assert line["hours"] == pytest.approx(
        (line["audits"] * 30 + (line["labels"] - line["audits"]) * 5) / 3600
    )
    assert line["audits"] < AUDITS
    assert found["by_hand_hours"] == pytest.approx(SIZE * 30 / 3600)
