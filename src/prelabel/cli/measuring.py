"""The commands that say what drafts were worth: measure, compare, accepting."""

from typing import Annotated, Any, Literal

import typer

from prelabel.cli import exporting, options, screen, screen_measure, screen_money, screen_people, screen_run
from prelabel.cli.answering import answer
from prelabel.cli.console import out
from prelabel.cli.naming import ProjectOption, RunId
from prelabel.client import Client, Document, Run
from prelabel.errors import InputError
from prelabel.settings import settings

By = Literal["field", "class", "model", "prompt", "week", "run"]
CostBy = Literal["class", "model", "run"]


def measure(
    run: RunId = 0,
    by: Annotated[By | None, typer.Option(help="Divide the drafts: by field, class, model, prompt, week or run.")] = None,
    cost_by: Annotated[CostBy | None, typer.Option(help="Divide the cost: by class, model or run.")] = None,
    project: Annotated[str, typer.Option(help="Of all runs of this project; with --by or --cost-by.")] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the table as CSV; with --by or --cost-by.")] = False,
) -> None:  # fmt: skip
    """Show how good the drafts were, what they cost, and how right people were on gold."""
    if by and cost_by:
        raise InputError("give --by or --cost-by, not both")
    if (project or as_csv) and not (by or cost_by):
        raise InputError("--project and --csv go with --by or --cost-by")
    with Client.from_settings(settings()) as client:
        if by or cost_by:
            whose = f"/projects/{project}" if project else f"/runs/{exporting.newest(client, run)}"
            _show_parts(client, whose, by, cost_by, as_csv)
        else:
            _show_all(client, exporting.newest(client, run))


def _show_parts(client: Client, whose: str, by: By | None, cost_by: CostBy | None, as_csv: bool) -> None:
    path, params = (f"{whose}/ledger", {"by": by}) if by else (f"{whose}/cost/parts", {"by": cost_by})
    if as_csv:
        typer.echo(client.content(path, **params, format="csv").decode(), nl=False)
        return
    show = screen_measure.show_scores if by else screen_measure.show_cost_parts
    answer(client.get(path, **params), lambda found: show(out, found))


def _show_all(client: Client, run_id: int) -> None:
    run = client.run(run_id)
    answer(run.measure(), lambda found: _show_measures(run, found))


def _show_measures(run: Run, found: Document) -> None:
    screen.measured(out, found["outlook"], found["quality"])
    if found["quality"]["accepted"]:
        screen_measure.show_audits(out, run, found["quality"]["accepted"], found["drift"])
    screen_measure.show_calibration(out, found["calibration"])
    screen_money.show_cost(out, found["cost"])
    screen_people.list_reviewers(out, found["reviewers"])


def compare(
    first: Annotated[str, typer.Argument(help="A run; or a model or prompt version with --models or --prompts.")],
    second: Annotated[str, typer.Argument(help="The other one.")],
    models: Annotated[bool, typer.Option("--models", help="Compare two models in all runs of a project.")] = False,
    prompts: Annotated[bool, typer.Option("--prompts", help="Compare two prompt versions in all runs of a project.")] = False,
    project: ProjectOption = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many examples that only one has right are shown.")] = 10,
) -> None:  # fmt: skip
    """Say which of two runs, models or prompt versions has more drafts right on the same examples."""
    if models and prompts:
        raise InputError("give --models or --prompts, not both")
    what = "models" if models else "prompts" if prompts else "runs"
    with Client.from_settings(settings()) as client:
        params: dict[str, Any] = {what: f"{first},{second}", "limit": limit}
        if what != "runs":
            params["project"] = options.project(client, project)
        answer(client.get("/compare", **params), lambda found: screen_measure.show_comparison(out, found))


def accepting(
    run: RunId = 0,
    pause: Annotated[bool, typer.Option("--pause", help="Accept nothing more without review; drafting goes on.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Accept again; the test of the audits begins anew.")] = False,
    why: Annotated[str, typer.Option(help="With --pause: why, for others to read.")] = "paused by a lead",
) -> None:  # fmt: skip
    """Say whether a run accepts drafts without review, pause that, or resume it after an alarm."""
    if pause and resume:
        raise InputError("give --pause or --resume, not both")
    with Client.from_settings(settings()) as client:
        run_id = exporting.newest(client, run)
        if pause or resume:
            client.post(f"/runs/{run_id}/accepting", {"accepting": resume, "note": why})
        answer(client.run(run_id), lambda found: screen_run.show_run(out, found))
