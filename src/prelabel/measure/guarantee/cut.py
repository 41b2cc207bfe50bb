"""Where to cut: how much of an order is accepted, by the audit errors found in it.

Arrays lie in the order of uncertainty, the surest first. `audited` tells who is in the audit sample, `wrong` whose draft was
found wrong; `wrong` is looked at for the audited ones alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Cut:
    """The first `size` of an order are accepted; `audited` of them carry a person's label, and `errors` of these were wrong."""

    size: int
    audited: int
    errors: int

    @property
    def accepted(self) -> int:
        """Labels that nobody reviews: what is saved."""
        return self.size - self.audited


def cut_at(size: int, audited: Flags, wrong: Flags) -> Cut:
    """What a cut after the first `size` accepts."""
    sampled = audited[:size]
    return Cut(size, int(sampled.sum()), int((sampled & wrong[:size]).sum()))


def longest(audited: Flags, wrong: Flags, most: int) -> Cut:
    """The longest prefix with at most `most` audit errors; nothing for -1."""
    errors = np.flatnonzero(audited & wrong)
    size = 0 if most < 0 else len(audited) if most >= errors.size else int(errors[most])
    return cut_at(size, audited, wrong)


def longest_within(audited: Flags, wrong: Flags, bounds: Sequence[int], first: int, delta: float) -> Cut:
    """The longest prefix of which at most a share delta of what nobody reviews is wrong; `bounds` is a `band` from `first` on.

    Holds for every prefix at once, so it may be chosen afterwards, and for several deltas.
    """
    audits = np.cumsum(audited)
    errors = np.cumsum(audited & wrong)
    unreviewed = np.arange(1, len(audited) + 1) - audits
    share = Fraction(str(delta))
    allowed = unreviewed * share.numerator // share.denominator
    fits = (errors < first + len(bounds)) & (left(errors, unreviewed, bounds, first) <= allowed)
    # a cut ends with an accepted one: a last audited example adds nothing
    sizes = np.flatnonzero(fits & ~audited)
    return cut_at(int(sizes[-1]) + 1 if sizes.size else 0, audited, wrong)


def left(errors: Any, unreviewed: Any, bounds: Sequence[int], first: int) -> Any:
    """The most that can be wrong among the unreviewed of a prefix with so many audit errors, elementwise."""
    capped = np.clip(errors, first, first + len(bounds) - 1)
    possible = np.asarray(bounds)[capped - first] - errors
    return np.where(errors >= first + len(bounds), unreviewed, np.minimum(possible, unreviewed))
