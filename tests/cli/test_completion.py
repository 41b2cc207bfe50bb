"""What a shell offers to complete."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from prelabel import settings
from prelabel.cli.commands import app
from tests.cli.conftest import Cli
from tests.running import Running


def complete(words: str) -> Result:
    environment = {"_PRELABEL_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": words}
    return CliRunner().invoke(app, [], env=environment, prog_name="prelabel")


def test_commands_runs_and_projects_are_completed(run_cli: Cli, service: Running) -> None:
    service.client.submit([{"text": "one"}], "completed", schema={"fields": {"topic": ["a", "b"]}})
    run = service.client.start_run("completed", "completed")
    assert "certificate" in complete("prelabel cert").output
    assert f"{run.id}" in complete("prelabel status ").output
    assert "completed/completed" in complete("prelabel status ").output
    assert "completed" in complete("prelabel cap --project comp").output
    assert "completed" not in complete("prelabel cap --project x").output


def test_without_a_server_nothing_is_offered(
    run_cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PRELABEL_URL", "http://127.0.0.1:9")
    settings.settings.cache_clear()
    assert complete("prelabel status ").output.strip() in ("", "_files")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_how(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    shown = CliRunner().invoke(app, ["--show-completion", shell], prog_name="prelabel")
    assert (shown.exit_code, f"_PRELABEL_COMPLETE=complete_{shell}" in shown.output) == (0, True)
