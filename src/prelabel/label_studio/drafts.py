"""Drafts for Label Studio's tasks: those that are stored, at once; for other tasks drafting begins, and they are asked about again.

What is new goes into the dataset "label-studio" of the project, which one run drafts: the newest on it that is not cancelled. The
first time, it is started as the newest run of the project that asks a model was, with its models, prompt, policy and cap. In a
project without such a run nothing is drafted.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from prelabel import projects, runs
from prelabel.canonical import Json
from prelabel.dataset import bring_in
from prelabel.drafters.cascade import is_given, named, steps_of
from prelabel.errors import FormatError
from prelabel.events import journal
from prelabel.formats.base import Row
from prelabel.formats.label_studio.config import read_config
from prelabel.formats.label_studio.controls import Control, controls_of, object_names
from prelabel.formats.label_studio.reading import HOLDS, field_name
from prelabel.formats.label_studio.writing import Result
from prelabel.label_studio.tasks import Task, placements, read_tasks
from prelabel.models import Dataset, Draft, Example, Placement, Project, Prompt, Run, Slot, User
from prelabel.prompt import parse_prompt
from prelabel.routing import place
from prelabel.routing.policy import Policy
from prelabel.runs import Plan
from prelabel.schema import LabelSchema
from prelabel.schemas.versions import Translator
from prelabel.store import Store, after_commit

DATASET = "label-studio"
SAMPLE = 100
"""Examples that are looked at for the fields of a dataset."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """A request for predictions by a user. `wake` says to workers that a run has work; without it nothing new is drafted.

    `is_interactive`: someone has the one task open and wants an answer to what they just did.
    """

    project: str
    tasks: Sequence[Json]
    by: User
    config: str = ""
    wake: Callable[[int], None] | None = None
    is_interactive: bool = False


def model_version(session: Session, project: Project) -> str:
    """What Label Studio takes for the version of the model: it asks anew for its tasks once this changes. Empty: no model."""
    newest = _newest_run(session, project)
    return f"run {newest.id}: {named(steps_of(newest))}" if newest else ""


def notice(session: Session, project: Project) -> str:
    """Why no drafts will come, if none will."""
    if _asking_run(session, project) is None:
        return (
            f"project {project.name!r} has no run yet that asks a model: start one on any dataset of it "
            "(prelabel submit FILE --model MODEL); its models then draft what Label Studio asks about"
        )
    return ""


def predict(store: Store, asked: Asked) -> list[Json]:
    """One entry a task, in their order: a prediction, or an empty list where there is no draft.

    Label Studio would keep a prediction without regions as the answer of this model version and not ask again.
    """
    with store.reading() as session:
        project = projects.find(session, asked.project)
        version, why_none = model_version(session, project), notice(session, project)
        tasks = read_tasks(session, project, asked.tasks)
        placed = placements(session, project, tasks)
        answers = _Answers(session, asked.config, version)
        found = [answers.of(task, own) for task, own in zip(tasks, placed, strict=True)]
    missing = [task for task, own in zip(tasks, placed, strict=True) if not own and not task.fault]
    if missing and why_none:
        log.warning("Label Studio asked for drafts of %s tasks: %s", len(missing), why_none)
    elif missing and asked.wake:
        _begin(store, project, missing, asked.wake, asked.by)
    empty: Json = {"model_version": version, "score": None, "result": []} if asked.is_interactive else []
    return [empty if answer is None else answer for answer in found]


class _Answers:
    """Writes drafts as predictions, for the controls of one label config."""

    def __init__(self, session: Session, config: str, version: str) -> None:
        self._session = session
        self._version = version
        self._into: dict[int, Translator] = {}
        try:
            self._config = read_config(config)[1] if config else {}
        except FormatError as error:
            log.warning("Label Studio's label config cannot be read, ours is taken for it: %s", error)
            self._config = {}

    def of(self, task: Task, own: Sequence[Placement]) -> dict[str, Json] | None:
        """The draft of the newest run that has one which its schema knows; none where people are to answer without sight of it."""
        if any(self._is_blind(placement) for placement in own):
            return None
        for placement in own:
            draft = self._session.get(Draft, placement.draft_id) if placement.draft_id else None
            into = self._translator(placement.run_id)
            if (
                draft
                and (label := into.fitting(draft.label, draft.schema_version_id, task.content)) is not None
            ):
                return self._prediction(task, into.schema, draft, label)
        return None

    def _is_blind(self, placement: Placement) -> bool:
        asked = select(Slot.id).where(
            Slot.placement_id == placement.id, Slot.state == "open", col(Slot.blind)
        )
        return self._session.exec(asked.limit(1)).first() is not None

    def _translator(self, run_id: int) -> Translator:
        if run_id not in self._into:
            self._into[run_id] = Translator.of(self._session, runs.get(self._session, run_id))
        return self._into[run_id]

    def _prediction(
        self, task: Task, schema: LabelSchema, draft: Draft, label: Mapping[str, Json]
    ) -> dict[str, Json]:
        controls = _matched(schema, self._config, task.content)
        result = Result(schema, task.content, controls, f"draft-{draft.id}").of(label)
        return {"model_version": self._version, "score": draft.confidence, "result": result}


def _matched(
    schema: LabelSchema, config: Mapping[str, Control], content: Mapping[str, Json]
) -> dict[str, Control]:
    """The config's controls by the names that ours would have; ours where there is no config.

    A control is that of its name, if it can hold such a field; or, for a field without one, the only one left with its tag.
    """
    ours = controls_of(schema, object_names(schema, content))
    if not config:
        return ours
    named = {field_name(name): control for name, control in config.items()} | dict(config)
    by_name = {name: named[name] for name in ours if name in named and _can_hold(schema, name, named[name])}
    left = [control for control in config.values() if control not in by_name.values()]
    for name, control in ours.items():
        alike = [other for other in left if other.tag == control.tag]
        if name not in by_name and len(alike) == 1:
            by_name[name] = alike[0]
            left.remove(alike[0])
    return by_name


def _can_hold(schema: LabelSchema, name: str, control: Control) -> bool:
    """Whether a control can say a field's value. One that stands beside a field's own has its tag from us; HTML has no offsets."""
    kind = schema.fields.get(name)
    return control.tag != "HyperTextLabels" and (kind is None or kind.kind in HOLDS.get(control.type, ()))


def _begin(
    store: Store, project: Project, tasks: Sequence[Task], wake: Callable[[int], None], by: User
) -> None:
    """Bring tasks in as examples and have the standing run draft them."""
    with store.writing() as session:
        _one_at_a_time(session, project)
        dataset = projects.open_dataset(session, project, DATASET)
        schema = LabelSchema.model_validate(projects.newest_schema(session, project).document)
    rows = [Row(number, {"content": task.content}) for number, task in enumerate(tasks, 1)]
    report = bring_in(store, dataset.id or 0, schema, rows, "Label Studio", by=by)
    if report.bad:
        log.warning("%s tasks of Label Studio cannot be examples: %s", report.bad, report.bad_rows[0])
    if report.bad == report.rows:
        return
    with store.writing() as session:
        _one_at_a_time(session, project)
        run = _standing_run(session, project, dataset, by)
        place.fill(session, run)
        if run.state == "running":
            after_commit(session, lambda: wake(run.id or 0))


def _one_at_a_time(session: Session, project: Project) -> None:
    """Requests come side by side, and would each make a dataset and a run."""
    session.exec(select(Project.id).where(Project.id == project.id).with_for_update()).one()


def _standing_run(session: Session, project: Project, dataset: Dataset, by: User) -> Run:
    """The newest run on the dataset that is not cancelled; started like the project's newest that asks a model where there is none."""
    standing = session.exec(
        select(Run)
        .where(Run.dataset_id == dataset.id, Run.state != "cancelled", ~col(Run.trial))
        .order_by(col(Run.id).desc())
        .limit(1)
    ).first()
    if standing:
        return standing
    like = _asking_run(session, project)
    assert like is not None, "the caller has seen to it that there is one"
    prompt = session.get_one(Prompt, like.prompt_id)
    plan = Plan(
        dataset,
        projects.newest_schema(session, project),
        parse_prompt(prompt.text, prompt.name),
        steps_of(like),
        Policy.model_validate(like.policy),
        cap=like.cap,
    )
    run = runs.start(session, plan)
    journal.note(session, by, "run.start", run, **runs.described(session, run))
    return run


def _newest_run(session: Session, project: Project) -> Run | None:
    return session.exec(_runs(project).limit(1)).first()


def _asking_run(session: Session, project: Project) -> Run | None:
    """The newest run that does more than take drafts that were brought in: tasks of Label Studio come without any."""
    asks = (
        run for run in session.exec(_runs(project)) if not all(is_given(step.model) for step in steps_of(run))
    )
    return next(asks, None)


def _runs(project: Project) -> SelectOfScalar[Run]:
    datasets = select(Dataset.id).where(Dataset.project_id == project.id)
    mine = select(Run).where(col(Run.dataset_id).in_(datasets), ~col(Run.trial))
    return mine.order_by(col(Run.id).desc())


def sample_content(session: Session, project: Project) -> dict[str, Json]:
    """The fields that examples of the project's newest dataset have, each with a value it has in one of them."""
    newest = session.exec(
        select(Dataset)
        .where(Dataset.project_id == project.id, Dataset.name != DATASET)
        .order_by(col(Dataset.id).desc())
    ).first()
    sample: dict[str, Json] = {}
    if newest is not None:
        mine = (Example.dataset_id == newest.id, col(Example.removed_at).is_(None))
        contents = select(Example.content).where(*mine).order_by(col(Example.id))
        for content in session.exec(contents.limit(SAMPLE)):
            sample |= {name: value for name, value in content.items() if not sample.get(name)}
    return sample or {"text": ""}
