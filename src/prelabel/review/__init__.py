"""Step 4, review: people claim slots, answer, skip, flag and take back; seniors settle what they disagree on."""

from prelabel.review.acts import SKIPS_TO_FAIL, Answer, flag, said_before, skip, submit
from prelabel.review.adjudication import (
    Case,
    Feedback,
    Opinion,
    case_of,
    feedback,
    newest_feedback,
    to_settle,
)
from prelabel.review.happenings import Happening
from prelabel.review.leases import MOST_AT_ONCE, claim, claim_example, has_work, release, renew
from prelabel.review.scratch import Unsent, keep, kept
from prelabel.review.undoing import take_back, undo
from prelabel.review.work import Work, shown_verdict

__all__ = [
    "MOST_AT_ONCE", "SKIPS_TO_FAIL", "Answer", "Case", "Feedback", "Happening", "Opinion", "Unsent", "Work",
    "case_of", "claim", "claim_example", "feedback", "flag", "has_work", "keep", "kept", "newest_feedback", "release", "renew", "said_before",
    "shown_verdict", "skip", "submit", "take_back", "to_settle", "undo",
]  # fmt: skip
