"""File formats, one module each. A new format is a new module here; nothing else names it.

A module with a `SUFFIX` is a format, called as the module is: without the underscore that keeps it apart from one of Python's
own, and with a hyphen for each other one. It has `read`, `write` or both, and says by

* its docstring's first line, what the format is for;
* `SUFFIX`, what a file that is written is called at its end;
* `ENDINGS`, by which endings of a file's name it is known;
* `KINDS`, of which kinds it can hold a label's fields; None: of all;
* `REQUIRES` (if it has it), which library it needs, and the extra of this package that brings it;
* `FOR_TRAINING` (if it has it), that only settled labels are written;
* `NEEDS_CONTENT_FIELDS` (if it has it), that its writer has to know all content fields beforehand.
"""

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast

from prelabel.errors import FormatError
from prelabel.formats.base import Reader, Writer
from prelabel.schema import LabelSchema


@dataclass(frozen=True)
class About:
    """What there is to know of a format before using it. `kinds` None: all."""

    name: str
    purpose: str
    reads: bool
    writes: bool
    kinds: tuple[str, ...] | None
    endings: tuple[str, ...]
    for_training: bool


@cache
def known() -> dict[str, ModuleType]:
    """Every format's module by its name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return {
        name.rstrip("_").replace("_", "-"): module
        for name, module in modules.items()
        if hasattr(module, "SUFFIX")
    }


def reader(name: str) -> Reader:
    """The reader of a format, or FormatError naming those that there are."""
    return cast(Reader, _part(name, "read", "read"))


def writer(name: str) -> Writer:
    """The writer of a format, or FormatError naming those that there are."""
    return cast(Writer, _part(name, "write", "written"))


def about(name: str) -> About:
    """A format by its name. Raises FormatError."""
    if name not in known():
        raise FormatError(f"there is no format {name!r} (there are {', '.join(known())})")
    module = known()[name]
    kinds = module.KINDS
    return About(
        name=name,
        purpose=str(module.__doc__).partition("\n")[0],
        reads=hasattr(module, "read"),
        writes=hasattr(module, "write"),
        kinds=None if kinds is None else tuple(kinds),
        endings=tuple(module.ENDINGS),
        for_training=getattr(module, "FOR_TRAINING", False),
    )


def suffix(name: str) -> str:
    """What a file of the format is called at its end."""
    return str(known()[name].SUFFIX)


def needs_content_fields(name: str) -> bool:
    """Whether the writer has to know all content fields beforehand."""
    return bool(getattr(known()[name], "NEEDS_CONTENT_FIELDS", False))


def check_holds(name: str, schema: LabelSchema) -> None:
    """Raise FormatError where the format can hold no field of the schema at all."""
    kinds = about(name).kinds
    if kinds is not None and not any(kind.kind in kinds for kind in schema.fields.values()):
        found = ", ".join(sorted({kind.kind for kind in schema.fields.values()}))
        raise FormatError(
            f"format {name!r} holds {', '.join(kinds)}, but the schema has only {found}:"
            " take another format (`prelabel formats` lists them)"
        )


def for_path(path: Path) -> str:
    """The format of a file by its name, `.gz` left aside. Raises FormatError."""
    bare = path.name.lower().removesuffix(".gz")
    endings = {end: name for name in known() if about(name).reads for end in about(name).endings}
    for end in sorted(endings, key=len, reverse=True):  # "doccano.jsonl" before "jsonl"
        if bare.endswith(f".{end}"):
            return endings[end]
    raise FormatError(
        f"{path.name}: the format is not known by this name (known are {', '.join(f'.{end}' for end in endings)},"
        " also with .gz): say which it is with --format, as `prelabel formats` lists them"
    )


def _part(name: str, attribute: str, verb: str) -> object:
    if name in known() and hasattr(known()[name], attribute):
        _check_installed(name)
        return getattr(known()[name], attribute)
    names = ", ".join(format_name for format_name, module in known().items() if hasattr(module, attribute))
    raise FormatError(f"format {name!r} cannot be {verb} (those that can: {names})")


def _check_installed(name: str) -> None:
    library, extra = getattr(known()[name], "REQUIRES", ("", ""))
    if library and importlib.util.find_spec(library) is None:
        raise FormatError(
            f"format {name!r} needs {library}, which is not installed where the server runs:"
            f" pip install 'prelabel[{extra}]'"
        )
