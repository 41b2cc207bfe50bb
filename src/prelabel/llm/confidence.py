"""From an answer's token probabilities to the confidence in each field's value, and its likely alternatives. Pure."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prelabel.draft import Reply, Token
from prelabel.kinds import Kind
from prelabel.schema import LabelSchema

Alternatives = dict[str, dict[str, float]]
Placed = tuple[int, Token]
"""A token and the index of its first character in the answer."""
_JSON = json.JSONDecoder()
_AFTER_VALUES = ",]} \t\r\n"
_IN_NUMBERS = tuple("0123456789.eE")


@dataclass(frozen=True)
class Value:
    """A value in an answer and the tokens that hold it, each with where it begins.

    A text starts after its opening quote, which every text has, and ends with the closing one, which says that it is over.
    """

    text: str
    start: int
    is_text: bool
    tokens: Sequence[Placed]
    before: Placed | None
    after: Placed | None

    def begun(self, at: int, token: str) -> str:
        """What the value would begin with if this token stood at `at`; empty where it would not have begun yet."""
        if at > self.start:
            return self.text[self.start : at] + token
        lead = self.text[at : self.start].strip()  # white space before a value does not matter
        rest = token if self.is_text and not lead else token.lstrip()
        if not rest.startswith(lead):
            return ""
        return rest[len(lead) :] if self.is_text else rest[len(lead) :].lstrip()


@dataclass(frozen=True)
class Fork:
    """A place where a value might have gone on otherwise: with `own` probability it did not, with these others it did."""

    at: int
    own: float
    others: Mapping[str, float]
    token: str = ""


def confide(schema: LabelSchema, reply: Reply) -> tuple[dict[str, float], Alternatives]:
    """Confidences and alternatives by field, of an answer that fits the schema; empty where its tokens do not spell it.

    A class has the probability of all tokens that spell it, each given all before it, and of the runners-up that lead to
    it as well. A list has that of its tokens alone, which is too little where another order would have done. Free text has
    the geometric mean of its tokens' probabilities, since the product would only say how long it is.
    """
    if not reply.tokens or not "".join(token.text for token in reply.tokens).startswith(reply.text):
        return {}, {}  # more tokens than text are marks of its end
    confidences: dict[str, float] = {}
    alternatives: Alternatives = {}
    for name, (start, end) in _value_spans(reply.text).items():
        if (kind := schema.fields.get(name)) is None:
            continue
        meant, value = json.loads(reply.text[start:end]), _value(reply, start, end)
        if (chosen := kind.class_of(meant)) is not None:
            alternatives[name] = _chances(value, chosen, _written(kind, value.is_text))
            confidences[name] = alternatives[name][chosen]
        elif isinstance(meant, int | float):
            confidences[name] = math.prod(fork.own for fork in _forks(value))
        else:
            free = value.is_text and kind.classes() is None
            confidences[name] = _probability([token for _, token in value.tokens], mean=free)
    return confidences, alternatives


def _value(reply: Reply, start: int, end: int) -> Value:
    """The value that stands from `start` to `end`, quotes included."""
    is_text = reply.text[start] == '"'
    start += is_text
    tokens: list[Placed] = []
    before = after = None
    at = 0
    for token in reply.tokens:
        stop = at + len(token.text)
        if token.text and stop == start:
            before = at, token
        elif at < end and stop > start:
            tokens.append((at, token))
        elif token.text and at == end and not is_text:
            after = at, token
        at = stop
    return Value(reply.text, start, is_text, tokens, before, after)


def _probability(tokens: Sequence[Token], mean: bool) -> float:
    total = sum(token.logprob for token in tokens)
    return min(1.0, math.exp(total / len(tokens) if mean else total))


def _forks(value: Value) -> Iterator[Fork]:
    """The tokens of a value, and those right before and after it, of which only such count as would have been part of it.

    A token before it can hold its beginning as well, as one for `"(`; whatever does not go on with a number ends it.
    """
    if value.before:
        at = value.before[0]
        yield _edge(value.before, lambda other: bool(value.begun(at, other)))
    for at, token in value.tokens:
        others = {text: math.exp(logprob) for text, logprob in token.top.items() if text != token.text}
        yield Fork(at, min(1.0, math.exp(token.logprob)), others, token.text)
    if value.after:
        yield _edge(value.after, lambda other: other.startswith(_IN_NUMBERS))


def _edge(placed: Placed, counts: Callable[[str], bool]) -> Fork:
    at, token = placed
    others = {
        text: math.exp(logprob) for text, logprob in token.top.items() if text != token.text and counts(text)
    }
    return Fork(at, max(0.0, 1.0 - sum(others.values())), others)


def _chances(value: Value, chosen: str, written: Mapping[str, str]) -> dict[str, float]:
    """Probabilities of the chosen class and of those that runners-up lead to, most probable first."""
    found: dict[str, float] = defaultdict(float)
    before = 1.0
    for fork in _forks(value):
        texts = [*fork.others, fork.token] if fork.token else fork.others
        for text, name in _classes({text: value.begun(fork.at, text) for text in texts}, written).items():
            found[name] += before * fork.others.get(text, 0.0)
        before *= fork.own
    found[chosen] += before
    likely = {name: min(1.0, chance) for name, chance in found.items() if chance > 0}
    return dict(sorted({chosen: 0.0, **likely}.items(), key=lambda item: -item[1]))


def _classes(begun: Mapping[str, str], written: Mapping[str, str]) -> dict[str, str]:
    """The one class that each of the tokens leads to; those that lead to none or to several are left out.

    A token that begins several classes does not lead to those that a longer one begins: a tokenizer takes the longest piece
    that it knows.
    """
    fitting = {
        token: {name for form, name in written.items() if text and _fits(text, form)}
        for token, text in begun.items()
    }
    found = {}
    for token, names in fitting.items():
        if len(names) > 1:
            longer = [fitting[other] for other, text in begun.items() if len(text) > len(begun[token])]
            names = names.difference(*longer)  # noqa: PLW2901 # the same names, fewer of them
        if len(names) == 1:
            found[token] = next(iter(names))
    return found


def _fits(begun: str, form: str) -> bool:
    """Whether this is the beginning of a class as it is written, or all of it and what may stand after a value."""
    return form.startswith(begun) or (begun.startswith(form) and begun[len(form) :][:1] in _AFTER_VALUES)


def _written(kind: Kind, is_text: bool) -> dict[str, str]:
    """The classes by how they stand in JSON; texts without their opening quote."""
    names = kind.classes() or []
    if not is_text:
        return {name: name for name in names}
    return {json.dumps(name, ensure_ascii=escaped)[1:]: name for name in names for escaped in (False, True)}


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
