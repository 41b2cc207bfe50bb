"""The pages that are written from the code: `python -m prelabel.cli.reference docs` writes docs/cli.md and docs/settings.md."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import typer

from prelabel.cli.answering import FLAG
from prelabel.cli.commands import app
from prelabel.settings import Settings

WRITTEN = "Written from the code by `make docs`; a test fails where the two differ."
COMMANDS_HEAD = f"""# All commands

{WRITTEN} `prelabel COMMAND --help` says the same.

Every command takes `--json`: standard output is then one JSON document, or of a list one a line, and nothing else; what is said to
people goes to standard error. An error is a document too, `{{"error": "NotFound", "detail": "…"}}`. A command ends with 0 where it
did what was asked, 1 where it could not, 2 where it was called in a way that it does not know. Commands that ask before they do something do
not ask with `--json`.

`prelabel --install-completion` has the shell complete commands, options, numbers of runs and names of projects (bash, zsh, fish,
PowerShell); `--show-completion` prints what it would install.
"""
SETTINGS_HEAD = f"""# All settings

{WRITTEN} A setting is an environment variable of the processes that read it; most concern the API, the workers and what `prelabel up`
starts. `PRELABEL_URL`, `PRELABEL_TOKEN` and `PRELABEL_HOME` also tell the command line and the Python client where to go. Providers' keys have
the names that they give them (`OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, …).

| variable | without it | what it says |
|---|---|---|
"""
HIDDEN = (FLAG, "--help", "--install-completion", "--show-completion")


def commands() -> str:
    """The Markdown of docs/cli.md."""
    return COMMANDS_HEAD + "".join(
        _command(words, command) for words, command in walk(typer.main.get_command(app))
    )


def settings() -> str:
    """The Markdown of docs/settings.md."""
    rows = (
        f"| `PRELABEL_{name.upper()}` | {_setting(name)} | {_cell(field.description or '')} |\n"
        for name, field in sorted(Settings.model_fields.items())
    )
    return SETTINGS_HEAD + "".join(rows)


def walk(command: Any, words: tuple[str, ...] = ("prelabel",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command, in the order in which help shows it, with the words that call it."""
    children = getattr(command, "commands", None)
    if children is None:
        yield words, command
        return
    for name, child in children.items():
        yield from walk(child, (*words, name))


def _command(words: tuple[str, ...], command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one not in arguments and one.opts[0] not in HIDDEN]
    named = [one.name.upper() if one.required else f"[{one.name.upper()}]" for one in arguments]
    lines = [f"\n## `{' '.join([*words, *named])}`\n", command.help or "", ""]
    lines += [f"- `{one.name.upper()}`: {_cell(one.help or _values(one))}" for one in arguments]
    lines += [""] if arguments else []
    if options:
        lines += ["| option | what it says |", "|---|---|"]
        lines += [f"| {_option(one)} | {_cell(one.help or _values(one))}{_default(one)} |" for one in options]
    return "\n".join(lines).rstrip("\n") + "\n"


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    kind = option.type_descriptor.annotation
    return names if kind is bool or kind == bool | None else f"{names} {option.metavar or _values(option)}"


def _values(parameter: Any) -> str:
    """What can be given: one of these, or a value of some kind."""
    chosen = _literals(parameter.type_descriptor.annotation)
    return ", ".join(f"`{one}`" for one in chosen) if chosen else str(parameter.name).upper()


def _literals(kind: Any) -> tuple[str, ...]:
    if get_origin(kind) is Literal:
        return get_args(kind)
    inner = get_args(kind) if get_origin(kind) in (Union, UnionType) else ()
    return next((found for one in inner if (found := _literals(one))), ())


def _default(option: Any) -> str:
    if isinstance(option.show_default, str):
        return f" Without it: {option.show_default}."
    given = option.default
    is_said = (
        option.show_default
        and not callable(given)
        and not isinstance(given, bool)
        and given not in (None, "", [], ())
    )
    values = given if isinstance(given, (list, tuple)) else [given]
    return f" Without it: `{' '.join(map(str, values))}`." if is_said else ""


def _setting(name: str) -> str:
    """The value that holds where nothing is set, as one would write it."""
    field = Settings.model_fields[name]
    if name == "home":
        return "`~/.prelabel`"
    if name == "workers":
        return "2, on one core 1"
    given = field.get_default(call_default_factory=True)
    value = getattr(given, "get_secret_value", lambda: given)()
    return "" if value in ("", {}) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(text: str) -> str:
    """Text that fits into a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "cli.md").write_text(commands(), encoding="utf-8")
    (folder / "settings.md").write_text(settings(), encoding="utf-8")
