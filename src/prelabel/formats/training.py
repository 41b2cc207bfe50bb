"""What the files share that models are trained on: who asked what, and what the right answer was.

The right answer is what a model would have answered here (`LabelSchema.as_answer`): bare where the schema has one field and its
answer is a text, else JSON.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prelabel.canonical import Json, canonical
from prelabel.errors import LabelError
from prelabel.examples.content import as_text
from prelabel.formats.base import Record, WriteOptions
from prelabel.schema import LabelSchema

ROLES = ("system", "user", "assistant")
Turn = dict[str, str]


def settled(records: Iterable[Record], options: WriteOptions) -> Iterator[Record]:
    """The records that have a settled label; the others are counted as lost."""
    for record in records:
        if record["label"] is None:
            options.lost["example without a settled label: nothing to train on"] += 1
        else:
            yield record


def response(record: Record, schema: LabelSchema) -> str:
    """The right answer to a record's content."""
    answer = schema.as_answer(record["label"], record["content"])
    only = answer[schema.only] if schema.only else answer
    return only if isinstance(only, str) else canonical(only)


def label_of(answer: str, content: Mapping[str, Json], schema: LabelSchema) -> dict[str, Json] | None:
    """The label that an answer means; None where it means none, as is usual for files that were made for another task."""
    for fields in _readings(answer, schema):
        try:
            return schema.read_answer(fields, content)
        except LabelError:
            continue
    return None


def _readings(answer: str, schema: LabelSchema) -> Iterator[Any]:
    if schema.only:
        yield {schema.only: answer}
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return
    yield {schema.only: value} if schema.only else value


def turns_in(value: Json) -> list[Turn] | None:
    """The turns of a conversation, where the value is one: a list of {"role", "content"} with texts in them."""
    if not isinstance(value, list) or not value:
        return None
    if all(
        isinstance(turn, dict) and turn.get("role") in ROLES and isinstance(turn.get("content"), str)
        for turn in value
    ):
        return [{"role": turn["role"], "content": turn["content"]} for turn in value]
    return None


def asked(content: Mapping[str, Json]) -> list[Turn]:
    """What stands before the answer: the content's conversation where it is one, else all of it as one turn of the user."""
    if len(content) == 1 and (turns := turns_in(next(iter(content.values())))):
        return turns
    return [{"role": "user", "content": as_text(dict(content))}]


def conversation(record: Record, schema: LabelSchema) -> list[Turn]:
    """The whole exchange that a model is to learn, with the guidelines first where there are any.

    A label that is a conversation goes on from the content where its first turn is the assistant's; otherwise it is all there is.
    """
    written = turns_in(record["label"][schema.only]) if schema.only else None
    if written and written[0]["role"] != "assistant":
        turns = written
    else:
        turns = [
            *asked(record["content"]),
            *(written or [{"role": "assistant", "content": response(record, schema)}]),
        ]
    if schema.guidelines and turns[0]["role"] != "system":
        return [{"role": "system", "content": schema.guidelines}, *turns]
    return turns
