"""`prelabel doctor`: each fault that is planted is found, with its remedy, and a sound installation has none."""

import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from prelabel import projects, runs
from prelabel.cli.commands import app
from prelabel.doctor import Finding, Patient, examine
from prelabel.models import Webhook, now
from prelabel.settings import Settings
from prelabel.store import Store
from tests.factories import make_run

PRICED = "openai/gpt-4o-mini"
KEY = {"OPENAI_API_KEY": "sk-a-key-that-is-never-shown"}


def sound(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """An installation that has what it needs, with a run at work."""
    (folder / "index.html").write_text("<html>")
    monkeypatch.setenv("OPENAI_API_KEY", KEY["OPENAI_API_KEY"])
    used = Settings(home=folder / "home", database_url=store.url, url="http://127.0.0.1:1")
    used.home.mkdir()
    make_run(store, 2, cap=Decimal(5), model=PRICED)
    with store.writing() as session:
        runs.beat(session, "a-worker")
    return Patient(used, KEY, free_bytes=lambda _: 1 << 40, page=folder / "index.html")


@pytest.fixture
def patient(sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    made = sound(sqlite_store, tmp_path, monkeypatch)
    yield made
    made.store.close()


@pytest.fixture
def team(postgres_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    """One on PostgreSQL."""
    made = sound(postgres_store, tmp_path, monkeypatch)
    yield made
    made.store.close()


def amiss(patient: Patient, **changed: Any) -> dict[str, Finding]:
    """What is not well, by what it is about; `changed` are settings."""
    with_them = replace(patient, settings=patient.settings.model_copy(update=changed))
    found = {finding.about: finding for finding in examine(with_them) if finding.state != "ok"}
    with_them.store.close()
    assert all(finding.remedy for finding in found.values())
    found.pop("api", None)  # none runs here
    return found


def test_a_sound_installation_has_no_fault_and_no_key_is_shown(patient: Patient) -> None:
    found = examine(patient)
    assert [finding for finding in found if finding.state == "fault"] == []
    assert {"OPENAI_API_KEY" in finding.says for finding in found if finding.about == "keys"} == {True, False}
    assert KEY["OPENAI_API_KEY"] not in str(found)


def test_it_says_whether_traces_can_be_sent(patient: Patient) -> None:
    variable = "OTEL_EXPORTER_OTLP_ENDPOINT"
    nobody = amiss(replace(patient, environment=KEY | {variable: "http://user:secret@127.0.0.1:1/path"}))
    assert "nothing answers at http://127.0.0.1:1:" in nobody["traces"].says
    assert "secret" not in str(nobody)
    other = KEY | {variable: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert "http/protobuf only" in amiss(replace(patient, environment=other))["traces"].says
    assert "traces" not in amiss(patient)


def test_a_misspelled_setting_is_told_with_the_right_one(patient: Patient) -> None:
    found = amiss(replace(patient, environment=KEY | {"PRELABEL_CONCURENCY": "4"}))
    assert "PRELABEL_CONCURRENCY" in found["settings"].remedy


def test_a_home_that_is_no_folder_is_found(patient: Patient, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "PRELABEL_HOME" in amiss(patient, home=tmp_path / "file" / "home")["home"].remedy


def test_secrets_that_others_can_read_are_found(patient: Patient) -> None:
    (patient.settings.home / "token").write_text("pl_secret")
    os.chmod(patient.settings.home / "token", 0o644)
    assert amiss(patient)["home"].remedy == f"chmod 600 {patient.settings.home / 'token'}"


@pytest.mark.parametrize(("gib", "state"), [(0.5, "fault"), (3, "warning")])
def test_a_disk_that_is_nearly_full_is_found(patient: Patient, gib: float, state: str) -> None:
    found = amiss(replace(patient, free_bytes=lambda _: int(gib * (1 << 30))))
    assert found["disk"].state == state


def test_a_page_that_was_not_built_is_found(patient: Patient, tmp_path: Path) -> None:
    assert "make page" in amiss(replace(patient, page=tmp_path / "none.html"))["page"].remedy


def test_an_api_that_is_open_to_a_network_without_tls_is_found(patient: Patient) -> None:
    assert "PRELABEL_SECURE_COOKIES" in amiss(patient, host="0.0.0.0")["network"].remedy
    assert "PRELABEL_METRICS_TOKEN" in amiss(patient, metrics_port=9464, metrics_host="::")["network"].remedy


def test_a_broker_that_does_not_answer_is_found_without_its_password(patient: Patient) -> None:
    found = amiss(patient, broker_url="redis://:hunter2@127.0.0.1:1/0")["broker"]
    assert "start Redis" in found.remedy
    assert "hunter2" not in found.says


def test_a_database_that_does_not_answer_is_found_without_its_password(patient: Patient) -> None:
    url = "postgresql+psycopg://prelabel:hunter2@127.0.0.1:1/prelabel"
    found = amiss(patient, database_url=url)
    assert "PRELABEL_DATABASE_URL" in found["database"].remedy
    assert "hunter2" not in str(found)
    assert "workers" not in found


def test_a_database_of_another_version_is_found(patient: Patient) -> None:
    with patient.store.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    found = amiss(patient)
    with patient.store.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert "up to date" in found["database"].remedy


def test_a_database_that_does_not_exist_yet_is_found_and_not_made(patient: Patient, tmp_path: Path) -> None:
    found = amiss(patient, database_url=f"sqlite:///{tmp_path / 'none.db'}")
    assert "does not exist" in found["database"].says
    assert not (tmp_path / "none.db").exists()


def test_a_database_that_takes_nothing_is_found(team: Patient) -> None:
    url = f"{team.store.url}?options=-cdefault_transaction_read_only%3Don"
    assert "takes nothing" in amiss(team, database_url=url)["database"].says


def test_a_clock_that_is_not_the_databases_is_found(team: Patient) -> None:
    found = amiss(replace(team, clock=lambda: now() + timedelta(seconds=40)))["clock"]
    assert re.search(r"4\d s ahead", found.says)
    assert "NTP" in found.remedy


def test_a_clock_that_is_not_the_apis_is_found(patient: Patient) -> None:
    class Late(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(now() - timedelta(seconds=90), usegmt=True)

    with HTTPServer(("127.0.0.1", 0), Late) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        found = amiss(patient, url=f"http://127.0.0.1:{server.server_port}")
    assert re.search(r"9\d s ahead of that of the API", found["clock"].says)


def test_that_no_worker_lives_is_found(patient: Patient) -> None:
    with patient.store.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM worker")
    assert "start prelabel-worker" in amiss(patient)["workers"].remedy


def test_a_key_that_an_active_run_needs_is_found(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    found = amiss(replace(patient, environment={}))["keys"]
    assert "OPENAI_API_KEY" in found.says
    assert "run 1" in found.says


def test_a_price_that_is_not_known_and_a_cap_that_is_not_set_are_found(patient: Patient) -> None:
    make_run(patient.store, 1, model="openai/a-model-of-ours")
    found = amiss(patient)
    assert 'PRELABEL_PRICES=\'{"openai/a-model-of-ours"' in found["prices"].remedy
    assert found["caps"].remedy == "prelabel cap DOLLARS --project p"


def test_webhooks_without_a_common_key_are_found(team: Patient) -> None:
    with team.store.writing() as session:
        project_id = projects.find(session, "p").id or 0
        session.add(Webhook(project_id=project_id, url="http://h/", events=[], salt="", digest=""))
    assert "PRELABEL_WEBHOOK_KEY" in amiss(team)["webhooks"].remedy
    assert "webhooks" not in amiss(team, webhook_key=SecretStr("the same everywhere"))


def test_settings_that_cannot_be_read_are_told_without_their_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRELABEL_PORT", "hunter2")
    ran = CliRunner().invoke(app, ["doctor", "--json"])
    assert ran.exit_code == 1
    [found] = map(json.loads, ran.stdout.splitlines())
    assert "PRELABEL_PORT" in found["says"]
    assert "hunter2" not in ran.stdout


def test_the_command_shows_each_finding_with_its_remedy_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PRELABEL_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    ran = CliRunner().invoke(app, ["doctor"])
    assert ran.exit_code == 1
    assert "does not exist yet" in ran.stdout
    assert "start the API or a worker" in ran.stdout
