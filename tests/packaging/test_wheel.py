"""What a user installs: the three packages with their data, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
PACKAGES = {"prelabel": "src", "prelabel_api": "api", "prelabel_worker": "worker"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this clone."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--target", "sdist"]
    subprocess.run([*command, "--directory", str(folder)], cwd=CLONE, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def in_wheel(built: Path) -> set[str]:
    """Names of all files in the wheel."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


def test_nothing_but_the_three_packages_is_installed(in_wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in in_wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_ships_with_its_types(in_wheel: set[str], package: str) -> None:
    root = CLONE / PACKAGES[package]
    modules = {str(path.relative_to(root)) for path in (root / package).rglob("*.py")}
    assert modules | {f"{package}/py.typed"} <= in_wheel


@pytest.mark.parametrize(
    ("folder", "target"), [("prompts", "prelabel/prompts"), ("src/prelabel/demo", "prelabel/demo")]
)
def test_every_data_file_ships(in_wheel: set[str], folder: str, target: str) -> None:
    files = {f"{target}/{path.name}" for path in (CLONE / folder).iterdir() if path.is_file()}
    assert files
    assert files <= in_wheel


def test_migrations_ship_with_the_environment_that_runs_them(in_wheel: set[str]) -> None:
    assert "prelabel/migrations/env.py" in in_wheel
    assert any(name.startswith("prelabel/migrations/versions/0001") for name in in_wheel)


def test_the_page_ships_built_and_the_sdist_can_build_it_anew(in_wheel: set[str], built: Path) -> None:
    assert {"prelabel_api/static/index.html", "prelabel_api/static/icon.svg"} <= in_wheel
    assert any(name.startswith("prelabel_api/static/assets/") and name.endswith(".js") for name in in_wheel)
    sdist = subprocess.run(
        ["tar", "-tzf", str(next(built.glob("*.tar.gz")))], check=True, capture_output=True, text=True
    )
    inside = {name.split("/", 1)[1] for name in sdist.stdout.split()}
    assert {"web/package-lock.json", "web/src/main.tsx", "hatch_build.py"} <= inside
    assert not [name for name in inside if "node_modules" in name]


def test_no_test_and_no_leftover_ships(in_wheel: set[str]) -> None:
    unwanted = ("tests/", "test_", "conftest", "benchmarks/", "simulator/", ".pyc", ".env")
    assert not {name for name in in_wheel if any(word in name for word in unwanted)}


def test_the_wheel_carries_its_licence_and_its_programs(built: Path, in_wheel: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in in_wheel)
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        programs = wheel.read(next(name for name in in_wheel if name.endswith("entry_points.txt"))).decode()
    assert [line.split(" =")[0] for line in programs.splitlines() if "=" in line] == [
        "prelabel",
        "prelabel-api",
        "prelabel-worker",
    ]


def test_the_wheel_can_be_built_from_the_sdist(built: Path, in_wheel: set[str], tmp_path: Path) -> None:
    subprocess.run(["tar", "-xzf", str(next(built.glob("*.tar.gz"))), "-C", str(tmp_path)], check=True)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=next(tmp_path.glob("prelabel-*")), check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        assert set(wheel.namelist()) == in_wheel
