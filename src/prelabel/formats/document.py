"""A JSON document that may be of any length, read piece by piece and in flat memory."""

import codecs
import json
from collections.abc import Iterator
from typing import BinaryIO

from prelabel.canonical import Json
from prelabel.errors import FormatError
from prelabel.formats import jsonl
from prelabel.formats.base import LONGEST_LINE, unpacked

CHUNK = 1 << 18
_BLANK = " \t\r\n"


def pieces(stream: BinaryIO) -> Iterator[tuple[str, Json]]:
    """The items of a list, under the name ""; or of an object's lists, each under the list's name, and its other values.

    Raises FormatError where the document is damaged, at the latest when that place is reached.
    """
    text = _Text(unpacked(stream))
    opening = text.peek()
    if opening == "[":
        yield from (("", item) for item in text.items())
    elif opening == "{":
        yield from _members(text)
    else:
        raise FormatError("a JSON document begins with a brace { or a bracket [")
    if text.peek():
        raise FormatError("the JSON document goes on after its end")


def _members(text: "_Text") -> Iterator[tuple[str, Json]]:
    text.take("{")
    while text.peek() != "}":
        name = text.value()
        if not isinstance(name, str):
            raise FormatError("the name of a field is not in quotes")
        text.take(":")
        if text.peek() == "[":
            yield from ((name, item) for item in text.items())
        else:
            yield name, text.value()
        if text.peek() != "}":
            text.take(",")
    text.take("}")


class _Text:
    """The part of the document that is in memory, and where in it the reading is."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._is_at_end = False

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._is_at_end:
                return ""
            self._more(CHUNK)

    def take(self, wanted: str) -> None:
        """Step over a character. Raises FormatError where another one stands."""
        found = self.peek()
        if found != wanted:
            raise FormatError(
                f"the JSON document is damaged: {wanted} was expected, not {found or 'its end'}"
            )
        self._at += 1

    def items(self) -> Iterator[Json]:
        """The items of the list that begins here."""
        self.take("[")
        while self.peek() != "]":
            yield self.value()
            if self.peek() != "]":
                self.take(",")
        self.take("]")

    def value(self) -> Json:
        """The value that begins here. Raises FormatError."""
        self.peek()
        size = CHUNK
        while True:
            try:
                value, end = jsonl.JSON.raw_decode(self._text, self._at)
                if self._is_at_end or end < len(self._text):  # a number at the edge may go on
                    return self._kept(value, end)
            except jsonl.JsonFault as fault:
                raise FormatError(f"the JSON document cannot be kept: {fault.reason}") from fault
            except (json.JSONDecodeError, RecursionError) as error:
                if (
                    self._is_at_end
                    or isinstance(error, RecursionError)
                    or len(self._text) - self._at > LONGEST_LINE
                ):
                    raise FormatError(f"the JSON document is damaged or breaks off: {error}") from error
            self._more(size)
            size *= 2

    def _kept(self, value: Json, end: int) -> Json:
        written = self._text[self._at : end]
        if "\\u0000" in written or "\\ud" in written.lower():
            try:
                jsonl.check_texts(value)
            except ValueError as error:
                raise FormatError(f"the JSON document cannot be kept: a text {error}") from error
        self._at = end
        return value

    def _more(self, size: int) -> None:
        try:
            chunk = self._stream.read(size)
            self._text = self._text[self._at :] + self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise FormatError(f"the file is not UTF-8: {error.reason}") from error
        self._at, self._is_at_end = 0, not chunk
