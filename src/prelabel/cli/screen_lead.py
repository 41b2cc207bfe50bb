"""What the terminal shows of acts on many examples, and of single answers."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prelabel.cli.screen import shown_label
from prelabel.client import Document


def show_done(out: Console, done: Document) -> None:
    """How many examples an act is about, and why others are left alone."""
    would = "would be" if done["act"] is None else "were"
    out.print(f"[b]{done['examples']:,}[/] {_examples(done['examples'])} {would} moved")
    _show_left(out, done)


def show_rerouted(out: Console, done: Document) -> None:
    """What another policy moves."""
    would = "would be" if done["act"] is None else "were"
    out.print(
        f"[b]{done['accepted']:,}[/] {_examples(done['accepted'])} {would} accepted without review, "
        f"[b]{done['queued']:,}[/] sent to people, [b]{done['asked']:,}[/] asked about on other terms"
    )
    if answers := done["answers"]:
        out.print(
            f"people {'would be' if done['act'] is None else 'are'} asked for [b]{abs(answers):,}[/] "
            f"{'fewer' if answers < 0 else 'more'} {'answer' if abs(answers) == 1 else 'answers'}"
        )
    _show_left(out, done)


def list_reviews(out: Console, reviews: list[Document]) -> None:
    """Single answers, one a row."""
    if not reviews:
        out.print("No answer is as asked for.")
        return
    table = Table("example", "who", "verdict", "answer", "labeled now", "comment", box=None, pad_edge=False)
    for one in reviews:
        differs = one["apart"] is not None and one["apart"] > 0
        verdict = one["verdict"] + (", taken back" if one["is_undone"] else "")
        settled = escape(shown_label(one["settled"])) if one["settled"] else "–"
        table.add_row(
            escape(one["example_id"]), escape(one["reviewer"]), verdict,
            escape(shown_label(one["label"])) if one["label"] else "–",
            f"[yellow]{settled}[/]" if differs else settled, escape(one["comment"]),
        )  # fmt: skip
    out.print(table)


def _examples(count: int) -> str:
    return "example" if count == 1 else "examples"


def _show_left(out: Console, done: Document) -> None:
    for why, count in sorted(done["left"].items(), key=lambda pair: -pair[1]):
        out.print(f"  {count:,} left alone: {why}", style="dim")
