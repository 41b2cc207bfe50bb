"""Labels by majority, by people's skill, and by people and the model together: how often each is right with one to three people a row.

    python -m benchmarks.consensus ../shared/data

Of each row so many of its people are drawn, anew in each repetition; the truth is what most of its other people say (rows where
they tie, or where nobody is left, are left out), for dices350 what its expert says. Accuracy counts ties by their share. `gain` is that of
people and model over majority and over skill, in points, with a 95 % interval over the repetitions' pairs. AUROC: how well what a
method is unsure of, or the share of votes, tells the rows that it has wrong (0.5: not at all).

The drafts are recorded ones, without confidences. For dices350 there are none: there the model is the student, taught by the majority
of the very people drawn, and asked about each row by a model that has not seen it.
"""

import argparse
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from prelabel import runs
from prelabel.draft import Subject
from prelabel.drafting.lessons import Lesson
from prelabel.llm.student import Student
from prelabel.measure.agreement.crowd import Drafted, with_model
from prelabel.measure.agreement.skill import Answer, dawid_skene, shares_of_votes

SETS = (
    ("preference/pandalm", "gpt-3.5-turbo"), ("preference/pandalm", "pandalm-7b"),
    ("multi_llm/alttest_wax", "gpt-4o"), ("multi_llm/alttest_wax", "mistral-v03"),
    ("multi_llm/alttest_cebab_aspects", "gpt-4o"), ("multi_llm/alttest_cebab_aspects", "mistral-v03"),
    ("multi_annotator/dices350", "student"),
)  # fmt: skip
METHODS = ("majority", "skill", "people and model")
Rows = list[dict[str, Any]]
Draw = list[list[tuple[int, int]]]


@dataclass(frozen=True)
class Data:
    """A set by numbers: its rows, each row's answers as (person, class), its drafts, and the expert's class where there is one."""

    rows: Rows
    classes: list[str]
    people: int
    answers: Draw
    drafts: list[Drafted | None]
    expert: list[int] | None


@dataclass(frozen=True)
class Outcome:
    """Accuracy and AUROC of each method, and the accuracy of the model alone, in one repetition."""

    accuracy: list[float]
    tells: list[float]
    model: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--repetitions", type=int, default=20)
    given = parser.parse_args()
    table = Table(
        "set",
        "model",
        "people",
        "model alone",
        *METHODS,
        "gain over majority",
        "over skill",
        "AUROC of votes",
        "of both",
    )
    for path, model in SETS:
        data = load(given.data / f"{path}.jsonl.gz", model)
        for people in (1, 2, 3):
            rng = np.random.default_rng(people)
            found = [one for _ in range(given.repetitions) if (one := repetition(data, people, rng))]
            if found:
                table.add_row(path.partition("/")[2], model, str(people), *figures(found))
    Console(width=170).print(table)


def figures(found: list[Outcome]) -> Iterator[str]:
    """What the table shows of some repetitions."""
    accuracy = np.array([one.accuracy for one in found])
    yield f"{np.mean([one.model for one in found]):.3f}"
    yield from (f"{value:.3f}" for value in accuracy.mean(axis=0))
    for other in (0, 1):
        gains = 100 * (accuracy[:, 2] - accuracy[:, other])
        spread = 1.96 * gains.std(ddof=1) / np.sqrt(len(gains))
        yield f"{gains.mean():+.1f} ± {spread:.1f}"
    tells = np.nanmean([one.tells for one in found], axis=0)
    yield from (f"{tells[at]:.2f}" for at in (0, 2))


def load(path: Path, model: str) -> Data:
    """One of the sets with the drafts of one of its models."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    said = [
        next(
            (
                str(one["label"])
                for one in row.get("llms", [])
                if one["model"] == model and one["label"] is not None
            ),
            None,
        )
        for row in rows
    ]
    named = {str(one["label"]) for row in rows for one in row["annotations"]} | {one for one in said if one}
    has_expert = model == "student"
    classes = sorted(named | {str(row["gold"]) for row in rows} if has_expert else named)
    people = sorted({one["annotator"] for row in rows for one in row["annotations"]})
    number, code = {name: at for at, name in enumerate(people)}, {name: at for at, name in enumerate(classes)}
    answers = [
        [(number[one["annotator"]], code[str(one["label"])]) for one in row["annotations"]] for row in rows
    ]
    return Data(
        rows, classes, len(people), answers, [Drafted(code[one]) if one else None for one in said],
        [code[str(row["gold"])] for row in rows] if has_expert else None,
    )  # fmt: skip


def repetition(data: Data, people: int, rng: np.random.Generator) -> Outcome | None:
    """Draw so many people a row, and see what each method makes of them; None where nobody is left to tell the truth."""
    asked, truth = draw(data, people, rng)
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        return None
    answers = [Answer(row, person, cls) for row, some in enumerate(asked) for person, cls in some]
    examples, classes = len(data.rows), len(data.classes)
    drafts = data.drafts if data.expert is None else taught(data, asked)
    crowd = with_model(answers, drafts, data.people, classes)
    tables = (
        shares_of_votes(answers, examples, classes),
        dawid_skene(answers, examples, data.people, classes).classes,
        crowd.classes,
    )
    return Outcome(
        [accuracy(table[known], truth[known]) for table in tables],
        [tells(table[known], truth[known]) for table in tables],
        accuracy(crowd.model[known], truth[known]),
    )  # fmt: skip


def draw(data: Data, people: int, rng: np.random.Generator) -> tuple[Draw, Any]:
    """So many answers of each row, and what its other people, or its expert, say; -1 where these do not agree on anything."""
    asked, truth = [], []
    for row, answers in enumerate(data.answers):
        order = rng.permutation(len(answers))
        asked.append([answers[at] for at in order[:people]])
        counts = np.bincount([answers[at][1] for at in order[people:]], minlength=len(data.classes))
        is_clear = counts.max() > 0 and (counts == counts.max()).sum() == 1
        truth.append(data.expert[row] if data.expert else int(counts.argmax()) if is_clear else -1)
    return asked, np.array(truth)


def taught(data: Data, asked: Draw) -> list[Drafted | None]:
    """What the student says of each row, taught by the people who were asked."""
    schema = runs.schema_at({"fields": {"label": {"kind": "choice", "options": data.classes}}})
    contents = [{"text": f"{row['text']}\n{' '.join(row.get('responses', []))}"} for row in data.rows]
    most = [int(np.bincount([cls for _, cls in some]).argmax()) for some in asked]
    lessons = [Lesson(at, content, {"label": data.classes[most[at]]}) for at, content in enumerate(contents)]
    opinions = Student.train(schema, lessons).draft_all([Subject(at, one) for at, one in enumerate(contents)])
    return [
        Drafted(data.classes.index(str(one.label["label"])), one.confidences["label"]) for one in opinions
    ]


def accuracy(table: Any, truth: Any) -> float:
    """The share that is right; of classes that tie each counts its part."""
    best = np.isclose(table, table.max(axis=1, keepdims=True))
    return float((best[np.arange(len(truth)), truth] / best.sum(axis=1)).mean())


def tells(table: Any, truth: Any) -> float:
    """AUROC by which what the method is unsure of tells what it has wrong; not a number where it has all right or all wrong."""
    from sklearn.metrics import roc_auc_score

    wrong = table.argmax(axis=1) != truth
    return float(roc_auc_score(wrong, -table.max(axis=1))) if 0 < wrong.sum() < len(wrong) else float("nan")


if __name__ == "__main__":
    main()
