"""Pausing a person in a run: by a lead, or by the policy's bar; and asking others about what they answered.

The row that pauses is written at once, in the answer's own transaction where the bar does it: from then on they get nothing of
the run. What they hold and have answered is taken back by a worker right after, who locks many examples in a fixed order, as
no answer may.
"""

from collections.abc import Iterator, Sequence

from sqlmodel import Session, col, func, select

from prelabel import runs
from prelabel.errors import Conflict
from prelabel.events import journal
from prelabel.measure import bar
from prelabel.models import CHECK, Label, Placement, Review, ReviewerPause, Run, Slot, User, now
from prelabel.review.closed import closed_runs
from prelabel.review.judging import Judged, judged
from prelabel.review.leases import one_at_a_time
from prelabel.review.rounds import ANSWERS, Round, taken_back
from prelabel.routing import place, slots
from prelabel.routing.policy import Policy
from prelabel.store import Store

AT_ONCE = 1_000
"""Examples that are taken back in one statement."""
NOTE = "asked once more: a further opinion is wanted"


def watch(now_at: Round, review: Review) -> None:
    """Pause the person of an answer that took them surely under the bar of the run's policy."""
    session, policy = now_at.session, now_at.policy
    if policy.reviewer_bar is None or not now_at.placement.is_gold or now_at.slot.for_senior:
        return
    run = runs.get(session, review.run_id)
    if run.id in closed_runs(session, review.user_id):
        return
    found = judged(session, run, [review.user_id], _judged_anew(session, run, review.user_id))
    if why := under_the_bar(found, policy):
        _write(session, run, session.get_one(User, review.user_id), None, why, is_paused=True)


def under_the_bar(found: Sequence[Judged], policy: Policy) -> str:
    """Why someone with these answers is surely under the bar; empty where they are not.

    Two tests of half the allowed share of false alarms each: of all their answers, and of the planted faults alone, which
    whoever confirms everything misses, however many of the other drafts are right.
    """
    if policy.reviewer_bar is None or len(found) < policy.reviewer_bar_after:
        return ""
    faults = [one.found for one in found if one.shown == "fault"]
    for right, of in (
        ([one.right for one in found], "answers to gold right"),
        (faults, "planted faults found"),
    ):
        if bar.is_surely_under(sum(right), len(right), policy.reviewer_bar, bar.ALPHA / 2):
            return f"{sum(right)} of {len(right)} {of}: surely under the bar of {policy.reviewer_bar:.0%}"
    return ""


def pause(session: Session, run: Run, user: User, by: User, why: str) -> ReviewerPause:
    """Have a person get nothing more of a run. Raises Conflict where that is so already."""
    if run.id in closed_runs(session, user.id or 0):
        raise Conflict(f"{user.name} is paused in run {run.id} already")
    return _write(session, run, user, by, why, is_paused=True)


def resume(session: Session, run: Run, user: User, by: User, why: str) -> ReviewerPause:
    """Let a person go on with a run; the bar judges them by what they answer from now on. Raises Conflict unless they are paused."""
    if run.id not in closed_runs(session, user.id or 0):
        raise Conflict(f"{user.name} is not paused in run {run.id}")
    return _write(session, run, user, by, why, is_paused=False)


def carry_on(store: Store) -> int:
    """Take back what people who were paused hold and have answered; returns how many pauses were carried out."""
    done = 0
    while True:
        with store.writing() as session:
            due = session.exec(
                select(ReviewerPause)
                .where(col(ReviewerPause.is_paused), col(ReviewerPause.carried_out_at).is_(None))
                .order_by(col(ReviewerPause.id))
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if due is None:
                return done
            one_at_a_time(session, due.user_id)  # a claim that began before the pause has ended now
            if due.run_id in closed_runs(session, due.user_id):
                _take_back(session, runs.get(session, due.run_id), due.user_id)
            due.carried_out_at = now()
            done += 1


def _judged_anew(session: Session, run: Run, user_id: int) -> int:
    """The newest review that no longer counts against a person, because a lead has let them go on since; 0 where none has."""
    resumed = select(func.max(ReviewerPause.after_review_id)).where(
        ReviewerPause.run_id == run.id, ReviewerPause.user_id == user_id, ~col(ReviewerPause.is_paused)
    )
    return session.exec(resumed).one() or 0


def _write(
    session: Session, run: Run, user: User, by: User | None, why: str, *, is_paused: bool
) -> ReviewerPause:
    newest = session.exec(select(func.max(Review.id)).where(Review.user_id == user.id)).one() or 0
    row = ReviewerPause(
        run_id=run.id or 0, user_id=user.id or 0, is_paused=is_paused, by_id=by.id if by else None, why=why,
        after_review_id=newest,
    )  # fmt: skip
    session.add(row)
    act: journal.Act = "reviewer.pause" if is_paused else "reviewer.resume"
    journal.note(session, by, act, run, reviewer=user.name, why=why)
    return row


def _take_back(session: Session, run: Run, user_id: int) -> None:
    policy = Policy.model_validate(run.policy)
    answered = _answered(session, run, user_id, policy.reviewer_recall)
    held = session.exec(select(Slot.placement_id).where(*_theirs(run, user_id), Slot.state == "open")).all()
    ids = sorted({*answered, *held})
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        placements = session.exec(
            select(Placement).where(col(Placement.id).in_(some)).order_by(col(Placement.id)).with_for_update()
        ).all()
        gone = place.removed(session, placements)
        placements = [placement for placement in placements if placement.id not in gone]
        own = session.exec(
            select(Slot)
            .where(*_theirs(run, user_id), col(Slot.placement_id).in_(some))
            .execution_options(populate_existing=True)
        ).all()
        _release([slot for slot in own if slot.state == "open"])
        by_placement = {
            slot.placement_id: slot
            for slot in own
            if slot.state == "answered" and slot.reason != CHECK and not slot.for_senior
        }
        for placement in _theirs_alone(session, placements, by_placement, user_id, policy):
            _ask_others(session, placement, by_placement[placement.id or 0])
        session.flush()


def _theirs(run: Run, user_id: int) -> tuple[bool, ...]:
    return (Slot.run_id == run.id, Slot.claimed_by == user_id)


def _answered(session: Session, run: Run, user_id: int, most: int | None) -> Sequence[int]:
    """Examples that they answered, the newest `most` of them."""
    return session.exec(
        select(Slot.placement_id)
        .join(Review, col(Review.slot_id) == Slot.id)
        .where(
            *(*_theirs(run, user_id), Slot.state == "answered", Slot.reason != CHECK),
            *(Review.user_id == user_id, col(Review.verdict).in_(ANSWERS), ~taken_back()),
        )
        .order_by(col(Review.id).desc())
        .limit(most)
    ).all()


def _release(held: Sequence[Slot]) -> None:
    for slot in held:
        slot.claimed_by = slot.claimed_at = slot.lease_until = None
        slot.version += 1


def _theirs_alone(
    session: Session,
    placements: Sequence[Placement],
    answered: dict[int, Slot],
    user_id: int,
    policy: Policy,
) -> Iterator[Placement]:
    """Examples whose label, or whose failing, rests on their answer alone, and those that wait for further answers beside it.

    What others have said as well, be it by agreeing or by settling it, stays.
    """
    label_ids = [placement.label_id for placement in placements if placement.label_id]
    own_labels = select(Label.id).join(Review, col(Review.id) == Label.review_id)
    own_labels = own_labels.where(
        col(Label.id).in_(label_ids), Label.source == "review", Review.user_id == user_id
    )
    own = set(session.exec(own_labels).all())
    at_senior = set(
        session.exec(
            select(Slot.placement_id).where(
                col(Slot.placement_id).in_(answered), col(Slot.for_senior), Slot.state != "withdrawn"
            )
        ).all()
    )
    for placement in placements:
        if (slot := answered.get(placement.id or 0)) is None:
            continue
        is_alone = policy.reviewers_for(slot.reason) == 1
        waits = placement.place == "queued" and placement.id not in at_senior
        failed = placement.place == "failed" and is_alone and placement.id not in at_senior
        if waits or failed or placement.label_id in own:
            yield placement


def _ask_others(session: Session, placement: Placement, slot: Slot) -> None:
    """Withdraw an answer and want one more in its place; the slot keeps its person, so that they do not get the example again."""
    slot.state, slot.version = "withdrawn", slot.version + 1
    if placement.place != "queued":
        place.reopen(placement, slot.reason)
    placement.note = NOTE
    slots.ask_again(session, slot, 1)
