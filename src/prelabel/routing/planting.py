"""What checks show in place of their drafts: some a planted fault, and none a draft that would give the check away.

Gold whose draft met it is mostly gold whose draft is sure, and people are asked about unsure drafts. What is shown is therefore
as sure as an unsure draft of the run, with its probabilities of other classes. The stored draft stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from random import Random

from sqlalchemy import select as wide_select
from sqlmodel import Session, col

from prelabel.canonical import Json
from prelabel.kinds import Kind
from prelabel.models import Draft, Example, Placement, Run
from prelabel.routing import order
from prelabel.routing.policy import Policy
from prelabel.routing.slots import ToCheck
from prelabel.schemas.versions import Translator

Odds = Mapping[str, Mapping[str, float]]
"""Probabilities by field and class."""


@dataclass(frozen=True)
class Look:
    """How sure a draft seems: what people are shown beside its label, and the confidence by which it would lie in the queue."""

    confidence: float
    confidences: Mapping[str, float]
    alternatives: Odds


def looks(session: Session, unsure: Mapping[int, float]) -> list[Look]:
    """Those of drafts that people are asked about, given by id with the confidence by which they were routed."""
    rows = session.execute(
        wide_select(col(Draft.id), col(Draft.confidences), col(Draft.alternatives))
        .where(col(Draft.id).in_(unsure))
        .order_by(col(Draft.id))
    )
    return [Look(unsure[draft_id], confidences, alternatives) for draft_id, confidences, alternatives in rows]


def dress(
    session: Session, run: Run, checks: Sequence[ToCheck], policy: Policy, unsure: Sequence[Look]
) -> list[ToCheck]:
    """The checks with what they show: `seeded_share` of them, drawn at random, a wrong draft; the others what is right.

    One whose own draft is unsure keeps its look, the others are given one of `unsure`; where there is none they show nothing.
    A fault is planted only where the example has a plausible one.
    """
    into = Translator.of(session, run)
    given = cycle(unsure)
    found = {check.placement_id: check for check in checks}
    for placement_id, draft, example in _rows(session, list(found)):
        check = found[placement_id]
        own = Look(check.confidence or 0, draft.confidences, draft.alternatives)
        look = next(given, None) if check.blind else own
        right = into.fitting(example.gold, example.schema_version_id, example.content)
        if look is None or right is None:
            continue
        rng = Random(f"{run.id}/{example.id}")  # the same draw for the same example is all that is asked
        wrong = None
        if order.draw(run.id or 0, example.id or 0) // 1_000_003 % 1_000 < round(policy.seeded_share * 1_000):
            wrong = into.schema.mistaken(right, example.content, rng, _rivals(draft.alternatives))
        if wrong is None and not check.blind:
            continue  # its own draft is shown as it is
        label = wrong or right
        odds = {
            name: _odds(kind, label.get(name), right.get(name), draft.alternatives.get(name, {}), odds, rng)
            for name, kind in into.schema.fields.items()
            if (odds := look.alternatives.get(name))
        }
        shown: dict[str, Json] = {
            "label": label, "confidences": dict(look.confidences), "alternatives": odds,
            "schema_version_id": into.version_id, "wrong": wrong is not None,
        }  # fmt: skip
        found[placement_id] = replace(check, confidence=look.confidence, blind=False, shown=shown)
    return list(found.values())


def _rows(session: Session, placement_ids: Sequence[int]) -> list[tuple[int, Draft, Example]]:
    rows = session.execute(
        wide_select(col(Placement.id), Draft, Example)
        .join(Draft, col(Draft.id) == Placement.draft_id)
        .join(Example, col(Example.id) == Placement.example_id)
        .where(col(Placement.id).in_(placement_ids))
        .order_by(col(Placement.id))
    )
    return [(placement_id, draft, example) for placement_id, draft, example in rows]


def _rivals(alternatives: Odds) -> dict[str, list[str]]:
    """By field the classes that the drafter thought possible, the likeliest first; what is right is passed over later."""
    return {name: sorted(odds, key=lambda one: -odds[one]) for name, odds in alternatives.items()}


def _odds(
    kind: Kind,
    shown: Json,
    right: Json,
    own: Mapping[str, float],
    like: Mapping[str, float],
    rng: Random,
) -> dict[str, float]:
    """Probabilities as those of another draft, the highest for what is shown; what is right comes next, as it mostly does."""
    classes = kind.classes() or []
    names = [kind.class_of(shown), kind.class_of(right), *sorted(own, key=lambda one: -own[one])]
    names += rng.sample(classes, len(classes))
    unlike = [name for name in dict.fromkeys(names) if name is not None]
    return dict(zip(unlike, sorted(like.values(), reverse=True), strict=False))
