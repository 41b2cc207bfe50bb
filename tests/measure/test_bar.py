"""The bar under which people are paused: rarely wrong about who is at it, quick about who confirms everything."""

import random
import statistics

import pytest

from prelabel.measure.bar import ALPHA, is_surely_under, odds

BAR = 0.8


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (3, 7), (40, 90), (300, 320)])
def test_the_odds_are_the_integral(right: int, n: int) -> None:
    from scipy.integrate import quad

    wanted, _ = quad(
        lambda p: (p / BAR) ** right * ((1 - p) / (1 - BAR)) ** (n - right) / BAR, 0, BAR, epsrel=1e-10
    )
    from math import log

    assert odds(right, n, BAR) == pytest.approx(log(wanted), abs=1e-6)


def first_rights(bar: float, most: int, alpha: float) -> list[int]:
    """For each n, the largest number of right ones that shows someone to be under the bar; -1: none does."""
    found, right = [-1], -1
    for n in range(1, most + 1):
        while right + 1 <= n and is_surely_under(right + 1, n, bar, alpha):
            right += 1
        while right >= 0 and not is_surely_under(right, n, bar, alpha):
            right -= 1
        found.append(right)
    return found


def paused_after(chance: random.Random, share: float, limits: list[int]) -> int | None:
    right = 0
    for n in range(1, len(limits)):
        right += chance.random() < share
        if right <= limits[n]:
            return n
    return None


def test_of_careers_of_a_thousand_checks_at_the_bar_at_most_one_in_a_hundred_is_paused() -> None:
    chance, careers = random.Random(1), 4_000
    limits = first_rights(BAR, 1_000, ALPHA)
    paused = sum(paused_after(chance, BAR, limits) is not None for _ in range(careers))
    assert 0 < paused / careers <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / careers) ** 0.5


def test_a_fixed_interval_looked_at_after_every_answer_would_pause_many_times_as_many() -> None:
    from prelabel.measure.intervals import wilson

    chance, paused = random.Random(1), 0
    for _ in range(200):
        right = 0
        for n in range(1, 301):
            right += chance.random() < BAR
            if n >= 10 and wilson(right, n, 0.98).high < BAR:
                paused += 1
                break
    assert paused / 200 > 5 * ALPHA


def test_whoever_finds_no_planted_fault_is_paused_after_five_and_who_finds_half_after_some_dozens() -> None:
    limits = first_rights(BAR, 1_000, ALPHA / 2)
    assert next(n for n in range(1, 100) if limits[n] >= 0) == 5
    chance = random.Random(2)
    half = [paused_after(chance, 0.5, limits) or 1_000 for _ in range(300)]
    assert 15 < statistics.median(half) < 35
