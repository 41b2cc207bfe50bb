"""Whatever people do in whatever order, every example is in one place and is answered by as many people as it should be."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import col, update

from prelabel import review, route, runs
from prelabel.errors import Conflict, LeaseLost, NotFound
from prelabel.models import Slot, User, now
from prelabel.review import Answer, Unsent, Work, pausing
from prelabel.routing import place
from prelabel.store import Store
from tests.books import Books
from tests.factories import make_user, queue_up

EXAMPLES = 3
CHECKS = 2
PEOPLE = 6
PERSON = st.integers(0, PEOPLE - 1)


class Queue(RuleBasedStateMachine):
    """Six people, two of them seniors; `held` is who has claimed which slot, as far as they know."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.tokens = 0

    @initialize(wanted=st.integers(1, 3), rule=st.sampled_from(["majority", "unanimous"]))
    def begin(self, wanted: int, rule: str) -> None:
        self.wanted = wanted
        rows = [{"id": f"e{number}", "text": f"text {number}"} for number in range(EXAMPLES)]
        rows += [{"id": f"g{number}", "text": f"gold {number}", "gold": "a"} for number in range(CHECKS)]
        self.run_id = queue_up(
            self.store, rows, reviewers=wanted, consensus=rule, gold_share=0.4, seeded_share=0.5
        )
        self.users = [self.newcomer(number) for number in range(PEOPLE)]
        self.held: list[tuple[int, Work]] = []
        self.answered: dict[int, list[int]] = {user: [] for user in self.users}

    def newcomer(self, number: int) -> int:
        return make_user(self.store, f"user-{self.run_id}-{number}").id or 0

    def answer(self, work: Work | None = None, comment: str = "") -> Answer:
        self.tokens += 1
        return Answer(
            f"{self.run_id}-token-{self.tokens}", comment=comment, version=work.version if work else None
        )

    def books(self) -> Books:
        with self.store.reading() as session:
            return Books.of(session, self.run_id)

    @rule(person=PERSON, limit=st.integers(1, 4), for_senior=st.booleans())
    def claim(self, person: int, limit: int, for_senior: bool) -> None:
        user = self.users[person]
        for_senior = for_senior and person >= PEOPLE - 2
        with self.store.writing() as session:
            works = review.claim(session, user, limit, 60, self.run_id, for_senior)
        books = self.books()
        names = [work.example_id for work in works]
        assert len(names) == len(set(names)) <= limit
        by_id = {slot.id: slot for slots in books.slots.values() for slot in slots}
        for work in works:
            slot = by_id[work.slot_id]
            assert (slot.claimed_by, slot.for_senior, slot.version) == (user, for_senior, work.version)
            same = [other for other in books.slots[slot.placement_id] if other.id != slot.id]
            assert user not in {row.user_id for other in same for row in books.standing[other.id or 0]}
        self.held += [(user, work) for work in works]

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        act=st.sampled_from(["submit"] * 4 + ["skip", "flag", "keep"]),
        topic=st.sampled_from("ab"),
    )
    def act(self, data: st.DataObject, act: str, topic: str) -> None:
        user, work = data.draw(st.sampled_from(self.held))
        label = {"topic": topic}
        said = self.answer(work, "odd")
        try:
            with self.store.writing() as session:
                if act == "submit":
                    row = review.submit(session, user, work.slot_id, label, said)
                    assert review.submit(session, user, work.slot_id, label, said).id == row.id
                elif act == "skip":
                    review.skip(session, user, work.slot_id, said)
                elif act == "flag":
                    review.flag(session, user, work.slot_id, said)
                else:
                    review.keep(session, user, work.slot_id, Unsent(label), work.version)
        except (Conflict, LeaseLost):
            return
        if act != "keep":
            self.answered[user].append(work.slot_id)

    @rule(person=PERSON)
    def undo(self, person: int) -> None:
        user = self.users[person]
        try:
            with self.store.writing() as session:
                work = review.undo(session, user, 60, self.answer().client_token, 50)
        except (Conflict, NotFound):
            return
        assert self.answered[user].pop() == work.slot_id
        self.held.append((user, work))

    @rule()
    def leases_run_out(self) -> None:
        with self.store.writing() as session:
            session.exec(update(Slot).where(col(Slot.lease_until).is_not(None)).values(lease_until=now()))

    @rule(person=PERSON)
    def release(self, person: int) -> None:
        with self.store.writing() as session:
            review.release(session, self.users[person])

    @rule(person=PERSON)
    def someone_is_paused_and_let_go_on(self, person: int) -> None:
        user = self.users[person]
        with self.store.writing() as session:
            run, lead = runs.get(session, self.run_id), session.get_one(User, self.users[0])
            pausing.pause(session, run, session.get_one(User, user), lead, "a talk")
        pausing.carry_on(self.store)
        books = self.books()
        books.check(self.wanted)
        theirs = [slot for slots in books.slots.values() for slot in slots if slot.claimed_by == user]
        assert not [slot for slot in theirs if slot.state == "open"]
        with self.store.writing() as session:
            run, lead = runs.get(session, self.run_id), session.get_one(User, self.users[0])
            pausing.resume(session, run, session.get_one(User, user), lead, "talked")

    @rule()
    def examples_are_drafted_again(self) -> None:
        with self.store.writing() as session:
            place.draft_again(session, runs.get(session, self.run_id))
            for row in Books.of(session, self.run_id).placements.values():
                if row.place == "waiting":
                    row.place = "drafted"
        route.route_drafted(self.store, self.run_id)

    @invariant()
    def the_books_are_right(self) -> None:
        if hasattr(self, "run_id"):
            self.books().check(self.wanted)

    def teardown(self) -> None:
        """None is lost: newcomers work the queue off."""
        if not hasattr(self, "run_id"):
            return
        self.leases_run_out()
        helpers = [self.newcomer(PEOPLE + number) for number in range(4)]
        for for_senior in (False, True):
            for user in helpers[3:] if for_senior else helpers[:3]:
                self._work_off(user, for_senior)
        books = self.books()
        books.check(self.wanted)
        checks = [slot for slots in books.slots.values() for slot in slots if slot.reason == "check"]
        assert len({slot.placement_id for slot in checks}) == CHECKS
        assert {slot.state for slot in checks} == {"answered"}
        assert {row.place for row in books.placements.values()} <= {"settled", "failed"}

    def _work_off(self, user: int, for_senior: bool) -> None:
        with self.store.writing() as session:
            for work in review.claim(session, user, 100, 60, self.run_id, for_senior):
                review.submit(session, user, work.slot_id, {"topic": "a"}, self.answer(work))


def test_the_books_are_right_whatever_people_do(store: Store) -> None:
    class OverStore(Queue):
        pass

    OverStore.store = store
    run_state_machine_as_test(
        OverStore,
        settings=settings(
            max_examples=10,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
