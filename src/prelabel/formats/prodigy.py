"""Prodigy's JSON Lines: spans, relations, one choice, and written text, with `answer` where somebody has answered.

The shapes are those of Prodigy's documentation (https://prodi.gy/docs/api-interfaces) for `ner_manual`, `spans_manual`,
`relations`, `choice` and `text_input`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from prelabel.canonical import Json
from prelabel.formats import jsonl
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import (
    CLASSES,
    Found,
    Misfit,
    as_texts,
    count_lost,
    extras,
    first,
    from_texts,
    items,
    marks_of,
    offered,
    rest_but,
    rows_of,
    span_in,
    take,
    text_and_rest,
    text_field,
    whole,
)
from prelabel.kinds.choices import Choices
from prelabel.kinds.text import Text
from prelabel.schema import LabelSchema

SUFFIX = "prodigy.jsonl"
ENDINGS = ("prodigy.jsonl",)
KINDS = ("choice", "choices", "rating", "number", "boolean", "text", "spans", "relations")
_OWN = {
    "id", "text", "spans", "relations", "tokens", "options", "accept", "answer", "meta", "config",
    "_input_hash", "_task_hash", "_session_id", "_annotator_id", "_view_id", "_timestamp", "_is_binary",
}  # fmt: skip
_WORD = re.compile(r"\w+|[^\w\s]")
_Values = dict[str, Json]


@dataclass(frozen=True)
class _Plan:
    """Which field of the schema stands where in a task."""

    spans: str | None
    relations: str | None
    short: str | None
    texts: tuple[str, ...]

    @classmethod
    def of(cls, schema: LabelSchema) -> "_Plan":
        (spans, relations), short = marks_of(schema), first(schema, *CLASSES)
        texts = tuple(
            name
            for name, kind in schema.fields.items()
            if isinstance(kind, Text) and not kind.turns and name not in _OWN
        )
        return cls(spans and spans.name, relations and relations.name, short and short.name, texts)

    def carried(self) -> list[str]:
        """The fields that have a place."""
        return [name for name in (self.spans, self.relations, self.short, *self.texts) if name]


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The tasks: one that was accepted has its label as gold, one without an answer as a draft, and a rejected or ignored one
    none. Keys that Prodigy does not know are content.
    """
    plan = _Plan.of(schema)
    return rows_of(jsonl.read(stream, schema), lambda task: _found(task, schema, plan))


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A task for each record: accepted where it has a label, else with its draft to start from."""
    schema, plan = options.schema, _Plan.of(options.schema)
    name = text_field(schema)
    for record in records:
        count_lost(record, plan.carried(), options, "Prodigy")
        text, rest = text_and_rest(record["content"], name)
        rest = rest_but(rest, _OWN | set(plan.texts), options, "Prodigy")
        task = {"id": record["id"], "text": text} | rest
        label = record["label"] if record["label"] is not None else record["draft"]
        if label is not None:
            task |= _parts(label, text, schema, plan)
        task |= {"meta": record["meta"]} if record["meta"] is not None else {}
        task |= extras(record, options) | ({"answer": "accept"} if record["label"] is not None else {})
        yield json.dumps(task, ensure_ascii=False).encode() + b"\n"


def _parts(label: Mapping[str, Json], text: str, schema: LabelSchema, plan: _Plan) -> _Values:
    """The parts of a task that hold a label."""
    parts: _Values = {name: label[name] for name in plan.texts if label[name] is not None}
    spans = label[plan.spans] if plan.spans else None
    relations = label[plan.relations] if plan.relations else None
    if spans is not None:
        parts["spans"] = [dict(span) for span in spans]
    if relations is not None:
        ends = [one[end] for one in relations for end in ("head", "tail")]
        parts["tokens"] = tokens = _tokens(text, [*(spans or []), *ends])
        parts["relations"] = [_relation(one, tokens) for one in relations]
    if plan.short and label[plan.short] is not None:
        kind = schema.fields[plan.short]
        parts["accept"] = as_texts(kind, label[plan.short])
        parts["options"] = [{"id": option, "text": option} for option in offered(kind) or parts["accept"]]
        parts["config"] = {"choice_style": "multiple" if isinstance(kind, Choices) else "single"}
    return parts


def _tokens(text: str, spans: Iterable[Mapping[str, int]]) -> list[_Values]:
    """Words and signs, cut also where a span begins or ends: Prodigy's relations are between tokens."""
    cuts = sorted({place for span in spans for place in (span["start"], span["end"])})
    found: list[_Values] = []
    for word in _WORD.finditer(text):
        places = [word.start(), *(cut for cut in cuts if word.start() < cut < word.end()), word.end()]
        for start, end in pairwise(places):
            found.append(
                {
                    "text": text[start:end],
                    "start": start,
                    "end": end,
                    "id": len(found),
                    "ws": text[end : end + 1] == " ",
                }
            )
    return found


def _relation(one: Mapping[str, Json], tokens: list[_Values]) -> _Values:
    ends = {}
    for name, ours in (("head", "head"), ("child", "tail")):
        start, end = one[ours]["start"], one[ours]["end"]
        inside = [token["id"] for token in tokens if start <= token["start"] and token["end"] <= end] or [0]
        ends[name] = inside[-1]
        ends[f"{name}_span"] = {"start": start, "end": end, "token_start": inside[0], "token_end": inside[-1]}
    return ends | {"label": one["label"]}


def _found(task: _Values, schema: LabelSchema, plan: _Plan) -> Found:
    taken = _OWN | set(plan.texts)
    content = {text_field(schema): take(task, "text", str)} | {
        key: value for key, value in task.items() if key not in taken
    }
    found = Found(content, id=task.get("id"), meta=task.get("meta"))
    values: _Values = {name: task[name] for name in plan.texts if task.get(name) is not None}
    if task.get("spans") is not None and plan.spans:
        values[plan.spans] = [
            span_in(one, f"spans.{index}") for index, one in enumerate(items(task, "spans"))
        ]
    if task.get("relations") is not None and plan.relations:
        values[plan.relations] = _relations(task)
    if task.get("accept") is not None and plan.short:
        texts = [str(one) for one in items(task, "accept", object)]
        values[plan.short] = from_texts(schema.fields[plan.short], texts, found.lost)
    found.lost += [
        f"{part}: the schema has no field for them"
        for part, name in (("spans", plan.spans), ("relations", plan.relations), ("accept", plan.short))
        if task.get(part) and name is None
    ]
    _settle(task, values, schema, found)
    return found


def _settle(task: _Values, values: _Values, schema: LabelSchema, found: Found) -> None:
    """The values as gold, as a draft, or as nothing, as the answer to the task says."""
    answer = task.get("answer")
    if answer not in (None, "accept"):
        found.lost.append(f"tasks that were answered by {str(answer)[:20]!r}")
        return
    label = whole(values, found.content, schema, found.lost)
    if answer == "accept":
        found.gold = label
    elif label is not None:
        meta = task.get("meta")
        score = meta.get("score") if isinstance(meta, dict) else None
        sure = float(score) if isinstance(score, int | float) and 0 <= score <= 1 else None
        found.drafts.append({"model": "prodigy", "label": label, "confidence": sure})


def _relations(task: _Values) -> list[_Values]:
    tokens = items(task, "tokens")
    spans = items(task, "spans")
    found = []
    for index, one in enumerate(items(task, "relations")):
        path = f"relations.{index}"
        label = take(one, "label", str, path)
        head, tail = (_end(one, name, spans, tokens, path) for name in ("head", "child"))
        found.append({"label": label, "head": head, "tail": tail})
    return found


def _end(
    one: Mapping[str, Json], name: str, spans: list[_Values], tokens: list[_Values], path: str
) -> _Values:
    """One end of a relation: the span that it names, or the span around its token, or that token."""
    if isinstance(one.get(f"{name}_span"), dict):
        span = one[f"{name}_span"]
        return {"start": take(span, "start", int, path), "end": take(span, "end", int, path)}
    number = take(one, name, int, path)
    if not 0 <= number < len(tokens):
        raise Misfit(f"{number} is not the number of a token", f"{path}.{name}")
    token = tokens[number]
    start, end = take(token, "start", int, path), take(token, "end", int, path)
    for span in spans:
        if take(span, "start", int, path) <= start and end <= take(span, "end", int, path):
            return {"start": span["start"], "end": span["end"]}
    return {"start": start, "end": end}
