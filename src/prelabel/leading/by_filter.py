"""What a lead does to all examples of a run that a search finds: how many that would be, and doing it, batch by batch.

Each batch is one transaction with its own line in the journal. An act that breaks off has done whole batches, and doing it
again does the rest. What is found is locked and looked at again before it moves: placements first, then their slots.
"""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import ClassVar

from pydantic import BaseModel
from sqlalchemy import ColumnElement
from sqlalchemy import select as wide_select
from sqlmodel import Session, col, select

from prelabel import runs
from prelabel.canonical import Json
from prelabel.events import journal
from prelabel.leading import browse
from prelabel.leading.browse import Search
from prelabel.models import CHECK, Example, Label, Placement, Run, Slot, User, now
from prelabel.review.rounds import is_live
from prelabel.routing import place
from prelabel.store import Store

BATCH = 1_000
"""Examples that are moved in one transaction."""
IN_HAND = "someone has it in hand"
NOT_QUEUED = "it is not queued"
REMOVED = "its content was removed"


@dataclass(frozen=True)
class Held:
    """An example that an act is about, with its slots but for checks and withdrawn ones, and where its label came from.

    One whose content `is_removed` is left alone by every act.
    """

    placement: Placement
    slots: Sequence[Slot]
    source: str
    is_removed: bool

    @property
    def open_slots(self) -> list[Slot]:
        """Those that are still to be answered."""
        return [slot for slot in self.slots if slot.state == "open"]

    def is_in_hand(self, lease_seconds: float) -> bool:
        """Whether someone works on it now. What is given to them and not open on their page is not in hand."""
        return any(in_hand(slot, lease_seconds) for slot in self.slots)


class Act(ABC):
    """What is done to each example that is found, or why it is left alone. `name` is what the journal calls it."""

    name: ClassVar[journal.Act]

    @abstractmethod
    def details(self) -> dict[str, Json]:
        """What the journal has to say of it besides the filter and the counts."""

    @abstractmethod
    def why_not(self, held: Held) -> str:
        """Why an example is left alone; "" where it is not."""

    @abstractmethod
    def do(self, session: Session, run: Run, held: Sequence[Held]) -> None:
        """Do it to these examples, which are locked."""

    def narrowed(self) -> Sequence[ColumnElement[bool]]:
        """Which placements it can be about at all; the others are not counted as left alone."""
        return ()

    def enter(self, session: Session) -> None:  # noqa: B027 # most acts need none
        """Take the locks that go before those on placements."""


class Done(BaseModel):
    """What came of an act, or would come of it: so many `examples`, and by why, how many were `left` alone.

    `act` is the number of its first line in the journal; null where nothing was changed.
    """

    act: int | None
    examples: int
    left: dict[str, int]


def plan(store: Store, run_id: int, wanted: Search, act: Act) -> Done:
    """What the act would do now; nothing is changed. Raises NotFound, and InputError as `browse.search`."""
    examples, left = 0, Counter[str]()
    with store.reading() as session:
        for ids in _found(session, run_id, wanted, act):
            doable, why_left = _parted(act, load(session, ids))
            examples, left = examples + len(doable), left + why_left
            session.expunge_all()
    return Done(act=None, examples=examples, left=dict(left))


def carry_out(store: Store, run_id: int, wanted: Search, act: Act, by: User) -> Done:
    """Do it. Raises as `plan`."""
    first, examples, left = None, 0, Counter[str]()
    with store.reading() as searching:
        for ids in _found(searching, run_id, wanted, act):
            searching.rollback()  # what is read next is as it is then
            with store.writing() as session:
                doable, why_left = _held(session, run_id, wanted, act, ids)
                left += why_left
                if not doable:
                    continue
                run = runs.get(session, run_id)
                act.do(session, run, doable)
                line = journal.note(
                    session, by, act.name, run, **act.details(), **_asked(wanted), examples=len(doable),
                    left=dict(why_left),
                )  # fmt: skip
            first, examples = first or line, examples + len(doable)
    return Done(act=first, examples=examples, left=dict(left))


def load(session: Session, ids: Collection[int], is_locking: bool = False) -> list[Held]:
    """These examples, by id; their slots locked as well, if wanted: whoever is just claiming one is waited for."""
    rows = session.execute(
        wide_select(Placement, col(Label.source), col(Example.removed_at))
        .join(Example, col(Example.id) == Placement.example_id)
        .join(Label, col(Label.id) == Placement.label_id, isouter=True)
        .where(col(Placement.id).in_(ids))
        .order_by(col(Placement.id))
    ).all()
    wanted = select(Slot).where(
        col(Slot.placement_id).in_(ids), Slot.reason != CHECK, Slot.state != "withdrawn"
    )
    by_placement: dict[int, list[Slot]] = defaultdict(list)
    for slot in session.exec(
        wanted.order_by(col(Slot.id)).with_for_update() if is_locking else wanted.order_by(col(Slot.id))
    ):
        by_placement[slot.placement_id].append(slot)
    return [
        Held(placement, by_placement[placement.id or 0], source or "", removed_at is not None)
        for placement, source, removed_at in rows
    ]


def in_hand(slot: Slot, lease_seconds: float) -> bool:
    """Whether someone works on the slot now."""
    if not is_live(slot):
        return False
    if slot.assigned_until is None or slot.assigned_until < now():
        return True
    return slot.claimed_at is not None and slot.claimed_at + timedelta(seconds=lease_seconds) >= now()


def _found(session: Session, run_id: int, wanted: Search, act: Act) -> Iterator[list[int]]:
    """Placements that are as asked for, some at a time."""
    after: int | None = 0
    while after is not None:
        run = runs.get(session, run_id)
        found = browse.matching(session, run, wanted, after, BATCH, *act.narrowed())
        if found.ids:
            yield found.ids
        after = found.next


def _held(
    session: Session, run_id: int, wanted: Search, act: Act, ids: Sequence[int]
) -> tuple[list[Held], Counter[str]]:
    """Those of these examples that are still as asked for and that the act is for, locked."""
    act.enter(session)
    place.lock(session, ids)
    run = runs.get(session, run_id)
    ids = browse.still_matching(session, run, wanted, ids, *act.narrowed())
    return _parted(act, load(session, ids, is_locking=True))


def _parted(act: Act, held: Sequence[Held]) -> tuple[list[Held], Counter[str]]:
    """Those that the act is for, and of the others how many are left alone, by why."""
    why_not = [REMOVED if one.is_removed else act.why_not(one) for one in held]
    doable = [one for one, why in zip(held, why_not, strict=True) if not why]
    return doable, Counter(why for why in why_not if why)


def _asked(wanted: Search) -> dict[str, Json]:
    return {name.removeprefix("is_"): value for name, value in asdict(wanted).items() if value}
