"""`prelabel doctor`: what is wrong with this installation, and how it is mended."""

from dataclasses import asdict

import typer

from prelabel.cli.answering import answers
from prelabel.cli.console import out
from prelabel.cli.screen import plain
from prelabel.client import Document

MARKS = {"ok": "[green]ok     [/]", "warning": "[yellow]warning[/]", "fault": "[red]fault  [/]"}


def doctor() -> None:
    """Look at this installation from within and say what is wrong, each with its remedy; 1 where anything is at fault.

    Run it with the settings and keys of a worker, as in: docker compose exec worker prelabel doctor
    """
    from prelabel.doctor import Patient, examine, settings_of

    used = settings_of()
    found = used if isinstance(used, list) else examine(Patient(used))
    answers([asdict(finding) for finding in found], _show)
    if any(finding.state == "fault" for finding in found):
        raise typer.Exit(1)


def _show(findings: list[Document]) -> None:
    for one in findings:
        out.print(f"{MARKS[one['state']]} {one['about']:<9} {plain(one['says'])}", soft_wrap=True)
        if one["remedy"]:
            out.print(f"{'':<18}[bold]{plain(one['remedy'])}[/]", soft_wrap=True)
