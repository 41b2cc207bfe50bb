"""How many labels the further forms of the guarantee save, on recorded answers of real models with gold in place of people.

    python -m benchmarks.guarantee_forms FOLDER

FOLDER holds the sets as gzipped JSONL, as `benchmarks.guarantee` says. Ours alone is what the library does, with audits planned from
what a past run had shown.

    distance  sentiment from 0 to 1 (gpt-4o): the mean distance of all labels from right ones is at most epsilon. Beside it the method of
              Candès, Ilyas and Zrnic at the best of several numbers of audits, known afterwards, and the best that the same order
              could do knowing the truth.
    slices    at most epsilon of each predicted class, all at once. "over" counts draws in which any class is.
    looks     a look after every audit, and audits that end at the first look by which as much could be accepted as one look is planned
              to save: each draw stops for a reason that its audits gave.

"over" is the share of draws that break the promise, with its 95 % Wilson interval.
"""

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.guarantee import (
    ALPHA,
    PAPER_AUDITS,
    Recorded,
    Result,
    flags,
    read,
    shuffled_order,
    surely_under,
)
from prelabel.guarantee.ranking import Ahead, rank
from prelabel.measure.guarantee.chain import looks, planned_looks
from prelabel.measure.guarantee.cut import longest
from prelabel.measure.guarantee.hypergeometric import budget_of, most_errors
from prelabel.measure.guarantee.losses import longest_by_loss
from prelabel.measure.guarantee.planning import foreseen, plan
from prelabel.measure.guarantee.planning_distances import plan_by_distance
from prelabel.measure.guarantee.slices import slice_level
from prelabel.measure.intervals import wilson
from prelabel.routing.policy import Policy

EPSILONS = (0.02, 0.05, 0.1)
DISTANCES = "llm/sentiment_gpt4o.jsonl.gz"


def distances(folder: Path) -> tuple[Any, Any]:
    """Of each recorded answer how uncertain it was, and how far from right."""
    with gzip.open(folder / DISTANCES, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    answered = [row for row in rows if row["llm"]["label"] is not None]
    uncertainty = np.array([1 - (row["llm"]["confidence"] or 0.0) for row in answered])
    return uncertainty, np.array([min(1.0, abs(row["llm"]["label"] - row["gold"])) for row in answered])


def by_distance(uncertainty: Any, apart: Any, epsilon: float, draws: int, rng: np.random.Generator) -> Result:
    """The library's bound on the mean distance."""
    n, wrong = len(apart), apart > 0
    pairs = list(zip(uncertainty.tolist(), wrong.tolist(), strict=True))
    planned = plan_by_distance(foreseen(uncertainty.tolist(), pairs), apart[wrong], epsilon, ALPHA)
    result = Result("distance", [], [], f"m {planned.drawn}, {planned.saved / n:.1%} planned")
    for _ in range(draws if planned.drawn else 0):
        losses = apart[shuffled_order(uncertainty, rng)]
        sample = rng.choice(n, planned.drawn, replace=False)
        cut = longest_by_loss(sample, losses[sample], n, epsilon * n, ALPHA)
        result.saved.append(cut.accepted / n)
        result.over.append((float(losses[: cut.size].sum()) - cut.loss) / n)
    return result


def paper_by_distance(
    uncertainty: Any, apart: Any, epsilon: float, audits: int, draws: int, rng: np.random.Generator
) -> Result:
    """The paper's method with so many audits, drawn with replacement."""
    n, result = len(apart), Result("paper", [], [], f"m {audits}")
    for _ in range(draws):
        losses, sample = apart[shuffled_order(uncertainty, rng)], rng.integers(0, n, audits)
        low, high = 0, n + 1
        while high - low > 1:
            middle = (low + high) // 2
            passes = surely_under(np.where(sample < middle, losses[sample], 0.0)[None], epsilon)[0]
            low, high = (middle, high) if passes else (low, middle)
        accepted = np.arange(n) < low
        accepted[sample] = False
        result.saved.append(float(accepted.mean()))
        result.over.append(float(losses[accepted].sum()) / n)
    return result


def best_by_distance(uncertainty: Any, apart: Any, epsilon: float, rng: np.random.Generator) -> float:
    """What the order could save if the truth were known."""
    losses = np.cumsum(apart[shuffled_order(uncertainty, rng)])
    return int(np.searchsorted(losses, epsilon * len(apart), side="right")) / len(apart)


def by_slice(recorded: Recorded, epsilon: float, draws: int, rng: np.random.Generator) -> Result:
    """The audits of each predicted class as a run plans them, and each class cut by itself."""
    names = np.array([one.label for one in recorded.known])
    policy = Policy.model_validate({"rule": "guarantee", "epsilon": epsilon, "slices": "label"})
    pairs = list(zip(recorded.uncertainty.tolist(), recorded.wrong.tolist(), strict=True))
    ranked = rank(
        Ahead(policy, recorded.examples, recorded.uncertainty, (), (), pairs, True, slices=names.tolist())
    )
    audits = ranked.slices or {}
    level, sizes = slice_level(ALPHA, len(audits)), Counter(names.tolist())
    result = Result("slices", [], [], f"m {sum(audits.values())} in {len(audits)} of {len(sizes)} classes")
    for _ in range(draws):
        saved, worst = 0, 0.0
        for name, drawn in audits.items():
            inside = np.flatnonzero(names == name)
            wrong = recorded.wrong[inside][shuffled_order(recorded.uncertainty[inside], rng)]
            n, budget = len(inside), budget_of(epsilon, len(inside))
            cut = longest(flags(n, drawn, rng), wrong, most_errors(n, drawn, budget, level))
            saved += cut.accepted
            worst = max(worst, (int(wrong[: cut.size].sum()) - cut.errors) / n)
        result.saved.append(saved / recorded.examples)
        result.over.append(worst)
    return result


def by_looks(recorded: Recorded, epsilon: float, draws: int, rng: np.random.Generator) -> Result:
    """A look after every audit; they end at the first by which as much could be accepted as one look is planned to save."""
    size, budget = len(recorded.wrong), budget_of(epsilon, recorded.examples)
    pairs = list(zip(recorded.uncertainty.tolist(), recorded.wrong.tolist(), strict=True))
    planned = plan(foreseen(recorded.uncertainty.tolist(), pairs), epsilon, ALPHA, recorded.examples)
    sizes, spent = planned_looks(size, budget, planned.drawn, ALPHA, "every")
    allowed, used = looks(size, budget, sizes, spent), list[int]()
    result = Result("looks", [], [])
    for _ in range(draws):
        order, sample = shuffled_order(recorded.uncertainty, rng), rng.choice(size, sizes[-1], replace=False)
        wrong, audited = recorded.wrong[order], np.zeros(size, bool)
        for drawn, most in zip(sizes, allowed, strict=True):
            audited[sample[:drawn]] = True
            cut = longest(audited, wrong, most)
            if cut.accepted >= planned.saved:
                break
        used.append(drawn)
        result.saved.append(cut.accepted / recorded.examples)
        result.over.append((int(wrong[: cut.size].sum()) - cut.errors) / recorded.examples)
    result.note = f"m {int(np.mean(used))} on average of {sizes[-1]}, {len(sizes)} looks; once m {planned.drawn}, {planned.saved / recorded.examples:.1%}"
    return result


def add_row(table: Table, name: str, epsilon: float, result: Result, most: str = "") -> None:
    """A result as a row of the table; it is printed at once too."""
    over = wilson(sum(value > epsilon + 1e-12 for value in result.over), len(result.over))
    row = (
        name,
        f"{epsilon:.0%}",
        result.name,
        f"{np.mean(result.saved or [0]):.2%} ± {np.std(result.saved or [0]):.2%}",
        f"{over.value or 0:.1%} ({over.low:.1%} to {over.high:.1%})",
        most,
        result.note,
    )
    table.add_row(*row)
    sys.stdout.write(" | ".join(row) + "\n")
    sys.stdout.flush()


def work_off_distances(table: Table, folder: Path, draws: int, rng: np.random.Generator) -> None:
    """The bound on the mean distance, the paper's method, and the truth."""
    uncertainty, apart = distances(folder)
    for epsilon in EPSILONS:
        most = f"{best_by_distance(uncertainty, apart, epsilon, rng):.2%}"
        add_row(table, "sentiment_gpt4o", epsilon, by_distance(uncertainty, apart, epsilon, draws, rng), most)
        tried: Sequence[Result] = [
            paper_by_distance(uncertainty, apart, epsilon, audits, draws // 10, rng)
            for audits in PAPER_AUDITS
        ]
        winner = int(max(tried, key=lambda one: float(np.mean(one.saved))).note.split()[1])
        add_row(
            table,
            "sentiment_gpt4o",
            epsilon,
            paper_by_distance(uncertainty, apart, epsilon, winner, draws, rng),
        )


def main() -> None:
    """Work the forms off and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    table = Table("set", "epsilon", "form", "saved, mean ± sd", "over", "truth", "audits", title="alpha 5 %")
    rng = np.random.default_rng(arguments.seed)
    work_off_distances(table, arguments.folder, arguments.draws, rng)
    for name in ("stance_gpt4o", "stackoverflow20", "imdb_label_errors"):
        for recorded in read(arguments.folder, name):
            for epsilon in EPSILONS:
                add_row(table, recorded.name, epsilon, by_slice(recorded, epsilon, arguments.draws, rng))
                add_row(table, recorded.name, epsilon, by_looks(recorded, epsilon, arguments.draws, rng))
    Console(width=170).print(table)


if __name__ == "__main__":
    main()
