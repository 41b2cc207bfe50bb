"""What the command line shows of money: quotes, caps, accounts."""

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from prelabel.client import Document
from prelabel.figures import count_range, money, money_range


def show_quote(out: Console, quote: Document) -> None:
    """What a run would cost, and how that is known."""
    table = Table(
        "step", Column("model", overflow="fold"), "examples", "tokens in", "tokens out", "expected",
        title=f"quote for {quote['examples']:,} examples, from {quote['sampled']:,} drawn at random", title_justify="left",
    )  # fmt: skip
    for model in quote["models"]:
        table.add_row(*_quoted(model, quote["examples"]))
    out.print(table)
    hand = quote["by_hand"]
    facts = {
        "expected": f"[bold]{money_range(quote['dollars'])}[/], {money(quote['per_example'])} an example",
        "at most": f"{money(quote['most'])}, if every example takes every step, a repair and the longest answer",
        "by hand": f"{money(hand['dollars'])}, {money(hand['per_example'])} an example ({hand['basis']})",
        **_paid(quote),
        "price": "; ".join(dict.fromkeys(map(_price, _asked(quote)))) or "nothing, no provider is asked",
    }
    for name, said in facts.items():
        out.print(f"  {name:<9} {said}", soft_wrap=True)
    for note in [*_origins(quote), *quote["notes"]]:
        out.print(f"  [dim]{escape(note)}[/]", soft_wrap=True)


def is_free(quote: Document) -> bool:
    """Whether nothing can be spent."""
    return float(quote["most"]) == 0


def show_cap(out: Console, cap: Document) -> None:
    """A project's cap, and the runs that wait for someone to resume them."""
    said = (
        f"all runs together may spend {money(cap['cap'])}"
        if cap["cap"]
        else "there is no cap on all runs together"
    )
    out.print(f"project {cap['project']}: {said}; spent so far {money(cap['spent'])}")
    if cap["cap"] and float(cap["cap"]) <= float(cap["spent"]):
        out.print("  [bold yellow]this is spent already: no run makes a further call[/]")
    for run in cap["stopped_runs"]:
        out.print(f"  run {run} was stopped by a cap and does not go on by itself: prelabel resume {run}")


def show_cost(out: Console, cost: Document) -> None:
    """What a run's labels cost, and what the money went to."""
    table = Table(
        title="cost" + ("" if cost["complete"] else " (a lower bound: some calls have no known price)"),
        show_header=False,
    )
    table.add_row("model", f"{money(cost['model_dollars'])} for {cost['calls']:,} calls")
    if cost["quoted"]:
        table.add_row("  as quoted", money_range(cost["quoted"]))
    for name, parts in cost["parts"].items():
        if len(parts) > 1:
            table.add_row(f"  {name.replace('_', ' ')}", _parts(parts))
    table.add_row(
        "people",
        f"{money(cost['people_dollars'])} for {cost['review_seconds'] / 3600:.1f} h, {cost['reviews']:,} reviews",
    )
    table.add_row(
        "per example", money(cost["per_example"]) if cost["per_example"] else "nothing is settled yet"
    )
    if cost["model_per_accepted"] is not None:
        table.add_row("model, per label accepted", money(cost["model_per_accepted"]))
    if cost["saved"] is not None:
        table.add_row("per example by hand", money(cost["by_hand_per_example"]))
        table.add_row("saved", f"{cost['saved']:.0%}")
    out.print(table)


def _quoted(model: Document, examples: int) -> tuple[str, ...]:
    if not model["calls_per_example"]:
        reached = count_range(model["reached"], examples)
        return (str(model["step"] + 1), escape(model["model"]), reached, "", "", "free")
    calls = model["calls_per_example"]
    return (
        str(model["step"] + 1),
        escape(model["model"]) + (f" × {calls:g}" if calls != 1 else ""),
        count_range(model["reached"], examples),
        f"{model['tokens_in']['mean']:,.0f}",
        count_range(model["tokens_out"]),
        money_range(model["dollars"]),
    )


def _paid(quote: Document) -> dict[str, str]:
    """How much of the sample costs nothing, where some of it does."""
    paid = [
        f"{model['paid']['right']:,} of {model['paid']['n']:,} drawn have their answer of {escape(model['model'])}"
        for model in quote["models"]
        if model["paid"]["right"]
    ]
    return {"paid": "; ".join(paid) + " from before"} if paid else {}


def _price(model: Document) -> str:
    price = model["price"]
    rates = f"{money(price['into'])} in, {money(price['out'])} out per million tokens"
    return f"{escape(model['model'])} {rates}, by {escape(price['source'])}"


def _asked(quote: Document) -> list[Document]:
    """The models that cost something: neither the student nor drafts that were brought in."""
    return [model for model in quote["models"] if model["calls_per_example"]]


def _origins(quote: Document) -> list[str]:
    """How the length of answers and the reach of steps are known."""
    said = [f"tokens out of {model['model']}: from {model['tokens_out_from']}" for model in _asked(quote)]
    return said + [
        f"examples of step {model['step'] + 1}: {model['reached_from']}"
        for model in quote["models"]
        if model["step"]
    ]


def _parts(parts: list[Document]) -> str:
    return "\n".join(
        f"{money(part['dollars'])} {escape(part['name'])}, {part['calls']:,} calls" for part in parts
    )
