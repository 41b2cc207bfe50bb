"""Webhooks are told of every event once it is so, signed, gathered, and for about a day where nobody answers."""

import json
import threading
import time

import pytest
from sqlmodel import select

from prelabel import errors, runs
from prelabel.events import webhook_sending, webhooks
from prelabel.models import Delivery, Label, Placement, UnsentLabel, Webhook, now
from prelabel.routing import place
from prelabel_worker.courier import Courier
from tests.api.hooks import BOTH, SETTINGS, Site, answer, drafted
from tests.factories import FakeDrafter, make_run, queue_up, sure, work_off
from tests.receiver import Receiver


def test_a_run_is_drafted_and_the_webhook_is_told_of_its_labels_together_and_of_its_end(
    site: Site, receiver: Receiver
) -> None:
    site.hook(receiver.url)
    run_id = drafted(site.store, 25)
    site.courier.round()
    assert receiver.told() == sorted((f"e{number}", "a", "auto") for number in range(25))
    assert len(receiver.bodies("label.settled")) == 1
    places = {"waiting": 0, "drafted": 0, "queued": 0, "settled": 25, "failed": 0}
    assert receiver.bodies("run.finished") == [
        {"project": "p", "dataset": "d0", "run_id": run_id, "places": places}
    ]
    site.courier.round()
    assert len(receiver.got) == 2


def test_many_labels_are_few_messages(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_LABELS", 10)
    site.hook(receiver.url, ["label.settled"])
    drafted(site.store, 25)
    site.courier.round()
    assert sorted(len(data["labels"]) for data in receiver.bodies("label.settled")) == [5, 10, 10]
    assert len(set(receiver.told())) == 25


def test_what_people_settle_is_told_with_their_label(site: Site, receiver: Receiver) -> None:
    site.hook(receiver.url, ["label.settled"])
    queue_up(site.store, 1)
    answer(site)
    site.courier.round()
    assert receiver.told() == [("e0", "b", "review")]


def test_a_label_that_was_taken_back_before_it_was_sent_is_not_told(site: Site, receiver: Receiver) -> None:
    site.hook(receiver.url, ["label.settled"])
    queue_up(site.store, 1)
    answer(site)
    site.reviewer.post("/queue/undo", {"client_token": "take-it-back"})
    site.courier.round()
    assert receiver.told() == []
    with site.store.reading() as session:
        assert session.exec(select(UnsentLabel)).all() == []


def test_a_label_that_a_change_of_the_schema_gives_is_told(site: Site, receiver: Receiver) -> None:
    drafted(site.store, 2)
    site.hook(receiver.url, ["label.settled"])
    schema = {"fields": {"topic": ["x", "b", "c"]}}
    mapping = {"options": {"topic": {"a": "x"}}}
    site.lead.put("/projects/p/schema", {"schema": schema, "mapping": mapping})
    site.courier.round()
    assert receiver.told() == [("e0", "x", "auto"), ("e1", "x", "auto")]


def test_what_is_rolled_back_is_not_told(light_site: Site, receiver: Receiver) -> None:
    light_site.hook(receiver.url, ["label.settled"])
    run_id = queue_up(light_site.store, 1)

    def settled_and_lost() -> None:
        with light_site.store.writing() as session:
            label = Label(
                run_id=run_id, example_id=1, value={"topic": "b"}, source="review", schema_version_id=1
            )
            place.settle(session, session.get_one(Placement, 1), label)
            assert len(session.exec(select(UnsentLabel)).all()) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        settled_and_lost()
    light_site.courier.round()
    assert receiver.got == []


@pytest.mark.parametrize("status", [500, 429, 404, 302])
def test_a_message_that_is_not_taken_is_sent_again_later_with_the_same_id(
    light_site: Site, receiver: Receiver, status: int
) -> None:
    hook = light_site.hook(receiver.url, ["run.finished"])
    drafted(light_site.store, 1)
    receiver.status = status
    light_site.courier.round()
    light_site.courier.round()  # not yet
    [delivery] = light_site.deliveries(hook)
    assert (delivery["attempts"], delivery["status"], delivery["delivered_at"]) == (1, status, None)
    assert delivery["note"] == f"127.0.0.1 answered {status}"
    receiver.status = 200
    light_site.pass_time()
    light_site.courier.round()
    [delivery] = light_site.deliveries(hook)
    assert (delivery["attempts"], delivery["note"], delivery["due_at"]) == (2, "", None)
    assert delivery["delivered_at"]
    assert len(receiver.got) == 2
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_a_message_that_nobody_takes_is_given_up_after_about_a_day(site: Site, receiver: Receiver) -> None:
    receiver.status = 503
    hook = site.hook(receiver.url, ["run.finished"])
    drafted(site.store, 1)
    waits = []
    for _ in range(20):
        before = now()
        site.courier.round()
        with site.store.reading() as session:
            due = session.exec(select(Delivery.due_at)).one()
        if due is None:
            break
        waits.append(round((due - before).total_seconds()))
        site.pass_time()
    assert waits == sorted(waits), waits
    assert 20 <= sum(waits) / 3600 <= 28
    [delivery] = site.deliveries(hook)
    assert (delivery["attempts"], delivery["delivered_at"], delivery["status"]) == (11, None, 503)
    receiver.status = 200
    site.lead.post(f"/projects/p/webhooks/{hook['id']}/deliveries/{delivery['id']}/resend")
    site.courier.round()
    assert site.deliveries(hook)[0]["delivered_at"]


def test_nobody_there_is_a_note_and_a_later_attempt(light_site: Site, receiver: Receiver) -> None:
    receiver.close()
    hook = light_site.hook(receiver.url, ["run.finished"])
    drafted(light_site.store, 1)
    light_site.courier.round()
    [delivery] = light_site.deliveries(hook)
    assert (delivery["attempts"], delivery["status"]) == (1, None)
    assert "refused" in delivery["note"]


def test_an_answer_that_never_ends_is_no_answer(
    light_site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_sending, "SECONDS", 0.3)
    receiver.is_dribbling = True
    hook = light_site.hook(receiver.url, ["run.finished"])
    drafted(light_site.store, 1)
    before = time.monotonic()
    light_site.courier.round()
    assert time.monotonic() - before < 3
    [delivery] = light_site.deliveries(hook)
    assert (delivery["status"], delivery["note"]) == (None, "127.0.0.1: no answer in 0.3 s")


def test_what_arrived_can_be_sent_again(light_site: Site, receiver: Receiver) -> None:
    hook = light_site.hook(receiver.url, ["run.finished"])
    drafted(light_site.store, 1)
    light_site.courier.round()
    [delivery] = light_site.deliveries(hook)
    light_site.lead.post(f"/projects/p/webhooks/{hook['id']}/deliveries/{delivery['id']}/resend")
    light_site.courier.round()
    (first, body), (second, again) = receiver.got
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    with pytest.raises(errors.NotFound):
        light_site.lead.post(f"/projects/p/webhooks/{hook['id']}/deliveries/999/resend")


def test_several_workers_send_nothing_twice(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_LABELS", 2)
    receiver.delay = 0.02
    site.hook(receiver.url)
    drafted(site.store, 30)
    crew = [threading.Thread(target=Courier(site.store, SETTINGS).round) for _ in range(3)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(ids) == len(set(ids))
    assert len(receiver.told()) == 30
    assert len(set(receiver.told())) == 30
    assert len(receiver.bodies("run.finished")) == 1


def test_what_a_worker_died_over_is_sent_by_another(site: Site, receiver: Receiver) -> None:
    site.hook(receiver.url, ["run.finished"])
    drafted(site.store, 1)
    webhooks.write_down(site.store)
    taken = webhooks.take(site.store)
    assert taken is not None
    site.courier.round()
    assert receiver.got == []
    site.pass_time()
    site.courier.round()
    assert len(receiver.got) == 1
    webhooks.record(site.store, taken, 500, "too late")
    with site.store.reading() as session:
        assert session.exec(select(Delivery.delivered_at)).one() is not None


def test_a_webhook_that_is_removed_gets_nothing_more(site: Site, receiver: Receiver) -> None:
    hook = site.hook(receiver.url)
    drafted(site.store, 2)
    site.lead.delete(f"/projects/p/webhooks/{hook['id']}")
    drafted(site.store, 2)
    site.courier.round()
    assert receiver.got == []
    assert site.lead.get("/projects/p/webhooks")["items"] == []
    with pytest.raises(errors.NotFound):
        site.deliveries(hook)


def test_a_webhook_is_told_of_its_own_project_and_of_what_it_asked_for(
    light_site: Site, receiver: Receiver
) -> None:
    light_site.lead.define_project("q", {"fields": {"topic": ["a", "b"]}})
    light_site.lead.post("/projects/q/webhooks", {"url": receiver.url, "events": BOTH})
    hook = light_site.hook(receiver.url, ["run.finished"])
    drafted(light_site.store, 1)
    light_site.courier.round()
    assert [json.loads(body)["type"] for _, body in receiver.got] == ["run.finished"]
    with pytest.raises(errors.NotFound):
        light_site.lead.get(f"/projects/q/webhooks/{hook['id']}/deliveries")


def test_the_end_of_drafting_is_told_when_it_comes_and_again_when_more_was_drafted(
    site: Site, receiver: Receiver
) -> None:
    drafted(site.store, 1)
    site.courier.round()  # over before anybody asked
    site.hook(receiver.url, ["run.finished"])
    run_id = make_run(site.store, 2)
    site.courier.round()
    assert receiver.got == []
    work_off(site.store, run_id, FakeDrafter(sure))
    site.courier.round()
    assert [data["run_id"] for data in receiver.bodies("run.finished")] == [run_id]
    site.lead._send("POST", "/projects/p/datasets/d1/examples", content=b'{"text": "more"}\n')
    with site.store.writing() as session:
        place.fill(session, runs.get(session, run_id))
    site.courier.round()
    assert len(receiver.got) == 1
    work_off(site.store, run_id, FakeDrafter(sure))
    site.courier.round()
    assert [data["places"]["settled"] for data in receiver.bodies("run.finished")] == [2, 3]


def test_events_that_there_are_not_are_refused(light_site: Site, receiver: Receiver) -> None:
    with pytest.raises(errors.InputError):
        light_site.hook(receiver.url, ["everything"])
    with light_site.store.reading() as session:
        assert session.exec(select(Webhook)).all() == []


def test_deliveries_are_listed_newest_first_page_by_page(light_site: Site, receiver: Receiver) -> None:
    hook = light_site.hook(receiver.url, ["run.finished"])
    for _ in range(3):
        drafted(light_site.store, 1)
        light_site.courier.round()
    path = f"/projects/p/webhooks/{hook['id']}/deliveries"
    listed = [json.loads(one["body"])["data"]["run_id"] for one in light_site.lead.items(path, limit=1)]
    assert listed == [3, 2, 1]
