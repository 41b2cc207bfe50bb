"""A real server streams events, and open streams do not keep it from ending."""

import threading
import time
from pathlib import Path
from typing import Any

import httpx2

from prelabel.operations.supervise import serving
from prelabel.settings import Settings
from tests.running import TOKEN, free_port


def test_prelabel_up_ends_at_once_while_somebody_listens(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PRELABEL_ADMIN_TOKEN", TOKEN)
    used = Settings(home=tmp_path / "home", port=free_port(), workers=1, sweep_seconds=0.2)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    came, is_open = list[str](), threading.Event()

    def listen() -> None:
        with httpx2.stream("GET", f"{used.server}/v1/queue/events", headers=headers, timeout=60) as answer:
            came.append(answer.headers["content-type"] + answer.headers["x-accel-buffering"])
            for line in answer.iter_lines():
                came.append(line)
                if line.startswith("data"):
                    is_open.set()

    with serving(used):
        listening = threading.Thread(target=listen)
        listening.start()
        assert is_open.wait(20), came
        started = time.monotonic()
    assert time.monotonic() - started < 10
    listening.join(10)
    assert not listening.is_alive()
    assert came[0].startswith("text/event-stream")
    assert came[0].endswith("no")
    assert "retry: 2000" in came
