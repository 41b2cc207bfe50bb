"""The life of a run: start it on a dataset, pause, resume, cancel, find lost work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from prelabel import place
from prelabel.canonical import Json
from prelabel.cascade import Step, check_for_batches, steps_of
from prelabel.errors import Conflict, InputError, NotFound
from prelabel.models import Dataset, Example, Label, Placement, Prompt, Run, SchemaVersion, Worker, now
from prelabel.policy import Policy
from prelabel.prompt import PromptTemplate
from prelabel.schema import LabelSchema

PEOPLE = ("review", "consensus", "adjudication")
"""Sources of labels that a person has settled."""
ALIVE_SECONDS = 30
"""Silence after which a worker counts as gone."""
LEARN_AT_LEAST = 50
LEARN_GROWTH = 0.5
"""The student learns anew once people have settled this share more than it knows, and at least LEARN_AT_LEAST."""


@dataclass(frozen=True)
class Lesson:
    """An example whose right label is known: its gold, or what people settled."""

    example_id: int
    content: dict[str, Json]
    label: Mapping[str, Json]


def start(
    session: Session,
    dataset: Dataset,
    schema_version: SchemaVersion,
    template: PromptTemplate,
    steps: Sequence[Step],
    policy: Policy,
    cap: Decimal | None = None,
    lane: str = "live",
) -> Run:
    """A new run over all examples of the dataset. Raises InputError where there is nothing to draft, or not in this lane."""
    assert dataset.id is not None
    assert schema_version.id is not None
    if lane == "batch":
        check_for_batches(steps)
    run = Run(
        dataset_id=dataset.id,
        schema_version_id=schema_version.id,
        prompt_id=_prompt(session, template),
        steps=[step.model_dump(mode="json") for step in steps],
        policy=policy.model_dump(mode="json"),
        cap=cap,
        lane=lane,
    )
    session.add(run)
    session.flush()
    if not place.fill(session, run):
        raise InputError(f"dataset {dataset.name!r} has no examples yet: bring some in before starting a run")
    return run


def get(session: Session, run_id: int) -> Run:
    """The run, or NotFound."""
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound(f"there is no run {run_id}")
    return run


def schema_of(session: Session, run: Run) -> LabelSchema:
    """The label schema under which the run drafts."""
    version = session.get_one(SchemaVersion, run.schema_version_id)
    return LabelSchema.model_validate(version.document)


def pause(session: Session, run: Run, note: str) -> None:
    """Stop claiming work; calls in flight are still kept. `note` says why, for people."""
    _change(run, ("running",), "paused", note)
    session.add(run)


def stop_over_budget(session: Session, run: Run, whose: str) -> None:
    """Make no further calls until the cap, whose name is given, is raised."""
    note = f"{whose} allows no further call: resume the run with a higher one to go on"
    _change(run, ("running",), "over_budget", note)
    session.add(run)


def resume(session: Session, run: Run, cap: Decimal | None = None) -> None:
    """Go on after a pause or at a cap, with another cap if one is given."""
    _change(run, ("paused", "over_budget"), "running", "")
    run.cap = cap if cap is not None else run.cap
    session.add(run)


def cancel(session: Session, run: Run) -> None:
    """End the drafting for good. What is drafted stays; what is queued can still be reviewed."""
    if run.state == "cancelled":
        raise Conflict(f"run {run.id} is cancelled already")
    run.state, run.note = "cancelled", "cancelled"
    session.add(run)


def _change(run: Run, before: Sequence[str], after: str, note: str) -> None:
    if run.state not in before:
        raise Conflict(f"run {run.id} is {run.state}, not {' or '.join(before)}")
    run.state, run.note = after, note


def with_work(session: Session) -> Sequence[int]:
    """Running runs with examples that can be drafted live or routed now."""
    waiting = select(Placement.id).where(*place.free(col(Run.id), "live"))
    drafted = select(Placement.id).where(Placement.run_id == Run.id, Placement.place == "drafted")
    ids = session.exec(
        select(Run.id)
        .where(Run.state == "running", waiting.exists() | drafted.exists())
        .order_by(col(Run.id))
    ).all()
    return [run_id for run_id in ids if run_id is not None]


def lessons(session: Session, run: Run) -> list[Lesson]:
    """What the student may learn from now: the gold of the dataset and what people settled in this run up to its mark."""
    gold = session.exec(
        select(Example).where(Example.dataset_id == run.dataset_id, col(Example.gold).is_not(None))
    ).all()
    settled = session.exec(
        select(Example, Label.value)
        .join(Placement, col(Placement.example_id) == Example.id)
        .join(Label, col(Label.id) == Placement.label_id)
        .where(
            Placement.run_id == run.id, col(Label.source).in_(PEOPLE), col(Label.id) <= run.learned_label_id
        )
    ).all()
    known = {example.id or 0: Lesson(example.id or 0, example.content, label) for example, label in settled}
    known |= {
        example.id or 0: Lesson(example.id or 0, example.content, example.gold or {}) for example in gold
    }
    return list(known.values())


def learn_anew(session: Session, run: Run) -> int:
    """Move the student's mark up and call unsure examples back, once enough has been settled; returns how many moved.

    What may be learned is fixed by the mark alone, so every worker process trains the same student.
    """
    newest, settled = session.exec(
        select(func.max(Label.id), func.count(col(Label.id))).where(
            Label.run_id == run.id, col(Label.source).in_(PEOPLE), col(Label.id) > run.learned_label_id
        )
    ).one()
    known = len(lessons(session, run)) if settled >= LEARN_AT_LEAST else 0
    if settled < LEARN_AT_LEAST or settled < LEARN_GROWTH * known:
        return 0
    run.learned_label_id = newest or 0
    session.add(run)
    return place.draft_again(session, run)


def that_learn(session: Session) -> Sequence[Run]:
    """Running runs whose drafts get better with what people settle."""
    running = session.exec(select(Run).where(Run.state == "running")).all()
    return [run for run in running if any(step.learns for step in steps_of(run))]


def workers_alive(session: Session) -> int:
    """How many worker processes live."""
    return sum(is_alive(worker) for worker in session.exec(select(Worker)))


def is_alive(worker: Worker) -> bool:
    """Whether a worker has said lately that it lives."""
    return (now() - worker.seen_at).total_seconds() < ALIVE_SECONDS


def beat(session: Session, worker: str) -> None:
    """Note that a worker lives."""
    updated = session.exec(update(Worker).where(col(Worker.name) == worker).values(seen_at=now()))
    if not updated.rowcount:
        session.add(Worker(name=worker))


def progress(session: Session, run: Run) -> dict[str, int]:
    """How many of the run's examples are in each place."""
    assert run.id is not None
    return place.counts(session, run.id)


def stage(run: Run, counts: dict[str, int]) -> str:
    """How far a run is: "drafting", "reviewing" or "done", or that it was paused or cancelled before."""
    if run.state != "running" and counts["waiting"] + counts["drafted"]:
        return run.state
    if counts["waiting"] + counts["drafted"]:
        return "drafting"
    return "reviewing" if counts["queued"] else "done"


def _prompt(session: Session, template: PromptTemplate) -> int:
    known = session.exec(select(Prompt).where(Prompt.digest == template.digest)).first()
    if known is None:
        known = Prompt(name=template.name, digest=template.digest, text=template.text)
        session.add(known)
        session.flush()
    assert known.id is not None
    return known.id
