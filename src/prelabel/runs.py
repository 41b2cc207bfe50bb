"""The life of a run: start it on a dataset, pause, resume, cancel, find lost work."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select, update

from prelabel.canonical import Json
from prelabel.drafters import given
from prelabel.drafters.cascade import STUDENT, Step, check_for_batches, named, steps_of
from prelabel.drafting import draft_leases, lessons
from prelabel.errors import Conflict, InputError, NotFound
from prelabel.events import alarms, journal
from prelabel.measure.quote import Money
from prelabel.models import Dataset, Placement, Project, Prompt, Run, SchemaVersion, Worker, now
from prelabel.money import ledger
from prelabel.money.prices import Lane
from prelabel.prompt import PromptTemplate
from prelabel.routing import place
from prelabel.routing.policy import Policy
from prelabel.schema import LabelSchema

ALIVE_SECONDS = 30
"""Silence after which a worker counts as gone."""
LEARN_AT_LEAST = 50
LEARN_GROWTH = 0.5
"""A run learns anew once people have settled this share more than it knows, and at least LEARN_AT_LEAST."""


@dataclass(frozen=True)
class Plan:
    """How a dataset is to be drafted: quoted first, then started."""

    dataset: Dataset
    schema_version: SchemaVersion
    template: PromptTemplate
    steps: Sequence[Step]
    policy: Policy = field(default_factory=Policy)
    lane: Lane = "live"
    cap: Decimal | None = None

    @cached_property
    def schema(self) -> LabelSchema:
        """The labels that are asked for."""
        return schema_at(self.schema_version.document)


def start(
    session: Session, plan: Plan, quoted: Money | None = None, trial_of: Collection[int] | None = None
) -> Run:
    """A new run over all examples of the dataset, which may learn from all that people have settled in its project.

    `quoted` is what it is expected to cost; it is kept to tell so until the run's own calls tell better. With `trial_of`, examples
    by their ids, it is a trial of these. Raises InputError where there is nothing to draft, or not in this lane.
    """
    dataset_id = plan.dataset.id or 0
    steps = given.resolved(session, dataset_id, plan.steps)
    if plan.lane == "batch":
        check_for_batches(steps)
    plan.policy.check_fields(plan.schema)
    run = Run(
        dataset_id=dataset_id,
        schema_version_id=plan.schema_version.id or 0,
        prompt_id=_prompt(session, plan.template),
        steps=[step.model_dump(mode="json") for step in steps],
        policy=plan.policy.model_dump(mode="json"),
        cap=plan.cap,
        lane=plan.lane,
        trial=trial_of is not None,
        learned_label_id=lessons.newest(session, dataset_id),
        quote=quoted.model_dump(mode="json") if quoted else None,
    )
    session.add(run)
    session.flush()
    if not place.fill(session, run, trial_of):
        raise InputError(
            f"dataset {plan.dataset.name!r} has no examples yet: bring some in before starting a run"
        )
    return run


def get(session: Session, run_id: int) -> Run:
    """The run, or NotFound. A trial is none: nothing of what can be done with a run's drafts can be with those of a trial."""
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound(f"there is no run {run_id}")
    if run.trial:
        raise NotFound(f"{run_id} is a trial, not a run")
    return run


def described(session: Session, run: Run) -> dict[str, Json]:
    """How a run drafts, in short, for the journal."""
    return {
        "dataset": session.get_one(Dataset, run.dataset_id).name,
        "model": named(steps_of(run)),
        "lane": run.lane,
        "schema_version": session.get_one(SchemaVersion, run.schema_version_id).version,
        "threshold": run.policy.get("threshold"),
        "cap": journal.dollars(run.cap),
    } | ({"epsilon": run.policy["epsilon"]} if run.policy.get("rule") == "guarantee" else {})


def schema_of(session: Session, run: Run) -> LabelSchema:
    """The label schema under which the run drafts."""
    return schema_at(session.get_one(SchemaVersion, run.schema_version_id).document)


def schema_at(document: dict[str, Json]) -> LabelSchema:
    """The label schema that a schema version holds; the last few are kept, each answer of a reviewer needs one."""
    return _schema(json.dumps(document))


@lru_cache(64)
def _schema(document: str) -> LabelSchema:
    return LabelSchema.model_validate_json(document)


def pause(session: Session, run: Run, note: str) -> None:
    """Stop claiming work; calls in flight are still kept. `note` says why, for people."""
    _change(run, ("running",), "paused", note)
    session.add(run)


def pause_for_errors(session: Session, run: Run, note: str) -> None:
    """Stop claiming work because it cannot go on so, and raise the alarm; nothing where the run does not go on anyway."""
    session.refresh(run, with_for_update=True)  # of several workers that fail at once, one raises it
    if run.state != "running":
        return
    if run.trial:
        _end_trial(session, run, note)
        return
    pause(session, run, note)
    alarms.raise_(session, run, "errors", f"drafting is paused: {note}")


def stop_over_budget(session: Session, run: Run, whose: str) -> None:
    """Make no further calls until the cap, whose name is given, is raised; raise the alarm."""
    if run.trial:
        _end_trial(session, run, f"{whose} allows no further call")
        return
    way = "resume the run with a higher one" if whose == ledger.RUNS_CAP else "raise it, then resume the run"
    note = f"{whose} allows no further call: {way} to go on"
    _change(run, ("running",), "over_budget", note)
    session.add(run)
    alarms.raise_(session, run, "cap", note, cap=journal.dollars(run.cap))


def resume(session: Session, run: Run, cap: Decimal | None = None) -> None:
    """Go on after a pause or at a cap, with another cap if one is given; a run that goes on gets it as it is.

    Raises Conflict where the cap is spent already.
    """
    stopped = ("paused", "over_budget") if cap is None else ("paused", "over_budget", "running")
    cap = run.cap if cap is None else cap
    if cap is not None and cap <= (spent := ledger.spent(session, run.id or 0)):
        raise Conflict(
            f"run {run.id} has spent ${spent.normalize():f}, and a cap of ${cap:f} allows no more: resume it with a higher one"
        )
    _change(run, stopped, "running", "")
    run.cap = cap
    session.add(run)


def over_budget(session: Session, project: Project) -> Sequence[Run]:
    """Runs of a project that a cap has stopped: they wait to be resumed."""
    datasets = select(Dataset.id).where(Dataset.project_id == project.id)
    stopped = select(Run).where(col(Run.dataset_id).in_(datasets), Run.state == "over_budget")
    return session.exec(stopped.order_by(col(Run.id))).all()


def cancel(session: Session, run: Run) -> None:
    """End the drafting for good. What is drafted stays; what is queued can still be reviewed."""
    if run.state == "cancelled":
        raise Conflict(f"run {run.id} is cancelled already")
    run.state, run.note, run.cancelled_at = "cancelled", "cancelled", now()
    session.add(run)


def _end_trial(session: Session, run: Run, note: str) -> None:
    """What cannot go on is over, without an alarm: whoever started it looks at it, and another trial finds what it has paid for."""
    _change(run, ("running",), "cancelled", note)
    run.cancelled_at = now()
    session.add(run)


def _change(run: Run, before: Sequence[str], after: str, note: str) -> None:
    if run.state not in before:
        raise Conflict(f"run {run.id} is {run.state}, not {' or '.join(before)}")
    run.state, run.note = after, note


def with_work(session: Session) -> Sequence[int]:
    """Running runs with examples that can be drafted live or routed now; the pool of a guarantee waits for its audit."""
    waiting = select(Placement.id).where(*draft_leases.free(col(Run.id), "live"))
    drafted = select(Placement.id).where(
        Placement.run_id == Run.id, Placement.place == "drafted", ~_promises(), ~col(Run.trial)
    )
    ids = session.exec(
        select(Run.id)
        .where(Run.state == "running", waiting.exists() | drafted.exists())
        .order_by(col(Run.id))
    ).all()
    return [run_id for run_id in ids if run_id is not None]


def that_promise(session: Session) -> Sequence[Run]:
    """Runs under the rule "guarantee", oldest first."""
    return session.exec(select(Run).where(_promises()).order_by(col(Run.id))).all()


def learn_anew(session: Session, run: Run) -> int:
    """Move the run's mark up once people have settled enough in the project; returns how many examples are drafted again.

    None under a guarantee: what was drawn from is not drafted again.
    Unsure examples are called back where the student may now be sure of them. Their model steps find the answers that were
    paid for; where these are shown other examples now they would ask anew, so then none is called back.
    """
    before, after = lessons.settled_since(session, run)
    if after < max(LEARN_AT_LEAST, LEARN_GROWTH * before):
        return 0
    if after < LEARN_GROWTH * (before + lessons.gold_count(session, run)):
        return 0
    run.learned_label_id = lessons.newest(session, run.dataset_id)
    session.add(run)
    steps = steps_of(run)
    if run.policy.get("rule") == "guarantee":
        return 0
    costs_nothing = any(step.model == STUDENT for step in steps) and not any(step.shots for step in steps)
    return place.draft_again(session, run) if costs_nothing else 0


def that_learn(session: Session) -> Sequence[Run]:
    """Running runs whose drafts get better with what people settle."""
    running = session.exec(select(Run).where(Run.state == "running", ~col(Run.trial))).all()
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


def unfinished() -> ColumnElement[bool]:
    """Placements, joined to their runs, that wait to be drafted, or to be routed: which drafts of a trial never are."""
    is_drafted = and_(col(Placement.place) == "drafted", ~col(Run.trial))
    return or_(col(Placement.place) == "waiting", is_drafted)


def left(run: Run, counts: dict[str, int]) -> int:
    """How many of a run's examples are unfinished."""
    return counts["waiting"] + (0 if run.trial else counts["drafted"])


def stage(run: Run, counts: dict[str, int]) -> str:
    """How far a run is: "drafting", "reviewing" or "done", or that it was paused or cancelled before."""
    if run.state != "running" and left(run, counts):
        return run.state
    waits_for_people = run.policy.get("rule") == "guarantee" and counts["queued"] and not counts["waiting"]
    if left(run, counts) and not waits_for_people:
        return "drafting"
    return "reviewing" if counts["queued"] else "done"


def _promises() -> ColumnElement[bool]:
    promises: ColumnElement[bool] = col(Run.policy)["rule"].as_string() == "guarantee"
    return promises


def _prompt(session: Session, template: PromptTemplate) -> int:
    known = session.exec(select(Prompt).where(Prompt.digest == template.digest)).first()
    if known is None:
        known = Prompt(name=template.name, digest=template.digest, text=template.text)
        session.add(known)
        session.flush()
    assert known.id is not None
    return known.id
