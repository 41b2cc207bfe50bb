"""Preference pairs as OpenAI's DPO fine-tuning takes them: {"input", "preferred_output", "non_preferred_output"}.

https://platform.openai.com/docs/guides/direct-preference-optimization
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO

from prelabel.canonical import Json, canonical
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import Misfit, take
from prelabel.formats.pairs import Line, Pair, bare, read_as, write_as
from prelabel.formats.training import Turn, turns_in
from prelabel.schema import LabelSchema

SUFFIX = "preference-openai.jsonl"
ENDINGS = ("preference-openai.jsonl",)
KINDS = ("preference",)
FOR_TRAINING = True


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The pairs, each a preference that is known to be right; a prompt of one message of the user becomes text."""
    return read_as(stream, schema, _pair)


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A pair a line."""
    return write_as(records, options, partial(_line, lost=options.lost))


def _line(pair: Pair, lost: Counter[str]) -> Line | None:
    if pair.prompt is None:
        lost["pair without a prompt: OpenAI needs one"] += 1
        return None
    if pair.strength is not None:
        lost["strength of the preference: OpenAI's pairs have none"] += 1
    return {
        "input": {"messages": _turns(pair.prompt, "user"), "tools": [], "parallel_tool_calls": True},
        "preferred_output": _turns(pair.chosen, "assistant"),
        "non_preferred_output": _turns(pair.rejected, "assistant"),
    }


def _turns(value: Json, role: str) -> list[Turn]:
    if turns := turns_in(value):
        return turns
    return [{"role": role, "content": value if isinstance(value, str) else canonical(value)}]


def _pair(line: Line) -> Pair:
    asked = take(line, "input", dict).get("messages")
    prompt, chosen, rejected = asked, line.get("preferred_output"), line.get("non_preferred_output")
    names = ("input.messages", "preferred_output", "non_preferred_output")
    for name, value in zip(names, (prompt, chosen, rejected), strict=True):
        if turns_in(value) is None:
            raise Misfit('must be a list of {"role", "content"} with text in them', name)
    return Pair(bare(prompt, "user"), bare(chosen, "assistant"), bare(rejected, "assistant"))
