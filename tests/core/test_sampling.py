"""A model that is asked several times is as sure as its answers agree."""

import asyncio
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from prelabel.draft import Asker, CallRecord, Outcome, Recall, Reply, Request
from prelabel.drafters.sampling import TEMPERATURE, SampleDrafter
from prelabel.drafting import patience
from prelabel.errors import ModelError, RefusedError, StoppingError, TransientError
from prelabel.prompt import Instructions, load_prompt
from tests.core.test_draft import SCHEMA, SUBJECT, ScriptedModel, ends


def says(topic: str) -> str:
    return json.dumps({"label": {"topic": topic}})


class CountingModel(ScriptedModel):
    """Gives the next `given` entries of its script in one answer."""

    given = 4

    async def ask(self, request: Request) -> Reply:
        more = tuple(str(self.script.pop(1)) for _ in range(min(request.count, self.given) - 1))
        return replace(await super().ask(request), more=more)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST_WAIT", 0.0)


def drafter(model: ScriptedModel, recall: Recall | None = None) -> SampleDrafter:
    told = Instructions(load_prompt("label"), SCHEMA, "samples")
    asker = Asker(attempts=1, recall=recall)
    return SampleDrafter(model, told, asker, 4, in_one_call=isinstance(model, CountingModel))


def drafted(model: ScriptedModel, recall: Recall | None = None) -> tuple[Outcome, list[CallRecord]]:
    kept: list[CallRecord] = []

    async def draft_one() -> Outcome:
        used = drafter(model, recall)
        await used.prepare([SUBJECT])
        return await used.draft(SUBJECT, lambda _, call: kept.append(call))

    return asyncio.run(draft_one()), kept


BILLING, RETURNS = says("billing"), says("returns")


@pytest.mark.parametrize("kind", [ScriptedModel, CountingModel])
def test_the_most_frequent_answer_is_the_draft_and_its_share_the_confidence(
    kind: type[ScriptedModel],
) -> None:
    found, _ = drafted(kind(RETURNS, BILLING, BILLING, BILLING))
    assert (found.label, found.confidence) == ({"topic": "billing"}, 0.75)
    assert found.alternatives == {"topic": {"billing": 0.75, "returns": 0.25}}


def test_the_same_is_asked_each_time_at_a_temperature() -> None:
    model = ScriptedModel(*[BILLING] * 4)
    _, calls = drafted(model)
    assert [call.purpose for call in calls] == ["draft", "sample", "sample", "sample"]
    assert len({call.request_hash for call in calls}) == 4
    assert {(request.temperature, request.count) for request in model.requests} == {(TEMPERATURE, 1)}
    assert all(request.messages == model.requests[0].messages for request in model.requests)


def test_a_model_that_can_gives_all_answers_in_one_call() -> None:
    model = CountingModel(*[BILLING] * 4)
    assert ends(drafted(model)[1]) == [("draft", "ok")]
    assert [(request.count, request.temperature) for request in model.requests] == [(4, TEMPERATURE)]


def test_answers_that_one_call_left_out_are_asked_for_one_by_one() -> None:
    model = CountingModel(BILLING, BILLING, RETURNS, BILLING)
    model.given = 2
    found, calls = drafted(model)
    assert found.confidence == 0.75
    assert ends(calls) == [("draft", "ok"), ("sample", "ok"), ("sample", "ok")]


@pytest.mark.parametrize("kind", [ScriptedModel, CountingModel])
def test_an_answer_that_does_not_fit_agrees_with_nothing(kind: type[ScriptedModel]) -> None:
    found, _ = drafted(kind("?", BILLING, BILLING, says("weather")))
    assert (found.label, found.confidence) == ({"topic": "billing"}, 0.5)


@pytest.mark.parametrize("kind", [ScriptedModel, CountingModel])
def test_one_repair_is_asked_for_where_no_answer_fits(kind: type[ScriptedModel]) -> None:
    model = kind("?", "?", says("biling"), "?", BILLING)
    found, calls = drafted(model)
    assert (found.label, found.confidence) == ({"topic": "billing"}, 0.25)
    assert ends(calls)[-1] == ("repair", "ok")
    assert (model.requests[-1].temperature, model.requests[-1].count, model.script) == (0.0, 1, [])


def test_answers_that_never_fit_go_to_people() -> None:
    assert drafted(ScriptedModel(*["?"] * 5))[0].ending == "failed"


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (TransientError("busy"), "postponed"),
        (RefusedError("no"), "failed"),
        (StoppingError("key"), "stopped"),
    ],
)
def test_a_model_that_does_not_answer_at_all_ends_as_with_one_question(
    error: ModelError, ending: str
) -> None:
    assert drafted(ScriptedModel(*[error] * 4))[0].ending == ending


def test_answers_that_do_not_come_agree_with_nothing_but_an_error_that_stops_the_run_stops_it() -> None:
    assert drafted(ScriptedModel(BILLING, TransientError("busy"), BILLING, BILLING))[0].confidence == 0.75
    assert drafted(ScriptedModel(BILLING, StoppingError("key"), BILLING, BILLING))[0].ending == "stopped"


def test_answers_that_were_paid_before_are_not_asked_for_again() -> None:
    _, calls = drafted(ScriptedModel(BILLING, BILLING, RETURNS, BILLING))
    known = [(7, call.request_hash, call.reply) for call in calls[:3] if call.reply]
    found, again = drafted(ScriptedModel(RETURNS), lambda *_: known)
    assert (found.confidence, ends(again)) == (0.5, [("sample", "ok")])


@pytest.mark.parametrize(("paid", "left"), [(0, 5), (3, 1), (4, 0)])
def test_the_most_that_it_can_cost_are_the_answers_still_to_come_and_a_repair(paid: int, left: int) -> None:
    _, calls = drafted(ScriptedModel(*[BILLING] * 4))
    known = [(7, call.request_hash, call.reply) for call in calls[:paid] if call.reply]
    used = drafter(ScriptedModel(), lambda *_: known)
    asyncio.run(used.prepare([SUBJECT]))
    assert used.most(SUBJECT) == left * Decimal("0.05")
