"""PostgreSQL and Redis servers of a test's own, to be killed: nothing else uses them."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import redis

from tests.conftest import skip_at_home
from tests.running import free_port

SECONDS = 30
"""How long a server may take to answer after its start."""
UNPRIVILEGED = "postgres"
"""PostgreSQL refuses to run as root: as root, its server is run by this user."""


class Server:
    """A server process that can be killed and started again on the same port."""

    def __init__(self, command: list[str], home: Path, is_up: Callable[[], object]) -> None:
        self._command = command
        self._home = home
        self._is_up = is_up
        self.start()

    def start(self) -> None:
        """Return once it answers."""
        with (self._home / "server.log").open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **_unprivileged(self._home),
            )
        until = time.monotonic() + SECONDS
        while True:
            with suppress(psycopg.OperationalError, redis.ConnectionError):
                self._is_up()
                return
            assert time.monotonic() < until, (self._home / "server.log").read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9 of the server and of all its children."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGSTOP)  # it forks no more while its children are counted
            family = [*_children(self._process.pid), self._process.pid]
            for pid in family:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def redis_server(home: Path) -> Iterator[tuple[Server, str]]:
    """A Redis that keeps nothing when it is killed, and its URL."""
    binary = shutil.which("redis-server")
    if binary is None:
        skip_at_home("no redis-server is installed")
    port, folder = free_port(), home / "redis"
    folder.mkdir()
    client = redis.Redis(port=port, socket_timeout=2)
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = Server([str(binary), *options], folder, client.ping)
    try:
        yield server, f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        client.close()


@contextmanager
def postgres_cluster() -> Iterator[tuple[Server, str]]:
    """A new, empty PostgreSQL cluster and the URL of its database."""
    folder = Path(
        tempfile.mkdtemp(prefix="prelabel-cluster-")
    )  # tests' own folders are closed to other users
    if os.geteuid() == 0:
        _give_away(folder)
    try:
        binaries, port = _initialized(folder), free_port()
        options = ["-p", str(port), "-h", "127.0.0.1", "-k", "", "-D", "data"]
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        server = Server([f"{binaries}/postgres", *options], folder, lambda: _asked(url))
        try:
            yield server, url.replace("://", "+psycopg://")
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder)


def _initialized(folder: Path) -> Path:
    """Make the cluster's files; returns the folder of PostgreSQL's programs."""
    found = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    if installed := shutil.which("initdb"):
        found.append(Path(installed).parent)
    if not found:
        skip_at_home("PostgreSQL's initdb is not installed")
    made = subprocess.run(
        [found[-1] / "initdb", "-D", "data", "-U", "postgres", "-A", "trust", "--no-sync"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        **_unprivileged(folder),
    )
    if made.returncode:
        skip_at_home(f"initdb failed: {made.stderr}")
    return found[-1]


def _give_away(folder: Path) -> None:
    try:
        shutil.chown(folder, UNPRIVILEGED, UNPRIVILEGED)
    except LookupError:
        folder.rmdir()
        skip_at_home(f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED}")


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Options that run a process as the owner of its folder, where that is not who runs the tests."""
    owner = folder.stat()
    if owner.st_uid == os.geteuid():
        return {}
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def _asked(url: str) -> None:
    with psycopg.connect(url, connect_timeout=2) as connection:
        connection.execute("SELECT 1")


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(path.parent.name))
    return found
