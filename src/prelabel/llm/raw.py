"""The bodies of calls and answers as they go over the wire, for lanes that do not call through LiteLLM.

LiteLLM writes and reads them here too, so that a question and its answer are the same in every lane.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any
from uuid import uuid4

from prelabel.canonical import Json, canonical
from prelabel.draft import Request
from prelabel.errors import ModelError, StoppingError
from prelabel.lanes.endpoint import Result
from prelabel.llm.failures import mapped
from prelabel.llm.filling import encoded
from prelabel.llm.litellm_model import LiteLLMModel, litellm


@dataclass(frozen=True)
class Body:
    """The body of a live call, and the names of beta features that its header asks for (Anthropic)."""

    json: dict[str, Any]
    beta: str = ""


class Writer:
    """Writes the body that a live call of the model would have.

    Where only the texts of the messages differ, LiteLLM is asked once and its body is a mould for all: asking takes it 10 to
    20 ms, which would be a quarter of an hour for a large batch.
    """

    def __init__(self, model: LiteLLMModel) -> None:
        self._model = model
        self._moulds: dict[str, tuple[list[str], Body] | None] = {}

    def body(self, request: Request) -> Body:
        """The body. Raises StoppingError where LiteLLM makes none."""
        messages = self._model.call(request)["messages"]
        texts = list(_texts(messages))
        if not all(text.strip() and text == text.rstrip() for text in texts):
            return self._written(request, messages)  # LiteLLM changes what is blank and trims some ends
        marked = _marked(messages)
        shape = canonical([_marked(messages, "mark"), request.answer_schema, request.want_logprobs])
        if shape not in self._moulds:
            self._moulds[shape] = self._mould(request, marked)
        if (found := self._moulds[shape]) is None:
            return self._written(request, messages)
        marks, mould = found
        return replace(mould, json=_filled(mould.json, dict(zip(marks, texts, strict=True))))

    def _mould(self, request: Request, marked: list[dict[str, Any]]) -> tuple[list[str], Body] | None:
        """A body with a mark for each text and image; None where LiteLLM does not keep each as it is."""
        marks = list(_texts(marked))
        mould = self._written(request, marked)
        spelled = canonical(mould.json)
        return (marks, mould) if all(spelled.count(mark) == 1 for mark in marks) else None

    def _written(self, request: Request, messages: list[dict[str, Any]]) -> Body:
        named = self._model.call(replace(request, messages=[])) | {"messages": messages}
        call = {name: value for name, value in named.items() if name != "api_key"}
        raw = _raw_request()(call)
        if not raw.get("raw_request_body"):
            raise StoppingError(f"{self._model.name} cannot be asked in batches: {raw.get('error')}")
        json = dict(raw["raw_request_body"])
        return Body(json | json.pop("extra_body", {}), raw["raw_request_headers"].get("anthropic-beta", ""))


@cache
def _raw_request() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """LiteLLM's own way to write a call without making it. The first one loads modules, about whose types pydantic warns."""
    from litellm.types.utils import CallTypes

    ask = partial(litellm().utils.return_raw_request, CallTypes.completion)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ask({"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "?"}]})
    return ask


def read(model: LiteLLMModel, answer: dict[str, Any], form: Callable[[dict[str, Any]], Any]) -> Result:
    """What an answer of the provider says, brought into LiteLLM's form by `from_openai` or `from_anthropic`."""
    try:
        with mapped():
            return model.read(form(answer))
    except ModelError as error:
        return error


def from_openai(answer: dict[str, Any]) -> Any:
    """A chat completion in LiteLLM's form."""
    from litellm.litellm_core_utils.llm_response_utils.convert_dict_to_response import (
        convert_to_model_response_object,
    )

    return convert_to_model_response_object(answer, litellm().ModelResponse())


def from_anthropic(answer: dict[str, Any]) -> Any:
    """A message in LiteLLM's form; the call of a tool that stands for a JSON schema becomes text, as live."""
    import httpx
    from litellm.llms.anthropic.chat.transformation import AnthropicConfig

    return AnthropicConfig().transform_parsed_response(
        completion_response=answer,
        raw_response=httpx.Response(200),
        model_response=litellm().ModelResponse(),
        json_mode=True,
    )


def _texts(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Each text, and each image in base64, in their order."""
    for message in messages:
        content = message["content"]
        if isinstance(content, str):
            yield content
            continue
        for part in content:
            yield part["text"] if part["type"] == "text" else part["image_url"]["url"].partition(",")[2]


def _marked(messages: list[dict[str, Any]], mark: str = "") -> list[dict[str, Any]]:
    """Messages with a mark for each text and image: a new one each, unless it is given. In base64, so that it can be an image's."""

    def marked(part: dict[str, Any]) -> dict[str, Any]:
        new = mark or encoded(f"mark-{uuid4().hex}".encode())
        if part["type"] == "text":
            return {"type": "text", "text": new}
        kind = part["image_url"]["url"].partition(",")[0]
        return {**part, "image_url": {**part["image_url"], "url": f"{kind},{new}"}}

    def content(given: str | list[dict[str, Any]]) -> Any:
        if isinstance(given, str):
            return marked({"type": "text"})["text"]
        return [marked(part) for part in given]

    return [{"role": message["role"], "content": content(message["content"])} for message in messages]


def _filled(mould: Json, texts: dict[str, str]) -> Json:
    """The mould with what belongs there for each mark, which stands alone or as the end of a data: URI."""
    if isinstance(mould, dict):
        return {name: _filled(inner, texts) for name, inner in mould.items()}
    if isinstance(mould, list):
        return [_filled(inner, texts) for inner in mould]
    if not isinstance(mould, str):
        return mould
    head, comma, mark = mould.rpartition(",")
    return (
        f"{head}{comma}{texts[mark]}"
        if head.startswith("data:") and mark in texts
        else texts.get(mould, mould)
    )
