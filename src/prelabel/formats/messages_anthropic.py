"""Chat fine-tuning in Anthropic's shape, as Claude on Bedrock takes it: `system` apart, turns of user and assistant.

The rules are those of https://platform.claude.com/cookbook/finetuning-finetuning-on-bedrock: at least two messages, the first of
the user, the last of the assistant, by turns, and no other keys.
"""

import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from prelabel.canonical import Json
from prelabel.formats import jsonl, messages
from prelabel.formats.base import Record, Row, WriteOptions
from prelabel.formats.fields import Found, rows_of
from prelabel.formats.training import Turn, conversation, settled
from prelabel.schema import LabelSchema

SUFFIX = "messages-anthropic.jsonl"
ENDINGS = ("messages-anthropic.jsonl",)
KINDS = None
FOR_TRAINING = True


def read(stream: BinaryIO, schema: LabelSchema) -> Iterator[Row]:
    """The conversations, as `messages` reads them with `system` before."""
    return rows_of(jsonl.read(stream, schema), lambda line: _found(line, schema))


def write(records: Iterable[Record], options: WriteOptions) -> Iterator[bytes]:
    """A conversation a line, of each record with a settled label; one that breaks Anthropic's rules is lost."""
    for record in settled(records, options):
        turns = conversation(record, options.schema)
        system = "\n\n".join(turn["content"] for turn in turns if turn["role"] == "system")
        spoken = _by_turns(turn for turn in turns if turn["role"] != "system")
        if len(spoken) < 2 or spoken[0]["role"] != "user" or spoken[-1]["role"] != "assistant":
            options.lost["conversation that does not begin with the user and end with the assistant"] += 1
            continue
        for name in options.extras:
            options.lost[f"{name}: Anthropic allows no other keys"] += 1
        line = ({"system": system} if system else {}) | {"messages": spoken}
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _by_turns(turns: Iterable[Turn]) -> list[Turn]:
    """The turns, with those of one role that follow each other made one."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1]["role"] == turn["role"]:
            joined[-1] = turn | {"content": f"{joined[-1]['content']}\n\n{turn['content']}"}
        else:
            joined.append(turn)
    return joined


def _found(line: dict[str, Json], schema: LabelSchema) -> Found:
    system, turns = line.get("system"), line.get("messages")
    before = [{"role": "system", "content": system}] if system else []
    return messages.found([*before, *turns] if isinstance(turns, list) else turns, schema, line)
