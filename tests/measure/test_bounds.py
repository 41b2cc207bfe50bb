"""The bounds of the guarantee are exact, and fail as seldom as they say: never more, and not much less."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, permutations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from prelabel.measure.guarantee.chain import Step, band, looks, missed, planned_looks, spending
from prelabel.measure.guarantee.cut import left, longest, longest_within
from prelabel.measure.guarantee.hypergeometric import (
    budget_of,
    chance_of_at_most,
    exact_chance_of_at_most,
    most_errors,
    upper_bound,
    upper_bounds,
)
from prelabel.measure.guarantee.losses import credit, is_under, longest_by_loss, stakes
from prelabel.measure.guarantee.slices import shared_out, slice_level

ALPHA = 0.05
POOLS = st.integers(1, 150).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


def enumerated_failures(wrong: Sequence[int], drawn: int, most: int, budget: int) -> Fraction:
    """The share of all samples after which more than the budget of wrong labels is left before the cut."""
    n, failed, samples = len(wrong), 0, 0
    truth = np.array(wrong, bool)
    for sample in combinations(range(n), drawn):
        audited = np.zeros(n, bool)
        audited[list(sample)] = True
        cut = longest(audited, truth, most)
        failed += int(truth[: cut.size].sum()) - cut.errors > budget
        samples += 1
    return Fraction(failed, samples)


@pytest.mark.parametrize("n", [1, 6, 11])
@pytest.mark.parametrize("alpha", [0.05, 0.25])
def test_u_is_the_largest_number_that_is_likely_by_counting_all_samples(n: int, alpha: float) -> None:
    for drawn in range(n + 1):
        bounds = upper_bounds(n, drawn, alpha)
        for seen in range(drawn + 1):
            counted = max(
                wrong
                for wrong in range(n + 1)
                if exact_chance_of_at_most(seen, n, wrong, drawn) > Fraction(str(alpha))
            )
            assert upper_bound(seen, n, drawn, alpha) == bounds[seen] == counted


def test_a_chance_of_exactly_alpha_is_not_above_it() -> None:
    # of 20 drafts of which 19 are wrong, the one audited is right with a chance of exactly 0.05
    assert exact_chance_of_at_most(0, 20, 19, 1) == Fraction("0.05")
    assert upper_bound(0, 20, 1, 0.05) == upper_bounds(20, 1, 0.05)[0] == 18


@given(POOLS, st.integers(0, 150), st.integers(0, 150))
def test_chances_are_those_of_scipy(pool: tuple[int, int], wrong: int, seen: int) -> None:
    n, drawn = pool
    wrong, seen = min(wrong, n), min(seen, drawn)
    assert chance_of_at_most(seen, n, wrong, drawn) == pytest.approx(
        hypergeom.cdf(seen, n, wrong, drawn), abs=1e-9
    )


@given(POOLS, st.floats(0.01, 0.4))
@settings(max_examples=40)
def test_u_less_k_never_falls(pool: tuple[int, int], alpha: float) -> None:
    bounds = upper_bounds(*pool, alpha)
    assert (np.diff(bounds) >= 1).all()


@given(POOLS, st.integers(0, 150), st.floats(0.01, 0.4))
@settings(max_examples=40)
def test_kmax_is_the_last_k_whose_u_less_k_is_in_the_budget(
    pool: tuple[int, int], budget: int, alpha: float
) -> None:
    bounds = upper_bounds(*pool, alpha)
    fitting = np.flatnonzero(bounds - np.arange(len(bounds)) <= budget)
    assert most_errors(*pool, budget, alpha) == (fitting[-1] if fitting.size else -1)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60), st.data())
def test_a_larger_epsilon_never_cuts_earlier(rows: list[tuple[bool, bool]], data: st.DataObject) -> None:
    audited, wrong = (np.array(column, bool) for column in zip(*rows, strict=True))
    less, more = sorted(data.draw(st.tuples(st.floats(0.001, 0.9), st.floats(0.001, 0.9))))
    n, drawn = len(rows), int(audited.sum())
    sizes = [
        longest(audited, wrong, most_errors(n, drawn, budget_of(epsilon, n), ALPHA)).size
        for epsilon in (less, more)
    ]
    assert sizes[0] <= sizes[1]


def test_a_million_drafts_are_bounded_at_once() -> None:
    most = most_errors(1_000_000, 5_000, 50_000, ALPHA)
    assert hypergeom.cdf(most, 1_000_000, 50_001 + most, 5_000) <= ALPHA
    assert hypergeom.cdf(most + 1, 1_000_000, 50_002 + most, 5_000) > ALPHA


def test_epsilon_is_the_decimal_that_it_is_written_as() -> None:
    assert budget_of(0.07, 100) == 7  # 0.07 * 100 in floating point is 7.000000000000001
    assert budget_of(0.29, 100) == 29  # and this is 28.999999999999996


@pytest.mark.parametrize("wrong", [[1] * 10, [0, 1] * 5, [0] * 4 + [1] * 6, [1, 0, 0, 1, 1, 0, 0, 0, 0, 1]])
@pytest.mark.parametrize("drawn", [3, 5, 7])
@pytest.mark.parametrize("budget", [1, 2, 4])
def test_no_arrangement_of_wrong_drafts_fails_more_often_than_alpha(
    wrong: list[int], drawn: int, budget: int
) -> None:
    for alpha in (0.1, 0.3):
        most = most_errors(len(wrong), drawn, budget, alpha)
        assert enumerated_failures(wrong, drawn, most, budget) <= Fraction(str(alpha))


@pytest.mark.parametrize(
    ("n", "drawn", "budget", "alpha"), [(10, 5, 2, 0.3), (11, 6, 3, 0.4), (12, 6, 2, 0.2)]
)
def test_one_audit_error_more_would_break_the_bound(n: int, drawn: int, budget: int, alpha: float) -> None:
    most = most_errors(n, drawn, budget, alpha)
    worst = [1] * (budget + most + 2) + [0] * (n - budget - most - 2)
    assert enumerated_failures(worst, drawn, most + 1, budget) > Fraction(str(alpha))


def failures(draws: int, most: int) -> int:
    """How many of so many draws leave more wrong than 5 % of 2,000, where the errors come as late as is bad for the bound."""
    n, drawn, budget, rng = 2_000, 320, 100, np.random.default_rng(5)
    wrong = np.zeros(n, bool)
    wrong[600 : 600 + budget + most_errors(n, drawn, budget, ALPHA) + 2] = True
    failed = 0
    for _ in range(draws):
        audited = np.zeros(n, bool)
        audited[rng.choice(n, drawn, replace=False)] = True
        cut = longest(audited, wrong, most)
        failed += int(wrong[: cut.size].sum()) - cut.errors > budget
    return failed


def test_simulated_failures_are_as_many_as_alpha_allows_and_too_many_when_loosened_by_one() -> None:
    most = most_errors(2_000, 320, 100, ALPHA)
    chance = chance_of_at_most(most, 2_000, 100 + most + 1, 320)
    assert chance <= ALPHA
    draws = 4_000
    limit = draws * ALPHA + 3 * (draws * ALPHA * (1 - ALPHA)) ** 0.5
    assert failures(draws, most) == pytest.approx(draws * chance, abs=3 * (draws * chance) ** 0.5)
    assert failures(draws, most) <= limit < failures(draws, most + 1)


@pytest.mark.parametrize(
    "steps",
    [
        [Step(3, 3, 0), Step(4, 4, 1), Step(6, 4, 1), Step(6, 6, 3)],
        [Step(2, 4, 0), Step(5, 4, 1)],
        [Step(4, 2, 0), Step(4, 5, 1), Step(4, 7, 2)],
    ],
)
def test_the_chance_to_miss_a_step_is_that_of_all_orders_of_audits(steps: list[Step]) -> None:
    n, missing, total = 8, 0, 0
    for audits in permutations(range(n), max(step.drawn for step in steps)):
        total += 1
        missing += any(sum(one < step.wrong for one in audits[: step.drawn]) <= step.most for step in steps)
    assert missed(n, steps) == pytest.approx(missing / total, abs=1e-12)


def test_one_look_allows_what_the_single_bound_allows() -> None:
    for drawn in (60, 200, 320):
        assert looks(2_299, 114, [drawn], [ALPHA]) == [most_errors(2_299, drawn, 114, ALPHA)]


def test_looks_use_up_no_more_than_alpha_and_one_error_more_would() -> None:
    sizes = [120, 200, 320]
    allowed = looks(2_299, 114, sizes, spending(sizes, ALPHA))
    steps = [Step(drawn, 115 + most, most) for drawn, most in zip(sizes, allowed, strict=True)]
    assert missed(2_299, steps) <= ALPHA
    assert missed(2_299, [*steps[:-1], Step(320, 116 + allowed[-1], allowed[-1] + 1)]) > ALPHA


def test_looks_where_one_error_more_is_allowed_allow_as_much_as_a_look_at_every_audit() -> None:
    n, budget, last = 2_299, 114, 320
    sizes, spent = planned_looks(n, budget, last, ALPHA, "every")
    allowed = looks(n, budget, sizes, spent)
    assert allowed == list(range(allowed[0], allowed[-1] + 1))
    assert most_errors(n, sizes[-1], budget, ALPHA) - allowed[-1] <= 2
    steps = [Step(drawn, budget + most + 1, most) for drawn, most in zip(sizes, allowed, strict=True)]
    assert missed(n, steps) <= ALPHA
    assert planned_looks(n, budget, last, ALPHA, 4)[0] == (80, 160, 240, 320)
    assert planned_looks(n, budget, 3, ALPHA, "every") == (
        (3,),
        (ALPHA,),
    )  # nothing is allowed at any of them


def test_a_look_at_every_audit_fails_at_any_of_them_as_seldom_as_alpha() -> None:
    n, budget, last, rng = 600, 30, 150, np.random.default_rng(2)
    allowed = looks(n, budget, range(1, last + 1), spending(range(1, last + 1), ALPHA))
    wrong = np.arange(n) % 4 == 1
    failed, draws = 0, 300
    for _ in range(draws):
        audited, sample = np.zeros(n, bool), rng.choice(n, last, replace=False)
        for most, one in zip(allowed, sample, strict=True):
            audited[one] = True
            cut = longest(audited, wrong, most)
            if int(wrong[: cut.size].sum()) - cut.errors > budget:
                failed += 1
                break
    assert failed <= draws * ALPHA + 3 * (draws * ALPHA) ** 0.5


def test_the_band_holds_for_every_prefix_at_once() -> None:
    n, drawn, first, last = 1_500, 200, 3, 25
    bounds = band(n, drawn, ALPHA, first, last)
    assert missed(n, [Step(drawn, v + 1, k) for k, v in enumerate(bounds, first)]) <= ALPHA
    assert (np.array(bounds) >= upper_bounds(n, drawn, ALPHA, last)[first:]).all()
    rng, broken, draws = np.random.default_rng(3), 0, 1_000
    wrong = rng.random(n) < np.linspace(0, 0.4, n)
    for _ in range(draws):
        audited = np.zeros(n, bool)
        audited[rng.choice(n, drawn, replace=False)] = True
        errors, sampled = np.cumsum(audited & wrong), np.cumsum(audited)
        unreviewed = np.arange(1, n + 1) - sampled
        broken += bool((np.cumsum(wrong) - errors > left(errors, unreviewed, bounds, first)).any())
    assert 0 < broken <= draws * ALPHA + 3 * (draws * ALPHA) ** 0.5


def test_of_a_failing_annotator_next_to_nothing_is_accepted_where_the_accepted_part_is_bounded() -> None:
    rng = np.random.default_rng(4)
    wrong, audited = rng.random(4_000) < 0.74, np.zeros(4_000, bool)
    audited[rng.choice(4_000, 800, replace=False)] = True
    cut = longest_within(audited, wrong, band(4_000, 800, ALPHA, 0, 40), 0, 0.05)
    assert cut.accepted == 0


def test_the_levels_of_slices_hold_together_and_audits_are_shared_out_by_size() -> None:
    assert 1 - (1 - slice_level(ALPHA, 20)) ** 20 == pytest.approx(ALPHA)
    assert shared_out(10, {"a": 50, "b": 30, "c": 20, "d": 0}) == {"a": 5, "b": 3, "c": 2}
    assert shared_out(99, {"a": 2, "b": 1}) == {"a": 2, "b": 1}


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 50), min_size=1), st.integers(1, 200))
def test_audits_shared_out_are_all_of_them_and_fit_into_their_slices(
    sizes: dict[str, int], audits: int
) -> None:
    shares = shared_out(audits, sizes)
    assert sum(shares.values()) == min(audits, sum(sizes.values()))
    assert all(0 < share <= sizes[name] for name, share in shares.items())


def test_any_of_several_slices_fails_as_seldom_as_alpha() -> None:
    rng, draws, failed, level = np.random.default_rng(6), 1_500, 0, slice_level(ALPHA, 4)
    n, drawn, budget = 400, 150, 20
    most = most_errors(n, drawn, budget, level)
    wrong = np.arange(n) >= n - budget - most - 1  # the worst that a slice can hold
    for _ in range(draws):
        lefts = []
        for _slice in range(4):
            audited = np.zeros(n, bool)
            audited[rng.choice(n, drawn, replace=False)] = True
            cut = longest(audited, wrong, most)
            lefts.append(int(wrong[: cut.size].sum()) - cut.errors)
        failed += max(lefts) > budget
    assert 0 < failed <= draws * ALPHA + 3 * (draws * ALPHA) ** 0.5


LOSSES = st.lists(st.floats(0, 1), min_size=1, max_size=50)


@given(LOSSES, st.data())
def test_a_smaller_loss_never_wins_less(losses: list[float], data: st.DataObject) -> None:
    n, total = len(losses) * 3, len(losses) * data.draw(st.floats(0.1, 2))
    smaller = [loss * data.draw(st.floats(0, 1)) for loss in losses]
    assert is_under(smaller, n, total, 0.2) or not is_under(losses, n, total, 0.2)


def test_losses_that_reach_the_total_are_said_to_be_under_it_as_seldom_as_alpha() -> None:
    rng, draws, n, drawn = np.random.default_rng(7), 1_500, 400, 120
    losses = np.concatenate([np.full(60, 0.5), np.zeros(340)])
    wins = sum(is_under(rng.choice(losses, drawn, replace=False), n, 30.0, ALPHA) for _ in range(draws))
    assert 0 < wins <= draws * ALPHA + 3 * (draws * ALPHA) ** 0.5


def test_the_cut_by_loss_accepts_what_loses_little_and_leaves_what_loses_much() -> None:
    rng, n, drawn = np.random.default_rng(8), 2_000, 400
    losses = np.where(np.arange(n) < 1_000, 0.01, 0.5)
    positions = rng.choice(n, drawn, replace=False)
    cut = longest_by_loss(positions, losses[positions], n, 0.05 * n, ALPHA)
    assert cut.size >= 1_000
    assert losses[: cut.size].sum() <= 0.05 * n


@given(LOSSES)
@settings(max_examples=20)
def test_a_loss_outside_zero_to_one_is_refused(losses: list[float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        is_under([*losses, 1.5], 100, 5, ALPHA)


@given(st.lists(st.floats(0, 1), min_size=20, max_size=60), st.randoms(use_true_random=False))
def test_losses_within_the_credit_win_in_any_order(losses: list[float], random: Random) -> None:
    n, drawn, budget = 400, 60, 40.0
    given_credit, bets = credit(n, drawn, budget, 0.2), stakes(n, drawn, budget, 0.2)
    assert given_credit >= 1
    total = sum(losses) or 1.0
    scaled = [min(1.0, loss * (given_credit + 1) / total) for loss in losses]
    scaled += [0.0] * (drawn - len(scaled))
    random.shuffle(scaled)
    assert is_under(scaled, n, budget + given_credit, 0.2, bets)


@pytest.mark.parametrize("loss", [1.0, 0.5, 0.25])
@pytest.mark.parametrize("excess", [0.5, 10.0, 60.0])
def test_what_nobody_reviewed_loses_more_than_the_budget_as_seldom_as_alpha(
    loss: float, excess: float
) -> None:
    n, drawn, budget, rng, draws = 600, 200, 30.0, np.random.default_rng(9), 400
    losses = np.zeros(n)
    losses[100 : 100 + int((budget + excess) / loss)] = loss  # little or much more than may be left
    failed = 0
    for _ in range(draws):
        positions = rng.choice(n, drawn, replace=False)
        cut = longest_by_loss(positions, losses[positions], n, budget, ALPHA)
        failed += losses[: cut.size].sum() - cut.loss > budget + 1e-9
    assert failed <= draws * ALPHA + 3 * (draws * ALPHA) ** 0.5


def test_the_credit_accepts_more_and_is_what_the_audited_would_have_lost() -> None:
    assert credit(2_299, 400, 114.95, ALPHA) == 9
    assert credit(2_299, 800, 114.95, ALPHA) == 29
    assert credit(2_299, 40, 114.95, ALPHA) == credit(50, 40, 0.5, ALPHA) == 0
