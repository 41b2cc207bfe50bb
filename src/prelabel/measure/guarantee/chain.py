"""The exact chance that any of a chain of looks misses too much: the ground of several looks, the live view and the band.

Number the wrong drafts of the pool in the order of uncertainty. A step (drawn, wrong, most) is missed when at most `most` of the
first `wrong` of them are among the first `drawn` audits. Along a chain neither `drawn` nor `wrong` falls, so the number that is
found is a Markov chain (docs/guarantee.md, lemma 3), and the chance that some step is missed is worked out step by step.
It depends neither on where the wrong drafts lie nor on how many more there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from prelabel.measure.guarantee.hypergeometric import Floats, chances, upper_bounds

LOST = 1e-13
"""Chance that may be left out of a state; what is left out counts as missed, so no bound becomes too small."""
SAFE = 1 - 1e-6
"""Levels are held to this part of alpha where floating point decides: far more than its rounding."""
HALVINGS = 24
POWER = 2.0
"""Looks spend alpha by the square of how far the audits are: the last ones, which most rely on, lose little by those before."""


@dataclass(frozen=True)
class Step:
    """Missed when at most `most` of the first `wrong` wrong drafts are among the first `drawn` audits."""

    drawn: int
    wrong: int
    most: int


@dataclass
class Found:
    """How many of the first `wrong` wrong drafts the first `drawn` audits have found, where no step was missed yet.

    `chance[i]` is the chance of `begin + i` found. Mutable: it walks along a chain.
    """

    n: int
    drawn: int = 0
    wrong: int = 0
    begin: int = 0
    chance: Floats = field(default_factory=lambda: np.ones(1))

    @property
    def missed(self) -> float:
        """The chance that some step was missed so far."""
        return float(max(0.0, 1 - self.chance.sum()))

    def move(self, drawn: int, wrong: int) -> None:
        """On to more audits and more wrong drafts."""
        if drawn < self.drawn or wrong < self.wrong:
            raise ValueError("a chain of steps never goes back")
        if self.chance.size and drawn > self.drawn:
            self._draw(drawn - self.drawn)
        if self.chance.size and wrong > self.wrong:
            self._grow(wrong - self.wrong)

    def at_most(self, most: int) -> float:
        """The chance that at most so many are found and no step was missed before."""
        return float(self.chance[: max(0, most - self.begin + 1)].sum())

    def drop(self, most: int) -> None:
        """Count everything with at most so many found as missed."""
        cut = max(0, most - self.begin + 1)
        self.chance, self.begin = self.chance[cut:], self.begin + min(cut, self.chance.size)

    def _draw(self, more: int) -> None:
        """Of the wrong drafts that were not found, those among the next audits are."""
        unfound = (self.wrong - self._values())[:, None]
        new = np.arange(min(more, self.wrong - self.begin) + 1)
        self._spread(chances(new, self.n - self.drawn, unfound, more))
        self.drawn += more

    def _grow(self, more: int) -> None:
        """The next wrong drafts lie anywhere but where the earlier ones lie."""
        unmatched = (self.drawn - self._values())[:, None]
        new = np.arange(min(more, self.drawn - self.begin) + 1)
        self._spread(chances(new, self.n - self.wrong, more, unmatched))
        self.wrong += more

    def _values(self) -> Any:
        return np.arange(self.begin, self.begin + self.chance.size)

    def _spread(self, new: Floats) -> None:
        """Each number that is found grows by so many with these chances: a row each."""
        moved = self.chance[:, None] * new
        rows, columns = moved.shape
        spread = np.zeros(rows + columns - 1)
        if columns < rows:
            for column in range(columns):
                spread[column : column + rows] += moved[:, column]
        else:
            for row in range(rows):
                spread[row : row + columns] += moved[row]
        self.chance = _trimmed(spread)


def missed(n: int, steps: Sequence[Step]) -> float:
    """The chance that any step of the chain is missed, among n drafts."""
    found = Found(n)
    for step in steps:
        found.move(step.drawn, min(n, step.wrong))
        found.drop(step.most)
    return found.missed


def looks(n: int, budget: int, drawn: Sequence[int], spent: Sequence[float]) -> list[int]:
    """The most audit errors to allow at each of several looks, so that all of them hold together.

    `drawn` are the sizes of the audit sample at each look, growing; `spent` is how much of alpha may be used up by then, not
    falling. -1: nothing can be accepted at that look yet. One look gives `most_errors`, a look at every audit the live view.
    """
    found, most, allowed = Found(n), -1, []
    for size, level in zip(drawn, spent, strict=True):
        found.move(size, found.wrong)
        while most < size and (stepped := _one_more(found, budget, most, level)):
            most += 1
            found = stepped
        allowed.append(most)
    return allowed


def spending(drawn: Sequence[int], alpha: float, power: float = 1.0) -> list[float]:
    """Alpha used up by each look: alpha * (drawn / last drawn) ** power. A larger power saves more for the later looks."""
    return [alpha * (size / drawn[-1]) ** power for size in drawn]


def planned_looks(
    n: int, budget: int, drawn: int, alpha: float, looks_: int | Literal["every"]
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The sizes of the audit sample at each of so many looks, evenly spaced up to `drawn`, and the alpha that each may use up.

    "every" is a look after every audit: those at which one more error is allowed than before. At any other the cut could only
    be shorter, so they are left out.
    """
    sizes = (
        sorted({round(drawn * at / looks_) for at in range(1, looks_ + 1)} - {0}) if looks_ != "every" else []
    )
    if looks_ == "every":
        each = range(1, drawn + 1)
        allowed = looks(n, budget, each, spending(each, alpha, POWER))
        sizes = [
            size for size, most, before in zip(each, allowed, [-1, *allowed], strict=False) if most > before
        ]
    sizes = sizes or [drawn]
    return tuple(sizes), tuple(spending(sizes, alpha, POWER))


def band(n: int, drawn: int, alpha: float, first: int, last: int) -> list[int]:
    """V(first), ..., V(last): bounds on the wrong drafts of every prefix at once, by the audit errors found in it.

    With a chance of 1 - alpha no prefix of the order has more than V(k) wrong drafts if k audit errors lie in it, for all k from
    `first` to `last`; where fewer than `first` are found V(first) holds. V is U at one level for all k, the largest that holds.
    """
    low, high, best = alpha / (last - first + 1), alpha, None
    for _ in range(HALVINGS if last > first else 1):
        level = (low * high) ** 0.5 if last > first else alpha
        bounds = upper_bounds(n, drawn, level, last)[first:]
        steps = [Step(drawn, int(bound) + 1, k) for k, bound in enumerate(bounds, first) if bound < n]
        if missed(n, steps) <= alpha * SAFE or last == first:
            low, best = level, bounds
        else:
            high = level
        if high / low < 1.001:
            break
    if best is None:
        best = upper_bounds(n, drawn, low, last)[first:]
    return [int(bound) for bound in best]


def _one_more(found: Found, budget: int, most: int, level: float) -> Found | None:
    """The state after allowing one error more; None where that would use up more than the level."""
    if budget + most + 2 > found.n:
        return found if most + 1 <= found.drawn else None
    tried = Found(found.n, found.drawn, found.wrong, found.begin, found.chance)
    tried.move(found.drawn, budget + most + 2)
    if found.missed + tried.at_most(most + 1) > level * SAFE:
        return None
    tried.drop(most + 1)
    return tried


def _trimmed(chance: Floats) -> Floats:
    """Without the many finds that are next to impossible."""
    tail = np.cumsum(chance[::-1])[::-1]
    keep = int(np.searchsorted(-tail, -LOST * 1e-3, side="right"))
    return chance[: max(1, keep)]
