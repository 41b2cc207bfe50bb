"""What is counted."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from simulator.faults import FAULTS
from simulator.wire import Usage


@dataclass
class Counts:
    """Counts since the start or the last reset; with nothing in flight, calls + batch_requests = ok + all faults + invalid.

    `ok` are answers as they should be, `invalid` requests that cannot be read, `unmatched` answers without a recorded one.
    `batch_requests` are those that ended otherwise than by a cancel, `batch_answered` those of them that have an answer; the
    tokens of batches are a part of all tokens. `answered` counts the answers to each recorded example, right or spoiled.
    """

    calls: int = 0
    ok: int = 0
    invalid: int = 0
    unmatched: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    batches: int = 0
    batch_requests: int = 0
    batch_answered: int = 0
    batch_tokens_in: int = 0
    batch_tokens_out: int = 0
    batch_tokens_cached: int = 0
    max_in_flight: int = 0
    faults: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(FAULTS, 0)))
    answered: Counter[str] = field(default_factory=Counter)

    def add(self, usage: Usage, in_batch: bool) -> None:
        """What an answer took."""
        self.tokens_in += usage.into
        self.tokens_out += usage.out
        self.tokens_cached += usage.cached
        if in_batch:
            self.batch_answered += 1
            self.batch_tokens_in += usage.into
            self.batch_tokens_out += usage.out
            self.batch_tokens_cached += usage.cached

    def report(self) -> dict[str, Any]:
        """As JSON, with a summary instead of `answered`."""
        counted = {name: value for name, value in vars(self).items() if name != "answered"}
        return counted | {
            "examples_answered": len(self.answered),
            "answers_repeated": self.answered.total() - len(self.answered),
            "most_answers_of_one": max(self.answered.values(), default=0),
        }
