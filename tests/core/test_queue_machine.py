"""Whatever reviewers do in whatever order, every example is in one place and every slot is one person's."""

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import col, select

from prelabel import place, review, runs
from prelabel.errors import Conflict, LeaseLost, NotFound
from prelabel.models import Label, Placement, Review, Slot, now
from prelabel.review import Answer
from prelabel.store import Store
from tests.factories import FakeDrafter, make_run, make_user, unsure, work_off

EXAMPLES = 4
USERS = st.integers(0, 2)


class Queue(RuleBasedStateMachine):
    """Three reviewers and four examples; `answered` is what each has answered and not taken back, by example."""

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.store = Store(f"sqlite:///{Path(self._folder.name) / 'queue.db'}")
        self.store.migrate()
        self.run_id = make_run(self.store, EXAMPLES)
        work_off(self.store, self.run_id, FakeDrafter(unsure))
        self.users = [make_user(self.store, f"user-{number}").id or 0 for number in range(3)]
        self.seen: list[tuple[int, int, str]] = []
        self.answered: list[tuple[int, int]] = []
        self.tokens = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self._folder.cleanup()

    def answer(self, comment: str = "") -> Answer:
        self.tokens += 1
        return Answer(f"token-{self.tokens}", comment=comment)

    @rule(user=USERS, limit=st.integers(1, 3))
    def claim(self, user: int, limit: int) -> None:
        with self.store.writing() as session:
            works = review.claim(session, self.users[user], limit, 60)
        for work in works:
            assert (self.users[user], work.slot_id) not in self.answered
            self.seen.append((self.users[user], work.slot_id, work.example_id))

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), act=st.sampled_from(["submit", "submit", "skip", "flag"]))
    def act(self, data: st.DataObject, act: str) -> None:
        user, slot_id, _ = data.draw(st.sampled_from(self.seen))
        try:
            with self.store.writing() as session:
                if act == "submit":
                    review.submit(session, user, slot_id, {"topic": "b"}, self.answer())
                elif act == "skip":
                    review.skip(session, user, slot_id, self.answer())
                else:
                    review.flag(session, user, slot_id, self.answer(comment="odd"))
        except (Conflict, LeaseLost):
            return
        self.answered.append((user, slot_id))

    @rule(user=USERS)
    def undo(self, user: int) -> None:
        mine = [entry for entry in self.answered if entry[0] == self.users[user]]
        try:
            with self.store.writing() as session:
                work = review.undo(session, self.users[user], 60, self.answer().client_token, 50)
        except (Conflict, NotFound):
            return
        assert mine[-1] == (self.users[user], work.slot_id)
        self.answered.remove(mine[-1])

    @rule()
    def leases_run_out(self) -> None:
        with self.store.writing() as session:
            for slot in session.exec(select(Slot).where(col(Slot.lease_until).is_not(None))):
                slot.lease_until = now() - timedelta(seconds=1)

    @rule(user=USERS)
    def release(self, user: int) -> None:
        with self.store.writing() as session:
            review.release(session, self.users[user], [slot_id for _, slot_id, _ in self.seen])

    @rule()
    def the_student_learns(self) -> None:
        with self.store.writing() as session:
            place.draft_again(session, runs.get(session, self.run_id))
        work_off(self.store, self.run_id, FakeDrafter(unsure))

    @invariant()
    def every_example_is_in_one_place_with_what_belongs_there(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.reading() as session:
            placements = session.exec(select(Placement)).all()
            open_slots = session.exec(select(Slot).where(Slot.state == "open")).all()
        assert len(placements) == EXAMPLES
        assert sorted(slot.placement_id for slot in open_slots) == sorted(
            placement.id or 0 for placement in placements if placement.place == "queued"
        )
        assert all(
            (placement.label_id is not None) == (placement.place == "settled") for placement in placements
        )

    @invariant()
    def every_settled_example_has_the_one_review_that_stands(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.reading() as session:
            undone = set(session.exec(select(Review.undoes)).all())
            standing = {
                row.id
                for row in session.exec(select(Review))
                if row.id not in undone and row.verdict in ("confirmed", "corrected")
            }
            settled = session.exec(
                select(Label.review_id).join(Placement, col(Placement.label_id) == Label.id)
            ).all()
        assert Counter(standing) == Counter(settled)


TestQueue = Queue.TestCase
TestQueue.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
