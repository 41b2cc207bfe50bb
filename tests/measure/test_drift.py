"""The drift test: seldom wrong where nothing has changed, soon right where the model has."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.drift import alarms, delay, recorded, worse, wrong_of
from prelabel.measure.drift import ALPHA, evidence, judge
from prelabel.measure.intervals import wilson

STREAMS = st.lists(st.booleans(), max_size=80)
TARGETS = st.sampled_from([None, 0.8, 0.95])


@pytest.mark.parametrize("chance", [0.01, 0.1, 0.3])
@pytest.mark.parametrize("against_target", [True, False])
def test_of_runs_without_a_change_at_most_alpha_have_an_alarm(chance: float, against_target: bool) -> None:
    flags = np.random.default_rng(5).random((1_000, 300)) < chance
    found = alarms(flags, 1 - chance if against_target else None)
    assert wilson(int(np.isfinite(found).sum()), 1_000).low <= ALPHA


@pytest.mark.parametrize("chance", [0.05, 0.2])
def test_the_expected_value_of_the_wager_is_one(chance: float) -> None:
    """Over all streams of ten audits, weighted by their chances, against the target that is the truth; without one at most that."""
    streams = (np.arange(1_024)[:, None] >> np.arange(10)) & 1 == 1
    chances = np.where(streams, chance, 1 - chance).prod(axis=1)
    assert (chances * np.exp(evidence(streams, 1 - chance)[:, -1])).sum() == pytest.approx(1)
    assert 0 < (chances * np.exp(evidence(streams)[:, -1])).sum() < 1


@given(STREAMS, TARGETS)
def test_later_audits_change_nothing_of_what_was_seen(wrong: list[bool], target: float | None) -> None:
    longer = evidence(np.array([*wrong, True]), target)
    assert np.allclose(longer[:-1], evidence(np.array(wrong, bool), target))


@given(STREAMS, TARGETS)
def test_an_alarm_names_audits_that_are_worse_than_what_is_allowed(
    wrong: list[bool], target: float | None
) -> None:
    found = judge(wrong, target)
    assert found.wrong_before + found.wrong_since == found.wrong == sum(wrong)
    assert 0 <= found.changed_after <= len(wrong)
    if found.is_alarm:
        assert found.evidence >= found.alarm_from == pytest.approx(math.log(20))


def test_an_alarm_says_since_when() -> None:
    found = judge([False] * 100 + [True] * 12)
    assert (found.changed_after, found.is_alarm) == (100, True)
    assert found.explain() == "12 of the last 12 audits found a wrong draft, 0 of the 100 before"


def test_better_drafts_are_no_alarm() -> None:
    rng = np.random.default_rng(1)
    flags = np.concatenate([rng.random((200, 100)) < 0.4, rng.random((200, 300)) < 0.05], axis=1)
    assert not np.isfinite(alarms(flags, None)).any()


@pytest.mark.parametrize(("accuracy", "target", "most"), [(0.5, None, 60), (0.6, 0.83, 60), (0.5, 0.83, 35)])
def test_a_worse_model_in_the_second_half_of_recorded_answers_is_found(
    shared_data: Path, accuracy: float, target: float | None, most: float
) -> None:
    rng, wrong = np.random.default_rng(3), wrong_of(shared_data / "llm" / "stance_gpt4o.jsonl.gz")
    found = delay(recorded(wrong, 143, 200, rng), worse(wrong, accuracy, (200, 300), rng), 144, target)
    assert found.mean < most
    assert found.within.low > 0.9
    assert found.before.low <= ALPHA
