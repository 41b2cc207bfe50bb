"""Chat fine-tuning as OpenAI, TRL, Together and Fireworks take it: a list of `messages`, the label as the assistant's.

https://platform.openai.com/docs/guides/supervised-fine-tuning, https://huggingface.co/docs/trl/dataset_formats.
"""

import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from prelabel.canonical import Json
from prelabel.formats import jsonl
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import Found, Misfit, extras, is_talk, rows_of
from prelabel.formats.training import Turn, conversation, label_of, settled, turns_in
from prelabel.schema import LabelSchema

SUFFIX = "messages.jsonl"
ENDINGS = ("messages.jsonl",)
KINDS = None
FOR_TRAINING = True


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The conversations: all but the last message of the assistant is content, and that message the label known to be right.

    A single message of the user becomes "text"; the schema's own guidelines as system message are left out.
    """
    return rows_of(jsonl.read(stream, schema), lambda line: found(line.get("messages"), schema, line))


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A conversation a line, of each record with a settled label."""
    for record in settled(records, options):
        line = {"messages": conversation(record, options.schema)} | extras(record, options)
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def found(messages: Json, schema: LabelSchema, line: dict[str, Json]) -> Found:
    """What a conversation says. Raises Misfit."""
    turns = turns_in(messages)
    if turns is None:
        raise Misfit('must be a list of {"role": system, user or assistant, "content": text}', "messages")
    if turns[0] == {"role": "system", "content": schema.guidelines}:
        turns = turns[1:]
    if schema.only and is_talk(schema.fields[schema.only]):
        return _written(turns, schema, line)
    answer = turns.pop()["content"] if turns and turns[-1]["role"] == "assistant" else None
    if not turns:
        raise Misfit("holds nothing that was asked", "messages")
    content = _content(turns)
    read = Found(content, id=line.get("id"))
    if answer is not None:
        read.gold = label_of(answer, content, schema)
        if read.gold is None:
            read.lost.append("last message of the assistant: it is no label of the schema")
    return read


def _content(turns: list[Turn]) -> dict[str, Json]:
    return (
        {"text": turns[0]["content"]}
        if len(turns) == 1 and turns[0]["role"] == "user"
        else {"messages": turns}
    )


def _written(turns: list[Turn], schema: LabelSchema, line: dict[str, Json]) -> Found:
    """For a label that is itself a conversation: what follows the first message of the user."""
    start = next((index for index, turn in enumerate(turns) if turn["role"] == "assistant"), len(turns))
    if not start:
        raise Misfit("begins with the assistant: nothing was asked", "messages")
    read = Found(_content(turns[:start]), id=line.get("id"))
    if turns[start:]:
        read.gold = {str(schema.only): turns[start:]}
    return read
