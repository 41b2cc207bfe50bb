"""The review queue: claim, submit, skip, flag, take back; and what seniors settle."""

from fastapi import APIRouter, status
from sqlmodel import Session

from prelabel import review, runs
from prelabel.examples import similar
from prelabel.examples.similar import Similar
from prelabel.models import Example, Review, Slot, User
from prelabel.review import Answer, Case, Feedback, Unsent, Work, shown_verdict
from prelabel.settings import Settings
from prelabel.store import Store
from prelabel_api.bodies import (
    AnswerIn,
    ClaimIn,
    ReleaseIn,
    ReviewOut,
    ScratchIn,
    SlotsIn,
    SubmitIn,
    UndoIn,
)
from prelabel_api.deps import Id, ReadDep, ReviewerDep, SeniorDep, SettingsDep, StoreDep, WriteDep
from prelabel_api.page import After, Few, Limit, Page, page

router = APIRouter(prefix="/queue", tags=["queue"])


def _review(session: Session, row: Review) -> ReviewOut:
    verdict = shown_verdict(row, session.get_one(Slot, row.slot_id))
    return ReviewOut(
        id=row.id or 0, slot_id=row.slot_id, verdict=verdict, label=row.label, created_at=row.created_at
    )


def _answer(body: AnswerIn) -> Answer:
    return Answer(body.client_token, body.seconds, body.comment, body.version)


def _claim(store: Store, user: User, body: ClaimIn, settings: Settings, for_senior: bool) -> list[Work]:
    seconds = settings.review_lease_seconds
    with store.writing() as session:  # here and not as a dependency: that takes two more changes of threads
        return review.claim(session, user.id or 0, body.limit, seconds, body.run_id, for_senior)


@router.post("/claim")
def claim_slots(body: ClaimIn, user: ReviewerDep, store: StoreDep, settings: SettingsDep) -> list[Work]:
    """The slots you hold, and the next ones of the queue up to `limit`; each is yours until `lease_until`."""
    return _claim(store, user, body, settings, for_senior=False)


@router.post("/adjudications/claim")
def claim_adjudications(body: ClaimIn, user: SeniorDep, store: StoreDep, settings: SettingsDep) -> list[Work]:
    """The same of what reviewers disagree on, the furthest apart first; never an example that you answered yourself.

    Answer as any other slot; `/queue/{slot_id}/case` shows what the reviewers said.
    """
    return _claim(store, user, body, settings, for_senior=True)


@router.get("/feedback")
def my_feedback(user: ReviewerDep, session: ReadDep, after: After = 0, limit: Limit = 100) -> Page[Feedback]:
    """How seniors settled examples that you answered, oldest first, in runs whose policy shows it."""
    found = review.feedback(session, user.id or 0, after, limit + 1)
    return page(found, [one.id for one in found], limit)


@router.post("/renew")
def renew_slots(body: SlotsIn, user: ReviewerDep, session: WriteDep, settings: SettingsDep) -> list[int]:
    """Keep slots a while longer; answers with those that are still yours."""
    return review.renew(session, user.id or 0, body.slot_ids, settings.review_lease_seconds)


@router.post("/release", status_code=status.HTTP_204_NO_CONTENT)
def release_slots(body: ReleaseIn, user: ReviewerDep, session: WriteDep) -> None:
    """Give slots back unanswered, for others to take at once: these, or all that you hold."""
    review.release(session, user.id or 0, body.slot_ids)


@router.post("/undo")
def undo_answer(body: UndoIn, user: ReviewerDep, session: WriteDep, settings: SettingsDep) -> Work:
    """Take back your newest answer that still stands: its slot is yours again, with your answer as `scratch`.

    Call again to go further back, up to the server's setting `undo_limit`.
    """
    seconds, limit = settings.review_lease_seconds, settings.undo_limit
    return review.undo(session, user.id or 0, seconds, body.client_token, limit)


@router.post("/{slot_id}/submit")
def submit_label(slot_id: Id, body: SubmitIn, user: ReviewerDep, store: StoreDep) -> ReviewOut:
    """Answer with your label: `confirmed` if it equals the draft that you were shown, else `corrected`."""
    with store.writing() as session:  # as above
        return _review(session, review.submit(session, user.id or 0, slot_id, body.label, _answer(body)))


@router.post("/{slot_id}/skip")
def skip_slot(slot_id: Id, body: AnswerIn, user: ReviewerDep, session: WriteDep) -> ReviewOut:
    """Leave the example to someone else, saying why in the comment; it does not come to you again."""
    return _review(session, review.skip(session, user.id or 0, slot_id, _answer(body)))


@router.post("/{slot_id}/flag")
def flag_slot(slot_id: Id, body: AnswerIn, user: ReviewerDep, session: WriteDep) -> ReviewOut:
    """Say that the example cannot be labeled, and why in the comment."""
    return _review(session, review.flag(session, user.id or 0, slot_id, _answer(body)))


@router.put("/{slot_id}/scratch", status_code=status.HTTP_204_NO_CONTENT)
def keep_scratch(slot_id: Id, body: ScratchIn, user: ReviewerDep, session: WriteDep) -> None:
    """Keep an unfinished answer on the server; it comes back with the claim, and goes once you answer."""
    review.keep(session, user.id or 0, slot_id, Unsent(body.label, body.comment), body.version)


@router.get("/{slot_id}/scratch")
def get_scratch(slot_id: Id, user: ReviewerDep, session: ReadDep) -> Unsent | None:
    """What you have entered for the slot's example and not sent; null where there is nothing."""
    return review.kept(session, user.id or 0, slot_id)


@router.get("/{slot_id}/case")
def get_case(slot_id: Id, user: SeniorDep, session: ReadDep) -> Case:
    """What reviewers said of an example that you are to settle, side by side, with its history."""
    return review.case_of(session, user.id or 0, slot_id)


@router.get("/{slot_id}/similar")
def similar_to_case(slot_id: Id, user: SeniorDep, session: ReadDep, limit: Few = 5) -> list[Similar]:
    """Examples that people have settled and that are most like the one that you are to settle, the nearest first."""
    slot = review.to_settle(session, user.id or 0, slot_id)
    example = session.get_one(Example, slot.example_id)
    return similar.to(session, runs.get(session, slot.run_id), example, limit)
