"""What a run will cost, costs now, and may cost, over HTTP."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from prelabel import errors, runs
from prelabel.client import Client
from prelabel.draft import Asker, CallRecord, Drafter, Keep, ModelDrafter, Outcome, Reply, Request, Subject
from prelabel.drafters.cascade import Cascade, Step
from prelabel.drafting import draft_leases
from prelabel.llm.confidence import confide
from prelabel.models import Draft, Placement, Run, Worker, now
from prelabel.money import ledger
from prelabel.money.prices import price_or_refuse
from prelabel.prompt import Instructions, load_prompt
from prelabel.schema import LabelSchema
from prelabel.store import Store
from tests.api.conftest import SignIn
from tests.factories import PRICE, FakeDrafter, all_of, get_run, make_run, queued_run, sure, unsure, work_off

MINI, LARGE = "openai/gpt-4o-mini", "openai/gpt-4o"
NOTHING = (Decimal(0),) * 3
SCHEMA = {"fields": {"topic": ["a", "b", "c"]}}
TOLD = Instructions(load_prompt("label"), LabelSchema.model_validate(SCHEMA), "stated")


class Paid:
    """A model whose answers are all alike, at its real price."""

    def __init__(self, name: str = MINI, tokens_out: int = 24) -> None:
        self.name, self._tokens_out = name, tokens_out

    def most(self, _request: Request) -> Decimal:
        return Decimal("0.01")

    async def ask(self, _request: Request) -> Reply:
        dollars = price_or_refuse(self.name, {}).cost(400, self._tokens_out)
        text = json.dumps({"label": {"topic": "a"}, "confidence": {"topic": 0.95}})
        return Reply(text, tokens_in=400, tokens_out=self._tokens_out, dollars=dollars)


def drafter(name: str = MINI, tokens_out: int = 24, step: int = 0) -> ModelDrafter:
    return ModelDrafter(Paid(name, tokens_out), TOLD, confide, Asker(step=step))


def bring_in(lead: Client, count: int, gold: int = 0) -> None:
    lead.define_project("p", SCHEMA)
    rows = [
        {"id": str(number), "text": f"ticket {number} " + "is late " * (number % 7)}
        | ({"gold": "a"} if number < gold else {})
        for number in range(count)
    ]
    lead.bring_in("p", "d", io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode()))


def quote(lead: Client, **body: Any) -> dict[str, Any]:
    return dict(lead.post("/projects/p/datasets/d/quotes", body))


def money(given: dict[str, str]) -> tuple[Decimal, Decimal, Decimal]:
    return Decimal(given["low"]), Decimal(given["mean"]), Decimal(given["high"])


def test_a_quote_says_what_a_run_will_cost_and_starts_nothing(lead: Client) -> None:
    bring_in(lead, 500)
    found = quote(lead, model=MINI)
    low, mean, high = money(found["dollars"])
    assert 0 < low < mean < high < Decimal(found["most"])
    assert (found["examples"], found["sampled"]) == (500, 200)
    assert Decimal(found["per_example"]) == pytest.approx(mean / 500, abs=Decimal("0.000001"))
    assert found["models"][0]["tokens_out_from"] == "the schema: no past call tells"
    assert found["models"][0]["price"]["source"].startswith("prices ")
    assert list(lead.items("/runs")) == []


def test_the_same_quote_twice_is_the_same(lead: Client) -> None:
    bring_in(lead, 300)
    assert quote(lead, model=MINI) == quote(lead, model=MINI)


def test_a_quote_holds_what_the_run_then_costs(store: Store, lead: Client) -> None:
    bring_in(lead, 60, gold=20)
    low, _, high = money(quote(lead, model=MINI)["dollars"])
    run_id = lead.start_run("p", "d", model=MINI)["id"]
    work_off(store, run_id, drafter(tokens_out=21))
    with store.reading() as session:
        tokens_off = price_or_refuse(MINI, {}).into * 60 * 100  # the double's prompts all have 400 tokens
        assert low - tokens_off <= ledger.spent(session, run_id) <= high + tokens_off


def test_what_was_drafted_with_the_same_prompt_before_costs_nothing(store: Store, lead: Client) -> None:
    bring_in(lead, 40)
    work_off(store, lead.start_run("p", "d", model=MINI)["id"], drafter())
    again = quote(lead, model=MINI)
    assert (again["models"][0]["paid"]["right"], money(again["dollars"])) == (40, NOTHING)
    assert Decimal(again["most"]) == 0
    assert money(quote(lead, model=LARGE)["dollars"])[0] > 0


def test_the_length_of_answers_comes_from_past_calls_where_there_are_any(store: Store, lead: Client) -> None:
    bring_in(lead, 30)
    work_off(store, lead.start_run("p", "d", model=MINI)["id"], drafter(tokens_out=77))
    found = quote(lead, model=MINI)["models"][0]
    assert found["tokens_out"] == {"mean": 77, "low": 77, "high": 77}
    assert "30 past calls" in found["tokens_out_from"]


def test_the_length_of_answers_comes_from_gold_before_the_schema(lead: Client) -> None:
    bring_in(lead, 30, gold=15)
    assert quote(lead, model=MINI)["models"][0]["tokens_out_from"] == "the gold labels of 15 examples"


def test_the_student_is_free_and_a_batch_costs_half(lead: Client) -> None:
    bring_in(lead, 30)
    assert money(quote(lead)["dollars"]) == NOTHING
    live, batch = quote(lead, model=MINI), quote(lead, model=MINI, lane="batch")
    ratio = money(batch["dollars"])[1] / money(live["dollars"])[1]
    assert ratio == pytest.approx(Decimal("0.5"), abs=Decimal("0.02"))


CASCADE = [{"model": MINI, "take_from": 0.8}, {"model": LARGE}]


def test_without_a_past_all_examples_are_taken_to_reach_every_step(lead: Client) -> None:
    bring_in(lead, 30)
    second = quote(lead, steps=CASCADE)["models"][1]
    assert (second["reached"]["mean"], "no past run" in second["reached_from"]) == (1, True)


def test_past_runs_tell_how_many_reach_the_second_step(store: Store, lead: Client) -> None:
    bring_in(lead, 40)
    run_id = lead.start_run("p", "d", steps=CASCADE)["id"]
    first = FakeDrafter(lambda content: ("a", 0.9 if "late" in content["text"] else 0.1))
    work_off(store, run_id, Cascade([(first, 0.8), (FakeDrafter(sure), 0.8)]))
    second = quote(lead, steps=CASCADE)["models"][1]
    assert second["reached"]["mean"] == pytest.approx(6 / 40)
    assert second["reached_from"] == "40 examples of past runs with these steps"


def test_several_samples_and_a_panel_cost_as_many_calls(lead: Client) -> None:
    bring_in(lead, 30)
    [five] = quote(lead, steps=[{"model": MINI, "confidence": "samples", "samples": 5}])["models"]
    panel = quote(lead, steps=[{"model": MINI, "confidence": "panel", "panel": [LARGE]}])["models"]
    [tenth] = quote(lead, steps=[{"model": MINI, "per_call": 10}])["models"]
    [alone] = quote(lead, model=MINI)["models"]
    assert five["calls_per_example"] == 5
    assert [one["model"] for one in panel] == [MINI, LARGE]
    assert Decimal(tenth["dollars"]["mean"]) < Decimal(alone["dollars"]["mean"]) / 2


def test_by_hand_is_what_reviews_of_the_project_took(store: Store, lead: Client, reviewer: Client) -> None:
    bring_in(lead, 12)
    assert "assumed" in quote(lead)["by_hand"]["basis"]
    run_id = lead.start_run("p", "d", model="fake")["id"]
    work_off(store, run_id, FakeDrafter(unsure))
    for number, work in enumerate(reviewer.post("/queue/claim", {"limit": 12})):
        answer = {"label": {"topic": "a"}, "client_token": f"token-{number:03}", "seconds": 36}
        reviewer.post(f"/queue/{work['slot_id']}/submit", answer)
    by_hand = quote(lead)["by_hand"]
    assert (by_hand["seconds"], Decimal(by_hand["per_example"])) == (36, Decimal("0.2"))


def test_a_quote_that_cannot_be_given_says_why_and_what_to_do(lead: Client) -> None:
    bring_in(lead, 3)
    with pytest.raises(errors.InputError, match=r"no price is known for openai/gpt-4o-mni \(did you mean"):
        quote(lead, model="openai/gpt-4o-mni")
    with pytest.raises(errors.InputError, match="PRELABEL_PRICES="):
        quote(lead, model="house/model")
    lead.put("/projects/p/datasets/empty")
    with pytest.raises(errors.InputError, match="has no examples yet"):
        lead.post("/projects/p/datasets/empty/quotes", {})


def test_a_cap_below_what_is_expected_is_told_in_the_quote(lead: Client) -> None:
    bring_in(lead, 300)
    assert "may stop the run" in quote(lead, model=MINI, cap="0.0001")["notes"][-1]


def test_a_run_keeps_what_it_was_expected_to_cost(store: Store, lead: Client) -> None:
    bring_in(lead, 50)
    run_id = lead.start_run("p", "d", model=MINI)["id"]
    progress = lead.get(f"/runs/{run_id}/progress")
    assert (progress["expected"], progress["expected_from"]) == (
        quote(lead, model=MINI)["dollars"],
        "the quote",
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"cap": -1}, "cap: Input should be greater than 0"),
        ({"steps": [{"confidence": "panel"}]}, "steps.0: panel: name further models for confidence 'panel'"),
        ({"steps": [{}], "model": "x"}, "steps: they say which models are asked"),
        ({"lane": "fast"}, "lane: Input should be 'live' or 'batch'"),
    ],
)
def test_what_a_run_is_asked_for_wrongly_is_told_by_its_field(
    lead: Client, body: dict[str, Any], sentence: str
) -> None:
    bring_in(lead, 1)
    with pytest.raises(errors.InputError) as error:
        quote(lead, **body)
    assert str(error.value).startswith(sentence)


def test_a_project_cap_is_set_shown_and_taken_away(store: Store, lead: Client) -> None:
    run_id = make_run(store, 4)
    work_off(store, run_id, FakeDrafter(sure))
    assert lead.put("/projects/p/cap", {"cap": "2.5"}) == {
        "project": "p", "spent": "0.040000000", "cap": "2.5", "stopped_runs": [],
    }  # fmt: skip
    assert Decimal(lead.get("/projects/p")["cap"]) == Decimal("2.5")
    assert Decimal(lead.run(run_id)["project_cap"]) == Decimal("2.5")
    assert lead.put("/projects/p/cap", {"cap": None})["cap"] is None
    with pytest.raises(errors.InputError, match="cap: Field required"):
        lead.put("/projects/p/cap", {})


def test_raising_a_project_cap_starts_nothing_and_names_the_runs_that_wait(
    store: Store, lead: Client
) -> None:
    run_id = make_run(store, 10)
    lead.put("/projects/p/cap", {"cap": "0.05"})
    work_off(store, run_id, FakeDrafter(sure))
    run = lead.run(run_id)
    assert (run["stage"], "raise it, then resume the run" in run["note"]) == ("over_budget", True)
    assert lead.put("/projects/p/cap", {"cap": "1"})["stopped_runs"] == [run_id]
    assert get_run(store, run_id).state == "over_budget"
    assert lead.post(f"/runs/{run_id}/resume", {})["state"] == "running"


def test_a_run_that_goes_on_gets_another_cap_as_it_is_and_keeps_its_own_where_that_is_refused(
    store: Store, lead: Client
) -> None:
    run_id = make_run(store, 10, cap=Decimal(2))
    assert Decimal(lead.post(f"/runs/{run_id}/resume", {"cap": "7.5"})["cap"]) == Decimal("7.5")
    with pytest.raises(errors.InputError, match="cap"):
        lead.post(f"/runs/{run_id}/resume", {"cap": "0"})
    with pytest.raises(errors.Conflict, match="is running"):
        lead.post(f"/runs/{run_id}/resume", {})
    run = lead.run(run_id)
    assert (run["state"], Decimal(run["cap"])) == ("running", Decimal("7.5"))


def test_a_run_is_not_resumed_with_a_cap_that_is_spent(store: Store, lead: Client) -> None:
    run_id = make_run(store, 10, cap=Decimal("0.05"))
    work_off(store, run_id, FakeDrafter(sure))
    for body in ({}, {"cap": "0.02"}):
        with pytest.raises(errors.Conflict, match=r"has spent \$0.05, .* resume it with a higher one"):
            lead.post(f"/runs/{run_id}/resume", body)


def progress_of(lead: Client, run_id: int) -> dict[str, Any]:
    return dict(lead.get(f"/runs/{run_id}/progress"))


def test_progress_of_a_run_that_has_not_begun(store: Store, lead: Client) -> None:
    found = progress_of(lead, make_run(store, 5))
    assert (found["drafted"], found["per_second"], found["seconds_left"]) == (0, 0, None)
    assert (found["expected"], found["calls_per_example"], found["workers"]) == (None, None, 0)


def half_done(store: Store, drafter: Drafter | None = None) -> int:
    """A run that stopped when 40 of its 100 examples were drafted."""
    run_id = make_run(store, 100, cap=PRICE * 40)
    work_off(store, run_id, drafter or FakeDrafter(sure))
    return run_id


def test_progress_foresees_the_total_from_what_the_run_has_spent(store: Store, lead: Client) -> None:
    found = progress_of(lead, half_done(store))
    assert (found["drafted"], Decimal(found["spent"])) == (40, Decimal("0.4"))
    assert money(found["expected"]) == (Decimal(1),) * 3
    assert (found["expected_from"], found["stage"], found["calls_per_example"]) == (
        "this run",
        "over_budget",
        1,
    )


def test_the_expected_total_has_an_interval_where_costs_differ(store: Store, lead: Client) -> None:
    class Repaired(FakeDrafter):
        async def draft(self, subject: Subject, keep: Keep) -> Outcome:
            if subject.example_id % 3 == 0:
                reply = Reply("?", dollars=PRICE)
                keep(subject, CallRecord(self.name, "repair", "again", "invalid", reply=reply))
            return await super().draft(subject, keep)

    run_id = make_run(store, 90)
    work_off(store, run_id, Repaired(sure))
    with store.writing() as session:
        for placement in all_of(session, Placement)[60:]:
            placement.place = "waiting"
    found = progress_of(lead, run_id)
    low, mean, high = money(found["expected"])
    assert Decimal(found["spent"]) <= low < mean < high
    assert found["repairs"] == 30


def test_the_pace_is_that_of_the_last_minute(store: Store, lead: Client) -> None:
    run_id = half_done(store)
    with store.writing() as session:
        session.get_one(Run, run_id).created_at = now() - timedelta(hours=1)
        for number, draft in enumerate(all_of(session, Draft)):
            draft.created_at = now() - timedelta(seconds=300 if number < 10 else 2 * (40 - number) - 1)
    found = progress_of(lead, run_id)
    assert found["per_second"] == pytest.approx(0.5, rel=0.05)
    assert found["seconds_left"] == pytest.approx(120, rel=0.05)


def test_after_a_pause_the_pace_is_that_since_drafting_went_on(store: Store, lead: Client) -> None:
    run_id = half_done(store)
    with store.writing() as session:
        session.get_one(Run, run_id).created_at = now() - timedelta(hours=1)
        for number, draft in enumerate(all_of(session, Draft)):
            draft.created_at = now() - timedelta(seconds=10 - number / 4)
    assert progress_of(lead, run_id)["per_second"] == pytest.approx(4, rel=0.05)


def test_what_workers_hold_is_on_its_way_until_its_lease_ends(store: Store, lead: Client) -> None:
    run_id = make_run(store, 10)
    for seconds, size in ((30, 3), (-1, 2)):
        with store.writing() as session:
            draft_leases.claim(session, run_id, f"worker{size}", size, seconds)
            runs.beat(session, f"worker{size}")
    found = progress_of(lead, run_id)
    assert (found["on_their_way"], found["workers"]) == (3, 2)
    with store.writing() as session:
        for worker in session.exec(select(Worker)):
            worker.seen_at = now() - timedelta(minutes=2)
    assert progress_of(lead, run_id)["workers"] == 0


def test_limits_failures_and_steps_are_counted(store: Store, lead: Client) -> None:
    class Limited(FakeDrafter):
        async def draft(self, subject: Subject, keep: Keep) -> Outcome:
            keep(subject, CallRecord(self.name, "draft", "busy", "limited"))
            return await super().draft(subject, keep)

    run_id = make_run(store, 20, model="fake")
    with store.writing() as session:
        session.get_one(Run, run_id).steps = [{"model": "cheap"}, {"model": "dear"}]
    second = FakeDrafter(lambda _: errors.RefusedError("too long"))
    first = Limited(lambda content: ("a", 0.95 if content["text"].endswith("1") else 0.3))
    work_off(store, run_id, Cascade([(first, 0.9), (second, 0.9)]))
    found = progress_of(lead, run_id)
    assert (found["limited"], found["limited_last_minute"], found["failed"]) == (20, 20, 18)
    assert [(step["drafted"], step["share"], step["failed"]) for step in found["steps"]] == [
        (20, 1.0, 0), (18, 0.9, 18),
    ]  # fmt: skip


def test_a_failure_that_a_later_step_made_good_is_none_of_the_run(store: Store, lead: Client) -> None:
    run_id = make_run(store, 6, steps=[Step(model="fake"), Step(model="fake")])
    refused = FakeDrafter(lambda _: errors.RefusedError("too long"))
    work_off(store, run_id, Cascade([(refused, 0.9), (FakeDrafter(sure), 0.9)]))
    assert progress_of(lead, run_id)["failed"] == 0


def test_cost_is_divided_by_step_model_purpose_and_lane(store: Store, lead: Client) -> None:
    run_id = half_done(store)
    parts = lead.get(f"/runs/{run_id}/cost")["parts"]
    whole = {"calls": 40, "dollars": "0.400000000"}
    assert parts == {
        "by_step": [{"name": "1 fake", **whole}],
        "by_model": [{"name": "fake", **whole}],
        "by_purpose": [{"name": "draft", **whole}],
        "by_lane": [{"name": "live", **whole}],
    }


def test_a_call_about_several_examples_counts_once(store: Store, lead: Client) -> None:
    run_id = make_run(store, 4)
    with store.writing() as session:
        entries = [
            ledger.Entry(run_id, number + 1, CallRecord("m", "group", "h", "ok", requests=int(not number)))
            for number in range(4)
        ]
        ledger.record(session, entries)
    cost = lead.get(f"/runs/{run_id}/cost")
    assert (cost["calls"], cost["parts"]["by_purpose"][0]["calls"]) == (1, 1)


def test_reviewers_neither_quote_nor_cap(sign_in: SignIn, store: Store) -> None:
    queued_run(store, 1)
    asks: list[Callable[[Client], object]] = [
        lambda client: client.post("/projects/p/datasets/d0/quotes", {}),
        lambda client: client.put("/projects/p/cap", {"cap": "1"}),
    ]
    reviewer = sign_in("reviewer")
    for ask in asks:
        with pytest.raises(errors.NotAllowed):
            ask(reviewer)
