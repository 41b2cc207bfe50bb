"""Cost falls as work grows: a student that learns from reviews takes over from a model, at the accuracy that the model has.

    python -m benchmarks.cascade ../shared/data/llm/banking77_openA.jsonl.gz

Recorded answers of a real model stand for the strong model, and gold stands for people; everything between is the real core, in
one process on SQLite. The examples come in datasets of equal size. The first has gold and goes to the model alone: its gold tells
how often the model is right where it is sure enough to be accepted (policy "measure": gold decides nothing). From the second on
the student goes first. Its bar is the lowest confidence from which its held-out opinions on what people have settled so far are
surely (lower end of the 95 % Wilson interval) as often right as the model was on that gold. No row tells anything before it has
been drafted and settled. Reviews settle all that is not accepted, and the student learns from them when the next dataset begins;
what they settle are the hard ones, so the bar errs on the careful side.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlmodel import Session, col, func, select

from benchmarks.replay import FIELD, Recorded, read
from prelabel import projects, review, runs
from prelabel.dataset import bring_in
from prelabel.draft import CallRecord, Drafter, Keep, Outcome, Reply, Subject
from prelabel.drafters.cascade import STUDENT, Cascade, Step, steps_of
from prelabel.drafting import lessons
from prelabel.formats.base import Row
from prelabel.lanes.engine import Engine
from prelabel.llm.students import StudentDrafter, taught
from prelabel.measure.intervals import Share, wilson
from prelabel.models import Call, Draft, Example, Label, Placement, Run
from prelabel.people import users
from prelabel.prompt import load_prompt
from prelabel.routing.policy import Policy
from prelabel.runs import Plan
from prelabel.schema import LabelSchema
from prelabel.settings import Settings
from prelabel.store import Store

MODEL = "recorded"
PROJECT = "cascade"
NOBODY = 1.0
"""A bar that nothing reaches."""
BAR_WIDTH = 40


class RecordedDrafter:
    """Drafts what the model once answered to an example, at the price of a call; what does not fit the schema has failed."""

    name = MODEL
    together = 1

    def __init__(self, answers: Mapping[int, Recorded], classes: Sequence[str], price: Decimal) -> None:
        self._answers = answers
        self._classes = set(classes)
        self._price = price

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Nothing."""

    def forget(self, subject: Subject) -> None:
        """Nothing."""

    def most(self, _subject: Subject) -> Decimal:
        """The price of the call."""
        return self._price

    async def draft(self, subject: Subject, keep: Keep) -> Outcome:
        """What was recorded."""
        answer = self._answers[subject.example_id]
        fits = answer.label in self._classes
        reply = Reply("", dollars=self._price)
        name = f"{MODEL}-{answer.id}"
        keep(subject, CallRecord(self.name, "draft", name, "ok" if fits else "invalid", reply=reply, step=1))
        if not fits:
            return Outcome(subject, "failed", self.name, failure=f"{answer.label!r} is no class")
        return Outcome(subject, "drafted", self.name, {FIELD: answer.label}, {FIELD: answer.confidence})


@dataclass(frozen=True)
class Part:
    """What came of one dataset."""

    examples: int
    asked: int
    dollars: Decimal
    reviewed: int
    taken: Share
    accepted: Share
    alone: Share
    """What the model would get accepted if it were asked about every example."""
    bar: float | None


@dataclass
class Work:
    """A project on its way: its store, its rows by the ids of their examples, and who reviews."""

    store: Store
    schema: LabelSchema
    classes: Sequence[str]
    threshold: float
    price: Decimal
    reviewer: int
    answers: dict[int, Recorded] = field(default_factory=dict)

    def part(self, number: int, rows: Sequence[Recorded], bar: float | None) -> Part:
        """Bring rows in, draft and review them all; gold comes with the rows where there is no bar yet."""
        run_id = self._start(number, rows, bar)
        asyncio.run(self._draft(run_id))
        reviewed = self._review(run_id, {row.id: row.gold for row in rows})
        with self.store.reading() as session:
            return self._measured(session, run_id, rows, reviewed, bar)

    def bar(self, target: float) -> float:
        """From which confidence the student, as it is taught now, is surely right as often as `target`."""
        with self.store.reading() as session:
            run = session.exec(select(Run).order_by(col(Run.id).desc())).first()
            assert run is not None
            run.learned_label_id = lessons.newest(session, run.dataset_id)  # as the next run will have it
            known = lessons.of_run(session, run, self.schema)
        student = taught(self.schema, known)
        opinions = student.draft_all([Subject(lesson.example_id, lesson.content) for lesson in known])
        return lowest_bar(
            [
                (opinion.confidences[FIELD], opinion.label == lesson.label)
                for opinion, lesson in zip(opinions, known, strict=True)
            ],
            target,
        )

    def _start(self, number: int, rows: Sequence[Recorded], bar: float | None) -> int:
        with self.store.writing() as session:
            version = projects.define(session, PROJECT, self.schema)
            dataset = projects.open_dataset(session, projects.find(session, PROJECT), f"part-{number}")
        told = [{"id": row.id, "text": row.text} | ({} if bar else {"gold": row.gold}) for row in rows]
        bring_in(
            self.store,
            dataset.id or 0,
            self.schema,
            [Row(n, row) for n, row in enumerate(told, 1)],
            "recorded",
        )
        steps = [Step(model=STUDENT, take_from=bar), Step(model=MODEL)][0 if bar else 1 :]
        with self.store.writing() as session:
            policy = Policy(threshold=self.threshold, gold="measure")
            run = runs.start(session, Plan(dataset, version, load_prompt("label"), steps, policy))
            by_id = {row.id: row for row in rows}
            found = session.exec(
                select(Example.id, Example.external_id).where(Example.dataset_id == dataset.id)
            )
            self.answers |= {key or 0: by_id[external_id] for key, external_id in found}
        return run.id or 0

    async def _draft(self, run_id: int) -> None:
        engine = Engine(self.store, Settings(), self._drafter)
        line = engine.wake(run_id)
        assert line is not None
        await line
        await engine.stop(5)

    def _drafter(self, session: Session, run: Run) -> Drafter:
        model = RecordedDrafter(self.answers, self.classes, self.price)
        first, *others = steps_of(run)
        if not others:
            return model
        student = taught(self.schema, lessons.of_run(session, run, self.schema))
        return Cascade([(StudentDrafter(student), first.take_from or NOBODY), (model, self.threshold)])

    def _review(self, run_id: int, gold: Mapping[str, str]) -> int:
        count = 0
        while True:
            with self.store.writing() as session:
                works = review.claim(session, self.reviewer, review.MOST_AT_ONCE, 900, run_id)
                for work in works:
                    answer = review.Answer(f"slot-{work.slot_id}", seconds=5)
                    review.submit(
                        session, self.reviewer, work.slot_id, {FIELD: gold[work.example_id]}, answer
                    )
            count += len(works)
            if not works:
                return count

    def _measured(
        self, session: Session, run_id: int, rows: Sequence[Recorded], reviewed: int, bar: float | None
    ) -> Part:
        calls, dollars = session.exec(
            select(func.count(col(Call.id)), func.sum(Call.dollars)).where(Call.run_id == run_id)
        ).one()
        found = session.exec(
            select(Example.id, Draft.model, Label.value)
            .join(Placement, col(Placement.example_id) == Example.id)
            .join(Draft, col(Draft.id) == Placement.draft_id)
            .join(Label, col(Label.id) == Placement.label_id)
            .where(Placement.run_id == run_id, Label.source == "auto")
        ).all()
        accepted = [
            (model != MODEL, label[FIELD] == self.answers[example_id or 0].gold)
            for example_id, model, label in found
        ]
        alone = [
            row.label == row.gold
            for row in rows
            if row.label in self.classes and row.confidence >= self.threshold
        ]
        taken = [right for by_student, right in accepted if by_student]
        return Part(
            len(rows), calls, dollars or Decimal(0), reviewed, share(taken),
            share([right for _, right in accepted]), share(alone), bar,
        )  # fmt: skip


def lowest_bar(opinions: Sequence[tuple[float, bool]], target: float) -> float:
    """The lowest confidence from which opinions are surely right as often as `target`; NOBODY where there is none."""
    bar, right = NOBODY, 0
    for count, (confidence, is_right) in enumerate(sorted(opinions, reverse=True), 1):
        right += is_right
        if wilson(right, count).low >= target:
            bar = confidence
    return bar


def share(right: Sequence[bool]) -> Share:
    """How many of these."""
    return wilson(sum(right), len(right))


def shown(of: Share) -> str:
    """A share with its interval, such as "85.0 % of 120 (77.5 to 90.3)"."""
    if not of.n:
        return "-"
    return f"{of.right / of.n:.1%} of {of.n} ({of.low * 100:.1f} to {of.high * 100:.1f})"


def table_of(parts: Sequence[Part], price: Decimal) -> Table:
    """A row for each dataset, and their sum."""
    table = Table(title=f"student, then the model at ${price} a call, where the student is not sure enough")
    for name in (
        "examples", "bar", "reached the model", "taken by the student, right", "model alone: accepted, right",
        "accepted by both, right", "reviewed (alone)", "cost (alone)",
    ):  # fmt: skip
        table.add_column(name, justify="right")
    begun = 0
    for part in parts:
        table.add_row(
            f"{begun + 1:,}-{begun + part.examples:,}",
            "-" if part.bar is None else f"{part.bar:.3f}",
            f"{part.asked / part.examples:.1%}",
            *map(shown, (part.taken, part.alone, part.accepted)),
            f"{part.reviewed} ({part.examples - part.alone.n})",
            f"${part.dollars:.2f} (${part.examples * price:.2f})",
        )
        begun += part.examples
    later = parts[1:]
    examples = sum(part.examples for part in later)
    alone = summed([part.alone for part in later])
    table.add_section()
    table.add_row(
        "all after the first",
        "",
        f"{sum(part.asked for part in later) / max(1, examples):.1%}",
        shown(summed([part.taken for part in later])),
        shown(alone),
        shown(summed([part.accepted for part in later])),
        f"{sum(part.reviewed for part in later)} ({examples - alone.n})",
        f"${sum(part.dollars for part in later):.2f} (${examples * price:.2f})",
    )
    return table


def summed(shares: Sequence[Share]) -> Share:
    """Of all together."""
    return wilson(sum(one.right for one in shares), sum(one.n for one in shares))


def main() -> None:
    """Work a file off and print the table, with a bar for the cost of each dataset."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--threshold", type=float, default=0.9, help="confidence from which drafts are accepted"
    )
    parser.add_argument("--size", type=int, default=1_000, help="examples in a dataset")
    parser.add_argument("--price", type=Decimal, default=Decimal("0.002"), help="dollars of a model call")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    began, rows = time.monotonic(), read(arguments.file)
    random.Random(arguments.seed).shuffle(rows)
    classes = sorted({row.gold for row in rows})
    schema = LabelSchema.model_validate({"fields": {FIELD: {"kind": "choice", "options": classes}}})
    datasets = [rows[begin : begin + arguments.size] for begin in range(0, len(rows), arguments.size)]
    parts: list[Part] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/cascade.db")
        store.migrate()
        with store.writing() as session:
            reviewer = users.create(session, "reviewer", "reviewer")
        work = Work(store, schema, classes, arguments.threshold, arguments.price, reviewer.id or 0)
        for number, some in enumerate(datasets):
            bar = work.bar(parts[0].alone.value or 1) if parts else None
            parts.append(work.part(number, some, bar))
        store.close()
    console = Console()
    console.print(table_of(parts, arguments.price))
    for part in parts:
        filled = round(BAR_WIDTH * part.asked / part.examples)
        console.print(
            f"{'█' * filled}{'·' * (BAR_WIDTH - filled)} ${part.dollars:.2f} of ${part.examples * arguments.price:.2f}"
        )
    console.print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
