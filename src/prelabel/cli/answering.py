"""How commands answer: for the eye, or, where --json asks for it, for a program.

Then standard output holds nothing but JSON: one document, or one a line of a list. What is said to people goes to standard error.
"""

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from prelabel.cli.console import out
from prelabel.errors import InputError

FLAG = "--json"
Command = TypeVar("Command", bound=Callable[..., Any])
_asked = ContextVar("asked for JSON", default=False)


class App(typer.Typer):
    """A group of commands, each of which takes --json."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Command], Command]:
        """As Typer has it."""
        register = super().command(name, **options)

        def decorate(command: Command) -> Command:
            register(_taking_json(command))
            return command

        return decorate


def is_json() -> bool:
    """Whether the command that runs was asked for JSON: it then asks nothing back."""
    return _asked.get()


def asks_json(words: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, also one that cannot be understood otherwise."""
    return FLAG in (words[: words.index("--")] if "--" in words else words)


def answer(found: Any, show: Callable[[Any], None]) -> None:
    """Answer with one document; `show` is for the eye."""
    if is_json():
        typer.echo(as_json(found))
    else:
        show(found)


def answers(found: Iterable[Any], show: Callable[[list[Any]], None]) -> None:
    """Answer with a list; `show` is for the eye."""
    if is_json():
        for one in found:
            typer.echo(as_json(one))
    else:
        show(list(found))


def said(sentence: str, **document: Any) -> None:
    """Answer that something is done: in a sentence, or as a document."""
    answer(document, lambda _: out.print(sentence, soft_wrap=True))


def confirm(question: str, yes: bool) -> None:
    """Ask before something that cannot be undone. Raises InputError where --json leaves nobody to ask, typer.Abort at a no."""
    if yes:
        return
    if is_json():
        raise InputError(f"--yes: {question}? Under {FLAG} nobody is asked: say --yes if you are sure")
    typer.confirm(f"{question}? There is no way back", abort=True)


def agree(question: str, yes: bool, otherwise: str) -> None:
    """Ask before money is spent, where someone sits at a terminal; where they decline, the command ends with what it says otherwise."""
    if yes or is_json() or not (sys.stdin.isatty() and out.is_terminal):
        return
    if not typer.confirm(question):
        out.print(otherwise)
        raise typer.Exit(1)


def as_json(document: Any) -> str:
    """A document as a line of JSON."""
    return json.dumps(document, ensure_ascii=False, default=str)


def _taking_json(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with the option --json, under which what it says goes to standard error."""

    @wraps(command)
    def answering(*args: Any, as_json: bool, **options: Any) -> Any:
        with _answering(as_json):
            return command(*args, **options)

    option = Annotated[
        bool, typer.Option(FLAG, help="Answer in JSON: one document, or of a list one a line.")
    ]
    signature = inspect.signature(command)
    new = inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option)
    answering.__signature__ = signature.replace(parameters=[*signature.parameters.values(), new])  # type: ignore[attr-defined] # what Typer reads
    answering.__annotations__ = get_type_hints(command, include_extras=True) | {"as_json": option}
    return answering


@contextmanager
def _answering(is_json: bool) -> Iterator[None]:
    token, before = _asked.set(is_json), out.stderr
    out.stderr = is_json or before
    try:
        yield
    finally:
        out.stderr = before
        _asked.reset(token)
