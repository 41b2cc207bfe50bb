"""The figures of the dashboard over HTTP, against the same figures counted from the export by code of its own."""

import csv
import io
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from prelabel import export, runs
from prelabel.client import Client
from prelabel.measure.trends import MOST_POINTS, bars, pace
from prelabel.store import Store
from tests.api.test_measure import answer
from tests.factories import PRICE, FakeDrafter, make_run, work_off

ROWS = [
    {"id": f"e{number}", "text": f"text {number}", **({"gold": "ab"[number % 2]} if number < 12 else {})}
    for number in range(60)
]


def sure_of_odd(content: dict[str, Any]) -> tuple[str, float]:
    number = int(content["text"].split()[1])
    return "aab"[number % 3], 0.9 if number % 2 else 0.3 + number / 200


@pytest.fixture
def run_id(store: Store) -> int:
    """Drafts of odd numbers are accepted, of the others people have answered 20, each in nine seconds."""
    run_id = make_run(store, ROWS, gold="measure", threshold=0.8)
    work_off(store, run_id, FakeDrafter(sure_of_odd))
    answer(store, run_id, "ab", 20)
    return run_id


def exported(store: Store, run_id: int) -> list[dict[str, Any]]:
    with store.reading() as session:
        run = runs.get(session, run_id)
    return list(export.records(store, run, "all"))


def test_days_tell_what_happened_to_the_drafts(store: Store, lead: Client, run_id: int) -> None:
    [day] = lead.get(f"/runs/{run_id}/days")["days"]
    rows = [row for row in exported(store, run_id) if row["label"] is not None]
    sources = Counter(row["source"] for row in rows)
    kept = sum(row["source"] == "review" and row["label"] == row["draft"] for row in rows)
    assert day["day"] == datetime.now(UTC).date().isoformat()
    assert (day["settled"], day["accepted"]) == (len(rows), sources["auto"])
    assert (day["confirmed"], day["corrected"]) == (kept, sources["review"] - kept)
    assert 0 < kept < sources["review"]
    assert (day["answers"], day["seconds"], Decimal(day["dollars"])) == (20, 180, 60 * PRICE)
    assert day["changed"]["n"] == 20
    assert day["changed"]["low"] < day["corrected"] / 20 < day["changed"]["high"]


def test_the_curve_of_risk_counts_gold(store: Store, lead: Client, run_id: int) -> None:
    found = lead.get(f"/runs/{run_id}/risk")
    golds = [row for row in exported(store, run_id) if row["gold"] is not None]
    assert found["n"] == len(golds) == 12
    for point in found["points"]:
        taken = [row for row in golds if row["confidence"] >= point["confidence"]]
        assert (point["accepted"]["right"], point["accepted"]["n"]) == (len(taken), 12)
        assert point["wrong"]["right"] == sum(row["draft"] != row["gold"] for row in taken)
    assert found["points"][-1]["accepted"]["right"] == 12
    assert (found["threshold"], found["at_most_wrong"]) == (0.8, None)


def test_paces_part_what_was_confirmed_from_what_was_corrected(lead: Client, run_id: int) -> None:
    found = {one["outcome"]: one for one in lead.get(f"/runs/{run_id}/paces")["paces"]}
    assert found.keys() == {"confirmed", "corrected"}
    assert sum(one["n"] for one in found.values()) == 20
    assert {(one["median"], one["low"], one["high"]) for one in found.values()} == {(9.0, 9.0, 9.0)}


def test_money_is_split_by_what_it_was_spent_for(lead: Client, run_id: int) -> None:
    found = lead.get("/projects/p/cost/splits")
    [part] = found["splits"]
    review = Decimal(180) / 3600 * Decimal(found["hourly_rate"])
    assert Decimal(part["model_dollars"]) == 60 * PRICE
    assert Decimal(part["review_dollars"]) == review.quantize(Decimal("0.000001"))
    assert Decimal(part["total_dollars"]) == Decimal(part["model_dollars"]) + Decimal(part["review_dollars"])
    whole = Decimal(part["total_dollars"]) / part["settled"]
    assert abs(Decimal(part["per_example"]) - whole) < Decimal("0.00001")
    for by in ("prompt", "models"):
        [same] = lead.get("/projects/p/cost/splits", by=by)["splits"]
        assert {**same, "name": ""} == {**part, "name": ""}


def test_every_series_is_a_table_too(lead: Client, run_id: int) -> None:
    for name in ("days", "paces", "risk"):
        path = f"/runs/{run_id}/{name}"
        rows = list(csv.DictReader(io.StringIO(lead.content(path, format="csv").decode())))
        [series] = [value for value in lead.get(path).values() if isinstance(value, list)]
        assert len(rows) == len(series) > 0


def test_equally_sure_drafts_are_accepted_together() -> None:
    points = bars([(0.9, True), (0.5, True), (0.9, False)])
    assert [(one.confidence, one.accepted.right, one.wrong.right) for one in points] == [
        (0.9, 2, 1),
        (0.5, 3, 1),
    ]


def test_a_curve_of_many_points_keeps_its_ends() -> None:
    points = bars([(number / 1000, number % 5 > 0) for number in range(1000)])
    assert len(points) == MOST_POINTS
    assert (points[0].accepted.right, points[-1].accepted.right) == (1, 1000)


def test_quartiles_are_of_ranks() -> None:
    found = pace("confirmed", {10: 1, 20: 1, 30: 1, 400: 1}, 46)
    assert (found.quarter, found.median, found.three_quarters) == (1.0, 2.0, 3.0)
    assert (found.low, found.high) == (1.0, 40.0)
