"""What the command line shows of a run: how it goes, live, and what to do next."""

import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table

from prelabel.client import Client, Document
from prelabel.figures import duration, money, money_range, round_up

REFRESH_SECONDS = 1.0
NO_WORKER = "[bold white on red] NO WORKER IS RUNNING [/] [red]nothing is drafted until one is started: prelabel-worker, or prelabel up[/]"


def follow(out: Console, client: Client, run_id: int) -> None:
    """Show a run's progress until its drafting ends; Ctrl-C only stops the showing."""
    with Live(console=out, refresh_per_second=4, transient=True) as live:
        try:
            while (progress := _progress(client, run_id))["stage"] == "drafting":
                live.update(Group(*_lines(progress)))
                time.sleep(REFRESH_SECONDS)
        except KeyboardInterrupt:
            pass
    show_progress(out, client, run_id)


def show_progress(out: Console, client: Client, run_id: int) -> None:
    """How a run goes now, and what to do next."""
    run, progress = client.run(run_id), _progress(client, run_id)
    _show_head(out, run)
    for line in _lines(progress):
        out.print(line)
    _show_accepting(out, run)
    _show_hint(out, run, progress)


def show_run(out: Console, run: Document) -> None:
    """A run in a few lines, and what to do next."""
    _show_head(out, run)
    out.print("  " + ", ".join(f"{count:,} {place}" for place, count in run["places"].items() if count))
    out.print(f"  spent {money(run['spent'])}{_caps(run)}")
    _show_accepting(out, run)
    if not run["workers"] and run["stage"] == "drafting":
        out.print(f"  {NO_WORKER}")
    _show_hint(out, run, {})


def _progress(client: Client, run_id: int) -> Document:
    return dict(client.get(f"/runs/{run_id}/progress"))


def _show_head(out: Console, run: Document) -> None:
    note = f" ({escape(run['note'])})" if run["note"] else ""
    lane = ", in batches" if run["lane"] == "batch" else ""
    out.print(
        f"run {run['id']} of {run['project']}/{run['dataset']} with {escape(run['model'])}{lane}: [bold]{run['stage']}[/]{note}",
        soft_wrap=True,
    )


def _show_accepting(out: Console, run: Document) -> None:
    if not run["accepting"]:
        why = escape(run["accepting_note"] or "ask a lead why")
        out.print(
            f"  [bold red]nothing is accepted without review[/]: {why}; to go on: prelabel accepting {run['id']} --resume",
            soft_wrap=True,
        )


def _show_hint(out: Console, run: Document, progress: Document) -> None:
    hints = {
        "paused": f"prelabel resume {run['id']}",
        "over_budget": _hint_over_budget(run, progress),
        "reviewing": f"people review over the API ({run['places']['queued']:,} to go); then prelabel export {run['id']} -o labels.jsonl",
        "done": f"prelabel export {run['id']} -o labels.jsonl",
    }
    if run["stage"] in hints:
        out.print(f"  next: {hints[run['stage']]}", soft_wrap=True)


def _hint_over_budget(run: Document, progress: Document) -> str:
    """The note names the cap that stopped the run."""
    expected = progress.get("expected")
    dollars = round_up(expected["high"]) if expected else "DOLLARS"
    if run["note"].startswith("the cap of project"):
        spent, cap = progress.get("project_spent"), run["project_cap"]
        is_raised = not cap or (spent is not None and float(spent) < 0.95 * float(cap))
        raising = "" if is_raised else f"prelabel cap DOLLARS --project {run['project']}, then "
        return f"{raising}prelabel resume {run['id']}"
    return f"prelabel resume {run['id']} --cap {dollars}"


def _lines(progress: Document) -> list[RenderableType]:
    places, done, total = progress["places"], progress["drafted"], progress["examples"]
    lines: list[RenderableType] = [
        f"  {done:,} of {total:,} drafted{_pace(progress)}",
        Padding(ProgressBar(total=total, completed=done, width=60), (0, 0, 0, 2)),
        f"  {places['settled']:,} settled, {places['queued']:,} queued for people{_on_their_way(progress)}",
        f"  {_spent(progress)}",
        f"  {_calls(progress)}",
    ]
    if progress["waits_for"]:
        lines.append(f"  guarantee: waits for {escape(progress['waits_for'])}")
    if len(progress["steps"]) > 1:
        lines.append(_steps(progress))
    if not progress["workers"] and progress["stage"] == "drafting":
        lines.append(NO_WORKER)
    return [
        *lines,
        *(f"  [bold red]alarm {one['id']}[/]: {escape(one['text'])}" for one in progress["alarms"]),
    ]


def _pace(progress: Document) -> str:
    if progress["stage"] != "drafting":
        return ""
    left = progress["seconds_left"]
    ending = "nothing moves" if left is None else f"{duration(left)} left"
    return f", {progress['per_second']:,.1f} a second over the last minute, {ending}"


def _on_their_way(progress: Document) -> str:
    if progress["stage"] != "drafting":
        return ""
    workers = progress["workers"]
    return f", {progress['on_their_way']:,} on their way in {workers} worker{'' if workers == 1 else 's'}"


def _spent(progress: Document) -> str:
    said = f"spent {money(progress['spent'])}{_caps(progress)}"
    if not progress["complete"]:
        said += " and what calls of unknown price cost"
    if progress["expected"] and progress["places"]["waiting"]:
        said += f"; expected in all {money_range(progress['expected'])}, by {progress['expected_from']}"
    return said


def _caps(run: Document) -> str:
    caps = [f"{money(run['cap'])} for the run"] if run["cap"] else []
    if run["project_cap"]:
        spent = run.get("project_spent")
        caps.append(
            f"{money(run['project_cap'])} for the project"
            + (f", which has spent {money(spent)}" if spent else "")
        )
    return f" (cap: {', '.join(caps)})" if caps else ""


def _calls(progress: Document) -> str:
    """Calls and what went wrong with them; of a run that needs none, that."""
    each = progress["calls_per_example"]
    said = [f"{progress['calls']:,} calls" + (f", {each:.2f} an example" if each else "")]
    wrong = {"repairs": progress["repairs"], "drafts failed": progress["failed"]}
    said += [f"{count:,} {name}" for name, count in wrong.items() if count]
    if progress["limited"]:
        said.append(
            f"[yellow]{progress['limited']:,} met a limit of the provider, {progress['limited_last_minute']:,} in the last minute[/]"
        )
    return "; ".join(said)


def _steps(progress: Document) -> Table:
    table = Table("step", "model", "examples", "share", "calls", "repairs", "failed", "spent")
    for step in progress["steps"]:
        table.add_row(
            str(step["step"] + 1),
            escape(step["model"]),
            f"{step['drafted']:,}",
            f"{step['share']:.1%}" if step["share"] is not None else "",
            f"{step['calls']:,}",
            f"{step['repairs']:,}",
            f"{step['failed']:,}",
            money(step["dollars"]),
        )
    return table
