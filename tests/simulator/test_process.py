"""The provider as a process: it starts, tells, and goes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from simulator.process import CLONE, Provider, running
from tests.simulator.conftest import asking
from tests.waiting import wait_until


def ask(provider: Provider, text: str) -> None:
    httpx2.post(f"{provider.url}/v1/chat/completions", json=asking(text)).raise_for_status()


def is_up(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health", timeout=2).status_code == 200
    except httpx2.TransportError:
        return False


def test_answers_are_counted_by_recorded_example(provider: Provider) -> None:
    for text in ("a hoax", "a hoax", "a hoax", "two\nlines", "never seen", "never seen"):
        ask(provider, text)
    stats = provider.stats()
    assert (stats["calls"], stats["ok"], stats["unmatched"], stats["recorded"]) == (6, 6, 2, 2)
    assert (stats["examples_answered"], stats["answers_repeated"], stats["most_answers_of_one"]) == (2, 2, 3)


def test_a_reset_zeroes_the_counts(provider: Provider) -> None:
    ask(provider, "a hoax")
    provider.reset()
    stats = provider.stats()
    assert (stats["calls"], stats["max_in_flight"], stats["tokens_in"], stats["examples_answered"]) == (
        0,
        0,
        0,
        0,
    )


def test_it_behaves_as_it_was_started() -> None:
    with running(median_ms=5, error_rate=1.0, sticky=True) as provider:
        response = httpx2.post(f"{provider.url}/v1/chat/completions", json=asking())
        assert response.status_code == 500


def test_nothing_of_it_is_left_after_the_block() -> None:
    with suppress(KeyError), running() as provider:
        assert is_up(provider.url)
        raise KeyError("the block fails")
    assert not is_up(provider.url)
    with pytest.raises(ProcessLookupError):
        os.kill(provider.pid, 0)


def test_it_goes_at_once_while_calls_hang() -> None:
    with running(hang_rate=1) as provider:
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(f"{provider.url}/v1/chat/completions", json=asking(), timeout=0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 2


def test_it_goes_when_whoever_started_it_is_killed() -> None:
    script = "from simulator.process import running\nwith running() as it: print(it.url, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=CLONE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        url = starter.stdout.readline().strip()
        assert is_up(url)
        starter.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_up(url))


def test_one_that_cannot_start_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="did not start"), running(tmp_path / "missing.jsonl"):
        pass


def test_the_command_line_takes_every_option(answers_file: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "simulator",
        "--answers",
        str(answers_file),
        "--median-ms",
        "3",
        "--sticky",
    ]
    with subprocess.Popen(command, cwd=CLONE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening on ").strip()
        behaviour = httpx2.post(f"{url}/config", json={}).json()
        process.terminate()
    assert (behaviour["median_ms"], behaviour["sticky"]) == (3, True)
    assert process.returncode in (0, -signal.SIGTERM)
