"""CSV with a header, as spreadsheets write it: comma, semicolon or tab, quoted cells with line breaks."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from prelabel.canonical import Json, canonical
from prelabel.errors import FormatError
from prelabel.formats.base import LONGEST_LINE, Record, Row, WriteOptions, lines, not_utf8, unpacked
from prelabel.kinds.base import Kind, keepable
from prelabel.schema import LabelSchema

SUFFIX = "csv"
ENDINGS = ("csv", "tsv")
KINDS = None
NEEDS_CONTENT_FIELDS = True
_PLAIN = ("id", "status", "source", "confidence", "reason", "model", "prompt", "reviewer")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_QUOTED = re.compile(r'"[^"]*"')


class _Unreadable(Exception):
    """A line that the csv module must not see: it would take the lines after it for a part of it."""


class _Lines:
    """Decoded lines for the csv module, and what was wrong with those of the record that it is at."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = lines(unpacked(stream))
        self._first = True
        self.start_record()

    def start_record(self) -> None:
        """What is counted from here on is another record's."""
        self.fault, self.taken, self.blank, self._bytes = "", 0, True, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if line is None:
            raise _Unreadable(f"a line is longer than {LONGEST_LINE:,} bytes")
        self._bytes += len(line)
        self.taken += 1
        self.blank = self.blank and not line.strip(b" \r\n")
        if self._bytes > LONGEST_LINE:
            raise _Unreadable(f"the row is longer than {LONGEST_LINE:,} bytes: is a quote left open?")
        line, self._first = line.removeprefix(b"\xef\xbb\xbf") if self._first else line, False
        return self._decoded(line)

    def _decoded(self, line: bytes) -> str:
        if b"\x00" in line:
            self.fault = "a cell contains a NUL character"
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self.fault = not_utf8(error)
            return line.decode(errors="surrogateescape")


def read(stream: BinaryIO, _schema: LabelSchema) -> Iterator[Row]:
    """The records under the header, each an object of its cells. Raises FormatError where the header is unusable.

    Under the header of our own export, content and label are put together again. Blank lines are passed over but counted.
    """
    csv.field_size_limit(LONGEST_LINE)
    text = _Lines(stream)
    header, cells = _open(text)
    own = _own_columns(header)
    number = 0
    while True:
        text.start_record()
        number += 1
        try:
            record = next(cells)
        except StopIteration:
            return
        except FormatError as damage:
            yield Row(number, None, str(damage))
            return
        except (csv.Error, _Unreadable) as error:
            yield Row(number, None, _said(error, text.taken))
            continue
        if not text.blank:
            yield _row(number, header, record, text.fault, own)


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A line for each record: its content and label fields, and where the label came from. Formulas are defused."""
    buffer = io.StringIO()
    out = csv.writer(buffer)
    out.writerow([cell(name) for name in _columns(options)])
    for record in records:
        _count_lost(record, options)
        label = record["label"] or {}
        cells = [record["id"], *(record["content"].get(name) for name in options.content_fields)]
        cells += [_written(kind, label.get(name)) for name, kind in options.schema.fields.items()]
        cells += [record[name] for name in (*_PLAIN[1:], *options.extras)]
        out.writerow([cell(one) for one in cells])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    if rest := buffer.getvalue():
        yield rest.encode()


def _open(text: _Lines) -> tuple[list[str], Iterator[list[str]]]:
    """The column names, and the records after them."""
    try:
        first = next((line for line in text if line.strip()), "")
        delimiter = max(",;\t", key=_QUOTED.sub("", first).count)
        cells = csv.reader(chain([first], text), delimiter=delimiter, strict=True)
        header = [name.strip() for name in next(cells, [])]
    except (csv.Error, _Unreadable) as error:
        raise FormatError(f"the header cannot be read: {_said(error, text.taken)}") from error
    if text.fault:
        raise FormatError(f"the header cannot be read: {text.fault}; save the file as UTF-8")
    _check(header)
    return header, cells


def _check(header: list[str]) -> None:
    if not any(header):
        raise FormatError("the file is empty: a CSV file begins with a line that names its columns")
    for number, name in enumerate(header, 1):
        if not name:
            raise FormatError(f"column {number} has no name in the header")
        if name in header[: number - 1]:
            raise FormatError(f"column {name!r} stands twice in the header")


def _own_columns(header: list[str]) -> dict[str, tuple[str, str]] | None:
    """Which content or label field each column holds, where the header is one that `write` makes."""
    rest = [name for name in header if name not in ("weight", "split")]
    plain = len(_PLAIN) - 1
    if rest[:1] != ["id"] or rest[-plain:] != list(_PLAIN[1:]) or not any(map(_is_label, rest)):
        return None
    return {
        name: ("label", name.removeprefix("label.")) if _is_label(name) else ("content", _bare(name, header))
        for name in rest[1:-plain]
    }


def _is_label(name: str) -> bool:
    return name.startswith("label.")


def _bare(name: str, header: list[str]) -> str:
    """A content field's name without the "content." that kept it apart from another column."""
    return name[8:] if name.startswith("content.") and name[8:] in header else name


def _row(
    number: int, header: list[str], record: list[str], fault: str, own: dict[str, tuple[str, str]] | None
) -> Row:
    if fault:
        broken = (name for name, cell in zip(header, record, strict=False) if not _can_be_kept(cell))
        return Row(number, None, fault, next(broken, ""))
    if len(record) != len(header):
        return Row(number, None, f"has {len(record)} cells where the header has {len(header)}")
    cells = dict(zip(header, record, strict=True))
    return Row(number, cells if own is None else _together(cells, own))


def _together(cells: dict[str, str], own: dict[str, tuple[str, str]]) -> dict[str, Json]:
    """A record of our own export: empty cells are no content, and a label whose cells are all empty is none."""
    content: dict[str, Json] = {}
    label: dict[str, Json] = {}
    for name, (part, field) in own.items():
        cell = _as_it_was(cells[name])
        if part == "label":
            label[field] = cell or None
        elif cell:
            content[field] = cell
    row: dict[str, Json] = {"id": _as_it_was(cells["id"]), "content": content}
    return row | ({"label": label} if any(label.values()) else {})


def _count_lost(record: Record, options: WriteOptions) -> None:
    for name in ("gold", "meta"):
        if record[name] is not None:
            options.lost[f"{name}: CSV has no column for it"] += 1
    for name, value in record["content"].items():
        if value is not None and not isinstance(value, str):
            options.lost[f"content field {name!r}: CSV has it as text"] += 1


def _written(kind: Kind, value: Json) -> Json:
    return None if value is None else kind.write(value)


def _can_be_kept(cell: str) -> bool:
    try:
        keepable(cell)
    except ValueError:
        return False
    return True


def _said(error: Exception, taken: int) -> str:
    """What is wrong with a record that could not be read, and how many lines are lost with it."""
    lost = f"; the {taken - 1:,} lines after its first were taken into it" if taken > 1 else ""
    if isinstance(error, _Unreadable):
        return f"{error}{lost}"
    if "unexpected end of data" in str(error):
        return f"not CSV: a quote that this row opens is never closed{lost}"
    if "new-line character" in str(error):
        return "not CSV: a carriage return stands outside of quotes; end lines with a line feed"
    return f"not CSV: {error}{lost}"


def _columns(options: WriteOptions) -> list[str]:
    """The header; a content field that is called like another column has "content." before its name."""
    labels = [f"label.{name}" for name in options.schema.fields]
    taken = {*_PLAIN, *labels, *options.extras}
    contents = []
    for name in options.content_fields:
        column = name
        while column in taken:
            column = f"content.{column}"
        taken.add(column)
        contents.append(column)
    return [_PLAIN[0], *contents, *labels, *_PLAIN[1:], *options.extras]


def cell(value: Json) -> str:
    """A cell that a spreadsheet shows as it is: one that would begin a formula gets an apostrophe (CWE-1236).

    So does one that begins as if it had one already: `_as_it_was` can then take exactly one away.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return canonical(value)
    return f"'{value}" if _FORMULA.match(value) and not _NUMBER.fullmatch(value) else value


def _as_it_was(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
