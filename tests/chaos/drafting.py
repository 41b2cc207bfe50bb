"""What tests of whole runs share: recorded answers, a run over their examples, and its end."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from sqlmodel import func, select

from prelabel.errors import Unavailable
from prelabel.models import Call
from prelabel.store import Store
from simulator.process import Provider
from tests.running import Running
from tests.waiting import wait_until

MODEL = "openai/gpt-4o-mini"
DOLLARS_IN, DOLLARS_OUT = 5, 20
PRICES = json.dumps({MODEL: [DOLLARS_IN, DOLLARS_OUT]})
"""Of a million tokens; nothing is cheaper for having been cached."""


class Books(NamedTuple):
    """What calls took, by whoever counted."""

    calls: int
    tokens_in: int
    tokens_out: int
    dollars: Decimal


def record_answers(path: Path, count: int) -> Path:
    """A file of answers for the simulated provider, sure of every second example."""
    rows = ({"text": f"text {number}", "answer": answer(number)} for number in range(count))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def answer(number: int) -> dict[str, Any]:
    """What the provider says of an example."""
    sure = 0.95 if number % 2 else 0.3
    return {"label": {"topic": "a" if number % 3 else "b"}, "confidence": {"topic": sure}}


def start(service: Running, tmp_path: Path, count: int, **run: Any) -> int:
    """Bring the examples in and start a run over them."""
    rows = tmp_path / "rows.jsonl"
    texts = ({"id": str(number), "text": f"text {number}"} for number in range(count))
    rows.write_text("".join(json.dumps(row) + "\n" for row in texts))
    service.client.define_project("p", {"fields": {"topic": ["a", "b"]}})
    service.client.bring_in("p", "d", rows)
    return int(service.client.start_run("p", "d", model=MODEL, policy={"threshold": 0.9}, **run)["id"])


def finished(service: Running, run_id: int, seconds: float = 90) -> dict[str, int]:
    """Where the examples are, once none of them is to be drafted."""
    try:
        run = service.client.wait(run_id, ("reviewing", "done"), seconds=seconds, every=0.2)
    except Unavailable as error:
        raise AssertionError(f"{error}\n{service.logs()}") from error
    return {place: count for place, count in run["places"].items() if count}


def check_books(store: Store, provider: Provider) -> Books:
    """The ledger holds what the provider counted, once what is on its way is written: to the token and the nano-dollar."""
    wait_until(
        lambda: at_provider(provider) == in_ledger(store),
        lambda: f"{at_provider(provider)} {in_ledger(store)}",
    )
    return at_provider(provider)


def in_ledger(store: Store) -> Books:
    """By the ledger."""
    sums = (
        func.sum(Call.requests),
        func.sum(Call.tokens_in),
        func.sum(Call.tokens_out),
        func.sum(Call.dollars),
    )
    with store.reading() as session:
        requests, into, out, dollars = session.exec(select(*sums)).one()
    return Books(int(requests), int(into), int(out), dollars or Decimal(0))


def at_provider(provider: Provider) -> Books:
    """By the provider."""
    told = provider.stats()
    dollars = Decimal(told["tokens_in"] * DOLLARS_IN + told["tokens_out"] * DOLLARS_OUT) / 1_000_000
    return Books(told["calls"], told["tokens_in"], told["tokens_out"], dollars)
