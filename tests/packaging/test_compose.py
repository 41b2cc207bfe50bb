"""docker-compose.yml and Dockerfile, as far as they can be judged without an engine."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from prelabel.settings import Settings

CLONE = Path(__file__).parents[2]
COMPOSE_FILE = CLONE / "docker-compose.yml"
TEXT = COMPOSE_FILE.read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (CLONE / "Dockerfile").read_text().replace("\\\n", " ")
SECRET = re.compile(r"PASSWORD|TOKEN|SECRET|KEY")

each_service = pytest.mark.parametrize("name", SERVICES)


def test_the_file_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run([*command, str(COMPOSE_FILE)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_there_are_an_api_a_worker_and_what_they_need() -> None:
    assert {name for name in SERVICES if "profiles" not in SERVICES[name]} == {
        "api",
        "worker",
        "redis",
        "postgres",
    }


@each_service
def test_a_service_waits_until_what_it_needs_is_healthy(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        assert how["condition"] == "service_healthy"
        assert "healthcheck" in SERVICES[needed]


@each_service
def test_a_service_tells_its_health_and_comes_back_by_itself(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


@each_service
def test_a_service_can_be_scaled_and_names_the_version_of_its_image(name: str) -> None:
    assert "container_name" not in SERVICES[name]
    assert re.fullmatch(r"([a-z]+/)?[a-z]+:v?\d+(\.\d+)*(-[a-z]+)?", SERVICES[name]["image"])


@pytest.mark.parametrize("part", ["volumes", "networks"])
def test_volumes_and_networks_that_are_used_are_those_that_are_declared(part: str) -> None:
    used = {entry.split(":")[0] for service in SERVICES.values() for entry in service.get(part, [])}
    files = {name for name in used if name.startswith("./")}
    assert used - files == set(COMPOSE[part])
    assert all((CLONE / name).exists() for name in files)


@pytest.mark.parametrize("name", ["api", "worker"])
def test_our_containers_can_write_nothing_but_memory_and_gain_no_rights(name: str) -> None:
    assert SERVICES[name]["read_only"]
    assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_ports_are_open_to_this_machine_only_unless_said_otherwise() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(re.match(r"\$\{(PRELABEL|GRAFANA)_BIND:-127\.0\.0\.1\}:", port) for port in ports)


def test_database_and_broker_cannot_be_reached_from_outside() -> None:
    assert COMPOSE["networks"]["inside"]["internal"]
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["inside"]


def test_no_secret_stands_in_the_file() -> None:
    environment = [
        setting for service in SERVICES.values() for setting in service.get("environment", {}).items()
    ]
    for name, value in environment:
        assert not SECRET.search(name) or value is None or value.startswith("${"), name
    assert not re.search(r"://[^\s:/]+:(?!\$\{)[^\s/]*@", TEXT)


def test_no_secret_stands_in_the_example_of_settings() -> None:
    assert not {name for name, value in _example().items() if SECRET.search(name) and value}


def test_every_variable_of_the_file_is_explained_in_the_example() -> None:
    mentioned = set(re.findall(r"\$\{(\w+)", TEXT)) | set(re.findall(r"^ +([A-Z_]+):$", TEXT, re.MULTILINE))
    assert mentioned == set(_example())


def test_variables_without_which_nothing_starts_are_to_be_filled_in() -> None:
    example = (CLONE / ".env.example").read_text()
    for name in re.findall(r"\$\{(\w+):\?", TEXT):
        assert re.search(rf"^{name}=$", example, re.MULTILINE), name


def test_every_setting_of_ours_is_one_that_exists() -> None:
    known = {f"PRELABEL_{name.upper()}" for name in Settings.model_fields}
    used = {name for service in SERVICES.values() for name in service.get("environment", {})}
    assert {name for name in used if name.startswith("PRELABEL_")} <= known


def test_commands_are_programs_of_this_project() -> None:
    scripts = tomllib.loads((CLONE / "pyproject.toml").read_text())["project"]["scripts"]
    image_command = re.findall(r'^CMD \["([^"]+)"', DOCKERFILE, re.MULTILINE)
    assert {*image_command, SERVICES["api"]["command"][0], SERVICES["worker"]["command"][0]} <= set(scripts)


def test_the_image_copies_what_is_there_and_not_ignored() -> None:
    allowed = [line[1:] for line in (CLONE / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    for arguments in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in arguments.split()[:-1]:
            assert (CLONE / source).exists(), source
            assert source.split("/")[0] in allowed, source


def test_the_image_installs_locked_libraries_only() -> None:
    installs = re.findall(r"pip .*?install (.*?)(?= &&|$)", DOCKERFILE, re.MULTILINE)
    assert installs
    for options in installs:
        assert "--require-hashes" in options or {"--no-index", "--no-deps"} <= set(options.split())


def test_the_image_builds_on_one_python_and_does_not_run_as_root() -> None:
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+-slim", bases.pop())
    assert re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)[-1] != "0"


def _example() -> dict[str, str]:
    """Variables of .env.example, also those that are commented out."""
    lines = re.findall(r"^#?([A-Z_]+)=(.*)$", (CLONE / ".env.example").read_text(), re.MULTILINE)
    return dict(lines)
