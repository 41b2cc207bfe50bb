"""The locked libraries: hashed, from no particular registry, and the same ones for tests as for users."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.lock"))

each_lock = pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.name))


@each_lock
def test_every_library_is_pinned_with_its_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


@each_lock
def test_no_registry_is_named(lock: Path) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links", lock.read_text())


def test_tests_run_on_the_versions_that_users_get() -> None:
    tested = _pins("dev")
    for lock in ("run", "image", "build"):
        assert {name: tested.get(name) for name in _pins(lock)} == _pins(lock)


def _pins(lock: str) -> dict[str, str]:
    text = (REQUIREMENTS / f"{lock}.lock").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))
