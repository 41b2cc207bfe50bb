"""Label Studio tasks: `data` with predictions (our drafts) and annotations (what people have settled), as a JSON list.

Read are that list and JSON Lines. In `from_name` stands the field's name. A label that no person has seen is a prediction
only: an annotation comes back as gold. What Label Studio keeps for us and does not show is under `meta.prelabel`.
After label_studio_sdk 2.1 and label_studio 1.23; `docs.humansignal.com` describes the task format.
"""

import io
import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from prelabel.errors import FormatError
from prelabel.formats.base import LONGEST_LINE, Record, Row, WriteOptions, unpacked
from prelabel.formats.jsonl import JsonFault, object_in
from prelabel.formats.label_studio.entries import entries
from prelabel.formats.label_studio.tasks import TaskReader, task_of
from prelabel.schema import LabelSchema

SUFFIX = "label_studio.json"
ENDINGS = ("label_studio.json", "label-studio.json")
KINDS = None


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The tasks of the file. Annotations become gold where one is ground truth or all agree, predictions become drafts."""
    reader = TaskReader(schema)
    number = 0
    try:
        for number, entry in enumerate(entries(cast(io.BufferedReader, unpacked(stream))), 1):  # used below
            if entry is None or entry.strip():
                yield _row(number, entry, reader)
    except FormatError as damage:
        yield Row(number + 1, None, str(damage))


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A list of tasks, one a line."""
    before = b"[\n"
    for record in records:
        yield before + json.dumps(task_of(record, options), ensure_ascii=False).encode()
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _row(number: int, entry: bytes | None, reader: TaskReader) -> Row:
    if entry is None:
        return Row(number, None, f"the task is longer than {LONGEST_LINE:,} bytes")
    try:
        return reader.row(number, object_in(entry))
    except JsonFault as fault:
        return Row(number, None, fault.reason, fault.field)
