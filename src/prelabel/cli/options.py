"""The options of the command line that say how a dataset is drafted, and what they make of a run's body."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Literal

import typer

from prelabel.client import Client, Document
from prelabel.errors import InputError

DATA, DRAFTING, ACCEPTING, GUARANTEE, MONEY = "Data", "Drafting", "Accepting", "Guarantee", "Money"
Confidence = Literal["stated", "logprobs", "samples", "panel"]

Models = Annotated[list[str], typer.Option(
    "--model", rich_help_panel=DRAFTING,
    help="A LiteLLM model name; `student`, which learns from gold and needs no key; or `given/NAME` for drafts that came with "
    "the examples (`given`: the only ones). Given several times, a cascade in this order: each next one is asked only where "
    "those before it were not sure.",
)]  # fmt: skip
TakeFrom = Annotated[float | None, typer.Option(
    min=0, max=1, rich_help_panel=DRAFTING,
    help="Of a cascade: the confidence from which the draft of an earlier model is taken; without it, the threshold.",
)]  # fmt: skip
HowSure = Annotated[Confidence | None, typer.Option(
    "--confidence", rich_help_panel=DRAFTING, show_default="stated",
    help="How a model's confidence is had: as it states it, from the probabilities of its tokens, from the agreement of "
    "several samples, or from that of a panel of models.",
)]  # fmt: skip
Samples = Annotated[int | None, typer.Option(
    min=2, max=50, rich_help_panel=DRAFTING, show_default="5", help="How many answers confidence `samples` compares.",
)]  # fmt: skip
Panel = Annotated[list[str] | None, typer.Option(
    metavar="MODEL", rich_help_panel=DRAFTING, help="A further model of confidence `panel`; may be given several times.",
)]  # fmt: skip
Shots = Annotated[int, typer.Option(
    min=0, max=50, rich_help_panel=DRAFTING, help="How many settled examples a model is shown with each question.",
)]  # fmt: skip
PerCall = Annotated[int, typer.Option(
    min=1, max=50, rich_help_panel=DRAFTING, help="How many examples a model is asked about at once.",
)]  # fmt: skip
Lane = Annotated[Literal["live", "batch"], typer.Option(
    rich_help_panel=DRAFTING,
    help="Call by call, or by the provider's batch endpoint: within a day, at about half the price.",
)]  # fmt: skip
PromptName = Annotated[str, typer.Option(
    "--prompt", rich_help_panel=DRAFTING, help="A prompt file, FILE.md; or the name of a prompt that ships, or how the digest "
    "of one begins that the project has used (prelabel prompts).",
)]  # fmt: skip
Threshold = Annotated[float, typer.Option(
    min=0, max=1, rich_help_panel=ACCEPTING, help="Drafts with at least this confidence are accepted.",
)]  # fmt: skip
Calibrated = Annotated[bool, typer.Option(
    rich_help_panel=ACCEPTING, help="Calibrate confidence on the gold first.",
)]  # fmt: skip
GoldTarget = Annotated[float | None, typer.Option(
    rich_help_panel=ACCEPTING, help="Accept nothing where gold accuracy is not surely this high.",
)]  # fmt: skip
Reviewers = Annotated[int, typer.Option(
    min=1, max=50, rich_help_panel=ACCEPTING,
    help="How many people answer an example that is not accepted; what they disagree on goes to a senior.",
)]  # fmt: skip
GoldShare = Annotated[float, typer.Option(
    min=0, max=0.5, rich_help_panel=ACCEPTING,
    help="Share of the review queue that is gold, mixed in unseen, to measure the people by.",
)]  # fmt: skip
SeededShare = Annotated[float, typer.Option(
    min=0, max=1, rich_help_panel=ACCEPTING,
    help="Share of that gold whose draft is shown wrong, to see whether it is found.",
)]  # fmt: skip
ReviewerBar = Annotated[float | None, typer.Option(
    min=0.01, max=0.99, rich_help_panel=ACCEPTING,
    help="Pause people who are surely right on less than this share of gold, or find less of the planted faults.",
)]  # fmt: skip
AuditShare = Annotated[float, typer.Option(
    min=0, max=0.5, rich_help_panel=ACCEPTING,
    help="Share of the drafts that would be accepted which people answer all the same, drawn at random, to know how many are wrong.",
)]  # fmt: skip
AcceptedTarget = Annotated[float | None, typer.Option(
    rich_help_panel=ACCEPTING,
    help="Pause accepting once audits show that less than this share of it is right; without it, once they show that it has become less.",
)]  # fmt: skip
AtMostWrong = Annotated[str, typer.Option(
    rich_help_panel=GUARANTEE, metavar="SHARE",
    help="The guarantee: at most this share of all labels is wrong, as in 5%. No threshold then: people answer an audit "
    "sample, and what it shows decides what is accepted (docs/guarantee.md).",
)]  # fmt: skip
Surely = Annotated[str, typer.Option(
    rich_help_panel=GUARANTEE, metavar="CHANCE", show_default="95%", help="How sure the guarantee is to hold.",
)]  # fmt: skip
AcceptedWrong = Annotated[str, typer.Option(
    rich_help_panel=GUARANTEE, metavar="SHARE",
    help="Beside it: at most this share of the labels that nobody reviewed is wrong.",
)]  # fmt: skip
AtMostDistance = Annotated[str, typer.Option(
    rich_help_panel=GUARANTEE, metavar="DISTANCE",
    help="In place of --at-most-wrong, where labels can be a little wrong (ratings, numbers, spans, boxes, texts): the mean distance "
    "of all labels from right ones is at most this, from 0 to 1, as in 0.05.",
)]  # fmt: skip
Looks = Annotated[str, typer.Option(
    rich_help_panel=GUARANTEE, metavar="N|every", show_default="1",
    help="Ask for the audits in so many parts, each once the one before is answered, so that they can be ended early by "
    "`prelabel certificate --now`; `every`: as many as there can be. Costs a little of what is accepted at the end.",
)]  # fmt: skip
EachSlice = Annotated[str, typer.Option(
    "--each", rich_help_panel=GUARANTEE, metavar="FIELD|meta.KEY",
    help="Promise it for each slice by itself, all at once: by the class that drafts give a field, or by a key of `meta`. Takes more "
    "audits: each slice has its own.",
)]  # fmt: skip
Audits = Annotated[int | None, typer.Option(
    min=1, rich_help_panel=GUARANTEE, show_default="as many as are planned", help="How many drafts are audited.",
)]  # fmt: skip
Learned = Annotated[bool, typer.Option(
    rich_help_panel=GUARANTEE,
    help="Rank drafts by what people's answers so far teach about them, not by confidence alone: accepts more, but people "
    "answer some before the audit.",
)]  # fmt: skip
Cap = Annotated[float | None, typer.Option(
    min=0, rich_help_panel=MONEY, help="Dollars that the run may spend at most.",
)]  # fmt: skip


def promise(
    at_most_wrong: str,
    surely: str,
    accepted_wrong: str,
    audits: int | None,
    learned: bool,
    at_most_distance: str = "",
    each: str = "",
    looks: str = "",
) -> Document:
    """What of a policy the guarantee is; nothing where none is asked for. Raises InputError."""
    if at_most_wrong and at_most_distance:
        raise InputError("--at-most-wrong and --at-most-distance are two promises: choose one")
    if not (at_most_wrong or at_most_distance):
        if surely or accepted_wrong or audits or learned or each or looks:
            raise InputError(
                "--surely, --accepted-wrong, --audits, --learned, --each and --looks go with --at-most-wrong SHARE or --at-most-distance"
            )
        return {}
    if at_most_distance and accepted_wrong:
        raise InputError("--accepted-wrong counts wrong labels: it goes with --at-most-wrong alone")
    policy: Document = {
        "rule": "guarantee",
        "epsilon": share("--at-most-wrong", at_most_wrong)
        if at_most_wrong
        else share("--at-most-distance", at_most_distance),
        "audits": audits or "auto",
        "uncertainty": "learned" if learned else "confidence",
    }
    policy |= {"alpha": round(1 - share("--surely", surely), 12)} if surely else {}
    policy |= {"delta": share("--accepted-wrong", accepted_wrong)} if accepted_wrong else {}
    policy |= {"loss": "distance"} if at_most_distance else {}
    policy |= {"slices": each} if each else {}
    return policy | ({"looks": _looks(looks)} if looks else {})


def _looks(said: str) -> int | str:
    if said == "every":
        return said
    if not said.isdecimal() or not 1 <= int(said) <= 50:
        raise InputError(f"--looks: {said!r} is neither a number from 1 to 50 nor `every`")
    return int(said)


def share(option: str, said: str) -> float:
    """A share as people write it, 5% or 0.05. Raises InputError unless it lies between 0 and 1."""
    text = said.strip()
    try:
        number = Decimal(text.removesuffix("%").strip())
        found = float(number / 100 if text.endswith("%") else number)
    except InvalidOperation:
        found = 0.0
    if not 0 < found < 1:
        raise InputError(f"{option}: {said!r} is no share between 0 and 1: write it as 5% or 0.05")
    return found


def project(client: Client, name: str) -> str:
    """The project's name, or that of the only one there is. Raises InputError."""
    return name or only(client, "/projects", "project", "--project")


def only(client: Client, path: str, what: str, option: str) -> str:
    """The name of the only one there is. Raises InputError where there are none or several."""
    names = [str(item["name"]) for item in client.items(path)]
    if not names:
        raise InputError(
            f"there is no {what} yet: bring examples in with `prelabel submit FILE --schema SCHEMA`"
        )
    if len(names) > 1:
        raise InputError(f"there are several, say which {what} with {option}: {', '.join(names)}")
    return names[0]


def run_body(
    models: list[str],
    take_from: float | None,
    confidence: Confidence | None,
    samples: int | None,
    panel: list[str] | None,
    shots: int,
    per_call: int,
    lane: str,
    prompt: str,
    threshold: float,
    calibrated: bool,
    gold_target: float | None,
    cap: float | None,
    reviewers: int = 1,
    gold_share: float = 0.0,
    seeded_share: float = 0.3,
    reviewer_bar: float | None = None,
    audit_share: float = 0.0,
    accepted_target: float | None = None,
) -> Document:
    """The body of POST …/runs and …/quotes. Raises InputError where options do not go together."""
    _check(models, take_from, confidence, samples, panel)
    how = confidence or ("panel" if panel else "samples" if samples else "stated")
    asked: Document = {"confidence": how, "panel": panel or [], "shots": shots, "per_call": per_call}
    asked |= {"samples": samples} if samples else {}
    steps: list[Document] = [{"model": model} | _asked(model, asked) for model in models]
    if take_from is not None:
        steps = [step | {"take_from": take_from} for step in steps[:-1]] + steps[-1:]
    policy = {
        "threshold": threshold,
        "confidence": "calibrated" if calibrated else "raw",
        "gold_target": gold_target,
        "reviewers": reviewers,
        "gold_share": gold_share,
        "seeded_share": seeded_share,
        "reviewer_bar": reviewer_bar,
        "audit_share": audit_share,
        "accepted_target": accepted_target,
    }
    return {"steps": steps, "lane": lane, "prompt": _prompt(prompt), "policy": policy, "cap": cap}


def named_prompt(known: Sequence[Document], name: str) -> Document:
    """The prompt of this name, or whose digest begins so. Raises InputError."""
    found = [one for one in known if name == one["name"] or one["digest"].startswith(name)]
    if not found:
        raise InputError(f"there is no prompt {name!r}: prelabel prompts lists those that there are")
    return found[0]


def _prompt(named: str) -> str:
    """What a prompt file holds, or a name as it is."""
    if not named.endswith(".md"):
        return named
    try:
        return Path(named).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--prompt {named}: {error}") from error


def _asked(model: str, asked: Document) -> Document:
    """What of the options a model takes: the student none, drafts that were brought in a panel of such."""
    if model == "student":
        return {}
    if not _is_given(model):
        return asked
    panel = asked["panel"]
    return {"confidence": "panel", "panel": panel} if panel and all(map(_is_given, panel)) else {}


def _is_given(model: str) -> bool:
    return model.split("/", maxsplit=1)[0] == "given"


def _check(
    models: list[str],
    take_from: float | None,
    confidence: Confidence | None,
    samples: int | None,
    panel: list[str] | None,
) -> None:
    if take_from is not None and len(models) < 2:
        raise InputError(
            "--take-from is for a cascade: name a further --model, to be asked where the first is not sure"
        )
    if samples and confidence not in (None, "samples"):
        raise InputError(f"--samples goes with --confidence samples, not {confidence}")
    if panel and confidence not in (None, "panel"):
        raise InputError(f"--panel goes with --confidence panel, not {confidence}")
    if samples and panel:
        raise InputError("--samples and --panel are two ways to have confidence: choose one")
    if confidence == "panel" and not panel:
        raise InputError("--confidence panel needs --panel MODEL, once for each further model")
