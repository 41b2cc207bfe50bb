"""Label Studio's annotations come back as reviews, changed and taken back with them."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from prelabel.client import Client
from prelabel.models import Review, User
from prelabel.store import Store
from tests.api.studio import Studio, task
from tests.factories import (
    FakeDrafter,
    all_of,
    labels,
    make_run,
    places,
    queued_run,
    reasons,
    sure,
    work_off,
)


def verdicts(store: Store) -> list[tuple[str, str]]:
    """Whose reviews there are, and what they say."""
    with store.reading() as session:
        names = {user.id: user.name for user in all_of(session, User)}
        return [(names[row.user_id], row.verdict) for row in all_of(session, Review)]


def test_an_annotation_becomes_a_review_of_a_user_for_its_annotator(store: Store, studio: Studio) -> None:
    run = queued_run(store, 2)
    answer = studio.annotate("text 1", "b")
    assert (answer.status_code, answer.json()["status"]) == (201, "ok")
    assert labels(store, run) == {"e1": ("b", "review")}
    assert verdicts(store) == [("label-studio-7", "corrected")]
    with store.reading() as session:
        [review] = all_of(session, Review)
        assert review.seconds == 7.4


def test_an_annotation_that_equals_the_draft_confirms_it(sqlite_store: Store, light: Studio) -> None:
    queued_run(sqlite_store, 1)
    light.annotate("text 0", "a", by={"id": 3, "email": "x@example.org"})
    assert verdicts(sqlite_store) == [("label-studio-3", "confirmed")]


def test_the_same_event_twice_is_one_review(sqlite_store: Store, light: Studio) -> None:
    queued_run(sqlite_store, 1)
    assert [light.annotate("text 0", "b").status_code for _ in range(2)] == [201, 201]
    assert len(verdicts(sqlite_store)) == 1


def test_a_changed_annotation_takes_the_place_of_what_it_was(store: Store, studio: Studio) -> None:
    run = queued_run(store, 2)
    studio.annotate("text 0", "b")
    studio.annotate("text 1", "b", number=6)
    for option in ("c", "b", "c"):
        assert studio.annotate("text 0", option, action="ANNOTATION_UPDATED").status_code == 201
        assert labels(store, run)["e0"] == (option, "review")
    assert labels(store, run)["e1"] == ("b", "review")


def test_an_annotation_that_somebody_else_changes_is_theirs(store: Store, studio: Studio) -> None:
    run = queued_run(store, 1)
    studio.annotate("text 0", "b")
    studio.annotate("text 0", "c", by=8, action="ANNOTATION_UPDATED")
    assert labels(store, run) == {"e0": ("c", "review")}
    assert verdicts(store)[-1] == ("label-studio-8", "corrected")


def test_a_deleted_annotation_is_taken_back_and_its_example_waits_for_people(
    store: Store, studio: Studio, reviewer: Client
) -> None:
    run = queued_run(store, 1)
    studio.annotate("text 0", "b")
    assert studio.delete().json()["result"] == ["took back review 1"]
    assert (places(store, run), labels(store, run)) == ({"queued": 1}, {})
    assert studio.delete().json()["result"] == ["nothing to take back"]
    assert len(reviewer.post("/queue/claim", {"limit": 5})) == 1


def test_a_cancelled_annotation_skips(sqlite_store: Store, light: Studio) -> None:
    run = queued_run(sqlite_store, 1)
    assert light.annotate("text 0", None).status_code == 201
    assert verdicts(sqlite_store) == [("label-studio-7", "skipped")]
    assert places(sqlite_store, run) == {"queued": 1}


def test_a_reviewer_s_token_speaks_for_its_own_user_only(
    web: TestClient, store: Store, studio: Studio
) -> None:
    run = queued_run(store, 2)
    own = Studio(web, store, "reviewer")
    own.annotate("text 0", "b")
    assert verdicts(store) == [("studio-reviewer", "corrected")]
    studio.annotate("text 1", "b", number=6)
    assert own.delete(6).status_code == 404
    assert own.annotate("text 1", "c", number=6, action="ANNOTATION_UPDATED").status_code == 404
    assert labels(store, run) == {"e0": ("b", "review"), "e1": ("b", "review")}


@pytest.mark.parametrize("drafter", [FakeDrafter(sure), None], ids=["accepted", "waiting"])
def test_an_annotation_of_an_example_that_is_not_queued_settles_it(
    store: Store, studio: Studio, drafter: FakeDrafter | None
) -> None:
    run = make_run(store, 1)
    if drafter:
        work_off(store, run, drafter)
    assert studio.annotate("text 0", "c").status_code == 201
    assert labels(store, run) == {"e0": ("c", "review")}
    work_off(store, run, FakeDrafter(sure))
    assert labels(store, run) == {"e0": ("c", "review")}


def test_what_people_or_gold_have_settled_is_not_overruled(
    store: Store, studio: Studio, reviewer: Client
) -> None:
    run = make_run(store, [{"id": "g", "text": "gold", "gold": "a"}, {"id": "e", "text": "x"}])
    work_off(store, run, FakeDrafter(lambda content: ("a", 0.99 if content["text"] == "gold" else 0.1)))
    [work] = reviewer.post("/queue/claim", {"limit": 5})
    assert studio.annotate("x", "b").status_code == 409
    reviewer.post(f"/queue/{work['slot_id']}/submit", {"label": {"topic": "c"}, "client_token": "token-01"})
    for text in ("x", "gold"):
        assert studio.annotate(text, "b").status_code == 409
    assert labels(store, run) == {"g": ("a", "gold"), "e": ("c", "review")}


def test_an_annotation_that_is_no_label_is_refused_and_the_example_stays_queued(
    sqlite_store: Store, light: Studio
) -> None:
    run = queued_run(sqlite_store, 1)
    answer = light.annotate("text 0", "no such")
    assert (answer.status_code, answer.json()["error"]) == (422, "LabelError")
    assert reasons(sqlite_store, run) == {"e0": "low_confidence"}
    assert verdicts(sqlite_store) == []


@pytest.mark.parametrize(("said", "kept"), [(10**400, 86_400.0), (-3, 0.0), ("7", 0.0), (True, 0.0)])
def test_a_time_that_nobody_can_have_taken_is_bounded(
    sqlite_store: Store, light: Studio, queued: int, said: Any, kept: float
) -> None:
    annotation = {"id": 5, "lead_time": said, "was_cancelled": True}
    body = {
        "action": "ANNOTATION_CREATED",
        "project": {"id": 1},
        "task": task("text 0"),
        "annotation": annotation,
    }
    assert light.post("webhook", body).status_code == 201
    with sqlite_store.reading() as session:
        assert [review.seconds for review in all_of(session, Review)] == [kept]
