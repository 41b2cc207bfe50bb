"""Alerts and dashboard: valid, tried on figures, and about figures that there are."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from prelabel import runs
from prelabel.events import alarms
from prelabel.operations import gauges, metrics
from prelabel.store import Store
from tests.conftest import skip_at_home
from tests.factories import make_run

FOLDER = Path(__file__).parents[2] / "monitoring"
ALERTS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana/dashboards/prelabel.json").read_text())
OPERATIONS = (FOLDER.parent / "docs/operations.md").read_text()
OF_PROMETHEUS = {"job", "instance", "le"}
ENDINGS = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "info": ("_info",)}


@pytest.fixture(scope="session")
def promtool() -> str:
    """Path of the program that checks rules."""
    if found := shutil.which("promtool"):
        return found
    skip_at_home("promtool is not installed: on Debian or Ubuntu apt install prometheus")
    raise AssertionError


@pytest.fixture
def exported(sqlite_store: Store) -> dict[str, set[str]]:
    """The labels of each series that a process can export, by its name."""
    registry = CollectorRegistry()
    gauges.add(registry, sqlite_store)
    run_id = make_run(sqlite_store, 1)
    with sqlite_store.writing() as session:
        alarms.raise_(session, runs.get(session, run_id), "drift", "worse")
    counted: list[Any] = [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]
    labels = {one.describe()[0].name: set(one._labelnames) for one in counted}  # it is told nowhere else
    return {
        family.name + ending: labels.get(family.name)
        or {label for one in family.samples for label in one.labels}
        for family in [*metrics.REGISTRY.collect(), *registry.collect()]
        for ending in ENDINGS.get(family.type, ("",))
    }


def expressions() -> list[str]:
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    return [*(rule["expr"] for rule in ALERTS), *asked]


def test_the_alerts_are_rules_and_fire_when_they_should(promtool: str) -> None:
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        ran = subprocess.run([promtool, *command], cwd=FOLDER, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_prometheus_takes_its_configuration(promtool: str, tmp_path: Path) -> None:
    text = (FOLDER / "prometheus.yml").read_text()
    (tmp_path / "prometheus.yml").write_text(text.replace("/etc/prometheus", str(FOLDER)))
    command = [promtool, "check", "config", str(tmp_path / "prometheus.yml")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_each_alert_is_tried_both_ways_and_says_what_it_is() -> None:
    tried = (FOLDER / "alerts_test.yml").read_text()
    for rule in ALERTS:
        assert {f"{rule['alert']} fires", f"{rule['alert']} is quiet"} <= set(
            re.findall(r"- name: (.+)", tried)
        )
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")


def test_every_figure_that_is_asked_for_is_exported(exported: dict[str, set[str]]) -> None:
    names = {
        name
        for expression in expressions()
        for name in re.findall(r"\b((?:prelabel|process)_[a-z_]+)", expression)
    }
    assert len(names) > 20
    assert names <= exported.keys()


def test_every_label_that_is_asked_for_is_one_that_the_figure_has(exported: dict[str, set[str]]) -> None:
    asked = 0
    for expression in expressions():
        names = set(re.findall(r"\b(?:prelabel|process)_[a-z_]+", expression))
        grouped = [name for by in re.findall(r"\bby \(([^)]+)\)", expression) for name in by.split(", ")]
        labels = {*grouped, *re.findall(r"\b(\w+)=~?\"", expression)}
        asked += len(labels)
        assert labels <= OF_PROMETHEUS.union(*(exported[name] for name in names)), expression
    assert asked > 30


def test_the_dashboard_reads_the_source_that_is_provisioned() -> None:
    sources = yaml.safe_load((FOLDER / "grafana/provisioning/datasources/prelabel.yml").read_text())
    uid = sources["datasources"][0]["uid"]
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {uid}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@pytest.mark.parametrize("name", [rule["alert"] for rule in ALERTS])
def test_operations_say_what_to_do_for_each_alert(name: str) -> None:
    assert re.search(rf"^\| `{name}` \| .+ \|$", OPERATIONS, re.MULTILINE)
