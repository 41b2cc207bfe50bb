"""Webhooks from the command line, against a real worker: added, tried, looked at, sent again, removed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.receiver import Receiver
from tests.running import Running, running
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home: Path = tmp_path_factory.mktemp("cli") / "home"
    with running(home, workers=1, sweep_seconds=0.2, webhook_private=True) as started:
        started.client.define_project("hooked", {"fields": {"topic": ["a", "b"]}})
        yield started


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.close()


def test_a_webhook_is_added_tried_looked_at_sent_again_and_removed(run_cli: Cli, receiver: Receiver) -> None:
    added = run_cli("webhook", "add", receiver.url, "--event", "alarm")
    assert added.exit_code == 0, added.output
    assert added.stdout.startswith("whsec_")
    [hook] = map(json.loads, run_cli("webhook", "list", "--json").stdout.splitlines())
    assert (hook["url"], hook["events"], "secret" in hook) == (receiver.url, ["alarm"], False)
    number = str(hook["id"])
    sent = json.loads(run_cli("webhook", "test", number, "--json").stdout)
    wait_until(lambda: len(receiver.got) >= 1)
    assert receiver.bodies("webhook.test") == [{"project": "hooked", "webhook_id": hook["id"]}]
    assert run_cli("webhook", "resend", number, str(sent["id"])).exit_code == 0
    wait_until(lambda: len(receiver.got) >= 2)
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    [entry] = map(json.loads, run_cli("webhook", "log", number, "--json").stdout.splitlines())
    assert entry["event"] == "webhook.test"
    assert "webhook.test" in run_cli("webhook", "log", number).stdout
    assert run_cli("webhook", "remove", number).exit_code == 0
    assert run_cli("webhook", "list", "--json").stdout == ""


def test_without_an_event_all_of_them_are_sent(run_cli: Cli) -> None:
    made = json.loads(run_cli("webhook", "add", "http://127.0.0.1:9/x", "--json").stdout)
    assert made["events"] == ["alarm", "label.settled", "run.finished"]
    assert made["secret"].startswith("whsec_")
