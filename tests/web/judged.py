"""Two runs of one dataset, drafted by a small and a large model and reviewed by two people: something to draw figures of."""

import json
import random
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from tests.running import Running
from tests.waiting import wait_until
from tests.web.filling import SAID, are_drafted

TOPICS = [
    "card_arrival",
    "declined_transfer",
    "exchange_rate",
    "failed_transfer",
    "pending_top_up",
    "refund_not_showing_up",
]
FIELDS: dict[str, Any] = {"topic": {"kind": "choice", "options": TOPICS}}
RIGHT = {"small": 0.78, "large": 0.93}
PEOPLE = ("fay", "gus")


def rows(count: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Texts with a draft of each model, unsure where it is more often wrong; of every third one the right label is known."""
    chance = random.Random(seed)
    for number in range(count):
        truth = TOPICS[number % len(TOPICS)]
        drafts = []
        for model, right in RIGHT.items():
            is_right = chance.random() < right
            label = truth if is_right else TOPICS[(number + chance.choice((1, 1, 1, 2))) % len(TOPICS)]
            sure = chance.betavariate(9, 1.4) if is_right else chance.betavariate(4, 2.2)
            drafts.append({"model": model, "label": label, "confidence": round(max(0.2, sure), 3)})
        row = {"id": f"t-{number}", "text": f"{SAID[number % len(SAID)]} ({number})", "drafts": drafts}
        yield row | ({"gold": truth} if number % 3 == 0 else {})


def judged(service: Running, project: str, count: int = 240, threshold: float = 0.8) -> tuple[int, int]:
    """The runs of the small and of the large model; all that waited for people is answered."""
    client = service.client
    client.define_project(project, {"guidelines": "What the customer wants.", "fields": FIELDS})
    body = "".join(json.dumps(row) + "\n" for row in rows(count)).encode()
    client.bring_in(project, "first", BytesIO(body), file_format="jsonl")
    policy = {
        "threshold": threshold, "gold": "measure", "audit_share": 0.2, "accepted_target": 0.9, "reviewers": 2,
    }  # fmt: skip
    for name in PEOPLE:
        client.post("/users", {"name": name, "role": "reviewer"})
    small, large = (
        int(client.start_run(project, "first", model=f"given/{model}", policy=policy, cap="5")["id"])
        for model in RIGHT
    )
    for run_id in (small, large):
        _answer(service, run_id)
    return small, large


def _answer(service: Running, run_id: int) -> None:
    wait_until(lambda: are_drafted(service, run_id), service.logs)
    chance, lines = random.Random(run_id), []
    for one in service.client.items(f"/runs/{run_id}/examples", place="queued"):
        truth = TOPICS[int(one["id"].removeprefix("t-")) % len(TOPICS)]
        for name in PEOPLE:
            label = truth if chance.random() < 0.94 else chance.choice(TOPICS)
            is_kept = one["draft"] == {"topic": label}
            took = round(chance.lognormvariate(1.0 if is_kept else 1.9, 0.5), 1)
            lines.append({"example": one["id"], "reviewer": name, "label": {"topic": label}, "seconds": took})
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    report = service.client.send_file(f"/runs/{run_id}/reviews", BytesIO(body))
    assert not report["bad"], report
