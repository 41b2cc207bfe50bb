"""The gold gate: does a run, and each class of it, do well enough on gold to be accepted without review?"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from prelabel.measure.intervals import Share, wilson

FEWEST_OF_A_CLASS = 10
"""Gold drafts of a class from which on the class is judged by itself."""


@dataclass(frozen=True)
class Gate:
    """What gold says. `open` False: nothing is accepted. `closed_classes`: drafts of these classes are not."""

    open: bool
    closed_classes: frozenset[str]
    overall: Share
    target: float | None

    def admits(self, classes: Collection[str | None]) -> bool:
        """Whether a draft with these classes, one a field, may be accepted without review."""
        return self.open and self.closed_classes.isdisjoint(classes)

    def explain(self) -> str:
        """The gate's state in a sentence."""
        if self.target is None:
            return "no gold target is set: every class is open"
        if not self.overall.n:
            return "there is a gold target but no gold that could be judged: every class is open"
        seen = (
            f"{self.overall.right} of {self.overall.n} right on gold, surely at least {self.overall.low:.1%}"
        )
        if not self.open:
            return f"closed: {seen}, which is under the target of {self.target:.1%}"
        closed = f"; closed for {', '.join(sorted(self.closed_classes))}" if self.closed_classes else ""
        return f"open: {seen}{closed}"


def judge_gold(
    results: Iterable[tuple[Collection[str | None], bool]],
    target: float | None,
    fewest: int = FEWEST_OF_A_CLASS,
) -> Gate:
    """The gate after these gold drafts, each as (classes of the draft by field, whether it is right).

    Closed where the lower end of the Wilson interval lies under the target: for all, and for each class with at least
    `fewest` gold drafts. Without a target, or without gold, everything is open.
    """
    right, total = 0, 0
    by_class: dict[str, list[bool]] = defaultdict(list)
    for classes, is_right in results:
        right, total = right + is_right, total + 1
        for name in classes:
            if name is not None:
                by_class[name].append(is_right)
    overall = wilson(right, total)
    if target is None or not total:
        return Gate(True, frozenset(), overall, target)
    closed = {
        name
        for name, seen in by_class.items()
        if len(seen) >= fewest and wilson(sum(seen), len(seen)).low < target
    }
    return Gate(overall.low >= target, frozenset(closed), overall, target)
