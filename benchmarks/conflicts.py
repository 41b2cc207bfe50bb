"""Labels that contradict each other: how well the doubtful ones are found on real data, and how long the search takes.

    python -m benchmarks.conflicts ../shared/data
    python -m benchmarks.conflicts ../shared/data --sizes 10000 100000

Quality. AUROC of "people who looked again gave no majority to the given label". Which rows they looked at was chosen by scores of
this kind from the same classifier: among these rows a score has little left to tell, and over all rows, where those that
nobody looked at count as right, it looks better than it is. `self-confidence` and `normalized margin` are the two
scores of cleanlab (Northcutt et al. 2021; Kuan, Mueller 2022) as they are published, written anew here: the package is no
dependency. Our score of a model's doubt is the normalized margin, so these two columns have to agree. Only the likeliest classes'
probabilities are recorded; the rest is spread over the others.

banking77: near-duplicates with different labels. The known ones were found at a cosine of 0.8 by texts that were prepared in
another way; ours is 0.75 so that all of them are found.

Scale. Examples of banking77, half of them as they are (as far as there are so many) and the rest with three words of their own put
in; the label of one in fifty is exchanged. Wall time, the peak memory of a process of its own, and how the exchanged ones rank. With
100,000 each text is there some seven times, slightly changed, so exchanged labels are easier to find than in a collection that
does not repeat itself.
"""

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from prelabel.kinds.choice import Choice
from prelabel.measure.consistency import Texts, doubts, find

WRONG = 0.02
Rows = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--search", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.search:
        print(json.dumps(search(given.data, given.search)))
        return
    console = Console()
    console.print(quality(given.data), known_pairs(given.data))
    table = Table(
        "examples",
        "seconds",
        "peak MB",
        "found",
        "AUROC of exchanged labels",
        "exchanged among the first as many",
    )
    for size in given.sizes:
        command = [sys.executable, "-m", "benchmarks.conflicts", str(given.data), "--search", str(size)]
        out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        table.add_row(f"{size:,}", *(f"{value:,.3g}" if value < 10 else f"{value:,.0f}" for value in out))
    console.print(table)


def quality(data: Path) -> Table:
    table = Table("set", "rows", "errors", "score", "self-confidence", "normalized margin")
    for name, classes in (("imdb", 2), ("20news", 20)):
        rows = read(data / f"conflicts/{name}_label_errors.jsonl.gz")
        wrong = np.array([is_wrong(row) for row in rows])
        again = np.array(["crowd_counts" in row or "revote" in row for row in rows])
        chances, given = probabilities(rows, classes)
        own = chances[np.arange(len(given)), given]
        largest = np.where(np.arange(chances.shape[1]) == given[:, None], -1, chances).max(axis=1)
        scores = doubts(chances, given), 1 - own, 1 - (own - largest + 1) / 2
        for what, those in (("looked at again", again), ("all", np.ones(len(rows), bool))):
            figures = (f"{auroc(score[those], wrong[those]):.3f}" for score in scores)
            table.add_row(f"{name}, {what}", f"{those.sum():,}", f"{wrong[those].sum():,}", *figures)
    return table


def is_wrong(row: dict[str, Any]) -> bool:
    """Whether people looked again and most did not stand by the label."""
    if votes := row.get("crowd_counts"):
        return bool(2 * votes.get(row["gold"], 0) <= sum(votes.values()))
    if votes := row.get("revote"):
        voices = sum(votes[name] for name in ("given", "guessed", "neither", "both"))
        return bool(2 * votes["given"] <= voices)
    return False


def probabilities(rows: Rows, count: int) -> tuple[Any, Any]:
    classes = sorted({row["gold"] for row in rows})
    index = {name: number for number, name in enumerate(classes)}
    chances = np.zeros((len(rows), count))
    for number, row in enumerate(rows):
        known = row["llm"].get("top3") or [[row["llm"]["label"], row["llm"]["confidence"]]]
        chances[number] = max(0.0, 1 - sum(chance for _, chance in known)) / max(1, count - len(known))
        for name, chance in known:
            chances[number, index[name]] = chance
    return chances, np.array([index[row["gold"]] for row in rows])


def auroc(scores: Any, wrong: Any) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(wrong, scores))


def known_pairs(data: Path) -> Table:
    rows = read(data / "classification/banking77.jsonl.gz")
    pairs = [row for row in read(data / "conflicts/banking77_near_duplicates.jsonl.gz") if row["conflict"]]
    began = time.monotonic()
    found = conflicting(rows)
    seconds = time.monotonic() - began
    known = {frozenset((row["a"], row["b"])) for row in pairs}
    table = Table("banking77", "known", "of them found", "found in all", "seconds")
    table.add_row(
        f"{len(rows):,} examples",
        str(len(known)),
        str(len(known & found)),
        f"{len(found):,}",
        f"{seconds:.1f}",
    )
    return table


def conflicting(rows: Rows) -> set[frozenset[str]]:
    """Pairs of ids that are near-duplicates, or the same text, with different labels."""
    texts = Texts([row["text"] for row in rows])
    members: list[list[int]] = [[] for _ in texts.first]
    for index, group in enumerate(texts.group):
        members[group].append(index)
    alike = [
        *((group, group) for group in range(len(members))),
        *zip(texts.near.of, texts.near.other, strict=True),
    ]
    return {
        frozenset((rows[one]["id"], rows[other]["id"]))
        for a, b in alike
        for one in members[a]
        for other in members[b]
        if rows[one]["gold"] != rows[other]["gold"]
    }


def search(data: Path, size: int) -> list[float]:
    rows, rng = read(data / "classification/banking77.jsonl.gz"), np.random.default_rng(0)
    classes = sorted({row["gold"] for row in rows})
    picked = rng.permutation(np.resize(np.arange(len(rows)), size))
    words = [f"w{rng.integers(20 * size):x}" for _ in range(3 * size)]
    copies = [f"{rows[row]['text']} {' '.join(words[3 * at : 3 * at + 3])}" for at, row in enumerate(picked)]
    texts = [
        rows[row]["text"] if at < len(rows) and at < size // 2 else copies[at]
        for at, row in enumerate(picked)
    ]
    labels = [rows[row]["gold"] for row in picked]
    exchanged = rng.random(size) < WRONG
    for at in np.flatnonzero(exchanged):
        labels[at] = classes[(classes.index(labels[at]) + int(rng.integers(1, len(classes)))) % len(classes)]
    began = time.monotonic()
    found = find(Texts(texts), labels, Choice.model_validate({"kind": "choice", "options": classes}))
    seconds = time.monotonic() - began
    scores = np.zeros(size)
    for one in found:
        scores[one.subject] = one.score
    first = np.argsort(-scores, kind="stable")[: exchanged.sum()]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [seconds, peak, len(found), auroc(scores, exchanged), float(exchanged[first].mean())]


def read(path: Path) -> Rows:
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    main()
