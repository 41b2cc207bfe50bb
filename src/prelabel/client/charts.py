"""Charts of measures as SVG: text and lines in the colour of the notebook, so that they are read on light and dark ground."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

BLUE = "#4c8dd6"
LINE, NAMES, WIDTH = 20, 190, 260
"""Height of a bar with its space, and widths of the names left of the bars and of the bars themselves."""


class Bar(NamedTuple):
    """A share from 0 to 1 with the ends of its interval; `n` is what it rests on."""

    name: str
    value: float
    low: float
    high: float
    n: int


def bar(name: str, share: Mapping[str, Any]) -> Bar | None:
    """The bar of a share as the API gives it; None of nothing."""
    if not share["n"]:
        return None
    return Bar(name, share["right"] / share["n"], share["low"], share["high"], share["n"])


def bars(title: str, found: Sequence[Bar]) -> str:
    """Shares below each other, each with its interval."""
    if not found:
        return ""
    lines = "".join(_line(number, one) for number, one in enumerate(found))
    return _chart(title, NAMES + WIDTH + 130, LINE * len(found) + 4, lines)


def reliability(title: str, bands: Sequence[Mapping[str, Any]]) -> str:
    """How often drafts are right, by how sure the model was: on the diagonal confidence is to be believed."""
    found = [(band["mean_confidence"], bar("", band["right"])) for band in bands if band["right"]["n"]]
    if not found:
        return ""
    side, low = 200, 230
    marks = "".join(
        f"<g><title>confidence {sure:.2f}: {one.value:.1%} right ({one.low:.1%} to {one.high:.1%}, n = {one.n:,})</title>"
        f"<line x1='{40 + side * sure:.1f}' x2='{40 + side * sure:.1f}' y1='{low - side * one.low:.1f}' "
        f"y2='{low - side * one.high:.1f}' stroke='{BLUE}'/>"
        f"<circle cx='{40 + side * sure:.1f}' cy='{low - side * one.value:.1f}' r='4' fill='{BLUE}'/></g>"
        for sure, one in found
        if one
    )
    frame = (
        f"<rect x='40' y='{low - side}' width='{side}' height='{side}' fill='none' stroke='currentColor' opacity='.4'/>"
        f"<line x1='40' y1='{low}' x2='{40 + side}' y2='{low - side}' stroke='currentColor' stroke-dasharray='4' opacity='.6'/>"
        f"<text x='{40 + side / 2}' y='{low + 16}' text-anchor='middle'>confidence</text>"
        f"<text x='34' y='{low - side + 10}' text-anchor='end'>right</text>"
    )
    return _chart(title, side + 60, low + 24, frame + marks)


def _line(number: int, one: Bar) -> str:
    top, middle = LINE * number + 4, LINE * number + 11
    low, high = (NAMES + WIDTH * end for end in (one.low, one.high))
    return (
        f"<text x='{NAMES - 8}' y='{middle + 4}' text-anchor='end'>{escape(_short(one.name))}</text>"
        f"<rect x='{NAMES}' y='{top}' width='{WIDTH * one.value:.1f}' height='14' fill='{BLUE}' opacity='.75'/>"
        f"<line x1='{low:.1f}' x2='{high:.1f}' y1='{middle}' y2='{middle}' stroke='currentColor' stroke-width='1.5'/>"
        f"<text x='{NAMES + WIDTH + 8}' y='{middle + 4}'>{one.value:.1%} (n = {one.n:,})</text>"
    )


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:27]}…"


def _chart(title: str, width: float, height: float, inside: str) -> str:
    return (
        f"<div><b>{escape(title)}</b><br><svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
        f"viewBox='0 0 {width:.0f} {height:.0f}' role='img' aria-label='{escape(title, quote=True)}' fill='currentColor' "
        f"font-size='12' font-family='sans-serif'>{inside}</svg></div>"
    )
