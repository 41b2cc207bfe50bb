"""Which drafter a run gets: a cascade of the student and of models behind the run's prompt."""

import asyncio
import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal

from sqlmodel import Session

from prelabel import ledger, runs
from prelabel.cascade import STUDENT, Cascade, Step, steps_of
from prelabel.draft import Asker, Drafter, Keep, ModelDrafter, Outcome, Recall, Reply, Subject
from prelabel.errors import StoppingError
from prelabel.grouping import GroupDrafter
from prelabel.llm.confidence import confide
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.llm.student import Opinion, Student
from prelabel.llm.throttle import Throttles
from prelabel.models import Prompt, Run
from prelabel.panel import PanelDrafter
from prelabel.policy import Policy
from prelabel.prices import price_or_refuse
from prelabel.prompt import Instructions, parse_prompt
from prelabel.sampling import SampleDrafter
from prelabel.settings import Settings
from prelabel.store import Store


class Drafters:
    """Builds the drafter of a run (`prelabel.engine.DrafterFactory`)."""

    def __init__(self, store: Store, used: Settings) -> None:
        self._store = store
        self._settings = used
        self._models: dict[str, LiteLLMModel] = {}
        self._throttles = Throttles(used.concurrency, used.limits, used.broker_url)

    def __call__(self, session: Session, run: Run) -> Drafter:
        """The run's drafter as it is now. Raises StoppingError where one of its steps cannot work at all."""
        steps = steps_of(run)
        for step in steps:
            self._check(step, run)
        drafters = [self._drafter(session, run, step, index) for index, step in enumerate(steps)]
        if len(drafters) == 1:
            return drafters[0]
        threshold = Policy.model_validate(run.policy).threshold
        bars = [threshold if step.take_from is None else step.take_from for step in steps]
        return Cascade(list(zip(drafters, bars, strict=True)))

    def _check(self, step: Step, run: Run) -> None:
        """Raise StoppingError with a sentence where a model cannot do what the step asks of it, or has no price."""
        if step.model == STUDENT:
            return
        for name in (step.model, *step.panel):
            self._model(name).check(step.confidence)
            price_or_refuse(name, self._settings.prices, "batch" if run.lane == "batch" else "live")

    def _drafter(self, session: Session, run: Run, step: Step, index: int) -> Drafter:
        if step.model == STUDENT:
            return StudentDrafter(_student(session, run))
        prompt = session.get_one(Prompt, run.prompt_id)
        told = Instructions(
            parse_prompt(prompt.text, prompt.name), runs.schema_of(session, run), step.confidence
        )
        if step.confidence == "panel":
            members = [self._by_itself(name, told, index) for name in (step.model, *step.panel)]
            return PanelDrafter(told.schema, members)
        if step.confidence == "samples":
            model = self._model(step.model)
            asker, throttled = self._asker(model, index), self._throttles.throttled(model)
            return SampleDrafter(throttled, told, asker, step.samples, in_one_call=model.counts)
        if step.per_call > 1:
            return self._grouped(step, told, index)
        return self._by_itself(step.model, told, index)

    def _by_itself(self, name: str, told: Instructions, index: int) -> ModelDrafter:
        model = self._model(name)
        return ModelDrafter(self._throttles.throttled(model), told, confide, self._asker(model, index))

    def _grouped(self, step: Step, told: Instructions, index: int) -> GroupDrafter:
        if not told.template.tells_of_several:
            raise StoppingError(
                f"the prompt {told.template.name!r} does not say how to answer for several examples at once: "
                "use {% if several %} in its system part, or set per_call to 1"
            )
        model, several = self._model(step.model), replace(told, several=True)
        asker, throttled = self._asker(model, index), self._throttles.throttled(model)
        alone = ModelDrafter(throttled, told, confide, asker)
        return GroupDrafter(throttled, several, asker, alone, step.per_call)

    def _asker(self, model: LiteLLMModel, index: int) -> Asker:
        return Asker(self._settings.call_attempts, self._recall(model.name), index)

    def _model(self, name: str) -> LiteLLMModel:
        if name not in self._models:
            used = self._settings
            self._models[name] = LiteLLMModel(name, used.api_base, used.call_timeout, used.prices)
        return self._models[name]

    def _recall(self, *models: str) -> Recall:
        def recall(example_ids: Collection[int], hashes: Collection[str]) -> Sequence[tuple[int, str, Reply]]:
            with self._store.reading() as session:
                return ledger.recall(session, models, example_ids, hashes)

        return recall


class StudentDrafter:
    """Drafts with the student: all prepared subjects at once, each given out when asked for. Costs nothing."""

    together = 1

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

    def forget(self, subject: Subject) -> None:
        """The example is not wanted any more."""
        self._opinions.pop(subject.example_id, None)


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
