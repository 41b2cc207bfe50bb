"""Commands that show a project's schema and change it while work goes on."""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.markup import escape

from prelabel.canonical import Json
from prelabel.cli import options
from prelabel.cli.answering import App, answer, is_json
from prelabel.cli.console import err, out
from prelabel.cli.naming import ProjectOption
from prelabel.client import Client, Document
from prelabel.errors import InputError
from prelabel.settings import settings

app = App(help="A project's label schema: show, plan a change, apply it.", no_args_is_help=True)

SchemaFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="The new schema, YAML or JSON.")
]
Renames = Annotated[list[str] | None, typer.Option(
    "--rename", metavar="OLD=NEW", help="A field that is called otherwise now; of an option FIELD.OLD=NEW, several of which may "
    "become the same; FIELD.OLD= leaves it out of lists. May be given several times.",
)]  # fmt: skip
Defaults = Annotated[list[str] | None, typer.Option(
    "--default", metavar="FIELD=VALUE", help="What labels that there are get in a new field. May be given several times.",
)]  # fmt: skip
From = Annotated[int | None, typer.Option(
    "--from", min=1, help="The version whose runs change; without it, the newest one.",
)]  # fmt: skip


@app.command("from-label-studio")
def from_label_studio(
    source: Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="CONFIG", help="Label config, XML.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; without it, standard output.")] = None,
) -> None:  # fmt: skip
    """Draft a label schema from a label config of Label Studio, and say what of it could not be taken over."""
    from prelabel.formats.label_studio.config import draft_schema

    draft = draft_schema(source.read_text(encoding="utf-8-sig", errors="replace"))
    text = yaml.safe_dump(draft.document, sort_keys=False, allow_unicode=True)
    for what in draft.lost:
        err.print(f"[yellow]not taken over:[/] {escape(what)}", soft_wrap=True)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    answer(
        {"schema": draft.document, "lost": draft.lost, "file": output},
        lambda _: print(text, end="") if output is None else None,  # noqa: T201 # alone on standard output, to be piped
    )


@app.command()
def show(project: ProjectOption = "") -> None:
    """Show the schema that holds, and the versions that runs have."""
    with Client.from_settings(settings()) as client:
        found = list(client.items(f"/projects/{options.project(client, project)}/schema"))
    answer({"versions": found}, lambda _: _show_versions(found))


def _show_versions(versions: list[Document]) -> None:
    out.print_json(json.dumps(versions[0]["schema"]))
    for version in versions:
        runs = ", ".join(map(str, version["runs"])) or "none"
        moving = f"; {version['left']:,} examples are being moved to it" if version["left"] else ""
        out.print(f"version {version['version']} of {version['created_at'][:16]}: runs {runs}{moving}")


@app.command()
def plan(
    file: SchemaFile,
    project: ProjectOption = "",
    rename: Renames = None,
    default: Defaults = None,
    from_version: From = None,
) -> None:
    """Say what another schema would change, and what becomes of drafts, reviews and labels; changes nothing."""
    body = _body(file, rename or [], default or [], from_version)
    with Client.from_settings(settings()) as client:
        path = f"/projects/{options.project(client, project)}/schema"
        answer(client.put(path, body | {"dry_run": True}), _show)


@app.command()
def apply(
    file: SchemaFile,
    project: ProjectOption = "",
    rename: Renames = None,
    default: Defaults = None,
    from_version: From = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Change without asking first.")] = False,
) -> None:
    """Change a project's schema and that of its runs, after saying what that does. Repeating it changes nothing."""
    body = _body(file, rename or [], default or [], from_version)
    with Client.from_settings(settings()) as client:
        path = f"/projects/{options.project(client, project)}/schema"
        planned = client.put(path, body | {"dry_run": True})
        _show(planned)
        is_asked = sys.stdin.isatty() and out.is_terminal and not (yes or is_json())
        if is_asked and planned["changes"] and not typer.confirm("change it?"):
            raise typer.Exit(1)
        done = client.put(path, body)
    rest = f"; {done['left']:,} examples are yet to be moved, by the workers" if done["left"] else ""
    answer(done, lambda _: out.print(f"version {done['to_version']} holds{rest}"))


def _body(file: Path, renames: list[str], defaults: list[str], from_version: int | None) -> Document:
    from prelabel.schema import LabelSchema

    schema = LabelSchema.read(file)
    mapping = {**_renamed(renames), "defaults": {name: _value(text) for name, text in map(_pair, defaults)}}
    return {"schema": schema.document(), "mapping": mapping, "from_version": from_version}


def _renamed(renames: list[str]) -> dict[str, Json]:
    fields: dict[str, str] = {}
    of_fields: dict[str, dict[str, str | None]] = defaultdict(dict)
    for old, new in map(_pair, renames):
        field, dot, option = old.partition(".")
        if dot:
            of_fields[field][option] = new or None
        else:
            fields[field] = new
    return {"fields": fields, "options": dict(of_fields)}


def _pair(text: str) -> tuple[str, str]:
    left, sign, right = text.partition("=")
    if not sign or not left:
        raise InputError(f"{text!r} has no name before a '=': write OLD=NEW, FIELD.OLD=NEW or FIELD=VALUE")
    return left, right


def _value(text: str) -> Json:
    """JSON, or else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _show(plan: Document) -> None:
    """What a change does, in the order in which one wants to know it."""
    if not plan["changes"]:
        out.print(f"version {plan['from_version']} says this already: nothing changes")
        return
    out.print(f"from version {plan['from_version']} to {plan['to_version']}:")
    for change in plan["changes"]:
        out.print(f"  {escape(change['said'])}", soft_wrap=True)
    runs, stay = ", ".join(map(str, plan["runs"])) or "none", ", ".join(map(str, plan["runs_that_stay"]))
    out.print(f"runs that move: {runs}" + (f"; runs that stay at another version: {stay}" if stay else ""))
    _show_fit("settled labels", plan["labels"], "go back to the queue")
    _show_fit("drafts of examples that are not settled", plan["drafts"], "are not shown to people")
    _show_fit("gold", plan["gold"], "is gold no more")
    _show_fit("drafts made elsewhere", plan["given"], "count as missing")
    out.print(
        f"{plan['waiting']:,} examples wait and are drafted under it; {plan['reviews']:,} reviews stay as they are"
    )


def _show_fit(what: str, fit: Document, otherwise: str) -> None:
    if not (fit["same"] or fit["mapped"] or fit["unfit"]):
        return
    unfit = f", [bold yellow]{fit['unfit']:,} {otherwise}[/]" if fit["unfit"] else ""
    out.print(f"{what}: {fit['same']:,} stay, {fit['mapped']:,} are mapped{unfit}", soft_wrap=True)
    for reason, count in fit["reasons"].items():
        out.print(f"  {count:,}: {escape(reason)}", soft_wrap=True)
