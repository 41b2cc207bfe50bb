"""An answer as tokens with log probabilities, cut as a tokenizer would. Pure."""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

_PIECE = re.compile(r"\w{1,6}|\s\w{1,5}|\s?[^\w\s]{1,3}|\s")
_SCALAR = re.compile(r'("(?:[^"\\]|\\.)*"|[^\s"\[\]{},:]+)(\s*:)?')
_LEAST = 1e-9
"""Probabilities under this are reported as this: 0 has no logarithm."""


def cut(content: str) -> list[str]:
    """Pieces of 1 to 6 characters, a space before a word being part of it; joined they are the content."""
    return _PIECE.findall(content)


def logprobs(content: str, chances: Mapping[str, float], top: int) -> list[dict[str, Any]]:
    """OpenAI's `logprobs.content`: a token for each piece, certain except where a value with a recorded chance is spelled.

    The probabilities of a value's tokens multiply to its recorded chance. It lies on the first token, except that values
    which begin alike share their first tokens, and part where their spelling does.
    """
    pieces = cut(content)
    odds: list[dict[str, float]] = [{piece: 1.0} for piece in pieces]
    for start, end, value in _values(content):
        if value in chances:
            _spread(odds, pieces, content[:start], content[end:], value, chances)
    return [_token(piece, likely, top) for piece, likely in zip(pieces, odds, strict=True)]


def _values(content: str) -> Iterator[tuple[int, int, str]]:
    """Where each scalar value of a JSON text stands, without quotes, and its text."""
    for found in _SCALAR.finditer(content):
        if found[2]:  # a name
            continue
        quoted = found[1].startswith('"')
        yield found.start(1) + quoted, found.end(1) - quoted, _unescaped(found[1]) if quoted else found[1]


def _spread(
    odds: list[dict[str, float]],
    pieces: list[str],
    before: str,
    after: str,
    value: str,
    chances: Mapping[str, float],
) -> None:
    """Set the odds of the pieces that spell a value, by what would stand there if it were one of the others."""
    quoted = before.endswith('"')
    spelled = {other: cut(before + (_escaped(other) if quoted else other) + after) for other in chances}
    alive, unnamed, at = dict(chances), max(0.0, 1.0 - sum(chances.values())), 0
    for index, piece in enumerate(pieces):
        if alive.keys() == {value} and not unnamed:
            return
        at += len(piece)
        next_pieces = {other: "".join(spelled[other][index : index + 1]) for other in alive}
        here: dict[str, float] = defaultdict(float)
        for other, chance in alive.items():
            here[next_pieces[other]] += chance
        whole = sum(alive.values()) + unnamed
        if at > len(before):
            unnamed = 0.0  # what has no name parts from the value with the first token of it
        here[piece] += unnamed
        if len(here) > 1 or at > len(before):  # the tokens before may spell another value
            odds[index] = {text: chance / whole for text, chance in here.items()} if whole else here
        alive = {other: chance for other, chance in alive.items() if next_pieces[other] == piece}


def _token(piece: str, likely: Mapping[str, float], top: int) -> dict[str, Any]:
    best = sorted((item for item in likely.items() if item[0]), key=lambda item: -item[1])[:top]
    return _entry(piece, likely[piece]) | {"top_logprobs": [_entry(text, chance) for text, chance in best]}


def _entry(text: str, chance: float) -> dict[str, Any]:
    return {"token": text, "logprob": math.log(min(1.0, max(chance, _LEAST))), "bytes": list(text.encode())}


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _unescaped(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted[1:-1]
