"""`prelabel watch` follows a run to its end."""

import io
import json

import pytest

from prelabel import errors
from tests.cli.conftest import Cli
from tests.running import Running


def drafted(service: Running, name: str, count: int) -> int:
    rows = "".join(
        json.dumps({"text": f"t{at}", "drafts": [{"model": "m", "label": "a", "confidence": 0.95}]}) + "\n"
        for at in range(count)
    )
    lead = service.client
    lead.define_project(name, {"fields": {"topic": ["a", "b"]}})
    lead.bring_in(name, "d", io.BytesIO(rows.encode()))
    return int(lead.start_run(name, "d", model="given")["id"])


def test_each_change_is_a_line_and_the_end_ends_it(run_cli: Cli, service: Running) -> None:
    run = drafted(service, "lines", 50)
    shown = run_cli("watch", str(run), "--json")
    assert shown.exit_code == 0, shown.output
    states = [json.loads(line) for line in shown.output.splitlines()]
    assert states[-1]["stage"] == "done"
    assert states[-1]["places"]["settled"] == 50
    assert len({json.dumps(state) for state in states}) == len(states)


def test_it_shows_places_and_money(run_cli: Cli, service: Running) -> None:
    run = drafted(service, "shown", 5)
    shown = run_cli("watch", str(run)).output
    assert f"run {run}: done" in shown
    assert "5 settled" in shown


def test_a_run_that_is_not_there_is_said_so(run_cli: Cli) -> None:
    with pytest.raises(errors.NotFound, match="there is no run 9999"):
        raise run_cli("watch", "9999").exception or AssertionError
