"""Yes or no."""

from typing import Literal

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds.base import Kind, shown

YES = frozenset({"true", "yes", "y", "1"})
NO = frozenset({"false", "no", "n", "0"})


class Boolean(Kind):
    """A value is true or false."""

    kind: Literal["boolean"] = "boolean"

    def json_schema(self) -> dict[str, Json]:
        """true or false."""
        return {"type": "boolean"}

    def rules(self) -> str:
        """Both values."""
        return "true or false"

    def validate_value(self, value: Json, path: str) -> None:
        """Only true and false are valid; 1 is not true."""
        if not isinstance(value, bool):
            raise LabelError(path, f"must be true or false, not {shown(value)}")

    def parse(self, text: str) -> Json:
        """true, yes, y, 1 or false, no, n, 0, in any case."""
        word = text.strip().lower()
        if word not in YES | NO:
            raise LabelError("", f"must be true or false, not {shown(text)}")
        return word in YES

    def write(self, value: Json) -> str:
        """true or false."""
        return "true" if value else "false"

    def classes(self) -> list[str]:
        """Both."""
        return ["true", "false"]

    def class_of(self, value: Json) -> str:
        """true or false."""
        return "true" if value else "false"
