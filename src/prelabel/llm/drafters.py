"""Which drafter a run gets: the student, or a model behind the run's prompt."""

import threading
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from sqlmodel import Session

from prelabel import ledger, runs
from prelabel.draft import Confidence, Drafter, ModelDrafter, Outcome, Subject
from prelabel.llm.confidence import confide
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.llm.student import Student
from prelabel.models import Prompt, Run
from prelabel.prompt import Instructions, parse_prompt
from prelabel.settings import settings


class StudentDrafter:
    """Drafts with the student: all subjects at once, each given out when asked for. Costs nothing."""

    def __init__(self, student: Student, subjects: Sequence[Subject]) -> None:
        self.name = student.name
        opinions = student.draft_all(subjects)
        self._opinions = {
            subject.example_id: opinion for subject, opinion in zip(subjects, opinions, strict=True)
        }

    def most(self, _subject: Subject) -> Decimal:
        """Nothing."""
        return Decimal(0)

    async def draft(self, subject: Subject) -> Outcome:
        """The opinion formed at the beginning."""
        opinion = self._opinions[subject.example_id]
        return Outcome(
            subject, "drafted", self.name, opinion.label, opinion.confidences, opinion.alternatives
        )


def drafter_for(session: Session, run: Run, subjects: Sequence[Subject]) -> Drafter:
    """The run's drafter for these subjects. Raises StoppingError where it cannot work at all."""
    if run.model == runs.STUDENT:
        return StudentDrafter(_student(session, run), subjects)
    confidence: Confidence = "logprobs" if run.confidence == "logprobs" else "stated"
    prompt = session.get_one(Prompt, run.prompt_id)
    return ModelDrafter(
        _model(run.model, confidence),
        Instructions(parse_prompt(prompt.text, prompt.name), runs.schema_of(session, run), confidence),
        confide,
        settings().call_attempts,
        ledger.remembered(session, run.model, [subject.example_id for subject in subjects]),
    )


@lru_cache(maxsize=8)
def _model(name: str, confidence: Confidence) -> LiteLLMModel:
    model = LiteLLMModel(name, settings().api_base, settings().call_timeout, settings().prices)
    model.check(confidence)
    return model


_training = threading.Lock()
_students: dict[int, Student] = {}


def _student(session: Session, run: Run) -> Student:
    """The run's student as of its mark: trained once in a process, the same in every process."""
    assert run.id is not None
    version = f"{run.id}.{run.learned_label_id}"
    with _training:
        student = _students.get(run.id)
        if student is None or student.name != f"student@{version}":
            student = Student.train(runs.schema_of(session, run), runs.lessons(session, run), version)
            _students[run.id] = student
    return student
