"""Quotes and forecasts: what goes in comes out as dollars, and more uncertainty never makes an interval narrower."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.draft import Asker, ModelDrafter, Subject
from prelabel.drafters.cascade import Step
from prelabel.drafters.grouping import GroupDrafter
from prelabel.drafting import answers
from prelabel.llm.confidence import confide
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.measure.pace import ENOUGH, Drafted, expected_total, seconds_left
from prelabel.measure.quote import Asked, Range, quote_model, spread
from prelabel.money.prices import MILLION, Price
from prelabel.money.quote import _bytes_in, _in_groups, _most_calls, _most_out, _request
from prelabel.prompt import Instructions, load_prompt
from prelabel.schema import LabelSchema

RATES = Price(Decimal(1) / MILLION, Decimal(2) / MILLION, Decimal(1) / MILLION, Decimal(1) / MILLION, "own")
OUT = Range(mean=50, low=40, high=60)
ASKED = Asked(0, "m", RATES, [100, 100], OUT, "", [1000, 1000], 200)
TOLD = Instructions(
    load_prompt("label"), LabelSchema.load("fields: {topic: [a, b], why: {kind: text}}"), "stated"
)


def test_dollars_are_tokens_times_prices_times_examples() -> None:
    found = quote_model(ASKED, 2, 2).dollars
    assert [found.low, found.mean, found.high] == [Decimal(many) / MILLION for many in (360, 400, 440)]


def test_what_is_paid_in_a_whole_dataset_is_known_and_in_a_sample_is_guessed() -> None:
    paid = replace(ASKED, paid=2)
    assert quote_model(paid, 2, 2).dollars.high == 0
    assert quote_model(paid, 1_000, 2).dollars.high > 0


def test_repairs_and_further_calls_cost_too() -> None:
    once = quote_model(ASKED, 1_000, 2).dollars.mean
    assert quote_model(replace(ASKED, calls=Decimal(5)), 1_000, 2).dollars.mean == 5 * once
    assert quote_model(replace(ASKED, repairs=Range(mean=1, low=1, high=1)), 1_000, 2).dollars.mean > 2 * once


def test_half_the_examples_reached_is_half_the_dollars() -> None:
    half = replace(ASKED, reached=Range(mean=0.5, low=0.5, high=0.5))
    assert quote_model(half, 1_000, 2).dollars.mean * 2 == quote_model(ASKED, 1_000, 2).dollars.mean


@given(st.lists(st.integers(1, 5_000), min_size=2, max_size=30), st.integers(30, 10_000))
def test_a_quote_lies_within_its_interval_and_under_its_bound(tokens: list[int], examples: int) -> None:
    asked = replace(ASKED, tokens_in=tokens, most_in=[5 * one for one in tokens])
    found = quote_model(asked, examples, len(tokens))
    assert found.dollars.low <= found.dollars.mean <= found.dollars.high <= found.most


def test_a_sample_of_all_there_is_has_no_width() -> None:
    assert spread([1, 2, 3], of=3) == Range(mean=2, low=2, high=2)


@pytest.mark.parametrize("model", ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "openai/gpt-5-mini"])
def test_the_bound_of_a_quote_is_not_under_what_the_engine_sets_aside(model: str) -> None:
    content = {"text": "my parcel is late"}
    drafter = ModelDrafter(LiteLLMModel(model), TOLD, confide, Asker())
    request = _request(model, Step(model=model), TOLD, content)
    real = LiteLLMModel(model)._price
    assert real is not None
    ours = 2 * real.most(_bytes_in(request, 1), _most_out(model, TOLD, 1))
    assert ours >= (drafter.most(Subject(1, content)) or 0)


def test_the_bound_of_a_quote_for_groups_is_not_under_what_the_engine_sets_aside() -> None:
    model, content, asker = LiteLLMModel("openai/gpt-4o-mini"), {"text": "my parcel is late"}, Asker()
    drafter = GroupDrafter(
        model, replace(TOLD, several=True), asker, ModelDrafter(model, TOLD, confide, asker), 10
    )
    [request] = _in_groups(model.name, TOLD, [content])
    assert model._price is not None
    once = model._price.most(_bytes_in(request, 1), _most_out(model.name, TOLD, 1))
    calls = _most_calls(Step(model=model.name, per_call=10))
    assert calls * once >= (drafter.most(Subject(1, content)) or 0)


def test_answers_are_ordered_by_length_and_fit_the_form() -> None:
    low, mean, high = (answers.ends(TOLD.answer_schema)[end] for end in answers.ENDS)
    assert len(low) < len(mean) < len(high) <= answers.longest(TOLD.answer_schema)
    assert '"why": "because"' in answers.of_label(TOLD.answer_schema, {"topic": "a", "why": "because"})


def drafted(done: int, *costs: str) -> Drafted:
    return Drafted(done, Decimal(done) / 100, [Decimal(cost) for cost in costs])


def test_the_total_is_what_each_has_cost_for_all() -> None:
    found = expected_total(drafted(100, "0.01", "0.01"), waiting=300)
    assert found is not None
    assert {found.low, found.mean, found.high} == {Decimal(4)}


def test_the_interval_closes_as_the_run_ends() -> None:
    widths = []
    for waiting in (900, 500, 100, 0):
        found = expected_total(drafted(1_000 - waiting, "0.005", "0.015"), waiting)
        assert found is not None
        widths.append(found.high - found.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == 0


def test_too_few_tell_nothing_unless_all_are_done() -> None:
    assert expected_total(drafted(ENOUGH - 1), waiting=1) is None
    assert expected_total(drafted(3), waiting=0) is not None


def test_time_left_is_unknown_where_nothing_moves() -> None:
    assert (seconds_left(10, 2), seconds_left(10, 0), seconds_left(0, 0)) == (5, None, 0)
