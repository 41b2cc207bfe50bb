"""spaCy's DocBin (`.spacy`), for `spacy train`: entities or overlapping spans, and classes as categories.

Needs the extra `prelabel[spacy]`. A DocBin is packed as one piece, so that here alone memory grows with the file.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO

from prelabel.canonical import Json
from prelabel.errors import FormatError
from prelabel.formats.base import Record, Row, WriteOptions, unpacked
from prelabel.formats.fields import (
    Found,
    as_texts,
    count_lost,
    first,
    from_texts,
    offered,
    text_and_rest,
    text_field,
    whole,
)
from prelabel.kinds.spans import Spans
from prelabel.schema import LabelSchema

SUFFIX = "spacy"
ENDINGS = ("spacy",)
KINDS = ("choice", "choices", "rating", "boolean", "spans")
REQUIRES = ("spacy", "spacy")
ATTRIBUTES = ("ORTH", "ENT_IOB", "ENT_TYPE")
"""Of tokens all that is known here; what spaCy keeps without being told is thrice as much."""
SPANS_KEY = "sc"
"""Under which spans that may overlap stand in `doc.spans`, as spaCy's span categorizer has it."""


@dataclass(frozen=True)
class _Plan:
    """Which field of the schema becomes what of a Doc."""

    spans: str | None
    overlapping: bool
    classes: tuple[str, ...]

    @classmethod
    def of(cls, schema: LabelSchema) -> "_Plan":
        spans = first(schema, Spans)
        overlapping = spans is not None and (spans.kind.nested or spans.kind.overlapping)
        held = [name for name, kind in schema.fields.items() if kind.kind in KINDS and kind.kind != "spans"]
        return cls(spans and spans.name, overlapping, tuple(held))

    def category(self, name: str, option: str) -> str:
        """What a class of a field is called among the categories of a Doc."""
        return option if len(self.classes) == 1 else f"{name}={option}"


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The documents, their labels taken as known to be right; a category counts from 0.5 on. Raises FormatError."""
    plan = _Plan.of(schema)
    for number, doc in enumerate(_docs(unpacked(stream).read()), 1):
        yield _found(doc, schema, plan).row(number)


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """One DocBin, with the tokens of spaCy's language-neutral tokenizer; a span that does not fall on their borders is lost."""
    from spacy.tokens import DocBin

    plan, name = _Plan.of(options.schema), text_field(options.schema)
    language = _language()
    packed = DocBin(attrs=ATTRIBUTES, store_user_data=True)
    for record in records:
        count_lost(record, [*plan.classes, *([plan.spans] if plan.spans else [])], options, "spaCy")
        text, rest = text_and_rest(record["content"], name)
        for key in rest:
            options.lost[f"content field {key!r}: spaCy's Doc is one text"] += 1
        doc = language.make_doc(text)
        doc.user_data["id"] = record["id"]
        doc.user_data |= {key: record[key] for key in options.extras}
        if record["label"] is not None:
            doc.user_data["labeled"] = True
            _add_label(doc, record["label"], options, plan)
        packed.add(doc)
    yield packed.to_bytes()


@cache
def _language() -> Any:
    """spaCy's language-neutral one: a tokenizer, for texts of any length, and a vocabulary."""
    import spacy

    language = spacy.blank("xx")
    language.max_length = 10**9
    return language


def _docs(packed: bytes) -> Iterator[Any]:
    from spacy.tokens import DocBin

    try:
        yield from DocBin().from_bytes(packed).get_docs(_language().vocab)
    except Exception as error:  # whatever zlib, msgpack, numpy and spaCy raise at damaged bytes
        raise FormatError(f"not a spaCy DocBin, or a damaged one: {error}") from error


def _add_label(doc: Any, label: Mapping[str, Json], options: WriteOptions, plan: _Plan) -> None:
    for name in plan.classes:
        kind = options.schema.fields[name]
        if label[name] is not None:
            chosen = set(as_texts(kind, label[name]))
            doc.cats |= {plan.category(name, option): float(option in chosen) for option in offered(kind)}
    if not plan.spans or label[plan.spans] is None:
        return
    found = []
    for span in label[plan.spans]:
        made = doc.char_span(span["start"], span["end"], label=span["label"])
        if made is None:
            options.lost["span that does not begin and end with a token of spaCy"] += 1
        else:
            found.append(made)
    if plan.overlapping:
        doc.spans[SPANS_KEY] = found
    else:
        doc.set_ents(found)


def _found(doc: Any, schema: LabelSchema, plan: _Plan) -> Found:
    content: dict[str, Json] = {text_field(schema): doc.text}
    found = Found(content, id=doc.user_data.get("id"))
    values: dict[str, Json] = {}
    said = doc.user_data.get("labeled")
    if plan.spans:
        spans = doc.spans.get(SPANS_KEY, []) if plan.overlapping else doc.ents
        listed = [{"start": span.start_char, "end": span.end_char, "label": span.label_} for span in spans]
        if listed or said or (not plan.overlapping and doc.has_annotation("ENT_IOB")):
            values[plan.spans] = sorted(listed, key=lambda span: (span["start"], span["end"], span["label"]))
    for name in plan.classes:
        kind = schema.fields[name]
        known = [option for option in offered(kind) if plan.category(name, option) in doc.cats]
        if known:
            texts = [option for option in known if doc.cats[plan.category(name, option)] >= 0.5]
            values[name] = from_texts(kind, texts, found.lost)
    if not plan.spans and doc.ents:
        found.lost.append("entities: the schema has no field of spans")
    found.gold = whole(values, content, schema, found.lost)
    return found
