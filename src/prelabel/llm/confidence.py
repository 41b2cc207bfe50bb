"""From an answer's token probabilities to the confidence in each field's value, and its likely alternatives. Pure."""

import json
import math
from collections.abc import Mapping, Sequence

from prelabel.draft import Reply, Token
from prelabel.kinds import Kind
from prelabel.schema import LabelSchema

Alternatives = dict[str, dict[str, float]]
Placed = tuple[int, Token]
"""A token and the index of its first character in the answer."""
_JSON = json.JSONDecoder()
_AFTER_VALUES = ",]} \t\r\n"


def confide(schema: LabelSchema, reply: Reply) -> tuple[dict[str, float], Alternatives]:
    """Confidences and alternatives by field, of an answer that fits the schema; empty where its tokens do not spell it.

    A value has the probability of all tokens that touch it, given all before them. Free text has the geometric mean of
    its tokens' probabilities instead, since the product would only say how long it is.
    """
    if not reply.tokens or not "".join(token.text for token in reply.tokens).startswith(reply.text):
        return {}, {}  # more tokens than text are marks of its end
    confidences: dict[str, float] = {}
    alternatives: Alternatives = {}
    for name, (start, end) in _value_spans(reply.text).items():
        if (kind := schema.fields.get(name)) is None:
            continue
        value, touching = json.loads(reply.text[start:end]), _touching(reply.tokens, start, end)
        free = isinstance(value, str) and kind.classes() is None
        confidences[name] = _probability([token for _, token in touching], mean=free)
        if (chosen := kind.class_of(value)) is not None:
            others = _runners_up(reply.text, start, touching, _written(kind, quoted=isinstance(value, str)))
            others.pop(chosen, None)
            found = {chosen: confidences[name]} | others
            alternatives[name] = dict(sorted(found.items(), key=lambda item: -item[1]))
    return confidences, alternatives


def _touching(tokens: Sequence[Token], start: int, end: int) -> list[Placed]:
    """The tokens that hold characters of a span."""
    found, at = [], 0
    for token in tokens:
        if at < end and at + len(token.text) > start:
            found.append((at, token))
        at += len(token.text)
    return found


def _probability(tokens: Sequence[Token], mean: bool) -> float:
    total = sum(token.logprob for token in tokens)
    return min(1.0, math.exp(total / len(tokens) if mean else total))


def _runners_up(
    text: str, start: int, tokens: Sequence[Placed], written: Mapping[str, str]
) -> dict[str, float]:
    """Probabilities of classes that runners-up lead to: of the tokens before each, times its own.

    A runner-up counts where the value would so far be the beginning of one class and of no other.
    """
    found: dict[str, float] = {}
    before = 0.0
    for at, token in tokens:
        lead = text[at:start]  # what the token holds before the value, its runners-up must hold too
        for other, logprob in token.top.items():
            if other == token.text or not other.startswith(lead):
                continue
            meant = _meant((text[start:at] + other[len(lead) :]).lstrip(), written)
            if meant is not None:
                found[meant] = min(1.0, found.get(meant, 0.0) + math.exp(before + logprob))
        before += token.logprob
    return found


def _meant(begun: str, written: Mapping[str, str]) -> str | None:
    """The one class whose JSON begins like this, or is followed by something else; None where there are more or none."""
    if not begun:
        return None
    meant = {
        name
        for form, name in written.items()
        if form.startswith(begun) or (begun.startswith(form) and begun[len(form) :][:1] in _AFTER_VALUES)
    }
    return meant.pop() if len(meant) == 1 else None


def _written(kind: Kind, quoted: bool) -> dict[str, str]:
    """The classes by how they stand in JSON."""
    names = kind.classes() or []
    if not quoted:
        return {name: name for name in names}
    return {json.dumps(name, ensure_ascii=escaped): name for name in names for escaped in (False, True)}


def _value_spans(text: str) -> dict[str, tuple[int, int]]:
    """Where in a JSON answer the value of each field of `label` begins and ends, quotes included."""
    label = _members(text, 0).get("label")
    return _members(text, label[0]) if label else {}


def _members(text: str, at: int) -> dict[str, tuple[int, int]]:
    """Where the values of the JSON object that begins at `at` begin and end, by name; of text that is valid JSON."""
    found: dict[str, tuple[int, int]] = {}
    at = _skip(text, at)
    if text[at] != "{":
        return found
    at = _skip(text, at + 1)
    while text[at] == '"':
        name, after = _JSON.raw_decode(text, at)
        start = _skip(text, _skip(text, after) + 1)
        _, end = _JSON.raw_decode(text, start)
        found[name] = (start, end)
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
    return found


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at
