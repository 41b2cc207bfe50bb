"""Whether a field applies in a label, by the values of earlier ones. Pure."""

from collections.abc import Mapping

from prelabel.canonical import Json
from prelabel.errors import LabelError
from prelabel.kinds import Kind
from prelabel.kinds.options import Options

DECIDING = ("choice", "choices", "boolean", "rating")
"""Kinds of fields on which others can depend."""


def applies(fields: Mapping[str, Kind], name: str, label: Mapping[str, Json]) -> bool:
    """Whether all that the field's `when` asks for is so in a label; earlier fields that do not apply have None there."""
    return all(
        _is_met(fields[other], label.get(other), wanted) for other, wanted in fields[name].when.items()
    )


def in_words(kind: Kind) -> str:
    """When the field applies, as "only where toxic is true"; empty where it always does."""
    said = [f"{other} is {' or '.join(map(_word, wanted))}" for other, wanted in kind.when.items()]
    return f"only where {' and '.join(said)}" if said else ""


def check(fields: Mapping[str, Kind], name: str) -> None:
    """Raise LabelError with the path within the field, unless its conditions can come true."""
    earlier = list(fields)[: list(fields).index(name)]
    for other, wanted in fields[name].when.items():
        path = f"when.{other}"
        if other not in earlier:
            told = f"comes after {name!r}" if other in fields else "is not a field of the schema"
            names = ", ".join(earlier) or "here there is none"
            raise LabelError(path, f"{told}: a condition is on an earlier field ({names})")
        if fields[other].kind not in DECIDING:
            raise LabelError(
                path, f"is of kind {fields[other].kind}: a condition is on one of {', '.join(DECIDING)}"
            )
        if not wanted:
            raise LabelError(path, "needs a value, or a list of values, that the field must have")
        for value in wanted:
            _check_wanted(fields[other], value, path)


def _is_met(kind: Kind, value: Json, wanted: tuple[Json, ...]) -> bool:
    values = value if isinstance(value, list) else [value]
    if isinstance(kind, Options):
        return any(want in kind.line(one) for want in wanted for one in values if one is not None)
    return any(one == want for want in wanted for one in values)


def _check_wanted(kind: Kind, value: Json, path: str) -> None:
    """A branch of a hierarchy stands for all that is beneath it."""
    if not isinstance(kind, Options):
        kind.validate_value(value, path)
    elif not (isinstance(value, str) and kind.beneath(value)):
        kind.check_option(value, path)


def _word(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
