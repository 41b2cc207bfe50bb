"""Embedded mode: the API and some workers as child processes, watched, gone when this process goes.

The workers share what the settings allow: calls at once always, and requests and tokens a minute where no Redis counts them
for all. So `prelabel up` asks no more of a provider with two workers than with one.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

from prelabel.errors import Unavailable
from prelabel.operations.parent import VARIABLE
from prelabel.settings import Settings

START_SECONDS = 60.0
STOP_SECONDS = 30.0
"""For workers this is time enough to have their calls in flight answered, and kept."""


class Service:
    """The processes of embedded mode; their output goes to log files in the home folder."""

    def __init__(self, settings: Settings) -> None:
        _refuse_taken_port(settings)
        self._settings = settings
        self._parts = parts(settings)
        self._api = self._start("prelabel_api", "api.log", settings)
        self._workers = [self._start_worker(place) for place in range(len(self._parts))]

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers that run now, each at its place."""
        return [worker.pid for worker in self._workers]

    def wait_until_ready(self) -> None:
        """Return once the API answers. Raises Unavailable, with the end of its log, if it ends or takes too long."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._api.poll() is not None:
                raise Unavailable(f"the API ended at its start:\n{self._tail('api.log')}")
            try:
                httpx2.get(f"{self._settings.server}/health", timeout=2).raise_for_status()
            except httpx2.HTTPError:
                time.sleep(0.1)
            else:
                return
        raise Unavailable(f"the API did not answer in {START_SECONDS:.0f} s:\n{self._tail('api.log')}")

    def watch(self, say: Callable[[str], None]) -> None:
        """Look after all of them for as long as the API lives: a worker that ends is started again."""
        while self._api.poll() is None:
            for place, worker in enumerate(self._workers):
                if worker.poll() is not None:
                    log = self._log(_worker_log(place))
                    say(f"a worker ended ({worker.returncode}); starting another. Its log: {log}")
                    self._workers[place] = self._start_worker(place)
            time.sleep(1)
        raise Unavailable(f"the API ended ({self._api.returncode}):\n{self._tail('api.log')}")

    def stop(self) -> None:
        """End all: politely, then by force. Nothing is lost either way."""
        children = [*self._workers, self._api]
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for child in children:
            try:
                child.wait(max(0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _start_worker(self, place: int) -> subprocess.Popen[bytes]:
        return self._start("prelabel_worker", _worker_log(place), self._parts[place])

    def _start(self, module: str, log: str, settings: Settings) -> subprocess.Popen[bytes]:
        self._settings.home.mkdir(parents=True, exist_ok=True)
        with self._log(log).open("ab") as output:
            return subprocess.Popen(  # noqa: S603 # our own modules
                [sys.executable, "-m", module],
                env=os.environ | _environment(settings) | {VARIABLE: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # so that Ctrl-C reaches them once, from us
            )

    def _log(self, name: str) -> Path:
        return self._settings.home / name

    def _tail(self, name: str) -> str:
        return "\n".join(self._log(name).read_text(errors="replace").splitlines()[-15:])


@contextmanager
def serving(settings: Settings) -> Iterator[Service]:
    """A service that answers, stopped at the end of the block."""
    service = Service(settings)
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.stop()


def parts(settings: Settings) -> list[Settings]:
    """The settings of each worker: its part of the calls at once, and of the limits unless Redis counts them for all.

    No more workers than calls at once, since each makes at least one.
    """
    count = min(settings.workers, settings.concurrency)
    limits = settings.limits
    if not settings.broker_url.startswith("redis"):
        limits = {model: limit.part(count) for model, limit in limits.items()}
    return [
        settings.model_copy(
            update={
                "concurrency": (settings.concurrency + place) // count,
                "limits": limits,
                "metrics_port": settings.metrics_port and settings.metrics_port + 1 + place,
            }
        )
        for place in range(count)
    ]


def _worker_log(place: int) -> str:
    return f"worker-{place + 1}.log"


def _refuse_taken_port(settings: Settings) -> None:
    """Raise Unavailable where something else listens already: it would answer in place of the API."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Unavailable(
                f"port {settings.port} of {settings.host} cannot be used ({error.strerror}): choose another with --port"
            ) from error


def _environment(settings: Settings) -> Mapping[str, str]:
    """The settings that the children do not have from this process's environment as they are to be."""
    return {
        "PRELABEL_HOME": str(settings.home),
        "PRELABEL_HOST": settings.host,
        "PRELABEL_PORT": str(settings.port),
        "PRELABEL_SWEEP_SECONDS": str(settings.sweep_seconds),
        "PRELABEL_CONCURRENCY": str(settings.concurrency),
        "PRELABEL_METRICS_PORT": str(settings.metrics_port),
        "PRELABEL_LIMITS": json.dumps({name: limit.model_dump() for name, limit in settings.limits.items()}),
    }
