"""The certificate that goes with an export: what is claimed, and all that is needed to work it out again from the records.

An export carries for each example of the dataset a `Record`. Nothing else is needed to check its certificate.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from prelabel.canonical import canonical
from prelabel.measure.guarantee.hypergeometric import budget_of, fewest_audits
from prelabel.measure.guarantee.judging import Accepted, Judged, Pool, judge, pools
from prelabel.measure.guarantee.terms import Loss, Record, Terms

WRONG_MEANS: dict[Loss, str] = {
    "wrong": "the draft lies at a distance above 0 from the label that the reviewers gave or would give, or they could not give one",
    "distance": "how far the draft lies from the label that the reviewers gave or would give, from 0 to 1, in the field where it is "
    "furthest; 1 where they could not give one",
}


class Figures(BaseModel):
    """What the audits of a pool show.

    `pool` counts the drafts that the sample was drawn from, `audited` the sample, `errors` its wrong drafts and `errors_accepted`
    those before the cut, `allowed` the most of these that may lie there. By distances, `lost` and `lost_accepted` are what those
    lose, and `credit` what may be lost before the cut beside the budget, as people set right what is audited. The first `cut` of
    the pool, by uncertainty, are accepted: `unreviewed` of them carry the draft, the audited a person's label. At most `budget`
    of what nobody reviewed is wrong, or is lost. `chance` is the largest chance of a dataset for which this fails.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    pool: int
    budget: int | float
    allowed: int | None
    credit: int | None = None
    audited: int
    errors: int
    errors_accepted: int
    lost: float | None = None
    lost_accepted: float | None = None
    cut: int
    unreviewed: int
    chance: float
    accepted: Accepted | None


class Slice(Figures):
    """A slice with its own sample and cut, at the level `alpha`. With fewer than `needed` audits nothing of it can be accepted."""

    name: str
    alpha: float
    needed: int | None


class Certificate(Figures):
    """At most `budget` = epsilon * `examples` labels of the dataset are wrong, with a chance of 1 - alpha over the draw of the sample.

    Wrong means other than what the reviewers of this dataset give. With distances the mean distance is at most epsilon. With `slices`
    that holds for the drafts of each slice, and for all slices at once with 1 - alpha, as `correction` says; the other figures are
    then sums over the slices. `unlabeled` examples have no label, as people could not give them one.
    """

    version: Literal[1] = 1
    method: Literal["exact hypergeometric", "betting without replacement"]
    wrong_means: str
    terms: Terms
    examples: int
    slices: tuple[Slice, ...] = ()
    correction: str = ""
    unlabeled: int = 0
    reviewers: tuple[str, ...] = ()
    records: str
    """SHA-256 of the records."""

    def sentence(self) -> str:
        """The claim in words."""
        said = (
            f"{self._claim()}, with a chance of {1 - self.terms.alpha:.4g}; {self.unreviewed} were accepted without review after an "
            f"audit of {self.audited} that found {self.errors} wrong drafts"
        )
        if self.unlabeled:
            said += f"; {self.unlabeled} have no label, as people could not give them one"
        if self.accepted is None or self.accepted.wrong >= self.budget:
            return said + "."  # what is said of all says more
        return (
            said + f"; of those accepted at most {self.accepted.wrong} ({self.accepted.share:.2%}) are wrong."
        )

    def _claim(self) -> str:
        epsilon = f"{self.terms.epsilon:.4g}"
        if self.terms.slices:
            share = (
                f"a mean distance of at most {epsilon}"
                if self.lost is not None
                else f"at most {epsilon} wrong"
            )
            return (
                f"Of {self.examples} labels, those of each slice by {self.terms.slices.by} ({len(self.slices)} were audited) have "
                f"{share}, against what the reviewers would give, all slices at once"
            )
        if self.lost is not None:
            return f"The {self.examples} labels lie at a mean distance of at most {epsilon} from what the reviewers would give"
        return f"At most {self.budget} of {self.examples} labels ({epsilon} of all) differ from what the reviewers would give"

    def cuts(self) -> dict[str, int]:
        """Where each slice is cut, or the pool under the empty name."""
        return {one.name: one.cut for one in self.slices} if self.terms.slices else {"": self.cut}


def certify(records: Sequence[Record], terms: Terms, reviewers: Sequence[str] = ()) -> Certificate:
    """The certificate of these records. Only the audited ones need their labels for the cut; all of them are in its digest.

    Raises InputError for an audited example without a label.
    """
    slices: list[Slice] = []
    if terms.slices is None:
        [pool] = pools(records, terms)
        figures = _figures(pool, judge(pool, terms, len(records)), terms)
    else:
        slices = [_slice(pool, terms) for pool in pools(records, terms)]
        figures = _together(slices)
    return Certificate(
        **dict(figures),
        method="betting without replacement" if terms.loss == "distance" else "exact hypergeometric",
        wrong_means=WRONG_MEANS[terms.loss],
        terms=terms,
        examples=len(records),
        slices=tuple(slices),
        correction=_correction(terms),
        unlabeled=sum(record.is_unlabelable for record in records),
        reviewers=tuple(sorted(reviewers)),
        records=digest_of(records),
    )


def digest_of(records: Sequence[Record]) -> str:
    """SHA-256 over all records, whatever their order."""
    total = hashlib.sha256()
    for record in sorted(records, key=lambda one: one.id):
        total.update(canonical(record.model_dump(mode="json")).encode() + b"\n")
    return total.hexdigest()


def _figures(pool: Pool, found: Judged, terms: Terms) -> Figures:
    by_distance = terms.loss == "distance"
    return Figures(
        pool=len(pool.records),
        budget=found.budget,
        allowed=found.allowed,
        credit=found.credit,
        audited=len(pool.sample),
        errors=int((found.losses > 0).sum()),
        errors_accepted=found.cut.errors,
        lost=float(found.losses.sum()) if by_distance else None,
        lost_accepted=float(found.losses[: found.cut.size].sum()) if by_distance else None,
        cut=found.cut.size,
        unreviewed=found.cut.accepted,
        chance=found.chance,
        accepted=found.accepted,
    )


def _slice(pool: Pool, terms: Terms) -> Slice:
    own, n = terms.of_slice(pool.name), len(pool.records)
    needed = None if own.loss == "distance" else fewest_audits(n, budget_of(own.epsilon, n), own.alpha)
    figures = _figures(pool, judge(pool, terms, n), own)
    return Slice(**dict(figures), name=pool.name, alpha=own.alpha, needed=needed)


def _together(slices: Sequence[Slice]) -> Figures:
    """Sums over slices; they fail independently of each other."""
    holds = 1.0
    for one in slices:
        holds *= 1 - one.chance
    sums = {
        name: sum(getattr(one, name) for one in slices)
        for name in ("pool", "budget", "audited", "errors", "errors_accepted", "cut", "unreviewed")
    }
    lost = [(one.lost, one.lost_accepted) for one in slices if one.lost is not None]
    return Figures(
        **sums,
        allowed=None,
        lost=sum(each or 0.0 for each, _ in lost) if lost else None,
        lost_accepted=sum(each or 0.0 for _, each in lost) if lost else None,
        chance=1 - holds,
        accepted=None,
    )


def _correction(terms: Terms) -> str:
    if terms.slices is None:
        return ""
    count = len(terms.slices.audits)
    return (
        f"Šidák: each of {count} audited slices holds with 1 - {terms.of_slice(next(iter(terms.slices.audits))).alpha:.4g} = "
        f"(1 - {terms.alpha:.4g}) ** (1 / {count}); their samples are independent"
    )
