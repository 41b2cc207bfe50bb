"""What drafts were worth and cost, over HTTP."""

import csv
import io
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from prelabel import errors, projects, review, runs
from prelabel.client import Client
from prelabel.drafters.cascade import Step
from prelabel.measure.cost import CostPart, Sums, cost_part
from prelabel.models import Dataset
from prelabel.prompt import load_prompt
from prelabel.reports import kept
from prelabel.reports.tables import as_csv
from prelabel.routing.policy import Policy
from prelabel.runs import Plan
from prelabel.schema import LabelSchema
from prelabel.schemas import move
from prelabel.schemas.move import Wish
from prelabel.store import Store
from tests.api.conftest import SignIn
from tests.factories import FakeDrafter, make_run, make_user, work_off

ROWS = [
    {"id": f"e{number}", "text": f"text {number}", **({"gold": "ab"[number % 2]} if number < 10 else {})}
    for number in range(40)
]


def drafted_by(topics: str, confidence: float = 0.5) -> FakeDrafter:
    """Drafts the topic at the number of its text, over and over."""
    return FakeDrafter(lambda content: (topics[int(content["text"].split()[1]) % len(topics)], confidence))


def reviewed_run(store: Store, topics: str = "a", settled: str = "ab", count: int = 40, **policy: Any) -> int:
    """A run whose examples people settle by `settled`, at the number of their text, over and over."""
    run_id = make_run(store, ROWS, gold="measure", **policy)
    work_off(store, run_id, drafted_by(topics))
    answer(store, run_id, settled, count)
    return run_id


def answer(store: Store, run_id: int, settled: str, count: int) -> None:
    user = make_user(store, f"user {run_id}").id or 0
    with store.writing() as session:
        for work in review.claim(session, user, count, 60, run_id):
            topic = settled[int(str(work.content["text"]).split()[1]) % len(settled)]
            said = review.Answer(f"token-{work.slot_id}", seconds=9)
            review.submit(session, user, work.slot_id, {"topic": topic}, said)


def second_run(store: Store, first: int, topics: str) -> int:
    """Another run of the same dataset, of another model; nobody has reviewed it."""
    with store.writing() as session:
        run = runs.get(session, first)
        version = projects.newest_schema(session, projects.find(session, "p"))
        dataset = session.get_one(Dataset, run.dataset_id)
        plan = Plan(dataset, version, load_prompt("label"), [Step(model="fake")], Policy(gold="measure"))
        again = runs.start(session, plan).id
    drafter = drafted_by(topics)
    drafter.name = "other"
    work_off(store, again or 0, drafter)
    return again or 0


def test_the_ledger_counts_drafts_against_settled_labels(store: Store, lead: Client) -> None:
    run_id = reviewed_run(store, "aab", "ab")
    found = lead.get(f"/runs/{run_id}/ledger", by="class")
    pairs = Counter(("aab"[number % 3], "ab"[number % 2]) for number in range(40))
    parts = {part["name"]: part["accuracy"] for part in found["parts"]}
    for topic in "ab":
        assert parts[f"topic: {topic}"]["n"] == pairs[topic, "a"] + pairs[topic, "b"]
        assert parts[f"topic: {topic}"]["right"] == pairs[topic, topic]
    [confusion] = found["confusions"]
    for drafted, counts in zip(confusion["classes"], confusion["counts"], strict=True):
        assert counts == [pairs[drafted, settled] for settled in confusion["classes"]]
    changes = {(one["drafted"], one["settled"]): one["count"] for one in found["corrections"]}
    assert changes == {pair: count for pair, count in pairs.items() if pair[0] != pair[1]}
    total = found["total"]
    assert (total["corrected"]["right"], total["corrected"]["n"]) == (sum(changes.values()), 40)
    assert Decimal(total["per_example"]) == Decimal("0.01")


@pytest.mark.parametrize("by", ["field", "class", "model", "prompt", "week", "run"])
def test_every_way_to_divide_counts_all_drafts(store: Store, lead: Client, by: str) -> None:
    first = reviewed_run(store)
    second = second_run(store, first, "b")
    assert sum(part["drafted"] for part in lead.get(f"/runs/{first}/ledger", by=by)["parts"]) == 40
    found = lead.get("/projects/p/ledger", by=by)
    assert sum(part["drafted"] for part in found["parts"]) == 80
    assert found["total"]["drafted"] == 80
    if by == "run":
        assert [part["name"] for part in found["parts"]] == [str(first), str(second)]
    if by == "model":
        assert [part["name"] for part in found["parts"]] == ["fake", "other"]


def test_the_ledger_is_read_in_batches(store: Store, lead: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = reviewed_run(store, "ab", "aab", 25)
    whole = lead.get(f"/runs/{run_id}/ledger", by="class")
    monkeypatch.setattr("prelabel.reports.scores.BATCH", 3)
    assert lead.get(f"/runs/{run_id}/ledger", by="class") | {"as_of": whole["as_of"]} == whole


def test_what_does_not_fit_the_schema_any_more_is_said_to_be_left_out(store: Store, lead: Client) -> None:
    run_id = reviewed_run(store, "a", "ab")
    move.apply(store, "p", Wish(label_schema=LabelSchema.load("fields: {topic: [b, c]}")), 60)
    found = lead.get(f"/runs/{run_id}/ledger")
    assert (found["left_out"], found["total"]["drafted"], found["total"]["accuracy"]["n"]) == (20, 40, 0)


def test_a_table_comes_as_csv(store: Store, lead: Client) -> None:
    run_id = reviewed_run(store)
    rows = list(
        csv.DictReader(io.StringIO(lead.content(f"/runs/{run_id}/ledger", by="model", format="csv").decode()))
    )
    assert [(row["name"], row["accuracy.n"], row["accuracy.right"]) for row in rows] == [("fake", "40", "20")]
    costs = lead.content(f"/runs/{run_id}/cost/parts", by="class", format="csv").decode()
    assert [row["name"] for row in csv.DictReader(io.StringIO(costs))] == ["topic: a", "topic: b"]


def test_a_comparison_says_who_is_better_on_the_same_examples(store: Store, lead: Client) -> None:
    first = reviewed_run(store, "a", "ab")
    second = second_run(store, first, "abaa")
    found = lead.get("/compare", runs=f"{first},{second}", limit=4)
    difference = found["difference"]
    # settled: a at even numbers, b at odd; the second one has every fourth of these right as well
    assert (difference["n"], difference["first"]["right"], difference["second"]["right"]) == (40, 20, 30)
    assert (difference["only_first"], difference["only_second"]) == (0, 10)
    assert difference["low"] <= difference["difference"] == -0.25 <= difference["high"] < 0
    assert found["by_gold"] == 10
    assert [one["example_id"] for one in found["discordant"]["items"]] == ["e1", "e5", "e9", "e13"]
    rest = list(lead.items("/compare/examples", runs=f"{first},{second}", limit=3))
    assert [one["example_id"] for one in rest] == [f"e{number}" for number in range(1, 40, 4)]
    assert {one["right"] for one in rest} == {"second"}
    assert not list(lead.items("/compare/examples", runs=f"{first},{second}", right="first"))
    assert rest[0]["second"] == rest[0]["settled"] == {"topic": "b"}


def test_a_comparison_goes_by_class_and_says_what_both_cost_on_the_same_examples(
    store: Store, lead: Client
) -> None:
    first = reviewed_run(store, "a", "ab")
    found = lead.get("/compare", runs=f"{first},{second_run(store, first, 'abaa')}")
    by_class = {one["name"]: one["difference"] for one in found["classes"]}
    assert {name: one["n"] for name, one in by_class.items()} == {"topic: a": 20, "topic: b": 20}
    assert (by_class["topic: a"]["only_second"], by_class["topic: b"]["only_second"]) == (0, 10)
    cost = found["cost"]
    assert (cost["n"], Decimal(cost["first"]), Decimal(cost["second"])) == (
        40,
        Decimal("0.01"),
        Decimal("0.01"),
    )
    assert (float(cost["difference"]), cost["unpriced"]) == (0, 0)


def test_a_comparison_the_other_way_round_is_the_mirror_image(store: Store, lead: Client) -> None:
    first = reviewed_run(store, "aabb", "ab")
    second = second_run(store, first, "ac")
    there, back = (
        lead.get("/compare", runs=pair)["difference"] for pair in (f"{first},{second}", f"{second},{first}")
    )
    assert there["difference"] == -back["difference"]
    assert (there["low"], there["high"]) == pytest.approx((-back["high"], -back["low"]))


def test_what_is_kept_of_one_comparison_is_not_served_for_another(
    store: Store, lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = reviewed_run(store, "aabb", "ab")
    second = second_run(store, first, "ac")
    monkeypatch.setattr(kept, "LARGE", 1)
    monkeypatch.setattr(kept, "QUICK", 0.0)
    asked: list[dict[str, Any]] = [
        {"runs": f"{first},{second}"},
        {"runs": f"{second},{first}"},
        {"models": "fake,other", "project": "p"},
    ]
    sides = [(one["first"], one["second"]) for one in (lead.get("/compare", **asking) for asking in asked)]
    there = (f"run {first}", f"run {second}")
    assert sides == [there, there[::-1], ("fake", "other")]


def test_models_and_prompts_are_compared_within_a_project(store: Store, lead: Client) -> None:
    first = reviewed_run(store, "a", "ab")
    second_run(store, first, "abaa")
    found = lead.get("/compare", models="fake,other", project="p")
    assert (found["first"], found["second"], found["difference"]["difference"]) == ("fake", "other", -0.25)
    digest = lead.get(f"/runs/{first}/ledger", by="prompt")["parts"][0]["name"].split()[-1]
    same = lead.get("/compare", prompts=f"{digest},{digest[:6]}", project="p")
    assert same["difference"]["difference"] == 0


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "by one of runs, models and prompts"),
        ({"runs": "1,2", "models": "a,b"}, "by one of runs, models and prompts"),
        ({"runs": "1"}, "name two"),
        ({"runs": "1,x"}, "'x' is not the number of a run"),
        ({"runs": "1,1"}, "cannot be compared with itself"),
        ({"runs": "1,2"}, "different datasets"),
        ({"models": "a,b"}, "in which one"),
        ({"models": "fake,b", "project": "p"}, "was drafted with 'b'"),
    ],
)
def test_what_cannot_be_compared_is_said(
    store: Store, lead: Client, asked: dict[str, str], says: str
) -> None:
    work_off(store, make_run(store, 2), drafted_by("a"))
    make_run(store, 2)
    with pytest.raises(errors.InputError, match=says):
        lead.get("/compare", **asked)


def test_what_does_not_exist_cannot_be_compared(lead: Client) -> None:
    with pytest.raises(errors.NotFound):
        lead.get("/compare", runs="1,999999999999")


def test_cost_is_divided_by_class_with_people_and_accepted_labels(store: Store, lead: Client) -> None:
    run_id = reviewed_run(store, "ab", "b", 12)
    found = lead.get(f"/runs/{run_id}/cost/parts", by="class")
    [part] = found["parts"]
    assert (part["name"], part["settled"], part["calls"], part["review_seconds"]) == ("topic: b", 12, 12, 108)
    assert Decimal(part["model_dollars"]) == Decimal("0.12")
    assert Decimal(part["people_dollars"]) == Decimal("0.6")
    assert (part["accepted"], part["per_accepted"]) == (0, None)
    [run] = lead.get("/projects/p/cost/parts")["parts"]
    assert (run["name"], Decimal(run["model_dollars"]), run["settled"]) == (
        f"run {run_id}",
        Decimal("0.4"),
        12,
    )
    [model] = lead.get("/projects/p/cost/parts", by="model")["parts"]
    assert (model["name"], model["calls"], model["per_example"]) == ("fake", 40, None)


def test_the_money_of_all_calls_is_set_against_accepted_labels(store: Store, lead: Client) -> None:
    run_id = make_run(store, ROWS, gold="measure")
    work_off(store, run_id, FakeDrafter(lambda content: ("a", 0.95 if content["text"][-1] in "05" else 0.2)))
    found = lead.get(f"/runs/{run_id}/cost")
    assert (found["accepted"], Decimal(found["model_per_accepted"])) == (8, Decimal("0.05"))


def test_calibration_names_its_samples_and_its_calibrator(store: Store, lead: Client) -> None:
    run_id = reviewed_run(store, "a", "ab", 20)
    found = lead.get(f"/runs/{run_id}/calibration")
    assert found["uses"] == "raw"
    assert (found["gold"]["n"], found["sent"]["n"], found["audits"]["n"]) == (10, 20, 0)
    assert found["gold"]["raw"]["error"] == 0  # half of them are right, at a confidence of a half
    assert (found["gold"]["method"], found["audits"]["raw"]["error"]) == ("none", None)
    assert "no sample of all drafts" in found["sent"]["basis"]


def test_accepting_is_paused_and_resumed_by_leads(store: Store, lead: Client, sign_in: SignIn) -> None:
    run_id = make_run(store, 3)
    assert lead.run(run_id)["accepting"] is True
    paused = lead.post(f"/runs/{run_id}/accepting", {"accepting": False, "note": "12 wrong audits"})
    assert (paused["accepting"], paused["accepting_note"], paused["state"]) == (
        False,
        "12 wrong audits",
        "running",
    )
    assert sign_in("reviewer").run(run_id)["accepting_note"] == ""
    with pytest.raises(errors.Conflict, match="not accepting already"):
        lead.post(f"/runs/{run_id}/accepting", {"accepting": False})
    assert lead.post(f"/runs/{run_id}/accepting", {"accepting": True})["accepting"] is True


def test_drift_is_told_without_an_alarm_where_there_are_no_audits(store: Store, lead: Client) -> None:
    found = lead.get(f"/runs/{make_run(store, 3)}/drift")
    assert (found["audits"], found["alarm_at"], found["evidence"]) == (0, None, 0)


def test_a_table_does_not_run_formulas() -> None:
    assert "'=1+1" in as_csv([cost_part("=1+1", Sums(), Decimal(20))], CostPart)


def test_a_bad_way_to_divide_is_refused(store: Store, lead: Client, web: TestClient) -> None:
    run_id = make_run(store, 3)
    with pytest.raises(errors.InputError, match="by"):
        lead.get(f"/runs/{run_id}/ledger", by="moon")
