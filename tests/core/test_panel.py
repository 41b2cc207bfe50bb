"""Several models are as sure together as they agree."""

import asyncio
import json

import pytest

from prelabel.draft import Asker, CallRecord, ModelDrafter, Outcome
from prelabel.drafters.cascade import Step
from prelabel.drafters.panel import PanelDrafter
from prelabel.drafting import patience
from prelabel.errors import ModelError, RefusedError, StoppingError, TransientError
from prelabel.prompt import Instructions, load_prompt
from tests.core.test_draft import PRICE_OF_ONE, SCHEMA, SUBJECT, ScriptedModel


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST_WAIT", 0.0)


def panel(*scripts: str | ModelError) -> PanelDrafter:
    """A member for each, which answers with this topic, or with this error."""
    told = Instructions(load_prompt("label"), SCHEMA, "panel")
    members = []
    for number, said in enumerate(scripts):
        answer = said if isinstance(said, ModelError) else json.dumps({"label": {"topic": said}})
        model = ScriptedModel(answer, answer)
        model.name = f"m{number}"
        members.append(ModelDrafter(model, told, lambda *_: ({}, {}), Asker(attempts=1)))
    return PanelDrafter(SCHEMA, members)


def drafted(*scripts: str | ModelError) -> tuple[Outcome, list[CallRecord]]:
    kept: list[CallRecord] = []

    async def draft_one() -> Outcome:
        used = panel(*scripts)
        await used.prepare([SUBJECT])
        return await used.draft(SUBJECT, lambda _, call: kept.append(call))

    return asyncio.run(draft_one()), kept


def test_most_of_the_panel_decide_and_their_share_is_the_confidence() -> None:
    found, calls = drafted("returns", "billing", "billing")
    assert found.label == {"topic": "billing"}
    assert found.confidence == pytest.approx(2 / 3)
    assert found.alternatives["topic"] == pytest.approx({"billing": 2 / 3, "returns": 1 / 3})
    assert (found.model, [call.model for call in calls]) == ("m0 + m1 + m2", ["m0", "m1", "m2"])


def test_at_a_tie_the_first_model_decides() -> None:
    assert drafted("returns", "billing")[0].label == {"topic": "returns"}
    assert drafted("billing", "returns", "returns", "billing")[0].label == {"topic": "billing"}


@pytest.mark.parametrize("failure", [TransientError("busy"), RefusedError("no"), "weather"])
def test_a_member_that_fails_agrees_with_nobody(failure: str | ModelError) -> None:
    found, _ = drafted(failure, "billing", "billing", "returns")
    assert (found.label, found.confidence) == ({"topic": "billing"}, 0.5)


@pytest.mark.parametrize(
    ("scripts", "ending", "failure"),
    [
        (["billing", "billing", StoppingError("key")], "stopped", "m2: key"),
        ([RefusedError("no"), TransientError("busy")], "postponed", "m1: busy"),
        ([RefusedError("no"), RefusedError("never")], "failed", "m0: no; m1: never"),
    ],
)
def test_where_nobody_answers_or_one_cannot_go_on_it_ends_and_says_why(
    scripts: list[str | ModelError], ending: str, failure: str
) -> None:
    found, _ = drafted(*scripts)
    assert (found.ending, found.failure) == (ending, failure)


def test_the_most_that_a_panel_can_cost_is_that_of_all_its_members() -> None:
    assert panel("billing", "billing", "returns").most(SUBJECT) == 3 * 2 * PRICE_OF_ONE


@pytest.mark.parametrize("further", [("a",), ("b", "b")])
def test_no_model_sits_in_a_panel_twice(further: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="each model once"):
        Step(model="a", confidence="panel", panel=further)
