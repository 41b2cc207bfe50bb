"""Every figure of the dashboard against the same figure by pandas, from nothing but the run's export.

What the export cannot tell: verdicts and seconds of single answers where several people answered one example (it has their sum),
whether it was a senior who took them, and how calls are divided by step, purpose and lane.
"""

import gzip
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from prelabel import review
from prelabel.client import Client
from prelabel.demo.tickets import tickets
from prelabel.schema import LabelSchema
from prelabel.store import Store
from tests.conftest import SHARED
from tests.factories import FakeDrafter, make_run, make_user, work_off

ROUNDED = 0.000_001
"""Money is told to the millionth of a dollar."""
PEOPLE = ("review", "consensus", "adjudication")


@dataclass(frozen=True)
class Replayed:
    """An example, what a model said of it and how sure it was, and what people say."""

    text: str
    truth: str
    said: str
    confidence: float


def topics() -> list[Replayed]:
    """Three classes; the model is as often right as it is sure."""
    chance = random.Random(1)
    found = []
    for number in range(300):
        truth, sure = chance.choice("abc"), round(0.34 + 0.66 * chance.random(), 3)
        said = truth if chance.random() < sure else chance.choice("abc")
        found.append(Replayed(f"text {number}", truth, said, sure))
    return found


def overconfident() -> list[Replayed]:
    """Two classes, one rare; the model knows few confidences, and believes itself too much."""
    chance = random.Random(2)
    truths = ["yes" if chance.random() < 0.15 else "no" for _ in range(240)]
    return [
        Replayed(f"claim {number}", truth, truth if chance.random() < 0.7 else "yes", chance.choice([0.7, 0.9, 1.0]))
        for number, truth in enumerate(truths)
    ]  # fmt: skip


def demo_tickets() -> list[Replayed]:
    """The demo's tickets, of fifteen classes; what is vague is drafted at random."""
    chance, found = random.Random(3), list(tickets(300))
    classes = sorted({one.truth for one in found})
    return [
        Replayed(
            f"{one.id} {one.body}",
            one.truth,
            chance.choice(classes) if one.vague or chance.random() < 0.1 else one.truth,
            round(0.5 if one.vague else 0.75 + 0.25 * chance.random(), 2),
        )
        for one in found
    ]


def recorded(name: str, most: int = 500) -> Callable[[], list[Replayed]]:
    """Answers of a real model that were recorded."""

    def read() -> list[Replayed]:
        file = SHARED / "data" / "llm" / f"{name}.jsonl.gz"
        if not file.is_file():
            pytest.skip(f"no recorded answers at {file}")
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for _, line in zip(range(most), lines, strict=False)]
        return [
            Replayed(f"{row['id']} {row.get('text', '')}", str(row["gold"]), str(row["llm"]["label"]), row["llm"]["confidence"])
            for row in rows
        ]  # fmt: skip

    return read


REPLAYS: dict[str, Callable[[], list[Replayed]]] = {
    "topics": topics,
    "overconfident": overconfident,
    "tickets": demo_tickets,
    "stance": recorded("stance_gpt4o"),
    "persuasion": recorded("persuasion_gpt"),
    "banking": recorded("banking77_openA"),
}


@dataclass(frozen=True)
class Run:
    """A replayed run, and its export as a table."""

    lead: Client
    run_id: int
    table: pd.DataFrame

    def get(self, figure: str, **asked: str) -> dict[str, Any]:
        found: dict[str, Any] = self.lead.get(f"/runs/{self.run_id}/{figure}", **asked)
        return found

    @property
    def judged(self) -> pd.DataFrame:
        return self.table[self.table.source.isin(PEOPLE)]


@pytest.fixture(params=REPLAYS)
def run(request: pytest.FixtureRequest, store: Store, lead: Client) -> Run:
    run_id = replay(store, REPLAYS[request.param]())
    lines = b"".join(lead.export(run_id, include="all"))
    table = pd.DataFrame([json.loads(line) for line in lines.splitlines()])
    for name in ("label", "draft", "gold"):
        table[name] = [None if label is None else label["topic"] for label in table[name]]
    return Run(lead, run_id, table)


def replay(store: Store, examples: Sequence[Replayed]) -> int:
    """A run of these drafts, a tenth of them gold, of whose queue two people have answered up to a hundred each, a tenth of that wrongly."""
    by_text, chance = {one.text: one for one in examples}, random.Random(5)
    bar = sorted(one.confidence for one in examples)[len(examples) * 6 // 10]
    classes = sorted({label for one in examples for label in (one.truth, one.said)})
    rows = [
        {"id": f"e{number}", "text": one.text} | ({"gold": one.truth} if number % 10 == 0 else {})
        for number, one in enumerate(examples)
    ]
    schema = LabelSchema.model_validate({"fields": {"topic": classes}})
    run_id = make_run(store, rows, schema=schema, gold="measure", threshold=bar, audit_share=0.2)

    def say(content: dict[str, Any]) -> tuple[str, float]:
        one = by_text[content["text"]]
        return one.said, one.confidence

    work_off(store, run_id, FakeDrafter(say))
    for name in ("ada", "ben"):
        user_id = make_user(store, name).id or 0
        with store.writing() as session:
            for work in review.claim(session, user_id, min(100, len(examples) * 2 // 5), 60, run_id):
                truth = by_text[str(work.content["text"])].truth
                said = truth if chance.random() < 0.9 else chance.choice(classes)
                answer = review.Answer(f"t{work.slot_id}", seconds=round(chance.uniform(1, 30), 1))
                review.submit(session, user_id, work.slot_id, {"topic": said}, answer)
    return run_id


def test_every_figure_is_the_one_that_the_export_gives(run: Run) -> None:
    assert len(run.judged) > 30
    assert (run.table.source == "auto").sum() > 5
    for check in (glance, quality, confusion, parts, cost, classes_cost, risk, reliability, days, paces):
        check(run)


def glance(run: Run) -> None:
    found, table = run.get("outlook"), run.table
    golds = table[table.gold.notna()]
    is_same(found["accepted"], table.source == "auto")
    is_same(found["gold"], golds.draft == golds.gold)
    is_same(found["corrected"], run.judged.draft != run.judged.label)
    seen = golds[golds.source == "auto"]
    is_same(found["accepted_wrong"], seen.label != seen.gold)
    assert {name: count for name, count in found["places"].items() if count} == dict(
        table.status.value_counts()
    )
    queued = table[table.status == "queued"]
    assert found["queued_for"] == dict(queued.reason.value_counts())


def quality(run: Run) -> None:
    found, judged = run.get("quality"), run.judged
    is_same(found["accuracy"], judged.draft == judged.label)
    assert found["judged"] == len(judged)
    [field] = found["fields"]
    for one in field["classes"]:
        is_same(one["recall"], judged[judged.label == one["name"]].draft == one["name"])
        is_same(one["precision"], judged[judged.draft == one["name"]].label == one["name"])
    audits = judged[judged.reason == "audit"]
    is_same(found["accepted"]["accuracy"], audits.draft == audits.label)
    same_bands(found["bands"], judged.confidence, judged.draft == judged.label)
    assert found["calibration_error"] == pytest.approx(gap(judged.confidence, judged.draft == judged.label))


def confusion(run: Run) -> None:
    found, judged = run.get("ledger", by="field"), run.judged
    [matrix] = found["confusions"]
    classes = matrix["classes"]
    often = pd.concat([judged.draft, judged.label]).value_counts()
    named = [name for name in classes if name in often.index]
    assert list(often[named]) == list(often.sort_values(ascending=False))[: len(named)]
    rest = [name for name in classes if name not in named]
    drafted, settled = (
        column.where(column.isin(named), *rest) if rest else column for column in (judged.draft, judged.label)
    )
    counted = pd.crosstab(drafted, settled).reindex(index=classes, columns=classes, fill_value=0)
    assert matrix["counts"] == counted.values.tolist()
    changed = judged[judged.draft != judged.label].groupby(["draft", "label"]).size()
    told = {(one["drafted"], one["settled"]): one["count"] for one in found["corrections"]}
    assert sorted(told.values(), reverse=True) == sorted(changed, reverse=True)[:50]
    assert all(changed[pair] == count for pair, count in told.items())


def parts(run: Run) -> None:
    found, table = run.get("ledger", by="class"), run.table
    assert sum(part["drafted"] for part in found["parts"]) == found["total"]["drafted"] == len(table)
    for part in [*found["parts"], found["total"]]:
        some = table[table.draft == part["name"].removeprefix("topic: ")] if part["name"] else table
        people = some[some.source.isin(PEOPLE)]
        sent, audits = people[people.reason != "audit"], people[people.reason == "audit"]
        is_same(part["accuracy"], people.draft == people.label)
        is_same(part["corrected"], sent.draft != sent.label)
        is_same(part["audited"], audits.draft == audits.label)
        is_same(part["accepted"], some.source == "auto")
        assert float(part["dollars"]) == pytest.approx(some.dollars.sum())
        assert float(part["per_example"]) == pytest.approx(some.dollars.mean(), abs=ROUNDED)


def cost(run: Run) -> None:
    found, table = run.get("cost"), run.table
    settled, reviewed, hourly = (
        table.label.notna().sum(),
        table[table.seconds > 0],
        float(found["hourly_rate"]),
    )
    people = table.seconds.sum() / 3600 * hourly
    per_example, by_hand = (table.dollars.sum() + people) / settled, reviewed.seconds.median() / 3600 * hourly
    assert (found["settled"], found["reviews"]) == (settled, len(reviewed))
    assert found["review_seconds"] == pytest.approx(table.seconds.sum())
    assert found["median_review_seconds"] == pytest.approx(reviewed.seconds.median())
    assert float(found["model_dollars"]) == pytest.approx(table.dollars.sum())
    assert float(found["per_example"]) == pytest.approx(per_example, abs=ROUNDED)
    assert float(found["by_hand_per_example"]) == pytest.approx(by_hand, abs=ROUNDED)
    assert found["saved"] == pytest.approx(1 - per_example / by_hand, rel=1e-6)
    [split] = run.lead.get("/projects/p/cost/splits")["splits"]
    assert float(split["review_per_example"]) == pytest.approx(people / settled, abs=ROUNDED)
    assert float(split["model_per_example"]) == pytest.approx(table.dollars.sum() / settled, abs=ROUNDED)
    assert float(split["adjudication_per_example"]) == 0


def classes_cost(run: Run) -> None:
    found, table = run.get("cost/parts", by="class"), run.table
    hourly = float(found["hourly_rate"])
    assert {part["name"] for part in found["parts"]} == {f"topic: {name}" for name in table.label.dropna()}
    for part in found["parts"]:
        some = table[table.label == part["name"].removeprefix("topic: ")]
        people = some.seconds.sum() / 3600 * hourly
        assert (part["settled"], part["accepted"]) == (len(some), (some.source == "auto").sum())
        assert part["review_seconds"] == pytest.approx(some.seconds.sum())
        assert float(part["total_dollars"]) == pytest.approx(some.dollars.sum() + people, abs=ROUNDED)


def risk(run: Run) -> None:
    found, golds = run.get("risk"), run.table[run.table.gold.notna()]
    assert found["n"] == len(golds)
    assert [one["confidence"] for one in found["points"]] == sorted(set(golds.confidence), reverse=True)
    for point in found["points"]:
        taken = golds[golds.confidence >= point["confidence"]]
        is_same(point["accepted"], golds.confidence >= point["confidence"])
        is_same(point["wrong"], taken.draft != taken.gold)


def reliability(run: Run) -> None:
    found, judged, golds = run.get("calibration"), run.judged, run.table[run.table.gold.notna()]
    sent, audits = judged[judged.reason != "audit"], judged[judged.reason == "audit"]
    samples = {
        "gold": (golds.confidence, golds.draft == golds.gold),
        "audits": (audits.confidence, audits.draft == audits.label),
        "sent": (sent.confidence, sent.draft == sent.label),
    }
    for name, (confidence, right) in samples.items():
        assert found[name]["n"] == len(right)
        same_bands(found[name]["raw"]["bands"], confidence, right)
        assert found[name]["raw"]["error"] == pytest.approx(gap(confidence, right))


def days(run: Run) -> None:
    found, settled = run.get("days")["days"], run.table[run.table.label.notna()]
    on = pd.to_datetime(settled.settled_at, utc=True).dt.date.astype(str)
    kept, is_of_people = settled.draft == settled.label, settled.source == "review"
    for name, which in {
        "settled": settled.label.notna(),
        "accepted": settled.source == "auto",
        "confirmed": is_of_people & kept,
        "corrected": is_of_people & ~kept,
    }.items():
        counted = on[which].value_counts().to_dict()
        assert {one["day"]: one[name] for one in found if one[name]} == counted
    assert sum(one["seconds"] for one in found) == pytest.approx(run.table.seconds.sum())
    assert sum(float(one["dollars"]) for one in found) == pytest.approx(run.table.dollars.sum())


def paces(run: Run) -> None:
    found = {one["outcome"]: one for one in run.get("paces")["paces"]}
    reviewed = run.judged
    is_blind = reviewed.reason == "audit"
    kept = reviewed.draft == reviewed.label
    whose = {"blind": is_blind, "confirmed": ~is_blind & kept, "corrected": ~is_blind & ~kept}
    for name, which in whose.items():
        seconds = reviewed[which].seconds
        assert (found[name]["n"] if name in found else 0) == len(seconds)
        if len(seconds):
            assert found[name]["total_seconds"] == pytest.approx(seconds.sum())
            median = seconds.quantile(0.5, interpolation="lower")
            assert found[name]["median"] == pytest.approx(median, abs=0.051)


def is_same(share: dict[str, Any], which: "pd.Series[bool]") -> None:
    """A share with its count, and the 95 % interval of Wilson."""
    n, right, z = len(which), int(which.sum()), 1.959_963_984_540_054
    assert (share["n"], share["right"]) == (n, right)
    if n:
        value, middle = right / n, (right + z * z / 2) / (n + z * z)
        reach = z * np.sqrt(value * (1 - value) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        assert (share["low"], share["high"]) == pytest.approx((middle - reach, middle + reach), abs=1e-9)


def same_bands(bands: list[dict[str, Any]], confidence: "pd.Series[float]", right: "pd.Series[bool]") -> None:
    """Ten bands of equal width; only those in which there is something."""
    counted = in_bands(confidence, right)
    told = [(one["low"], one["mean_confidence"], one["right"]["right"], one["right"]["n"]) for one in bands]
    assert len(told) == len(counted)
    for one, band in zip(told, counted.itertuples(), strict=True):
        assert one == pytest.approx((band.Index / 10, band.sure, band.right, band.n))


def gap(confidence: "pd.Series[float]", right: "pd.Series[bool]") -> float:
    """The expected calibration error."""
    counted = in_bands(confidence, right)
    return float((counted.sure - counted.right / counted.n).abs() @ counted.n / counted.n.sum())


def in_bands(confidence: "pd.Series[float]", right: "pd.Series[bool]") -> pd.DataFrame:
    band = (confidence * 10).astype(int).clip(upper=9).rename("band")
    table = pd.DataFrame({"sure": confidence, "right": right.astype(int)})
    return table.groupby(band).agg(sure=("sure", "mean"), right=("right", "sum"), n=("right", "size"))
