"""Which files of a folder the rows of a dataset name as their images."""

from collections.abc import Collection
from pathlib import Path

from prelabel import formats
from prelabel.content import SHA256
from prelabel.errors import RowError
from prelabel.schema import LabelSchema

ELSEWHERE = ("data:", "http://", "https://")


def named_images(file: Path, schema: LabelSchema, fields: Collection[str], folder: Path) -> dict[str, Path]:
    """By name as it stands in the rows: the file in the folder. Those that are not there are left for the import to report.

    Raises RowError where a name leads out of the folder: a file of rows from elsewhere must not get at others of this machine.
    """
    inside = folder.resolve()
    found: dict[str, Path] = {}
    with file.open("rb") as stream:
        for row in formats.reader(formats.for_path(file))(stream, schema):
            content = (row.value or {}).get("content")
            values = content if isinstance(content, dict) else row.value or {}
            for field in fields:
                name = values.get(field)
                if not isinstance(name, str) or not (name := name.strip()) or name in found:
                    continue
                if name.startswith(ELSEWHERE) or SHA256.fullmatch(name):
                    continue
                path = _path(inside, name)
                if path is not None and not path.is_relative_to(inside):
                    raise RowError(row.number, field, f"{name!r} leads out of {folder}: it is not uploaded")
                if path is not None:
                    found[name] = path
    return found


def _path(folder: Path, name: str) -> Path | None:
    """Where a name really leads, links followed; None where there is no file."""
    try:
        path = (folder / name).resolve()
        return path if path.is_file() or not path.is_relative_to(folder) else None
    except OSError:  # no file can have such a name
        return None
