"""The entries of a JSON list that may be of any length, one at a time and in flat memory.

Only brackets and quotes are looked at here, so an entry that is no JSON in itself costs no other: a parser that reads the
whole list as one document has to stop at its first fault.
"""

import io
import re
from collections.abc import Iterator

from prelabel.errors import FormatError
from prelabel.formats.base import LONGEST_LINE, lines

CHUNK = 1 << 18
_TO_BRACKET = re.compile(rb'[^"\[\]{}]*+(?:"(?:[^"\\]++|\\.)*+"[^"\[\]{}]*+)*+([\[\]{}])', re.DOTALL)
_BLANK = b" \t\r\n,"
_BEFORE = b"\xef\xbb\xbf \t\r\n"


def entries(stream: io.BufferedReader) -> Iterator[bytes | None]:
    """The entries of a list, or the lines of a file that does not begin as one. Raises FormatError as `Entries` does."""
    while (first := stream.peek(1)[:1]) and first in _BEFORE:
        stream.read(1)
    return iter(Entries(stream)) if first == b"[" else lines(stream)


class Entries:
    """Iterates over the JSON texts of a list's entries; what stands between them and is no object or list comes as it is.

    None stands for an entry that is longer than a row may be. Raises FormatError where the list is not closed or something
    follows it; the entries before that have been given by then.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._text = b""
        self._start = 0
        self._at = 0
        self._is_at_end = False

    def __iter__(self) -> Iterator[bytes | None]:
        """From the list's opening bracket on."""
        if self._to_bracket() != b"[":
            raise FormatError("a list of entries begins with a bracket [")
        self._start = self._at
        while True:
            bracket = self._to_bracket()
            if between := self._text[self._start : self._at - len(bracket)].strip(_BLANK):
                yield between
            if bracket == b"]":
                self._check_end()
                return
            if bracket not in (b"[", b"{"):
                raise FormatError("the list is not closed: the file breaks off, or a bracket is missing")
            self._start = self._at - 1
            yield self._entry()

    def _entry(self) -> bytes | None:
        """The entry whose opening bracket was just met."""
        depth, is_long = 1, False
        while depth:
            bracket = self._to_bracket()
            if not bracket:
                raise FormatError("the list is not closed: the file breaks off in its last entry")
            depth += 1 if bracket in b"[{" else -1
            is_long = is_long or self._at - self._start > LONGEST_LINE
            if is_long:
                self._start = self._at
        entry = None if is_long else self._text[self._start : self._at]
        self._start = self._at
        return entry

    def _to_bracket(self) -> bytes:
        """Go to behind the next bracket that is in no text; returns it, or nothing at the end of the file."""
        size = CHUNK
        while not (found := _TO_BRACKET.match(self._text, self._at)):
            if self._is_at_end or len(self._text) - self._at > 2 * LONGEST_LINE:
                self._at = len(self._text)
                return b""
            self._read(size)
            size *= 2  # each try looks at the text from the last bracket on again
        self._at = found.end()
        return found[1]

    def _read(self, size: int) -> None:
        """More of the file, in place of what was given already."""
        chunk = self._stream.read(size)
        self._is_at_end = not chunk
        self._text = self._text[self._start :] + chunk
        self._at -= self._start
        self._start = 0

    def _check_end(self) -> None:
        while not self._text[self._at :].strip(_BLANK):
            if self._is_at_end:
                return
            self._start = self._at = len(self._text)
            self._read(CHUNK)
        raise FormatError("something follows the list's closing bracket")
