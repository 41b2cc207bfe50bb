"""Which drafter a run gets: a cascade of the student and of models behind the run's prompt."""

import asyncio
import threading
from collections.abc import Collection, Sequence
from decimal import Decimal
from functools import lru_cache

from sqlmodel import Session

from prelabel import ledger, runs
from prelabel.cascade import STUDENT, Cascade, Step, steps_of
from prelabel.draft import Asker, Confidence, Drafter, Keep, ModelDrafter, Outcome, Recall, Reply, Subject
from prelabel.errors import StoppingError
from prelabel.gather import Free
from prelabel.lane import BatchLane
from prelabel.llm.batches import lane_for
from prelabel.llm.confidence import confide
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.llm.student import Opinion, Student
from prelabel.llm.throttle import Throttles
from prelabel.models import Prompt, Run
from prelabel.policy import Policy
from prelabel.prompt import Instructions, parse_prompt
from prelabel.settings import Settings, settings
from prelabel.store import Store


class Drafters:
    """Builds the drafter of a run (`prelabel.engine.DrafterFactory`), also in batches (`prelabel.batch.BatchFactory`)."""

    def __init__(self, store: Store, used: Settings) -> None:
        self._store = store
        self._settings = used
        self._throttles = Throttles(used.concurrency, used.limits, used.broker_url)

    def __call__(self, session: Session, run: Run) -> Drafter:
        """The run's drafter as it is now. Raises StoppingError where it cannot work at all."""
        steps = steps_of(run)
        drafters = [self._drafter(session, run, step, index) for index, step in enumerate(steps)]
        if len(drafters) == 1:
            return drafters[0]
        return Cascade(list(zip(drafters, _bars(run), strict=True)))

    def lane(self, model: str) -> BatchLane:
        """As `prelabel.batch.BatchFactory` says."""
        return _lane(model)

    def free(self, session: Session, run: Run) -> Free:
        """As `prelabel.batch.BatchFactory` says."""
        *before, _ = steps_of(run)
        drafters = [self._drafter(session, run, step, index) for index, step in enumerate(before)]
        return list(zip(drafters, _bars(run), strict=False))

    def asked(self, session: Session, run: Run) -> ModelDrafter:
        """As `prelabel.batch.BatchFactory` says."""
        *before, last = steps_of(run)
        drafter = self._drafter(session, run, last, len(before))
        if not isinstance(drafter, ModelDrafter):
            raise StoppingError(f"{drafter.name} does not ask one question to one model: let it run live")
        return drafter

    def _drafter(self, session: Session, run: Run, step: Step, index: int) -> Drafter:
        if step.model == STUDENT:
            return StudentDrafter(_student(session, run))
        model = self._throttles.throttled(_model(step.model, step.confidence))
        prompt = session.get_one(Prompt, run.prompt_id)
        told = Instructions(
            parse_prompt(prompt.text, prompt.name), runs.schema_of(session, run), step.confidence
        )
        asker = Asker(self._settings.call_attempts, self._recall(model.name), index)
        return ModelDrafter(model, told, confide, asker)

    def _recall(self, *models: str) -> Recall:
        def recall(example_ids: Collection[int], hashes: Collection[str]) -> Sequence[tuple[int, str, Reply]]:
            with self._store.reading() as session:
                return ledger.recall(session, models, example_ids, hashes)

        return recall


class StudentDrafter:
    """Drafts with the student: all prepared subjects at once, each given out when asked for. Costs nothing."""

    def __init__(self, student: Student) -> None:
        self.name = student.name
        self._student = student
        self._opinions: dict[int, Opinion] = {}

    async def prepare(self, subjects: Sequence[Subject]) -> None:
        """Form an opinion on each."""
        opinions = await asyncio.to_thread(self._student.draft_all, subjects)
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


def _bars(run: Run) -> list[float]:
    """From which confidence the draft of each step is taken."""
    threshold = Policy.model_validate(run.policy).threshold
    return [threshold if step.take_from is None else step.take_from for step in steps_of(run)]


@lru_cache(maxsize=32)
def _lane(name: str) -> BatchLane:
    return lane_for(name, settings().api_base, settings().call_timeout, settings().prices)


@lru_cache(maxsize=32)
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
