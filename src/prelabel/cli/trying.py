"""Commands that try a prompt out on a few examples, before anything big is started."""

import time
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table

from prelabel.canonical import canonical
from prelabel.cli import options
from prelabel.cli.answering import agree, answer, answers
from prelabel.cli.console import out
from prelabel.cli.naming import ProjectOption
from prelabel.cli.screen import plain
from prelabel.client import Client, Document
from prelabel.figures import money, money_range, share
from prelabel.settings import settings

REFRESH_SECONDS = 0.5
DatasetOption = Annotated[str, typer.Option(
    "--dataset", rich_help_panel=options.DATA, help="Dataset; without it, the project's only one.",
)]  # fmt: skip


def try_out(
    project: ProjectOption = "",
    dataset: DatasetOption = "",
    model: options.Models = ["student"],  # noqa: B006 # as in submit
    take_from: options.TakeFrom = None,
    confidence: options.HowSure = None,
    samples: options.Samples = None,
    panel: options.Panel = None,
    shots: options.Shots = 0,
    per_call: options.PerCall = 1,
    prompt: options.PromptName = "label",
    examples: Annotated[int, typer.Option(min=1, max=20, rich_help_panel=options.DATA, help="How many examples, those whose label is known first.")] = 5,
    example: Annotated[list[str] | None, typer.Option(metavar="ID", rich_help_panel=options.DATA, help="An example by its id, in place of those; may be given several times.")] = None,
    cap: Annotated[float, typer.Option(min=0, rich_help_panel=options.MONEY, help="Dollars that may be spent at most.")] = 1.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", rich_help_panel=options.MONEY, help="Spend without asking first.")] = False,
) -> None:  # fmt: skip
    """Draft a few examples to see what a prompt makes of them and what it costs. Nobody reviews them, none becomes a label."""
    body = options.run_body(
        model, take_from, confidence, samples, panel, shots, per_call, "live", prompt, 0.9, False, None, cap
    )
    asked = {"steps": body["steps"], "prompt": body["prompt"], "cap": cap, "examples": example or examples}
    with Client.from_settings(settings()) as client:
        project = options.project(client, project)
        dataset = dataset or options.only(client, f"/projects/{project}/datasets", "dataset", "--dataset")
        path = f"/projects/{project}/datasets/{dataset}/trials"
        _agree(client.post(f"{path}/quotes", asked), cap, yes)
        answer(_follow(client, client.post(path, asked)["id"]), lambda found: out.print(_report(found)))


def list_trials(project: ProjectOption = "") -> None:
    """List what was tried out in a project, the newest first, so that prompts can be held against each other."""
    with Client.from_settings(settings()) as client:
        found = client.items(f"/projects/{options.project(client, project)}/trials")
        answers(found, lambda trials: out.print(_listed(trials)))


def list_prompts(
    name: Annotated[str, typer.Argument(help="How the digest of one begins, or its name: print its text, to begin with.")] = "",
    project: ProjectOption = "",
) -> None:  # fmt: skip
    """List the prompts to begin with: those that ship, and those that a project has used."""
    with Client.from_settings(settings()) as client:
        known = list(client.items(f"/projects/{options.project(client, project)}/prompts"))
        if name:
            answer(options.named_prompt(known, name), lambda found: typer.echo(found["text"], nl=False))
        else:
            answers(known, lambda found: out.print(_known(found)))


def _agree(quote: Document, cap: float, yes: bool) -> None:
    """Say what a trial will cost and, where someone sits there and money is at stake, ask. Ends the command where they decline."""
    most = min(float(quote["most"]), cap)
    out.print(
        f"trying {quote['examples']} examples: {money_range(quote['dollars'])}, at most {money(most)}",
        soft_wrap=True,
    )
    for note in quote["notes"]:
        out.print(f"  [dim]{plain(note)}[/]", soft_wrap=True)
    agree("try them?", yes or not most, "nothing is started or spent")


def _follow(client: Client, trial_id: int) -> Document:
    """Show the drafts as they come, until the last is there; Ctrl-C ends the trial, not only the showing."""
    with Live(console=out, refresh_per_second=4, transient=True) as live:
        try:
            while (found := dict(client.get(f"/trials/{trial_id}")))["stage"] == "drafting":
                live.update(_report(found))
                time.sleep(REFRESH_SECONDS)
        except KeyboardInterrupt:
            found = dict(client.post(f"/trials/{trial_id}/cancel"))
    return found


def _report(trial: Document) -> RenderableType:
    table = Table("example", "draft", "confidence", "known", "right", "cost", "seconds", title_justify="left")
    table.title = (
        f"trial {trial['id']}: prompt {plain(trial['prompt'])} {trial['digest'][:12]}, {trial['stage']}"
    )
    for one in trial["tried"]:
        draft = f"[red]{plain(one['failure'])}[/]" if one["failure"] else _label(one["draft"])
        sure = "" if one["confidence"] is None else f"{one['confidence']:.2f}"
        known = f"{_label(one['known'])} ({one['known_from']})" if one["known"] else ""
        right = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[one["right"]]
        cost = "free" if not one["calls"] else "?" if one["dollars"] is None else money(one["dollars"])
        table.add_row(plain(one["example"]), draft, sure, known, right, cost, f"{one['seconds']:.1f}")
    return Group(table, *_sums(trial))


def _sums(trial: Document) -> list[str]:
    lines = [f"  right: {share(trial['right'])}"] if trial["right"]["n"] else []
    lines.append(
        f"  spent: {money(trial['spent'])}{'' if trial['complete'] else ', and calls of unknown price'}"
    )
    if trial["whole"] is not None:
        lines.append(f"  all {trial['dataset_examples']:,} examples at that price: {money(trial['whole'])}")
    lines += [f"  [yellow]{plain(trial['note'])}[/]"] if trial["note"] else []
    return [*lines, f"  with this prompt: prelabel submit FILE --prompt {trial['digest'][:12]}"]


def _listed(trials: list[Document]) -> RenderableType:
    table = Table("trial", "dataset", "prompt", "model", "examples", "right", "spent", "an example")
    for one in trials:
        model = " > ".join(step["model"] for step in one["steps"])
        price = "" if one["per_example"] is None else money(one["per_example"])
        table.add_row(
            str(one["id"]), one["dataset"], f"{plain(one['prompt'])} {one['digest'][:12]}", plain(model),
            str(one["examples"]), f"{one['right']['right']} of {one['right']['n']}", money(one["spent"]), price,
        )  # fmt: skip
    return table


def _known(prompts: list[Document]) -> RenderableType:
    table = Table("prompt", "digest", "ships", "runs", "trials", "what it is for")
    for one in prompts:
        users = (", ".join(map(str, one[what])) for what in ("runs", "trials"))
        ships = "yes" if one["ships"] else ""
        table.add_row(plain(one["name"]), one["digest"][:12], ships, *users, plain(one["description"]))
    return table


def _label(label: Document | None) -> str:
    """One value by itself, or each after its field."""
    if not label:
        return ""
    shown = {name: value if isinstance(value, str) else canonical(value) for name, value in label.items()}
    return plain(
        ", ".join(shown.values() if len(shown) == 1 else (f"{name}: {one}" for name, one in shown.items()))
    )
