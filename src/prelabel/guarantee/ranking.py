"""What is decided before the audit sample is drawn: whom people settle first, how drafts are ranked, how many are audited. Pure.

Whatever is decided here the guarantee holds (docs/guarantee.md, theorem 5); decided well it accepts more.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from prelabel.measure.guarantee.hypergeometric import Floats, budget_of
from prelabel.measure.guarantee.planning import Plan, foreseen, plan, together
from prelabel.measure.guarantee.planning_distances import ASSUMED, plan_by_distance
from prelabel.measure.guarantee.slices import shared_out, slice_level
from prelabel.measure.guarantee.uncertainty import FEWEST, Known, Settled, Uncertainty, worst_first
from prelabel.routing.policy import Policy

PILOT = 25
"""Drafts drawn at random that people settle first, where too little is known."""
FIRST_SHARE = 50
"""With them go the least sure: one in so many of the pool, at least `FEWEST`, at most a quarter of it."""
ENOUGH = 200
"""Settled drafts of the same models from which an audit is planned without a pilot."""
BEYOND = 3.0
"""People settle the least sure before an audit is planned, down to where the rest is foreseen to hold so many budgets of wrong ones."""
MOST_AT_ONCE = 8
"""One in so many of all examples, at most, goes to people at once before the audit."""
FEWEST_AT_ONCE = 50
"""One in so many of all examples, at least: a round has to be worth the wait for its last answer."""
RESAMPLES = 6

Pairs = Sequence[tuple[float, bool]]


@dataclass(frozen=True)
class Ahead:
    """What is known before the draw: `uncertainty` and `known` of each draft of the pool, what people settled, all examples.

    `pairs` tell of each settled one how uncertain it was and whether it was wrong, `distances` how far the wrong ones were from
    right; `is_begun`: people were asked for some before. `audit_cost`: what people's time for an audit is to that for another review.
    `slices` names the slice of each draft of the pool, where there are any.
    """

    policy: Policy
    examples: int
    uncertainty: Floats
    known: Sequence[Known]
    settled: Sequence[Settled]
    pairs: Pairs
    is_begun: bool
    distances: Sequence[float] = ()
    audit_cost: float = 1.0
    slices: Sequence[str] = ()

    @property
    def budget(self) -> int:
        """The most wrong labels that there may be."""
        return budget_of(self.policy.epsilon or 0, self.examples)

    @property
    def weight(self) -> float:
        """How much of the budget a wrong draft takes: all of one, or by distances as much as the settled ones were on average."""
        if self.policy.loss == "wrong":
            return 1.0
        return float(np.mean(self.distances)) if len(self.distances) else ASSUMED


@dataclass(frozen=True)
class Ranked:
    """How the pool is ranked and how many are audited, of each slice where there are any; `note` says what it rests on."""

    by: Literal["confidence", "learned"]
    uncertainty: Floats
    audits: int
    planned: Plan | None
    note: str
    slices: dict[str, int] | None = None


def ask_first(ahead: Ahead, random: np.random.Generator) -> list[int]:
    """Positions of the drafts that people are to settle before the audit is drawn; none where it is time."""
    if ahead.policy.uncertainty == "learned":
        return _ask_to_learn(ahead, random)
    if ahead.policy.audits != "auto":
        return []
    return _ask_to_plan(ahead, random)


def rank(ahead: Ahead) -> Ranked:
    """The ranking and the size of the sample, from all that is known."""
    learned = Uncertainty(ahead.settled) if ahead.policy.uncertainty == "learned" else None
    if learned is not None and learned.is_learned:
        uncertainty = learned.of(ahead.known)
        chances, note = np.sort(uncertainty)[None], f"learned from {len(ahead.settled):,} settled drafts"
        return _sized(ahead, "learned", uncertainty, chances, note)
    ordered = np.sort(ahead.uncertainty)
    chances = foreseen(ordered.tolist(), ahead.pairs, RESAMPLES)
    note = (
        f"planned from {len(ahead.pairs):,} settled drafts of the same models"
        if ahead.pairs
        else "no draft of the same models is settled yet: confidence was taken at its word to plan with"
    )
    if learned is not None:
        note = f"too little is settled to learn uncertainty from, so confidence ranks the drafts; {note}"
    return _sized(ahead, "confidence", ahead.uncertainty, chances, note)


def _sized(
    ahead: Ahead, by: Literal["confidence", "learned"], uncertainty: Floats, chances: Floats, note: str
) -> Ranked:
    policy, size = ahead.policy, len(uncertainty)
    if policy.slices:
        order = np.argsort(uncertainty, kind="stable")
        slices, planned = _of_slices(ahead, np.array(ahead.slices)[order], chances)
        return Ranked(by, uncertainty, sum(slices.values()), planned, note, slices)
    if policy.audits != "auto":
        return Ranked(by, uncertainty, min(policy.audits, size), None, note)
    planned = planned_for(policy, chances, ahead.distances, policy.alpha, ahead.examples, ahead.audit_cost)
    return Ranked(by, uncertainty, max(1, planned.drawn), planned, note)


def planned_for(
    policy: Policy,
    chances: Floats,
    distances: Sequence[float],
    alpha: float,
    examples: int | None,
    audit_cost: float,
) -> Plan:
    """The plan with the least expected work, by what the policy counts: wrong labels, or distances."""
    if policy.loss == "distance":
        return plan_by_distance(chances, distances, policy.epsilon or 0, alpha, examples, audit_cost)
    return plan(chances, policy.epsilon or 0, alpha, examples, audit_cost)


def _of_slices(ahead: Ahead, names: Any, chances: Floats) -> tuple[dict[str, int], Plan | None]:
    """How many of each slice to audit; those that are not worth it go to people as a whole, and cost the others no alpha."""
    policy, sizes = ahead.policy, Counter(ahead.slices)
    if policy.audits != "auto":
        return shared_out(policy.audits, sizes), None

    def planned(among: Iterable[str]) -> dict[str, Plan]:
        which = list(among)
        level = slice_level(policy.alpha, max(1, len(which)))
        each = {
            name: planned_for(
                policy, chances[:, names == name], ahead.distances, level, None, ahead.audit_cost
            )
            for name in which
        }
        return {name: one for name, one in each.items() if one.drawn}

    found = planned(planned(sorted(sizes)))
    if not found:
        return {max(sorted(sizes), key=lambda name: sizes[name]): 1}, None
    return {name: one.drawn for name, one in found.items()}, together(
        list(found.values()), len(names) - sum(one.n for one in found.values())
    )


def _ask_to_learn(ahead: Ahead, random: np.random.Generator) -> list[int]:
    """As many as learning begins with; then the likeliest wrong, until what is left is about what can be accepted."""
    if not ahead.is_begun and len(ahead.settled) < FEWEST:
        # the sure half of a bad order says nothing: some are drawn at random
        sure = ahead.uncertainty + random.random(ahead.uncertainty.size) * 1e-9
        return _with_pilot(sure, worst_first(sure, ahead.budget, 0.1), random)
    learned = Uncertainty(ahead.settled)
    if not learned.is_learned:
        return []
    return worst_first(learned.of(ahead.known) * ahead.weight, ahead.budget, 0.15, fewest=_fewest(ahead))


def _ask_to_plan(ahead: Ahead, random: np.random.Generator) -> list[int]:
    """A pilot where nothing is known, then the least sure, which go to people in any case."""
    if not ahead.is_begun:
        if len(ahead.pairs) >= ENOUGH:
            return []
        sure = ahead.uncertainty + random.random(ahead.uncertainty.size) * 1e-9
        return _with_pilot(sure, list(np.argsort(-sure)[: _first(sure.size)]), random)
    order = np.lexsort((random.random(ahead.uncertainty.size), ahead.uncertainty))
    chances = foreseen(ahead.uncertainty[order].tolist(), ahead.pairs)[0] * ahead.weight
    keep = int(np.searchsorted(np.cumsum(chances), BEYOND * ahead.budget, side="right"))
    if keep == order.size:
        return []
    asked = max(_fewest(ahead), min(order.size - keep, ahead.examples // MOST_AT_ONCE))
    return [int(at) for at in order[-asked:]]


def _fewest(ahead: Ahead) -> int:
    return max(1, ahead.examples // FEWEST_AT_ONCE)


def _first(size: int) -> int:
    return min(max(FEWEST, size // FIRST_SHARE), size // 4)


def _with_pilot(sure: Any, worst: Sequence[int], random: np.random.Generator) -> list[int]:
    drawn = random.choice(sure.size, min(PILOT, sure.size // 4), replace=False)
    return sorted({*(int(at) for at in drawn), *(int(at) for at in worst)})
