"""Tokens: counted as OpenAI counts them where that can be done offline, else estimated within a stated error."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.money import tokens
from prelabel.money.tokens import NEWEST, OLDER, count, encoding_name, estimate, is_exact

TEXTS = {
    "English": "The parcel came three days late and the box was dented on its left side. Please send me a new one, or my money back.",
    "German": "Die Lieferung kam drei Tage zu spät, und der Karton war an der linken Seite eingedrückt. Bitte schicken Sie mir Ersatz.",
    "Chinese": "快递晚了三天才到，箱子左边已经被压坏了。请给我换一个新的，或者把钱退给我。",
    "emoji": "great 👍🏽 love it ❤️🔥🔥 but 😡😡 the box 📦👎",
    "JSON": json.dumps(
        {
            "id": "t-0017",
            "text": "where is it?",
            "stars": 2,
            "tags": ["late", "box"],
            "at": "2026-11-02T09:30:00Z",
        }
    ),
}


@pytest.fixture
def no_encodings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_encoding", lambda _name: None)


@pytest.mark.parametrize(
    ("model", "expected"),
    [("openai/gpt-4o-mini", 13), ("openai/gpt-3.5-turbo", 23), ("anthropic/claude-haiku-4-5", 13)],
)
def test_a_text_is_counted_by_the_encoding_of_its_model(model: str, expected: int) -> None:
    assert count(model, "客服态度很好，但是没能帮我解决退款的问题。") == expected


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o", NEWEST),
        ("gpt-4.1-mini", NEWEST),
        ("openai/gpt-5", NEWEST),
        ("o3", NEWEST),
        ("gpt-4", OLDER),
        ("gpt-4-turbo", OLDER),
        ("azure/gpt-35-turbo", OLDER),
        ("ft:gpt-3.5-turbo:acme::x1", OLDER),
        ("openai/text-embedding-3-small", OLDER),
    ],
)
def test_older_models_have_the_older_encoding(model: str, encoding: str) -> None:
    assert encoding_name(model) == encoding


def test_messages_cost_a_few_tokens_more_than_their_text() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Label."},
        {"role": "user", "content": [{"type": "text", "text": "Hi."}]},
    ]
    assert count("gpt-4o", messages) == count("gpt-4o", "Label.") + count("gpt-4o", "Hi.") + 11


def test_a_count_is_exact_for_openai_alone() -> None:
    assert is_exact("openai/gpt-4o-mini")
    assert not is_exact("anthropic/claude-haiku-4-5")


@pytest.mark.usefixtures("no_encodings")
def test_without_encodings_nothing_is_exact_and_all_is_estimated() -> None:
    assert not is_exact("openai/gpt-4o-mini")
    assert count("openai/gpt-4o-mini", TEXTS["English"]) == estimate(TEXTS["English"])


@pytest.mark.parametrize("kind", TEXTS)
def test_an_estimate_is_near_the_count(kind: str) -> None:
    assert 0.75 <= estimate(TEXTS[kind]) / count("gpt-4o", TEXTS[kind]) <= 1.65


@given(st.text())
def test_no_text_has_more_tokens_than_bytes(text: str) -> None:
    assert count("gpt-4o", text) <= len(text.encode("utf-8", "replace"))
    assert estimate(text) <= 2 * len(text.encode("utf-8", "replace"))


def test_a_million_spaces_can_be_counted() -> None:
    assert 0 < count("gpt-4o", " " * 1_000_000) < 20_000


def test_an_encoding_that_was_tampered_with_is_not_fetched_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tokens.FILES, NEWEST, (tokens.FILES[NEWEST][0], "0" * 64))
    assert tokens._encoding.__wrapped__(NEWEST) is None
