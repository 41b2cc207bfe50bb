"""One simulated provider for all tests of it, as a process, and what they ask of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.process import Provider, running

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "label": {
            "type": "object",
            "properties": {
                "stance": {"type": "string", "enum": ["agrees", "neutral", "disagrees"]},
                "stars": {"type": "integer", "enum": [1, 2, 3, 4, 5]},
            },
            "required": ["stance", "stars"],
            "additionalProperties": False,
        }
    },
    "required": ["label"],
    "additionalProperties": False,
}
ANSWER = {"label": {"stance": "disagrees", "stars": 2}}
ROWS: list[dict[str, Any]] = [
    {"text": "a hoax", "answer": ANSWER, "logprobs": {"disagrees": 0.7, "agrees": 0.2, "neutral": 0.1}},
    {"text": "two\nlines", "answer": "no JSON at all"},
]


def fenced(text: str) -> str:
    """An example as prompts hold it."""
    return f"<example-0123abcd>\n{text}\n</example-0123abcd>"


def asking(text: str = "a hoax", **more: Any) -> dict[str, Any]:
    """A request, without a format of the answer."""
    talk = [{"role": "system", "content": "Label it."}, {"role": "user", "content": fenced(text)}]
    return {"model": "simulated", "messages": talk} | more


def as_schema(schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """OpenAI's way to ask for an answer by a schema."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema or SCHEMA},
    }


@pytest.fixture(scope="session")
def answers_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulator") / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def process(answers_file: Path) -> Iterator[Provider]:
    with running(answers_file) as provider:
        yield provider


@pytest.fixture
def provider(process: Provider) -> Iterator[Provider]:
    """The process with its counts at zero; how it behaves is set back afterwards."""
    process.reset()
    yield process
    process.configure(
        median_ms=0, sigma=0, max_concurrency=0, rpm=0, error_rate=0, hang_rate=0, malformed_rate=0,
        offlist_rate=0, batch_seconds=0, batch_failed_rate=0, batch_expired_rate=0, max_batches=0, key="", sticky=False, default="", spoiled="truncated,prose,fenced,empty",
    )  # fmt: skip
