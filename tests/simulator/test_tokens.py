"""Token probabilities of recorded values."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.tokens import cut, logprobs

names = st.text(alphabet='abcde_ -"é', min_size=1, max_size=14)


def spelled(value: Any, chances: dict[str, float], top: int = 20) -> list[dict[str, Any]]:
    return logprobs(json.dumps({"label": {"field": value}}, ensure_ascii=False), chances, top)


def unsure(tokens: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [
        (token["token"], {top["token"]: math.exp(top["logprob"]) for top in token["top_logprobs"]})
        for token in tokens
        if token["logprob"] < -1e-6
    ]


@given(st.text())
def test_pieces_are_short_and_join_to_the_content(content: str) -> None:
    pieces = cut(content)
    assert "".join(pieces) == content
    assert all(1 <= len(piece) <= 6 for piece in pieces)


@given(st.dictionaries(names, st.floats(0.01, 1), min_size=1, max_size=6))
def test_the_tokens_of_a_value_multiply_to_its_chance(weights: dict[str, float]) -> None:
    chances = {name: weight / sum(weights.values()) for name, weight in weights.items()}
    for value, chance in chances.items():
        total = sum(token["logprob"] for token in spelled(value, chances))
        assert math.exp(total) == pytest.approx(chance)


@given(st.dictionaries(names, st.floats(0, 1), max_size=6), names)
def test_no_token_is_more_likely_than_one(chances: dict[str, float], value: str) -> None:
    for token in spelled(value, chances):
        listed = [top["logprob"] for top in token["top_logprobs"]]
        assert token["logprob"] <= 0
        assert listed == sorted(listed, reverse=True)
        assert sum(map(math.exp, listed)) <= 1 + 1e-6


def test_a_chance_without_rivals_lies_on_the_first_token() -> None:
    assert unsure(spelled("disagrees", {"disagrees": 0.8})) == [("disagr", {"disagr": pytest.approx(0.8)})]


def test_values_that_begin_alike_part_where_their_spelling_does() -> None:
    found = unsure(spelled("transfer_fee", {"transfer_fee": 0.6, "transfer_time": 0.2, "refund": 0.2}))
    assert found == [
        ("transf", {"transf": pytest.approx(0.8), "refund": pytest.approx(0.2)}),
        ("er_fee", {"er_fee": pytest.approx(0.75), "er_tim": pytest.approx(0.25)}),
    ]


@pytest.mark.parametrize(("value", "token"), [(4, " 4"), (True, " true")])
def test_values_without_quotes_have_chances_too(value: Any, token: str) -> None:
    assert unsure(spelled(value, {json.dumps(value): 0.9})) == [(token, {token: pytest.approx(0.9)})]


def test_a_name_that_is_spelled_like_a_value_is_certain() -> None:
    tokens = logprobs('{"label": {"agrees": "no"}}', {"agrees": 0.5}, 5)
    assert unsure(tokens) == []


def test_no_more_runners_up_come_than_are_asked_for() -> None:
    tokens = spelled("a", {"a": 0.5, "b": 0.3, "c": 0.2}, top=2)
    assert max(len(token["top_logprobs"]) for token in tokens) == 2
    assert all(token["bytes"] == list(token["token"].encode()) for token in tokens)
