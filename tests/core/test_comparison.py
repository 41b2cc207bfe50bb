"""A comparison of two runs, against the same figures by plain Python from nothing but the exports of both."""

import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from statistics import NormalDist, fmean
from typing import Any

import pytest

from prelabel import export, projects, review, runs
from prelabel.canonical import Json
from prelabel.draft import CallRecord, Keep, Outcome, Reply, Subject
from prelabel.drafters.cascade import Step
from prelabel.measure.paired import paired
from prelabel.models import Dataset
from prelabel.prompt import load_prompt
from prelabel.reports import comparison, pairs
from prelabel.reports.comparison import Comparison, Discordant
from prelabel.routing.policy import Policy
from prelabel.runs import Plan
from prelabel.schema import LabelSchema
from prelabel.schemas import move
from prelabel.schemas.change import SchemaMapping
from prelabel.schemas.move import Wish
from prelabel.store import Store
from tests.factories import FakeDrafter, get_run, make_run, make_user, work_off

CHOICE = "fields: {topic: [a, b, c]}"
MANY = """
fields:
  topic: [a, b, c]
  tags: {kind: choices, options: [x, y]}
  names: {kind: spans, options: [person]}
  stars: {kind: rating, min: 1, max: 5}
  why: {kind: text}
"""
PERSON = {"start": 0, "end": 4, "label": "person"}
SAID: dict[str, list[Json]] = {
    "topic": ["a", "a", "b"],
    "tags": [["x"]] * 5 + [["y", "x"]],
    "names": [[PERSON]] * 5 + [[]],
    "stars": [4, 4, 4, 4, 4, 5],
    "why": ["It is so."] * 5 + ["It is not."],
}
COUNT = 90
PRICES = ("0.000000001", "0.0312", "1.5", "4.999999999", None)
Record = dict[str, Any]


def guess(schema: LabelSchema, chance: random.Random) -> dict[str, Json]:
    return schema.normalize({name: chance.choice(SAID[name]) for name in schema.fields})


class Guessing(FakeDrafter):
    """Says by chance what fits the schema, or fails, at prices that differ and may be unknown."""

    def __init__(self, schema: LabelSchema, seed: int) -> None:
        super().__init__(lambda _: ("", 0.0))
        self.name, self._schema, self._chance = f"model {seed}", schema, random.Random(seed)

    async def draft(self, subject: Subject, keep: Keep) -> Outcome:
        price = self._chance.choice(PRICES)
        reply = Reply("{}", dollars=None if price is None else Decimal(price))
        keep(subject, CallRecord(self.name, "draft", f"{self.name} {subject.example_id}", "ok", reply=reply))
        if self._chance.random() < 0.1:
            return Outcome(subject, "failed", self.name, failure="no luck")
        label = guess(self._schema, self._chance)
        return Outcome(subject, "drafted", self.name, label, dict.fromkeys(label, 0.5))


def first_run(store: Store, schema: LabelSchema) -> int:
    """Some of its examples have gold, and people have settled two thirds."""
    chance = random.Random(3)
    rows = [
        {"id": f"e{number}", "text": f"text {number}"} | ({"gold": guess(schema, chance)} if number % 7 == 0 else {})
        for number in range(COUNT)
    ]  # fmt: skip
    run_id = make_run(store, rows, schema=schema, gold="measure")
    work_off(store, run_id, Guessing(schema, 1))
    rita = make_user(store).id or 0
    with store.writing() as session:
        for work in review.claim(session, rita, COUNT * 2 // 3, 60, run_id):
            said = review.Answer(f"t{work.slot_id}")
            review.submit(session, rita, work.slot_id, guess(schema, chance), said)
    return run_id


def run_beside(store: Store, first: int, seed: int, name: str = "") -> int:
    """Another run on the same examples, by the newest schema; nobody has reviewed it."""
    with store.writing() as session:
        version = projects.newest_schema(session, projects.find(session, "p"))
        dataset = session.get_one(Dataset, runs.get(session, first).dataset_id)
        steps, policy = [Step(model="fake")], Policy(gold="measure")
        run_id = runs.start(session, Plan(dataset, version, load_prompt("label"), steps, policy)).id or 0
    drafter = Guessing(LabelSchema.model_validate(version.document), seed)
    drafter.name = name or drafter.name
    work_off(store, run_id, drafter)
    return run_id


def compared(store: Store, *run_ids: int) -> tuple[Comparison, list[Discordant]]:
    with store.reading() as session:
        sides = comparison.of_runs(session, *run_ids)
        return comparison.compare(session, sides), comparison.discordant(session, sides, 0, COUNT)


def exported(store: Store, settled_in: int, *run_ids: int) -> Iterator[tuple[list[Record], Json, bool]]:
    """What both runs say of each example that is known, what it is, and whether by gold."""
    records = [
        export.records(store, get_run(store, one), "all", with_cost=True) for one in (*run_ids, settled_in)
    ]
    for first, second, settled in zip(*records, strict=True):
        by_people = settled["label"] if settled["source"] == "review" else None
        known = settled["gold"] or by_people
        if known is not None:
            yield [first, second], known, settled["gold"] is not None


def check(store: Store, settled_in: int, *run_ids: int) -> None:
    found, apart = compared(store, *run_ids)
    rows = list(exported(store, settled_in, *run_ids))
    rights = [tuple(run["draft"] == known for run in both) for both, known, _ in rows]
    tally = Counter(rights)
    order = ((True, True), (True, False), (False, True), (False, False))
    assert found.difference == paired(*(tally[one] for one in order))
    assert found.by_gold == sum(by_gold for *_, by_gold in rows)
    assert all(tally[one] for one in order), "a world in which nothing is to be told apart"
    assert [(one.example_id, one.right, one.first, one.second, one.settled) for one in apart] == [
        (both[0]["id"], "first" if right[0] else "second", both[0]["draft"], both[1]["draft"], known)
        for (both, known, _), right in zip(rows, rights, strict=True)
        if right[0] != right[1]
    ]
    check_classes(found, rows)
    check_cost(found, rows)


def check_classes(found: Comparison, rows: list[Any]) -> None:
    for one in (one for one in found.classes if one.name.startswith("topic: ")):
        some = [
            tuple(run["draft"] is not None and run["draft"]["topic"] == known["topic"] for run in both)
            for both, known, _ in rows
            if f"topic: {known['topic']}" == one.name
        ]
        assert one.difference.n == len(some)
        assert (one.difference.only_first, one.difference.only_second) == (
            some.count((True, False)),
            some.count((False, True)),
        )
    topics = [one for one in found.classes if one.name.startswith("topic: ")]
    assert sum(one.difference.n for one in topics) == len(rows)


def check_cost(found: Comparison, rows: list[Any]) -> None:
    first, second = ([both[side]["dollars"] or 0.0 for both, *_ in rows] for side in (0, 1))
    apart = [one - other for one, other in zip(first, second, strict=True)]
    mean = fmean(apart)
    variance = sum((one - mean) ** 2 for one in apart) / (len(apart) - 1)
    reach = NormalDist().inv_cdf(0.975) * (variance / len(apart)) ** 0.5
    told = [found.cost.first, found.cost.second, found.cost.difference, found.cost.low, found.cost.high]
    exact = [fmean(first), fmean(second), mean, mean - reach, mean + reach]
    assert [float(one or 0) for one in told] == pytest.approx(exact, abs=6e-7)
    assert found.cost.unpriced == sum(run["dollars"] is None for both, *_ in rows for run in both)


@pytest.mark.parametrize("schema", [CHOICE, MANY], ids=["one field", "many fields"])
def test_the_figures_are_those_of_the_exports(store: Store, schema: str) -> None:
    first = first_run(store, LabelSchema.load(schema))
    check(store, first, first, run_beside(store, first, 2))


def test_they_are_so_too_where_the_schema_has_changed_in_between(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "WINDOW", 7)
    first = first_run(store, LabelSchema.load(CHOICE))
    wish = Wish(
        label_schema=LabelSchema.load("fields: {topic: [a, d, e]}"),
        mapping=SchemaMapping(options={"topic": {"b": "d"}}),
    )
    move.apply(store, "p", wish, 60)
    monkeypatch.setitem(SAID, "topic", ["a", "d", "d"])
    second, third = run_beside(store, first, 2), run_beside(store, first, 4)
    check(store, first, first, second)
    check(store, first, second, third)  # both drafts are of the new schema, gold is of the old one


def test_the_other_way_round_each_sees_the_same(store: Store) -> None:
    first = first_run(store, LabelSchema.load(CHOICE))
    second = run_beside(store, first, 2)
    there, back = compared(store, first, second)[0], compared(store, second, first)[0]
    assert (there.cost.first, there.cost.low) == (back.cost.second, -(back.cost.high or 0))
    assert there.difference.first == back.difference.second


def test_of_a_model_that_has_drafted_twice_the_newest_drafts_count(store: Store) -> None:
    first = first_run(store, LabelSchema.load(CHOICE))
    run_beside(store, first, 2)
    newest = run_beside(store, first, 3, "model 2")
    with store.reading() as session:
        sides = comparison.of_models(session, projects.find(session, "p"), "model 1", "model 2")
        found = comparison.compare(session, sides)
    runs_alone = compared(store, first, newest)[0]
    assert (found.difference, found.cost) == (runs_alone.difference, runs_alone.cost)
