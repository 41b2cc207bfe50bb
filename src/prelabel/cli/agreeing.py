"""The commands about people's answers to the same examples: agreement, consensus, answers from elsewhere."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from prelabel.cli.answering import answer, is_json
from prelabel.cli.console import out
from prelabel.cli.exporting import newest
from prelabel.cli.naming import RunId
from prelabel.cli.screen import plain
from prelabel.client import Client, Document
from prelabel.settings import settings


def agreement(run: RunId = 0) -> None:
    """Show how far people agree with each other and with the model, and whether it may take a person's place."""
    with Client.from_settings(settings()) as client:
        answer(client.get(f"/runs/{newest(client, run)}/agreement"), _show_agreement)


def _show_agreement(found: Document) -> None:
    if not found["examples"]:
        out.print("No example has answers of two people yet: `submit --reviewers 2` asks for them.")
        return
    out.print(
        f"{found['examples']:,} examples with answers of two people or more, by {found['people']} people"
    )
    table = Table("field", "statistic", "people", "model with people", box=None, pad_edge=False)
    for one in found["fields"]:
        table.add_row(one["name"], one["statistic"], _shown(one["people"]), _shown(one["model"]))
    out.print(table)
    tested = found["may_replace"]
    if tested is None:
        out.print(
            f"Whether the model may take a person's place is not known: {found['why_not']}.", style="dim"
        )
    else:
        verdict = "may" if tested["passed"] else "may not"
        out.print(
            f"The model [b]{verdict}[/] take a person's place: it wins against {tested['winning_rate']:.0%} of {tested['people']} "
            f"people, and is as near to the others as one of them with a chance of {tested['advantage']:.0%}"
        )


def consensus(
    run: RunId = 0,
    with_model: Annotated[
        bool,
        typer.Option(
            "--with-model",
            help="Count each draft as one more answer, for as much as drafts prove to be worth.",
        ),
    ] = False,
    at_least: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="What is less sure than this stays with seniors, the least sure first."
        ),
    ] = 0.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many labels would change, and do nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; --json does not either.")] = False,
) -> None:
    """Settle what several people answered anew, by how good each, and the model if wanted, proves to be."""
    with Client.from_settings(settings()) as client:
        path = f"/runs/{newest(client, run)}/consensus"
        terms: Document = {"with_model": with_model, "at_least": at_least}
        if dry_run or not (yes or is_json()):
            answer(client.post(path, terms | {"dry_run": True}), _show)
            if dry_run or not typer.confirm("Do it?"):
                return
        answer(client.post(path, terms), _show)


def bring_answers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines: example, reviewer, label, seconds, comment.")],
    run: RunId = 0,
) -> None:  # fmt: skip
    """Bring in answers that people gave elsewhere; each goes through the queue like one given here."""
    with Client.from_settings(settings()) as client, file.open("rb") as opened:
        answer(client.send_file(f"/runs/{newest(client, run)}/reviews", opened), _show_brought)


def _show_brought(done: Document) -> None:
    out.print(
        f"{done['taken']:,} of {done['rows']:,} answers taken, {done['already_there']:,} were there already"
    )
    for bad in done["bad_rows"][:10]:
        out.print(f"  row {bad['row']}: {plain(bad['reason'])}", style="yellow")
    if done["bad"] > 10:
        out.print(f"  … {done['bad']:,} in all were not taken", style="yellow")


def _shown(one: Document) -> str:
    if one["value"] is None:
        return f"– (n = {one['n']:,})"
    return f"{one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f}, n = {one['n']:,})"


def _show(done: Document) -> None:
    would = "would get" if done["act"] is None else "got"
    out.print(
        f"of {done['examples']:,} examples with several answers, [b]{done['changed']:,}[/] {would} another label, and "
        f"[b]{done['settled']:,}[/] on which people disagreed {would} one without a senior"
    )
    if done["unsure"]:
        out.print(f"[b]{done['unsure']:,}[/] are too unsure and stay with seniors, the least sure first")
    if done["model"] is not None:
        out.print(
            f"its drafts are probably right in {done['model']:.0%}, by what people say of other examples"
        )
    table = Table("person", "probably right", "answers", box=None, pad_edge=False)
    for one in sorted(done["skills"], key=lambda skill: -skill["accuracy"]):
        table.add_row(plain(one["name"]), f"{one['accuracy']:.0%}", f"{one['answers']:,}")
    out.print(table)
