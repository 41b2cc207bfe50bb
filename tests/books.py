"""Whether a queue's rows agree with each other: what must hold whatever people did, in whatever order."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlmodel import Session, col, select

from prelabel.models import Label, Placement, Review, Slot

ANSWERS = ("confirmed", "corrected", "flagged")


@dataclass
class Books:
    """The rows of one run."""

    placements: dict[int, Placement]
    slots: dict[int, list[Slot]]
    standing: dict[int, list[Review]]
    reviews: list[Review]
    labels: dict[int, Label]

    @classmethod
    def of(cls, session: Session, run_id: int) -> "Books":
        placements = session.exec(select(Placement).where(Placement.run_id == run_id)).all()
        reviews = session.exec(select(Review).where(Review.run_id == run_id).order_by(col(Review.id))).all()
        undone = {row.undoes for row in reviews}
        slots, standing = defaultdict(list), defaultdict(list)
        for slot in session.exec(select(Slot).where(Slot.run_id == run_id, Slot.state != "withdrawn")):
            slots[slot.placement_id].append(slot)
        for row in reviews:
            if row.verdict != "undone" and row.id not in undone:
                standing[row.slot_id].append(row)
        labels = session.exec(select(Label).where(Label.run_id == run_id)).all()
        return cls(
            {row.id or 0: row for row in placements},
            slots,
            standing,
            list(reviews),
            {row.id or 0: row for row in labels},
        )

    def check(self, wanted: int) -> None:
        """Every example has the slots, answers and label that belong to where it is; `wanted` people are asked for each."""
        for placement_id, placement in self.placements.items():
            self._check_people(self.slots[placement_id])
            slots = [slot for slot in self.slots[placement_id] if slot.reason != "check"]
            checks = [slot for slot in self.slots[placement_id] if slot.reason == "check"]
            asked = sum(not self._is_skipped(slot) for slot in checks)
            assert asked == wanted or sum(map(self._is_skipped, checks)) >= 3 or not checks, (
                placement,
                checks,
            )
            answering = [slot for slot in slots if not slot.for_senior and not self._is_skipped(slot)]
            assert len(answering) <= wanted, (placement, slots)
            assert (placement.place == "queued") == any(slot.state == "open" for slot in slots), (
                placement,
                slots,
            )
            assert (placement.place == "settled") == (placement.label_id is not None)
            if checks:
                assert placement.is_gold, placement
                assert self.labels[placement.label_id or 0].source == "gold", placement
            elif placement.place == "settled":
                self._check_label(placement, answering, wanted)
            elif any(slot.state == "open" and not slot.for_senior for slot in slots):
                gave_up = sum(map(self._is_skipped, slots)) >= 3
                assert len(answering) == wanted or gave_up, (placement, slots)

    def _check_people(self, slots: list[Slot]) -> None:
        people = Counter(slot.claimed_by for slot in slots if slot.claimed_by)
        assert max(people.values(), default=0) <= 1, slots
        for slot in slots:
            rows = self.standing[slot.id or 0]
            assert len(rows) == (slot.state == "answered"), (slot, rows)
            assert all(row.user_id == slot.claimed_by for row in rows)

    def _is_skipped(self, slot: Slot) -> bool:
        return [row.verdict for row in self.standing[slot.id or 0]] == ["skipped"]

    def _check_label(self, placement: Placement, answering: list[Slot], wanted: int) -> None:
        label = self.labels[placement.label_id or 0]
        votes = [row for slot in answering for row in self.standing[slot.id or 0] if row.verdict in ANSWERS]
        if label.source == "adjudication":
            [senior] = [
                row
                for slot in self.slots[placement.id or 0] if slot.for_senior
                for row in self.standing[slot.id or 0] if row.verdict in ANSWERS
            ]  # fmt: skip
            assert senior.label == label.value
            assert senior.user_id not in {row.user_id for row in votes}
            return
        assert label.source == ("review" if wanted == 1 else "consensus")
        assert len({row.user_id for row in votes}) == len(votes) == wanted
        topics = Counter(str(row.label) for row in votes)
        assert 2 * topics[str(label.value)] > wanted
