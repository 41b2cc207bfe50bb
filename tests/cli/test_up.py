"""`prelabel up`: its processes start, are watched, and go when it goes."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest

from prelabel.client import Client
from prelabel.errors import Unavailable
from prelabel.operations.supervise import parts, serving
from prelabel.settings import Limit, Settings
from tests.running import free_port
from tests.waiting import wait_until


@pytest.fixture
def used(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", port=free_port(), workers=2, sweep_seconds=0.2)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def variable(pid: int, name: str) -> str:
    """A variable of a process's environment."""
    pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair).get(name, "")


def test_the_first_admins_token_is_left_where_only_its_owner_reads_it(used: Settings) -> None:
    with serving(used), Client.from_settings(used) as client:
        assert client.get("/me")["role"] == "admin"
        assert (used.home / "token").stat().st_mode & 0o777 == 0o600
        assert (used.home / "token").read_text().strip().encode() not in (
            used.home / "prelabel.db"
        ).read_bytes()


def test_a_worker_that_is_killed_is_started_again_with_its_part_and_the_others_stay(used: Settings) -> None:
    said: list[str] = []
    told = used.model_copy(update={"concurrency": 9, "limits": {"m": Limit(rpm=600)}})
    with serving(told) as service:
        first = service.worker_pids

        def watch() -> None:
            with pytest.raises(Unavailable):
                service.watch(said.append)

        watching = threading.Thread(target=watch)
        watching.start()
        os.kill(first[1], signal.SIGKILL)
        wait_until(lambda: service.worker_pids[1] != first[1])
        now = service.worker_pids
        assert now[0] == first[0]
        wait_until(lambda: [variable(pid, "PRELABEL_CONCURRENCY") for pid in now] == ["4", "5"])
        assert json.loads(variable(now[1], "PRELABEL_LIMITS")) == {"m": {"rpm": 300.0, "tpm": 0.0}}
    watching.join()
    assert len(said) == 1
    assert "worker-2.log" in said[0]
    assert not any(alive(pid) for pid in now)


def test_when_up_is_killed_its_processes_go_too(used: Settings) -> None:
    environment = os.environ | {"PRELABEL_HOME": str(used.home), "PRELABEL_PORT": str(used.port)}
    environment["PRELABEL_WORKERS"] = str(used.workers)
    up = subprocess.Popen(
        [sys.executable, "-m", "prelabel.cli", "up"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: answers(used))
    children = [int(pid) for pid in Path(f"/proc/{up.pid}/task/{up.pid}/children").read_text().split()]
    assert len(children) == 3
    up.kill()
    up.wait()
    wait_until(lambda: not any(alive(pid) for pid in children))


def answers(used: Settings) -> bool:
    try:
        return httpx2.get(f"{used.server}/health", timeout=1).is_success
    except httpx2.HTTPError:
        return False


def test_a_port_that_is_taken_is_told_at_once(used: Settings) -> None:
    with serving(used), pytest.raises(Unavailable, match="choose another with --port"), serving(used):
        pass


@pytest.mark.parametrize(
    ("concurrency", "workers", "shares"),
    [(32, 2, [16, 16]), (33, 2, [16, 17]), (5, 3, [1, 2, 2]), (1, 4, [1])],
)
def test_all_workers_together_make_as_many_calls_at_once_as_one_would(
    concurrency: int, workers: int, shares: list[int]
) -> None:
    found = [part.concurrency for part in parts(Settings(concurrency=concurrency, workers=workers))]
    assert found == shares


def test_limits_are_shared_out_unless_redis_counts_them_for_all() -> None:
    limits = {"m": Limit(rpm=500, tpm=30_000)}
    alone = parts(Settings(workers=2, limits=limits))
    assert [part.limits["m"] for part in alone] == [Limit(rpm=250, tpm=15_000)] * 2
    counted = parts(Settings(workers=2, limits=limits, broker_url="redis://127.0.0.1"))
    assert [part.limits for part in counted] == [limits] * 2
