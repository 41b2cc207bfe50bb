"""Which drafter a run gets: a cascade of the student and of models behind the run's prompt."""

import asyncio
from collections.abc import Collection, Sequence
from decimal import Decimal
from functools import lru_cache

from sqlmodel import Session

from prelabel import ledger, lessons, runs
from prelabel.cascade import STUDENT, Cascade, Step, steps_of
from prelabel.draft import (
    Asker,
    Confidence,
    Drafter,
    Keep,
    ModelDrafter,
    Outcome,
    Recall,
    Reply,
    Show,
    Subject,
)
from prelabel.errors import StoppingError
from prelabel.lessons import Lesson
from prelabel.llm.confidence import confide
from prelabel.llm.embeddings import Embeddings, LiteLLMEmbedder
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.llm.student import Embed, Opinion, Student, UntaughtError
from prelabel.llm.throttle import Throttles
from prelabel.models import Prompt, Run
from prelabel.policy import Policy
from prelabel.prompt import Instructions, parse_prompt
from prelabel.recent import Recent
from prelabel.schema import LabelSchema
from prelabel.settings import Settings, settings
from prelabel.shots import Shots
from prelabel.store import Store


class Drafters:
    """Builds the drafter of a run (`prelabel.engine.DrafterFactory`)."""

    def __init__(self, store: Store, used: Settings) -> None:
        self._store = store
        self._settings = used
        self._throttles = Throttles(used.concurrency, used.limits, used.broker_url)

    def __call__(self, session: Session, run: Run) -> Drafter:
        """The run's drafter as it is now. Raises StoppingError where it cannot work at all."""
        steps = steps_of(run)
        schema = runs.schema_of(session, run)
        learned = lessons.of_run(session, run, schema) if any(step.learns for step in steps) else []
        drafters = [self._drafter(session, run, index, schema, learned) for index in range(len(steps))]
        if len(drafters) == 1:
            return drafters[0]
        threshold = Policy.model_validate(run.policy).threshold
        bars = [threshold if step.take_from is None else step.take_from for step in steps]
        return Cascade(list(zip(drafters, bars, strict=True)))

    def _drafter(
        self, session: Session, run: Run, index: int, schema: LabelSchema, learned: Sequence[Lesson]
    ) -> Drafter:
        steps = steps_of(run)
        step = steps[index]
        if step.model == STUDENT:
            return _student_or_none(schema, learned, self._embed(run, index), index == len(steps) - 1)
        model = self._throttles.throttled(_model(step.model, step.confidence))
        prompt = session.get_one(Prompt, run.prompt_id)
        told = Instructions(parse_prompt(prompt.text, prompt.name), schema, step.confidence)
        asker = Asker(self._settings.call_attempts, self._recall(model.name), index)
        return ModelDrafter(model, told, confide, asker, _show(told, step, learned))

    def _embed(self, run: Run, index: int) -> Embed | None:
        used = self._settings
        if not used.student_embeddings:
            return None
        embedder = LiteLLMEmbedder(used.student_embeddings, used.api_base, used.call_timeout, used.prices)
        return Embeddings(self._store, embedder, run.id or 0, index, used)

    def _recall(self, *models: str) -> Recall:
        def recall(example_ids: Collection[int], hashes: Collection[str]) -> Sequence[tuple[int, str, Reply]]:
            with self._store.reading() as session:
                return ledger.recall(session, models, example_ids, hashes)

        return recall


class StudentDrafter:
    """Drafts with the student: all prepared subjects at once, each given out when asked for. Costs no more by then."""

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


class UntaughtDrafter:
    """Stands in a cascade for a student that has too few lessons yet, so that the next step is asked."""

    name = STUDENT

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


@lru_cache(maxsize=32)
def _model(name: str, confidence: Confidence) -> LiteLLMModel:
    model = LiteLLMModel(name, settings().api_base, settings().call_timeout, settings().prices)
    model.check(confidence)
    return model


_students: Recent[Student] = Recent(4)
_shots: Recent[Shots] = Recent(4)


def taught(schema: LabelSchema, learned: Sequence[Lesson], embed: Embed | None = None) -> Student:
    """The student of these lessons: trained once in a process, the same in every process. Raises StoppingError."""
    known = f"{lessons.version(schema, learned)}+{embed.name if embed else ''}"
    return _students.get(known, lambda: Student.train(schema, learned, embed))


def _student_or_none(
    schema: LabelSchema, learned: Sequence[Lesson], embed: Embed | None, is_last: bool
) -> Drafter:
    try:
        return StudentDrafter(taught(schema, learned, embed), embed)
    except UntaughtError as error:
        if is_last:
            raise
        return UntaughtDrafter(str(error))


def _show(told: Instructions, step: Step, learned: Sequence[Lesson]) -> Show | None:
    if not step.shots:
        return None
    if not told.template.shows_shots:
        raise StoppingError(
            f"the prompt {told.template.name!r} has no place for {step.shots} shots: "
            "put {% for shot in shots %} into its user part, or draft without shots"
        )
    shots = _shots.get(lessons.version(told.schema, learned), lambda: Shots(told.schema, learned))
    return lambda subjects: shots.choose(subjects, step.shots)
