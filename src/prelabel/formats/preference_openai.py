"""Preference pairs as OpenAI's DPO fine-tuning takes them: {"input", "preferred_output", "non_preferred_output"}.

https://platform.openai.com/docs/guides/direct-preference-optimization
"""

import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from prelabel.canonical import Json, canonical
from prelabel.formats import jsonl
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import Found, Misfit, extras, rows_of, take
from prelabel.formats.pairs import Pair, found, pairs
from prelabel.formats.training import Turn, turns_in
from prelabel.schema import LabelSchema

SUFFIX = "preference-openai.jsonl"
ENDINGS = ("preference-openai.jsonl",)
KINDS = ("preference",)
FOR_TRAINING = True


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The pairs, each a preference that is known to be right; a prompt of one message of the user becomes text."""
    return rows_of(jsonl.read(stream, schema), lambda line: _found(line, schema))


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A pair a line."""
    for record, pair in pairs(records, options):
        if pair.prompt is None:
            options.lost["pair without a prompt: OpenAI needs one"] += 1
            continue
        if pair.strength is not None:
            options.lost["strength of the preference: OpenAI's pairs have none"] += 1
        line = {
            "input": {"messages": _turns(pair.prompt, "user"), "tools": [], "parallel_tool_calls": True},
            "preferred_output": _turns(pair.chosen, "assistant"),
            "non_preferred_output": _turns(pair.rejected, "assistant"),
        } | extras(record, options)
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _turns(value: Json, role: str) -> list[Turn]:
    if turns := turns_in(value):
        return turns
    return [{"role": role, "content": value if isinstance(value, str) else canonical(value)}]


def _found(line: dict[str, Json], schema: LabelSchema) -> Found:
    asked = take(line, "input", dict).get("messages")
    prompt, chosen, rejected = asked, line.get("preferred_output"), line.get("non_preferred_output")
    names = ("input.messages", "preferred_output", "non_preferred_output")
    for name, value in zip(names, (prompt, chosen, rejected), strict=True):
        if turns_in(value) is None:
            raise Misfit('must be a list of {"role", "content"} with text in them', name)
    pair = Pair(_bare(prompt, "user"), _bare(chosen, "assistant"), _bare(rejected, "assistant"))
    return found(pair, schema, line)


def _bare(turns: Json, role: str) -> Json:
    """The text of the only turn, where that is of this role."""
    return turns[0]["content"] if len(turns) == 1 and turns[0]["role"] == role else turns
