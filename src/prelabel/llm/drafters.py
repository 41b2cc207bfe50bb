"""Which drafter a run gets: a cascade of the student, of drafts brought in, and of models behind the run's prompt."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from prelabel import runs
from prelabel.draft import Asker, Drafter, ModelDrafter, Recall, Reply, Show, Subject
from prelabel.drafters.cascade import STUDENT, Cascade, Step, is_given, steps_of
from prelabel.drafters.given import Found, GivenDrafter, find
from prelabel.drafters.grouping import GroupDrafter
from prelabel.drafters.panel import PanelDrafter
from prelabel.drafters.sampling import SampleDrafter
from prelabel.drafting import lessons
from prelabel.drafting.lessons import Lesson
from prelabel.drafting.shots import Shots
from prelabel.errors import StoppingError
from prelabel.images import keeping
from prelabel.lanes.endpoint import BatchLane
from prelabel.lanes.gather import Free
from prelabel.llm.batches import lane_for
from prelabel.llm.confidence import confide
from prelabel.llm.embeddings import Embeddings, LiteLLMEmbedder
from prelabel.llm.filling import loader
from prelabel.llm.litellm_model import LiteLLMModel
from prelabel.llm.student import Embed
from prelabel.llm.students import student_drafter
from prelabel.llm.throttle import Throttles
from prelabel.models import Prompt, Run, SchemaVersion
from prelabel.money import ledger
from prelabel.money.prices import price_or_refuse
from prelabel.prompt import Instructions, PromptTemplate, parse_prompt
from prelabel.recent import Recent
from prelabel.routing.policy import Policy
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator
from prelabel.settings import Settings
from prelabel.store import Store

_shots: Recent[Shots] = Recent(4)


@dataclass(frozen=True)
class Task:
    """What the steps of a run have in common."""

    run: Run
    template: PromptTemplate
    schema: LabelSchema
    learned: Sequence[Lesson]


class Drafters:
    """Builds the drafter of a run (`prelabel.lanes.engine.DrafterFactory`), also in batches (`prelabel.lanes.batch.BatchFactory`)."""

    def __init__(self, store: Store, used: Settings) -> None:
        self._store = store
        self._settings = used
        self._load = loader(store)
        self._models: dict[str, LiteLLMModel] = {}
        self._lanes: dict[str, BatchLane] = {}
        self._throttles = Throttles(used.concurrency, used.limits, used.broker_url)

    def __call__(self, session: Session, run: Run) -> Drafter:
        """The run's drafter as it is now. Raises StoppingError where one of its steps cannot work at all."""
        drafters = self._drafters(session, run)
        return drafters[0] if len(drafters) == 1 else Cascade(list(zip(drafters, _bars(run), strict=True)))

    def lane(self, model: str) -> BatchLane:
        """As `prelabel.lanes.batch.BatchFactory` says."""
        if model not in self._lanes:
            used = self._settings
            self._lanes[model] = lane_for(model, used.api_base, used.call_timeout, used.prices, self._load)
        return self._lanes[model]

    def free(self, session: Session, run: Run) -> Free:
        """As `prelabel.lanes.batch.BatchFactory` says."""
        return list(zip(self._drafters(session, run)[:-1], _bars(run), strict=False))

    def asked(self, session: Session, run: Run) -> ModelDrafter:
        """As `prelabel.lanes.batch.BatchFactory` says."""
        drafter = self._drafters(session, run)[-1]
        if not isinstance(drafter, ModelDrafter):
            raise StoppingError(f"{drafter.name} does not ask one question to one model: let it run live")
        return drafter

    def _drafters(self, session: Session, run: Run) -> list[Drafter]:
        """One for each step of the run."""
        steps = steps_of(run)
        prompt, schema = session.get_one(Prompt, run.prompt_id), runs.schema_of(session, run)
        sees = bool(schema.images) or keeping.has_images(session, run.dataset_id)
        for step in steps:
            self._check(step, run, sees)
        learned = lessons.of_run(session, run, schema) if any(step.learns for step in steps) else []
        task = Task(run, parse_prompt(prompt.text, prompt.name), schema, learned)
        return [self._drafter(task, step, index) for index, step in enumerate(steps)]

    def _check(self, step: Step, run: Run, sees: bool) -> None:
        """Raise StoppingError with a sentence where a model cannot do what the step asks of it, or has no price.

        `sees`: there are images to be looked at.
        """
        for name in (step.model, *step.panel):
            if name == STUDENT or is_given(name):
                continue
            self._model(name).check(step.confidence, sees)
            price_or_refuse(name, self._settings.prices, "batch" if run.lane == "batch" else "live")

    def _drafter(self, task: Task, step: Step, index: int) -> Drafter:
        if step.model == STUDENT:
            is_last = index == len(task.run.steps) - 1
            return student_drafter(task.schema, task.learned, self._embed(task.run, index), is_last)
        told = Instructions(task.template, task.schema, step.confidence)
        show = _show(told, step, task.learned)
        if step.confidence == "panel":
            return PanelDrafter(
                told.schema,
                [
                    self._given(name, task.run)
                    if is_given(name)
                    else self._by_itself(name, told, index, show)
                    for name in (step.model, *step.panel)
                ],
            )
        if is_given(step.model):
            return self._given(step.model, task.run)
        if step.confidence == "samples":
            model = self._model(step.model)
            asker, throttled = self._asker(model, index), self._throttles.throttled(model)
            return SampleDrafter(throttled, told, asker, step.samples, in_one_call=model.counts)
        if step.per_call > 1:
            return self._grouped(step, told, index)
        return self._by_itself(step.model, told, index, show)

    def _by_itself(self, name: str, told: Instructions, index: int, show: Show | None) -> ModelDrafter:
        model = self._model(name)
        return ModelDrafter(self._throttles.throttled(model), told, confide, self._asker(model, index), show)

    def _given(self, name: str, run: Run) -> GivenDrafter:
        version_id = run.schema_version_id

        def look_up(subjects: Sequence[Subject]) -> Mapping[int, Found]:
            with self._store.reading() as session:
                into = Translator(session, session.get_one(SchemaVersion, version_id))
                return find(session, name, subjects, into)

        return GivenDrafter(name, look_up)

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

    def _embed(self, run: Run, index: int) -> Embed | None:
        used = self._settings
        if not used.student_embeddings:
            return None
        embedder = LiteLLMEmbedder(used.student_embeddings, used.api_base, used.call_timeout, used.prices)
        return Embeddings(self._store, embedder, run.id or 0, index, used)

    def _asker(self, model: LiteLLMModel, index: int) -> Asker:
        return Asker(self._settings.call_attempts, self._recall(model.name), index)

    def _model(self, name: str) -> LiteLLMModel:
        if name not in self._models:
            used = self._settings
            self._models[name] = LiteLLMModel(
                name, used.api_base, used.call_timeout, used.prices, load=self._load
            )
        return self._models[name]

    def _recall(self, *models: str) -> Recall:
        def recall(example_ids: Collection[int], hashes: Collection[str]) -> Sequence[tuple[int, str, Reply]]:
            with self._store.reading() as session:
                return ledger.recall(session, models, example_ids, hashes)

        return recall


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


def _bars(run: Run) -> list[float]:
    """From which confidence the draft of each step is taken."""
    threshold = Policy.model_validate(run.policy).threshold
    return [threshold if step.take_from is None else step.take_from for step in steps_of(run)]
