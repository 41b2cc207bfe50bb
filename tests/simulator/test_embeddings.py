"""Vectors of texts, as OpenAI's own client reads them."""

from collections.abc import Iterator

import openai
import pytest

from simulator.process import Provider


@pytest.fixture
def client(provider: Provider) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="none", base_url=f"{provider.url}/v1", max_retries=0) as client:
        yield client


def embed(client: openai.OpenAI, *texts: str, dimensions: int = 64) -> list[list[float]]:
    found = client.embeddings.create(
        model="words", input=list(texts), dimensions=dimensions, encoding_format="float"
    )
    return [part.embedding for part in found.data]


def test_equal_texts_have_equal_vectors_of_length_one(client: openai.OpenAI) -> None:
    one, other, third = embed(client, "red tea", "Red, tea!", "green")
    assert one == other != third
    assert sum(value * value for value in one) == pytest.approx(1)


def test_as_many_dimensions_come_as_are_asked_for(client: openai.OpenAI) -> None:
    assert [len(vector) for vector in embed(client, "x", "?!", dimensions=256)] == [256, 256]


def test_tokens_of_all_texts_are_counted(client: openai.OpenAI, provider: Provider) -> None:
    usage = client.embeddings.create(model="words", input=["x" * 40, "y"], encoding_format="float").usage
    assert (usage.prompt_tokens, usage.total_tokens, provider.stats()["tokens_in"]) == (11, 11, 11)


def test_without_a_text_there_is_no_vector(client: openai.OpenAI, provider: Provider) -> None:
    for nothing in ([], [""], 7):
        with pytest.raises(openai.BadRequestError, match="embeddings format"):
            client.embeddings.create(model="words", input=nothing, encoding_format="float")  # type: ignore[arg-type] # on purpose
    assert provider.stats()["invalid"] == 3


def test_embeddings_fail_and_are_limited_like_other_calls(client: openai.OpenAI, provider: Provider) -> None:
    provider.configure(error_rate=1)
    with pytest.raises(openai.InternalServerError):
        embed(client, "x")
    provider.configure(error_rate=0, rpm=1)
    embed(client, "x")
    with pytest.raises(openai.RateLimitError):
        embed(client, "x")
