"""How good the drafts are that were accepted without review, from audits of a random share of them."""

from pydantic import BaseModel

from prelabel.measure.guarantee.hypergeometric import upper_bound
from prelabel.measure.intervals import LEVEL, Share, wilson

BASIS = (
    "audits: a random share of the drafts that the policy would have accepted, answered by people; "
    "an honest sample of what was accepted while accepting was not paused"
)


class AcceptedQuality(BaseModel):
    """`accepted` labels were given without review; `audited` more would have been, and were drawn for people, who have settled
    `accuracy.n` of these and set aside `set_aside`.

    `wrong_left` is an estimate of the wrong labels among the accepted ones, None while no audit is settled; they are surely (95 %)
    at most `wrong_left_at_most`: the exact hypergeometric bound, in which what was set aside counts as wrong. Both take it
    that which audits are answered first has nothing to do with which are wrong.
    """

    basis: str = BASIS
    accepted: int
    audited: int
    set_aside: int
    accuracy: Share
    wrong_left: float | None
    wrong_left_at_most: int


def accepted_quality(
    accepted: int, audited: int, right: int, settled: int, set_aside: int, level: float = LEVEL
) -> AcceptedQuality:
    """The figures, of so many audits that are settled and so many of these whose draft was right."""
    accuracy = wilson(right, settled, level)
    seen = settled - right + set_aside
    bound = upper_bound(seen, accepted + audited, settled + set_aside, round(1 - level, 9))
    return AcceptedQuality(
        accepted=accepted,
        audited=audited,
        set_aside=set_aside,
        accuracy=accuracy,
        wrong_left=None if accuracy.value is None else (1 - accuracy.value) * accepted,
        wrong_left_at_most=min(accepted, bound - seen),
    )
