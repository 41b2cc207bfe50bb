"""Removal by age: what nobody works with any more goes after so many days, while what was found out stays.

An example is old once every run that has it was closed that long ago, or, where none has it, once it was brought in that long ago. A
run is closed when it is cancelled, or all of it is drafted and nobody is asked any more; it was so at the latest of these and
the newest answer. A thousand examples go in one transaction, so nobody waits for it, and what breaks off goes on where it was. Every
worker process looks after it; a project is one's at a time, once an hour.
"""

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_, delete, func, or_, text
from sqlmodel import Session, col, select, update

from prelabel.events import journal
from prelabel.images import keeping
from prelabel.models import (
    HELD,
    BadRow,
    Dataset,
    Delivery,
    Example,
    Import,
    JournalEntry,
    KeptFigure,
    Placement,
    Project,
    Review,
    Run,
    Slot,
    User,
    Webhook,
    now,
)
from prelabel.operations import forgetting, removal
from prelabel.routing import place
from prelabel.settings import Settings
from prelabel.store import Store

log = logging.getLogger(__name__)
BATCH = 1_000
"""Examples that go in one transaction."""
EVERY = timedelta(hours=1)
"""How often each project is looked at."""
MOST_DAYS = 36_500


class Ages(BaseModel):
    """After how many days contents go, and models' raw replies, where these go earlier; None: never, and with the contents."""

    days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    replies_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)

    @classmethod
    def of(cls, project: Project) -> "Ages":
        """Those of a project."""
        return cls(days=project.retention_days, replies_days=project.replies_days)


class Removed(BaseModel):
    """What went, or would go: contents of `examples`, raw `replies` of so many others, so many `images`.

    `kept` examples are as old and stay because a run that has them is still open, or was closed later. `left` are yet to go.
    """

    examples: int = 0
    replies: int = 0
    images: int = 0
    kept: int = 0
    left: int = 0


@dataclass(frozen=True)
class _Rule:
    """Which examples of a dataset are old."""

    dataset: Dataset
    before: datetime
    only_replies: bool

    def old(self) -> Sequence[ColumnElement[bool]]:
        """Brought in before then, and not dealt with yet."""
        replies = [col(Example.replies_removed_at).is_(None)] if self.only_replies else []
        return (
            *(col(Example.removed_at).is_(None), col(Example.dataset_id) == self.dataset.id),
            *(col(Example.created_at) < self.before, *replies),
        )

    def due(self, session: Session) -> Sequence[ColumnElement[bool]]:
        """Those of them that no run works with, nor has since."""
        lively = _lively(session, self.dataset, self.before)
        there = select(Placement.id).where(
            col(Placement.run_id).in_(lively), Placement.example_id == Example.id
        )
        return (*self.old(), ~there.exists()) if lively else self.old()


def set_ages(session: Session, project: Project, ages: Ages, by: User) -> None:
    """Keep the project's contents for so long from now on."""
    before = Ages.of(project)
    if (ages.days, ages.replies_days) == (before.days, before.replies_days):
        return
    project.retention_days, project.replies_days = ages.days, ages.replies_days
    project.retention_due_at = now()
    session.add(project)
    journal.note(session, by, "retention.set", project, before=before.model_dump(), **ages.model_dump())


def plan(session: Session, project: Project, ages: Ages) -> Removed:
    """What would go now; nothing is changed."""
    found, with_contents = Removed(), list[ColumnElement[bool]]()
    for rule in _rules(session, project, ages, now()):
        due = rule.due(session)
        if rule.only_replies:
            found.replies += _count(session, [*due, *with_contents])
        else:
            with_contents = [~and_(*due)]
            count = _count(session, due)
            found.examples += count
            found.kept += _count(session, rule.old()) - count
    return found


def remove(
    store: Store, project: Project, ages: Ages, by: User | None = None, seconds: float = float("inf")
) -> Removed:
    """Remove what is older than that, for about so long; `left` says how much is yet to go. `by` None: the server itself.

    It rests between transactions for as long as one took, so that others get to write.
    """
    moment, until, found = now(), time.monotonic() + seconds, Removed()
    with store.reading() as session:
        rules = _rules(session, project, ages, moment)
    for rule in rules:
        began = time.monotonic()
        while began < until and (count := _remove_some(store, project, rule, moment, by)):
            time.sleep(time.monotonic() - began)
            began = time.monotonic()
            if rule.only_replies:
                found.replies += count
            else:
                found.examples += count
    if ages.days is not None:
        _remove_told(store, project, moment - timedelta(days=ages.days))
        if found.examples:
            found.images = keeping.remove_unshown(store, project, moment - timedelta(days=ages.days))
    with store.reading() as session:
        to_come = plan(session, project, ages)
    return found.model_copy(update={"kept": to_come.kept, "left": to_come.examples + to_come.replies})


def carry_on(store: Store, settings: Settings) -> None:
    """Remove what every project's own ages and the server's settings say, where it is time for that."""
    while project := _take(store):
        found = remove(store, project, Ages.of(project))
        if found.examples or found.replies:
            log.info(
                "project %s: contents of %s examples and replies for %s others were removed",
                *(project.name, found.examples, found.replies),
            )
    trim(store, settings)


def trim(store: Store, settings: Settings) -> None:
    """Remove lines of the journal and bodies of deliveries that are older than the settings allow."""
    if settings.journal_days:
        old = col(JournalEntry.created_at) < now() - timedelta(days=settings.journal_days)
        with store.writing() as session:
            session.exec(delete(JournalEntry).where(old))
    if settings.webhook_days:
        with store.writing() as session:
            _empty(session, col(Delivery.created_at) < now() - timedelta(days=settings.webhook_days))


def _take(store: Store) -> Project | None:
    """A project that is to be looked at now, kept from other workers until the next time."""
    with store.writing() as session:
        has_ages = or_(col(Project.retention_days).is_not(None), col(Project.replies_days).is_not(None))
        due = select(Project).where(has_ages, col(Project.retention_due_at) <= now())
        found = session.exec(
            due.order_by(col(Project.retention_due_at)).limit(1).with_for_update(skip_locked=True)
        ).first()
        if found:
            found.retention_due_at = now() + EVERY
            session.add(found)
        return found


def _rules(session: Session, project: Project, ages: Ages, moment: datetime) -> list[_Rule]:
    """Contents go first: the replies that they take with them are not counted apart."""
    datasets = session.exec(select(Dataset).where(Dataset.project_id == project.id).order_by(col(Dataset.id)))
    given = ((ages.days, False), (ages.replies_days, True))
    terms = [
        (moment - timedelta(days=days), only_replies) for days, only_replies in given if days is not None
    ]
    return [_Rule(dataset, *term) for dataset in datasets.all() for term in terms]


def _remove_some(store: Store, project: Project, rule: _Rule, moment: datetime, by: User | None) -> int:
    """Remove some of what is due; how many examples that were.

    The dataset is locked, so that no run takes its examples up meanwhile, and so is where they are in runs: whoever has just sent
    some to people is waited for.
    """
    with store.writing() as session:
        session.exec(
            select(Dataset.id).where(Dataset.id == rule.dataset.id).with_for_update(key_share=True)
        ).one()
        found = session.exec(
            select(Example.id).where(*rule.due(session)).order_by(col(Example.id)).limit(BATCH)
        ).all()
        if not found:
            return 0
        placements = select(Placement.id).where(
            col(Placement.run_id).in_(_run_ids(session, rule.dataset)), col(Placement.example_id).in_(found)
        )
        place.lock(session, [one or 0 for one in session.exec(placements)])
        still = select(Example.id).where(*rule.due(session), col(Example.id).in_(found))
        ids = [one or 0 for one in session.exec(still)]
        if not ids:
            return 0
        if rule.only_replies:
            removal.remove_replies(session, ids, moment)
        else:
            removal.remove(session, rule.dataset, ids, moment)
            session.exec(delete(KeptFigure).where(col(KeptFigure.project_id) == project.id))
        act: journal.Act = "replies.remove" if rule.only_replies else "content.remove"
        days = (moment - rule.before).days
        journal.note(session, by, act, rule.dataset, examples=len(ids), older_than_days=days)
        return len(ids)


def _lively(session: Session, dataset: Dataset, since: datetime) -> list[int]:
    """The dataset's runs that are open, or were closed since then."""
    runs = session.exec(select(Run).where(Run.dataset_id == dataset.id).order_by(col(Run.id))).all()
    return [run.id or 0 for run in runs if (closed := _closed_at(session, run)) is None or closed >= since]


def _closed_at(session: Session, run: Run) -> datetime | None:
    """When the last thing happened in a run in which nothing is to happen any more; None: it is open."""
    newest = session.exec(
        select(Review.created_at).where(Review.run_id == run.id).order_by(col(Review.id).desc()).limit(1)
    ).first()
    ended = run.cancelled_at if run.state == "cancelled" else run.drafted_at
    if ended is None or is_at_work(session, [run.id or 0]):
        return None
    queued = select(Placement.id).where(Placement.run_id == run.id, Placement.place == "queued")
    if run.state != "cancelled" and session.exec(queued.limit(1)).first() is not None:
        return None
    return max(ended, newest or ended)


def is_at_work(session: Session, run_ids: Collection[int]) -> bool:
    """Whether a worker, a provider's batch or a person has something of these runs in hand this moment."""
    held = select(Slot.id).where(text(HELD), col(Slot.lease_until) >= now(), col(Slot.run_id).in_(run_ids))
    asked = (forgetting.leased(run_ids), forgetting.in_batches(run_ids), held)
    return any(session.exec(one.limit(1)).first() is not None for one in asked)


def _run_ids(session: Session, dataset: Dataset) -> list[int]:
    return [one or 0 for one in session.exec(select(Run.id).where(Run.dataset_id == dataset.id))]


def _count(session: Session, which: Sequence[ColumnElement[bool]]) -> int:
    return session.exec(select(func.count()).select_from(Example).where(*which)).one()


def _remove_told(store: Store, project: Project, before: datetime) -> None:
    """What was said of rows that could not be brought in, and what webhooks were sent."""
    with store.writing() as session:
        datasets = select(Dataset.id).where(Dataset.project_id == project.id)
        imports = select(Import.id).where(
            col(Import.dataset_id).in_(datasets), col(Import.started_at) < before
        )
        told = update(BadRow).where(col(BadRow.import_id).in_(imports), col(BadRow.reason) != "")
        session.exec(told.values(field="", reason=""))
        hooks = select(Webhook.id).where(Webhook.project_id == project.id)
        _empty(session, col(Delivery.webhook_id).in_(hooks), col(Delivery.created_at) < before)


def _empty(session: Session, *which: ColumnElement[bool]) -> None:
    """Remove the bodies of these deliveries that are not to be tried again."""
    over = update(Delivery).where(*which, col(Delivery.due_at).is_(None), col(Delivery.body) != "")
    session.exec(over.values(body=""))
