"""The review queue: claim, submit, skip, flag, take back."""

from fastapi import APIRouter, status

from prelabel import review
from prelabel.models import Review
from prelabel.review import Answer, Work
from prelabel_api.bodies import AnswerIn, ClaimIn, ReviewOut, SlotsIn, SubmitIn, UndoIn, WorkOut
from prelabel_api.deps import Id, ReviewerDep, SettingsDep, WriteDep

router = APIRouter(prefix="/queue", tags=["queue"])


def _work(work: Work) -> WorkOut:
    return WorkOut.model_validate(work, from_attributes=True)


def _review(row: Review) -> ReviewOut:
    return ReviewOut.model_validate(row, from_attributes=True)


def _answer(body: AnswerIn) -> Answer:
    return Answer(body.client_token, body.seconds, body.comment)


@router.post("/claim")
def claim_slots(body: ClaimIn, user: ReviewerDep, session: WriteDep, settings: SettingsDep) -> list[WorkOut]:
    """The slots you hold, and the next ones of the queue up to `limit`; each is yours until `lease_until`."""
    works = review.claim(session, user.id or 0, body.limit, settings.review_lease_seconds, body.run_id)
    return [_work(work) for work in works]


@router.post("/renew")
def renew_slots(body: SlotsIn, user: ReviewerDep, session: WriteDep, settings: SettingsDep) -> list[int]:
    """Keep slots a while longer; answers with those that are still yours."""
    return review.renew(session, user.id or 0, body.slot_ids, settings.review_lease_seconds)


@router.post("/release", status_code=status.HTTP_204_NO_CONTENT)
def release_slots(body: SlotsIn, user: ReviewerDep, session: WriteDep) -> None:
    """Give slots back unanswered, for others to take at once."""
    review.release(session, user.id or 0, body.slot_ids)


@router.post("/undo")
def undo_answer(body: UndoIn, user: ReviewerDep, session: WriteDep, settings: SettingsDep) -> WorkOut:
    """Take back your newest answer that still stands; its slot is yours again. Call again to go further back."""
    return _work(review.undo(session, user.id or 0, settings.review_lease_seconds, body.client_token))


@router.post("/{slot_id}/submit")
def submit_label(slot_id: Id, body: SubmitIn, user: ReviewerDep, session: WriteDep) -> ReviewOut:
    """Settle the example with your label: `confirmed` if it equals the draft, else `corrected`."""
    return _review(review.submit(session, user.id or 0, slot_id, body.label, _answer(body)))


@router.post("/{slot_id}/skip")
def skip_slot(slot_id: Id, body: AnswerIn, user: ReviewerDep, session: WriteDep) -> ReviewOut:
    """Leave the example to someone else; it does not come to you again."""
    return _review(review.skip(session, user.id or 0, slot_id, _answer(body)))


@router.post("/{slot_id}/flag")
def flag_slot(slot_id: Id, body: AnswerIn, user: ReviewerDep, session: WriteDep) -> ReviewOut:
    """Set the example aside as one that cannot be labeled; say why in the comment."""
    return _review(review.flag(session, user.id or 0, slot_id, _answer(body)))
