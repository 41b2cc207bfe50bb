"""Prelabel's real processes, started by hand: for tests that kill them and benchmarks that time them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from prelabel.client import Client

TOKEN = "pl_a-token-for-tests"
CLONE = Path(__file__).parents[1]


class Running:
    """One API process and some workers over one set of settings."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.port = free_port()
        self.home = home
        paths = os.pathsep.join(str(CLONE / folder) for folder in ("src", "api", "worker"))
        self._environment = os.environ | {
            "PYTHONPATH": paths,
            "PRELABEL_HOME": str(home),
            "PRELABEL_PORT": str(self.port),
            "PRELABEL_ADMIN_TOKEN": TOKEN,
            "PRELABEL_PARENT": str(os.getpid()),
            **{f"PRELABEL_{name.upper()}": str(value) for name, value in settings.items()},
        }
        home.mkdir(parents=True, exist_ok=True)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.api = self._start("prelabel_api", "api.log")
        self._wait_until_ready()
        self.client = Client(f"http://127.0.0.1:{self.port}", TOKEN)

    def start_worker(self) -> None:
        """One more worker."""
        number = len(self.workers)
        self.workers.append(self._start("prelabel_worker", f"worker-{number}.log"))

    def kill_workers(self) -> None:
        """kill -9 of every worker and of all that it has forked, at once."""
        for number in self.alive():
            self.kill_worker(number)

    def kill_worker(self, number: int) -> None:
        """kill -9 of one of them, by its place in `workers`."""
        os.killpg(self.workers[number].pid, signal.SIGKILL)
        self.workers[number].wait()

    def alive(self) -> list[int]:
        """Which workers run."""
        return [number for number, worker in enumerate(self.workers) if worker.poll() is None]

    def kill_api(self) -> None:
        """kill -9 of the API."""
        self.api.kill()
        self.api.wait()

    def restart_api(self) -> None:
        """The API again, on the same port."""
        self.api = self._start("prelabel_api", "api.log")
        self._wait_until_ready()

    def stop(self) -> None:
        """End everything; nothing that was forked stays."""
        self.client.close()
        self.api.terminate()
        self.kill_workers()
        try:
            self.api.wait(10)
        except subprocess.TimeoutExpired:
            self.api.kill()
            self.api.wait()

    def logs(self) -> str:
        """What all processes wrote."""
        return "\n".join(f"--- {path.name}\n{path.read_text()}" for path in sorted(self.home.glob("*.log")))

    def _start(self, module: str, log: str) -> subprocess.Popen[bytes]:
        with (self.home / log).open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", module],
                env=self._environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until and self.api.poll() is None:
            try:
                httpx2.get(f"http://127.0.0.1:{self.port}/ready", timeout=2).raise_for_status()
            except httpx2.HTTPError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"the API did not start:\n{self.logs()}")


@contextmanager
def running(home: Path, workers: int, **settings: Any) -> Iterator[Running]:
    """A service with so many workers; `settings` are those of `prelabel.settings`, by name."""
    service = Running(home, **settings)
    try:
        for _ in range(workers):
            service.start_worker()
        yield service
    finally:
        service.stop()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
