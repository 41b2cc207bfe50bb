"""The command line against a real embedded service."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from prelabel import settings
from prelabel.cli import console
from prelabel.cli.commands import app
from tests.running import TOKEN, Running, running

Cli = Callable[..., Result]


@pytest.fixture(scope="module")
def workers() -> int:
    """How many workers the service has."""
    return 1


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, workers: int) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("cli") / "home", workers=workers, sweep_seconds=0.5) as started:
        yield started


@pytest.fixture
def run_cli(service: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cli]:
    monkeypatch.setenv("PRELABEL_URL", service.client.url)
    monkeypatch.setenv("PRELABEL_TOKEN", TOKEN)
    monkeypatch.setattr(console.out, "width", 200)
    monkeypatch.setattr(console.err, "width", 200)
    monkeypatch.chdir(tmp_path)
    settings.settings.cache_clear()
    yield lambda *words: CliRunner().invoke(app, words)
    settings.settings.cache_clear()
