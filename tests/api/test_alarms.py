"""Alarms tell leads what to look at, once, until somebody says that they have seen it; reviewers learn nothing of them."""

from decimal import Decimal

import pytest

from prelabel import errors, runs
from prelabel.errors import StoppingError
from prelabel.events import alarms, webhooks
from tests.api.hooks import Site, drafted
from tests.factories import FakeDrafter, make_run, sure, work_off
from tests.receiver import Receiver


def raised(site: Site, run_id: int) -> list[str]:
    return [one["kind"] for one in site.lead.items(f"/runs/{run_id}/alarms")]


def open_ones(site: Site, run_id: int) -> list[int]:
    return [one["id"] for one in site.lead.get(f"/runs/{run_id}/progress")["alarms"]]


def sound(site: Site, run_id: int, text: str = "look") -> int:
    with site.store.writing() as session:
        return alarms.raise_(session, runs.get(session, run_id), "drift", text, audits=7).id or 0


def give_up(site: Site) -> None:
    for _ in range(len(webhooks.WAITS) + 1):
        site.pass_time()
        site.courier.round()


def test_a_run_that_errors_pause_raises_the_alarm_once_and_a_lead_s_own_pause_none(site: Site) -> None:
    run_id = make_run(site.store, 5)
    site.lead.post(f"/runs/{run_id}/pause")
    assert raised(site, run_id) == []
    site.lead.post(f"/runs/{run_id}/resume", {})
    work_off(site.store, run_id, FakeDrafter(lambda _: StoppingError("the key is refused")))
    [alarm] = site.lead.get(f"/runs/{run_id}/alarms")["items"]
    assert (alarm["kind"], "the key is refused" in alarm["text"]) == ("errors", True)
    with site.store.writing() as session:  # another worker that fails a moment later
        runs.pause_for_errors(session, runs.get(session, run_id), "the key is refused")
    assert raised(site, run_id) == ["errors"]


def test_a_run_that_stops_at_its_cap_raises_the_alarm(site: Site) -> None:
    run_id = make_run(site.store, 30, cap=Decimal("0.125"))
    work_off(site.store, run_id, FakeDrafter(sure))
    [alarm] = site.lead.get(f"/runs/{run_id}/alarms")["items"]
    assert (alarm["kind"], alarm["details"]) == ("cap", {"cap": "0.125"})


def test_an_alarm_is_open_until_one_lead_acknowledges_it(site: Site) -> None:
    run_id = make_run(site.store, 1)
    first, second = sound(site, run_id), sound(site, run_id)
    assert open_ones(site, run_id) == [second, first]
    seen = site.lead.post(f"/runs/{run_id}/alarms/{first}/acknowledge")
    assert (seen["acknowledged_by"], seen["acknowledged_at"] is None) == ("a-lead", False)
    assert open_ones(site, run_id) == [second]
    with pytest.raises(errors.Conflict, match="acknowledged by a-lead already"):
        site.lead.post(f"/runs/{run_id}/alarms/{first}/acknowledge")
    assert [one["id"] for one in site.lead.items(f"/runs/{run_id}/alarms", limit=1)] == [second, first]


def test_an_alarm_is_acknowledged_only_in_its_own_run(site: Site) -> None:
    mine, other = make_run(site.store, 1), make_run(site.store, 1)
    alarm = sound(site, mine)
    with pytest.raises(errors.NotFound, match=f"run {other} has no alarm {alarm}"):
        site.lead.post(f"/runs/{other}/alarms/{alarm}/acknowledge")
    assert open_ones(site, mine) == [alarm]


def test_reviewers_learn_nothing_of_alarms(light_site: Site) -> None:
    run_id = make_run(light_site.store, 1)
    sound(light_site, run_id, "the audits say so")
    assert "audits" not in str(light_site.reviewer.get(f"/runs/{run_id}/progress"))
    with pytest.raises(errors.NotAllowed):
        light_site.reviewer.get(f"/runs/{run_id}/alarms")


def test_a_webhook_is_told_of_an_alarm_if_it_wants_to_be(site: Site, receiver: Receiver) -> None:
    site.hook(receiver.url, ["run.finished"])
    run_id = make_run(site.store, 1)
    sound(site, run_id)
    site.courier.round()
    assert receiver.got == []
    site.hook(receiver.url, ["alarm"])
    alarm = sound(site, run_id, "worse")
    site.courier.round()
    assert receiver.bodies("alarm") == [
        {
            "project": "p", "dataset": "d0", "run_id": run_id, "alarm_id": alarm,
            "kind": "drift", "text": "worse", "details": {"audits": 7},
        }
    ]  # fmt: skip


def test_an_alarm_whose_transaction_fails_is_neither_kept_nor_told(site: Site, receiver: Receiver) -> None:
    site.hook(receiver.url, ["alarm"])
    run_id = make_run(site.store, 1)
    with site.store.writing() as session:
        alarms.raise_(session, runs.get(session, run_id), "drift", "worse")
        session.rollback()
    site.courier.round()
    assert (raised(site, run_id), receiver.got) == ([], [])


def test_a_webhook_given_up_raises_one_alarm_and_its_own_silence_no_more_of_them(
    light_site: Site, receiver: Receiver
) -> None:
    receiver.status = 503
    hook = light_site.hook(receiver.url, ["alarm", "label.settled", "run.finished"])
    run_id = drafted(light_site.store, 2)
    for _ in range(3):
        give_up(light_site)
    [alarm] = light_site.lead.get(f"/runs/{run_id}/alarms")["items"]
    assert (alarm["kind"], alarm["details"]["webhook"]) == ("webhook", hook["id"])
    assert "/hook" not in alarm["text"]  # a path may be a secret
    assert all(one["due_at"] is None for one in light_site.deliveries(hook))
    light_site.lead.post(f"/runs/{run_id}/alarms/{alarm['id']}/acknowledge")
    light_site.lead.post(
        f"/projects/p/webhooks/{hook['id']}/deliveries/{alarm['details']['delivery']}/resend"
    )
    give_up(light_site)
    assert raised(light_site, run_id) == ["webhook", "webhook"]


def test_a_webhook_is_tried_when_a_lead_asks_whatever_it_is_registered_for(
    light_site: Site, receiver: Receiver
) -> None:
    hook = light_site.hook(receiver.url, ["run.finished"])
    light_site.lead.post(f"/projects/p/webhooks/{hook['id']}/test")
    light_site.courier.round()
    assert receiver.bodies("webhook.test") == [{"project": "p", "webhook_id": hook["id"]}]
    receiver.status = 500
    light_site.lead.post(f"/projects/p/webhooks/{hook['id']}/test")
    give_up(light_site)
    assert [one["attempts"] for one in light_site.deliveries(hook)] == [11, 1]
