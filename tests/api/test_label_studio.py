"""Label Studio's ML backend protocol: stored drafts at once, new tasks drafted, annotations back as reviews, never a 500."""

import json
from typing import Any

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prelabel import formats
from prelabel.client import Client
from prelabel.formats import label_studio
from prelabel.formats.label_studio.config import read_config
from prelabel.label_studio import drafts, reviews
from prelabel.models import Dataset, Run
from prelabel.schema import LabelSchema
from prelabel.schemas import move
from prelabel.schemas.change import SchemaMapping
from prelabel.schemas.move import Wish
from prelabel.store import Store
from tests.api.recording import RecordingQueue
from tests.api.studio import CONFIG, Studio, task
from tests.factories import (
    FakeDrafter,
    get_run,
    make_run,
    places,
    queued_run,
    sure,
    unsure,
    work_off,
)


def test_it_says_that_it_is_up_without_a_token(light: Studio) -> None:
    for path in ("", "/", "/health"):
        assert light.web.get(f"/label-studio/p{path}").json() == {"status": "UP", "model_class": "Prelabel"}
    assert light.web.get("/label-studio/p/metrics").json() == {}


def test_without_a_token_of_ours_it_does_nothing(light: Studio) -> None:
    for header in (None, "Basic", "Basic !!", "Basic YTpi", "Bearer x", "Basic YQ=="):
        for path in ("setup", "predict", "webhook", "train", "job_status"):
            headers = {"Authorization": header} if header else {}
            answer = light.web.post(f"/label-studio/p/{path}", headers=headers)
            assert answer.status_code == 401, (header, path)
            assert answer.json()["detail"]


def test_setup_tells_the_version_by_which_label_studio_sees_a_new_run(
    sqlite_store: Store, light: Studio
) -> None:
    body = {"project": "12.1690000000", "schema": CONFIG, "hostname": "http://ls", "access_token": "x", "extra_params": {}}  # fmt: skip
    first = queued_run(sqlite_store, 1)
    assert light.post("setup", body).json() == {"model_version": f"run {first}: fake"}
    second = make_run(sqlite_store, 1, model="other")
    assert light.post("setup", body).json() == {"model_version": f"run {second}: other"}


def test_setup_says_how_to_choose_a_model_where_the_project_has_none(lead: Client, studio: Studio) -> None:
    lead.define_project("p", {"fields": {"topic": ["a", "b", "c"]}})
    answer = studio.post("setup", {"project": "12.169", "schema": CONFIG}).json()
    assert answer["model_version"] == ""
    assert "prelabel submit" in answer["notice"]
    assert studio.predict(task("x")) == [[]]


def test_stored_drafts_are_answered_at_once_in_the_order_of_the_tasks(
    sqlite_store: Store, light: Studio, light_wake: RecordingQueue
) -> None:
    run = queued_run(sqlite_store, 3)
    second, new, first = light.predict(task("text 1"), task("new"), task("text 0"))
    assert new == []
    assert (second["model_version"], second["score"]) == (f"run {run}: fake", 0.401)
    [region] = second["result"]
    assert (region["from_name"], region["to_name"], region["type"]) == ("topic", "text", "choices")
    assert region["value"] == {"choices": ["a"]}
    assert region["id"] != first["result"][0]["id"]
    assert light_wake.asked


def test_a_task_is_found_by_the_id_that_it_was_exported_with(sqlite_store: Store, light: Studio) -> None:
    queued_run(sqlite_store, 2)
    edited = task("somebody edited this", meta={"prelabel": {"id": "e1"}})
    [answer] = light.predict(edited)
    assert answer["result"]


def test_drafts_are_written_for_the_controls_of_the_config(sqlite_store: Store, light: Studio) -> None:
    queued_run(sqlite_store, 1)
    config = CONFIG.replace('name="topic" toName="text"', 'name="what about?" toName="body"')
    [answer] = light.predict(task("text 0"), label_config=config.replace('name="text"', 'name="body"'))
    assert [(one["from_name"], one["to_name"]) for one in answer["result"]] == [("what about?", "body")]


def test_a_new_task_is_drafted_by_a_standing_run_like_the_newest_and_answered_then(
    store: Store, studio: Studio, wake: RecordingQueue
) -> None:
    before = make_run(store, 2, threshold=0.77)
    assert studio.predict(task("new"), task("newer")) == [[], []]
    [standing] = wake.asked
    assert standing != before
    assert studio.predict(task("new"), task("newest")) == [[], []]
    assert wake.asked == [standing, standing]
    with store.reading() as session:
        run = session.get_one(Run, standing)
        assert (session.get_one(Dataset, run.dataset_id).name, run.policy["threshold"]) == (
            drafts.DATASET,
            0.77,
        )
    assert places(store, standing) == {"waiting": 3}
    work_off(store, standing, FakeDrafter(sure))
    found = studio.predict(task("newest"), task("new"))
    assert [one["result"][0]["value"] for one in found] == [{"choices": ["a"]}] * 2


def test_a_task_that_waits_already_is_not_brought_in_again(
    sqlite_store: Store, light: Studio, light_wake: RecordingQueue
) -> None:
    make_run(sqlite_store, 2)
    assert light.predict(task("text 0")) == [[]]
    assert light_wake.asked == []


def test_a_reviewer_s_token_gets_drafts_and_has_nothing_drafted(
    web: TestClient, store: Store, wake: RecordingQueue
) -> None:
    queued_run(store, 1)
    known, new = Studio(web, store, "reviewer").predict(task("text 0"), task("new"))
    assert known["result"]
    assert (new, wake.asked) == ([], [])


def test_a_draft_is_not_shown_to_those_who_are_to_answer_without_sight_of_it(
    sqlite_store: Store, light: Studio
) -> None:
    run_id = make_run(
        sqlite_store, [{"id": "1", "text": "text 0", "gold": "b"}, {"id": "2", "text": "text 1"}]
    )
    work_off(sqlite_store, run_id, FakeDrafter(sure))
    missed, accepted = light.predict(task("text 0"), task("text 1"))
    assert (missed, accepted["result"][0]["value"]) == ([], {"choices": ["a"]})


def test_a_draft_is_shown_as_the_schema_of_today_has_it(sqlite_store: Store, light: Studio) -> None:
    queued_run(sqlite_store, 1)
    schema = LabelSchema.load("fields: {topic: [z, b, c]}")
    move.apply(
        sqlite_store, "p", Wish(label_schema=schema, mapping=SchemaMapping(options={"topic": {"a": "z"}})), 10
    )
    [found] = light.predict(task("text 0"))
    assert found["result"][0]["value"] == {"choices": ["z"]}


def test_a_run_of_drafts_that_were_brought_in_is_not_what_new_tasks_are_drafted_like(
    sqlite_store: Store, light: Studio, light_wake: RecordingQueue
) -> None:
    draft = {"model": "m", "label": "a", "confidence": 0.9}
    make_run(sqlite_store, [{"id": "1", "text": "x", "drafts": [draft]}], model="given/m")
    assert light.predict(task("new")) == [[]]
    assert light_wake.asked == []
    make_run(sqlite_store, 1, threshold=0.77)
    make_run(sqlite_store, [{"id": "1", "text": "y", "drafts": [draft]}], model="given/m")
    light.predict(task("new"))
    assert get_run(sqlite_store, light_wake.asked[0]).policy["threshold"] == 0.77


def test_someone_who_has_the_task_open_gets_an_empty_prediction(sqlite_store: Store, light: Studio) -> None:
    run = make_run(sqlite_store, 1)
    context: dict[str, Any] = {"login": None, "password": None, "context": {"result": []}}
    assert light.predict(task("text 0"), params=context) == [
        {"model_version": f"run {run}: fake", "score": None, "result": []}
    ]


def test_a_payload_without_the_annotation_says_what_to_switch_on(light: Studio, sqlite_store: Store) -> None:
    queued_run(sqlite_store, 1)
    answer = light.post("webhook", {"action": "ANNOTATION_CREATED"})
    assert (answer.status_code, answer.json()["detail"]) == (422, reviews.NO_ANNOTATION)


def test_events_of_other_kinds_are_let_pass(sqlite_store: Store, light: Studio) -> None:
    queued_run(sqlite_store, 1)
    assert light.post("webhook", {"action": "PROJECT_UPDATED"}).json() == {"status": "Unknown event"}
    assert light.post("webhook", {"action": "START_TRAINING"}).status_code == 201
    for path in ("train", "validate", "job_status", "delete", "duplicate_model"):
        assert light.post(path, {"project": "12.1"}).status_code == 200


def test_an_unknown_project_is_told(light: Studio) -> None:
    body = {"tasks": [task("x")], "action": "ANNOTATION_CREATED", "annotation": {"id": 1}}
    for path in ("setup", "predict", "webhook"):
        assert light.post(path, body, "no-such").status_code == 404


def test_a_body_that_is_no_object_is_refused_in_words(light: Studio) -> None:
    bad = (b"{", b"[]", b"\xff", b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b"[" * 10_000)
    for path in ("setup", "predict", "webhook"):
        for body in bad:
            answer = light.post(path, body)
            assert answer.status_code == 422
            assert "the body cannot be read" in answer.json()["detail"]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "data", "text", "meta", "prelabel", "result", "completed_by"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tasks=st.lists(ODD, max_size=3),
    odd=ODD,
    annotation=ODD,
    action=st.sampled_from([*reviews.CREATED, *reviews.DELETED]),
)
def test_no_body_however_odd_is_answered_with_500(
    light: Studio, queued: int, tasks: list[Any], odd: Any, annotation: Any, action: str
) -> None:
    made = {"id": 3, "completed_by": odd, "result": annotation}
    for path, body in (
        ("setup", {"project": odd, "schema": odd}),
        ("predict", {"tasks": [*tasks, task("text 0")], "label_config": odd, "params": odd}),
        ("predict", {"tasks": odd}),
        (
            "webhook",
            {"action": action, "project": {"id": 12}, "task": task("text 0"), "annotation": annotation},
        ),
        ("webhook", {"action": action, "project": odd, "task": odd, "annotation": made}),
        ("webhook", {"action": action, "project": {"id": 12}, "task": task("text 0"), "annotation": made}),
    ):
        answer = light.post(path, body)
        assert answer.status_code < 500, answer.text


def test_the_config_is_that_of_the_schema_and_the_content(
    store: Store, lead: Client, web: TestClient
) -> None:
    make_run(store, [{"id": "1", "text": "x", "title": "t"}])
    answer = web.get("/v1/projects/p/label-studio-config", headers=lead._http.headers)
    assert answer.headers["content-type"].startswith("application/xml")
    root, controls = read_config(answer.text)
    assert [tag.attributes["value"] for tag in root.walk() if tag.name == "Text"] == ["$text", "$title"]
    assert controls["topic"].to == ("text",)


def test_an_export_that_comes_back_as_tasks_is_found_again(
    store: Store, lead: Client, studio: Studio
) -> None:
    run = make_run(store, 2)
    work_off(store, run, FakeDrafter(unsure))
    name = next(name for name, module in formats.known().items() if module is label_studio)
    exported = json.loads(b"".join(lead.export(run, name, "all")))
    for one in studio.predict(*exported):
        assert one["result"][0]["value"] == {"choices": ["a"]}
