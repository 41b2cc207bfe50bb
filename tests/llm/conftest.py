"""Keys that are none, and a wire on which every request must be expected."""

from collections.abc import Iterator

import pytest
import respx

KEY = "sk-test-0123456789"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test-0123456789")


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    """A request without a route fails the call; respx must patch httpx itself, since LiteLLM's transport is aiohttp."""
    with respx.mock(using="httpx", assert_all_called=False) as router:
        yield router
