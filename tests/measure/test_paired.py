"""The difference of two drafters on the same examples, and its interval."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from prelabel.measure.paired import CostTally, paired

COUNTS = st.integers(0, 200)


# Newcombe 1998 (Statistics in Medicine 17, 2635-2650), method 10
@pytest.mark.parametrize(
    ("counts", "ends"), [((36, 12, 2, 0), (0.0569, 0.3404)), ((20, 12, 2, 16), (0.0562, 0.3292))]
)
def test_the_interval_is_that_of_newcombe(
    counts: tuple[int, int, int, int], ends: tuple[float, float]
) -> None:
    found = paired(*counts)
    assert (found.low, found.high) == pytest.approx(ends, abs=5e-5)
    both, first, second, neither = counts
    mirrored = paired(both, second, first, neither)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_difference_lies_in_its_interval(both: int, first: int, second: int, neither: int) -> None:
    found = paired(both, first, second, neither)
    assert -1 <= found.low <= (found.difference or 0) <= found.high <= 1
    assert found.n == both + first + second + neither
    if first + second:
        assert found.chance == pytest.approx(binomtest(first, first + second).pvalue)


@pytest.mark.parametrize("chances", [(0.7, 0.15, 0.05, 0.1), (0.9, 0.05, 0.04, 0.01), (0.3, 0.2, 0.2, 0.3)])
@pytest.mark.parametrize("n", [40, 300])
def test_the_interval_holds_the_true_difference_about_as_often_as_it_says(
    chances: tuple[float, ...], n: int
) -> None:
    draws = np.random.default_rng(2).multinomial(n, chances, 2_000)
    found = [paired(*map(int, draw)) for draw in draws]
    truth = chances[1] - chances[2]
    assert np.mean([one.low <= truth <= one.high for one in found]) >= 0.93


def test_on_the_same_examples_less_is_needed_to_tell_two_apart() -> None:
    same, apart = paired(80, 10, 0, 10), paired(72, 18, 8, 2)
    assert (same.difference, apart.difference) == (0.1, 0.1)
    assert same.high - same.low < apart.high - apart.low
    assert same.low > 0


def test_nothing_in_common_says_nothing() -> None:
    found = paired(0, 0, 0, 0)
    assert (found.difference, found.low, found.high, found.chance) == (None, -1, 1, 1)


def test_the_difference_of_costs_has_the_interval_of_a_paired_mean() -> None:
    tally, pairs = CostTally(), [("0.03", "0.01"), ("0.05", "0.02"), ("0.04", "0.05")]
    for first, second in pairs:
        tally.add(CostTally.of(Decimal(first), Decimal(second), 0))
    found = tally.report()
    apart = np.array([float(first) - float(second) for first, second in pairs])
    reach = 1.959964 * apart.std(ddof=1) / np.sqrt(3)
    assert float(found.difference or 0) == pytest.approx(apart.mean(), abs=1e-6)
    assert [float(found.low or 0), float(found.high or 0)] == pytest.approx(
        [apart.mean() - reach, apart.mean() + reach], abs=1e-6
    )


def test_one_example_gives_a_difference_of_costs_without_an_interval_and_none_gives_nothing() -> None:
    tally = CostTally()
    assert tally.report().difference is None
    tally.add(CostTally.of(Decimal("0.02"), Decimal("0.01"), 1))
    assert (tally.report().difference, tally.report().low, tally.report().unpriced) == (
        Decimal("0.01"),
        None,
        1,
    )
