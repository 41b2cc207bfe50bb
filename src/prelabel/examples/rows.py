"""From a row of a file to what it would be as an example: id, content, gold, meta and drafts, each checked. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError, RowError
from prelabel.examples import given_drafts
from prelabel.examples.given_drafts import Given
from prelabel.formats.base import Row
from prelabel.schema import LabelSchema

LONGEST_ID = 200
LARGEST_CONTENT = 1_000_000
"""Bytes of an example's content as JSON."""
DEEPEST = 100
"""Levels of nesting that content and meta may have; Python's JSON writer gives up at about a thousand."""
LONGEST_REASON = 1_000
"""Characters of a bad row's field and reason that are kept: both may quote the row."""


@dataclass(frozen=True)
class Mapping:
    """Which field of a row is what. All other fields are the content; `text` names one that becomes "text", `image` one that is an image."""

    id: str = "id"
    gold: str = "gold"
    meta: str = "meta"
    drafts: str = "drafts"
    text: str = ""
    image: str = ""


@dataclass(frozen=True)
class Candidate:
    """A row that could be an example. `size` is its bytes of JSON, without gold and drafts."""

    row: int
    external_id: str
    own_id: bool
    content_hash: str
    content: dict[str, Json]
    gold: dict[str, Json] | None
    meta: Json
    size: int
    drafts: tuple[Given, ...] = ()
    draft_faults: tuple[RowError, ...] = ()


def read_row(row: Row, schema: LabelSchema, mapping: Mapping) -> Candidate:
    """What a row would be as an example. Raises RowError.

    A row with an object under "content", as our own export has, is that content; of any other row all fields are content
    but those that the mapping names. Drafts in it are checked each on its own.
    """
    if row.value is None:
        raise RowError(row.number, row.field, row.fault)
    fields = dict(row.value)
    given_id, gold, meta, drafts = (
        fields.pop(name, None) for name in (mapping.id, mapping.gold, mapping.meta, mapping.drafts)
    )
    content = _content(row.number, fields, mapping)
    written = _written(row.number, "", content)
    if len(written) > LARGEST_CONTENT:
        raise RowError(row.number, "", f"the content is larger than {LARGEST_CONTENT:,} bytes")
    content_hash = hashlib.sha256(written).hexdigest()[:32]
    external_id = _external_id(row.number, given_id, mapping)
    kept, faults = given_drafts.read(row.number, mapping.drafts, drafts, content, schema)
    return Candidate(
        row=row.number,
        external_id=external_id or f"h-{content_hash[:16]}",
        own_id=bool(external_id),
        content_hash=content_hash,
        content=content,
        gold=_gold(row.number, gold, content, schema, mapping),
        meta=meta,
        size=len(written) + (0 if meta is None else len(_written(row.number, mapping.meta, meta))),
        drafts=tuple(kept),
        draft_faults=tuple(map(short, faults)),
    )


def _content(number: int, fields: dict[str, Json], mapping: Mapping) -> dict[str, Json]:
    content = fields["content"] if isinstance(fields.get("content"), dict) else fields
    if mapping.text not in ("", "text") and mapping.text in content:
        if "text" in content:
            raise RowError(number, mapping.text, 'cannot become "text": the row has a field of that name too')
        content = {"text": content[mapping.text]} | content
        del content[mapping.text]
    if not any(value not in (None, "", [], {}) and str(value).strip() for value in content.values()):
        raise RowError(number, "", "nothing to label: no field besides id, gold and meta holds anything")
    return content


def _written(number: int, name: str, value: Json) -> bytes:
    """Canonical JSON of what is to be kept. Raises RowError where there is none, or it is too deep to be handled safely."""
    try:
        written = canonical(value).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise RowError(number, name, f"cannot be kept as JSON: {error}") from error
    if written.count(b"[") + written.count(b"{") > DEEPEST and _is_deep(value):
        raise RowError(number, name, f"is nested more than {DEEPEST} levels deep")
    return written


def _is_deep(value: Json) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
    return any(isinstance(outer, dict | list) for outer in level)


def _inner(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _external_id(number: int, given: Json, mapping: Mapping) -> str:
    if given is None or given == "":
        return ""
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise RowError(number, mapping.id, "an id is text or a whole number")
    text = str(given).strip()
    if not text or len(text) > LONGEST_ID:
        raise RowError(number, mapping.id, f"an id has from 1 to {LONGEST_ID} characters")
    return text


def _gold(
    number: int, given: Json, content: dict[str, Json], schema: LabelSchema, mapping: Mapping
) -> dict[str, Json] | None:
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    try:
        return schema.read_gold(given, content)
    except LabelError as error:
        field_path = f"{mapping.gold}.{error.path}" if error.path else mapping.gold
        raise RowError(number, field_path, error.reason) from error


def short(fault: RowError) -> RowError:
    """The fault anew: the one that was raised holds on to its row by its traceback."""
    return RowError(fault.row, fault.field[:LONGEST_REASON], fault.reason[:LONGEST_REASON])
