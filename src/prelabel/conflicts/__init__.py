"""Labels of a run that contradict each other: searched for by a worker, listed, sent to people, fixed or dismissed."""

from prelabel.conflicts.acting import dismiss, queue, resolve, send
from prelabel.conflicts.known import Doubt, Side, TwoSides, by_example, get, is_open, listed, newest, sides
from prelabel.conflicts.searching import ask, carry_on
from prelabel.conflicts.taking_back import take_back

__all__ = [
    "Doubt", "Side", "TwoSides", "ask", "by_example", "carry_on", "dismiss", "get", "is_open", "listed", "newest", "queue",
    "resolve", "send", "sides", "take_back",
]  # fmt: skip
