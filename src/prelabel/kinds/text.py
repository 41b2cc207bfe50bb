"""Written text: an answer, a summary, an edited draft, a conversation."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, Literal

from pydantic import Field, model_validator

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds.base import Kind, json_list, must_be_text, shown

LEAST = 0.01
"""Distance of texts that are not equal, at the least."""
MOST_COMPARED = 20_000
"""Words of which the order is looked at; that takes 0.1 s at the worst."""
ROLES = ("system", "user", "assistant")


class Text(Kind):
    """A value is text of at most `max_length` characters (code points); line breaks only where `multiline`.

    With `turns` it is a conversation, a list of {"role", "content"}: "system" may come first, then "user" and "assistant" take
    turns, the user first and either last. The bound on characters is on all turns together.
    """

    kind: Literal["text"] = "text"
    max_length: int = Field(default=20_000, ge=1, le=1_000_000)
    multiline: bool = True
    turns: bool = False

    @model_validator(mode="after")
    def _check_turns(self) -> "Text":
        if self.turns and not self.multiline:
            raise ValueError("multiline: turns may have several lines, so leave it out")
        return self

    def json_schema(self) -> dict[str, Json]:
        """A text, or a list of turns."""
        if not self.turns:
            return {"type": "string"}
        turn = {
            "type": "object",
            "properties": {"role": {"type": "string", "enum": list(ROLES)}, "content": {"type": "string"}},
            "required": ["role", "content"],
            "additionalProperties": False,
        }
        return {"type": "array", "items": turn}

    def rules(self) -> str:
        """Length, lines and turns."""
        bound = f"at most {self.max_length:,} characters"
        if self.turns:
            return (
                f"a conversation of {bound}: system may come first, then user and assistant take turns, "
                "beginning with user"
            )
        return f"text of {bound}" + ("" if self.multiline else ", on one line")

    def validate_value(self, value: Json, path: str) -> None:
        """Only text that is not blank and within the bounds is valid, in each turn where there are turns."""
        if self.turns:
            self._check_conversation(value, path)
        elif not _tidy(must_be_text(value, path)):
            raise LabelError(path, "must not be blank")
        length = sum(map(len, _texts(self.normalize(value))))
        if length > self.max_length:
            raise LabelError(path, f"must have at most {self.max_length} characters, not {length}")
        if not self.multiline and "\n" in self.normalize(value):
            raise LabelError(path, "must be on one line")

    def normalize(self, value: Json) -> Json:
        """Unicode NFC, lines ended by a line feed, no white space around."""
        if isinstance(value, str):
            return _tidy(value)
        return [{"role": turn["role"], "content": _tidy(turn["content"])} for turn in value]

    def distance(self, a: Json, b: Json) -> float:
        """Share of all words of both that have to be deleted or inserted to make one of the other; 0 only for equal values.

        1 - 2 L / (n + m), where L is the length of the longest common subsequence of words: unlike a comparison of
        counts, it sees a sentence that was moved. The role of a turn counts as a word of it. Unequal values that have the
        same words are 0.01 apart.
        """
        first, second = self.normalize(a), self.normalize(b)
        if first == second:
            return 0.0
        words, others = _words(first), _words(second)
        return max(LEAST, 1 - 2 * kept(words, others) / (len(words) + len(others)))

    def mistakes(self, value: Json, content: Mapping[str, Json], rng: Random) -> Iterator[Json]:
        """A sentence is dropped, or of one sentence a word; of a conversation, in the last turn that has more than one word."""
        if isinstance(value, str):
            yield from _shortened(value, rng)
            return
        for index in reversed(range(len(value))):
            for shorter in _shortened(value[index]["content"], rng):
                yield [*value[:index], value[index] | {"content": shorter}, *value[index + 1 :]]

    def without_words(self, value: Json, numbered: Callable[[str], str]) -> Json:
        """Each word is a number."""
        said = self.normalize(value)
        if isinstance(said, str):
            return numbered(said)
        return [turn | {"content": numbered(turn["content"])} for turn in said]

    def parse(self, text: str) -> Json:
        """The cell as it is; of turns, a JSON list."""
        value = json_list(text, "turns") if self.turns else text
        self.validate_value(value, "")
        return self.normalize(value)

    def write(self, value: Json) -> str:
        """The text as it is; of turns, a JSON list."""
        return json.dumps(value, ensure_ascii=False) if self.turns else str(value)

    def _check_conversation(self, value: Json, path: str) -> None:
        if not isinstance(value, list) or not value:
            raise LabelError(path, f"must be a list of turns, not {shown(value)}")
        for index, turn in enumerate(value):
            where = f"{path}.{index}"
            if not isinstance(turn, dict) or turn.keys() != {"role", "content"}:
                raise LabelError(where, f"must be an object with role and content, not {shown(turn)}")
            if not _tidy(must_be_text(turn["content"], f"{where}.content")):
                raise LabelError(f"{where}.content", "must not be blank")
        self._check_order([turn["role"] for turn in value], path)

    def _check_order(self, roles: Sequence[Json], path: str) -> None:
        opening = roles[0] == "system"
        if len(roles) == opening:
            raise LabelError(path, "must go on after the system's turn")
        for index, role in enumerate(roles[opening:], opening):
            wanted = "user" if (index - opening) % 2 == 0 else "assistant"
            if role != wanted:
                raise LabelError(f"{path}.{index}.role", f"must be {wanted!r} here, not {shown(role)}")


def kept(a: Sequence[str], b: Sequence[str]) -> int:
    """How many words of one stand in the same order in the other: the length of their longest common subsequence.

    Beside what both begin and end with alike, up to MOST_COMPARED words are compared; of more, order is not looked at.
    """
    head = _alike(a, b)
    tail = _alike(a[head:][::-1], b[head:][::-1])
    a, b = a[head : len(a) - tail], b[head : len(b) - tail]
    if max(len(a), len(b)) > MOST_COMPARED:
        return head + tail + (Counter(a) & Counter(b)).total()
    return head + tail + _longest_common(a, b)


def _longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """Its length by the bits of one long number, a row of the table at a time (Hyyrö, 2004)."""
    places: dict[str, int] = {}
    for index, word in enumerate(a):
        places[word] = places.get(word, 0) | 1 << index
    every = (1 << len(a)) - 1
    row = every
    for word in b:
        here = row & places.get(word, 0)
        row = ((row + here) | (row - here)) & every
    return len(a) - row.bit_count()


def _alike(a: Sequence[str], b: Sequence[str]) -> int:
    """How many words both begin with."""
    pairs = zip(a, b, strict=False)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(a), len(b)))


def _shortened(text: str, rng: Random) -> Iterator[str]:
    """The text without one of its sentences, else without one of its words; nothing of a text that has but one word."""
    for pieces in (re.findall(r"\S.*?(?:[.!?](?=\s)|$)\s*", text, re.DOTALL), re.findall(r"\S+\s*", text)):
        if len(pieces) > 1:
            dropped = rng.randrange(len(pieces))
            yield "".join(piece for index, piece in enumerate(pieces) if index != dropped).strip()


def _tidy(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return unicodedata.normalize("NFC", lines).strip()


def _texts(value: Json) -> list[str]:
    return [value] if isinstance(value, str) else [turn["content"] for turn in value]


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [word for turn in value for word in (f"{turn['role']}:\n", *turn["content"].split())]
