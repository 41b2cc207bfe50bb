"""The guarantee on recorded answers of real models: people's labels saved, and how often the bound fails.

    python -m benchmarks.guarantee ../shared/data
    python -m benchmarks.guarantee ../shared/data --sets stance_gpt4o --learned stance_gpt4o --draws 1000

Gold stands for people. For each set and epsilon (alpha 5 %), over many draws:

    past      the order of the recorded confidence, the audit planned from what a past run would have shown: how often drafts of each
              confidence are wrong in this file. Nothing but the audit is settled beforehand.
    pilot     the same order without a past run:
              people settle 25 drawn at random, and the least sure part by part, which go to people in any case; these tell
              the plan how large the audit is. Order: the recorded confidence. All of these count as labels that people gave.
    learned   the same start; then people settle the likeliest wrong ones, a part of the dataset at a time, and the uncertainty
              is learned anew from all that is settled, until what is left is about what can be accepted; then the audit is planned
              and drawn. All of these labels count.
    live      the recorded confidence without pilot: a look after every audit, up to the size of "past".
    paper     Candès, Ilyas, Zrnic (2025): audits with replacement, the betting bound of Waudby-Smith and Ramdas; equal uncertainties in
              random order as for ours (theirs keeps them together, which saves less); at the best of 250, 500, 1,000 and 2,000 audits for that set and epsilon, known afterwards.
    accepted part   at most delta of what was accepted without review is wrong, by the band, with 800 audits (a quarter of smaller sets).
    best      the longest prefix of the same order that the truth would allow, without any audit. Ours can save more where the order
              is so bad that its sure end holds most of the wrong drafts: the audit corrects too, and that makes room.

"over" is the share of draws with more than epsilon wrong labels, with its 95 % Wilson interval. Audits are drawn by a generator here
and not by tickets, which is the same in law. Each pilot (or learned order) serves several draws of the audit.
"""

import argparse
import gzip
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from prelabel.guarantee.ranking import Ahead, ask_first, rank
from prelabel.measure.guarantee.chain import band, looks, spending
from prelabel.measure.guarantee.cut import longest, longest_within
from prelabel.measure.guarantee.hypergeometric import budget_of, most_errors
from prelabel.measure.guarantee.planning import Plan, foreseen, plan
from prelabel.measure.guarantee.uncertainty import Known, Settled
from prelabel.measure.intervals import wilson
from prelabel.routing.policy import Policy

ALPHA = 0.05
EPSILONS = (0.02, 0.05, 0.1)
PILOTS = 25
PAPER_AUDITS = (250, 500, 1000, 2000)
SETS = {
    "stance_gpt4o": "llm/stance_gpt4o",
    "banking77_openA": "llm/banking77_openA",
    "stackoverflow20": "llm/stackoverflow20_llama32",
    "mrpc_gpt": "llm/mrpc_gpt_selfconsistency",
    "persuasion_gpt": "llm/persuasion_gpt",
    "imdb_label_errors": "conflicts/imdb_label_errors",
}


@dataclass(frozen=True)
class Recorded:
    """A set: what is known of each draft that did not fail, the class that is right, and how many examples there are in all."""

    name: str
    examples: int
    known: Sequence[Known]
    gold: Sequence[str]
    uncertainty: Any
    wrong: Any


@dataclass
class Result:
    """Draw by draw: labels saved and labels wrong, both as a share of the examples."""

    name: str
    saved: list[float]
    over: list[float]
    note: str = ""


def read(folder: Path, name: str) -> Iterable[Recorded]:
    """The set of each model in a file."""
    with gzip.open(folder / f"{SETS[name]}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for index in range(len(rows[0].get("llms", [0]))):
        answers = [(row, row["llms"][index] if "llms" in row else row["llm"]) for row in rows]
        drafted = [(row, answer) for row, answer in answers if answer["label"] is not None]
        known = [
            Known(answer["label"], min(1.0, max(0.0, answer["confidence"] or 0.0)), row.get("text", ""))
            for row, answer in drafted
        ]
        gold = [row["gold"] for row, _ in drafted]
        model = f" {answers[0][1]['model']}" if "llms" in rows[0] else ""
        yield Recorded(
            name + model, len(rows), known, gold,
            np.array([1 - (one.confidence or 0.0) for one in known]),
            np.array([one.label != right for one, right in zip(known, gold, strict=True)]),
        )  # fmt: skip


def shuffled_order(uncertainty: Any, rng: np.random.Generator) -> Any:
    """Positions by uncertainty, equal ones in random order."""
    return np.lexsort((rng.random(len(uncertainty)), uncertainty))


def flags(size: int, drawn: int, rng: np.random.Generator) -> Any:
    """Who is in an audit sample."""
    audited = np.zeros(size, bool)
    audited[rng.choice(size, drawn, replace=False)] = True
    return audited


def audit(
    result: Result,
    recorded: Recorded,
    pool: Any,
    uncertainty: Any,
    drawn: int,
    most: int,
    draws: int,
    rng: np.random.Generator,
) -> None:
    """Draw audits of a pool and cut; adds a figure for each draw."""
    for _ in range(draws):
        order = pool[shuffled_order(uncertainty, rng)]
        audited = flags(len(pool), drawn, rng)
        cut = longest(audited, recorded.wrong[order], most)
        left = int(recorded.wrong[order][: cut.size].sum()) - cut.errors
        result.saved.append(cut.accepted / recorded.examples)
        result.over.append(left / recorded.examples)


def in_service(
    recorded: Recorded, epsilon: float, ranked_by: str, orders: int, draws: int, rng: np.random.Generator
) -> Result:
    """As a run does it: people settle what it asks for first, then drafts are ranked and the audit is planned and drawn."""
    result, sizes = Result("pilot" if ranked_by == "confidence" else "learned", [], []), []
    policy = Policy.model_validate({"rule": "guarantee", "epsilon": epsilon, "uncertainty": ranked_by})
    for _ in range(orders):
        pool, settled = rng.permutation(len(recorded.wrong)), list[int]()
        while asked := ask_first(ahead := _ahead(recorded, policy, pool, settled), rng):
            settled += [int(at) for at in pool[asked]]
            pool = np.delete(pool, asked)
        ranked = rank(ahead)
        most = most_errors(len(pool), ranked.audits, ahead.budget, ALPHA)
        sizes.append(ranked.audits)
        audit(result, recorded, pool, ranked.uncertainty, ranked.audits, most, max(1, draws // orders), rng)
    result.note = f"m {min(sizes)}..{int(np.median(sizes))}..{max(sizes)}; {orders} orders"
    return result


def _ahead(recorded: Recorded, policy: Policy, pool: Any, settled: Sequence[int]) -> Ahead:
    return Ahead(
        policy=policy,
        examples=recorded.examples,
        uncertainty=recorded.uncertainty[pool],
        known=[recorded.known[at] for at in pool],
        settled=[Settled(recorded.known[at], recorded.gold[at]) for at in settled],
        pairs=[(float(recorded.uncertainty[at]), bool(recorded.wrong[at])) for at in settled],
        is_begun=bool(settled),
    )


def with_past(
    recorded: Recorded, epsilon: float, draws: int, rng: np.random.Generator
) -> tuple[Result, Plan]:
    """The recorded confidence, planned by what is known of confidences like these."""
    pairs = list(zip(recorded.uncertainty.tolist(), recorded.wrong.tolist(), strict=True))
    planned = plan(foreseen(recorded.uncertainty.tolist(), pairs), epsilon, ALPHA, recorded.examples)
    result = Result("past", [], [], f"m {planned.drawn}, {planned.saved / recorded.examples:.1%} planned")
    audit(
        result,
        recorded,
        np.arange(len(recorded.wrong)),
        recorded.uncertainty,
        planned.drawn,
        planned.most,
        draws,
        rng,
    )
    return result, planned


def live(recorded: Recorded, epsilon: float, drawn: int, draws: int, rng: np.random.Generator) -> Result:
    """A look after every audit up to `drawn`; what fails at any look counts as over."""
    result = Result("live", [], [], f"m {drawn}")
    size, budget = len(recorded.wrong), budget_of(epsilon, recorded.examples)
    every = range(1, drawn + 1)
    allowed = looks(size, budget, every, spending(every, ALPHA, 2))
    steps = [
        drawn for drawn, before in zip(every, [-1, *allowed], strict=False) if allowed[drawn - 1] > before
    ]
    for _ in range(draws if steps else 0):
        order = shuffled_order(recorded.uncertainty, rng)
        wrong = recorded.wrong[order]
        sample = rng.choice(size, drawn, replace=False)
        most_left, cut = 0, None
        for step in steps:
            audited = np.zeros(size, bool)
            audited[sample[:step]] = True
            cut = longest(audited, wrong, allowed[step - 1])
            most_left = max(most_left, int(wrong[: cut.size].sum()) - cut.errors)
        audited[sample] = True
        cut = longest(audited, wrong, allowed[-1])
        result.saved.append(cut.accepted / recorded.examples)
        result.over.append(most_left / recorded.examples)
    return result


def accepted_part(
    recorded: Recorded, delta: float, drawn: int, draws: int, rng: np.random.Generator
) -> Result:
    """At most a share delta of what was accepted without review is wrong; `over` holds that share less delta, plus epsilon."""
    result = Result(f"accepted part, delta {delta:.0%}", [], [], f"m {drawn}")
    size = len(recorded.wrong)
    last = max(3, int(delta * drawn * 1.2))
    bounds = band(size, drawn, ALPHA, 0, last)
    for _ in range(draws):
        order = shuffled_order(recorded.uncertainty, rng)
        wrong, audited = recorded.wrong[order], flags(size, drawn, rng)
        cut = longest_within(audited, wrong, bounds, 0, delta)
        left = int(wrong[: cut.size].sum()) - cut.errors
        result.saved.append(cut.accepted / recorded.examples)
        result.over.append(left / max(1, cut.accepted))
    return result


def paper(recorded: Recorded, epsilon: float, audits: int, draws: int, rng: np.random.Generator) -> Result:
    """The paper's method with so many audits. Its test of each threshold is monotone but for its stakes, so it halves as theirs does."""
    result = Result("paper", [], [], f"m {audits}")
    size = len(recorded.wrong)
    at_most = epsilon * recorded.examples / size
    for begin in range(0, draws, 100):
        some = min(100, draws - begin)
        wrong = recorded.wrong[shuffled_order(recorded.uncertainty, rng)]
        sample = rng.integers(0, size, (some, audits))
        low, high = np.zeros(some, int), np.full(some, size + 1)  # so many of the order are accepted
        while (high - low > 1).any():
            middle = (low + high) // 2
            passes = surely_under(wrong[sample] & (sample < middle[:, None]), at_most)
            low, high = np.where(passes, middle, low), np.where(passes, high, np.maximum(middle, low + 1))
        for accepted_to, seen in zip(low, sample, strict=True):
            accepted = np.arange(size) < accepted_to
            accepted[seen] = False
            result.saved.append(float(accepted.sum()) / recorded.examples)
            result.over.append(float((accepted & wrong).sum()) / recorded.examples)
    return result


def surely_under(losses: Any, mean: float) -> Any:
    """For each row whether the betting bound on its mean lies under `mean`: stakes by the running variance (their equation 15)."""
    x = losses.astype(np.float64)
    count = np.arange(1, x.shape[1] + 1)
    guess = (0.5 + np.cumsum(x, axis=1)) / (1 + count)
    variance = (0.25 + np.cumsum((x - guess) ** 2, axis=1)) / (1 + count)
    before = np.concatenate([np.full((len(x), 1), 0.25), variance[:, :-1]], axis=1)
    stakes = np.minimum(np.sqrt(2 * log(2 / ALPHA) / (x.shape[1] * before)), 0.75 / (1 - mean))
    capital = np.cumsum(np.log1p(-stakes * (x - mean)), axis=1)
    return capital.max(axis=1) >= log(1 / ALPHA)


def best(recorded: Recorded, epsilon: float, rng: np.random.Generator) -> float:
    """What the order could save if the truth were known."""
    budget, found = budget_of(epsilon, recorded.examples), []
    for _ in range(20):
        wrong = np.cumsum(recorded.wrong[shuffled_order(recorded.uncertainty, rng)])
        found.append(int(np.searchsorted(wrong, budget, side="right")) / recorded.examples)
    return float(np.mean(found))


def add_row(table: Table, recorded: Recorded, limit: float, result: Result, most: str = "") -> None:
    """A result as a row of the table; it is printed at once too."""
    over = wilson(sum(value > limit + 1e-12 for value in result.over), len(result.over))
    row = (
        recorded.name,
        f"{limit:.0%}",
        result.name,
        f"{np.mean(result.saved or [0]):.2%} ± {np.std(result.saved or [0]):.2%}",
        f"{over.value or 0:.1%} ({over.low:.1%} to {over.high:.1%})",
        most,
        result.note,
    )
    table.add_row(*row)
    print(*row, sep=" | ", flush=True)


def work_off(table: Table, recorded: Recorded, epsilon: float, draws: int, orders: int, seed: int) -> None:
    """All methods on one set at one epsilon."""
    rng = np.random.default_rng([seed, int(epsilon * 1000)])
    most = f"{best(recorded, epsilon, rng):.2%}"
    past, planned = with_past(recorded, epsilon, draws, rng)
    add_row(table, recorded, epsilon, past, most)
    candidates = [paper(recorded, epsilon, audits, min(draws, 200), rng) for audits in PAPER_AUDITS]
    winner = max(candidates, key=lambda result: float(np.mean(result.saved)))
    add_row(table, recorded, epsilon, paper(recorded, epsilon, int(winner.note.split()[1]), draws, rng))
    add_row(table, recorded, epsilon, in_service(recorded, epsilon, "confidence", PILOTS, draws, rng))
    if orders:
        add_row(table, recorded, epsilon, in_service(recorded, epsilon, "learned", orders, draws, rng))
    if planned.drawn:
        add_row(table, recorded, epsilon, live(recorded, epsilon, planned.drawn, draws, rng))
    part = accepted_part(recorded, epsilon, min(800, len(recorded.wrong) // 4), draws, rng)
    add_row(table, recorded, epsilon, part)


def main() -> None:
    """Work the sets off and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument(
        "--learned", nargs="*", choices=list(SETS), default=["stance_gpt4o"], help="sets to learn on"
    )
    parser.add_argument("--epsilons", nargs="+", type=float, default=EPSILONS)
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--orders", type=int, default=10, help="orders that are learned")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    began, console = time.monotonic(), Console(width=170)
    table = Table(
        "set", "limit", "method", "saved, mean ± sd", "over the limit", "best", "audits", title="alpha 5 %"
    )
    for name in arguments.sets:
        for recorded in read(arguments.folder, name):
            for epsilon in arguments.epsilons:
                orders = arguments.orders if name in arguments.learned else 0
                work_off(table, recorded, epsilon, arguments.draws, orders, arguments.seed)
            table.add_section()
            console.print(f"{recorded.name}: {time.monotonic() - began:.0f} s")
    console.print(table)


if __name__ == "__main__":
    main()
