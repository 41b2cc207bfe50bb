"""What the command line shows of people, made from the API's answers."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prelabel.client import Document
from prelabel.figures import share


def plain(text: str) -> str:
    """Text that is shown as it is, brackets and all."""
    return escape(text)


def list_reviewers(out: Console, people: list[Document]) -> None:
    """How right, careful and fast people are, a block each; nothing where nobody has answered."""
    for one in people:
        table = Table(title=plain(one["name"]), title_justify="left", show_header=False)
        table.add_row("answers", f"{one['answers']:,}")
        for title, name in (
            ("right on gold", "gold"),
            ("  where the draft was right", "checks"),
            ("  where the draft missed", "missed"),
            ("planted faults found", "planted"),
            ("as the senior settled", "agreed"),
            ("drafts confirmed", "confirmed"),
        ):
            if one[name]["n"]:
                table.add_row(title, share(one[name]))
        table.add_row("seconds an answer (median)", _estimate(one["seconds"], 1))
        table.add_row("answers in an hour of work", _estimate(one["per_hour"], 0))
        if one["remark"]:
            table.add_row("[red]mind[/]", f"[red]{plain(one['remark'])}[/]")
        if one["is_paused"]:
            last = one["pauses"][-1]
            by = f"by {last['by']}" if last["by"] else "by the bar"
            table.add_row(
                "[red]paused[/]", f"{by}, {last['at'][:16].replace('T', ' ')} UTC: {plain(last['why'])}"
            )
        out.print(table)


def _estimate(figure: Any, digits: int) -> str:
    if not figure:
        return "none yet"
    value, low, high = (f"{figure[end]:,.{digits}f}" for end in ("value", "low", "high"))
    return f"{value} ({low} to {high}, n = {figure['n']:,})"
