"""How soon the drift alarm comes where the model is swapped for a worse one half way, and how seldom where it is not.

    python -m benchmarks.drift ../shared/data/llm/stance_gpt4o.jsonl.gz
    python -m benchmarks.drift FILE --share 0.1 --runs 5000

The recorded drafts that a threshold of 0.9 accepts are put into random order, a share of them is audited, and the truth of the
file is what people answer. The first half of the audits is of the recorded model. The second half is of one that is worse to a
stated degree: its drafts are the recorded ones, of which some are exchanged for another class until that share of them is right.
So that the time to the alarm is not cut off where the run ends, the worse model goes on (drawn with replacement) for 1,000 audits;
an alarm that has not come by then counts as having come at the last of them.
"Within the run" is the share of runs whose alarm comes before the run has no more to audit. Without a swap the stream is the
whole run; and, harder, 2,000 audits of drafts that are all alike.
"""

import argparse
import gzip
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from prelabel.measure.drift import ALPHA, evidence
from prelabel.measure.intervals import Share, wilson

THRESHOLD, AFTER, LONG, AT_ONCE = 0.9, 1_000, 2_000, 250
WORSE = (0.75, 0.7, 0.6, 0.5, 0.34)
"""The share of right drafts of the models that take over; the last is about as good as guessing among three classes."""
Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Delay:
    """Audits from the swap to the alarm."""

    mean: float
    p90: float
    within: Share
    before: Share


def wrong_of(path: Path) -> Flags:
    """Of each recorded draft that is accepted, whether it is wrong."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    accepted = [row for row in rows if (row["llm"].get("confidence") or 0) >= THRESHOLD]
    return np.array([row["llm"]["label"] != row["gold"] for row in accepted], bool)


def worse(wrong: Flags, accuracy: float, size: tuple[int, int], rng: np.random.Generator) -> Flags:
    """Audits of a model that is right so often: some of the right drafts, drawn at random, are made wrong."""
    drawn = rng.choice(wrong, size)
    is_exchanged = rng.random(size) > accuracy / (1 - wrong.mean())
    flags: Flags = drawn | is_exchanged
    return flags


def recorded(wrong: Flags, count: int, runs: int, rng: np.random.Generator) -> Flags:
    """The audits of the recorded model in so many runs, each in an order of its own, without replacement."""
    return np.array([rng.permutation(wrong)[:count] for _ in range(runs)])


def alarms(streams: Flags, target: float | None) -> Any:
    """The number of audits at which each stream's alarm comes; infinite where it does not."""
    found = []
    for part in np.array_split(streams, max(1, len(streams) // AT_ONCE)):
        is_over = evidence(part, target) >= math.log(1 / ALPHA)
        found.append(np.where(is_over.any(axis=1), is_over.argmax(axis=1) + 1.0, np.inf))
    return np.concatenate(found)


def delay(first: Flags, second: Flags, left: int, target: float | None) -> Delay:
    """From streams that are swapped after `first`; `left` audits come after it in the run itself."""
    at = alarms(np.concatenate([first, second], axis=1), target) - first.shape[1]
    after = np.minimum(at[at > 0], second.shape[1])
    within = int(((at > 0) & (at <= left)).sum())
    return Delay(
        float(after.mean()),
        float(np.quantile(after, 0.9)),
        wilson(within, after.size),
        wilson(int((at <= 0).sum()), at.size),
    )


def said(share: Share) -> str:
    """A share with its interval."""
    return f"{share.right / share.n:.1%} ({share.low:.1%} to {share.high:.1%})"


def main() -> int:
    """Simulate and print; 1 where more than alpha of the runs without a swap had an alarm."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--share", type=float, default=0.2, help="of what is accepted, so much is audited")
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng, wrong = np.random.default_rng(asked.seed), wrong_of(asked.file)
    audits, out = round(asked.share * wrong.size), Console()
    half = audits // 2
    target = math.floor(100 * (1 - wrong.mean())) / 100
    out.print(
        f"{asked.file.name}: {wrong.size:,} accepted, {wrong.mean():.1%} wrong; {audits} audits a run, the swap after {half}; "
        f"{asked.runs:,} runs"
    )
    table = Table(
        "test",
        "the model then is right in",
        "audits to alarm: mean",
        "p90",
        "within the run",
        "alarm before the swap",
    )
    quiet = Table("test", "stream without a swap", "false alarms")
    is_kept = True
    for name, aim in (("against its own beginning", None), (f"against a target of {target:.0%}", target)):
        for accuracy in WORSE:
            found = delay(
                recorded(wrong, half, asked.runs, rng),
                worse(wrong, accuracy, (asked.runs, AFTER), rng),
                audits - half,
                aim,
            )
            table.add_row(
                name,
                f"{accuracy:.0%}",
                f"{found.mean:.0f}",
                f"{found.p90:.0f}",
                said(found.within),
                said(found.before),
            )
        for stream, flags in (
            (f"the run itself, {audits} audits", recorded(wrong, audits, asked.runs, rng)),
            (
                f"{LONG:,} audits, all alike",
                rng.random((asked.runs, LONG)) < (wrong.mean() if aim is None else 1 - aim),
            ),
        ):
            share = wilson(int(np.isfinite(alarms(flags, aim)).sum()), asked.runs)
            is_kept &= share.low <= ALPHA
            quiet.add_row(name, stream, said(share))
    out.print(table, quiet)
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
