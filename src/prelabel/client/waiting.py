"""Waiting for a run, with a bar where somebody looks on."""

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from prelabel.errors import Unavailable

Until = Literal["drafted", "done"]
REACHED: Mapping[Until, tuple[str, ...]] = {"drafted": ("reviewing", "done"), "done": ("done",)}
STOPPED = ("paused", "over_budget", "cancelled")
"""Stages in which a run stays until somebody does something."""


def wait(
    look: Callable[[], Mapping[str, Any]], until: Until, seconds: float | None, every: float, bar: bool | None
) -> None:
    """Look at a run until it is so far. Raises Unavailable where it stops before that, or is not so far after `seconds`."""
    console = Console(stderr=True)
    is_shown = (console.is_terminal or console.is_jupyter) if bar is None else bar
    last = None if seconds is None else time.monotonic() + seconds
    with _bar(console) if is_shown else nullcontext() as progress:
        task = progress.add_task(until) if progress else None
        while (run := look())["stage"] not in REACHED[until]:
            if run["stage"] in STOPPED:
                raise Unavailable(f"run {run['id']} is {run['stage']}: {run['note'] or 'it was asked to be'}")
            if last is not None and time.monotonic() > last:
                raise Unavailable(
                    f"run {run['id']} is still {run['stage']} after {seconds:.0f} s: {run['places']}"
                )
            if progress and task is not None:
                progress.update(task, completed=_done(run, until), total=sum(run["places"].values()))
            time.sleep(every)
        if progress and task is not None:
            total = sum(run["places"].values())
            progress.update(task, completed=total, total=total)


def _done(run: Mapping[str, Any], until: Until) -> int:
    places = run["places"]
    total = sum(places.values())
    return int(total - places["waiting"] if until == "drafted" else places["settled"] + places["failed"])


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
