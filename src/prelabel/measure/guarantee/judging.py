"""From records and terms to the cut: who is audited, what the audits found, and how far the order is accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from prelabel.errors import InputError
from prelabel.measure.guarantee.chain import Step, band, looks, missed
from prelabel.measure.guarantee.cut import Cut, Flags, cut_at, left, longest, longest_within
from prelabel.measure.guarantee.hypergeometric import (
    Floats,
    budget_of,
    chance_of_at_most,
    exact_budget,
    most_errors,
)
from prelabel.measure.guarantee.losses import credit, longest_by_loss
from prelabel.measure.guarantee.sample import in_audit_order, in_order
from prelabel.measure.guarantee.slices import slice_of
from prelabel.measure.guarantee.terms import Record, Terms
from prelabel.schema import LabelSchema


class Accepted(BaseModel):
    """At most `wrong` of the labels accepted without review are wrong, a share `share`; by itself with 1 - alpha.

    From the band of all prefixes for `first` to `last` audit errors, so it holds although the cut was chosen by the same sample.
    """

    model_config = ConfigDict(frozen=True)
    wrong: int
    share: float
    first: int
    last: int


@dataclass(frozen=True)
class Pool:
    """The drafts that a sample is drawn from, the surest first; all of them, or those of the slice `name`.

    `sample` holds the positions of the audited, in the order in which they were drawn.
    """

    name: str
    records: Sequence[Record]
    sample: Sequence[int]

    @property
    def audited(self) -> Flags:
        """Who is in the sample."""
        flags = np.zeros(len(self.records), bool)
        flags[list(self.sample)] = True
        return flags

    def losses(self, schema: LabelSchema) -> Floats:
        """How far the draft of each audited one is from its label, 0 for all others. InputError where one has no label yet."""
        found = np.zeros(len(self.records))
        for at in self.sample:
            found[at] = _distance(self.records[at], schema)
        return found


@dataclass(frozen=True)
class Judged:
    """Where the audits cut a pool, and what follows; the names are those of the certificate."""

    budget: int | float
    allowed: int | None
    credit: int | None
    chance: float
    cut: Cut
    losses: Floats
    accepted: Accepted | None


def audited_of(ids: Sequence[str], slices: Sequence[str], terms: Terms) -> list[int]:
    """Positions of those that the seed draws for the audit, of a pool whose drafts lie in these slices, if there are any."""
    order = in_audit_order(ids, terms.seed)
    if terms.slices is None:
        return order[: terms.audits[-1]]
    left, found = dict(terms.slices.audits), list[int]()
    for at in order:
        if left.get(slices[at], 0):
            left[slices[at]] -= 1
            found.append(at)
    return found


def pools(records: Sequence[Record], terms: Terms) -> list[Pool]:
    """The pool, or with slices one for each slice that is audited. InputError where an id stands twice or too few are in it."""
    if len({record.id for record in records}) < len(records):
        raise InputError("an id stands twice among the records: each example needs its own")
    found = [record for record in records if record.uncertainty is not None]
    if terms.slices is None:
        return [_pool("", found, terms)]
    schema, by = LabelSchema.model_validate(terms.label_schema), terms.slices.by
    members: dict[str, list[Record]] = {name: [] for name in terms.slices.audits}
    for record in found:
        members.get(slice_of(by, record.draft, record.meta, schema), []).append(record)
    return [_pool(name, inside, terms.of_slice(name)) for name, inside in members.items()]


def accepted_ids(pools: Sequence[Pool], sizes: Mapping[str, int]) -> set[str]:
    """Who is accepted without review where each pool is cut at its size: what lies before and is not audited."""
    return {
        record.id
        for pool in pools
        for record, audited in zip(pool.records[: sizes[pool.name]], pool.audited, strict=False)
        if not audited
    }


def judge(pool: Pool, terms: Terms, examples: int) -> Judged:
    """Where the audits of a pool cut it; labels of the audited ones are all that it needs.

    Epsilon is a share of so many examples, or of its own where it is a slice.
    """
    of, own = (len(pool.records) if terms.slices else examples), terms.of_slice(pool.name)
    losses = pool.losses(LabelSchema.model_validate(own.label_schema))
    if own.loss == "distance":
        return _by_distance(pool, own, losses, exact_budget(own.epsilon, of))
    wrong, audited = losses > 0, pool.audited
    budget = budget_of(own.epsilon, of)
    allowed, chance = _allowed(len(pool.records), budget, own)
    cut, accepted = _accepted(audited, wrong, longest(audited, wrong, allowed), allowed, own)
    return Judged(budget, allowed, None, chance, cut, losses, accepted)


def _pool(name: str, found: Sequence[Record], terms: Terms) -> Pool:
    ids = [record.id for record in found]
    drawn = in_audit_order(ids, terms.seed)[: terms.audits[-1]]
    if len(drawn) < terms.audits[-1]:
        where = f"the slice {name!r}" if name else "the pool"
        raise InputError(
            f"{terms.audits[-1]} audits were planned, but only {len(ids)} examples are in {where}"
        )
    order = in_order(ids, [record.uncertainty or 0.0 for record in found], terms.seed)
    places = {at: place for place, at in enumerate(order)}
    return Pool(name, [found[at] for at in order], [places[at] for at in drawn])


def _by_distance(pool: Pool, terms: Terms, losses: Floats, budget: float) -> Judged:
    n, drawn, audited = len(pool.records), len(pool.sample), pool.audited
    found = longest_by_loss(pool.sample, losses[list(pool.sample)], n, budget, terms.alpha)
    cut = cut_at(found.size, audited, losses > 0)
    return Judged(budget, None, credit(n, drawn, budget, terms.alpha), terms.alpha, cut, losses, None)


def _allowed(pool: int, budget: int, terms: Terms) -> tuple[int, float]:
    """The most audit errors at the last look, and the chance that this or a look before fails at worst."""
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


def _accepted(
    audited: Flags, wrong: Flags, cut: Cut, allowed: int, terms: Terms
) -> tuple[Cut, Accepted | None]:
    """The cut, shorter where delta asks for it, and what can be said of those accepted without review.

    Of several looks each has as much of alpha for that as it may use up itself: any may be the last.
    """
    if allowed < 0 or not cut.size:
        return cut, None
    first = allowed // 3
    level = terms.levels[-1] - (terms.levels[-2] if len(terms.levels) > 1 else 0.0)
    bounds = band(len(audited), terms.audits[-1], level, first, allowed)
    if terms.delta is not None:
        within = longest_within(audited, wrong, bounds, first, terms.delta)
        cut = cut_at(min(cut.size, within.size), audited, wrong)
    wrong_left = int(left(np.array(cut.errors), np.array(cut.accepted), bounds, first))
    share = wrong_left / cut.accepted if cut.accepted else 0.0
    return cut, Accepted(wrong=wrong_left, share=share, first=first, last=allowed)


def _distance(record: Record, schema: LabelSchema) -> float:
    if record.is_unlabelable:
        return 1.0
    if record.label is None:
        raise InputError(
            f"{record.id}: an audited example needs a person's label before there is a certificate"
        )
    draft: Any = record.draft
    return schema.distance(draft, record.label)
