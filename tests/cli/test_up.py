"""`prelabel up`: both processes start, are watched, and go when it goes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from prelabel.client import Client
from prelabel.errors import Unavailable
from prelabel.settings import Settings
from prelabel.supervise import serving
from tests.running import free_port


@pytest.fixture
def used(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", port=free_port(), sweep_seconds=0.2)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition: object, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():  # type: ignore[operator] # a callable
        assert time.monotonic() < until
        time.sleep(0.1)


def test_the_first_admins_token_is_left_where_only_its_owner_reads_it(used: Settings) -> None:
    with serving(used), Client.from_settings(used) as client:
        assert client.get("/me")["role"] == "admin"
        assert (used.home / "token").stat().st_mode & 0o777 == 0o600
        assert (used.home / "token").read_text().strip().encode() not in (
            used.home / "prelabel.db"
        ).read_bytes()


def test_a_worker_that_is_killed_is_started_again(used: Settings) -> None:
    import threading

    said: list[str] = []
    with serving(used) as service:
        first = service.worker_pid

        def watch() -> None:
            with pytest.raises(Unavailable):
                service.watch(said.append)

        watching = threading.Thread(target=watch)
        watching.start()
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: service.worker_pid != first)
    watching.join()
    assert "starting another" in said[0]


def test_when_up_is_killed_its_processes_go_too(used: Settings) -> None:
    environment = os.environ | {"PRELABEL_HOME": str(used.home), "PRELABEL_PORT": str(used.port)}
    up = subprocess.Popen(
        [sys.executable, "-m", "prelabel.cli", "up"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: answers(used))
    children = [int(pid) for pid in Path(f"/proc/{up.pid}/task/{up.pid}/children").read_text().split()]
    assert len(children) == 2
    up.kill()
    up.wait()
    wait_for(lambda: not any(alive(pid) for pid in children))


def answers(used: Settings) -> bool:
    try:
        return httpx2.get(f"{used.server}/health", timeout=1).is_success
    except httpx2.HTTPError:
        return False


def test_a_port_that_is_taken_is_told_at_once(used: Settings) -> None:
    with serving(used), pytest.raises(Unavailable, match="choose another with --port"), serving(used):
        pass
