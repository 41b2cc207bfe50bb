"""Figures are right to the digit, and carry their interval and what they rest on."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from prelabel.measure.calibration import calibrator
from prelabel.measure.cost import Spending, cost_report
from prelabel.measure.gate import judge_gold
from prelabel.measure.intervals import wilson
from prelabel.measure.quality import Judged, QualityTally, part_quality
from prelabel.schema import Label, LabelSchema

TOPIC = LabelSchema.load("fields: {topic: [a, b, c]}")


@given(st.integers(1, 2_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_interval_is_that_of_scipy(case: tuple[int, int]) -> None:
    right, n = case
    share, other = wilson(right, n), binomtest(right, n).proportion_ci(method="wilson")
    assert (share.low, share.high) == pytest.approx((other.low, other.high), abs=1e-9)


def test_nothing_seen_is_known_to_be_anything() -> None:
    assert (wilson(0, 0).value, wilson(0, 0).low, wilson(0, 0).high) == (None, 0, 1)


def test_accuracy_of_recorded_gpt4o_answers_is_what_the_file_says(shared_data: Path) -> None:
    with gzip.open(shared_data / "llm" / "stance_gpt4o.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    schema = LabelSchema.model_validate({"fields": {"stance": sorted({row["gold"] for row in rows})}})
    tally = QualityTally(schema)
    for row in rows:
        tally.add(Judged({"stance": row["llm"]["label"]}, {"stance": row["gold"]}, row["llm"]["confidence"]))
    report = tally.report()
    assert report.accuracy.value == pytest.approx(0.7521, abs=5e-5)
    assert report.calibration_error == pytest.approx(0.119, abs=5e-4)


def test_recall_and_precision_of_a_class_count_settled_and_drafted() -> None:
    tally = QualityTally(TOPIC)
    for draft, settled in [("a", "a"), ("a", "b"), ("b", "b"), ("c", "a")]:
        tally.add(Judged({"topic": draft}, {"topic": settled}, None))
    a = next(one for one in tally.report().fields[0].classes if one.name == "a")
    assert (a.recall.right, a.recall.n, a.precision.right, a.precision.n) == (1, 2, 1, 2)


SPANS = LabelSchema.load(
    "fields: {entities: {kind: spans, options: [person, location, group, product, corporation, creative-work]}}"
)
SYSTEMS = {
    "arcada": 0.4278,
    "drexel_cci": 0.2665,
    "flytxt": 0.3982,
    "mic-cis": 0.3682,
    "sjtu_adapt": 0.4184,
    "spinningbytes": 0.4277,
    "uh_ritual": 0.4379,
}


def test_span_f1_of_the_recorded_systems_is_what_the_file_says(shared_data: Path) -> None:
    """0.27 to 0.44, as drafts of the seven systems against gold, every one of them valid for its text."""
    with gzip.open(shared_data / "spans" / "wnut17_test_systems.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    tallies = {name: QualityTally(SPANS) for name in SYSTEMS}
    for row in rows:
        gold = SPANS.read_gold(row["gold"], {"text": row["text"]})
        for system in row["llms"]:
            draft = SPANS.read_gold(system["label"], {"text": row["text"]})
            tallies[system["model"]].add(Judged(draft, gold, None))
    parts = {name: tally.report().fields[0].parts for name, tally in tallies.items()}
    found = {name: part.f1 for name, part in parts.items() if part is not None}
    assert found == pytest.approx(SYSTEMS, abs=5e-5)
    assert all(part.f1_low < (part.f1 or 0) < part.f1_high for part in parts.values() if part)


def test_parts_of_values_are_counted_over_all_labels_and_by_class() -> None:
    tally = QualityTally(SPANS)
    bob, ann = {"start": 0, "end": 3, "label": "person"}, {"start": 8, "end": 11, "label": "person"}
    acme = {"start": 20, "end": 24, "label": "group"}
    for draft, settled in [([bob, ann], [bob]), ([acme | {"end": 23}], [acme]), ([], [])]:
        tally.add(Judged({"entities": draft}, {"entities": settled}, None))
    [field] = tally.report().fields
    assert field.parts is not None
    assert (field.parts.precision.right, field.parts.precision.n, field.parts.recall.n) == (1, 3, 2)
    assert field.parts.f1 == pytest.approx(2 / 5)
    assert {cls.name: (cls.recall.right, cls.recall.n, cls.precision.n) for cls in field.classes} == {
        "person": (1, 1, 2),
        "group": (0, 1, 1),
    }
    assert (field.accuracy.right, field.accuracy.n) == (1, 3)


def test_the_f1_of_no_parts_at_all_is_not_known() -> None:
    nothing = part_quality(0, 0, 0, 0)
    assert (nothing.f1, nothing.f1_low, nothing.f1_high) == (None, 0, 1)
    assert part_quality(0, 5, 5, 0).f1 == 0
    assert part_quality(5, 5, 5, 5).f1 == part_quality(5, 5, 5, 5).f1_high == 1


def test_a_field_is_counted_where_it_applies() -> None:
    schema = LabelSchema.load("""
    fields:
      toxic: {kind: boolean}
      harm: {kind: choice, options: [hate, threat], when: {toxic: true}}
    """)
    tally = QualityTally(schema)
    calm: Label = {"toxic": False, "harm": None}
    hate: Label = {"toxic": True, "harm": "hate"}
    for draft, settled in [(calm, calm), (hate, hate), (hate, calm), (calm, hate)]:
        tally.add(Judged(draft, settled, None))
    _, harm = tally.report().fields
    assert (harm.accuracy.right, harm.accuracy.n) == (1, 3)
    assert [(cls.recall.n, cls.precision.n) for cls in harm.classes] == [(2, 2)]
    assert ("", "hate", 1) in [(one.drafted, one.settled, one.count) for one in harm.corrections]


def test_a_failed_draft_is_counted_apart_and_not_as_wrong() -> None:
    tally = QualityTally(TOPIC)
    tally.add(Judged(None, {"topic": "a"}, None))
    tally.add(Judged({"topic": "a"}, {"topic": "a"}, 0.9))
    report = tally.report()
    assert (report.failed, report.judged, report.accuracy.n) == (1, 1, 1)


def test_the_most_frequent_corrections_come_first() -> None:
    tally = QualityTally(TOPIC)
    for draft, settled in [("a", "b"), ("b", "c"), ("b", "c"), ("c", "c")]:
        tally.add(Judged({"topic": draft}, {"topic": settled}, None))
    first = tally.report().fields[0].corrections[0]
    assert (first.drafted, first.settled, first.count) == ("b", "c", 2)


def box(x: float, label: str = "cell") -> dict[str, object]:
    return {"x": x, "y": 0.1, "width": 0.2, "height": 0.2, "label": label}


def test_parts_of_values_are_counted_one_by_one() -> None:
    tally = QualityTally(
        LabelSchema.load("fields: {cells: {kind: boxes, options: [cell, dot]}, ok: {kind: boolean}}")
    )
    cases = [([box(0.1), box(0.5)], [box(0.12)]), ([], [box(0.3), box(0.6)]), ([box(0.1, "dot")], [box(0.1)])]
    for draft, settled in cases:
        tally.add(Judged({"cells": draft, "ok": True}, {"cells": settled, "ok": True}, None))
    cells, ok = tally.report().fields
    assert ok.parts is None
    assert cells.parts is not None
    assert (cells.parts.precision.right, cells.parts.precision.n, cells.parts.recall.n) == (1, 3, 4)
    assert cells.parts.f1 == pytest.approx(2 / 7)
    assert cells.parts.mean_overlap == pytest.approx(0.18 / 0.22)
    assert cells.accuracy.right == 0


def test_parts_that_never_match_have_no_overlap() -> None:
    tally = QualityTally(LabelSchema.load("fields: {cells: {kind: boxes, options: [cell]}}"))
    tally.add(Judged({"cells": []}, {"cells": []}, None))
    parts = tally.report().fields[0].parts
    assert parts is not None
    assert (parts.f1, parts.mean_overlap, parts.precision.n) == (None, None, 0)


def test_an_empty_tally_says_nothing_rather_than_zero() -> None:
    report = QualityTally(TOPIC).report()
    assert (report.accuracy.value, report.calibration_error, report.fields[0].mean_distance) == (
        None,
        None,
        None,
    )


RESULTS = st.lists(st.tuples(st.sampled_from([["x"], ["y"], []]), st.booleans()), max_size=60)


@given(RESULTS)
def test_without_a_target_the_gate_is_open(results: list[tuple[list[str], bool]]) -> None:
    assert judge_gold(results, None).admits(["x", "y"])


@given(RESULTS, st.floats(0.05, 0.95), st.floats(0.01, 0.9))
def test_a_lower_target_never_closes_more(
    results: list[tuple[list[str], bool]], target: float, less: float
) -> None:
    strict, lax = judge_gold(results, target), judge_gold(results, target * less)
    assert lax.open or not strict.open
    assert lax.closed_classes <= strict.closed_classes


def test_a_class_that_does_badly_is_closed_alone() -> None:
    gate = judge_gold([(["good"], True)] * 200 + [(["bad"], False)] * 12, 0.8)
    assert gate.admits(["good"])
    assert not gate.admits(["bad"])
    assert "closed for bad" in gate.explain()


def test_few_gold_drafts_of_a_class_do_not_close_it() -> None:
    assert judge_gold([(["good"], True)] * 200 + [(["rare"], False)] * 9, 0.8).admits(["rare"])


def test_a_target_without_gold_is_open_and_says_so() -> None:
    gate = judge_gold([], 0.9)
    assert gate.open
    assert "no gold" in gate.explain()


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=300))
def test_calibrated_confidence_never_falls_as_confidence_grows(known: list[tuple[float, bool]]) -> None:
    calibrate = calibrator(known)
    curve = [calibrate(step / 20) for step in range(21)]
    assert curve == sorted(curve)
    assert all(0 <= value <= 1 for value in curve)


def test_overconfidence_is_calibrated_away() -> None:
    known = [(0.95, index % 10 < 6) for index in range(400)] + [(0.5, index % 10 < 3) for index in range(400)]
    assert calibrator(known)(0.95) == pytest.approx(0.6, abs=0.01)


SPENT = Spending(calls=10, unpriced=0, dollars=Decimal(2), tokens_in=1, tokens_out=1, tokens_cached=0)


def test_cost_per_example_is_model_money_and_peoples_time() -> None:
    report = cost_report(SPENT, settled=100, seconds=[36.0] * 10, hourly=Decimal(20))
    assert report.people_dollars == Decimal(2)
    assert report.per_example == Decimal("0.04")
    assert report.by_hand_per_example == Decimal("0.2")
    assert report.saved == pytest.approx(0.8)


def test_cost_with_a_call_of_unknown_price_is_a_lower_bound() -> None:
    assert not cost_report(Spending(2, 1, Decimal(0), 0, 0, 0), 1, [], Decimal(1)).complete


def test_cost_of_nothing_settled_divides_by_nothing() -> None:
    report = cost_report(SPENT, settled=0, seconds=[], hourly=Decimal(20))
    assert (report.per_example, report.by_hand_per_example, report.saved) == (None, None, None)
