"""From what LiteLLM and the providers' own clients raise to our errors: one table, by HTTP status and body.

By status rather than by class, since the classes differ between providers and between LiteLLM's versions: a 403 comes as
BadRequestError, APIError or PermissionDeniedError, a refused connection as InternalServerError. Where a batch gives no
status, the kind of the error stands for it.
"""

import json
import os
import re
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from prelabel.errors import (
    LimitedError,
    ModelError,
    PrelabelError,
    RefusedError,
    StoppingError,
    TransientError,
)


@dataclass(frozen=True)
class Rule:
    """What a failure means that has one of these statuses and one of these signs in its text; empty: any."""

    kind: type[ModelError]
    said: str
    statuses: Collection[int | None] = ()
    signs: tuple[str, ...] = ()

    def fits(self, status: int | None, text: str) -> bool:
        """Whether the rule is for this failure; `text` is in lower case."""
        return (not self.statuses or status in self.statuses) and (
            not self.signs or any(sign in text for sign in self.signs)
        )


RULES = (
    Rule(
        StoppingError,
        "the provider's account is out of money or quota",
        signs=("insufficient_quota", "exceeded your current quota", "credit balance is too low"),
    ),
    Rule(
        RefusedError,
        "the provider's moderation refuses this example",
        {400, 403, 422},
        ("content_policy", "content policy", "content_filter", "moderation", "flagged"),
    ),
    Rule(
        RefusedError,
        "the example is too long for the model",
        {400, 413, 422},
        ("contextwindowexceeded", "context_length", "context length", "prompt is too long"),
    ),
    Rule(StoppingError, "the provider does not accept the key", {400}, ("api key", "api_key_invalid")),
    Rule(
        StoppingError,
        "the model cannot be asked in this way",
        {400, 422},
        (
            "unsupportedparamserror", "unsupported_parameter", "unsupported_value", "unsupported parameter",
            "unsupported value", "invalid_json_schema", "response_format", "output_format", "json_schema",
        ),
    ),
    Rule(RefusedError, "the example is larger than the account's limit", {429}, ("request too large",)),
    Rule(StoppingError, "the provider refuses this run", {401, 402, 403, 404}),
    Rule(LimitedError, "the provider's limit is reached", {429, 529}),
    Rule(TransientError, "the provider is busy or out of order", {408, 409, 425, *range(500, 600)}),
    Rule(TransientError, "no answer came", {None}),
    Rule(RefusedError, "the provider refuses this request"),
)  # fmt: skip
"""The first rule that fits holds: what stops a run or may pass is told first, what is left concerns the one request."""

_SECRET = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|r8|nvapi|pplx|key|pl)[-_][\w*-]{8,}|\bAIza[\w-]{10,}|\bAKIA\w{12,}|\bBearer\s+\S+",
    re.IGNORECASE,
)
_NAMES_OF_SECRETS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_LONGEST = 400


_STATUS_OF_KINDS = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "api_error": 500,
    "timeout_error": 504, "overloaded_error": 529,
}  # fmt: skip


@contextmanager
def mapped() -> Iterator[None]:
    """Whatever the provider's client raises inside comes out as our error; errors of ours pass as they are."""
    try:
        yield
    except PrelabelError:
        raise
    except Exception as error:
        raise as_ours(error) from error


def as_ours(error: Exception) -> ModelError:
    """Our error for one that a provider call raised; its message is short and holds no secret."""
    headers = getattr(error, "litellm_response_headers", None)
    if headers is None:
        headers = getattr(getattr(error, "response", None), "headers", None)
    body = getattr(error, "body", None)
    text = f"{error} {body or ''}"
    return _judged(getattr(error, "status_code", None), text, _told(error, body), headers or {})


def of_result(body: Any, status: int | None = None) -> ModelError:
    """Our error for the error body that a request of a batch ended with."""
    error = body.get("error", body) if isinstance(body, dict) else body
    kind = error.get("type") if isinstance(error, dict) else None
    said = error.get("message") if isinstance(error, dict) else error
    return _judged(status or _STATUS_OF_KINDS.get(str(kind)), str(body), _shortened(str(said)), {})


def _judged(status: int | None, text: str, told: str, headers: Mapping[str, Any]) -> ModelError:
    rule = next(rule for rule in RULES if rule.fits(status, text.lower()))
    message = f"{rule.said}{f' ({status})' if status else ''}: {told}"
    if issubclass(rule.kind, TransientError):
        return rule.kind(message, _retry_after(headers))
    return rule.kind(message)


def _told(error: Exception, body: Any) -> str:
    """What the provider said, without what LiteLLM or the provider's client puts before it."""
    text = re.sub(r"^(?:litellm\.)?\w+: (?:\w+: )?(?:\w+Exception - )?", "", str(error))
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        text = str(json.loads(text)["error"]["message"])
    if text.startswith("Error code: ") and isinstance(body, dict):
        inner = body.get("error", body)
        text = str(inner.get("message", text) if isinstance(inner, dict) else inner)
    return _shortened(text)


def _shortened(text: str) -> str:
    """Short, on one line, no secret in it."""
    text = " ".join(_without_secrets(text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _without_secrets(text: str) -> str:
    for name, value in os.environ.items():
        if name.endswith(_NAMES_OF_SECRETS) and len(value) >= 8:
            text = text.replace(value, "[secret]")
    return _SECRET.sub("[secret]", text)


def _retry_after(headers: Mapping[str, Any]) -> float | None:
    """Seconds that the provider asks to wait, from Retry-After-Ms or Retry-After (seconds or a date, RFC 9110)."""
    asked = {str(name).lower(): str(value) for name, value in headers.items()}
    try:
        if "retry-after-ms" in asked:
            return max(0.0, float(asked["retry-after-ms"]) / 1000)
        if "retry-after" not in asked:
            return None
        value = asked["retry-after"]
        seconds = (
            float(value)
            if re.fullmatch(r"[\d.]+", value)
            else parsedate_to_datetime(value).timestamp() - time.time()
        )
    except ValueError:
        return None
    return max(0.0, seconds)
