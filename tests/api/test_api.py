"""The API says what it does, does it in one transaction, and tells every error in one form."""

import io
import json
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from prelabel import errors, projects, runs
from prelabel.client import Client
from prelabel.models import Batch
from prelabel.operations import forgetting
from prelabel.people import users
from prelabel.store import Store
from tests.api.conftest import SignIn
from tests.api.recording import RecordingQueue
from tests.api.studio import Studio
from tests.factories import FakeDrafter, labels, make_run, queued_run, sure, work_off

SCHEMA = {"fields": {"topic": ["a", "b", "c"]}}


def rows(*values: Any) -> io.BytesIO:
    return io.BytesIO("".join(json.dumps(value) + "\n" for value in values).encode())


def bring_in(lead: Client, *values: Any) -> dict[str, Any]:
    lead.define_project("p", SCHEMA)
    return lead.bring_in("p", "d", rows(*values))


def test_a_dataset_goes_in_is_drafted_reviewed_and_comes_out(
    store: Store, lead: Client, reviewer: Client, wake: RecordingQueue
) -> None:
    report = bring_in(lead, {"id": "1", "text": "x"}, {"id": "2", "text": "y"})
    run = lead.start_run("p", "d", model="fake", policy={"threshold": 0.9})
    assert (report["added"], run["stage"], wake.asked[0]) == (2, "drafting", run["id"])
    work_off(store, run["id"], FakeDrafter(lambda content: ("a", 0.95 if content["text"] == "x" else 0.2)))
    [work] = reviewer.post("/queue/claim", {"limit": 10})
    review = reviewer.post(
        f"/queue/{work['slot_id']}/submit",
        {"label": {"topic": "b"}, "client_token": "token-01", "seconds": 3},
    )
    assert review["verdict"] == "corrected"
    assert lead.run(run["id"])["stage"] == "done"
    exported = [json.loads(line) for line in b"".join(lead.export(run["id"])).splitlines()]
    assert [(row["id"], row["label"]["topic"], row["source"], row["reviewer"]) for row in exported] == [
        ("1", "a", "auto", None),
        ("2", "b", "review", "a-reviewer"),
    ]


def test_bad_rows_are_listed_with_number_field_and_reason(lead: Client) -> None:
    report = bring_in(lead, {"text": "x"}, [1], {"text": "y", "gold": "z"})
    assert (report["added"], report["bad"]) == (1, 2)
    listed = list(lead.items(f"/imports/{report['import_id']}/bad-rows", limit=1))
    assert [(bad["row"], bad["field"]) for bad in listed] == [(2, ""), (3, "gold.topic")]


def test_an_upload_of_many_chunks_is_imported_as_it_arrives(lead: Client) -> None:
    lead.define_project("p", SCHEMA)
    told: list[int] = []
    data = b"".join(
        json.dumps({"id": str(number), "text": "x" * 200}).encode() + b"\n" for number in range(6_000)
    )
    report = lead.bring_in("p", "d", io.BytesIO(data), on_bytes=told.append)
    assert report["added"] == 6_000
    assert sum(told) == len(data)


def test_defining_a_project_again_changes_nothing_and_another_schema_is_a_new_version(lead: Client) -> None:
    versions = [
        lead.define_project("p", schema)["schema_version"]
        for schema in (SCHEMA, SCHEMA, {"fields": {"x": ["a", "b"]}})
    ]
    assert versions == [1, 1, 2]


def test_the_fields_of_a_schema_keep_their_order(lead: Client) -> None:
    fields = {"topic": ["a", "b"], "angry": {"kind": "boolean"}}
    assert list(lead.define_project("p", {"fields": fields})["schema"]["fields"]) == ["topic", "angry"]


def test_a_schema_may_be_sent_as_yaml_and_its_errors_name_the_line(lead: Client) -> None:
    assert (
        lead.define_project("p", "fields:\n  topic: [a, b]\n")["schema"]["fields"]["topic"]["kind"]
        == "choice"
    )
    with pytest.raises(errors.SchemaError, match="line 2"):
        lead.define_project("q", "fields:\n  topic: [yes, b]\n")


@pytest.mark.parametrize("name", ["Upper", "with space", "-x", "x" * 65])
def test_a_project_name_that_would_not_fit_an_address_is_refused(lead: Client, name: str) -> None:
    with pytest.raises(errors.InputError, match="lower-case"):
        lead.define_project(name, SCHEMA)


def test_a_run_needs_examples(lead: Client) -> None:
    bring_in(lead)
    with pytest.raises(errors.InputError, match="has no examples"):
        lead.start_run("p", "d", model="fake")


def test_a_run_is_paused_resumed_and_cancelled(store: Store, lead: Client, wake: RecordingQueue) -> None:
    run_id = make_run(store, 3)
    assert lead.post(f"/runs/{run_id}/pause")["stage"] == "paused"
    with pytest.raises(errors.Conflict, match="is paused, not running"):
        lead.post(f"/runs/{run_id}/pause")
    assert lead.post(f"/runs/{run_id}/resume", {"cap": "5"})["cap"] == "5"
    assert wake.asked[-1] == run_id
    assert lead.post(f"/runs/{run_id}/cancel")["stage"] == "cancelled"


def test_figures_of_a_run_are_had_over_http(store: Store, lead: Client) -> None:
    run_id = make_run(store, 4)
    work_off(store, run_id, FakeDrafter(sure))
    outlook, quality, cost = (lead.get(f"/runs/{run_id}/{name}") for name in ("outlook", "quality", "cost"))
    assert (outlook["accepted"]["right"], outlook["accepted"]["n"]) == (4, 4)
    assert (quality["judged"], "not a sample of all" in quality["basis"]) == (0, True)
    assert (cost["calls"], float(cost["per_example"])) == (4, 0.01)


def test_a_page_ends_with_where_the_next_begins(store: Store, lead: Client) -> None:
    ids = [make_run(store, 1) for _ in range(3)]
    first = lead.get("/runs", limit=2)
    assert [run["id"] for run in first["items"]] == ids[:2]
    assert [run["id"] for run in lead.get("/runs", limit=2, after=first["next"])["items"]] == ids[2:]


def test_a_list_of_runs_takes_no_more_questions_to_the_database_than_a_short_one(
    sqlite_store: Store, light: Studio
) -> None:
    asked: list[str] = []
    took: list[int] = []
    event.listen(sqlite_store.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    lead = Client("http://testserver", light.token, light.web)
    for _ in range(3):
        make_run(sqlite_store, 2)
        lead.get("/runs")
        asked.clear()
        assert len(lead.get("/runs")["items"]) == len(took) + 1
        took.append(len(asked))
    assert len(set(took)) == 1


def test_export_of_all_also_holds_examples_without_a_label(store: Store, lead: Client) -> None:
    run_id = queued_run(store, 3)
    assert list(lead.export(run_id)) == []
    rows = [json.loads(line) for line in b"".join(lead.export(run_id, include="all")).splitlines()]
    assert [(row["status"], row["reason"], row["label"]) for row in rows] == [
        ("queued", "low_confidence", None)
    ] * 3


def test_csv_export_names_its_columns_before_the_first_row(store: Store, lead: Client) -> None:
    run_id = make_run(store, [{"id": "1", "text": "x"}, {"id": "2", "other": "y"}])
    work_off(store, run_id, FakeDrafter(sure))
    header, *lines = b"".join(lead.export(run_id, "csv")).decode().splitlines()
    assert header.startswith("id,text,other,label.topic,")
    assert [line.split(",")[:4] for line in lines] == [["1", "x", "", "a"], ["2", "", "y", "a"]]


def test_an_export_comes_in_again_as_it_went_out(store: Store, lead: Client) -> None:
    run_id = make_run(store, 3)
    work_off(store, run_id, FakeDrafter(sure))
    data = b"".join(lead.export(run_id))
    assert lead.bring_in("p", "d0", io.BytesIO(data))["already_there"] == 3


def test_a_reviewer_takes_an_answer_back_over_http(store: Store, reviewer: Client) -> None:
    run_id = queued_run(store, 1)
    [work] = reviewer.post("/queue/claim", {"run_id": run_id})
    reviewer.post(f"/queue/{work['slot_id']}/submit", {"label": {"topic": "b"}, "client_token": "token-01"})
    assert reviewer.post("/queue/undo", {"client_token": "token-02"})["slot_id"] == work["slot_id"]
    assert labels(store, run_id) == {}


def test_a_token_is_shown_once_and_ends_when_revoked(sign_in: SignIn, web: TestClient) -> None:
    admin = sign_in("admin")
    token = admin.post("/users", {"name": "ann", "role": "reviewer"})["token"]
    ann = Client("http://testserver", token, TestClient(web.app))
    assert ann.get("/me")["name"] == "ann"
    assert token not in json.dumps(admin.get("/users"))
    admin.delete("/users/ann/tokens")
    with pytest.raises(errors.NotSignedIn):
        ann.get("/me")


def test_only_the_hash_of_a_token_is_in_the_database(store: Store, sign_in: SignIn) -> None:
    token = sign_in("admin").post("/users", {"name": "ann"})["token"]
    with store.reading() as session:
        kept = str(session.connection().execute(text("SELECT * FROM token")).all())
    assert token not in kept


def endpoints(web: TestClient) -> list[tuple[str, str, str]]:
    """Method, path with ids filled in, and operation id of every endpoint in the OpenAPI document."""
    paths = web.get("/openapi.json").json()["paths"]
    filled = [
        (path.replace("{project}", "p").replace("{dataset}", "d").replace("{name}", "n"), item)
        for path, item in paths.items()
    ]
    ids = [
        (
            path.replace("{sha256}", "0" * 64)
            .replace("{run_id}", "1")
            .replace("{slot_id}", "1")
            .replace("{import_id}", "1")
            .replace("{webhook_id}", "1")
            .replace("{delivery_id}", "1"),
            item,
        )
        for path, item in filled
    ]
    return [
        (method, path, operation["operationId"]) for path, item in ids for method, operation in item.items()
    ]


def test_operations_have_names_that_make_good_clients(web: TestClient) -> None:
    names = [name for _, _, name in endpoints(web)]
    assert len(names) == len(set(names))
    assert all(name.replace("_", "").isalpha() for name in names)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("GET", "/v1/runs/999", None, 404, "NotFound"),
        ("GET", "/v1/runs/0", None, 422, "InputError"),
        ("GET", "/v1/runs/99999999999999999999", None, 422, "InputError"),
        ("GET", "/v1/nothing", None, 404, "NotFound"),
        ("PATCH", "/v1/runs", None, 405, "NotAllowed"),
        ("POST", "/v1/queue/claim", {"limit": 0}, 422, "InputError"),
        ("POST", "/v1/queue/claim", {"limt": 1}, 422, "InputError"),
        (
            "POST",
            "/v1/queue/1/submit",
            {"label": {"topic": "a"}, "client_token": "with\0nul-"},
            422,
            "InputError",
        ),
        ("PUT", "/v1/projects/p", {"schema": {"fields": {}}}, 422, "SchemaError"),
        ("POST", "/v1/projects/p/datasets/d/runs", {}, 404, "NotFound"),
        ("POST", "/v1/projects/p/datasets/d/examples?format=docx", None, 422, "FormatError"),
    ],
)
def test_every_error_has_the_same_body(
    lead: Client, method: str, path: str, body: Any, status: int, error: str
) -> None:
    answer = lead._http.request(method, path, json=body)
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert set(answer.json()) == {"error", "detail"}


def test_a_body_that_is_not_json_is_an_error_in_the_same_form(lead: Client) -> None:
    answer = lead._http.post(
        "/v1/queue/claim", content=b'{"limit": "\\ud800"', headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]) == (422, "InputError")


def test_of_two_who_make_the_same_at_once_one_is_told_that_it_is_there(store: Store, sign_in: SignIn) -> None:
    admin = sign_in("admin")
    with ThreadPoolExecutor() as pool:
        with store.writing() as session:
            users.create(session, "eve", "reviewer")
            session.flush()
            asked = pool.submit(admin._http.post, "/v1/users", json={"name": "eve"})
            assert not wait([asked], timeout=1).done, "it waits for who came first"
        assert asked.result().status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "datasets/d/runs", {"model": "fake"}),
        ("PUT", "datasets/new", {}),
        ("PUT", "members/a-reviewer", None),
    ],
)
def test_what_is_begun_in_a_project_that_is_just_deleted_is_refused(
    store: Store, lead: Client, reviewer: Client, method: str, path: str, body: Any
) -> None:
    bring_in(lead, {"id": "1", "text": "x"})
    with ThreadPoolExecutor() as pool:
        with store.writing() as session:
            forgetting.forget_project(session, projects.find(session, "p"), users.find(session, "a-lead"))
            asked = pool.submit(lead._http.request, method, f"/v1/projects/p/{path}", json=body)
            assert not wait([asked], timeout=1).done, "it waits for who came first"
        assert asked.result().status_code in (404, 409)


@pytest.mark.parametrize(
    "path",
    ["/projects/%00", "/runs/1/examples/history?example=%00", "/runs/1/reviews?text=%00", "/health?a=%00"],
)
def test_a_nul_in_an_address_is_refused_on_every_database(store: Store, lead: Client, path: str) -> None:
    make_run(store, 1)
    answer = lead._http.get(f"/v1{path}" if path[1] != "h" else path)
    assert (answer.status_code, answer.json()["error"]) == (422, "InputError")


def test_a_commit_that_fails_is_not_answered_as_done(lead: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_session: Session) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Session, "commit", fail)
    answer = lead._http.put("/v1/projects/p", json={"schema": SCHEMA})
    assert answer.status_code == 500
    assert "disk" not in answer.text


@pytest.mark.parametrize(
    "fault",
    [
        OperationalError("SELECT", {}, Exception("the server closed the connection")),
        InterfaceError("SELECT", {}, Exception("the connection is closed")),
        PoolTimeout("QueuePool limit of size 5 overflow 35 reached"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_database_that_does_not_answer_is_said_to_be_away(
    light: Studio, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(Session, "exec", fail)
    answer = light.web.get("/v1/runs", headers={"Authorization": f"Bearer {light.token}"})
    assert (answer.status_code, answer.json()["error"]) == (503, "Unavailable")


def test_readiness_says_loudly_that_no_worker_lives(web: TestClient) -> None:
    answer = web.get("/ready").json()
    assert answer["workers"] == 0
    assert "no worker is running" in answer["notice"]


def test_readiness_says_that_the_broker_is_away_and_that_the_database_is_of_another_version(
    web: TestClient, wake: RecordingQueue, store: Store
) -> None:
    wake.said = "the broker does not answer"
    answer = web.get("/ready").json()
    assert not answer["broker"]
    assert wake.said in answer["notice"]
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    answered = web.get("/ready")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert (answered.status_code, answered.json()["error"]) == (503, "Unavailable")
    assert "revision older" in answered.json()["detail"]


def test_the_api_never_loads_litellm() -> None:
    import subprocess
    import sys

    code = (
        "import sys, prelabel_api.__main__, prelabel_worker.tasks, prelabel.cli\n"
        "heavy = {'litellm', 'openai', 'anthropic', 'sklearn'} & set(sys.modules)\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_lead_sees_the_batches_of_a_run(store: Store, lead: Client, reviewer: Client) -> None:
    run_id = make_run(store, 3, model="openai/gpt-4o-mini", lane="batch")
    with store.writing() as session:
        under = runs.get(session, run_id).schema_version_id
        session.add(
            Batch(run_id=run_id, owner="key", model="openai/gpt-4o-mini", requests=3, schema_version_id=under)
        )
    [found] = lead.get(f"/runs/{run_id}/batches")["items"]
    assert (found["state"], found["requests"], found["remote_id"]) == ("preparing", 3, "")
    assert "owner" not in found
    with pytest.raises(errors.NotAllowed):
        reviewer.get(f"/runs/{run_id}/batches")


def test_a_run_that_cannot_be_asked_in_batches_is_refused_with_a_sentence(lead: Client) -> None:
    bring_in(lead, {"id": "1", "text": "x"})
    with pytest.raises(errors.InputError, match="batch lane"):
        lead.start_run("p", "d", model="student", lane="batch")
