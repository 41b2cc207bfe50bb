"""Simulated reviewers: programs that stand in for people in the demo, clearly named so. They answer through the real API."""

import random
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from prelabel.client import Client, Work
from prelabel.errors import Conflict

PAGE = 20
"""Slots that one of them claims at once."""
IDLE_SECONDS = 0.2


@dataclass(frozen=True)
class Habits:
    """How one of them works: how often right, and how many seconds an answer takes in the middle (log-normal)."""

    accuracy: float = 0.97
    seconds: float = 7.0


class SimulatedReviewer(threading.Thread):
    """Works the queue of a run until it is told to stop; knows the true labels and is wrong as often as a person."""

    def __init__(
        self,
        client: Client,
        name: str,
        run_id: int,
        truth: Mapping[str, str],
        classes: list[str],
        habits: Habits,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._client = client
        self._run_id = run_id
        self._truth = truth
        self._classes = classes
        self._habits = habits
        self._chance = random.Random(name)
        self._stopped = threading.Event()
        self.answered = 0
        self.failure: Exception | None = None

    def stop(self) -> None:
        """End after the answer in hand."""
        self._stopped.set()

    def run(self) -> None:
        """Claim pages and answer them; what goes wrong is kept in `failure`."""
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 # the demo shows it; a thread that ends in silence would hang it
            self.failure = error
        finally:
            self._client.close()

    def _work(self) -> None:
        while not self._stopped.is_set():
            with closing(self._client.queue(self._run_id, PAGE)) as works:
                for work in works:
                    self._answer(work)
                    if self._stopped.is_set():
                        return
            time.sleep(IDLE_SECONDS)

    def _answer(self, work: Work) -> None:
        right = self._chance.random() < self._habits.accuracy
        category = self._truth[work.example_id] if right else self._chance.choice(self._classes)
        seconds = self._habits.seconds * self._chance.lognormvariate(0, 0.5)
        try:
            work.submit({"category": category}, seconds=seconds)
        except Conflict:
            return
        self.answered += 1
