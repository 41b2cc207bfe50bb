"""A change of a project's schema while work goes on: what it would do, and doing it.

The runs move to the new version at once, together with its making. From then on new drafts and answers are of the new version,
and all of earlier ones is read through `prelabel.schemas.versions`. Settled labels follow in batches, each in one transaction: mapped
ones are new rows, what does not fit goes back to the queue. A batch that a crash cut off is done again by whoever comes next.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select, update

from prelabel import projects
from prelabel.canonical import Json
from prelabel.errors import Conflict, InputError, LabelError, NotFound
from prelabel.events import journal
from prelabel.models import (
    Draft,
    Example,
    GivenDraft,
    Label,
    Placement,
    Project,
    Review,
    Run,
    SchemaChange,
    SchemaVersion,
    User,
    now,
)
from prelabel.routing import drawn, place
from prelabel.routing.place import Relabeled
from prelabel.routing.policy import Policy
from prelabel.schema import LabelSchema
from prelabel.schemas import versions
from prelabel.schemas.change import Change, Move, SchemaMapping
from prelabel.schemas.versions import Translator
from prelabel.store import Store

BATCH = 1_000
"""Examples whose labels are moved in one transaction."""
REASONS_SHOWN = 10


class Fit(BaseModel):
    """Labels under the new schema: `same` value, `mapped` to another one, or `unfit`, for the most frequent `reasons`."""

    same: int = 0
    mapped: int = 0
    unfit: int = 0
    reasons: dict[str, int] = {}


class ChangePlan(BaseModel):
    """What a change does. `runs` move from `from_version` to `to_version`; `runs_that_stay` are at other versions.

    * `waiting` examples are drafted under the new schema.
    * `labels` that are settled: mapped ones are new rows, unfit ones go back to the queue. `left` are yet to be moved.
    * `drafts` of examples that wait to be routed or reviewed: with an unfit one people see the example without a draft.
    * `gold`: an unfit one is gold no more for these runs. `given` drafts: an unfit one counts as missing.
    * `reviews` stay as they are.
    """

    from_version: int
    to_version: int
    changes: list[Change]
    runs: list[int]
    runs_that_stay: list[int]
    waiting: int
    labels: Fit
    drafts: Fit
    gold: Fit
    given: Fit
    reviews: int
    left: int = 0


class Wish(BaseModel):
    """A change that is asked for: of runs at `from_version`, or at the newest one where that is None."""

    label_schema: LabelSchema
    mapping: SchemaMapping = SchemaMapping()
    from_version: int | None = None


def plan(session: Session, project: Project, wish: Wish) -> ChangePlan:
    """What the change would do; nothing is written. Raises SchemaError, InputError, NotFound."""
    origin = _origin(session, project, wish)
    newest = projects.newest_schema(session, project)
    is_newest = _says(newest, wish)
    move = _move(origin, wish)
    runs = projects.runs_of(session, project)
    is_same = is_newest and newest.id == origin.id
    moving = [run.id or 0 for run in runs if run.schema_version_id == origin.id and not is_same]
    into = Translator(session, origin, move)
    return ChangePlan(
        from_version=origin.version,
        to_version=newest.version if is_newest else newest.version + 1,
        changes=move.changes(),
        runs=moving,
        runs_that_stay=[run.id or 0 for run in runs if run.id not in moving],
        waiting=_waiting(session, moving),
        labels=_fit(into, _labels(session, moving)),
        drafts=_fit(into, _drafts(session, moving)),
        gold=_fit(into, _gold(session, moving)),
        given=_fit(into, _given(session, moving)),
        reviews=_reviews(session, moving),
    )


def apply(store: Store, project_name: str, wish: Wish, seconds: float, by: User | None = None) -> ChangePlan:
    """Do it, and return what that was; doing it again changes nothing. Where it is said `by` whom, the journal has it.

    What is not done after so many seconds workers do. Raises as `plan`, and Conflict where the version was left already.
    """
    with store.reading() as session:
        planned = plan(session, projects.find(session, project_name), wish)
    with store.writing() as session:
        project = projects.find(session, project_name)
        begin(session, project, wish, by)
    carry_on(store, seconds)
    with store.reading() as session:
        return planned.model_copy(update={"left": left(session, project)})


def begin(session: Session, project: Project, wish: Wish, by: User | None = None) -> None:
    """Make the new version and move the runs to it; their labels are left to `carry_on`.

    Raises Conflict where the version was left already, or a run at it has drawn the audit sample of its guarantee.
    """
    session.exec(select(Project.id).where(Project.id == project.id).with_for_update()).one()
    origin = _origin(session, project, wish)
    mapping = _move(origin, wish).mapping.model_dump(mode="json")
    target = projects.define(session, project.name, wish.label_schema)
    if target.id == origin.id:
        return
    known = session.exec(select(SchemaChange).where(SchemaChange.from_id == origin.id)).first()
    if known is None:
        assert project.id is not None
        assert origin.id is not None
        assert target.id is not None
        session.add(SchemaChange(project_id=project.id, from_id=origin.id, to_id=target.id, mapping=mapping))
        if by:
            runs: list[Json] = [run.id for run in projects.runs_at(session, origin)]
            journal.note(
                session, by, "schema.change", project,
                from_version=origin.version, to_version=target.version, runs=runs,
            )  # fmt: skip
        moving = update(Run).where(col(Run.schema_version_id) == origin.id, ~col(Run.trial))
        moved = session.exec(moving.values(schema_version_id=target.id).returning(col(Run.id))).scalars()
        drawn.refuse_where_drawn(session, [run_id for run_id in moved if run_id], "another schema")
    elif (known.to_id, known.mapping) != (target.id, mapping):
        after = session.get_one(SchemaVersion, known.to_id).version
        raise Conflict(
            f"the runs at version {origin.version} have moved to version {after} already: change that one"
        )


def carry_on(store: Store, seconds: float = float("inf")) -> None:
    """Move labels of all changes that are under way, for about so long."""
    until = time.monotonic() + seconds
    with store.reading() as session:
        under_way = session.exec(select(SchemaChange.id).where(col(SchemaChange.finished_at).is_(None))).all()
    for change_id in under_way:
        while time.monotonic() < until and advance(store, change_id or 0):
            pass


def advance(store: Store, change_id: int) -> bool:
    """Move one batch; False once all is moved."""
    with store.writing() as session:
        change = session.exec(
            select(SchemaChange).where(SchemaChange.id == change_id).with_for_update()
        ).one()
        if change.finished_at is not None:
            return False
        batch = _next(session, change)
        if batch:
            _move_labels(session, session.get_one(SchemaVersion, change.to_id), batch)
            change.moved_up_to = batch[-1].id or 0
        else:
            change.finished_at = now()
        session.add(change)
    return bool(batch)


def left(session: Session, project: Project) -> int:
    """How many examples of a project are yet to be looked at by changes under way."""
    ahead = (
        select(func.count(col(Placement.id)))
        .join(Run, col(Run.id) == Placement.run_id)
        .join(SchemaChange, col(SchemaChange.to_id) == Run.schema_version_id)
        .where(SchemaChange.project_id == project.id, col(SchemaChange.finished_at).is_(None))
    )
    return session.exec(ahead.where(col(Placement.id) > SchemaChange.moved_up_to)).one()


def _origin(session: Session, project: Project, wish: Wish) -> SchemaVersion:
    """The version whose runs change. Of a change that was made already, as it was asked for, it is the one that it began at."""
    found = projects.schema_versions(session, project)
    if wish.from_version is not None:
        for version in found:
            if version.version == wish.from_version:
                return version
        raise NotFound(
            f"project {project.name!r} has no schema version {wish.from_version}; the newest is {found[0].version}"
        )
    if wish.mapping == SchemaMapping() or not _says(found[0], wish):
        return found[0]
    for made in session.exec(select(SchemaChange).where(SchemaChange.to_id == found[0].id)):
        if made.mapping == wish.mapping.model_dump(mode="json"):
            return session.get_one(SchemaVersion, made.from_id)
    raise InputError(
        "the schema is the one that holds already: a mapping goes with another one, or with from_version"
    )


def _says(version: SchemaVersion, wish: Wish) -> bool:
    return LabelSchema.model_validate(version.document).digest() == wish.label_schema.digest()


def _move(origin: SchemaVersion, wish: Wish) -> Move:
    move = Move(LabelSchema.model_validate(origin.document), wish.label_schema, wish.mapping)
    move.check()
    return move


def _next(session: Session, change: SchemaChange) -> Sequence[Placement]:
    """The next examples under lock, whatever their place: one that is being settled this moment is waited for."""
    runs = select(Run.id).where(Run.schema_version_id == change.to_id)
    ahead = select(Placement.id).where(
        col(Placement.run_id).in_(runs), col(Placement.id) > change.moved_up_to
    )
    ids = session.exec(ahead.order_by(col(Placement.id)).limit(BATCH)).all()
    found = select(Placement).where(col(Placement.id).in_(ids)).order_by(col(Placement.id))
    return session.exec(found.with_for_update()).all()


def _move_labels(session: Session, version: SchemaVersion, batch: Sequence[Placement]) -> None:
    """Give settled examples their label under this version, or back to the queue."""
    into, by_id = Translator(session, version), {placement.label_id: placement for placement in batch}
    held = [placement.label_id for placement in batch if placement.place == "settled"]
    labels = session.exec(
        select(Label).where(col(Label.id).in_(held), Label.schema_version_id != version.id)
    ).all()
    contents = versions.contents(session, [label.example_id for label in labels])
    originals = _originals(session, into, labels)
    relabeled: list[Relabeled] = []
    called_back: list[tuple[Placement, str]] = []
    for label in labels:
        placement, content = by_id[label.id], contents[label.example_id]
        origin = originals.get(label.mapped_from or 0, label)
        try:
            value = into.label(origin.value, origin.schema_version_id, content)
        except LabelError as error:
            called_back.append((placement, f"the schema has changed: {error}"))
        else:
            if value != label.value:
                relabeled.append(Relabeled(placement, label, value))
    place.relabel(session, relabeled, into.version_id)
    for run in session.exec(select(Run).where(col(Run.id).in_({one.run_id for one, _ in called_back}))).all():
        own = [(placement, note) for placement, note in called_back if placement.run_id == run.id]
        place.call_back(session, own, Policy.model_validate(run.policy))


def _originals(session: Session, into: Translator, labels: Iterable[Label]) -> dict[int, Label]:
    """Labels out of which an earlier change made these, where the schema is again what it was then: they hold again."""
    before = session.exec(
        select(Label).where(col(Label.id).in_([label.mapped_from for label in labels if label.mapped_from]))
    )
    return {label.id or 0: label for label in before if into.says_the_same(label.schema_version_id)}


Given = tuple[Mapping[str, Json], int | None, Mapping[str, Json]]
"""A label, the version it is of, and its example's content."""


def _fit(into: Translator, labels: Iterable[Given]) -> Fit:
    same = mapped = unfit = 0
    reasons: Counter[str] = Counter()
    for label, version_id, content in labels:
        try:
            value = into.label(label, version_id, content)
        except LabelError as error:
            unfit += 1
            reasons[str(error)] += 1
        else:
            same, mapped = same + (value == label), mapped + (value != label)
    return Fit(same=same, mapped=mapped, unfit=unfit, reasons=dict(reasons.most_common(REASONS_SHOWN)))


def _labels(session: Session, runs: Sequence[int]) -> Iterable[Any]:
    return session.execute(
        wide_select(col(Label.value), col(Label.schema_version_id), col(Example.content))
        .join(Placement, col(Placement.label_id) == Label.id)
        .join(Example, col(Example.id) == Label.example_id)
        .where(col(Placement.run_id).in_(runs), col(Placement.place) == "settled")
        .execution_options(yield_per=BATCH)
    )


def _drafts(session: Session, runs: Sequence[int]) -> Iterable[Any]:
    return session.execute(
        wide_select(col(Draft.label), col(Draft.schema_version_id), col(Example.content))
        .join(Placement, col(Placement.draft_id) == Draft.id)
        .join(Example, col(Example.id) == Draft.example_id)
        .where(
            col(Placement.run_id).in_(runs),
            col(Placement.place).in_(("drafted", "queued")),
            col(Draft.label).is_not(None),
        )
        .execution_options(yield_per=BATCH)
    )


def _gold(session: Session, runs: Sequence[int]) -> Iterable[Any]:
    datasets = select(Run.dataset_id).where(col(Run.id).in_(runs))
    return session.execute(
        wide_select(col(Example.gold), col(Example.schema_version_id), col(Example.content))
        .where(col(Example.dataset_id).in_(datasets), col(Example.gold).is_not(None))
        .execution_options(yield_per=BATCH)
    )


def _given(session: Session, runs: Sequence[int]) -> Iterable[Any]:
    datasets = select(Run.dataset_id).where(col(Run.id).in_(runs))
    return session.execute(
        wide_select(col(GivenDraft.label), col(GivenDraft.schema_version_id), col(Example.content))
        .join(Example, col(Example.id) == GivenDraft.example_id)
        .where(col(GivenDraft.dataset_id).in_(datasets))
        .execution_options(yield_per=BATCH)
    )


def _waiting(session: Session, runs: Sequence[int]) -> int:
    waiting = select(func.count(col(Placement.id))).where(Placement.place == "waiting")
    return session.exec(waiting.where(col(Placement.run_id).in_(runs))).one()


def _reviews(session: Session, runs: Sequence[int]) -> int:
    return session.exec(select(func.count(col(Review.id))).where(col(Review.run_id).in_(runs))).one()
