"""Figures of large runs, answered at once: from what was computed before, and computed anew behind the scenes.

What is asked of a run of fewer than `LARGE` examples, and what takes less than `QUICK` seconds, is always computed anew. Everything
else is kept in the database, for all API processes, and served with the moment `as_of` which it was computed. Where something has
happened since, one of them computes it anew, while those who ask are served what there is.

Whether something has happened is told by the newest row of each table that figures are made of. A row has its number before others
can see it, so what is missing from a figure may have a lower number than what is in it. A mark is therefore believed only once a
figure was computed a minute after the mark was first seen: no transaction takes that long.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Generic, TypeVar

from sqlalchemy import func, or_
from sqlalchemy import select as wide_select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlmodel import Session, col, delete, select, update

from prelabel import __version__
from prelabel.canonical import canonical
from prelabel.errors import Unavailable
from prelabel.measure.figure import Figure
from prelabel.models import (
    Call,
    Draft,
    JournalEntry,
    KeptFigure,
    Label,
    Placement,
    Review,
    Run,
    SchemaVersion,
    Slot,
    now,
)
from prelabel.store import Store

log = logging.getLogger(__name__)
LARGE = 10_000
"""Examples from which runs, counted together, are large."""
QUICK = 0.1
"""Seconds under which nothing is served from what was kept."""
PATIENCE = 10.0
"""Seconds for which somebody waits for what was never computed before."""
REST, SHARE = 30.0, 0.1
"""What is kept is computed anew after so many seconds at the earliest, or sooner if that takes no more than this share of the time."""
SETTLED = timedelta(minutes=1)
"""Longer than any transaction: after it a mark misses nothing."""
LEASE = timedelta(minutes=2)
"""For which a figure is left to who computes it, unless they say that they still do."""
AT_ONCE = 4
"""Figures that one process computes at a time behind the scenes."""
NEWER = 10_000
"""Rows that are looked through for one of the runs asked for; where there are more, something is taken to have happened."""
LOOK_AGAIN = 0.05

BY_RUN: tuple[Any, ...] = (Draft, Call, Slot, Review, Label)
"""What figures are made of. No example goes from one place to another without a row in one of these, or in the journal."""
Found = TypeVar("Found", bound=Figure)


@dataclass(frozen=True)
class Ask(Generic[Found]):
    """A figure that is asked for, of runs of a project. `name` says all that it depends on, but for rows of the database."""

    project_id: int
    run_ids: Sequence[int]
    name: str
    kind: type[Found]
    compute: Callable[[Session], Found]


class Keeper:
    """Answers what is asked, and keeps what took long. One a process; several may share a database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._working: set[threading.Thread] = set()

    def get(self, ask: Ask[Found]) -> Found:
        """The figure. Raises Unavailable while it is computed for the first time, if that takes long."""
        asked, until = now(), time.monotonic() + PATIENCE
        while True:
            with self._store.reading() as session:
                kept = _find(session, ask)
                if kept is None and not is_large(session, ask.run_ids):
                    return ask.compute(session)
                is_due = kept is not None and _is_due(session, ask, kept, asked)
            if kept is not None and kept.as_of is not None:
                return self._served(ask, kept, is_due)
            self._wait(ask, until)

    def settle(self) -> None:
        """Wait for what is computed behind the scenes."""
        for thread in [*self._working]:
            thread.join()

    def _served(self, ask: Ask[Found], kept: KeptFigure, is_due: bool) -> Found:
        if kept.value is None:
            return self._anew(ask, kept)
        if is_due and _claim(self._store, ask, kept.as_of):
            self._begin(ask)
        return ask.kind.model_validate(kept.value)

    def _anew(self, ask: Ask[Found], kept: KeptFigure) -> Found:
        """What was quick the last time; should it be no more, it is kept from now on."""
        began = time.monotonic()
        with self._store.reading() as session:
            found = ask.compute(session)
        if time.monotonic() - began >= QUICK and _claim(self._store, ask, kept.as_of):
            self._begin(ask)
        return found

    def _wait(self, ask: Ask[Found], until: float) -> None:
        """Until the figure is there, by whomever. Raises Unavailable where that takes longer."""
        if _claim(self._store, ask, None):
            ended = self._begin(ask)
            try:
                ended.result(max(0.0, until - time.monotonic()))
            except TimeoutError:
                raise _computing(ask) from None
        elif time.monotonic() > until:
            raise _computing(ask)
        else:
            time.sleep(LOOK_AGAIN)

    def _begin(self, ask: Ask[Found]) -> Future[None]:
        """Compute what was claimed in a thread of its own, which does not keep the process from ending."""
        ended: Future[None] = Future()

        def work() -> None:
            with self._room:
                try:
                    _compute(self._store, ask)
                    ended.set_result(None)
                except Exception as error:  # noqa: BLE001 # who waits for it gets it
                    log.warning("%s could not be computed: %s", ask.name, error)
                    ended.set_exception(error)
            self._working.discard(thread)

        thread = threading.Thread(target=work, name=f"figure {ask.name}", daemon=True)
        self._working.add(thread)
        thread.start()
        return ended


def is_large(session: Session, run_ids: Sequence[int]) -> bool:
    """Whether these runs together have so many examples that their figures are kept."""
    some = select(Placement.id).where(col(Placement.run_id).in_(run_ids)).limit(LARGE).subquery()
    return session.exec(select(func.count()).select_from(some)).one() >= LARGE


def forget(session: Session) -> None:
    """Forget all that is kept, of all projects: as when something that it may say is to be known no more."""
    session.exec(delete(KeptFigure))


def _find(session: Session, ask: Ask[Any]) -> KeptFigure | None:
    found = select(KeptFigure).where(KeptFigure.project_id == ask.project_id, KeptFigure.name == _name(ask))
    return session.exec(found).first()


def _name(ask: Ask[Any]) -> str:
    """What it is kept as, by this version of the program: another may count in another way."""
    return f"{__version__} {ask.name}"


def _is_due(session: Session, ask: Ask[Any], kept: KeptFigure, asked: datetime) -> bool:
    """Whether what is kept may lack something that had happened when it was asked for, and is old enough to be computed anew."""
    if (
        kept.as_of is None
        or kept.value is None
        or kept.as_of >= asked
        or (kept.lease_until and kept.lease_until >= now())
    ):
        return False
    if now() - kept.as_of < timedelta(seconds=min(REST, kept.seconds / SHARE)):
        return False
    is_settled = kept.same_since is not None and kept.as_of - kept.same_since >= SETTLED
    return not (is_settled and _is_same(session, ask, kept.mark))


def _claim(store: Store, ask: Ask[Any], as_of: datetime | None) -> bool:
    """Take it on to compute what was last computed then; False: somebody else has, or did."""
    mine = (col(KeptFigure.project_id) == ask.project_id, col(KeptFigure.name) == _name(ask))
    until = now() + LEASE
    try:
        with store.writing() as session:
            is_free = or_(col(KeptFigure.lease_until).is_(None), col(KeptFigure.lease_until) < now())
            same = col(KeptFigure.as_of) == as_of if as_of else col(KeptFigure.as_of).is_(None)
            taken = update(KeptFigure).where(*mine, is_free, same).values(lease_until=until)
            if session.exec(taken).rowcount:
                return True
            if as_of or session.exec(select(KeptFigure.id).where(*mine)).first():
                return False
            mine_now = col(KeptFigure.name).startswith(f"{__version__} ", autoescape=True)
            session.exec(delete(KeptFigure).where(col(KeptFigure.project_id) == ask.project_id, ~mine_now))
            session.add(KeptFigure(project_id=ask.project_id, name=_name(ask), lease_until=until))
        return True
    except IntegrityError:
        return False  # two were the first at once


def _compute(store: Store, ask: Ask[Found]) -> None:
    """Compute what was claimed, and keep it."""
    began, clock = now(), time.monotonic()
    with _holding(store, ask):
        with store.reading() as session:
            kept = _find(session, ask)
            is_same = kept is not None and bool(kept.mark) and _is_same(session, ask, kept.mark)
            since = kept.same_since if kept is not None and is_same else None
            mark = _mark(session, ask)
            found = ask.compute(session)
        seconds = time.monotonic() - clock
        value = (
            found.model_copy(update={"as_of": began}).model_dump(mode="json") if seconds >= QUICK else None
        )
        what = {
            "value": value,
            "as_of": began,
            "seconds": seconds,
            "mark": mark,
            "same_since": since or began,
        }
        with store.writing() as session:
            session.exec(_mine(ask).values(**what))


@contextmanager
def _holding(store: Store, ask: Ask[Any]) -> Iterator[None]:
    """Keep others from computing the same for as long as the block takes, and no longer."""
    over = threading.Event()

    def hold() -> None:
        while not over.wait(LEASE.total_seconds() / 3):
            with suppress(SQLAlchemyError), store.writing() as session:
                session.exec(_mine(ask).values(lease_until=now() + LEASE))

    holder = threading.Thread(target=hold, name="figure-holder", daemon=True)
    holder.start()
    try:
        yield
    finally:
        over.set()
        holder.join()
        with store.writing() as session:
            session.exec(_mine(ask).values(lease_until=None))


def _mine(ask: Ask[Any]) -> Any:
    return update(KeptFigure).where(
        col(KeptFigure.project_id) == ask.project_id, col(KeptFigure.name) == _name(ask)
    )


def _computing(ask: Ask[Any]) -> Unavailable:
    return Unavailable(
        f"{ask.name}: this is being computed for the first time, which takes a while for so many examples: ask again in some seconds"
    )


def _mark(session: Session, ask: Ask[Any]) -> dict[str, Any]:
    """The newest row of each table, whosever it is, and what the runs and their project's schema say."""
    newest = session.execute(
        wide_select(*(wide_select(func.max(table.id)).scalar_subquery() for table in (*BY_RUN, JournalEntry)))
    ).one()
    runs = session.exec(select(Run).where(col(Run.id).in_(ask.run_ids)).order_by(col(Run.id))).all()
    versions = select(func.max(SchemaVersion.id)).where(SchemaVersion.project_id == ask.project_id)
    said = canonical([*(run.model_dump(mode="json") for run in runs), session.exec(versions).one()])
    names = [table.__tablename__ for table in (*BY_RUN, JournalEntry)]
    return {name: number or 0 for name, number in zip(names, newest, strict=True)} | {
        "said": blake2b(said.encode(), digest_size=16).hexdigest()
    }


def _is_same(session: Session, ask: Ask[Any], mark: dict[str, Any]) -> bool:
    """Whether nothing has happened in these runs since the mark was taken."""
    newest = _mark(session, ask)
    if newest["said"] != mark["said"]:
        return False
    whose = [(table, table.run_id, set(ask.run_ids)) for table in BY_RUN]
    whose.append((JournalEntry, JournalEntry.project_id, {ask.project_id}))
    return not any(
        newest[table.__tablename__] != mark[table.__tablename__]
        and _has_newer(session, table, owner, owners, mark[table.__tablename__])
        for table, owner, owners in whose
    )


def _has_newer(session: Session, table: Any, owner: Any, owners: set[int], number: int) -> bool:
    newer = session.exec(select(owner).where(table.id > number).order_by(table.id).limit(NEWER)).all()
    return len(newer) == NEWER or not owners.isdisjoint(newer)
