"""A plan says beforehand what an audit will save; learned uncertainty orders drafts better than their confidence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prelabel.measure.calibration import calibrator, held_out, reliability
from prelabel.measure.guarantee.cut import longest
from prelabel.measure.guarantee.planning import curve, foreseen, plan
from prelabel.measure.guarantee.uncertainty import Known, Settled, Uncertainty, worst_first

ALPHA = 0.05


def known_order(size: int = 2_000, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(size) < np.linspace(0, 0.5, size)).astype(float)


def test_a_plan_for_a_known_order_saves_what_draws_of_the_audit_save() -> None:
    wrong, rng = known_order(), np.random.default_rng(1)
    planned = plan(wrong, 0.05, ALPHA)
    saved = []
    for _ in range(600):
        audited = np.zeros(wrong.size, bool)
        audited[rng.choice(wrong.size, planned.drawn, replace=False)] = True
        saved.append(longest(audited, wrong == 1, planned.most).accepted)
    assert np.mean(saved) == pytest.approx(planned.saved, abs=4 * np.std(saved) / 600**0.5)
    inside = np.mean([planned.saved_low - 15 <= one <= planned.saved_high + 15 for one in saved])
    assert 0.87 <= inside <= 0.97


def test_no_other_size_of_audit_saves_more() -> None:
    wrong = known_order(600)
    best = plan(wrong, 0.05, ALPHA)
    around = [plan(wrong, 0.05, ALPHA, audit_seconds=weight) for weight in (0.5, 2, 4)]
    assert all(other.saved <= best.saved + 1e-9 for other in around)
    assert around[-1].drawn <= best.drawn <= around[0].drawn


def test_a_larger_epsilon_saves_more() -> None:
    saved = [one.saved for one in curve(known_order(), [0.01, 0.02, 0.05, 0.1], ALPHA)]
    assert saved == sorted(saved)
    assert saved[-1] > saved[0]


def test_where_nothing_can_be_saved_nothing_is_audited() -> None:
    planned = plan(np.ones(50), 0.01, ALPHA, audit_seconds=2, review_seconds=1)
    assert (planned.drawn, planned.saved, planned.seconds) == (0, 0, 50)


def test_a_plan_over_several_forecasts_is_the_best_on_average() -> None:
    one, other = known_order(800, 1), known_order(800, 2)
    alone, both = plan(one, 0.05, ALPHA), plan(np.stack([one, other]), 0.05, ALPHA)
    assert both.saved <= (alone.saved + plan(other, 0.05, ALPHA).saved) / 2
    assert plan(np.stack([one, one]), 0.05, ALPHA) == alone


def test_a_plan_for_no_drafts_is_empty() -> None:
    assert plan([], 0.05, ALPHA).drawn == 0


def test_chances_outside_zero_to_one_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        plan([0.5, 1.2], 0.05, ALPHA)


def test_a_pilot_tells_how_often_drafts_of_each_uncertainty_are_wrong() -> None:
    rng = np.random.default_rng(2)
    pilot = [(float(value), bool(rng.random() < value)) for value in rng.random(2_000)]
    chances = foreseen([0.9, 0.1, 0.5], pilot, resamples=2)
    assert chances.shape == (3, 3)
    assert chances[0] == pytest.approx([0.1, 0.5, 0.9], abs=0.08)


PLACES = ["Oslo", "Lima", "Quito", "Delhi", "Kyoto", "Dakar", "Turin", "Lagos", "Perth", "Boston"]


def recorded(size: int, seed: int) -> list[Settled]:
    """Drafts whose label "a" is often wrong, the more so where the text speaks of rain; confidence tells nothing."""
    rng, found = np.random.default_rng(seed), []
    for index in range(size):
        label, rain = ("a", "b")[index % 2], rng.random() < 0.5
        wrong = label == "a" and rng.random() < (0.8 if rain else 0.1)
        text = f"{'rain' if rain else 'sun'} in {PLACES[rng.integers(len(PLACES))]}"
        found.append(Settled(Known(label, float(rng.random()), text), "b" if wrong else label))
    return found


def test_a_pilot_without_an_error_is_not_taken_at_its_word() -> None:
    chances = foreseen([0.1] * 50, [(0.1, False)] * 60, resamples=1)
    assert 0 < chances[0][0] < 0.1
    assert foreseen([], [(0.1, False)] * 60).shape == (1, 0)


def test_learned_uncertainty_finds_what_confidence_does_not_tell() -> None:
    uncertainty, others = Uncertainty(recorded(400, 0)), recorded(400, 1)
    chances = uncertainty.of([one.known for one in others])
    wrong = np.array([one.wrong for one in others])
    assert chances[wrong].mean() > 3 * chances[~wrong].mean()


def test_learned_uncertainty_is_the_same_each_time() -> None:
    drafts = [one.known for one in recorded(30, 1)]
    first, second = (Uncertainty(recorded(200, 0)).of(drafts) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("settled", [[], recorded(20, 0), [one for one in recorded(300, 0) if not one.wrong]])
def test_without_reviews_to_learn_from_uncertainty_is_one_minus_confidence(settled: list[Settled]) -> None:
    drafts = [Known("a", 0.7), Known("b", None)]
    assert Uncertainty(settled).of(drafts) == pytest.approx([0.3, 1.0])


def test_drafts_without_text_or_with_unseen_labels_are_ranked_as_well() -> None:
    settled = [
        Settled(Known(one.known.label, 0.5, agreement=0.0 if one.wrong else 1.0), one.settled)
        for one in recorded(300, 0)
    ]
    low, high = Uncertainty(settled).of([Known("new", 0.5, agreement=1.0), Known("new", 0.5, agreement=0.0)])
    assert low < high


def test_people_settle_the_likeliest_wrong_ones_until_what_is_left_can_be_accepted() -> None:
    chances = np.array([0.1, 0.9, 0.2, 0.8, 0.7])
    assert worst_first(chances, 1, 1.0) == [1, 3]
    assert worst_first(chances, 1, 0.2) == [1]
    assert worst_first(chances, 2, 1.0) == []
    assert worst_first(chances, 1, 0.2, fewest=3) == [1, 3, 4]
    assert worst_first(chances, 2, 1.0, fewest=3) == []


PAIRS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=260)


@given(PAIRS)
@settings(max_examples=25)
def test_the_calibration_error_lies_within_its_interval(known: list[tuple[float, bool]]) -> None:
    found = reliability(known)
    assert sum(band.right.n for band in found.bands) == len(known)
    if known:
        assert found.error is not None
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.error <= found.high <= 1


def test_much_data_that_is_truly_a_step_gets_a_curve_that_bends() -> None:
    rng = np.random.default_rng(0)
    known = [(float(one), bool(rng.random() < (0.95 if one > 0.8 else 0.3))) for one in rng.random(2_000)]
    calibrate = calibrator(known)
    assert calibrate(0.7) == pytest.approx(0.3, abs=0.08)
    assert calibrate(0.9) == pytest.approx(0.95, abs=0.05)


def test_calibration_on_held_out_answers_closes_most_of_the_gap() -> None:
    rng = np.random.default_rng(1)
    known = [(float(one), bool(rng.random() < one**2)) for one in rng.uniform(0.5, 1, 400)]
    before = reliability(known).error or 0
    after = reliability(list(zip(held_out(known), (right for _, right in known), strict=True))).error or 0
    assert after < before / 2
