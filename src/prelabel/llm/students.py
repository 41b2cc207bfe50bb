"""The student as a drafter, each trained once in a process."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from prelabel.draft import Drafter, Keep, Outcome, Subject
from prelabel.drafters.cascade import STUDENT
from prelabel.drafting import lessons
from prelabel.drafting.lessons import Lesson
from prelabel.llm.student import Embed, Opinion, Student, UntaughtError
from prelabel.recent import Recent
from prelabel.schema import LabelSchema

_students: Recent[Student] = Recent(4)


class StudentDrafter:
    """Drafts with the student: all prepared subjects at once, each given out when asked for. Costs no more by then."""

    together = 1

    def __init__(self, student: Student, embed: Embed | None = None) -> None:
        self.name = student.name
        self._student = student
        self._embed = embed
        self._opinions: dict[int, Opinion] = {}

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Form an opinion on each."""
        opinions = await asyncio.to_thread(self._student.draft_all, subjects, self._embed)
        ids = [subject.example_id for subject in subjects]
        self._opinions.update(zip(ids, opinions, strict=True))

    def most(self, _subject: Subject) -> Decimal:
        """Nothing."""
        return Decimal(0)

    async def draft(self, subject: Subject, _keep: Keep) -> Outcome:
        """The opinion formed before."""
        opinion = self._opinions.pop(subject.example_id)
        return Outcome(
            subject, "drafted", self.name, opinion.label, opinion.confidences, opinion.alternatives
        )

    def forget(self, subject: Subject) -> None:
        """The example is not wanted any more."""
        self._opinions.pop(subject.example_id, None)


class UntaughtDrafter:
    """Stands in a cascade for a student that has too few lessons yet, so that the next step is asked."""

    name = STUDENT
    together = 1

    def __init__(self, why: str) -> None:
        self._why = why

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Nothing."""

    def most(self, _subject: Subject) -> Decimal:
        """Nothing."""
        return Decimal(0)

    async def draft(self, subject: Subject, _keep: Keep) -> Outcome:
        """None, and why."""
        return Outcome(subject, "failed", self.name, failure=self._why)

    def forget(self, subject: Subject) -> None:
        """Nothing."""


def taught(schema: LabelSchema, learned: Sequence[Lesson], embed: Embed | None = None) -> Student:
    """The student of these lessons: trained once in a process, the same in every process. Raises StoppingError."""
    known = f"{lessons.version(schema, learned)}+{embed.name if embed else ''}"
    return _students.get(known, lambda: Student.train(schema, learned, embed))


def student_drafter(
    schema: LabelSchema, learned: Sequence[Lesson], embed: Embed | None, is_last: bool
) -> Drafter:
    """The student of these lessons; a step of a cascade that has others after it may do without. Raises StoppingError."""
    try:
        return StudentDrafter(taught(schema, learned, embed), embed)
    except UntaughtError as error:
        if is_last:
            raise
        return UntaughtDrafter(str(error))
