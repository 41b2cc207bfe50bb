"""Every command takes --json: then standard output is JSON and nothing else, of errors too."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from prelabel.cli import answering, commands
from prelabel.client import Run
from tests.cli.conftest import Cli
from tests.running import Running

STARTS_A_SERVER = ("up", "demo")
"""These have tests of their own."""
TREE = typer.main.get_command(commands.app)
ROWS = [
    {"id": f"t{n}", "text": text, "gold": gold}
    for n in range(40)
    for text, gold in [(f"bill {n}", "a"), (f"parcel {n}", "b")][n % 2 :][:1]
]


def walk(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that call it."""
    children = getattr(command, "commands", None)
    if children is None:
        yield words, command
    else:
        for name, child in children.items():
            yield from walk(child, (*words, name))


COMMANDS = dict(walk(TREE))


@pytest.fixture(scope="module")
def run(service: Running) -> Run:
    service.client.submit(ROWS, "json", schema={"fields": {"topic": ["a", "b"]}})
    return service.client.start_run("json", "json").wait(seconds=60, every=0.2)


def documents(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def ended(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Any, list[Any]]:
    """The exit code, and what stands on standard output."""
    with pytest.raises(SystemExit) as end:
        commands.main(words)
    return end.value.code, documents(capsys.readouterr().out)


def made_up(parameter: Any, file: Path) -> str:
    """A value that the parser takes."""
    kind = parameter.type_descriptor.annotation
    return str(get_args(kind)[0]) if get_args(kind) else str(file) if kind is Path else "1"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_takes_it(words: tuple[str, ...]) -> None:
    assert [one for one in COMMANDS[words].params if answering.FLAG in one.opts]


@pytest.mark.parametrize(
    "words", [words for words in COMMANDS if words[0] not in STARTS_A_SERVER], ids=" ".join
)
def test_whatever_comes_of_a_command_is_json(
    words: tuple[str, ...], run_cli: Cli, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.json"
    file.write_text("{}")
    needed = [one for one in COMMANDS[words].params if one.required]
    values = {one.opts[0]: made_up(one, file) for one in needed}
    given = [
        word
        for name, value in values.items()
        for word in ([name, value] if name.startswith("-") else [value])
    ]
    code, found = ended(capsys, *words, *given, "--json")
    if code:
        assert found[-1].keys() == {"error", "detail"} or words in (("verify",), ("doctor",))


@pytest.mark.parametrize(
    "words",
    [
        "runs", "status", "status --no-follow", "cap --project json", "quote --project json", "measure",
        "measure --by class", "measure --cost-by class", "accepting", "agreement", "formats", "journal",
        "user list", "user add somebody", "user token somebody", "user tokens somebody", "user role somebody senior",
        "user disable somebody", "user enable somebody", "user reset somebody", "user invite", "user revoke somebody",
        "members list json", "schema show --project json", "requeue --note look --text 1", "assign somebody",
        "prioritize first", "close --note no --text 39", "reroute --threshold 0.5", "consensus",
        "export -o labels.jsonl", "examples -n 2", "reviewers list",
    ],
)  # fmt: skip
def test_an_answer_is_json(words: str, run_cli: Cli, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = ended(capsys, *words.split(), "--json")
    assert code == 0
    assert all(isinstance(one, dict) for one in found)
    assert found or words == "reviewers list"


def test_submit_answers_with_all_that_came_of_it(
    run_cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (tmp_path / "s.yaml").write_text("fields: {topic: [a, b]}")
    code, [found] = ended(capsys, "submit", "new.jsonl", "--schema", "s.yaml", "--json")
    assert (code, found["imported"]["added"], found["quote"]["examples"]) == (0, 40, 40)
    assert found["run"]["stage"] in ("reviewing", "done")


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["status", "999"], 1, "NotFound"),
        (["cap", "5", "--none"], 1, "InputError"),
        (["status", "x"], 2, "UsageError"),
        (["submit"], 2, "UsageError"),
        (["nothing"], 2, "UsageError"),
        (["export"], 1, "InputError"),
    ],
)
def test_an_error_is_a_document_with_its_exit_code(
    words: list[str], code: int, error: str, run_cli: Cli, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    ended_with, [found] = ended(capsys, *words, "--json")
    assert (ended_with, found["error"]) == (code, error)
    assert found["detail"]
