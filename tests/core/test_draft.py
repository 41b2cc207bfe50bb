"""A model drafter asks, checks, repairs once, and records every call that it made."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.draft import Asker, CallRecord, Confide, ModelDrafter, Outcome, Reply, Request, Subject
from prelabel.drafting import patience
from prelabel.drafting.parsing import parse_answer
from prelabel.errors import LabelError, LimitedError, ModelError, RefusedError, StoppingError, TransientError
from prelabel.prompt import Instructions, Shot, load_prompt
from prelabel.schema import LabelSchema

SCHEMA = LabelSchema.load("fields: {topic: [billing, returns]}")
GOOD = json.dumps({"label": {"topic": "billing"}, "confidence": {"topic": 0.8}})
SUBJECT = Subject(7, {"text": "Where is my money?"})
PRICE_OF_ONE = Decimal("0.05")
"""The most that one call of a ScriptedModel costs."""


class ScriptedModel:
    """Answers with the next entry of its script: a text, or an error to raise."""

    name = "scripted"

    def __init__(self, *script: str | ModelError) -> None:
        self.script = list(script)
        self.requests: list[Request] = []

    async def ask(self, request: Request) -> Reply:
        self.requests.append(request)
        entry = self.script.pop(0)
        if isinstance(entry, ModelError):
            raise entry
        return Reply(entry, tokens_in=10, tokens_out=2, dollars=Decimal("0.01"))

    def most(self, request: Request) -> Decimal:
        return PRICE_OF_ONE


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LONGEST_WAIT", 0.0)


def drafter(model: ScriptedModel, confidence: str = "stated", **options: Any) -> ModelDrafter:
    told = Instructions(load_prompt("label"), SCHEMA, confidence)
    confide: Confide = lambda _schema, _reply: ({"topic": 0.7}, {"topic": {"billing": 0.7}})
    return ModelDrafter(model, told, confide, Asker(**options))


def drafted(used: ModelDrafter, subject: Subject = SUBJECT) -> tuple[Outcome, list[CallRecord]]:
    """What became of one example, and the calls that it took."""
    kept: list[CallRecord] = []

    async def draft_one() -> Outcome:
        await used.prepare([subject])
        return await used.draft(subject, lambda _, call: kept.append(call))

    return asyncio.run(draft_one()), kept


def outcome(*script: str | ModelError, **options: Any) -> tuple[Outcome, list[CallRecord]]:
    return drafted(drafter(ScriptedModel(*script), **options))


def ends(calls: list[CallRecord]) -> list[tuple[str, str]]:
    return [(call.purpose, call.outcome) for call in calls]


def test_a_valid_answer_is_a_draft_with_its_confidence() -> None:
    found, calls = outcome(GOOD)
    assert (found.ending, found.label, found.confidence) == ("drafted", {"topic": "billing"}, 0.8)
    assert ends(calls) == [("draft", "ok")]


def test_an_invalid_answer_is_repaired_once_with_the_reason() -> None:
    model = ScriptedModel('{"label": {"topic": "biling"}}', GOOD)
    found, calls = drafted(drafter(model))
    assert (found.ending, ends(calls)) == ("drafted", [("draft", "invalid"), ("repair", "ok")])
    assert "did you mean 'billing'" in model.requests[1].messages[-1]["content"]


def test_an_answer_that_stays_invalid_goes_to_people_and_is_no_label() -> None:
    found, calls = outcome("I cannot tell.", '{"label": {"topic": "weather"}, "confidence": {"topic": 1}}')
    assert (found.ending, found.label) == ("failed", None)
    assert '"weather" is not one of the 2 options' in found.failure
    assert ends(calls) == [("draft", "invalid"), ("repair", "invalid")]


def test_a_call_that_may_pass_is_tried_again_and_each_attempt_is_recorded() -> None:
    found, calls = outcome(TransientError("busy"), LimitedError("slower", retry_after=3), GOOD)
    assert found.ending == "drafted"
    assert ends(calls) == [("draft", "transient"), ("draft", "limited"), ("draft", "ok")]


def test_a_call_that_never_passes_is_put_off_after_its_attempts() -> None:
    found, calls = outcome(*[TransientError("busy")] * 3, attempts=3)
    assert (found.ending, found.failure, len(calls)) == ("postponed", "busy", 3)


def test_to_be_told_to_slow_down_is_hardly_a_failure() -> None:
    found, calls = outcome(*[LimitedError("slower")] * 9, GOOD, attempts=1)
    assert (found.ending, len(calls)) == ("drafted", 10)
    assert outcome(*[LimitedError("slower")] * 10, attempts=1)[0].ending == "postponed"


def test_a_refused_request_goes_to_people_at_once() -> None:
    found, calls = outcome(RefusedError("too long"))
    assert (found.ending, found.failure, ends(calls)) == ("failed", "too long", [("draft", "refused")])


def test_an_error_that_every_request_would_meet_stops_the_run() -> None:
    found, calls = outcome(StoppingError("bad key"))
    assert (found.ending, ends(calls)) == ("stopped", [("draft", "stopping")])


def test_what_a_refusal_cost_is_recorded() -> None:
    _, [call] = outcome(RefusedError("refused", Reply("", dollars=Decimal("0.02"))))
    assert call.reply is not None
    assert call.reply.dollars == Decimal("0.02")


def test_an_answer_that_was_paid_before_is_not_asked_for_again() -> None:
    first, [call] = outcome(GOOD)
    second, calls = drafted(drafter(ScriptedModel(), recall=lambda *_: [(7, call.request_hash, Reply(GOOD))]))
    assert (second.label, calls) == (first.label, [])


def test_another_example_with_the_same_content_costs_nothing_either() -> None:
    first, [call] = outcome(GOOD)
    used = drafter(ScriptedModel(), recall=lambda *_: [(7, call.request_hash, Reply(GOOD))])
    second, calls = drafted(used, Subject(8, SUBJECT.content))
    assert (second.label, calls) == (first.label, [])


def test_a_repair_that_was_paid_before_is_not_asked_for_again() -> None:
    _, [bad, good] = outcome("?", GOOD)
    known = [(7, bad.request_hash, Reply("?")), (7, good.request_hash, Reply(GOOD))]
    found, calls = drafted(drafter(ScriptedModel(), recall=lambda *_: known))
    assert (found.ending, calls) == ("drafted", [])


def test_what_is_remembered_costs_nothing_at_most() -> None:
    _, [call] = outcome(GOOD)
    used = drafter(ScriptedModel(), recall=lambda *_: [(7, call.request_hash, Reply(GOOD))])
    asyncio.run(used.prepare([SUBJECT]))
    assert used.most(SUBJECT) == 0


def test_where_a_bad_answer_is_remembered_the_repair_is_still_reckoned_with() -> None:
    _, [call, _] = outcome("?", GOOD)
    used = drafter(ScriptedModel(), recall=lambda *_: [(7, call.request_hash, Reply("?"))])
    asyncio.run(used.prepare([SUBJECT]))
    assert used.most(SUBJECT) == PRICE_OF_ONE


def test_the_most_that_a_draft_can_cost_counts_its_repair() -> None:
    assert drafter(ScriptedModel()).most(SUBJECT) == Decimal("0.10")


def test_token_probabilities_give_confidence_and_alternatives() -> None:
    found, _ = outcome('{"label": {"topic": "billing"}}', confidence="logprobs")
    assert (found.confidence, found.alternatives) == (0.7, {"topic": {"billing": 0.7}})


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ("", ""),
        ("[]", ""),
        ("[" * 100_000, ""),
        ('{"label": null}', ""),
        ('{"label": {"topic": "billing"}}', "confidence"),
        ('{"label": {"topic": "billing"}, "confidence": {"topic": 80}}', "confidence.topic"),
        ('{"label": {"topic": "billing"}, "confidence": {"topic": true}}', "confidence.topic"),
        ('{"label": {"topic": "billing"}, "confidence": {"topic": NaN}}', "confidence.topic"),
        ('{"label": {"topic": "billing", "x": 1}, "confidence": {"topic": 1}}', "x"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_its_path(answer: str, path: str) -> None:
    with pytest.raises(LabelError) as error:
        parse_answer(SCHEMA, answer, {}, states=True)
    assert error.value.path == path


ANSWERS: Callable[[st.SearchStrategy[Any]], st.SearchStrategy[Any]] = lambda inner: (
    st.lists(inner) | st.dictionaries(st.sampled_from(["label", "topic", "confidence"]), inner)
)


@given(st.recursive(st.none() | st.sampled_from(["billing", "x", 0.5, True]), ANSWERS, max_leaves=8))
def test_no_answer_becomes_a_label_that_does_not_fit_the_schema(answer: Any) -> None:
    try:
        label, _ = parse_answer(SCHEMA, json.dumps(answer), {}, states=False)
    except LabelError:
        return
    SCHEMA.validate_label(label, {})


def test_shots_are_chosen_once_for_all_that_are_prepared_and_asked_about_with_each() -> None:
    model, shown = ScriptedModel(GOOD), [Shot({"text": "Too dear!"}, {"topic": "billing"})]
    told = Instructions(load_prompt("label"), SCHEMA, "stated")
    used = ModelDrafter(model, told, lambda *_: ({}, {}), Asker(), lambda subjects: [shown] * len(subjects))
    found, _ = drafted(used)
    assert found.ending == "drafted"
    assert model.requests[0].messages == told.messages(SUBJECT.content, shots=shown)


CONDITIONAL = LabelSchema.load(
    "fields: {toxic: {kind: boolean}, harm: {kind: choice, options: [hate, threat], when: {toxic: true}}}"
)


@pytest.mark.parametrize("confidence", ["stated", "logprobs"])
def test_an_unsure_value_of_a_field_that_does_not_apply_makes_no_draft_unsure(confidence: str) -> None:
    chances = {"toxic": 0.9, "harm": 0.1}
    answer = json.dumps({"label": {"toxic": False, "harm": "hate"}, "confidence": chances})
    told = Instructions(load_prompt("label"), CONDITIONAL, confidence)
    found, _ = drafted(ModelDrafter(ScriptedModel(answer), told, lambda *_: (chances, {}), Asker()))
    assert (found.label, found.confidence) == ({"toxic": False, "harm": None}, 0.9)


def test_a_quote_that_is_not_in_the_text_is_repaired_once_and_then_fails_with_its_reason() -> None:
    schema = LabelSchema.load("fields: {who: {kind: spans, options: [person]}}")
    bad = json.dumps({"label": {"who": [{"text": "Bob", "label": "person"}]}, "confidence": {"who": 1}})
    told = Instructions(load_prompt("label"), schema, "stated")
    found, calls = drafted(ModelDrafter(ScriptedModel(bad, bad), told, lambda *_: ({}, {}), Asker()))
    assert ends(calls) == [("draft", "invalid"), ("repair", "invalid")]
    assert found.failure.endswith('who.0.text: "Bob" does not stand in the text: quote it letter by letter')
