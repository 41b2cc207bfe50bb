"""The command line. Every command but `up`, `demo` and those that look after the database talks to a server over HTTP."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from prelabel import __version__
from prelabel.cli import (
    agreeing,
    conflicts,
    doctoring,
    examples,
    exporting,
    guarantee,
    journal,
    leading,
    measuring,
    options,
    people,
    retention,
    screen,
    screen_money,
    screen_run,
    storing,
    trying,
    watching,
)
from prelabel.cli.alarms import app as alarm_commands
from prelabel.cli.answering import App, agree, answer, answers, as_json, asks_json
from prelabel.cli.console import err, out
from prelabel.cli.naming import ProjectOption, RunId
from prelabel.cli.reviewers import app as reviewer_commands
from prelabel.cli.schema import app as schema_commands
from prelabel.cli.webhooks import app as webhook_commands
from prelabel.client import Client, Document, Quoted
from prelabel.errors import InputError, PrelabelError
from prelabel.settings import settings

app = App(
    help="Labels drafted by a model, checked by people, at a known cost.\n\n"
    "Begin with `prelabel demo`, or with `prelabel up` in one terminal and `prelabel submit FILE --schema SCHEMA` in another.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
DRAFTING, LABELS, PEOPLE, SERVER = "Draft", "Look, measure, take home", "Lead people", "Look after the server"
"""Under which heading `prelabel --help` shows a command."""


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line; an expected error is one sentence, not a traceback. With --json it is a document."""
    words = sys.argv[1:] if words is None else words
    in_json = asks_json(words)
    try:
        sys.exit(app(words, standalone_mode=not in_json) or 0)
    except PrelabelError as error:
        if in_json:
            _end(type(error).__name__, str(error), 1)
        err.print(f"[red]prelabel:[/] {screen.plain(str(error))}")
        sys.exit(1)
    except TyperException as error:
        _end("UsageError", error.format_message(), error.exit_code)
    except typer.Abort:
        _end("Aborted", "it was broken off", 1)


def _end(error: str, detail: str, code: int) -> NoReturn:
    """End with an error as a document, as the API has it."""
    typer.echo(as_json({"error": error, "detail": detail}))
    sys.exit(code)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit


@app.command(rich_help_panel=DRAFTING)
def up(
    home: Annotated[Path | None, typer.Option(help="Folder for the database, token and logs.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Worker processes; they share calls at once and limits. Usually two."),
    ] = None,
) -> None:
    """Start a server with everything in it: API, workers, SQLite. Ctrl-C ends it; nothing is lost."""
    from prelabel.operations.supervise import serving

    changes: dict[str, object] = {"home": home and home.absolute(), "port": port, "workers": workers}
    changed = {name: value for name, value in changes.items() if value}
    used = settings().model_copy(update=changed | {"url": ""})
    with serving(used) as service:
        answer(
            {"url": used.server, "home": used.home, "token_file": used.home / "token"},
            lambda _: screen.welcome(out, used),
        )
        try:
            service.watch(err.print)
        except KeyboardInterrupt:
            out.print("stopping; work in progress goes on at the next start")


@app.command(rich_help_panel=DRAFTING)
def demo(
    model: Annotated[
        str, typer.Option(help="A LiteLLM model name, or `student`, which needs no key.")
    ] = "student",
    examples: Annotated[int, typer.Option(min=1_000, max=100_000, help="How many support tickets.")] = 10_000,
    keep: Annotated[Path | None, typer.Option(help="Keep database, export and logs in this folder.")] = None,
) -> None:
    """Draft, review and export support tickets from end to end, with simulated reviewers, and print what came of it."""
    from prelabel.demo.run import play

    outcome = play(out, model, examples, keep)
    answer(outcome, lambda _: None)


@app.command(rich_help_panel=DRAFTING)
def submit(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file of any format of `prelabel formats`, also gzipped.")],
    schema: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, rich_help_panel=options.DATA, help="Label schema, YAML or JSON; not needed again for a project that has one.")] = None,
    project: Annotated[str, typer.Option(rich_help_panel=options.DATA, help="Project; without it, the file's name.")] = "",
    dataset: Annotated[str, typer.Option(rich_help_panel=options.DATA, help="Dataset; without it, the file's name.")] = "",
    file_format: exporting.ReadFormat = "",
    id_field: Annotated[str, typer.Option(rich_help_panel=options.DATA, help="Which field is the example's id.")] = "id",
    gold_field: Annotated[str, typer.Option(rich_help_panel=options.DATA, help="Which field is the known right label.")] = "gold",
    text_field: Annotated[str, typer.Option(rich_help_panel=options.DATA, help="Which field is the text, if it is not called so.")] = "",
    images: Annotated[Path | None, typer.Option(exists=True, file_okay=False, rich_help_panel=options.DATA, help="Folder of the images that rows name; they are uploaded first.")] = None,
    image_field: Annotated[str, typer.Option(rich_help_panel=options.DATA, help="Which field is an image, besides those that the schema has labels on.")] = "",
    drafts_field: Annotated[str, typer.Option(rich_help_panel=options.DATA, help="Which field has drafts made elsewhere.")] = "drafts",
    model: options.Models = ["student"],  # noqa: B006 # Typer takes the list as the default and never changes it
    take_from: options.TakeFrom = None,
    confidence: options.HowSure = None,
    samples: options.Samples = None,
    panel: options.Panel = None,
    shots: options.Shots = 0,
    per_call: options.PerCall = 1,
    lane: options.Lane = "live",
    prompt: options.PromptName = "label",
    threshold: options.Threshold = 0.9,
    calibrated: options.Calibrated = False,
    gold_target: options.GoldTarget = None,
    reviewers: options.Reviewers = 1,
    gold_share: options.GoldShare = 0.0,
    seeded_share: options.SeededShare = 0.3,
    reviewer_bar: options.ReviewerBar = None,
    audit_share: options.AuditShare = 0.0,
    accepted_target: options.AcceptedTarget = None,
    at_most_wrong: options.AtMostWrong = "",
    at_most_distance: options.AtMostDistance = "",
    surely: options.Surely = "",
    accepted_wrong: options.AcceptedWrong = "",
    audits: options.Audits = None,
    learned: options.Learned = False,
    each: options.EachSlice = "",
    looks: options.Looks = "",
    cap: options.Cap = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", rich_help_panel=options.MONEY, help="Spend without asking first.")] = False,
    follow: Annotated[bool, typer.Option(help="Show the progress until drafting ends.")] = True,
) -> None:  # fmt: skip
    """Bring a file of examples in, say what drafting it will cost, and start."""
    from prelabel.cli import upload

    body = options.run_body(
        model, take_from, confidence, samples, panel, shots, per_call, lane, prompt, threshold, calibrated,
        gold_target, cap, reviewers, gold_share, seeded_share, reviewer_bar, audit_share, accepted_target,
    )  # fmt: skip
    body["policy"] |= options.promise(
        at_most_wrong, surely, accepted_wrong, audits, learned, at_most_distance, each, looks
    )
    fields = {
        "id_field": id_field, "gold_field": gold_field, "drafts_field": drafts_field, "text_field": text_field,
        "image_field": image_field,
    }  # fmt: skip
    with Client.from_settings(settings()) as client:
        project, dataset = project or screen.slug(file), dataset or screen.slug(file)
        imported = upload.bring_in(client, project, dataset, file, file_format, schema, images, fields)
        quoted = _agree_to_cost(client, project, dataset, body, yes)
        run = client.start_run(project, dataset, **body)
        out.print(f"run {run.id}: drafting with {screen.plain(run.model)}")
        if follow:
            screen_run.follow(out, client, run.id)
        answer({"imported": imported, "quote": quoted, "run": run.refresh()}, lambda _: None)


@app.command(rich_help_panel=DRAFTING)
def quote(
    project: ProjectOption = "",
    dataset: Annotated[str, typer.Option(rich_help_panel=options.DATA, help="Dataset that is brought in already; without it, the project's only one.")] = "",
    model: options.Models = ["student"],  # noqa: B006 # as in submit
    take_from: options.TakeFrom = None,
    confidence: options.HowSure = None,
    samples: options.Samples = None,
    panel: options.Panel = None,
    shots: options.Shots = 0,
    per_call: options.PerCall = 1,
    lane: options.Lane = "live",
    prompt: options.PromptName = "label",
    threshold: options.Threshold = 0.9,
    calibrated: options.Calibrated = False,
    gold_target: options.GoldTarget = None,
    cap: options.Cap = None,
) -> None:  # fmt: skip
    """Say what drafting a dataset would cost; starts nothing, spends nothing."""
    body = options.run_body(
        model, take_from, confidence, samples, panel, shots, per_call, lane, prompt, threshold, calibrated,
        gold_target, cap,
    )  # fmt: skip
    with Client.from_settings(settings()) as client:
        project = options.project(client, project)
        dataset = dataset or options.only(client, f"/projects/{project}/datasets", "dataset", "--dataset")
        answer(client.quote(project, dataset, **body), lambda found: screen_money.show_quote(out, found))


@app.command(rich_help_panel=DRAFTING)
def cap(
    dollars: Annotated[float | None, typer.Argument(min=0, help="What all runs of the project may spend together; without it, the cap is shown.")] = None,
    project: ProjectOption = "",
    none: Annotated[bool, typer.Option("--none", help="Take the cap away.")] = False,
) -> None:  # fmt: skip
    """Cap what all runs of a project may spend together. Runs that a cap has stopped are resumed one by one."""
    if none and dollars is not None:
        raise InputError("give DOLLARS or --none, not both")
    with Client.from_settings(settings()) as client:
        project = options.project(client, project)
        path = f"/projects/{project}/cap"
        is_asked = dollars is None and not none
        found = client.get(path) if is_asked else client.put(path, {"cap": dollars})
        answer(found, lambda shown: screen_money.show_cap(out, shown))


@app.command(rich_help_panel=DRAFTING)
def status(
    run: RunId = 0,
    follow: Annotated[bool, typer.Option(help="Keep showing until drafting ends.")] = True,
) -> None:
    """Show how far a run is, how fast it goes, and what it costs."""
    with Client.from_settings(settings()) as client:
        _show_progress(client, exporting.newest(client, run), follow)


@app.command(rich_help_panel=DRAFTING)
def runs() -> None:
    """List all runs."""
    with Client.from_settings(settings()) as client:
        answers(client.runs(), lambda found: screen.list_runs(out, found))


@app.command(rich_help_panel=DRAFTING)
def pause(run: RunId = 0) -> None:
    """Stop making model calls for a run; those in flight are kept."""
    with Client.from_settings(settings()) as client:
        answer(client.post(f"/runs/{exporting.newest(client, run)}/pause"), _show_run)


@app.command(rich_help_panel=DRAFTING)
def resume(
    run: RunId = 0,
    cap: Annotated[float | None, typer.Option(min=0, help="A new cap of the run in dollars.")] = None,
) -> None:
    """Go on with a run that is paused, or that a cap has stopped."""
    with Client.from_settings(settings()) as client:
        answer(client.post(f"/runs/{exporting.newest(client, run)}/resume", {"cap": cap}), _show_run)


@app.command(rich_help_panel=DRAFTING)
def cancel(run: RunId = 0) -> None:
    """End a run's drafting for good; what is queued can still be reviewed."""
    with Client.from_settings(settings()) as client:
        answer(client.post(f"/runs/{exporting.newest(client, run)}/cancel"), _show_run)


def _agree_to_cost(client: Client, project: str, dataset: str, body: Document, yes: bool) -> Quoted | None:
    """Show the quote and, where someone sits there and money is at stake, ask. Ends the command where they decline."""
    quoted = None
    try:
        quoted = client.quote(project, dataset, **body)
    except InputError as error:
        out.print(f"[yellow]what it will cost is not known:[/] {screen.plain(str(error))}", soft_wrap=True)
    else:
        screen_money.show_quote(out, quoted)
        yes |= screen_money.is_free(quoted)
    agree("start drafting?", yes, f"nothing is started or spent; the examples stay in {project}/{dataset}")
    return quoted


def _show_progress(client: Client, run_id: int, follow: bool) -> None:
    if follow:
        screen_run.follow(out, client, run_id)
    answer(
        client.run(run_id) | {"progress": client.run(run_id).progress()},
        lambda _: None if follow else screen_run.show_progress(out, client, run_id),
    )


def _show_run(run: Document) -> None:
    screen_run.show_run(out, run)


Commands = dict[str, Callable[..., None]]
ABOUT_DRAFTING: Commands = {
    "try": trying.try_out, "trials": trying.list_trials, "prompts": trying.list_prompts, "watch": watching.watch,
}  # fmt: skip
ABOUT_LABELS: Commands = {
    "examples": examples.list_examples, "measure": measuring.measure, "compare": measuring.compare,
    "agreement": agreeing.agreement, "conflicts": conflicts.conflicts, "export": exporting.export,
    "formats": exporting.list_formats, "plan": guarantee.plan, "certificate": guarantee.certificate,
    "verify": guarantee.verify,
}  # fmt: skip
ABOUT_PEOPLE: Commands = {
    "reviews": leading.list_reviews, "requeue": leading.requeue, "assign": leading.assign,
    "prioritize": leading.prioritize, "close": leading.close, "reroute": leading.reroute,
    "accepting": measuring.accepting, "consensus": agreeing.consensus, "bring-answers": agreeing.bring_answers,
}  # fmt: skip
ABOUT_SERVER = {
    "user": people.app, "members": people.members, "schema": schema_commands, "alarms": alarm_commands,
    "webhook": webhook_commands,
}  # fmt: skip

ABOUT_STORE: Commands = {
    "journal": journal.journal, "doctor": doctoring.doctor, **storing.STORE, "retention": retention.retention, "forget": retention.forget,
}  # fmt: skip

for panel, commands in ((DRAFTING, ABOUT_DRAFTING), (LABELS, ABOUT_LABELS), (PEOPLE, ABOUT_PEOPLE)):
    for name, command in commands.items():
        app.command(name, rich_help_panel=panel)(command)
app.add_typer(reviewer_commands, name="reviewers", rich_help_panel=PEOPLE)
for name, command in ABOUT_STORE.items():
    app.command(name, rich_help_panel=SERVER)(command)
for name, group in ABOUT_SERVER.items():
    app.add_typer(group, name=name, rich_help_panel=SERVER)
