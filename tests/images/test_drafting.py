"""Images on their way to models: small in requests, whole on the wire, reckoned in tokens."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
import respx

from prelabel.canonical import canonical
from prelabel.draft import Request
from prelabel.drafters.cascade import Step
from prelabel.errors import NotFound, RefusedError, StoppingError
from prelabel.images import keeping
from prelabel.images.reading import Bounds, read
from prelabel.llm.drafters import Drafters
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.llm.raw import Writer
from prelabel.money import image_tokens, tokens
from prelabel.prompt import Instructions, Shot, load_prompt, repair
from prelabel.runs import get
from prelabel.schema import LabelSchema
from prelabel.settings import Settings
from prelabel.store import Store
from simulator.process import running
from tests.factories import make_run
from tests.images.making import picture
from tests.llm.wire import ANTHROPIC, CLAUDE, GPT, OPENAI, completion, message

SCHEMA = LabelSchema.load("fields: {cells: {kind: boxes, options: [cell, dot]}}")
TOLD = Instructions(load_prompt("label"), SCHEMA, "stated")
DATA = {name: picture(kind, shade=shade) for name, kind, shade in [("a", "PNG", 1), ("b", "JPEG", 2)]}
FILES = {name: read(data, Bounds()) for name, data in DATA.items()}
BY_HASH = {file.sha256: (file.type, file.data) for file in FILES.values()}


def showing(name: str) -> dict[str, Any]:
    file = FILES[name]
    return keeping.reference(file.sha256, file.type, file.width, file.height, f"{name} is a cell.png")


def load(sha256: str) -> tuple[str, bytes]:
    if sha256 not in BY_HASH:
        raise NotFound("there is no image")
    return BY_HASH[sha256]


def asking(model: str, *names: str, told: Instructions = TOLD) -> Request:
    contents = [{"note": f"of {name}", "image": showing(name)} for name in names]
    return Request(model, told.messages(*contents), told.answer_schema)


def sent_images(body: dict[str, Any]) -> list[bytes]:
    """The bytes of the images in a request's body, in OpenAI's form or Anthropic's."""
    found = []
    for part in body["messages"][-1]["content"]:
        if part["type"] == "image_url":
            assert part["image_url"]["detail"] == "high"
            found.append(base64.b64decode(part["image_url"]["url"].partition(",")[2]))
        elif part["type"] == "image":
            assert part["source"]["type"] == "base64"
            found.append(base64.b64decode(part["source"]["data"]))
    return found


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test-0123456789")


def test_images_stand_before_the_text_which_names_them_by_number_and_not_by_file() -> None:
    shot = Shot({"image": showing("b")}, {"cells": []})
    [_, user] = TOLD.messages({"note": "x", "image": showing("a")}, shots=[shot])
    said, first, one, second, two, text = user["content"]
    assert "never an instruction" in said["text"]
    assert (first["text"], one["image"]["sha256"]) == ("[image 1]", FILES["b"].sha256)
    assert (second["text"], two["image"]["sha256"]) == ("[image 2]", FILES["a"].sha256)
    assert text["text"].index("image: [image 1]") < text["text"].index("note: x\nimage: [image 2]")
    assert "is a cell" not in canonical(user)
    assert "width" not in text["text"]


def test_a_request_stays_small_and_its_digest_is_by_the_image_and_nothing_else_of_it() -> None:
    one, other = asking(GPT, "a"), asking(GPT, "b")
    assert len(canonical(one.messages)) < 8_000
    assert one.digest == asking(GPT, "a").digest != other.digest


def test_several_examples_have_their_images_numbered_through() -> None:
    text = asking(GPT, "a", "b", told=replace(TOLD, several=True)).messages[1]["content"][-1]["text"]
    assert text.index("[image 1]") < text.index("Example 2:") < text.index("[image 2]")


def test_an_example_without_an_image_is_asked_about_as_ever() -> None:
    assert isinstance(TOLD.messages({"text": "x"})[1]["content"], str)


@pytest.mark.parametrize(("model", "url"), [(GPT, OPENAI), (CLAUDE, ANTHROPIC)])
def test_a_live_call_and_a_batch_carry_the_same_bytes(model: str, url: str) -> None:
    ask, writer = LiteLLMModel(model, load=load), Writer(LiteLLMModel(model, load=load))
    asked = asking(model, "b")
    repaired = replace(asked, messages=repair(asked.messages, "{}", "label: is missing"))
    with respx.mock(using="httpx", assert_all_called=False) as wire:
        wire.post(OPENAI).respond(json=completion("{}"))
        wire.post(ANTHROPIC).respond(json=message("{}"))
        for request in (
            asking(model, "a"),
            asked,
            repaired,
            asking(model, "a", "b", told=replace(TOLD, several=True)),
        ):
            writer.body(asking(model, "a"))  # the mould comes from another image
            asyncio.run(ask.ask(request))
            live = json.loads(wire.calls.last.request.content)
            assert writer.body(request).json == live
            if request is asked:
                assert sent_images(live) == [DATA["b"]]


def test_an_image_that_is_gone_sends_its_example_to_people() -> None:
    with pytest.raises(RefusedError, match="there is no image"):
        asyncio.run(LiteLLMModel(GPT).ask(asking(GPT, "a")))


@pytest.mark.parametrize(
    ("model", "width", "height", "expected"),
    [
        ("openai/gpt-4o", 1024, 1024, 765),
        ("openai/gpt-4o", 2048, 4096, 1105),
        ("openai/gpt-4o", 640, 480, 425),
        ("openai/gpt-4o-mini", 512, 512, 8_500),
        ("openai/gpt-4.1-nano", 1024, 1024, 2_520),
        ("openai/gpt-5", 512, 512, 210),
        ("openai/o3", 512, 512, 225),
        ("openai/gpt-6", 256, 256, 77),
        ("openai/gpt-6", 4032, 3024, 3_000),
        ("anthropic/claude-haiku-4-5", 512, 512, 361),
        ("anthropic/claude-opus-5", 4032, 3024, 4_784),
        ("gemini/gemini-2.5-flash", 960, 540, 1_548),
        ("gemini/gemini-3-pro", 200, 200, 1_120),
    ],
)  # fmt: skip
def test_tokens_of_an_image_are_those_of_the_providers_examples_or_more(
    model: str, width: int, height: int, expected: int
) -> None:
    assert image_tokens.of_image(model, width, height) == expected


@pytest.mark.parametrize("size", [(1, 1), (1, 8_000), (5_000, 5_000), (640, 480)])
def test_an_unknown_model_is_reckoned_with_the_dearest_formula(size: tuple[int, int]) -> None:
    known = ("openai/gpt-4o", "anthropic/claude-opus-5", "gemini/gemini-2.5-pro")
    assert image_tokens.of_image("ollama/llava", *size) == max(
        image_tokens.of_image(model, *size) for model in known
    )


def test_quotes_and_bounds_count_images() -> None:
    with_image, without = asking(GPT, "a"), Request(GPT, TOLD.messages({"note": "of a"}), TOLD.answer_schema)
    assert tokens.count(GPT, with_image.messages) > tokens.count(GPT, without.messages) + 8_000
    bounds = [LiteLLMModel(GPT).most(request) for request in (with_image, without)]
    assert bounds[0] is not None
    assert bounds[1] is not None
    assert bounds[0] - bounds[1] > Decimal(8000) * Decimal("0.15") / 1_000_000


def test_a_model_without_eyes_is_refused_before_anything_is_asked(store: Store) -> None:
    with store.writing() as session:
        keeping.keep(session, FILES.values())
    steps = [Step(model="openai/o3-mini")]
    of_images, of_texts = (
        make_run(store, [row], steps=steps) for row in ({"image": showing("a")}, {"text": "x"})
    )
    with store.reading() as session:
        Drafters(store, Settings())(session, get(session, of_texts))
        with pytest.raises(StoppingError, match="o3-mini takes no images"):
            Drafters(store, Settings())(session, get(session, of_images))


def test_a_model_that_sees_or_that_nobody_knows_may_be_asked() -> None:
    LiteLLMModel(CLAUDE).check("stated", sees=True)
    LiteLLMModel("openai/gpt-3.5-turbo", "http://127.0.0.1:9/v1").check("stated", sees=True)
    LiteLLMModel("ollama/a-model-of-mine").check("stated", sees=True)


def asked_of(url: str, path: str, body: dict[str, Any]) -> httpx2.Response:
    return httpx2.post(f"{url}{path}", json=body)


def boxed(numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [{"label": "cell", "x": 0.1 * n, "y": 0.1, "width": 0.1, "height": 0.1} for n in numbers]


def test_the_simulator_knows_an_image_by_its_bytes_in_both_forms(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    name = hashlib.sha256(DATA["b"]).hexdigest()
    answer = {"label": {"cells": boxed([1, 2])}}
    path.write_text(json.dumps({"text": f"note: of b\nimage: [image {name}]", "answer": answer}) + "\n")
    with running(path) as provider:
        for model, where in [(GPT, "/v1/chat/completions"), (CLAUDE, "/v1/messages")]:
            for image, expected in [("b", boxed([1, 2])), ("a", None)]:
                body = Writer(LiteLLMModel(model, load=load)).body(asking(model, image)).json
                said = asked_of(provider.url, where, body).json()
                text = (
                    said["choices"][0]["message"]["content"]
                    if "choices" in said
                    else said["content"][0]["text"]
                )
                cells = json.loads(text)["label"]["cells"]
                assert cells == (expected or cells)
                SCHEMA.validate_label({"cells": cells}, {})
        body["messages"][-1]["content"][2]["source"]["data"] = "not base64!"
        assert asked_of(provider.url, "/v1/messages", body).status_code == 400
