"""The commands that take labels home, and the formats they come in."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from prelabel import formats
from prelabel.cli import certified, screen
from prelabel.cli.answering import answer, answers, is_json
from prelabel.cli.console import err, out
from prelabel.cli.naming import RunId
from prelabel.client import Client, Document
from prelabel.errors import InputError
from prelabel.examples.splits import read_shares
from prelabel.settings import settings

DATA, SELECTING = "Data", "Selecting"


def _listed(attribute: str) -> str:
    """All formats that are read, or written, with what each is for, one a line."""
    names = [name for name, module in formats.known().items() if hasattr(module, attribute)]
    return "\n\n".join(f"{name}: {formats.about(name).purpose}" for name in names)


ReadFormat = Annotated[str, typer.Option(
    "--format", rich_help_panel=DATA,
    help=f"Without it, as the file's name says. One of:\n\n{_listed('read')}",
)]  # fmt: skip


def newest(client: Client, run_id: int) -> int:
    """The run that is meant: the one given, or else the newest. Raises InputError where there is none."""
    if run_id:
        return run_id
    found = [int(run["id"]) for run in client.items("/runs")]
    if not found:
        raise InputError("there is no run yet: start one with `prelabel submit FILE --schema SCHEMA`")
    return max(found)


def list_formats() -> None:
    """List the file formats: which are read and written, what each can hold, and what it is for."""
    found = [asdict(formats.about(name)) for name in formats.known()]
    answers(found, lambda shown: screen.list_formats(out, shown))


def export(
    run: RunId = 0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write, or with --split a folder, which gets a file for each part; without it, standard output.")] = None,
    file_format: Annotated[str, typer.Option("--format", help=f"One of:\n\n{_listed('write')}")] = "jsonl",
    everything: Annotated[bool, typer.Option("--all", help="Also examples that have no label yet.")] = False,
    certificate: Annotated[Literal["beside", "inline", "none"], typer.Option(help="Of a run with a guarantee, in JSONL: write its certificate into a file beside the labels, or as their last line.")] = "beside",
    where: Annotated[str, typer.Option(rich_help_panel=SELECTING, help="Only examples for which this holds: \"confidence > 0.9 and topic != 'spam'\".")] = "",
    balance: Annotated[str, typer.Option(rich_help_panel=SELECTING, help="A field: at most as many of each of its classes as of the rarest.")] = "",
    weight: Annotated[str, typer.Option(rich_help_panel=SELECTING, help="Adds a weight: \"0.5 + 0.5 * confidence * (rating / 5)\".")] = "",
    split: Annotated[str, typer.Option(rich_help_panel=SELECTING, help="Adds the part each is in, near-duplicates together: shares of train, validation and perhaps test, as in 0.8/0.1/0.1.")] = "",
    part: Annotated[str, typer.Option(rich_help_panel=SELECTING, help="Only this part of the split.")] = "",
    seed: Annotated[int, typer.Option(rich_help_panel=SELECTING, help="Another seed balances and splits otherwise.")] = 0,
) -> None:  # fmt: skip
    """Take the labels home as a file, each with where it came from."""
    asked = {"where": where, "balance": balance, "weight": weight, "split": split, "part": part, "seed": seed}
    selection: dict[str, Any] = {name: value for name, value in asked.items() if value}
    include = "all" if everything else "settled"
    with Client.from_settings(settings()) as client:
        run_id = newest(client, run)
        held = _certificate(client, run_id, file_format, selection, certificate)
        include = "all" if held else include
        if certificate == "inline":
            selection["certificate"] = "inline"
        if output is None and is_json():
            raise InputError(
                "--json says what was written: name the file with --output, which has the labels"
            )
        if output is None:
            for chunk in client.export(run_id, file_format, include, **selection):
                sys.stdout.buffer.write(chunk)
            return
        for path, chosen in _files(output, file_format, selection):
            client.run(run_id).export(path, file_format, include, **chosen)
            if held and certificate == "beside":
                certified.beside(path).write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n")
                err.print(
                    f"{certified.beside(path)}: its certificate (prelabel verify {path})", soft_wrap=True
                )
        selection.pop("certificate", None)
        found = client.export_report(run_id, file_format, include, **selection)
        written = {"run": run_id, "output": output, "report": found}
        answer(written, lambda _: screen.exported(err, client.run(run_id), output, everything, found))


def _certificate(
    client: Client, run_id: int, file_format: str, selection: dict[str, Any], wish: str
) -> Document | None:
    """The certificate that goes with the file; None where none does, with a word on why where one could be expected."""
    is_promised = client.run(run_id)["policy"]["rule"] == "guarantee"
    if wish == "none" or not is_promised:
        return None
    if file_format != "jsonl" or selection:
        err.print(
            "no certificate goes with this file: it is about all labels of the run, in JSONL", soft_wrap=True
        )
        return None
    found = client.certificate(run_id)
    if found["certificate"] is None and found["waits_for"]:
        err.print(f"no certificate yet: it waits for {screen.plain(found['waits_for'])}", soft_wrap=True)
    held: Document | None = found["certificate"]
    return held


def _files(output: Path, file_format: str, selection: dict[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
    """The files to write, each with what it takes: one, or one for each part of a split where a folder is named."""
    if not output.is_dir() and not str(output).endswith("/") and output.suffix:
        return [(output, selection)]
    parts = [] if "part" in selection else list(read_shares(selection.get("split", "")))
    if not parts and output.is_dir():
        raise InputError(f"{output} is a folder: name a file in it, or split the examples with --split")
    if not parts:
        return [(output, selection)]
    output.mkdir(parents=True, exist_ok=True)
    end = formats.suffix(file_format)
    return [(output / f"{part}.{end}", selection | {"part": part}) for part in parts]
