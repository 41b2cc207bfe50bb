"""`prelabel doctor`: what is wrong with this installation, and how it is mended."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from prelabel.cli.console import out
from prelabel.cli.screen import plain

MARKS = {"ok": "[green]ok     [/]", "warning": "[yellow]warning[/]", "fault": "[red]fault  [/]"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print all findings as JSON.")] = False,
) -> None:
    """Look at this installation from within and say what is wrong, each with its remedy; 1 where anything is at fault.

    Run it with the settings and keys of a worker, as in: docker compose exec worker prelabel doctor
    """
    from prelabel.doctor import Patient, examine, settings_of

    used = settings_of()
    found = used if isinstance(used, list) else examine(Patient(used))
    if as_json:
        print(json.dumps([asdict(finding) for finding in found], indent=2))  # noqa: T201 # for programs, as it is
    else:
        for finding in found:
            out.print(f"{MARKS[finding.state]} {finding.about:<9} {plain(finding.says)}", soft_wrap=True)
            if finding.remedy:
                out.print(f"{'':<18}[bold]{plain(finding.remedy)}[/]", soft_wrap=True)
    if any(finding.state == "fault" for finding in found):
        raise typer.Exit(1)
