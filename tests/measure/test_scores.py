"""Drafts counted by part: every figure is what counting by hand gives, and memory is bounded."""

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prelabel.measure import scores
from prelabel.measure.scores import REST, Scored, ScoreTally
from prelabel.schema import LabelSchema

SCHEMA = LabelSchema.load("fields: {topic: [a, b, c], urgent: {kind: boolean}}")
LABELS = st.fixed_dictionaries({"topic": st.sampled_from("abc"), "urgent": st.booleans()})
MANY = st.builds(
    Scored,
    draft=st.none() | LABELS,
    settled=st.none() | LABELS,
    is_accepted=st.booleans(),
    is_audit=st.booleans(),
    dollars=st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("0.003")]),
    unpriced=st.integers(0, 1),
    among=st.fixed_dictionaries({"model": st.sampled_from(["m", "n"]), "run": st.just("1")}),
)


def scored(draft: Any, settled: Any, model: str = "m", **others: Any) -> Scored:
    usual: dict[str, Any] = {
        "is_accepted": False,
        "is_audit": False,
        "dollars": Decimal("0.01"),
        "unpriced": 0,
    }
    return Scored(draft, settled, **(usual | others), among={"model": model, "run": "1"})


def tallied(rows: list[Scored], by: Any, schema: LabelSchema = SCHEMA) -> scores.Scores:
    tally = ScoreTally(schema, by)
    for row in rows:
        tally.add(row)
    return tally.report()


@given(st.lists(MANY, max_size=40))
def test_parts_are_what_counting_by_hand_gives(rows: list[Scored]) -> None:
    found = tallied(rows, "model")
    for part in [*found.parts, found.total]:
        mine = [row for row in rows if part.name in ("", row.among["model"])]
        judged = [(row, row.draft == row.settled) for row in mine if row.draft and row.settled]
        assert (part.drafted, part.failed) == (len(mine), sum(row.draft is None for row in mine))
        assert part.accepted.right == sum(row.is_accepted for row in mine)
        assert (part.accuracy.n, part.accuracy.right) == (len(judged), sum(right for _, right in judged))
        audits = [right for row, right in judged if row.is_audit]
        assert (part.audited.n, part.audited.right) == (len(audits), sum(audits))
        sent = [right for row, right in judged if not row.is_audit]
        assert (part.corrected.n, part.corrected.right) == (len(sent), len(sent) - sum(sent))
        assert part.dollars == sum(row.dollars for row in mine)
    assert sum(part.drafted for part in found.parts) == found.total.drafted == len(rows)


@given(st.lists(MANY, max_size=40))
def test_confusions_hold_every_judged_draft_once(rows: list[Scored]) -> None:
    judged = [row for row in rows if row.draft and row.settled]
    for confusion in tallied(rows, "field").confusions:
        assert sum(map(sum, confusion.counts)) == len(judged)
        pairs = Counter((row.draft[confusion.field], row.settled[confusion.field]) for row in judged)  # type: ignore[index]
        if confusion.field == "topic":
            for drafted, counts in zip(confusion.classes, confusion.counts, strict=True):
                for settled, count in zip(confusion.classes, counts, strict=True):
                    assert count == pairs[drafted, settled]


def test_fields_are_judged_by_themselves() -> None:
    rows = [scored({"topic": "a", "urgent": True}, {"topic": "a", "urgent": False})] * 3
    topic, urgent = tallied(rows, "field").parts
    assert (topic.name, topic.accuracy.right, urgent.name, urgent.accuracy.right) == ("topic", 3, "urgent", 0)
    assert tallied(rows, "field").total.accuracy.right == 0


def test_classes_are_those_that_were_drafted() -> None:
    rows = [scored({"topic": "a", "urgent": True}, {"topic": "b", "urgent": True})]
    assert {part.name: part.accuracy.right for part in tallied(rows, "class").parts} == {
        "topic: a": 0,
        "urgent: true": 1,
    }


def test_rare_classes_are_folded_into_one() -> None:
    names = [f"c{number:02}" for number in range(30)]
    schema = LabelSchema.model_validate({"fields": {"topic": names}})
    rows = [
        scored({"topic": name}, {"topic": name})
        for place, name in enumerate(names)
        for _ in range(31 - place)
    ]
    [confusion] = tallied(rows, "field", schema).confusions
    assert confusion.classes == [*names[: scores.MOST_CLASSES], REST]
    assert sum(map(sum, confusion.counts)) == len(rows)
    assert confusion.counts[-1][-1] == sum(31 - place for place in range(scores.MOST_CLASSES, 30))


def test_of_very_many_different_corrections_the_frequent_ones_stay() -> None:
    schema = LabelSchema.load("fields: {answer: {kind: text}}")
    tally = ScoreTally(schema, "field")
    for number in range(2 * scores.MOST_PAIRS + 10):
        tally.add(scored({"answer": f"draft {number}"}, {"answer": f"label {number}"}))
        if number % 1_000 == 0:
            tally.add(scored({"answer": "often"}, {"answer": "settled"}))
    first = tally.report().corrections[0]
    assert (first.drafted, first.count) == ("often", 41)
    assert len(tally._changed) <= scores.MOST_PAIRS + 1
