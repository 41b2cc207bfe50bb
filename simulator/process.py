"""The simulated provider as a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

CLONE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Provider:
    """A running provider at `url`, without /v1; `pid` is its process."""

    url: str
    pid: int

    def stats(self) -> dict[str, Any]:
        """What `simulator.provider.ProviderApp.stats` says."""
        return dict(httpx2.get(f"{self.url}/stats").raise_for_status().json())

    def configure(self, **values: object) -> None:
        """Change how it behaves, by the fields of `simulator.faults.Behaviour`. Raises ValueError."""
        response = httpx2.post(f"{self.url}/config", json=values)
        if response.status_code == 400:
            raise ValueError(response.json()["error"])
        response.raise_for_status()

    def reset(self) -> None:
        """Zero its counts and start its dice anew."""
        httpx2.post(f"{self.url}/reset").raise_for_status()


@contextmanager
def running(answers: Path | None = None, **behaviour: object) -> Iterator[Provider]:
    """A provider that answers, gone at the end of the block and also when this process is killed.

    Raises ValueError where `behaviour` makes no sense, RuntimeError where it does not start.
    """
    options = ["--answers", str(answers.absolute())] if answers else []
    with subprocess.Popen(
        [sys.executable, "-m", "simulator", "--end-with-input", *options],
        cwd=CLONE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline().split()
            if not said:
                raise RuntimeError(f"the simulated provider did not start (exit {process.wait()})")
            provider = Provider(said[-1], process.pid)
            provider.configure(**behaviour)
            yield provider
        finally:
            process.kill()
