"""Numbers as people read them: money, time, shares, ranges."""

from collections.abc import Mapping
from decimal import ROUND_UP, Context, Decimal
from typing import Any


def money(dollars: Any) -> str:
    """Dollars and cents; what is less than ten cents with two digits that mean something."""
    amount = Decimal(str(dollars or 0))
    if not amount:
        return "$0"
    if abs(amount) >= Decimal("0.0995"):
        return f"${amount:,.2f}"
    return f"${Context(prec=2).plus(amount):f}"


def money_range(expected: Mapping[str, Any]) -> str:
    """Dollars that are expected, with the ends of their interval where these differ."""
    low, mean, high = (money(expected[end]) for end in ("low", "mean", "high"))
    return mean if low == high else f"{mean} ({low} to {high})"


def round_up(dollars: Any) -> str:
    """The next amount of two digits that is not less, to type as a cap."""
    return f"{Context(prec=2, rounding=ROUND_UP).plus(Decimal(str(dollars))):f}"


def share(figure: Mapping[str, Any]) -> str:
    """A share with its 95 % interval and what it rests on."""
    if not figure["n"]:
        return "none yet"
    return f"{figure['right'] / figure['n']:.1%} ({figure['low']:.1%} to {figure['high']:.1%}, n = {figure['n']:,})"


def count_range(numbers: Mapping[str, float], times: float = 1) -> str:
    """A count that is expected, with the ends of its interval where these differ."""
    low, mean, high = (f"{numbers[end] * times:,.0f}" for end in ("low", "mean", "high"))
    return mean if low == high else f"{mean} ({low} to {high})"


def duration(seconds: float) -> str:
    """A time in the unit that fits it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
