"""File formats, one module each. A new format is a new module here with a `SUFFIX` and `read`, `write` or both.

A format is called as its module is, without the underscore that keeps a module apart from one of Python's own.
"""

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast

from prelabel.errors import FormatError
from prelabel.formats.base import Reader, Writer


@cache
def known() -> dict[str, ModuleType]:
    """Every format's module by its name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")
    return {name.rstrip("_"): importlib.import_module(f"{__name__}.{name}") for name in names}


def reader(name: str) -> Reader:
    """The reader of a format, or FormatError naming those that there are."""
    return cast(Reader, _part(name, "read", "read"))


def writer(name: str) -> Writer:
    """The writer of a format, or FormatError naming those that there are."""
    return cast(Writer, _part(name, "write", "written"))


def suffix(name: str) -> str:
    """What a file of the format is called at its end."""
    return str(known()[name].SUFFIX)


def for_path(path: Path) -> str:
    """The format of a file by its name, `.gz` left aside. Raises FormatError."""
    bare = path.name.lower().removesuffix(".gz")
    for name, module in known().items():
        if hasattr(module, "read") and bare.endswith(tuple(f".{end}" for end in module.ENDINGS)):
            return name
    endings = ", ".join(
        f".{end}" for module in known().values() if hasattr(module, "read") for end in module.ENDINGS
    )
    raise FormatError(
        f"{path.name}: the format is not known by this name (known are {endings}, also with .gz)"
    )


def _part(name: str, attribute: str, verb: str) -> object:
    if name in known() and hasattr(known()[name], attribute):
        return getattr(known()[name], attribute)
    names = ", ".join(format_name for format_name, module in known().items() if hasattr(module, attribute))
    raise FormatError(f"format {name!r} cannot be {verb} (those that can: {names})")
