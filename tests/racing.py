"""People who race for the slots of one run: they answer, skip, flag, take back, fall asleep and vanish in the middle."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlmodel import func, select

from prelabel import review, runs
from prelabel.errors import Conflict, LeaseLost, NotAllowed, NotFound
from prelabel.models import Placement, User
from prelabel.review import Answer, Work, pausing
from prelabel.store import Store
from tests.books import Books
from tests.factories import make_user, queue_up


@dataclass
class Race:
    """One run, and the acts that the people in it were told had been done: by token, the id of the review."""

    store: Store
    run_id: int
    lease_seconds: float
    done: dict[str, int] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    def is_over(self) -> bool:
        """Whether nothing is queued."""
        with self.store.reading() as session:
            queued = select(func.count()).where(Placement.run_id == self.run_id, Placement.place == "queued")
            return session.exec(queued).one() == 0


class Person(threading.Thread):
    """Works until the race is over. A crash is a page that is never looked at again; its leases run out."""

    def __init__(self, race: Race, user: int, is_senior: bool) -> None:
        super().__init__(daemon=True)
        self.user = user
        self._race, self._user, self._is_senior = race, user, is_senior
        self._chance = random.Random(user)
        self._acts = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while (page := self._claim()) or not self._race.is_over():
                if not page:
                    time.sleep(self._race.lease_seconds / 10)
                for work in page:
                    if self._chance.random() < 0.02:
                        break
                    self._answer(work)
        except BaseException as error:  # noqa: BLE001 # the test raises it again
            self.failure = error

    def _claim(self) -> list[Work]:
        try:
            with self._race.store.writing() as session:
                return review.claim(
                    session,
                    self._user,
                    self._chance.randint(1, 10),
                    self._race.lease_seconds,
                    self._race.run_id,
                    self._is_senior,
                )
        except NotAllowed:  # paused
            return []

    def _answer(self, work: Work) -> None:
        dice = self._chance.random()
        if dice < 0.003:
            time.sleep(1.5 * self._race.lease_seconds)
        if dice < 0.03:
            self._act("skip", work)
        elif dice < 0.05:
            self._act("flag", work)
        else:
            self._act("submit", work)
        if dice > 0.95:
            self._undo()

    def _act(self, act: str, work: Work) -> None:
        self._acts += 1
        token, topic = f"act-{self._acts}", "a" if self._chance.random() < 0.9 else "b"
        said = Answer(token, comment="odd", version=work.version)
        try:
            for _ in range(2 if self._chance.random() < 0.05 else 1):
                with self._race.store.writing() as session:
                    if act == "submit":
                        row = review.submit(session, self._user, work.slot_id, {"topic": topic}, said)
                    else:
                        row = getattr(review, act)(session, self._user, work.slot_id, said)
                before = self._race.done.setdefault(f"{self._user}/{token}", row.id or 0)
                assert before == row.id
        except (Conflict, LeaseLost) as error:
            self._race.refused[type(error).__name__] += 1

    def _undo(self) -> None:
        self._acts += 1
        try:
            with self._race.store.writing() as session:
                work = review.undo(session, self._user, self._race.lease_seconds, f"act-{self._acts}", 20)
        except (Conflict, NotFound) as error:
            self._race.refused[f"undo: {type(error).__name__}"] += 1
            return
        self._race.done[f"{self._user}/act-{self._acts}"] = 0
        if self._chance.random() < 0.8:
            self._act("submit", work)


def pause_some(race: Race, users: Sequence[int]) -> None:
    """Pause people one after the other in the middle of their work, as two workers look after it, and let them go on."""
    for number in users:
        time.sleep(race.lease_seconds / 5)
        with race.store.writing() as session:
            run, user = runs.get(session, race.run_id), session.get_one(User, number)
            pausing.pause(session, run, user, user, "a talk")
        workers = [threading.Thread(target=pausing.carry_on, args=(race.store,)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        with race.store.writing() as session:
            run, user = runs.get(session, race.run_id), session.get_one(User, number)
            pausing.resume(session, run, user, user, "talked")


def run_race(
    store: Store,
    examples: int,
    wanted: int,
    people: int,
    lease_seconds: float,
    seconds: float,
    paused: int = 0,
) -> Counter[str]:
    """Let so many people, and two seniors, work off a run, `paused` of them once paused; returns where its examples are at the end.

    Raises AssertionError where the books do not balance, or an act that was done is not in them exactly once.
    """
    rows = [{"id": f"e{number}", "text": f"text {number}"} for number in range(examples)]
    rows += [{"id": f"g{number}", "text": f"gold {number}", "gold": "a"} for number in range(examples // 10)]
    race = Race(store, queue_up(store, rows, reviewers=wanted, gold_share=0.1), lease_seconds)
    crew = [Person(race, make_user(store, f"person-{number}").id or 0, False) for number in range(people)]
    crew += [
        Person(race, make_user(store, f"senior-{number}", "senior").id or 0, True) for number in range(2)
    ]
    for person in crew:
        person.start()
    pause_some(race, [person.user for person in crew[:paused]])
    until = time.monotonic() + seconds
    while any(person.is_alive() for person in crew):
        for person in crew:  # the others would wait for ever for what one who has failed holds
            if person.failure:
                raise person.failure
        assert time.monotonic() < until, f"not over after {seconds:.0f} s: {race.refused}"
        time.sleep(0.1)
    for person in crew:
        if person.failure:
            raise person.failure
    with store.reading() as session:
        books = Books.of(session, race.run_id)
    books.check(wanted)
    assert race.done.keys() == {f"{row.user_id}/{row.client_token}" for row in books.reviews}
    return Counter(row.place for row in books.placements.values())
