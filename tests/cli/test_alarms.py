"""Alarms from the command line: shown with the run until somebody acknowledges them."""

import io
import json

from prelabel import runs
from prelabel.events import alarms
from prelabel.store import Store
from tests.cli.conftest import Cli
from tests.running import Running


def test_an_alarm_is_shown_listed_and_acknowledged(run_cli: Cli, service: Running) -> None:
    lead = service.client
    lead.define_project("alarmed", {"fields": {"topic": ["a", "b"]}})
    lead.bring_in("alarmed", "d", io.BytesIO(b'{"text": "t"}\n'))
    run = lead.start_run("alarmed", "d", model="student")["id"]
    store = Store(f"sqlite:///{service.home}/prelabel.db")
    with store.writing() as session:
        alarm = alarms.raise_(session, runs.get(session, run), "drift", "drafts [have] become worse").id
    store.close()
    shown = f"alarm {alarm}: drafts [have] become worse"
    assert shown in run_cli("status", str(run), "--no-follow").output
    [listed] = map(json.loads, run_cli("alarms", "list", str(run), "--json").output.splitlines())
    assert (listed["id"], listed["acknowledged_at"]) == (alarm, None)
    assert "nobody yet" in run_cli("alarms", "list", str(run)).output
    assert run_cli("alarms", "acknowledge", str(alarm), "--run", str(run)).exit_code == 0
    assert shown not in run_cli("status", str(run), "--no-follow").output
    assert "admin" in run_cli("alarms", "list", str(run)).output
