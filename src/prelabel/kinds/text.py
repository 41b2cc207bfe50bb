"""Written text: an answer, a summary, an edited draft."""

import unicodedata
from collections import Counter
from typing import Literal

from pydantic import Field

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds.base import Kind, must_be_text


class Text(Kind):
    """A value is text of at most `max_length` characters (code points); line breaks only where `multiline`."""

    kind: Literal["text"] = "text"
    max_length: int = Field(default=20_000, ge=1, le=1_000_000)
    multiline: bool = True

    def json_schema(self) -> dict[str, Json]:
        """A text."""
        return {"type": "string"}

    def rules(self) -> str:
        """Length and lines."""
        return f"text of at most {self.max_length:,} characters" + ("" if self.multiline else ", on one line")

    def validate_value(self, value: Json, path: str) -> None:
        """Only text that is not blank and within the bounds is valid."""
        text = self.normalize(must_be_text(value, path))
        if not text:
            raise LabelError(path, "must not be blank")
        if len(text) > self.max_length:
            raise LabelError(path, f"must have at most {self.max_length} characters, not {len(text)}")
        if not self.multiline and "\n" in text:
            raise LabelError(path, "must be on one line")

    def normalize(self, value: Json) -> Json:
        """Unicode NFC, lines ended by a line feed, no white space around."""
        text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
        return unicodedata.normalize("NFC", text).strip()

    def distance(self, a: Json, b: Json) -> float:
        """Share of words (with their counts) that are not in both texts; 0 only for equal texts.

        The Bray-Curtis dissimilarity of word counts: cheap at any length, and blind to order but for a floor of 0.01.
        """
        first, second = self.normalize(a), self.normalize(b)
        if first == second:
            return 0.0
        words, others = Counter(first.split()), Counter(second.split())
        total = words.total() + others.total()
        return max(0.01, 1 - 2 * (words & others).total() / total)

    def parse(self, text: str) -> Json:
        """The cell as it is."""
        self.validate_value(text, "")
        return self.normalize(text)

    def write(self, value: Json) -> str:
        """The text as it is."""
        return str(value)
