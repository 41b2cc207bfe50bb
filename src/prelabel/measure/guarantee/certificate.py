"""The certificate that goes with an export: what is claimed, and all that is needed to work it out again from the records.

An export carries for each example of the dataset a `Record`. Nothing else is needed to check its certificate.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from prelabel.canonical import Json, canonical
from prelabel.errors import InputError
from prelabel.measure.guarantee.chain import Step, band, looks, missed, spending
from prelabel.measure.guarantee.cut import Cut, Flags, cut_at, left, longest, longest_within
from prelabel.measure.guarantee.hypergeometric import budget_of, chance_of_at_most, most_errors
from prelabel.measure.guarantee.sample import in_audit_order, in_order
from prelabel.schema import LabelSchema

Source = Literal["auto", "review", "consensus", "adjudication", "gold"]


class Record(BaseModel):
    """One example of an export, as far as the certificate depends on it; other keys do not matter.

    `uncertainty` is what the draft was ranked by when the audit sample was drawn; None where the example was not in the pool:
    its draft had failed, or people had settled it before. `audited`: it is in the audit sample. `status` "failed": people could
    not label it; its draft counts as wrong where it is audited.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)
    id: str
    content: dict[str, Json] = Field(default_factory=dict)
    draft: dict[str, Json] | None
    label: dict[str, Json] | None
    source: Source | None
    uncertainty: float | None
    audited: bool = False
    status: str = "settled"

    @property
    def is_unlabelable(self) -> bool:
        """Whether people were asked, and could not label it."""
        return self.label is None and self.status == "failed"

    @model_validator(mode="after")
    def _has_a_draft(self) -> "Record":
        if self.uncertainty is not None and self.draft is None:
            raise ValueError("an example with an uncertainty has a draft")
        return self


class Terms(BaseModel):
    """What is fixed before the audit sample is drawn; all the rest of a certificate follows from the records.

    `audits` are the sizes of the audit sample at each look, up to the one that the certificate is given at; `spent` says how
    much of alpha may be used up by each (alpha at the last planned look), None for a single look. `delta` is the largest share
    of the labels accepted without review that may be wrong, where that is asked for beside epsilon.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    seed: str = Field(min_length=16)
    epsilon: float = Field(gt=0, lt=1)
    alpha: float = Field(gt=0, lt=1)
    audits: tuple[int, ...] = Field(min_length=1)
    spent: tuple[float, ...] | None = None
    delta: float | None = Field(default=None, gt=0, lt=1)
    label_schema: dict[str, Json]

    @model_validator(mode="after")
    def _looks_fit(self) -> "Terms":
        if list(self.audits) != sorted(set(self.audits)) or self.audits[0] < 1:
            raise ValueError("audits are sizes of 1 or more, each larger than the one before")
        spent = self.levels
        if len(spent) != len(self.audits) or list(spent) != sorted(spent):
            raise ValueError("spent needs a level for each look, none lower than the one before")
        if not 0 < spent[0] <= spent[-1] <= self.alpha:
            raise ValueError("spent lies above 0 and not above alpha")
        return self

    @property
    def levels(self) -> tuple[float, ...]:
        """Alpha that may be used up by each look."""
        return self.spent or tuple(spending(self.audits, self.alpha))


class Accepted(BaseModel):
    """At most `wrong` of the labels accepted without review are wrong, a share `share`; by itself with 1 - alpha.

    From the band of all prefixes for `first` to `last` audit errors, so it holds although the cut was chosen by the same sample.
    """

    model_config = ConfigDict(frozen=True)
    wrong: int
    share: float
    first: int
    last: int


class Certificate(BaseModel):
    """At most `budget` = epsilon * `examples` labels of the dataset are wrong, with a chance of 1 - alpha over the draw of the sample.

    Wrong means other than what the reviewers of this dataset give. `pool` counts the drafts that the sample was drawn from,
    `audited` the sample, `errors` its wrong drafts and `errors_accepted` those before the cut, `allowed` the most of these that
    may lie there. The first `cut` of the pool, by uncertainty, are accepted: `unreviewed` of them carry the draft, the audited a person's label.
    `unlabeled` examples have no label, as people could not give them one. `chance` is the largest chance of a dataset for which
    this method fails.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: Literal[1] = 1
    method: Literal["exact hypergeometric"] = "exact hypergeometric"
    wrong_means: str = "the draft lies at a distance above 0 from the label that the reviewers gave or would give, or they could not give one"
    terms: Terms
    examples: int
    pool: int
    budget: int
    allowed: int
    audited: int
    errors: int
    errors_accepted: int
    cut: int
    unreviewed: int
    unlabeled: int = 0
    chance: float
    accepted: Accepted | None
    reviewers: tuple[str, ...] = ()
    records: str
    """SHA-256 of the records."""

    def sentence(self) -> str:
        """The claim in words."""
        said = (
            f"At most {self.budget} of {self.examples} labels ({self.terms.epsilon:.4g} of all) differ from what the reviewers "
            f"would give, with a chance of {1 - self.terms.alpha:.4g}; {self.unreviewed} were accepted without review after an "
            f"audit of {self.audited} that found {self.errors} wrong drafts"
        )
        if self.unlabeled:
            said += f"; {self.unlabeled} have no label, as people could not give them one"
        if self.accepted is None:
            return said + "."
        return (
            said + f"; of those accepted at most {self.accepted.wrong} ({self.accepted.share:.2%}) are wrong."
        )


@dataclass(frozen=True)
class Pool:
    """The drafts that the audit sample is drawn from, the surest first, and who of them is audited and wrong."""

    records: Sequence[Record]
    audited: Flags
    wrong: Flags

    @classmethod
    def of(cls, records: Sequence[Record], terms: Terms) -> "Pool":
        """From records and a seed; InputError where an audited example has no label yet, or an id stands twice."""
        if len({record.id for record in records}) < len(records):
            raise InputError("an id stands twice among the records: each example needs its own")
        found = [record for record in records if record.uncertainty is not None]
        ids = [record.id for record in found]
        drawn = set(in_audit_order(ids, terms.seed)[: terms.audits[-1]])
        if len(drawn) < terms.audits[-1]:
            raise InputError(
                f"{terms.audits[-1]} audits were planned, but only {len(ids)} examples are in the pool"
            )
        order = in_order(ids, [record.uncertainty or 0.0 for record in found], terms.seed)
        audited = np.array([at in drawn for at in order], bool)
        schema = LabelSchema.model_validate(terms.label_schema)
        wrong = [at in drawn and _is_wrong(found[at], schema) for at in order]
        return cls([found[at] for at in order], audited, np.array(wrong, bool))


@dataclass(frozen=True)
class Judged:
    """Where the audits cut a pool, and what follows; the names are those of the certificate."""

    budget: int
    allowed: int
    chance: float
    cut: Cut
    accepted: Accepted | None


def certify(records: Sequence[Record], terms: Terms, reviewers: Sequence[str] = ()) -> Certificate:
    """The certificate of these records. Only the audited ones need their labels for the cut; all of them are in its digest.

    Raises InputError for an audited example without a label.
    """
    pool = Pool.of(records, terms)
    found = judge(pool, terms, len(records))
    return Certificate(
        terms=terms,
        examples=len(records),
        pool=len(pool.records),
        budget=found.budget,
        allowed=found.allowed,
        audited=terms.audits[-1],
        errors=int(pool.wrong.sum()),
        errors_accepted=found.cut.errors,
        cut=found.cut.size,
        unreviewed=found.cut.accepted,
        unlabeled=sum(record.is_unlabelable for record in records),
        chance=found.chance,
        accepted=found.accepted,
        reviewers=tuple(sorted(reviewers)),
        records=digest_of(records),
    )


def judge(pool: Pool, terms: Terms, examples: int) -> Judged:
    """Where the audits of a pool cut it, in a dataset of so many examples; labels of the audited ones are all that it needs."""
    budget = budget_of(terms.epsilon, examples)
    allowed, chance = _allowed(len(pool.records), budget, terms)
    cut = longest(pool.audited, pool.wrong, allowed)
    cut, accepted = _accepted(pool, cut, allowed, terms)
    return Judged(budget, allowed, chance, cut, accepted)


def digest_of(records: Sequence[Record]) -> str:
    """SHA-256 over all records, whatever their order."""
    total = hashlib.sha256()
    for record in sorted(records, key=lambda one: one.id):
        total.update(canonical(record.model_dump(mode="json")).encode() + b"\n")
    return total.hexdigest()


def _allowed(pool: int, budget: int, terms: Terms) -> tuple[int, float]:
    """The most audit errors at the last look, and the chance that this fails at worst."""
    if len(terms.audits) == 1:
        most = most_errors(pool, terms.audits[0], budget, terms.levels[0])
        wrong = budget + most + 1
        fails = most >= 0 and wrong <= pool
        return most, chance_of_at_most(most, pool, wrong, terms.audits[0]) if fails else 0.0
    each = looks(pool, budget, terms.audits, terms.levels)
    steps = [
        Step(drawn, budget + most + 1, most)
        for drawn, most in zip(terms.audits, each, strict=True)
        if most >= 0 and budget + most < pool
    ]
    return each[-1], missed(pool, steps)


def _accepted(pool: Pool, cut: Cut, allowed: int, terms: Terms) -> tuple[Cut, Accepted | None]:
    """The cut, shorter where delta asks for it, and what can be said of those accepted without review."""
    if allowed < 0 or not cut.size:
        return cut, None
    first = allowed // 3
    bounds = band(len(pool.records), terms.audits[-1], terms.alpha, first, allowed)
    if terms.delta is not None:
        within = longest_within(pool.audited, pool.wrong, bounds, first, terms.delta)
        cut = cut_at(min(cut.size, within.size), pool.audited, pool.wrong)
    wrong = int(left(np.array(cut.errors), np.array(cut.accepted), bounds, first))
    share = wrong / cut.accepted if cut.accepted else 0.0
    return cut, Accepted(wrong=wrong, share=share, first=first, last=allowed)


def _is_wrong(record: Record, schema: LabelSchema) -> bool:
    if record.is_unlabelable:
        return True
    if record.label is None:
        raise InputError(
            f"{record.id}: an audited example needs a person's label before there is a certificate"
        )
    draft: Any = record.draft
    return schema.distance(draft, record.label) > 0
