"""Kinds of label fields, one module each. A new kind is a new module here; nothing else names it.

What several kinds have in common stands in `base`, `options` (values from a list) and `marks` (lists of marks in a text).
"""

import importlib
import inspect
import pkgutil
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import BeforeValidator, Field

from prelabel.kinds.base import Kind

__all__ = ["AnyKind", "Kind", "known"]


@cache
def known() -> dict[str, type[Kind]]:
    """Every kind by its name, in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = [
        member
        for module in modules
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Kind)
        and member.__module__ == module.__name__
        and not inspect.isabstract(member)
    ]
    return {kind.model_fields["kind"].default: kind for kind in found}


def _prepare(given: Any) -> Any:
    """The field's mapping with a kind that is known; a plain list of options is short for a choice."""
    if isinstance(given, Kind):
        return given
    if isinstance(given, list):
        return {"kind": "choice", "options": given}
    if not isinstance(given, dict):
        raise ValueError("a field is a mapping with `kind`, or a list of options")
    name = given.get("kind")
    if not isinstance(name, str) or name not in known():
        near = get_close_matches(str(name), known(), 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        said = "`kind` is missing" if name is None else f"kind {name!r} is unknown{hint}"
        raise ValueError(f"{said} (there are {', '.join(known())})")
    return given


if TYPE_CHECKING:
    AnyKind = Kind
else:
    AnyKind = Annotated[
        Annotated[Union[*known().values()], Field(discriminator="kind")], BeforeValidator(_prepare)
    ]
    """A field of any kind, as a schema document writes it."""
